//! `POST /v1/requests/{id}/withdraw`, `…/revoke` and `…/abandon`: the client ends what it requested, and a
//! security client revokes any access, and abandons removals that do not work. Sending any of them again
//! answers the same.

mod body;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use jiff::Timestamp;
use shell::answer::{Problem, json_answer};
use snowgate_core::body::{FieldError, FieldErrorCode};
use snowgate_core::id::ClientId;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::prose::Reason;
use snowgate_core::record::{Event, RequestRecord, RevokedBy};
use tracing::{info, warn};
use workflow::change::{Changed, Next, NotChanged, change};
use workflow::wake;

use self::body::RevocationBody;
use crate::answer::EndedAnswer;
use crate::{Intake, IntakePorts, unavailable};

/// What the client asks for.
enum Ending {
    /// Before anything is changed.
    Withdraw(Option<Reason>),
    /// While the access is active.
    Revoke(RevocationBody),
    /// While its removal is parked.
    Abandon(Reason),
}

/// In which role the client calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ClientRole {
    /// The request is its own.
    Requesting,
    /// A security client: it revokes any access, abandons removals, and reads nothing.
    Security,
}

/// Why nothing is written.
enum Unchanged {
    /// It has been ended so before.
    EndedBefore,
    /// It cannot be ended so.
    Refused(Problem),
    /// Something of it may be in IAM, whatever its record says: the provisioner looks, and ends it.
    PutBack,
}

impl Ending {
    /// What follows from where the request stands.
    fn next(&self, record: &RequestRecord, client: ClientRole) -> Next<Unchanged> {
        let by = match self.role(record, client) {
            Ok(by) => by,
            Err(problem) => return Next::Done(Unchanged::Refused(problem)),
        };
        let why = match (self, record.state()) {
            (Self::Withdraw(_), _) if record.was_put_back() => {
                return Next::Done(Unchanged::PutBack);
            }
            (Self::Withdraw(reason), State::Received | State::Pending | State::Approved) => {
                let reason = reason.clone();
                return Event::Withdrawn { reason }.into();
            }
            (Self::Revoke(body), State::Active) if record.revocation().is_none() => {
                let reason = body.reason.clone();
                return Event::RevocationRequested {
                    by,
                    reason,
                    signature: None,
                }
                .into();
            }
            (Self::Abandon(reason), State::Revoking) if record.is_parked() => {
                let reason = reason.clone();
                return Event::Abandoned { reason }.into();
            }
            (Self::Withdraw(_), State::Withdrawn)
            | (Self::Revoke(_), State::Active | State::Revoking | State::Revoked)
            | (Self::Abandon(_), State::Abandoned) => {
                return Next::Done(Unchanged::EndedBefore);
            }
            (Self::Abandon(_), State::Revoking) => {
                "The removal is not parked: it is tried every few minutes. It can be abandoned once it \
                 has not worked for a day."
            }
            (Self::Abandon(_), State::Active) => {
                "The removal of the access has not begun. `revoke` begins it."
            }
            (Self::Abandon(_), State::Received | State::Pending | State::Approved) => {
                "No access is granted yet, so there is no removal to abandon."
            }
            (Self::Abandon(_), State::Provisioning) => {
                "The access is being set up now, or what was done of it is being undone. Only the removal of \
                 access that was granted can be abandoned."
            }
            (Self::Withdraw(_), State::Provisioning | State::Active | State::Revoking) => {
                "The access is being set up already. Revoke it once it is `Active`."
            }
            (Self::Revoke(_), State::Received | State::Pending | State::Approved) => {
                "No access is granted yet. Withdraw the request instead."
            }
            (Self::Revoke(_), State::Provisioning) => {
                "The access is being set up now. Revoke it once it is `Active`."
            }
            _ => "The request has already ended.",
        };
        Next::Done(Unchanged::Refused(conflict(record, why)))
    }

    /// In which role access is ended: that of the person on whose behalf, who must be the requester
    /// or the beneficiary, else that of the client.
    fn role(&self, record: &RequestRecord, client: ClientRole) -> Result<RevokedBy, Problem> {
        let person = match self {
            Self::Revoke(body) => body.on_behalf_of.as_ref(),
            Self::Withdraw(_) | Self::Abandon(_) => None,
        };
        let owner = record.owner();
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

impl<P: IntakePorts> Intake<P> {
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

    pub(crate) async fn abandon(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let ending = Ending::Abandon(body::abandonment(event)?);
        self.end(event, client, &ending, now).await
    }

    async fn end(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
        ending: &Ending,
        now: Timestamp,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let (record, caller) = self.find_endable(event, client, ending).await?;
        let actor = Actor::Client {
            client: client.clone(),
        };
        let next = |record: &RequestRecord| ending.next(record, caller);
        match change(&self.requests, record, &actor, now, next).await {
            Ok(Changed::Written(record)) => {
                info!(request_id = %record.id(), client = %client, state = %record.state(), "ended by a client");
                wake::everybody(&self.queues, &record, now).await;
                self.ended(&record, caller).await
            }
            Ok(Changed::Left(record, Unchanged::EndedBefore)) => self.ended(&record, caller).await,
            Ok(Changed::Left(_, Unchanged::Refused(problem))) => Err(problem),
            Ok(Changed::Left(record, Unchanged::PutBack)) => {
                warn!(request_id = %record.id(), "its trail does not bear out that nothing was begun");
                wake::everybody(&self.queues, &record, now).await;
                Err(Problem::unavailable())
            }
            Err(failure) => Err(unwritten(&failure)),
        }
    }

    /// The request, if this client may end it so: its own, or, for a security client that revokes or
    /// abandons, any. For everybody else it does not exist. Only security clients abandon.
    async fn find_endable(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
        ending: &Ending,
    ) -> Result<(RequestRecord, ClientRole), Problem> {
        let is_abandoned = matches!(ending, Ending::Abandon(_));
        let is_security =
            !matches!(ending, Ending::Withdraw(_)) && self.guardrails.is_security(client);
        let record = self
            .find_visible(event, |record| is_security || record.client() == client)
            .await?;
        if is_abandoned && !is_security {
            return Err(Problem::new(403, "Forbidden")
                .detail("Only the security team's clients abandon a removal.")
                .request(record.id().clone()));
        }
        let role = match record.client() == client {
            true => ClientRole::Requesting,
            false => ClientRole::Security,
        };
        Ok((record, role))
    }

    /// The answer: the request for its client, and no more than its state for others, or where its
    /// audit trail is broken.
    async fn ended(
        &self,
        record: &RequestRecord,
        caller: ClientRole,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        match caller {
            ClientRole::Requesting if record.trail_fault().is_none() => self.answer(record).await,
            ClientRole::Requesting | ClientRole::Security => {
                let answer = EndedAnswer {
                    request_id: record.id(),
                    state: record.state(),
                };
                Ok(json_answer(200, &answer))
            }
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

fn unwritten(failure: &NotChanged) -> Problem {
    if let NotChanged::Call(call) = failure {
        return unavailable(call);
    }
    let error = shell::log::chain(failure);
    warn!(error, "an ending could not be written down");
    Problem::unavailable()
}
