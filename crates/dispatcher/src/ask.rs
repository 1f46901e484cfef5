//! From `Received` to `Pending`: what the ticket says is checked, what IAM holds is bound, and
//! the owners are found. Or the request ends here.

use jiff::Timestamp;
use ports::CallError;
use ports::directory::{Directory, DirectoryError};
use ports::ledger::{Commit, Ledger};
use ports::mail::Mailer;
use ports::queue::OutcomesQueue;
use ports::servicenow::ServiceNow;
use snowgate_core::facts::IamFacts;
use snowgate_core::finding::{Finding, refusal};
use snowgate_core::lifecycle::Actor;
use snowgate_core::plan;
use snowgate_core::record::{ApprovalRound, Event, RefusalCode, Reminders, RequestRecord};
use snowgate_core::slots::{ApproverRole, Excluded, OwnedResource, Slot, fit};
use snowgate_core::ticket::{Ticket, TicketFinding};
use tracing::info;
use workflow::approvers;
use workflow::survey::{Missing, survey};

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
        let (event, documents) = self.judge(&record, now).await?;
        let change = record.apply(event, Actor::Dispatcher, now)?;
        let commit = Commit {
            documents,
            ..Commit::from(change.clone())
        };
        self.ledger.commit(&commit).await?;
        info!(state = %change.record.state(), "request looked into");
        Ok(change.record)
    }

    /// What is to happen, with the policy texts to keep.
    async fn judge(
        &self,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<(Event, Vec<String>), DispatchError> {
        let refused = |code, findings| Ok((Event::Refused { code, findings }, Vec::new()));
        let mut findings = self.guardrails.evaluate_request(record.request());
        // ServiceNow is asked about no other table than those that may ask.
        if let Some(code @ RefusalCode::TableNotAllowed) = refusal(&findings) {
            return refused(code, findings);
        }
        let ticket = match self.ticket(record).await? {
            Ok(ticket) => ticket,
            Err(code) => return refused(code, findings),
        };
        if let Some(code) = refusal(&findings) {
            return refused(code, findings);
        }
        if !self.extends_what_is_there(record, now).await? {
            return refused(RefusalCode::NotExtendable, findings);
        }
        let survey = match self.survey(record).await? {
            Ok(survey) => survey,
            Err(code) => return refused(code, findings),
        };
        findings.extend(self.guardrails.evaluate_facts(record.request(), &survey));
        let findings = told_once(findings);
        if let Some(code) = refusal(&findings) {
            return refused(code, findings);
        }
        let resource = self.guardrails.owned_resources(record.request(), &survey);
        let requester = &record.request().requested_by;
        let owner = survey.principal.owner();
        let excluded =
            approvers::involved(&self.servicenow, requester, &ticket, owner.as_ref()).await?;
        if record.request().dry_run {
            let Ok(effects) = plan::effects(record, &survey.principal, &[], now) else {
                return refused(RefusalCode::OutsideGuardrails, findings);
            };
            let preview = self
                .preview(record, (resource, &effects), findings, (&excluded, now))
                .await?;
            return Ok((Event::Previewed { preview }, Vec::new()));
        }
        let mut slots = match self.slots(record, resource, (&excluded, now)).await? {
            Ok(slots) => slots,
            Err(resource) => {
                let slot = resource.slot_id();
                return Ok((Event::Undeliverable { slot }, Vec::new()));
            }
        };
        if fit(&mut slots, self.guardrails.approvers_per_request()).is_err() {
            return refused(RefusalCode::TooManyApprovers, findings);
        }
        let binding = survey.binding(self.guardrails.digest());
        let content = binding
            .content_digest(record.request(), &slots)
            .map_err(snowgate_core::record::ChangeError::from)?;
        let expires_at = now + self.pending_for;
        let reminders = Reminders::new(now, expires_at, self.remind_before, self.notice_before_end);
        let round = ApprovalRound::new(slots, binding, content, expires_at)
            .with_findings(findings)
            .with_reminders(reminders);
        Ok((Event::ApprovalRequested { round }, survey.documents()))
    }

    /// Whether the access that a request extends, if it does, is there and is the same. Whoever
    /// wrote the request into the ledger is not believed.
    async fn extends_what_is_there(
        &self,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<bool, CallError> {
        let Some(extension) = &record.request().extends else {
            return Ok(true);
        };
        let before = self.ledger.load(&extension.request).await?;
        Ok(before.is_some_and(|before| before.is_extended_by(record, now)))
    }

    /// The ticket, if it carries the request.
    async fn ticket(&self, record: &RequestRecord) -> Checked<Ticket> {
        let request = record.request();
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

    /// What IAM holds, as far as the request touches it. An account that is not prepared refuses
    /// the request; every other failure is tried again.
    async fn survey(&self, record: &RequestRecord) -> Checked<IamFacts> {
        let surveyed = match survey(&self.directory, record.request()).await {
            Ok(surveyed) => surveyed,
            Err(DirectoryError::NotPrepared(_)) => {
                return Ok(Err(RefusalCode::AccountNotPrepared));
            }
            Err(DirectoryError::Call(call)) => return Err(call),
        };
        Ok(surveyed.map_err(|missing| match missing {
            Missing::Principal => RefusalCode::NoSuchPrincipal,
            Missing::Policy => RefusalCode::NoSuchPolicy,
            Missing::Role => RefusalCode::NoSuchRole,
            Missing::Group => RefusalCode::NoSuchGroup,
        }))
    }

    /// The slots with the people who may fill them; or what nobody may decide on.
    async fn slots(
        &self,
        record: &RequestRecord,
        resource: Vec<OwnedResource>,
        (excluded, now): (&Excluded, Timestamp),
    ) -> Result<Result<Vec<Slot>, OwnedResource>, CallError> {
        let rules = self.rules(record, excluded, now);
        let mut slots = Vec::new();
        for resource in resource {
            let found =
                approvers::find(&self.servicenow, &resource, &ApproverRole::ORDER, &rules).await?;
            if found.is_empty() {
                return Ok(Err(resource));
            }
            slots.push(Slot::new(resource, found));
        }
        Ok(Ok(slots))
    }
}

/// The findings, each once: what is seen in the request is seen again with what IAM holds.
fn told_once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut reported: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        if !reported.contains(&finding) {
            reported.push(finding);
        }
    }
    reported
}
