//! `POST /v1/requests/{id}/withdraw` and `POST /v1/requests/{id}/revoke`: the client ends what it
//! asked for, and those who watch over all access end any of it. Sending either again answers the
//! same.

mod words;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use jiff::Timestamp;
use serde_json::json;
use shell::answer::{Problem, json_answer};
use snowgate_core::id::{ClientId, SysId};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::prose::Reason;
use snowgate_core::record::{Event, RequestRecord, RevokedBy};
use tracing::{info, warn};
use workflow::change::{Changed, Next, NotChanged, change};
use workflow::wake;

use crate::{Intake, Ports, unavailable};

/// What the client asks for.
enum Ending {
    /// Before anything is changed.
    Withdraw(Option<Reason>),
    /// While the access is there; on somebody's wish, where the client says so.
    Revoke(Option<Reason>, Option<SysId>),
}

/// With what right the client names the request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Right {
    /// It asked for it.
    Own,
    /// It watches over all access: it ends, and reads nothing.
    Security,
}

/// Why nothing is written.
enum Unchanged {
    /// It has been ended so before.
    EndedBefore,
    /// It cannot be ended so.
    Refused(Problem),
}

impl Ending {
    /// What follows from where the request stands.
    fn next(&self, record: &RequestRecord, right: Right) -> Next<Unchanged> {
        let by = match self.role(record, right) {
            Ok(by) => by,
            Err(problem) => return Next::Done(Unchanged::Refused(problem)),
        };
        let why = match (self, record.state) {
            (Self::Withdraw(reason), State::Received | State::Pending | State::Approved) => {
                let reason = reason.clone();
                return Event::Withdrawn { reason }.into();
            }
            (Self::Revoke(reason, _), State::Active) if record.revocation.is_none() => {
                let reason = reason.clone();
                return Event::RevocationRequested { by, reason }.into();
            }
            (Self::Withdraw(_), State::Withdrawn)
            | (Self::Revoke(..), State::Active | State::Revoking | State::Revoked) => {
                return Next::Done(Unchanged::EndedBefore);
            }
            (Self::Withdraw(_), State::Provisioning | State::Active | State::Revoking) => {
                "It is being carried out already; revoke it once it is `Active`."
            }
            (Self::Revoke(..), State::Received | State::Pending | State::Approved) => {
                "Nothing was granted yet; withdraw it instead."
            }
            (Self::Revoke(..), State::Provisioning) => {
                "It is being carried out now; revoke it once it is `Active`."
            }
            _ => "The request has ended in another way.",
        };
        Next::Done(Unchanged::Refused(conflict(record, why)))
    }

    /// In which role access is ended: that of the person whose wish it is, who must be the one who
    /// asked or the one whom the access is for.
    fn role(&self, record: &RequestRecord, right: Right) -> Result<RevokedBy, Problem> {
        let wish = match self {
            Self::Revoke(_, wish) => wish.as_ref(),
            Self::Withdraw(_) => None,
        };
        let asked = record.asked.as_ref();
        let owner = asked.and_then(|asked| asked.binding.principal.owner.as_ref());
        match (right, wish) {
            (Right::Own, None) => Ok(RevokedBy::Client),
            (Right::Own, Some(wish)) if *wish == record.request.requested_by => {
                Ok(RevokedBy::Requester)
            }
            (Right::Own, Some(wish)) if Some(wish) == owner => Ok(RevokedBy::Beneficiary),
            (Right::Security, None) => Ok(RevokedBy::Security),
            (Right::Own | Right::Security, Some(_)) => Err(words::not_theirs()),
        }
    }
}

impl<P: Ports> Intake<P> {
    pub(crate) async fn withdraw(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let (reason, _) = words::read(event, &["reason"])?;
        self.end(event, client, &Ending::Withdraw(reason), now)
            .await
    }

    pub(crate) async fn revoke(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let (reason, wish) = words::read(event, &["reason", "by"])?;
        self.end(event, client, &Ending::Revoke(reason, wish), now)
            .await
    }

    async fn end(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
        ending: &Ending,
        now: Timestamp,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        let (record, right) = self.endable(event, client, ending).await?;
        let actor = Actor::Client {
            client: client.clone(),
        };
        let next = |record: &RequestRecord| ending.next(record, right);
        match change(&self.requests, record, &actor, now, next).await {
            Ok(Changed::Written(record)) => {
                info!(request_id = %record.id, client = %client, state = %record.state, "ended by a client");
                wake::everybody(&self.queues, &record, now).await;
                self.ended(&record, right).await
            }
            Ok(Changed::Left(record, Unchanged::EndedBefore)) => self.ended(&record, right).await,
            Ok(Changed::Left(_, Unchanged::Refused(problem))) => Err(problem),
            Err(failure) => Err(unwritten(&failure)),
        }
    }

    /// The request, if this client may end it so: its own, or any access that is to be revoked, for
    /// those who watch over all. For everybody else it does not exist.
    async fn endable(
        &self,
        event: &ApiGatewayProxyRequest,
        client: &ClientId,
        ending: &Ending,
    ) -> Result<(RequestRecord, Right), Problem> {
        let watches = matches!(ending, Ending::Revoke(..)) && self.guardrails.is_security(client);
        let record = self
            .named(event, |record| watches || record.client == *client)
            .await?;
        let right = match record.client == *client {
            true => Right::Own,
            false => Right::Security,
        };
        Ok((record, right))
    }

    /// The answer: the request for its client, and no more than its state for others.
    async fn ended(
        &self,
        record: &RequestRecord,
        right: Right,
    ) -> Result<ApiGatewayProxyResponse, Problem> {
        match right {
            Right::Own => self.answer(record).await,
            Right::Security => Ok(json_answer(
                200,
                &json!({"request_id": record.id, "state": record.state}),
            )),
        }
    }
}

fn conflict(record: &RequestRecord, why: &'static str) -> Problem {
    Problem::new(409, "Not in this state")
        .detail(why)
        .with("request_id", &record.id)
        .with("state", record.state)
}

fn unwritten(failure: &NotChanged) -> Problem {
    if let NotChanged::Call(call) = failure {
        return unavailable(call);
    }
    let error = shell::log::chain(failure);
    warn!(error, "an ending could not be written down");
    Problem::unavailable()
}
