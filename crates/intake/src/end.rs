//! `POST /v1/requests/{id}/withdraw` and `POST /v1/requests/{id}/revoke`: the client ends what it
//! asked for, and those who watch over all access end any of it. Sending either again answers the
//! same.

mod words;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use jiff::Timestamp;
use ports::ledger::{CommitError, Ledger};
use ports::queue::{OutcomesQueue, RequestsQueue, WakeUp, WorkQueue};
use serde_json::json;
use shell::answer::{Problem, json_answer};
use snowgate_core::id::{ClientId, SysId};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::prose::Reason;
use snowgate_core::record::{ChangeError, Event, RequestRecord, RevokedBy};
use tracing::{info, warn};

use crate::{Intake, unavailable};

/// How often an ending is tried again when something else changed the request first.
const TRIES: usize = 6;

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
        match (self, record.state) {
            (Self::Withdraw(reason), State::Received | State::Pending | State::Approved) => {
                let reason = reason.clone();
                Next::Apply(Box::new(Event::Withdrawn { reason }))
            }
            (Self::Withdraw(_), State::Withdrawn) => Next::Done,
            (Self::Withdraw(_), State::Provisioning | State::Active | State::Revoking) => {
                Next::Conflict("The access is being set up already. Revoke it once it is `Active`.")
            }
            (Self::Revoke(reason, _), State::Active) if record.revocation.is_none() => {
                let (by, reason) = (role, reason.clone());
                Next::Apply(Box::new(Event::RevocationRequested { by, reason }))
            }
            (Self::Revoke(..), State::Active | State::Revoking | State::Revoked) => Next::Done,
            (Self::Revoke(..), State::Received | State::Pending | State::Approved) => {
                Next::Conflict("No access is granted yet. Withdraw the request instead.")
            }
            (Self::Revoke(..), State::Provisioning) => {
                Next::Conflict("The access is being set up now. Revoke it once it is `Active`.")
            }
            _ => Next::Conflict("The request has already ended."),
        }
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

impl<L: Ledger, Q: RequestsQueue + WorkQueue + OutcomesQueue> Intake<L, Q> {
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
        for _ in 0..TRIES {
            let (record, right) = self.endable(event, client, ending).await?;
            let role = ending.role(&record, right)?;
            let step = match ending.next(&record, role) {
                Next::Apply(step) => *step,
                Next::Done => return self.ended(&record, right).await,
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
                    info!(request_id = %record.id, client = %client, state = %change.record.state, "ended by a client");
                    self.wake_next(&change.record).await;
                    return self.ended(&change.record, right).await;
                }
                // Whoever was first counts; where it stands now decides.
                Err(CommitError::Conflict) => {}
                Err(CommitError::Call(call)) => return Err(unavailable(&call)),
            }
        }
        Err(Problem::unavailable())
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
