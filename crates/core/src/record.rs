//! A request as the ledger holds it, and every change that can be made to it.
//!
//! [`RequestRecord::apply`] is the only way to change a record. It yields a [`Change`]: the new
//! record, the version it replaces, and the audit row. The ledger writes all of it in one
//! transaction or none of it; of two changes to the same version one wins.

mod access;
mod due;
mod early;
mod event;
mod longer;
mod notice;
mod people;

use due::RESEND_AFTER;
pub use due::{Overdue, PROVISION_WITHIN, Worker};
pub use early::{RetainedBecause, RetainedChange, Revocation, RevokedBy};
pub use event::{EndReason, Event, FailureCode, RefusalCode};
pub use notice::{Closing, Notice, NoticeState, Reminders, SkipCode};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::approval::{SignedDecision, Verdict};
use crate::audit::{AuditHead, AuditRow};
use crate::binding::{Binding, content_digest};
use crate::bounce::MessageId;
use crate::canonical::CanonicalError;
use crate::finding::Finding;
use crate::id::{ClientId, Digest, RequestId, SysId};
use crate::lifecycle::{Actor, State, Step, TransitionError, transition};
use crate::preview::Preview;
use crate::request::AccessRequest;
use crate::slots::Slot;

/// A request and all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Its id.
    id: RequestId,
    /// The client that sent it; no other client sees it.
    client: ClientId,
    /// Counts the changes; a change is made to one version.
    version: u64,
    /// Where it stands.
    state: State,
    /// What is asked for.
    request: AccessRequest,
    /// The digest of what is asked for.
    request_digest: Digest,
    /// When it was accepted.
    created_at: Timestamp,
    /// When it came to its state.
    since: Timestamp,
    /// When somebody must look at it again; none once nothing is left to do.
    due_at: Option<Timestamp>,
    /// How often the step that is due was sent again.
    attempts: u32,
    /// What was bound when the owners were asked.
    asked: Option<ApprovalRound>,
    /// The decisions, in the order in which they were made.
    decisions: Vec<DecisionRecord>,
    /// When the access ends, once it is active.
    until: Option<Timestamp>,
    /// Why it ended as it did, where that needs saying.
    end_reason: Option<EndReason>,
    /// The states that the ticket has been told.
    reported: Vec<State>,
    /// How the access was ended before its time, where it was.
    #[serde(default)]
    revocation: Option<Revocation>,
    /// What stayed in IAM when the access ended, and why.
    #[serde(default)]
    retained: Vec<RetainedChange>,
    /// What a dry run found.
    #[serde(default)]
    preview: Option<Preview>,
    /// Mails that are no review letters, as far as somebody set about them.
    #[serde(default)]
    notices: Vec<NoticeState>,
    /// The end of the audit trail.
    audit: AuditHead,
}

/// What was bound when the owners were asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRound {
    /// The approvals that are needed.
    pub slots: Vec<Slot>,
    /// What IAM held.
    pub binding: Binding,
    /// The digest that decisions are made on.
    pub content: Digest,
    /// What was found, for approvers to know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The letters, one for each approver.
    pub letters: Vec<LetterState>,
    /// Until when a decision is awaited.
    pub expires_at: Timestamp,
    /// People whom a letter did not reach. They are asked no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<SysId>,
    /// When people are reminded.
    #[serde(default)]
    pub reminders: Reminders,
}

/// How far the letter to one approver is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterState {
    /// Whom it is for.
    pub approver: SysId,
    /// When somebody set about sending it. Nobody else does for two minutes.
    pub claimed_at: Option<Timestamp>,
    /// When it was handed to the mail service.
    pub sent_at: Option<Timestamp>,
    /// The id that the mail service gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
}

impl LetterState {
    /// A letter that nobody has set about yet.
    #[must_use]
    pub const fn to(approver: SysId) -> Self {
        Self {
            approver,
            claimed_at: None,
            sent_at: None,
            message: None,
        }
    }

    /// Whether the letter is to be sent now.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.sent_at.is_none()
            && self
                .claimed_at
                .is_none_or(|at| now.duration_since(at) >= RESEND_AFTER)
    }
}

/// A decision with the reason in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// The decision and what proves it.
    pub signed: SignedDecision,
    /// What the approver typed.
    pub reason: crate::prose::Reason,
}

/// A change to a record, to be written in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The version that is replaced; none where the record is new.
    pub replaces: Option<u64>,
    /// The record afterwards.
    pub record: RequestRecord,
    /// The audit row that goes with it.
    pub row: AuditRow,
}

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
    /// There is no letter to this person.
    #[error("the request has no letter to this person")]
    NoLetter,
    /// The slot was given people in a way that the rules do not allow: none, somebody whom no
    /// letter reaches, or too often.
    #[error("the slot cannot have these people")]
    WrongPeople,
    /// The time to decide is over.
    #[error("the time to decide is over")]
    TooLate,
    /// Somebody has ended the access already.
    #[error("the access is being ended already")]
    EndingAlready,
    /// The mail is not wanted, or somebody else has set about it.
    #[error("the mail is not to be sent now")]
    NoNotice,
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
            request: id.clone(),
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
        };
        let record = Self {
            id,
            client,
            version: 0,
            state: State::Received,
            request,
            request_digest,
            created_at: now,
            since: now,
            due_at: Some(now + RESEND_AFTER),
            attempts: 0,
            asked: None,
            decisions: Vec::new(),
            until: None,
            end_reason: None,
            reported: Vec::new(),
            revocation: None,
            retained: Vec::new(),
            preview: None,
            notices: Vec::new(),
            audit: AuditHead {
                count: 1,
                hash: row.hash()?,
            },
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
        let mut record = self.clone();
        if let Some(step) = self.step_of(&event, now)? {
            let state = transition(self.state, step)?;
            if state != self.state {
                record.since = now;
            }
            record.state = state;
        }
        record.take(&event, now)?;
        record.version += 1;
        // A mail that is claimed again and again makes no progress.
        if !matches!(
            event,
            Event::LetterClaimed { .. } | Event::NoticeClaimed { .. }
        ) {
            record.attempts = 0;
        }
        record.due_at = record.next_due(now);
        let row = AuditRow {
            request: self.id.clone(),
            n: self.audit.count,
            at: now,
            actor,
            event,
            state: record.state,
            previous: Some(self.audit.hash.clone()),
        };
        record.audit = AuditHead {
            count: self.audit.count + 1,
            hash: row.hash()?,
        };
        Ok(Change {
            replaces: Some(self.version),
            record,
            row,
        })
    }

    /// The decision on a slot.
    #[must_use]
    pub fn decision_of(&self, slot: &str) -> Option<&DecisionRecord> {
        self.decisions
            .iter()
            .find(|decided| decided.signed.decision.slot == slot)
    }

    /// The content that is decided on, where it is that of the request, binding and slots that
    /// this record holds; none where nothing was asked or the record does not agree with itself.
    #[must_use]
    pub fn content(&self) -> Option<&Digest> {
        let asked = self.asked.as_ref()?;
        let there = content_digest(&self.request, &asked.binding, &asked.slots).ok()?;
        (there == asked.content).then_some(&asked.content)
    }

    /// The state that the ticket is to be told next, if any.
    #[must_use]
    pub fn unreported(&self) -> Option<State> {
        let tell = self.state.is_reported() && self.ticket_holds();
        (tell && !self.reported.contains(&self.state)).then_some(self.state)
    }

    /// Whether the ticket was found to carry this request. One that was not is never written to:
    /// whoever calls us could name any record.
    const fn ticket_holds(&self) -> bool {
        self.asked.is_some()
            || self.preview.is_some()
            || match &self.end_reason {
                Some(EndReason::Undeliverable { .. }) => true,
                Some(EndReason::Refused { code, .. }) => code.ticket_was_verified(),
                Some(EndReason::Failed { .. } | EndReason::Withdrawn { .. }) | None => false,
            }
    }

    fn step_of(&self, event: &Event, now: Timestamp) -> Result<Option<Step>, ChangeError> {
        Ok(Some(match event {
            Event::Received { .. }
            | Event::LetterClaimed { .. }
            | Event::LetterSent { .. }
            | Event::NoticeClaimed { .. }
            | Event::NoticeSent { .. }
            | Event::NoticeSkipped { .. }
            | Event::Reported { .. } => return Ok(None),
            Event::ApprovalRound { .. } => Step::Ask,
            Event::LetterBounced { approver, .. } => self.step_of_bounce(approver)?,
            Event::ApproverDisqualified { slot, approver } => self.step_of_loss(slot, approver)?,
            Event::SlotReassigned { slot, approvers } => self.step_of_people(slot, approvers)?,
            Event::DecisionRecord { decided } => self.step_of_decision(&decided.signed, now)?,
            Event::ProvisioningStarted => Step::Provision,
            Event::Activated { .. } => Step::Activate,
            Event::RevocationStarted => Step::Revoke,
            Event::RevocationRequested { .. } => Step::EndEarly,
            Event::Revoked { .. } => Step::FinishRevoke,
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
        let unasked = TransitionError {
            from: self.state,
            step: Step::ApproveOne,
        };
        let asked = self.asked.as_ref().ok_or(unasked)?;
        // A terminal state says so before anything else is looked at.
        transition(self.state, Step::ApproveOne)?;
        let slot = asked
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
        if decision.content != asked.content || decision.request != self.id {
            return Err(ChangeError::OtherContent);
        }
        if now >= asked.expires_at {
            return Err(ChangeError::TooLate);
        }
        let open = asked
            .slots
            .iter()
            .filter(|slot| self.decision_of(&slot.id).is_none())
            .count();
        Ok(match (decision.verdict, open) {
            (Verdict::Deny, _) => Step::Deny,
            (Verdict::Approve, 1) => Step::ApproveLast,
            (Verdict::Approve, _) => Step::ApproveOne,
        })
    }

    /// Takes over what the event carries.
    fn take(&mut self, event: &Event, now: Timestamp) -> Result<(), ChangeError> {
        match event {
            Event::ApprovalRound { asked } => self.asked = Some(asked.clone()),
            Event::LetterClaimed { approver } => self.letter(approver)?.claimed_at = Some(now),
            Event::LetterSent { approver, message } => {
                let letter = self.letter(approver)?;
                letter.sent_at = Some(now);
                letter.message.clone_from(message);
            }
            Event::LetterBounced { approver, .. } => self.take_bounce(approver),
            Event::ApproverDisqualified { slot, approver } => self.drop_from(slot, approver),
            Event::SlotReassigned { slot, approvers } => self.take_people(slot, approvers),
            Event::DecisionRecord { decided } => self.decisions.push(decided.clone()),
            Event::Activated { until } => self.until = Some(*until),
            Event::Refused { code, findings } => {
                self.end_reason = Some(EndReason::Refused {
                    code: *code,
                    findings: findings.clone(),
                });
            }
            Event::Undeliverable { slot } => {
                self.end_reason = Some(EndReason::Undeliverable { slot: slot.clone() });
            }
            Event::Failed { code } => self.end_reason = Some(EndReason::Failed { code: *code }),
            Event::Withdrawn { reason } => {
                let said = reason.clone();
                self.end_reason = said.map(|reason| EndReason::Withdrawn { reason });
            }
            Event::Reported { state } => self.reported.push(*state),
            Event::RevocationRequested { by, reason } => {
                self.end_early(*by, reason.clone(), now)?
            }
            Event::Revoked { retained } => self.retained.clone_from(retained),
            Event::Previewed { preview } => self.preview = Some(preview.clone()),
            Event::NoticeClaimed { notice } => self.claim_notice(notice, now)?,
            Event::NoticeSent { notice } => self.close_notice(notice, Closing::Sent, now)?,
            Event::NoticeSkipped { notice, why } => {
                self.close_notice(notice, Closing::Skipped { why: *why }, now)?;
            }
            Event::Received { .. }
            | Event::ProvisioningStarted
            | Event::RevocationStarted
            | Event::Expired => {}
        }
        Ok(())
    }

    fn letter(&mut self, approver: &SysId) -> Result<&mut LetterState, ChangeError> {
        let asked = self.asked.as_mut().ok_or(ChangeError::NoLetter)?;
        asked
            .letters
            .iter_mut()
            .find(|letter| letter.approver == *approver)
            .ok_or(ChangeError::NoLetter)
    }
}

#[cfg(test)]
pub(crate) mod tests;
