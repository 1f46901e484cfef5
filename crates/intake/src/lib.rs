//! The service API: accepts requests and says where they stand.
//!
//! Only pure checks happen here. ServiceNow is on the line while we answer, so it is never
//! called back, and neither is IAM: one transaction, one message, 202.

mod answer;
mod body;
mod describe;
mod end;
mod extend;
mod routes;
mod submit;
mod view;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use jiff::Timestamp;
use ports::ledger::{RequestIndex, Requests};
use ports::queue::{OutcomesQueue, RequestsQueue, WorkQueue};
use shell::answer::{Problem, answered};
use shell::request::{Received, client};
use snowgate_core::guardrails::Guardrails;

use crate::routes::Operation;

/// What the intake may use, and nothing else.
pub trait IntakePorts {
    /// Where requests are held.
    type Requests: Requests;
    /// The requests of a ServiceNow record.
    type Index: RequestIndex;
    /// The queues that wake the dispatcher, and, when the client ends something, provisioner and
    /// reporter.
    type Queues: RequestsQueue + WorkQueue + OutcomesQueue;
}

/// The intake with what it needs.
pub struct Intake<P: IntakePorts> {
    /// Where requests are held.
    pub requests: P::Requests,
    /// The requests of a ServiceNow record.
    pub index: P::Index,
    /// The queues that wake the dispatcher, and, when the client ends something, provisioner and
    /// reporter.
    pub queues: P::Queues,
    /// What may be asked for.
    pub guardrails: Guardrails,
}

impl<P: IntakePorts> Intake<P> {
    /// Answers what API Gateway handed over.
    pub async fn receive(&self, received: &Received, now: Timestamp) -> ApiGatewayProxyResponse {
        match received {
            Received::Call(event) => self.handle(event, now).await,
            Received::Malformed => Problem::malformed().answer(),
        }
    }

    /// Answers one call.
    pub async fn handle(
        &self,
        event: &ApiGatewayProxyRequest,
        now: Timestamp,
    ) -> ApiGatewayProxyResponse {
        let method = event.http_method.as_str();
        let operation = routes::operation(event.resource.as_deref(), method);
        let caller = client(event).ok_or_else(|| Problem::new(403, "Forbidden"));
        let answer = match operation.and_then(|operation| Ok((operation, caller?))) {
            Ok((Operation::Submit, client)) => self.submit(event, client, now).await,
            Ok((Operation::List, client)) => self.list(event, &client).await,
            Ok((Operation::Show, client)) => self.show(event, &client).await,
            Ok((Operation::Withdraw, client)) => self.withdraw(event, &client, now).await,
            Ok((Operation::Revoke, client)) => self.revoke(event, &client, now).await,
            Ok((Operation::Abandon, client)) => self.abandon(event, &client, now).await,
            Ok((Operation::Extend, client)) => self.extend(event, client, now).await,
            Ok((Operation::Describe, _)) => Ok(describe::answer()),
            Err(problem) => Err(problem),
        };
        answered(method, answer)
    }
}

/// Logs why the ledger did not answer, and says that it may be tried again.
fn unavailable(error: &ports::CallError) -> Problem {
    tracing::error!(
        error = shell::log::chain(error),
        "the ledger did not answer"
    );
    Problem::unavailable()
}
