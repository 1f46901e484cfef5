//! A request as the ledger holds it, and every change that can be made to it.
//!
//! A record is a head (what is true of a request in every state), a [`Phase`] (what is true of it
//! in the state it is in, and nothing else) and its deliveries (how far each message is).
//! [`RequestRecord::apply`] is the only way to change one. It yields a [`Change`]: the new record,
//! the version it replaces, and the audit row. The ledger writes all of it in one transaction or
//! none of it; of two changes to the same version one wins.

mod accessors;
mod audit;
pub mod delivery;
mod deviation;
mod due;
mod event;
mod extension;
mod message;
mod parked;
mod phase;
mod reassignment;
mod revocation;
mod round;

pub use crate::codes::{FailureCode, RefusalCode};
pub use audit::{AuditRow, created_user_in, preexisting_in};
pub use delivery::{BouncedMessage, Delivery, DeliveryOutcome};
pub use deviation::{BlockedBecause, Deviation, DeviationReport};
use due::RESEND_AFTER;
pub use due::{Overdue, PROVISION_WITHIN, Worker};
pub use event::Event;
pub use message::{Message, SkipCode};
pub use parked::PARKED_EVERY;
pub use phase::{EndReason, Ending, GrantedAccess, Phase};
pub use revocation::{RetainedBecause, RetainedChange, Revocation, RevokedBy};
pub use round::{ApprovalRound, DecisionRecord, Reminders};

use jiff::Timestamp;

use crate::approval::{SignedDecision, Verdict};
use crate::arn::is_name;
use crate::audit::{AuditHead, RecordChange, TrailEvidence, TrailFault};
use crate::canonical::CanonicalError;
use crate::effect::EffectChange;
use crate::id::{ClientId, Digest, RequestId};
use crate::lifecycle::{Actor, State, Step, TransitionError, transition};
use crate::principal::PrincipalType;
use crate::request::AccessRequest;

/// A request and all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    pub(crate) head: Head,
    pub(crate) phase: Phase,
    pub(crate) deliveries: Vec<Delivery>,
    /// What the rows of a broken trail say; never stored.
    pub(crate) evidence: TrailEvidence,
}

/// What is true of a request in every state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// `req-` and 32 hexadecimal digits, the key of everything about it.
    pub(crate) id: RequestId,
    /// The client that sent it; no other client sees it.
    pub(crate) client: ClientId,
    /// What is asked for.
    pub(crate) request: AccessRequest,
    /// The digest of what is asked for.
    pub(crate) request_digest: Digest,
    /// When it was accepted.
    pub(crate) created_at: Timestamp,
    /// Counts the changes; a change is made to one version.
    pub(crate) version: u64,
    /// When it came to its state.
    pub(crate) since: Timestamp,
    /// When somebody must look at it again; none once nothing is left to do.
    pub(crate) due_at: Option<Timestamp>,
    /// How often the step that is due was sent again.
    pub(crate) attempts: u32,
    /// The end of the audit trail.
    pub(crate) audit: AuditHead,
    /// The changes that were in IAM before the request was to make them.
    pub(crate) preexisting: Vec<EffectChange>,
    /// What looks at IAM found otherwise than it should be.
    pub(crate) deviations: Vec<DeviationReport>,
    /// The unique id of the user that it created; none before that, and where it creates none.
    pub(crate) created_user: Option<String>,
}

/// A change to a request.
pub type Change = RecordChange<RequestRecord>;

/// Why a change cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The state does not allow it.
    #[error(transparent)]
    Transition(#[from] TransitionError),
    /// The slot is not one of this request.
    #[error("the request has no such slot")]
    UnknownSlot,
    /// The slot has its decision; the first one counts.
    #[error("the slot has been decided")]
    SlotDecided,
    /// The person is not one of those asked for this slot.
    #[error("the person was not asked for this slot")]
    NotAsked,
    /// The decision is on other content than the request holds.
    #[error("the decision is on other content")]
    OtherContent,
    /// The slot was given approvers in a way that the rules do not allow: none, somebody whom no
    /// message reaches, or too often.
    #[error("the slot cannot have these approvers")]
    InvalidApprovers,
    /// The time to decide is over.
    #[error("the time to decide is over")]
    TooLate,
    /// Somebody has revoked the access already.
    #[error("the access is being revoked already")]
    AlreadyRevoked,
    /// The request creates no user, has created it, or the unique id is not one of a user.
    #[error("the request has no user to create, or the unique id is not one of a user")]
    NoUserToCreate,
    /// The removal is not parked: it may yet be done.
    #[error("the removal is not parked")]
    NotParked,
    /// The message is not wanted, is being sent by somebody else, or is closed.
    #[error("the message is not to be sent now")]
    NoDelivery,
    /// The decision was signed at a time that has not come.
    #[error("the decision was signed in the future")]
    FromTheFuture,
    /// The audit trail is broken. Only what ends the request is written.
    #[error("the audit trail is broken: {0}")]
    BrokenTrail(TrailFault),
    /// A value could not be hashed.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
}

impl RequestRecord {
    /// Makes the record of a new request.
    ///
    /// # Errors
    /// Never for a request that was parsed; the type is honest about serialisation.
    pub fn receive(
        id: RequestId,
        client: ClientId,
        request: AccessRequest,
        now: Timestamp,
    ) -> Result<Change, CanonicalError> {
        let request_digest = request.digest()?;
        let row = AuditRow {
            of: id.clone(),
            n: 0,
            at: now,
            actor: Actor::Client {
                client: client.clone(),
            },
            event: Event::Received {
                request: request_digest.clone(),
            },
            state: State::Received,
            previous: None,
            trail_fault: None,
        };
        let head = Head {
            id,
            client,
            request,
            request_digest,
            created_at: now,
            version: 0,
            since: now,
            due_at: Some(now + RESEND_AFTER),
            attempts: 0,
            audit: AuditHead::of_first(&row)?,
            preexisting: Vec::new(),
            deviations: Vec::new(),
            created_user: None,
        };
        let record = Self {
            head,
            phase: Phase::Received,
            deliveries: Vec::new(),
            evidence: TrailEvidence::default(),
        };
        Ok(Change {
            replaces: None,
            record,
            row,
        })
    }

    /// Applies an event. Pure: the record itself is left as it is.
    ///
    /// # Errors
    /// Where the event does not fit the record.
    pub fn apply(&self, event: Event, actor: Actor, now: Timestamp) -> Result<Change, ChangeError> {
        if let Some(fault) = self
            .trail_fault()
            .filter(|_| !self.takes_despite_fault(&event))
        {
            return Err(ChangeError::BrokenTrail(fault));
        }
        let mut record = self.clone();
        match self.step_of(&event, now)? {
            Some(step) => record.advance(&event, step, now)?,
            None => record.note_delivery(&event, now)?,
        }
        record.head.version += 1;
        // A message that is claimed again and again makes no progress.
        if !matches!(event, Event::DeliveryClaimed { .. }) {
            record.head.attempts = 0;
        }
        record.head.due_at = record.next_due(now);
        let row = AuditRow {
            of: self.head.id.clone(),
            n: self.head.audit.count,
            at: now,
            actor,
            event,
            state: record.state(),
            previous: Some(self.head.audit.hash.clone()),
            trail_fault: self.trail_fault(),
        };
        record.head.audit = self.head.audit.with(&row)?;
        Ok(Change {
            replaces: Some(self.head.version),
            record,
            row,
        })
    }

    /// Goes on to the phase that an event leads to. What the event carries and what the transition
    /// function says must come to the same state.
    fn advance(&mut self, event: &Event, step: Step, now: Timestamp) -> Result<(), ChangeError> {
        let from = self.state();
        let to = transition(from, step)?;
        let newcomers = self.newcomers(event);
        let phase = std::mem::replace(&mut self.phase, Phase::Received);
        self.phase = phase.after(event, to, now)?;
        if self.state() != to {
            return Err(TransitionError { from, step }.into());
        }
        if to != from {
            self.head.since = now;
        }
        match event {
            Event::ProvisioningStarted { preexisting } => {
                self.head.preexisting = preexisting.clone();
            }
            Event::UserCreated { unique_id } => self.note_user(unique_id)?,
            Event::DeviationsFound { found } => self.head.deviations.push(DeviationReport {
                at: now,
                found: found.clone(),
            }),
            _ => {}
        }
        self.forget_review_requests(&newcomers);
        Ok(())
    }

    /// Notes which user was created. One is, once, and by a request that creates one.
    fn note_user(&mut self, unique_id: &str) -> Result<(), ChangeError> {
        let is_of_a_user = PrincipalType::of_unique_id(unique_id) == Some(PrincipalType::User);
        if !self.head.request.creates_user()
            || self.unique_id().is_some()
            || !is_of_a_user
            || !is_name(unique_id, 128)
        {
            return Err(ChangeError::NoUserToCreate);
        }
        self.head.created_user = Some(unique_id.to_owned());
        Ok(())
    }

    /// The step that an event is; none where it only says how far a message is.
    fn step_of(&self, event: &Event, now: Timestamp) -> Result<Option<Step>, ChangeError> {
        Ok(Some(match event {
            Event::DeliveryClaimed { .. }
            | Event::DeliverySent { .. }
            | Event::DeliverySkipped { .. } => return Ok(None),
            Event::Received { .. } => Step::Receive,
            Event::ApprovalRequested { .. } => Step::Ask,
            Event::DeliveryBounced { approver, .. } => self.step_of_bounce(approver)?,
            Event::ApproverDisqualified { slot, approver } => {
                self.step_of_disqualification(slot, approver)?
            }
            Event::SlotReassigned { slot, approvers } => {
                self.step_of_reassignment(slot, approvers)?
            }
            Event::Decided { decision } => self.step_of_decision(&decision.signed, now)?,
            Event::ProvisioningStarted { .. } => Step::Provision,
            Event::UserCreated { .. } => Step::CreateUser,
            Event::Activated { .. } => Step::Activate,
            Event::DeviationsFound { .. } => Step::Deviate,
            Event::RevocationStarted => Step::Revoke,
            Event::RevocationRequested { .. } => Step::EndEarly,
            Event::Revoked { .. } => Step::FinishRevoke,
            Event::Abandoned { .. } => self.step_of_abandoning()?,
            Event::Previewed { .. } => Step::Preview,
            Event::Refused { .. } => Step::Refuse,
            Event::Undeliverable { .. } => Step::GiveUp,
            Event::Expired => Step::Expire,
            Event::Withdrawn { .. } => Step::Withdraw,
            Event::Failed { .. } => Step::Fail,
        }))
    }

    fn step_of_decision(
        &self,
        signed: &SignedDecision,
        now: Timestamp,
    ) -> Result<Step, ChangeError> {
        let decision = &signed.decision;
        // A terminal state says so before anything else is looked at.
        transition(self.state(), Step::ApproveOne)?;
        let unasked = TransitionError {
            from: self.state(),
            step: Step::ApproveOne,
        };
        let round = self.round().ok_or(unasked)?;
        let slot = round
            .slots
            .iter()
            .find(|slot| slot.id == decision.slot)
            .ok_or(ChangeError::UnknownSlot)?;
        if self.decision_of(&slot.id).is_some() {
            return Err(ChangeError::SlotDecided);
        }
        if slot.approver(&decision.approver).is_none() {
            return Err(ChangeError::NotAsked);
        }
        if decision.content != round.content || decision.request != self.head.id {
            return Err(ChangeError::OtherContent);
        }
        if now >= round.expires_at {
            return Err(ChangeError::TooLate);
        }
        if decision.is_from_the_future(now) {
            return Err(ChangeError::FromTheFuture);
        }
        Ok(match (decision.verdict, self.open_slots().count()) {
            (Verdict::Deny, _) => Step::Deny,
            (Verdict::Approve, 1) => Step::ApproveLast,
            (Verdict::Approve, _) => Step::ApproveOne,
        })
    }

    /// The decision on a slot.
    #[must_use]
    pub fn decision_of(&self, slot: &str) -> Option<&DecisionRecord> {
        self.decisions()
            .iter()
            .find(|decided| decided.signed.decision.slot == slot)
    }

    /// The content that is decided on, where it is that of the request, binding and slots that
    /// this record holds; none where nothing was asked or the record does not agree with itself.
    #[must_use]
    pub fn content(&self) -> Option<&Digest> {
        let round = self.round()?;
        let there = round
            .binding
            .content_digest(&self.head.request, &round.slots);
        (there.ok()? == round.content).then_some(&round.content)
    }
}

#[cfg(test)]
pub(crate) mod tests;
