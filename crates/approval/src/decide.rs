//! What a POST decides.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use jiff::Timestamp;
use ports::servicenow::ServiceNow as _;
use ports::signature::Signer as _;
use shell::request::{body, header, is_media_type};
use snowgate_core::approval::{Decision, SignedDecision, Verdict};
use snowgate_core::id::Digest;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::page::{About, DecisionForm, FormProblem, Page, StatusPage};
use snowgate_core::person::{MarkKey, PeopleMarks};
use snowgate_core::record::{ChangeError, DecisionRecord, Event, RequestRecord};
use snowgate_core::slots::Slot;
use tracing::{info, warn};
use workflow::approvers::{self, InvolvedError, Rules, involved_in};
use workflow::change::{NotChanged, load, write};

use crate::{Approval, ApprovalError, ApprovalPorts, Opened};

impl<P: ApprovalPorts> Approval<P> {
    pub(crate) async fn decide(
        &self,
        event: &ApiGatewayProxyRequest,
        opened: Opened,
        now: Timestamp,
    ) -> Result<Page, ApprovalError> {
        if let Some(page) = self.unread(event, &opened.record)? {
            return Ok(page);
        }
        let bytes = body(event).unwrap_or_default();
        let form = match DecisionForm::parse(&bytes) {
            Ok(form) => form,
            Err(fields) => return self.show(&opened, Some(fields), now).await,
        };
        if let Some(page) = self.closed(&opened, None, now).await? {
            return Ok(page);
        }
        let approver = &opened.row.approver;
        let shown = opened.record.shown_to(approver);
        let shown = shown.ok_or(ApprovalError::Inconsistent)?;
        if !opened.token.accepts_nonce(&form.nonce, &shown, now) {
            let again = form.fields().with(FormProblem::Stale);
            return self.show(&opened, Some(again), now).await;
        }
        self.decide_all(opened, &form, now).await
    }

    /// Decides every open slot that the approver can fill, which are those that the form showed;
    /// or none of them, where the approver may not decide one of them any more.
    async fn decide_all(
        &self,
        opened: Opened,
        form: &DecisionForm,
        now: Timestamp,
    ) -> Result<Page, ApprovalError> {
        let mut opened = opened;
        let approver = opened.row.approver.clone();
        let slots: Vec<Slot> = opened.record.open_slots_of(&approver).cloned().collect();
        let identities = match self.standing(&opened, &slots, now).await? {
            Standing::Qualified(identities) => identities,
            Standing::TicketClosed => {
                let about = self.about(&opened.record).await;
                return self.status(&StatusPage::TicketClosed, Some(&about));
            }
            Standing::Undecidable => {
                let about = self.about(&opened.record).await;
                return self.status(&StatusPage::Undecidable, Some(&about));
            }
            Standing::Disqualified(lost) => {
                let about = self.about(&opened.record).await;
                let (record, whom) = (opened.record, (&approver, &lost[..]));
                // That makes the request due, and the sweeper wakes the dispatcher, which looks
                // for others.
                approvers::disqualify(&self.requests, record, whom, &Actor::Approval, now).await?;
                return self.status(&StatusPage::NotAnApprover, Some(&about));
            }
        };
        let mut taken = false;
        for slot in &slots {
            let decision = (form, &identities);
            match self.decide_slot(&opened, slot, decision, now).await? {
                Some(record) => (opened.record, taken) = (record, true),
                // A colleague was quicker, or it is over.
                None => opened.record = load(&self.requests, opened.record.id()).await?,
            }
            if opened.record.state() != State::Pending {
                break;
            }
        }
        if !taken {
            return match self.closed(&opened, None, now).await? {
                Some(page) => Ok(page),
                None => Err(NotChanged::Busy.into()),
            };
        }
        self.wake(&opened.record, now).await;
        self.thanks(&opened, form.verdict, now).await
    }

    /// What is said after a decision: what is true of the whole request.
    async fn thanks(
        &self,
        opened: &Opened,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<Page, ApprovalError> {
        let page = match (verdict, opened.record.state()) {
            (Verdict::Deny, _) => StatusPage::Denied,
            (Verdict::Approve, State::Pending) => StatusPage::ApprovedSoFar,
            // Somebody else ended it between two slots: nothing is set up.
            (
                Verdict::Approve,
                State::Denied | State::Withdrawn | State::Expired | State::Undeliverable,
            ) => {
                let page = self.closed(opened, None, now).await?;
                return Ok(page.ok_or(NotChanged::Busy)?);
            }
            (Verdict::Approve, _) => StatusPage::Approved {
                duration: opened.record.request().duration.in_words(),
            },
        };
        let about = self.about(&opened.record).await;
        self.status(&page, Some(&about))
    }

    /// The page for a form that is not read: while approvals are paused, with what was sent; or
    /// where it came from elsewhere. None where it is to be read.
    pub(crate) fn unread(
        &self,
        event: &ApiGatewayProxyRequest,
        record: &RequestRecord,
    ) -> Result<Option<Page>, ApprovalError> {
        let page = if self.hold {
            StatusPage::Paused(self.retained(event))
        } else if !self.is_ours(event) {
            StatusPage::ForeignForm
        } else {
            return Ok(None);
        };
        let about = About::new(record, None, &self.installation);
        self.status(&page, Some(&about)).map(Some)
    }

    /// Whether the form came from a page of ours: exactly an origin that we have or had, or the
    /// domain that was called, which API Gateway names and only ever ours can be; and a form's
    /// media type.
    pub(crate) fn is_ours(&self, event: &ApiGatewayProxyRequest) -> bool {
        let called = event.request_context.domain_name.as_deref();
        let called = called.map(|domain| format!("https://{domain}"));
        let mut ours = self.origins.iter().chain(&called);
        header(event, "origin").is_some_and(|sent| ours.any(|origin| origin == sent))
            && is_media_type(event, "application/x-www-form-urlencoded")
    }

    /// Whether the approver may decide these slots, as ServiceNow has it now: the ticket, the people
    /// who are involved and the approver are looked at as they were when the approver was asked.
    /// What IAM holds is compared by the provisioner, with what is signed here.
    async fn standing(
        &self,
        opened: &Opened,
        slots: &[Slot],
        now: Timestamp,
    ) -> Result<Standing, ApprovalError> {
        let (record, servicenow) = (&opened.record, &self.servicenow);
        let (request, guardrails) = (record.request(), &self.guardrails);
        let ticket = servicenow.ticket(&request.source).await?;
        let Some(ticket) = ticket.filter(|ticket| ticket.active) else {
            return Ok(Standing::TicketClosed);
        };
        if let Err(finding) = ticket.is_for(request) {
            warn!(%finding, "the ticket does not carry the request any more");
            return Ok(Standing::Undecidable);
        }
        let excluded = match involved_in(servicenow, record, &ticket, guardrails).await {
            Ok(excluded) => excluded,
            Err(InvolvedError::Unrecognisable(error)) => {
                warn!(%error, "nothing is decided");
                return Ok(Standing::Undecidable);
            }
            Err(InvolvedError::Call(call)) => return Err(call.into()),
        };
        let bound = record.binding().ok_or(ApprovalError::Inconsistent)?;
        let mut active = std::iter::once(&request.requested_by).chain(bound.owner());
        if !active.all(|person| excluded.is_active(person)) {
            warn!("the requester or the beneficiary has no active account any more");
            return Ok(Standing::Undecidable);
        }
        let rules = Rules {
            excluded: &excluded,
            unreachable: record.unreachable(),
            guardrails,
            now,
        };
        let approver = &opened.row.approver;
        let found = approvers::qualification(servicenow, slots, approver, &rules).await?;
        if !found.lost.is_empty() {
            return Ok(Standing::Disqualified(found.lost));
        }
        let mac = self.signer.sign(&MarkKey::message(record.id())?).await?;
        let key = MarkKey::new(mac.as_bytes());
        let identities = PeopleMarks::new(&key, &found.deciders, &excluded.people);
        Ok(Standing::Qualified(identities))
    }

    /// Signs and writes the decision on a slot. None where somebody else decided it first.
    async fn decide_slot(
        &self,
        opened: &Opened,
        slot: &Slot,
        (form, identities): (&DecisionForm, &PeopleMarks),
        now: Timestamp,
    ) -> Result<Option<RequestRecord>, ApprovalError> {
        let record = opened.record.clone();
        // What is signed is what this record says, and what was shown.
        let content = record
            .content()
            .cloned()
            .ok_or(ApprovalError::Inconsistent)?;
        let decision = Decision {
            request: record.id().clone(),
            content,
            slot: slot.id.clone(),
            verdict: form.verdict,
            approver: opened.row.approver.clone(),
            at: now.as_second(),
            reason: Digest::of(form.reason.as_str().as_bytes()),
            identities: Some(identities.clone()),
        };
        let mac = self.signer.sign(&decision.signed_bytes()?).await?;
        let decided = DecisionRecord {
            signed: SignedDecision { decision, mac },
            reason: form.reason.clone(),
        };
        let event = Event::Decided { decision: decided };
        let actor = Actor::Approver {
            sys_id: opened.row.approver.clone(),
        };
        match write(&self.requests, record, event, &actor, now).await {
            Ok(record) => {
                info!(state = %record.state(), "slot decided");
                Ok(Some(record))
            }
            Err(NotChanged::Rules(
                ChangeError::SlotDecided
                | ChangeError::NotAsked
                | ChangeError::Transition(_)
                | ChangeError::TooLate,
            )) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }
}

/// What ServiceNow says at the moment of a decision.
enum Standing {
    /// The approver may decide. By what everybody is recognised.
    Qualified(PeopleMarks),
    /// The ticket is closed, or gone.
    TicketClosed,
    /// The ticket is another's, or somebody involved has no active account or cannot be recognised:
    /// nobody may decide.
    Undecidable,
    /// The approver may not decide these slots any more.
    Disqualified(Vec<String>),
}
