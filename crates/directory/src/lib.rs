//! The users that Snowgate made, for clients of the service API that may see them.
//!
//! It reads, and can do nothing else: its ports have no call that changes anything. The list comes from the
//! ledger alone; one user is read from IAM, too, through the read role of its account.

mod answer;
mod cursor;
mod list;
mod look;
mod pace;
mod routes;
mod show;

use std::sync::Mutex;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use jiff::Timestamp;
use ports::described_users::DescribedUsers;
use ports::user_records::UserRecords;
use shell::answer::{Problem, answered};
use shell::request::{Received, client};
use snowgate_core::guardrails::Guardrails;

use crate::look::Looks;
use crate::pace::Pace;
use crate::routes::Operation;

/// What the directory may use, and nothing else.
pub trait DirectoryPorts {
    /// The users that Snowgate made, as the ledger has them.
    type Records: UserRecords;
    /// Users as IAM has them.
    type Users: DescribedUsers;
}

/// The directory with what it needs.
pub struct UserDirectory<P: DirectoryPorts> {
    records: P::Records,
    users: P::Users,
    guardrails: Guardrails,
    looks: Mutex<Looks>,
    pace: Mutex<Pace>,
}

impl<P: DirectoryPorts> UserDirectory<P> {
    /// The directory with these ports; the guardrails say which client sees which accounts.
    #[must_use]
    pub fn new(records: P::Records, users: P::Users, guardrails: Guardrails) -> Self {
        Self {
            records,
            users,
            guardrails,
            looks: Mutex::default(),
            pace: Mutex::default(),
        }
    }

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
            Ok((Operation::List, client)) => self.list(event, &client, now).await,
            Ok((Operation::Show, client)) => self.show(event, &client, now).await,
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

/// The value of a parameter; none where it is not there.
///
/// # Errors
/// 400 where it is there twice, or with a parameter that is none of these.
fn parameter<'e>(
    event: &'e ApiGatewayProxyRequest,
    name: &str,
    known: &[&str],
) -> Result<Option<&'e str>, Problem> {
    let query = &event.query_string_parameters;
    // Of one that stands twice this has the last, and the other all.
    let all = &event.multi_value_query_string_parameters;
    let mut named = query.iter().chain(all.iter());
    let is_known = named.all(|(name, _)| known.contains(&name));
    let is_once = all.all(name).is_none_or(|values| values.len() == 1);
    if !is_known || !is_once {
        let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
        let detail = format!("The parameters are {}, each once.", known.join(" and "));
        return Err(Problem::new(400, "Bad request").detail(detail));
    }
    Ok(query.first(name))
}
