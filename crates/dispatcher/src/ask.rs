//! From `Received` to `Pending`: what the ticket says is checked, what IAM holds is bound, and
//! the owners are found. Or the request ends here.

use jiff::Timestamp;
use ports::CallError;
use ports::directory::{Directory as _, DirectoryError};
use ports::ledger::Requests as _;
use ports::servicenow::ServiceNow as _;
use snowgate_core::canonical::CanonicalError;
use snowgate_core::facts::{IamFacts, Subject};
use snowgate_core::finding::{Finding, refusal};
use snowgate_core::id::SysId;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::plan;
use snowgate_core::preview::PreviewSlot;
use snowgate_core::record::{ApprovalRound, Event, RefusalCode, Reminders, RequestRecord};
use snowgate_core::request::AccessRequest;
use snowgate_core::slots::{Excluded, OwnedResource, Slot, fit};
use snowgate_core::ticket::{Ticket, TicketFinding};
use tracing::info;
use workflow::approvers::{self, InvolvedError};
use workflow::change::{Changed, Draft, Next, change};
use workflow::survey::{Missing, SurveyError, survey_around};

use crate::{DispatchError, Dispatcher, DispatcherPorts};

/// Why nobody is asked.
pub(crate) enum Unasked {
    /// The request is refused.
    Refused(RefusalCode),
    /// Nobody may decide on this.
    Undeliverable(OwnedResource),
    /// A call failed, and the request is looked at again.
    Call(CallError),
    /// What is decided on could not be hashed.
    Canonical(CanonicalError),
}

impl From<RefusalCode> for Unasked {
    fn from(code: RefusalCode) -> Self {
        Self::Refused(code)
    }
}

impl From<CallError> for Unasked {
    fn from(call: CallError) -> Self {
        Self::Call(call)
    }
}

impl From<InvolvedError> for Unasked {
    fn from(error: InvolvedError) -> Self {
        match error {
            InvolvedError::Unrecognisable(_) => RefusalCode::UnreadableIdentity.into(),
            InvolvedError::Call(call) => call.into(),
        }
    }
}

impl From<CanonicalError> for Unasked {
    fn from(error: CanonicalError) -> Self {
        Self::Canonical(error)
    }
}

impl From<SurveyError> for Unasked {
    /// An account that is not prepared refuses the request; every other failure is tried again.
    fn from(error: SurveyError) -> Self {
        Self::Refused(match error {
            SurveyError::Missing(Missing::Principal) => RefusalCode::NotEnrolled,
            SurveyError::Missing(Missing::Policy) => RefusalCode::NoSuchPolicy,
            SurveyError::Missing(Missing::Role) => RefusalCode::NoSuchRole,
            SurveyError::Missing(Missing::Group) => RefusalCode::NoSuchGroup,
            SurveyError::Directory(DirectoryError::NotPrepared(_)) => {
                RefusalCode::AccountNotPrepared
            }
            SurveyError::Directory(DirectoryError::Call(call)) => return Self::Call(call),
        })
    }
}

impl<P: DispatcherPorts> Dispatcher<P> {
    /// Takes a request from `Received` to `Pending`, `Refused` or `Undeliverable`; one that is
    /// further already is left as it is.
    pub(crate) async fn ask(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<Changed, DispatchError> {
        if record.state() != State::Received {
            return Ok(Changed::Left(record, ()));
        }
        let draft = self.outcome(&record, now).await?;
        // Somebody else may have asked, or ended it, meanwhile.
        let next = |record: &RequestRecord| match record.state() {
            State::Received => draft.clone().into(),
            _ => Next::Done(()),
        };
        let changed = change(&self.requests, record, &Actor::Dispatcher, now, next).await?;
        if let Changed::Written(record) = &changed {
            info!(state = %record.state(), "request evaluated");
        }
        Ok(changed)
    }

    /// What is to happen to a request, with the policy texts to keep.
    async fn outcome(
        &self,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<Draft, DispatchError> {
        let mut findings = self.guardrails.evaluate_request(record.request());
        Ok(match self.round(record, &mut findings, now).await {
            Ok(draft) => draft,
            Err(Unasked::Refused(code)) => Event::Refused { code, findings }.into(),
            Err(Unasked::Undeliverable(resource)) => {
                let slot = resource.slot_id();
                Event::Undeliverable { slot }.into()
            }
            Err(Unasked::Call(call)) => return Err(call.into()),
            Err(Unasked::Canonical(error)) => return Err(error.into()),
        })
    }

    /// The approvals that are needed and what they are given on; of a dry run, what it found. To
    /// the findings on the request come those on what IAM holds.
    async fn round(
        &self,
        record: &RequestRecord,
        findings: &mut Vec<Finding>,
        now: Timestamp,
    ) -> Result<Draft, Unasked> {
        let request = record.request();
        // ServiceNow is asked about no other table than those that may ask.
        if let Some(code @ RefusalCode::TableNotAllowed) = refusal(findings) {
            return Err(code.into());
        }
        let ticket = self.ticket(record).await?;
        acceptable(findings)?;
        if !self.extends_what_is_there(record, now).await? {
            return Err(RefusalCode::NotExtendable.into());
        }
        let facts = self.facts(request, findings, now).await?;
        findings.extend(self.guardrails.evaluate_facts(request, &facts));
        once(findings);
        acceptable(findings)?;
        let resources = self.guardrails.owned_resources(request, &facts);
        let beneficiary = facts.principal.owner();
        let excluded = self.involved(request, &ticket, beneficiary.clone()).await?;
        let manager = self
            .manager(record, beneficiary.as_ref(), findings, (&excluded, now))
            .await?;
        acceptable(findings)?;
        if let Some(user) = &facts.creates {
            let of = (&ticket, &resources[..]);
            self.owner_is_allowed(record, &user.owner, of, (&excluded, now))
                .await?;
        }
        if request.dry_run {
            let effects = plan::effects(record, &facts.principal, &[], now)
                .map_err(|_| RefusalCode::OutsideGuardrails)?;
            let findings = findings.clone();
            let mut preview = self
                .preview(record, (resources, &effects), findings, (&excluded, now))
                .await?;
            preview.slots.extend(manager.slot);
            return Ok(Event::Previewed { preview }.into());
        }
        let slots = self
            .slots(record, (resources, manager.slot), (&excluded, now))
            .await?;
        let round = self.asked(record, &facts, slots, (findings, now))?;
        let round = round.with_notified_manager(manager.notified);
        Ok(Draft {
            documents: facts.documents(),
            volume: self.volume(request, now).await?,
            ..Draft::from(Event::ApprovalRequested { round })
        })
    }

    /// What IAM holds. Of a principal that is not enrolled no more is read, so that it looks as one
    /// that does not exist.
    async fn facts(
        &self,
        request: &AccessRequest,
        findings: &mut Vec<Finding>,
        now: Timestamp,
    ) -> Result<IamFacts, Unasked> {
        if let Some(user) = self.guardrails.new_user(request) {
            self.name_is_free(&user, now).await?;
            return Ok(survey_around(&self.directory, request, Subject::New(user)).await?);
        }
        let principal = self.directory.principal(&request.target).await;
        let principal = principal.map_err(SurveyError::from)?;
        let account = &request.target.account_id;
        if let Some(lacks) = self.guardrails.lacks(account, principal.as_ref()) {
            info!(?lacks, "the principal is not enrolled");
        }
        let (guardrails, known) = (&self.guardrails, principal.as_ref());
        findings.extend(guardrails.evaluate_enrolment(request, known));
        acceptable(findings)?;
        let principal = principal.ok_or(RefusalCode::NotEnrolled)?;
        self.user_admits(request, &principal, now).await?;
        let subject = Subject::Existing(principal);
        Ok(survey_around(&self.directory, request, subject).await?)
    }

    /// Everybody who must not decide, where the person whom the access is for may have any.
    async fn involved(
        &self,
        request: &AccessRequest,
        ticket: &Ticket,
        beneficiary: Option<SysId>,
    ) -> Result<Excluded, Unasked> {
        let (servicenow, guardrails) = (&self.servicenow, &self.guardrails);
        let (requester, beneficiary) = (&request.requested_by, beneficiary.as_ref());
        let excluded =
            approvers::involved(servicenow, requester, ticket, beneficiary, guardrails).await?;
        match beneficiary.is_none_or(|person| excluded.is_active(person)) {
            true => Ok(excluded),
            false => Err(RefusalCode::BeneficiaryInactive.into()),
        }
    }

    /// The request as its approvers are asked about it.
    fn asked(
        &self,
        record: &RequestRecord,
        facts: &IamFacts,
        slots: Vec<Slot>,
        (findings, now): (&[Finding], Timestamp),
    ) -> Result<ApprovalRound, Unasked> {
        let binding = facts.binding(self.guardrails.digest());
        let content = binding.content_digest(record.request(), &slots)?;
        let expires_at = now + self.pending_for;
        let reminders = Reminders::new(now, expires_at, self.remind_before, self.notice_before_end);
        Ok(ApprovalRound::new(slots, binding, content, expires_at)
            .with_findings(findings.to_vec())
            .with_reminders(reminders))
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
        let before = self.requests.load(&extension.request).await?;
        Ok(before.is_some_and(|before| before.is_extended_by(record, now)))
    }

    /// The ticket, if it carries the request.
    async fn ticket(&self, record: &RequestRecord) -> Result<Ticket, Unasked> {
        let request = record.request();
        let ticket = self.servicenow.ticket(&request.source).await?;
        let ticket = ticket.ok_or(RefusalCode::NoSuchTicket)?;
        let requester = std::slice::from_ref(&request.requested_by);
        let people = self.servicenow.people(requester).await?;
        let requester = people
            .iter()
            .find(|person| person.sys_id == request.requested_by)
            .ok_or(RefusalCode::RequesterInactive)?;
        match ticket.carries(request, requester) {
            Ok(()) => Ok(ticket),
            Err(TicketFinding::RequesterInactive) => Err(RefusalCode::RequesterInactive.into()),
            Err(TicketFinding::Number | TicketFinding::Closed | TicketFinding::NotTheirs) => {
                Err(RefusalCode::TicketMismatch.into())
            }
        }
    }

    /// The slots with the people who may fill them. Those of the manager's are found already.
    async fn slots(
        &self,
        record: &RequestRecord,
        (resources, manager): (Vec<OwnedResource>, Option<PreviewSlot>),
        (excluded, now): (&Excluded, Timestamp),
    ) -> Result<Vec<Slot>, Unasked> {
        let rules = self.rules(record, excluded, now);
        let mut slots = Vec::new();
        for resource in resources {
            let found =
                approvers::find(&self.servicenow, &resource, resource.roles(), &rules).await?;
            if found.is_empty() {
                return Err(Unasked::Undeliverable(resource));
            }
            slots.push(Slot::new(resource, found));
        }
        slots.extend(manager.map(|slot| Slot::new(slot.resource, slot.would_ask)));
        fit(&mut slots, self.guardrails.approvers_per_request())
            .map_err(|_| RefusalCode::TooManyApprovers)?;
        Ok(slots)
    }
}

/// Nothing was found that refuses the request.
fn acceptable(findings: &[Finding]) -> Result<(), RefusalCode> {
    refusal(findings).map_or(Ok(()), Err)
}

/// Each finding once: what is seen in the request is seen again with what IAM holds.
fn once(findings: &mut Vec<Finding>) {
    let mut seen: Vec<Finding> = Vec::with_capacity(findings.len());
    findings.retain(|finding| {
        let new = !seen.contains(finding);
        seen.push(finding.clone());
        new
    });
}
