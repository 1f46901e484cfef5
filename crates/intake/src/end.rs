//! `POST /v1/requests/{id}/withdraw` and `POST /v1/requests/{id}/revoke`: the client ends what it
//! asked for. Sending either again answers the same.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use jiff::Timestamp;
use ports::ledger::{CommitError, Ledger};
use ports::queue::{OutcomesQueue, RequestsQueue, WakeUp, WorkQueue};
use serde_json::Value;
use shell::answer::Problem;
use shell::request::{body, is_media_type};
use snowgate_core::id::ClientId;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::prose::Reason;
use snowgate_core::record::{ChangeError, Event, RequestRecord, RevokedBy};
use snowgate_core::request::{Problem as Wrong, ProblemCode};
use snowgate_core::strict_json;
use tracing::{info, warn};

use crate::{Intake, unavailable};

/// How often an ending is tried again when something else changed the request first.
const TRIES: usize = 6;

/// What the client asks for.
enum Ending {
    /// Before anything is changed.
    Withdraw,
    /// While the access is there.
    Revoke(Option<Reason>),
}

/// What follows from where the request stands.
enum Next {
    /// It is ended.
    Apply(Box<Event>),
    /// It has been ended so before.
    Done,
    /// It cannot be ended so, and why.
    Conflict(&'static str),
}

impl Ending {
    fn next(&self, record: &RequestRecord) -> Next {
        match (self, record.state) {
            (Self::Withdraw, State::Received | State::Pending | State::Approved) => {
                Next::Apply(Box::new(Event::Withdrawn))
            }
            (Self::Withdraw, State::Withdrawn) => Next::Done,
            (Self::Withdraw, State::Provisioning | State::Active | State::Revoking) => {
                Next::Conflict("It is being carried out already; revoke it once it is `Active`.")
            }
            (Self::Revoke(reason), State::Active) if record.revocation.is_none() => {
                let (by, reason) = (RevokedBy::Client, reason.clone());
                Next::Apply(Box::new(Event::RevocationAsked { by, reason }))
            }
            (Self::Revoke(_), State::Active | State::Revoking | State::Revoked) => Next::Done,
            (Self::Revoke(_), State::Received | State::Pending | State::Approved) => {
                Next::Conflict("Nothing was granted yet; withdraw it instead.")
            }
            (Self::Revoke(_), State::Provisioning) => {
                Next::Conflict("It is being carried out now; revoke it once it is `Active`.")
            }
            _ => Next::Conflict("The request has ended in another way."),
        }
    }
}

impl<L: Ledger, Q: RequestsQueue + WorkQueue + OutcomesQueue> Intake<L, Q> {
    pub(crate) async fn withdraw(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        reason(event, false)?;
        self.end(event, client, &Ending::Withdraw, now).await
    }

    pub(crate) async fn revoke(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let ending = Ending::Revoke(reason(event, true)?);
        self.end(event, client, &ending, now).await
    }

    async fn end(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
        ending: &Ending,
        now: Timestamp,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        for _ in 0..TRIES {
            let record = self.own(event, client).await?;
            let step = match ending.next(&record) {
                Next::Apply(step) => *step,
                Next::Done => return self.answer(&record).await,
                Next::Conflict(why) => return Err(conflict(&record, why)),
            };
            let actor = Actor::Client {
                client: client.clone(),
            };
            let change = match record.apply(step, actor, now) {
                Ok(change) => change,
                Err(failure) => return Err(unwritable(&failure)),
            };
            match self.ledger.commit(&change.clone().into()).await {
                Ok(()) => {
                    info!(request_id = %record.id, state = %change.record.state, "ended by its client");
                    self.wake_next(&change.record).await;
                    return self.answer(&change.record).await;
                }
                // Whoever was first counts; where it stands now decides.
                Err(CommitError::Conflict) => {}
                Err(CommitError::Call(call)) => return Err(unavailable(&call)),
            }
        }
        Err(Problem::unavailable())
    }

    /// Wakes whoever is next. Where that fails, the sweeper does it.
    async fn wake_next(&self, record: &RequestRecord) {
        let wake = WakeUp::first(record);
        let sent = match record.state {
            State::Active => {
                let target = &record.request.target;
                self.queue.wake_provisioner(&wake, target).await
            }
            _ if record.asks_reporter(record.since) => self.queue.wake_reporter(&wake).await,
            _ => Ok(()),
        };
        if let Err(failure) = sent {
            let error = shell::log::chain(&failure);
            warn!(request_id = %record.id, error, "ended, but the next step could not be woken");
        }
    }
}

fn conflict(record: &RequestRecord, why: &'static str) -> Problem {
    Problem::new(409, "Not in this state")
        .detail(why)
        .with("request_id", &record.id)
        .with("state", record.state)
}

fn unwritable(failure: &ChangeError) -> Problem {
    warn!(
        error = shell::log::chain(failure),
        "an ending could not be written down"
    );
    Problem::unavailable()
}

/// The reason in the body, where there is one: no body, `{}`, or, where a reason may be given,
/// `{"reason": "…"}`.
fn reason(event: &ApiGatewayProxyRequest, allowed: bool) -> Result<Option<Reason>, Problem> {
    let bytes =
        body(event).map_err(|error| Problem::new(400, "Bad request").detail(error.to_string()))?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if !is_media_type(event, "application/json") {
        return Err(
            Problem::new(415, "Unsupported media type").detail("The body is `application/json`.")
        );
    }
    let value = strict_json::parse(&bytes).map_err(|error| {
        let detail = format!("not acceptable JSON: {error}");
        bad("", ProblemCode::Malformed, detail)
    })?;
    let Value::Object(members) = value else {
        return Err(bad("", ProblemCode::Type, "must be an object"));
    };
    let known = |name: &str| allowed && name == "reason";
    if let Some(name) = members.keys().find(|name| !known(name)) {
        let place = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        return Err(bad(&place, ProblemCode::Unknown, "not a member here"));
    }
    match members.get("reason") {
        None => Ok(None),
        Some(Value::String(text)) => match text.parse() {
            Ok(reason) => Ok(Some(reason)),
            Err(error) => {
                let error: snowgate_core::prose::ProseError = error;
                Err(bad("/reason", ProblemCode::Value, error.to_string()))
            }
        },
        Some(_) => Err(bad("/reason", ProblemCode::Type, "must be a string")),
    }
}

fn bad(pointer: &str, code: ProblemCode, detail: impl Into<String>) -> Problem {
    let wrong = Wrong {
        pointer: pointer.to_owned(),
        code,
        detail: detail.into(),
    };
    Problem::new(400, "Bad request")
        .detail("Each problem names its place.")
        .with("errors", [wrong])
}
