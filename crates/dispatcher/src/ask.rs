//! From `Received` to `Pending`: what the ticket says is checked, what IAM holds is bound, and
//! the owners are found. Or the request ends here.

use jiff::Timestamp;
use ports::CallError;
use ports::directory::{Directory, DirectoryError};
use ports::ledger::Ledger;
use ports::mail::Mailer;
use ports::queue::OutcomesQueue;
use ports::servicenow::ServiceNow;
use snowgate_core::account::{PolicyFacts, PrincipalFacts};
use snowgate_core::binding::{Binding, content_digest};
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{Asked, Event, RefusalCode, RequestRecord};
use snowgate_core::request::Grant;
use snowgate_core::slots::{Excluded, Slot, Standing, Touched, fit, touched};
use snowgate_core::ticket::{Ticket, TicketFinding};
use tracing::info;

use crate::{DispatchError, Dispatcher};

/// Either what was looked for, or why the request is refused.
type Checked<T> = Result<Result<T, RefusalCode>, CallError>;

impl<L, S, D, M, Q> Dispatcher<L, S, D, M, Q>
where
    L: Ledger,
    S: ServiceNow,
    D: Directory,
    M: Mailer,
    Q: OutcomesQueue,
{
    /// Takes a request from `Received` to `Pending`, `Refused` or `Undeliverable`.
    pub(crate) async fn ask(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        let event = self.judge(&record, now).await?;
        let change = record.apply(event, Actor::Dispatcher, now)?;
        self.ledger.commit(&change.clone().into()).await?;
        info!(state = %change.record.state, "request looked into");
        Ok(change.record)
    }

    async fn judge(&self, record: &RequestRecord, now: Timestamp) -> Result<Event, DispatchError> {
        if !self.guardrails.judge_request(&record.request).is_empty() {
            return Ok(Event::Refused {
                code: RefusalCode::OutsideGuardrails,
            });
        }
        let ticket = match self.ticket(record).await? {
            Ok(ticket) => ticket,
            Err(code) => return Ok(Event::Refused { code }),
        };
        let (principal, policies) = match self.facts(record).await? {
            Ok(facts) => facts,
            Err(code) => return Ok(Event::Refused { code }),
        };
        let judged = self
            .guardrails
            .judge_facts(&record.request, &principal, &policies);
        if let Err(code) = judged {
            return Ok(Event::Refused { code });
        }
        let requester = &record.request.requested_by;
        let owner = principal.owner();
        let excluded =
            owners::involved(&self.servicenow, requester, &ticket, owner.as_ref()).await?;
        if record.request.dry_run {
            let preview = self.preview(record, &principal, &excluded, now).await?;
            return Ok(Event::Previewed { preview });
        }
        let mut slots = match self.slots(record, &excluded, now).await? {
            Ok(slots) => slots,
            Err(touched) => {
                return Ok(Event::Undeliverable {
                    slot: touched.slot_id(),
                });
            }
        };
        if fit(&mut slots, self.guardrails.approvers_per_request()).is_err() {
            return Ok(Event::Refused {
                code: RefusalCode::TooManyApprovers,
            });
        }
        let binding = Binding {
            principal: principal.bound(),
            policies: policies.iter().map(PolicyFacts::bound).collect(),
            guardrails: self.guardrails.digest().clone(),
        };
        let content = content_digest(&record.request, &binding, &slots)
            .map_err(snowgate_core::record::ChangeError::from)?;
        Ok(Event::Asked {
            asked: Asked::new(slots, binding, content, now + self.pending_for),
        })
    }

    /// The ticket, if it carries the request.
    async fn ticket(&self, record: &RequestRecord) -> Checked<Ticket> {
        let request = &record.request;
        let Some(ticket) = self.servicenow.ticket(&request.source).await? else {
            return Ok(Err(RefusalCode::NoSuchTicket));
        };
        let people = self
            .servicenow
            .people(std::slice::from_ref(&request.requested_by))
            .await?;
        let Some(requester) = people
            .iter()
            .find(|person| person.sys_id == request.requested_by)
        else {
            return Ok(Err(RefusalCode::RequesterInactive));
        };
        Ok(match ticket.carries(request, requester) {
            Ok(()) => Ok(ticket),
            Err(TicketFinding::RequesterInactive) => Err(RefusalCode::RequesterInactive),
            Err(TicketFinding::Number | TicketFinding::Closed | TicketFinding::NotTheirs) => {
                Err(RefusalCode::TicketMismatch)
            }
        })
    }

    /// What IAM in the target account holds, as far as the request touches it.
    async fn facts(&self, record: &RequestRecord) -> Checked<(PrincipalFacts, Vec<PolicyFacts>)> {
        let target = &record.request.target;
        let principal = match prepared(self.directory.principal(target).await)? {
            Ok(Some(principal)) => principal,
            Ok(None) => return Ok(Err(RefusalCode::NoSuchPrincipal)),
            Err(code) => return Ok(Err(code)),
        };
        let mut policies = Vec::new();
        for Grant::AttachManagedPolicy { policy_arn } in &record.request.grants {
            match prepared(self.directory.policy(&target.account_id, policy_arn).await)? {
                Ok(Some(policy)) => policies.push(policy),
                Ok(None) => return Ok(Err(RefusalCode::NoSuchPolicy)),
                Err(code) => return Ok(Err(code)),
            }
        }
        Ok(Ok((principal, policies)))
    }

    /// The slots with the people who may fill them; or what nobody may decide on.
    async fn slots(
        &self,
        record: &RequestRecord,
        excluded: &Excluded,
        now: Timestamp,
    ) -> Result<Result<Vec<Slot>, Touched>, CallError> {
        let rules = self.rules(record, excluded, now);
        let mut slots = Vec::new();
        for touched in touched(&record.request, &[]) {
            let found = owners::find(&self.servicenow, &touched, &Standing::ORDER, &rules).await?;
            if found.is_empty() {
                return Ok(Err(touched));
            }
            slots.push(Slot::new(touched, found));
        }
        Ok(Ok(slots))
    }
}

/// An account that is not prepared refuses the request; every other failure is tried again.
fn prepared<T>(answer: Result<T, DirectoryError>) -> Checked<T> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(DirectoryError::NotPrepared(_)) => Ok(Err(RefusalCode::AccountNotPrepared)),
        Err(DirectoryError::Call(call)) => Err(call),
    }
}
