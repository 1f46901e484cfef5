//! Who may decide the open slots, and how that changes while a request waits.
//!
//! What an approver approves never changes here: the content digest names the slots by
//! what they stand for, not by people.

use super::{ChangeError, Event, Message, RequestRecord};
use crate::id::{Digest, SysId};
use crate::lifecycle::{Step, TransitionError, transition};
use crate::slots::{Approver, Slot};

impl RequestRecord {
    /// The slots that nobody has decided yet.
    pub fn open_slots(&self) -> impl Iterator<Item = &Slot> {
        self.slots()
            .iter()
            .filter(|slot| self.decision_of(&slot.id).is_none())
    }

    /// The slots that this person may still decide.
    pub fn open_slots_of(&self, person: &SysId) -> impl Iterator<Item = &Slot> {
        self.open_slots()
            .filter(|slot| slot.approver(person).is_some())
    }

    /// The first slot that this person may still decide, if any.
    #[must_use]
    pub fn open_slot_of(&self, person: &SysId) -> Option<&Slot> {
        self.open_slots_of(person).next()
    }

    /// The first open slot whose people are to be looked for anew, if any.
    #[must_use]
    pub fn needs_reassignment(&self) -> Option<&Slot> {
        self.open_slots().find(|slot| slot.needs_reassignment)
    }

    /// Whether this person is one of those who are asked, or were when their slot was decided.
    #[must_use]
    pub fn asks(&self, person: &SysId) -> bool {
        let mut slots = self.slots().iter();
        slots.any(|slot| slot.approver(person).is_some())
    }

    /// The digest of what this person's form shows: the content, and the slots that the
    /// answer decides. None where there is nothing to decide, or the record does not agree with
    /// itself.
    #[must_use]
    pub fn shown_to(&self, person: &SysId) -> Option<Digest> {
        self.content()?;
        let slots: Vec<&str> = self.open_slots_of(person).map(|s| s.id.as_str()).collect();
        if slots.is_empty() {
            return None;
        }
        self.round()?.shown_digest(&slots).ok()
    }

    pub(super) fn step_of_disqualification(
        &self,
        slot: &str,
        person: &SysId,
    ) -> Result<Step, ChangeError> {
        let slot = self.changeable(slot)?;
        match slot.approver(person) {
            Some(_) => Ok(Step::ChangeApprovers),
            None => Err(ChangeError::NotAsked),
        }
    }

    pub(super) fn step_of_bounce(&self, person: &SysId) -> Result<Step, ChangeError> {
        transition(self.state(), Step::ChangeApprovers)?;
        match self.open_slot_of(person) {
            Some(_) => Ok(Step::ChangeApprovers),
            None => Err(ChangeError::NotAsked),
        }
    }

    pub(super) fn step_of_reassignment(
        &self,
        slot: &str,
        approvers: &[Approver],
    ) -> Result<Step, ChangeError> {
        let slot = self.changeable(slot)?;
        let eligible = |approver: &Approver| {
            slot.eligible_roles().contains(&approver.role)
                && !self.unreachable().contains(&approver.sys_id)
        };
        if approvers.is_empty() || !approvers.iter().all(eligible) {
            return Err(ChangeError::InvalidApprovers);
        }
        Ok(Step::ChangeApprovers)
    }

    /// An open slot of a request that waits for decisions.
    fn changeable(&self, id: &str) -> Result<&Slot, ChangeError> {
        transition(self.state(), Step::ChangeApprovers)?;
        let unasked = TransitionError {
            from: self.state(),
            step: Step::ChangeApprovers,
        };
        let round = self.round().ok_or(unasked)?;
        let slot = round.slots.iter().find(|slot| slot.id == id);
        let slot = slot.ok_or(ChangeError::UnknownSlot)?;
        match self.decision_of(id) {
            Some(_) => Err(ChangeError::SlotDecided),
            None => Ok(slot),
        }
    }

    /// The people who are new to the slot that an event reassigns.
    pub(super) fn newcomers(&self, event: &Event) -> Vec<SysId> {
        let Event::SlotReassigned { slot, approvers } = event else {
            return Vec::new();
        };
        let mut slots = self.slots().iter();
        let before = slots.find(|other| other.id == *slot);
        let new = approvers.iter().filter(|approver| {
            before.is_none_or(|before| before.approver(&approver.sys_id).is_none())
        });
        new.map(|approver| approver.sys_id.clone()).collect()
    }

    /// Forgets the review requests to people who can fill no slot any more, and to newcomers, who
    /// get one with a fresh link. Whoever stays in a slot keeps the one they have.
    pub(super) fn forget_review_requests(&mut self, newcomers: &[SysId]) {
        let slots = self.phase.round().map_or(&[][..], |round| &round.slots);
        self.deliveries.retain(|delivery| match &delivery.message {
            Message::ReviewRequest { approver } => {
                let mut slots = slots.iter();
                slots.any(|slot| slot.approver(approver).is_some()) && !newcomers.contains(approver)
            }
            _ => true,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Verdict;
    use crate::bounce::BounceKind;
    use crate::lifecycle::{Actor, State};
    use crate::record::Event;
    use crate::record::tests::{
        ONE, TWO, approver, at, decide, delivered, pending, person, review_request, slot,
    };
    use crate::slots::{ApproverRole, MAX_REASSIGNMENTS};

    fn apply(record: &RequestRecord, event: Event) -> Result<RequestRecord, ChangeError> {
        Ok(record.apply(event, Actor::Dispatcher, at(20))?.record)
    }

    fn sent(record: &RequestRecord, who: u8) -> RequestRecord {
        delivered(record, review_request(who), 20)
    }

    fn lost(slot: &str, who: u8) -> Event {
        Event::ApproverDisqualified {
            slot: slot.to_owned(),
            approver: person(who),
        }
    }

    fn bounced(who: u8) -> Event {
        Event::DeliveryBounced {
            approver: person(who),
            kind: BounceKind::Bounced,
        }
    }

    fn resolved(slot: &str, who: &[u8], role: ApproverRole) -> Event {
        Event::SlotReassigned {
            slot: slot.to_owned(),
            approvers: who
                .iter()
                .map(|n| Approver::own(person(*n), role))
                .collect(),
        }
    }

    /// Those who have not been sent a review request and are to be.
    fn unsent(record: &RequestRecord) -> Vec<SysId> {
        let open = record.open_deliveries(at(20)).into_iter();
        let unsent = open.filter_map(|message| match message {
            Message::ReviewRequest { approver } => Some(approver),
            _ => None,
        });
        unsent.collect()
    }

    #[test]
    fn who_lost_their_standing_decides_no_more_and_others_are_found() {
        let record = sent(&pending(vec![slot("210987654321", &[2])]), 2);
        let content = record.content().cloned();
        let dropped = apply(&record, lost(ONE, 2)).unwrap();
        assert_eq!(dropped.due_at(), Some(at(20)), "due at once");
        assert_eq!(
            dropped.needs_reassignment().map(|s| s.id.as_str()),
            Some(ONE)
        );
        assert_eq!(dropped.open_slot_of(&person(2)), None);
        assert!(!dropped.asks(&person(2)));
        let yes = decide(&dropped, ONE, 2, Verdict::Approve);
        assert!(matches!(
            dropped.apply(yes, approver(2), at(21)),
            Err(ChangeError::NotAsked)
        ));
        assert!(matches!(
            apply(&dropped, lost(ONE, 2)),
            Err(ChangeError::NotAsked)
        ));
        let found = apply(&dropped, resolved(ONE, &[3], ApproverRole::Manager)).unwrap();
        assert_eq!(unsent(&found), [person(3)]);
        assert_eq!(found.needs_reassignment(), None);
        assert_eq!(
            found.content().cloned(),
            content,
            "what is decided on stays"
        );
        let yes = decide(&found, ONE, 3, Verdict::Approve);
        let approved = found.apply(yes, approver(3), at(22)).unwrap().record;
        assert_eq!(approved.state(), State::Approved);
    }

    #[test]
    fn who_stays_keeps_their_letter() {
        let record = pending(vec![slot("210987654321", &[2, 3])]);
        let record = sent(&sent(&record, 2), 3);
        let dropped = apply(&record, lost(ONE, 2)).unwrap();
        let found = apply(&dropped, resolved(ONE, &[3, 4], ApproverRole::Owner)).unwrap();
        assert_eq!(unsent(&found), [person(4)]);
        // Somebody who comes back gets a fresh link.
        let again = apply(&found, resolved(ONE, &[2, 3, 4], ApproverRole::Owner)).unwrap();
        assert_eq!(unsent(&again), [person(2), person(4)]);
    }

    #[test]
    fn who_is_new_to_a_second_slot_is_written_to_again() {
        let slots = vec![slot("210987654321", &[2]), slot("320987654321", &[3])];
        let record = sent(&sent(&pending(slots), 2), 3);
        let found = apply(&record, resolved(TWO, &[2], ApproverRole::Owner)).unwrap();
        assert_eq!(unsent(&found), [person(2)]);
        assert!(!found.asks(&person(3)));
    }

    #[test]
    fn a_bounce_closes_every_open_slot_to_the_person() {
        let slots = vec![slot("210987654321", &[2]), slot("320987654321", &[2, 3])];
        let record = apply(&pending(slots), bounced(2)).unwrap();
        assert_eq!(record.open_slots_of(&person(2)).count(), 0);
        assert_eq!(
            record.open_slots().filter(|s| s.needs_reassignment).count(),
            2
        );
        let back = resolved(ONE, &[2], ApproverRole::Owner);
        assert!(matches!(
            apply(&record, back),
            Err(ChangeError::InvalidApprovers)
        ));
        assert!(matches!(
            apply(&record, bounced(2)),
            Err(ChangeError::NotAsked)
        ));
        assert!(matches!(
            apply(&record, bounced(9)),
            Err(ChangeError::NotAsked)
        ));
    }

    #[test]
    fn a_decided_slot_keeps_its_people() {
        let slots = vec![slot("210987654321", &[2]), slot("320987654321", &[2])];
        let record = pending(slots);
        let yes = decide(&record, ONE, 2, Verdict::Approve);
        let record = record.apply(yes, approver(2), at(11)).unwrap().record;
        for event in [lost(ONE, 2), resolved(ONE, &[3], ApproverRole::Owner)] {
            assert!(matches!(
                apply(&record, event),
                Err(ChangeError::SlotDecided)
            ));
        }
        let record = apply(&record, bounced(2)).unwrap();
        let asked = record.round().unwrap();
        assert!(asked.slots[0].approver(&person(2)).is_some());
        assert!(asked.slots[1].approver(&person(2)).is_none());
    }

    #[test]
    fn the_search_ends() {
        let mut record = pending(vec![slot("210987654321", &[2])]);
        for who in 3..3 + MAX_REASSIGNMENTS {
            record = apply(&record, resolved(ONE, &[who], ApproverRole::Owner)).unwrap();
        }
        let more = resolved(ONE, &[20], ApproverRole::Owner);
        assert!(matches!(
            apply(&record, more),
            Err(ChangeError::InvalidApprovers)
        ));
        let security = resolved(ONE, &[20], ApproverRole::SecurityGroup);
        record = apply(&record, security.clone()).unwrap();
        assert!(matches!(
            apply(&record, security),
            Err(ChangeError::InvalidApprovers)
        ));
        assert!(matches!(
            apply(&record, resolved(ONE, &[], ApproverRole::SecurityGroup)),
            Err(ChangeError::InvalidApprovers)
        ));
    }

    #[test]
    fn nothing_of_it_happens_outside_of_pending() {
        let record = pending(vec![slot("210987654321", &[2])]);
        let ended = record
            .apply(Event::Expired, Actor::Sweeper, at(11))
            .unwrap();
        for event in [
            lost(ONE, 2),
            bounced(2),
            resolved(ONE, &[3], ApproverRole::Owner),
        ] {
            assert!(matches!(
                apply(&ended.record, event),
                Err(ChangeError::Transition(_))
            ));
        }
    }

    #[test]
    fn a_form_answers_the_slots_that_it_showed() {
        let slots = vec![slot("210987654321", &[2]), slot("320987654321", &[2, 3])];
        let record = pending(slots);
        let both = record.shown_to(&person(2));
        assert!(both.is_some() && both != record.shown_to(&person(3)));
        let yes = decide(&record, TWO, 3, Verdict::Approve);
        let record = record.apply(yes, approver(3), at(11)).unwrap().record;
        assert!(record.shown_to(&person(2)).is_some());
        assert_ne!(record.shown_to(&person(2)), both);
        assert_eq!(record.shown_to(&person(3)), None);
    }
}
