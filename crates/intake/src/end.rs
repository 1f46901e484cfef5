//! `POST /v1/requests/{id}/withdraw` and `POST /v1/requests/{id}/revoke`: the client ends what it
//! requested, and a security client revokes any access. Sending either again answers the same.

mod body;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use jiff::Timestamp;
use ports::ledger::{CommitError, Ledger};
use ports::queue::{OutcomesQueue, RequestsQueue, WakeUp, WorkQueue};
use shell::answer::{Problem, json_answer};
use snowgate_core::body::{FieldError, FieldErrorCode};
use snowgate_core::id::ClientId;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::prose::Reason;
use snowgate_core::record::{ChangeError, Event, RequestRecord, RevokedBy};
use tracing::{info, warn};

use self::body::RevocationBody;
use crate::answer::EndedAnswer;
use crate::{Intake, unavailable};

/// How often an ending is tried again when something else changed the request first.
const TRIES: usize = 6;

/// What the client asks for.
enum Ending {
    /// Before anything is changed.
    Withdraw(Option<Reason>),
    /// While the access is active.
    Revoke(RevocationBody),
}

/// In which role the client calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ClientRole {
    /// The request is its own.
    Requesting,
    /// A security client: it revokes any access, and reads nothing.
    Security,
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
    fn next(&self, record: &RequestRecord, role: RevokedBy) -> Next {
        match (self, record.state()) {
            (Self::Withdraw(reason), State::Received | State::Pending | State::Approved) => {
                let reason = reason.clone();
                Next::Apply(Box::new(Event::Withdrawn { reason }))
            }
            (Self::Withdraw(_), State::Withdrawn) => Next::Done,
            (Self::Withdraw(_), State::Provisioning | State::Active | State::Revoking) => {
                Next::Conflict("It is being carried out already; revoke it once it is `Active`.")
            }
            (Self::Revoke(body), State::Active) if record.revocation().is_none() => {
                let (by, reason) = (role, body.reason.clone());
                Next::Apply(Box::new(Event::RevocationRequested {
                    by,
                    reason,
                    signature: None,
                }))
            }
            (Self::Revoke(..), State::Active | State::Revoking | State::Revoked) => Next::Done,
            (Self::Revoke(..), State::Received | State::Pending | State::Approved) => {
                Next::Conflict("Nothing was granted yet; withdraw it instead.")
            }
            (Self::Revoke(..), State::Provisioning) => {
                Next::Conflict("It is being carried out now; revoke it once it is `Active`.")
            }
            _ => Next::Conflict("The request has ended in another way."),
        }
    }

    /// In which role access is ended: that of the person on whose behalf, who must be the requester
    /// or the beneficiary, else that of the client.
    fn role(&self, record: &RequestRecord, client: ClientRole) -> Result<RevokedBy, Problem> {
        let person = match self {
            Self::Revoke(body) => body.on_behalf_of.as_ref(),
            Self::Withdraw(_) => None,
        };
        let asked = record.round();
        let owner = asked.and_then(|asked| asked.binding.principal.owner.as_ref());
        match (client, person) {
            (ClientRole::Requesting, None) => Ok(RevokedBy::Client),
            (ClientRole::Requesting, Some(person)) if *person == record.request().requested_by => {
                Ok(RevokedBy::Requester)
            }
            (ClientRole::Requesting, Some(person)) if Some(person) == owner => {
                Ok(RevokedBy::Beneficiary)
            }
            (ClientRole::Security, None) => Ok(RevokedBy::Security),
            (ClientRole::Requesting | ClientRole::Security, Some(_)) => Err(not_theirs()),
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
        let ending = Ending::Withdraw(body::withdrawal(event)?);
        self.end(event, client, &ending, now).await
    }

    pub(crate) async fn revoke(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let ending = Ending::Revoke(body::revocation(event)?);
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
            let (record, caller) = self.find_endable(event, client, ending).await?;
            let role = ending.role(&record, caller)?;
            let step = match ending.next(&record, role) {
                Next::Apply(step) => *step,
                Next::Done => return self.ended(&record, caller).await,
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
                    info!(request_id = %record.id(), client = %client, state = %change.record.state(), "ended by a client");
                    self.wake_next(&change.record).await;
                    return self.ended(&change.record, caller).await;
                }
                // Whoever was first counts; where it stands now decides.
                Err(CommitError::Conflict) => {}
                Err(CommitError::Call(call)) => return Err(unavailable(&call)),
            }
        }
        Err(Problem::unavailable())
    }

    /// The request, if this client may end it so: its own, or, for a security client that revokes,
    /// any. For everybody else it does not exist.
    async fn find_endable(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
        ending: &Ending,
    ) -> Result<(RequestRecord, ClientRole), Problem> {
        let is_security =
            matches!(ending, Ending::Revoke(..)) && self.guardrails.is_security(client);
        let record = self
            .find_visible(event, |record| is_security || *record.client() == *client)
            .await?;
        let role = match *record.client() == *client {
            true => ClientRole::Requesting,
            false => ClientRole::Security,
        };
        Ok((record, role))
    }

    /// The answer: the request for its client, and no more than its state for others.
    async fn ended(
        &self,
        record: &RequestRecord,
        caller: ClientRole,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        match caller {
            ClientRole::Requesting => self.answer(record).await,
            ClientRole::Security => {
                let answer = EndedAnswer {
                    request_id: record.id(),
                    state: record.state(),
                };
                Ok(json_answer(200, &answer))
            }
        }
    }

    /// Wakes whoever is next. Where that fails, the sweeper does it.
    async fn wake_next(&self, record: &RequestRecord) {
        let wake = WakeUp::first(record);
        let sent = match record.state() {
            State::Active => {
                let principal = record.principal_key();
                self.queue.wake_provisioner(&wake, &principal).await
            }
            _ if record.asks_reporter(record.since()) => self.queue.wake_reporter(&wake).await,
            _ => Ok(()),
        };
        if let Err(failure) = sent {
            let error = shell::log::chain(&failure);
            warn!(request_id = %record.id(), error, "ended, but the next step could not be woken");
        }
    }
}

fn conflict(record: &RequestRecord, why: &'static str) -> Problem {
    Problem::new(409, "Not in this state")
        .detail(why)
        .request(record.id().clone())
        .state(record.state())
}

/// The person is neither the requester nor the beneficiary.
fn not_theirs() -> Problem {
    let error = FieldError {
        pointer: "/by/sys_id".to_owned(),
        code: FieldErrorCode::Value,
        detail: "is neither the requester nor the person whom the access is for".to_owned(),
    };
    Problem::new(422, "Not theirs to end")
        .detail("Nothing was changed.")
        .errors(vec![error])
}

fn unwritable(failure: &ChangeError) -> Problem {
    warn!(
        error = shell::log::chain(failure),
        "an ending could not be written down"
    );
    Problem::unavailable()
}
