//! Who may decide the open slots, and how that changes while a request waits.
//!
//! What the approval is an approval of never changes here: the content digest names the slots by
//! what they stand for, not by people.

use serde::Serialize;

use super::{ApprovalRound, ChangeError, LetterState, Reminders, RequestRecord};
use crate::canonical;
use crate::id::{Digest, SysId};
use crate::lifecycle::{Step, TransitionError, transition};
use crate::slots::{Approver, ApproverRole, MAX_REASSIGNMENTS, Slot};

impl ApprovalRound {
    /// What is asked with these slots: a letter for each person, however many slots the person
    /// may fill.
    #[must_use]
    pub fn new(
        slots: Vec<Slot>,
        binding: crate::binding::Binding,
        content: Digest,
        expires_at: jiff::Timestamp,
    ) -> Self {
        let mut letters: Vec<LetterState> = Vec::new();
        for approver in slots.iter().flat_map(|slot| &slot.approvers) {
            if !letters.iter().any(|l| l.approver == approver.sys_id) {
                letters.push(LetterState::to(approver.sys_id.clone()));
            }
        }
        Self {
            slots,
            binding,
            content,
            findings: Vec::new(),
            letters,
            expires_at,
            reminders: Reminders::default(),
            unreachable: Vec::new(),
        }
    }

    /// Forgets the letters to people who can fill no slot any more.
    fn tidy(&mut self) {
        let slots = &self.slots;
        self.letters
            .retain(|letter| slots.iter().any(|s| s.approver(&letter.approver).is_some()));
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    content: &'a Digest,
    slots: Vec<&'a str>,
}

impl RequestRecord {
    /// The slots that nobody has decided yet.
    pub fn open_slots(&self) -> impl Iterator<Item = &Slot> {
        let slots = self.asked.as_ref().map_or(&[][..], |asked| &asked.slots);
        slots
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
        let slots = self.asked.as_ref().map_or(&[][..], |asked| &asked.slots);
        slots.iter().any(|slot| slot.approver(person).is_some())
    }

    /// What a form shows to this person and is an answer to: the content, and the slots that the
    /// answer decides. None where there is nothing to decide, or the record does not agree with
    /// itself.
    #[must_use]
    pub fn shown_to(&self, person: &SysId) -> Option<Digest> {
        let content = self.content()?;
        let slots: Vec<&str> = self.open_slots_of(person).map(|s| s.id.as_str()).collect();
        if slots.is_empty() {
            return None;
        }
        canonical::digest("shown", &Shown { content, slots }).ok()
    }

    pub(super) fn step_of_loss(&self, slot: &str, person: &SysId) -> Result<Step, ChangeError> {
        let slot = self.changeable(slot)?;
        match slot.approver(person) {
            Some(_) => Ok(Step::Resolve),
            None => Err(ChangeError::NotAsked),
        }
    }

    pub(super) fn step_of_bounce(&self, person: &SysId) -> Result<Step, ChangeError> {
        transition(self.state, Step::Resolve)?;
        match self.open_slot_of(person) {
            Some(_) => Ok(Step::Resolve),
            None => Err(ChangeError::NotAsked),
        }
    }

    pub(super) fn step_of_people(
        &self,
        slot: &str,
        approvers: &[Approver],
    ) -> Result<Step, ChangeError> {
        let slot = self.changeable(slot)?;
        let unreachable = self.asked.iter().flat_map(|asked| &asked.unreachable);
        let mut lost = unreachable.filter(|id| approvers.iter().any(|a| a.sys_id == **id));
        let last = slot.rounds >= MAX_REASSIGNMENTS;
        let within = slot.rounds <= MAX_REASSIGNMENTS
            && (!last
                || approvers
                    .iter()
                    .all(|a| a.role == ApproverRole::SecurityGroup));
        if approvers.is_empty() || lost.next().is_some() || !within {
            return Err(ChangeError::WrongPeople);
        }
        Ok(Step::Resolve)
    }

    /// An open slot of a request that waits for decisions.
    fn changeable(&self, id: &str) -> Result<&Slot, ChangeError> {
        transition(self.state, Step::Resolve)?;
        let unasked = TransitionError {
            from: self.state,
            step: Step::Resolve,
        };
        let asked = self.asked.as_ref().ok_or(unasked)?;
        let slot = asked.slots.iter().find(|slot| slot.id == id);
        let slot = slot.ok_or(ChangeError::UnknownSlot)?;
        match self.decision_of(id) {
            Some(_) => Err(ChangeError::SlotDecided),
            None => Ok(slot),
        }
    }

    pub(super) fn take_bounce(&mut self, person: &SysId) {
        let open: Vec<String> = self
            .open_slots_of(person)
            .map(|slot| slot.id.clone())
            .collect();
        for slot in open {
            self.drop_from(&slot, person);
        }
        if let Some(asked) = &mut self.asked {
            asked.unreachable.push(person.clone());
        }
    }

    /// Takes a person out of a slot at once: until people were looked for anew, only those left
    /// can decide it.
    pub(super) fn drop_from(&mut self, slot: &str, person: &SysId) {
        let Some(asked) = &mut self.asked else {
            return;
        };
        for slot in asked.slots.iter_mut().filter(|other| other.id == slot) {
            slot.approvers.retain(|approver| approver.sys_id != *person);
            slot.needs_reassignment = true;
        }
        asked.tidy();
    }

    /// Gives a slot its new people. Whoever is new to it gets a letter with a fresh link; whoever
    /// stays keeps the one they have.
    pub(super) fn take_people(&mut self, slot: &str, approvers: &[Approver]) {
        let Some(asked) = &mut self.asked else {
            return;
        };
        let Some(slot) = asked.slots.iter_mut().find(|other| other.id == slot) else {
            return;
        };
        let before = std::mem::replace(&mut slot.approvers, approvers.to_vec());
        slot.rounds = slot.rounds.saturating_add(1);
        slot.needs_reassignment = false;
        let letters = &mut asked.letters;
        for Approver { sys_id, .. } in approvers {
            if before.iter().any(|a| a.sys_id == *sys_id) {
                continue;
            }
            letters.retain(|letter| letter.approver != *sys_id);
            letters.push(LetterState::to(sys_id.clone()));
        }
        asked.tidy();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::Verdict;
    use crate::bounce::BounceKind;
    use crate::lifecycle::{Actor, State};
    use crate::record::Event;
    use crate::record::tests::{ONE, TWO, approver, at, decide, pending, person, slot};

    fn apply(record: &RequestRecord, event: Event) -> Result<RequestRecord, ChangeError> {
        Ok(record.apply(event, Actor::Dispatcher, at(20))?.record)
    }

    fn sent(record: &RequestRecord, who: u8) -> RequestRecord {
        let event = Event::LetterSent {
            approver: person(who),
            message: None,
        };
        apply(record, event).unwrap()
    }

    fn lost(slot: &str, who: u8) -> Event {
        Event::ApproverDisqualified {
            slot: slot.to_owned(),
            approver: person(who),
        }
    }

    fn bounced(who: u8) -> Event {
        Event::LetterBounced {
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

    fn unsent(record: &RequestRecord) -> Vec<SysId> {
        let letters = &record.asked.as_ref().unwrap().letters;
        let unsent = letters.iter().filter(|letter| letter.sent_at.is_none());
        unsent.map(|letter| letter.approver.clone()).collect()
    }

    #[test]
    fn who_lost_their_standing_decides_no_more_and_others_are_found() {
        let record = sent(&pending(vec![slot("210987654321", &[2])]), 2);
        let content = record.content().cloned();
        let dropped = apply(&record, lost(ONE, 2)).unwrap();
        assert_eq!(dropped.due_at, Some(at(20)), "due at once");
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
        assert_eq!(approved.state, State::Approved);
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
        assert_eq!(unsent(&again), [person(4), person(2)]);
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
            Err(ChangeError::WrongPeople)
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
        let asked = record.asked.as_ref().unwrap();
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
            Err(ChangeError::WrongPeople)
        ));
        let security = resolved(ONE, &[20], ApproverRole::SecurityGroup);
        record = apply(&record, security.clone()).unwrap();
        assert!(matches!(
            apply(&record, security),
            Err(ChangeError::WrongPeople)
        ));
        assert!(matches!(
            apply(&record, resolved(ONE, &[], ApproverRole::SecurityGroup)),
            Err(ChangeError::WrongPeople)
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
