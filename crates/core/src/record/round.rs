//! An approval round: what was asked of whom, and what they decided.

use jiff::{SignedDuration, Timestamp};

use super::Event;
use crate::approval::SignedDecision;
use crate::binding::Binding;
use crate::finding::Finding;
use crate::id::{Digest, SysId};
use crate::prose::Reason;
use crate::slots::{Approver, Slot};

/// What was bound when the owners were asked, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRound {
    /// The approvals that are needed.
    pub slots: Vec<Slot>,
    /// What IAM held.
    pub binding: Binding,
    /// The digest that decisions are made on.
    pub content: Digest,
    /// What was found, for approvers to know.
    pub findings: Vec<Finding>,
    /// Until when a decision is awaited.
    pub expires_at: Timestamp,
    /// When people are reminded.
    pub reminders: Reminders,
    /// People whom a message did not reach. They are asked no more.
    pub(crate) unreachable: Vec<SysId>,
    /// The decisions, in the order in which they were made.
    pub(crate) decisions: Vec<DecisionRecord>,
    /// The beneficiary's manager, where the guardrails have them notified.
    pub(crate) notified_manager: Option<SysId>,
}

/// A decision with the reason in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRecord {
    /// The decision and what proves it.
    pub signed: SignedDecision,
    /// What the approver typed.
    pub reason: Reason,
}

/// When people are reminded; fixed when the approvers are asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reminders {
    /// When those who have not decided are reminded.
    pub remind_at: Option<Timestamp>,
    /// How long before the end of the access the requester is notified.
    pub before_end: Option<SignedDuration>,
}

impl Reminders {
    /// Computes the times. Zero means no reminder. A reminder to decide comes at the earliest
    /// when half of the time is over.
    #[must_use]
    pub fn new(
        asked_at: Timestamp,
        expires_at: Timestamp,
        before_expiry: SignedDuration,
        before_end: SignedDuration,
    ) -> Self {
        let least = (expires_at.duration_since(asked_at) / 2).min(before_expiry);
        Self {
            remind_at: before_expiry.is_positive().then(|| expires_at - least),
            before_end: before_end.is_positive().then_some(before_end),
        }
    }
}

impl ApprovalRound {
    /// A round that begins: nobody has decided, everybody can be reached, nobody is reminded.
    #[must_use]
    pub fn new(slots: Vec<Slot>, binding: Binding, content: Digest, expires_at: Timestamp) -> Self {
        Self {
            slots,
            binding,
            content,
            findings: Vec::new(),
            expires_at,
            reminders: Reminders::default(),
            unreachable: Vec::new(),
            decisions: Vec::new(),
            notified_manager: None,
        }
    }

    /// The same round with what was found, for approvers to know.
    #[must_use]
    pub fn with_findings(self, findings: Vec<Finding>) -> Self {
        Self { findings, ..self }
    }

    /// The same round with the beneficiary's manager, who is to be notified that it began.
    #[must_use]
    pub fn with_notified_manager(self, manager: Option<SysId>) -> Self {
        Self {
            notified_manager: manager,
            ..self
        }
    }

    /// The same round with the times at which people are reminded.
    #[must_use]
    pub fn with_reminders(self, reminders: Reminders) -> Self {
        Self { reminders, ..self }
    }

    /// The round after what happened to it; the same where the event is about something else.
    pub(super) fn after(mut self, event: &Event) -> Self {
        match event {
            Event::Decided { decision } => self.decisions.push(decision.clone()),
            Event::DeliveryBounced { approver, .. } => self.lose(approver),
            Event::ApproverDisqualified { slot, approver } => self.drop_approver(slot, approver),
            Event::SlotReassigned { slot, approvers } => self.reassign(slot, approvers),
            _ => {}
        }
        self
    }

    fn is_decided(&self, slot: &str) -> bool {
        let mut decided = self.decisions.iter();
        decided.any(|decided| decided.signed.decision.slot == slot)
    }

    /// Takes a person whom no message reaches out of every open slot.
    fn lose(&mut self, person: &SysId) {
        let open = self.slots.iter().filter(|slot| !self.is_decided(&slot.id));
        let theirs = open.filter(|slot| slot.approver(person).is_some());
        let theirs: Vec<String> = theirs.map(|slot| slot.id.clone()).collect();
        for slot in theirs {
            self.drop_approver(&slot, person);
        }
        self.unreachable.push(person.clone());
    }

    /// Takes a person out of a slot at once: until it is reassigned, only those left can decide
    /// it.
    fn drop_approver(&mut self, slot: &str, person: &SysId) {
        for slot in self.slots.iter_mut().filter(|other| other.id == slot) {
            slot.approvers.retain(|approver| approver.sys_id != *person);
            slot.needs_reassignment = true;
        }
    }

    fn reassign(&mut self, slot: &str, approvers: &[Approver]) {
        for slot in self.slots.iter_mut().filter(|other| other.id == slot) {
            slot.approvers = approvers.to_vec();
            slot.attempts = slot.attempts.saturating_add(1);
            slot.needs_reassignment = false;
        }
    }
}
