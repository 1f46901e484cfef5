//! What a POST decides.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use jiff::Timestamp;
use ports::ledger::{CommitError, Ledger};
use ports::queue::{OutcomesQueue, WakeUp, WorkQueue};
use ports::servicenow::ServiceNow;
use ports::signature::Signer;
use shell::request::{body, header, is_media_type};
use snowgate_core::approval::{Decision, SignedDecision};
use snowgate_core::id::Digest;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::page::{self, DecisionForm, FormProblem, Message, Page};
use snowgate_core::record::{ChangeError, Decided, Event, RequestRecord};
use snowgate_core::slots::Slot;
use tracing::{info, warn};

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
        let content = opened.record.content().ok_or(ApprovalError::Inconsistent)?;
        if !opened.token.accepts_nonce(&form.nonce, content, now) {
            let again = Some((&FormProblem::Stale, form.reason.as_str()));
            return self.show(&opened, again, now).await;
        }
        self.decide_all(opened, &form, now).await
    }

    /// Decides every open slot that the approver can fill.
    async fn decide_all(
        &self,
        opened: Opened,
        form: &DecisionForm,
        now: Timestamp,
    ) -> Result<Page, ApprovalError> {
        let mut opened = opened;
        while let Some(slot) = opened.record.open_slot_of(&opened.row.approver).cloned() {
            if opened.record.state != State::Pending {
                break;
            }
            if let Some(objection) = self.objection(&opened, &slot).await? {
                warn!(?objection, "the decision is not taken");
                return Ok(page::message(&objection)?);
            }
            match self.decide_slot(&opened, &slot, form, now).await? {
                Some(record) => opened.record = record,
                None => {
                    let record = self.ledger.load(&opened.record.id).await?;
                    opened.record = record.ok_or(ApprovalError::Lost)?;
                    return match self.closed(&opened, None, now).await? {
                        Some(page) => Ok(page),
                        None => Err(ApprovalError::Busy),
                    };
                }
            }
        }
        self.wake(&opened.record, now).await;
        Ok(page::message(&Message::Thanks(form.verdict))?)
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

    /// What stands against the decision, as ServiceNow has it now: the ticket is closed, or the
    /// approver may not decide any more.
    async fn objection(
        &self,
        opened: &Opened,
        slot: &Slot,
    ) -> Result<Option<Message<'static>>, ApprovalError> {
        let request = &opened.record.request;
        let ticket = self.servicenow.ticket(&request.source).await?;
        let Some(ticket) = ticket.filter(|ticket| ticket.active) else {
            return Ok(Some(Message::TicketClosed));
        };
        let asked = opened.record.asked.as_ref();
        let beneficiary = asked.and_then(|asked| asked.binding.principal.owner.as_ref());
        let (servicenow, guardrails) = (&self.servicenow, &self.guardrails);
        let excluded =
            owners::involved(servicenow, &request.requested_by, &ticket, beneficiary).await?;
        let approver = &opened.row.approver;
        let stands =
            owners::still_stands(servicenow, slot, approver, &excluded, guardrails).await?;
        Ok((!stands).then_some(Message::NoStanding))
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
            request: record.id.clone(),
            content,
            slot: slot.id.clone(),
            verdict: form.verdict,
            approver: opened.row.approver.clone(),
            at: now.as_second(),
            reason: Digest::of(form.reason.as_str().as_bytes()),
        };
        let mac = self.signer.sign(&decision.signed_bytes()?).await?;
        let decided = Decided {
            signed: SignedDecision { decision, mac },
            reason: form.reason.clone(),
        };
        for _ in 0..TRIES {
            let event = Event::Decided {
                decided: decided.clone(),
            };
            let actor = Actor::Approver {
                sys_id: opened.row.approver.clone(),
            };
            let change = match record.apply(event, actor, now) {
                Ok(change) => change,
                Err(
                    ChangeError::SlotDecided | ChangeError::Transition(_) | ChangeError::TooLate,
                ) => return Ok(None),
                Err(other) => return Err(other.into()),
            };
            match self.ledger.commit(&change.clone().into()).await {
                Ok(()) => {
                    info!(state = %change.record.state, "slot decided");
                    return Ok(Some(change.record));
                }
                Err(CommitError::Conflict) => {
                    record = self
                        .ledger
                        .load(&record.id)
                        .await?
                        .ok_or(ApprovalError::Lost)?;
                }
                Err(CommitError::Call(call)) => return Err(call.into()),
            }
        }
        Err(ApprovalError::Busy)
    }

    /// Wakes whoever is next. Where that fails, the sweeper does it two minutes later.
    async fn wake(&self, record: &RequestRecord, now: Timestamp) {
        let wake = WakeUp::first(record);
        let next = match record.state {
            State::Approved => {
                self.work
                    .wake_provisioner(&wake, &record.request.target)
                    .await
            }
            _ => Ok(()),
        };
        // The ticket is to be told, or others who were asked have nothing left to do.
        let told = match record.asks_reporter(now) {
            true => self.outcomes.wake_reporter(&wake).await,
            false => Ok(()),
        };
        for failure in [next, told].into_iter().filter_map(Result::err) {
            warn!(
                error = shell::log::chain(&failure),
                "decided, but the next step could not be woken"
            );
        }
    }
}

/// The reason that was typed, for pages that keep it.
pub(crate) fn typed(event: &ApiGatewayProxyRequest) -> String {
    match DecisionForm::parse(&body(event).unwrap_or_default()) {
        Ok(form) => form.reason.as_str().to_owned(),
        Err((_, typed)) => typed,
    }
}
