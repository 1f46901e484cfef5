//! What a POST decides.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use jiff::Timestamp;
use ports::ledger::{CommitError, Ledger};
use ports::queue::{OutcomesQueue, WakeUp, WorkQueue};
use ports::servicenow::ServiceNow;
use ports::signature::Signer;
use shell::request::{body, header, is_media_type};
use snowgate_core::approval::{Decision, SignedDecision, Verdict};
use snowgate_core::id::{Digest, SysId};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::page::{self, DecisionForm, FormProblem, Message, Page};
use snowgate_core::record::{ChangeError, DecisionRecord, Event, RequestRecord};
use snowgate_core::slots::Slot;
use tracing::{info, warn};
use workflow::approvers::{self, Rules};

use crate::{Approval, ApprovalError, Opened};

/// How often a decision is tried again when something else changed the request first.
const TRIES: usize = 6;

impl<L, S, K, W, O> Approval<L, S, K, W, O>
where
    L: Ledger,
    S: ServiceNow,
    K: Signer,
    W: WorkQueue,
    O: OutcomesQueue,
{
    pub(crate) async fn decide(
        &self,
        event: &ApiGatewayProxyRequest,
        opened: Opened,
        now: Timestamp,
    ) -> Result<Page, ApprovalError> {
        if self.hold {
            return Ok(page::message(&Message::Held(&typed(event)))?);
        }
        if !self.is_ours(event) {
            return Ok(page::message(&Message::ForeignForm)?);
        }
        let bytes = body(event).unwrap_or_default();
        let form = match DecisionForm::parse(&bytes) {
            Ok(form) => form,
            Err((problem, typed)) => {
                return self.show(&opened, Some((&problem, &typed)), now).await;
            }
        };
        if let Some(page) = self.closed(&opened, None, now).await? {
            return Ok(page);
        }
        let approver = &opened.row.approver;
        let shown = opened.record.shown_to(approver);
        let shown = shown.ok_or(ApprovalError::Inconsistent)?;
        if !opened.token.accepts_nonce(&form.nonce, &shown, now) {
            let again = Some((&FormProblem::Stale, form.reason.as_str()));
            return self.show(&opened, again, now).await;
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
        let lost = match self.role(&opened, &slots, now).await? {
            ApproverRole::Stands => Vec::new(),
            ApproverRole::TicketClosed => return Ok(page::message(&Message::TicketClosed)?),
            ApproverRole::Lost(slots) => slots,
        };
        if !lost.is_empty() {
            self.report_loss(opened.record, &approver, &lost, now)
                .await?;
            return Ok(page::message(&Message::NotAnApprover)?);
        }
        let mut taken = false;
        for slot in &slots {
            match self.decide_slot(&opened, slot, form, now).await? {
                Some(record) => (opened.record, taken) = (record, true),
                // A colleague was quicker, or it is over.
                None => opened.record = self.load(opened.record.id()).await?,
            }
            if opened.record.state() != State::Pending {
                break;
            }
        }
        if !taken {
            return match self.closed(&opened, None, now).await? {
                Some(page) => Ok(page),
                None => Err(ApprovalError::Busy),
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
        let message = match (verdict, opened.record.state()) {
            (Verdict::Approve, State::Pending) => Message::ThanksSoFar,
            // Somebody else ended it between two slots: nothing is set up.
            (
                Verdict::Approve,
                State::Denied | State::Withdrawn | State::Expired | State::Undeliverable,
            ) => {
                let page = self.closed(opened, None, now).await?;
                return page.ok_or(ApprovalError::Busy);
            }
            _ => Message::Thanks(verdict),
        };
        Ok(page::message(&message)?)
    }

    /// Whether the form came from our own page: the exact origin, and a form's media type.
    pub(crate) fn is_ours(&self, event: &ApiGatewayProxyRequest) -> bool {
        let own = match (&self.origin, &event.request_context.domain_name) {
            (Some(origin), _) => origin.clone(),
            (None, Some(domain)) => format!("https://{domain}"),
            (None, None) => return false,
        };
        header(event, "origin") == Some(own.as_str())
            && is_media_type(event, "application/x-www-form-urlencoded")
    }

    /// Whether the approver may decide these slots, as ServiceNow has it now.
    async fn role(
        &self,
        opened: &Opened,
        slots: &[Slot],
        now: Timestamp,
    ) -> Result<ApproverRole, ApprovalError> {
        let request = opened.record.request();
        let ticket = self.servicenow.ticket(&request.source).await?;
        let Some(ticket) = ticket.filter(|ticket| ticket.active) else {
            return Ok(ApproverRole::TicketClosed);
        };
        let binding = opened.record.binding();
        let beneficiary = binding.and_then(|binding| binding.principal.owner.as_ref());
        let servicenow = &self.servicenow;
        let excluded =
            approvers::involved(servicenow, &request.requested_by, &ticket, beneficiary).await?;
        let rules = Rules {
            excluded: &excluded,
            unreachable: &[],
            guardrails: &self.guardrails,
            now,
        };
        let mut lost = Vec::new();
        for slot in slots {
            let approver = &opened.row.approver;
            if !approvers::still_qualifies(servicenow, slot, approver, &rules).await? {
                lost.push(slot.id.clone());
            }
        }
        Ok(match lost.is_empty() {
            true => ApproverRole::Stands,
            false => ApproverRole::Lost(lost),
        })
    }

    /// Writes down that somebody who was asked may not decide these slots any more. That makes
    /// the request due, and the sweeper wakes the dispatcher, which looks for others.
    async fn report_loss(
        &self,
        mut record: RequestRecord,
        approver: &SysId,
        slots: &[String],
        now: Timestamp,
    ) -> Result<(), ApprovalError> {
        let mut slots = slots.iter();
        let mut slot = slots.next();
        for _ in 0..TRIES.saturating_add(slots.len()) {
            let Some(id) = slot else {
                return Ok(());
            };
            let event = Event::ApproverDisqualified {
                slot: id.clone(),
                approver: approver.clone(),
            };
            let change = match record.apply(event, Actor::Approval, now) {
                Ok(change) => change,
                // Decided, ended, or known by now.
                Err(
                    ChangeError::SlotDecided | ChangeError::NotAsked | ChangeError::Transition(_),
                ) => {
                    slot = slots.next();
                    continue;
                }
                Err(other) => return Err(other.into()),
            };
            match self.ledger.commit(&change.clone().into()).await {
                Ok(()) => {
                    warn!("somebody who was asked may not decide any more");
                    (record, slot) = (change.record, slots.next());
                }
                Err(CommitError::Conflict) => record = self.load(record.id()).await?,
                Err(CommitError::Call(call)) => return Err(call.into()),
            }
        }
        Err(ApprovalError::Busy)
    }

    /// Signs and writes the decision on a slot. None where somebody else decided it first.
    async fn decide_slot(
        &self,
        opened: &Opened,
        slot: &Slot,
        form: &DecisionForm,
        now: Timestamp,
    ) -> Result<Option<RequestRecord>, ApprovalError> {
        let mut record = opened.record.clone();
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
        };
        let mac = self.signer.sign(&decision.signed_bytes()?).await?;
        let decided = DecisionRecord {
            signed: SignedDecision { decision, mac },
            reason: form.reason.clone(),
        };
        for _ in 0..TRIES {
            let event = Event::Decided {
                decision: decided.clone(),
            };
            let actor = Actor::Approver {
                sys_id: opened.row.approver.clone(),
            };
            let change = match record.apply(event, actor, now) {
                Ok(change) => change,
                Err(
                    ChangeError::SlotDecided
                    | ChangeError::NotAsked
                    | ChangeError::Transition(_)
                    | ChangeError::TooLate,
                ) => return Ok(None),
                Err(other) => return Err(other.into()),
            };
            match self.ledger.commit(&change.clone().into()).await {
                Ok(()) => {
                    info!(state = %change.record.state(), "slot decided");
                    return Ok(Some(change.record));
                }
                Err(CommitError::Conflict) => record = self.load(record.id()).await?,
                Err(CommitError::Call(call)) => return Err(call.into()),
            }
        }
        Err(ApprovalError::Busy)
    }

    /// Wakes whoever is next: of an approved request the provisioner, and the reporter, because
    /// others who were asked have nothing left to do. Where that fails, the sweeper does it.
    async fn wake(&self, record: &RequestRecord, now: Timestamp) {
        if record.state() == State::Approved {
            self.wake_provisioner(record).await;
        }
        shell::wake::reporter(&self.outcomes, record, now).await;
    }

    /// Wakes the provisioner. Where that fails, the sweeper does it.
    pub(crate) async fn wake_provisioner(&self, record: &RequestRecord) {
        let (wake, principal) = (WakeUp::first(record), record.principal_key());
        if let Err(failure) = self.work.wake_provisioner(&wake, &principal).await {
            warn!(
                error = shell::log::chain(&failure),
                "the provisioner could not be woken"
            );
        }
    }
}

/// What ServiceNow says of an approver at the moment of a decision.
enum ApproverRole {
    /// May decide.
    Stands,
    /// The ticket is closed, or gone.
    TicketClosed,
    /// May not decide these slots any more.
    Lost(Vec<String>),
}

/// The reason that was typed, for pages that keep it.
pub(crate) fn typed(event: &ApiGatewayProxyRequest) -> String {
    match DecisionForm::parse(&body(event).unwrap_or_default()) {
        Ok(form) => form.reason.as_str().to_owned(),
        Err((_, typed)) => typed,
    }
}
