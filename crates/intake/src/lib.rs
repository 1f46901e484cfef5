//! The service API: takes requests in and says where they stand.
//!
//! Only pure checks happen here. ServiceNow is on the line while we answer, so it is never
//! called back, and neither is IAM: one transaction, one message, 202.

mod end;
mod preview;
mod submit;
mod view;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use jiff::Timestamp;
use ports::ledger::Ledger;
use ports::queue::{OutcomesQueue, RequestsQueue, WorkQueue};
use shell::answer::Problem;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::ClientId;

/// The intake with what it needs.
pub struct Intake<L, Q> {
    /// Where requests are held.
    pub ledger: L,
    /// The queues that wake the dispatcher, and, when the client ends something, provisioner and
    /// reporter.
    pub queue: Q,
    /// What may be asked for.
    pub guardrails: Guardrails,
}

impl<L: Ledger, Q: RequestsQueue + WorkQueue + OutcomesQueue> Intake<L, Q> {
    /// Answers one call.
    pub async fn handle(
        &self,
        event: &ApiGatewayProxyRequest,
        now: Timestamp,
    ) -> ApiGatewayProxyResponse {
        let Some(client) = client(event) else {
            return Problem::new(403, "Forbidden").answer();
        };
        let answer = match (event.http_method.as_str(), event.resource.as_deref()) {
            ("POST", Some("/v1/requests")) => self.submit(event, client, now).await,
            ("GET", Some("/v1/requests")) => self.list(event, &client).await,
            ("GET", Some("/v1/requests/{id}")) => self.show(event, &client).await,
            ("POST", Some("/v1/requests/{id}/withdraw")) => {
                self.withdraw(event, &client, now).await
            }
            ("POST", Some("/v1/requests/{id}/revoke")) => self.revoke(event, &client, now).await,
            _ => Err(Problem::new(404, "Not found")),
        };
        answer.unwrap_or_else(Problem::answer)
    }
}

/// The client that the authorizer let in (`requestContext.authorizer.client`).
fn client(event: &ApiGatewayProxyRequest) -> Option<ClientId> {
    event
        .request_context
        .authorizer
        .fields
        .get("client")?
        .as_str()?
        .parse()
        .ok()
}

/// Logs why the ledger did not answer, and says that it may be tried again.
fn unavailable(error: &ports::CallError) -> Problem {
    tracing::error!(
        error = shell::log::chain(error),
        "the ledger did not answer"
    );
    Problem::unavailable()
}
