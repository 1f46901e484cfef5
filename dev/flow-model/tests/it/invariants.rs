//! What holds after every step, and what holds at the end.

use std::collections::BTreeSet;

use ports::ledger::Requests as _;
use ports::signature::Verifier as _;
use snowgate_core::approval::Verdict;
use snowgate_core::audit;
use snowgate_core::lifecycle::State;
use snowgate_core::record::{DecisionRecord, Event, RequestRecord};
use snowgate_core::slots::{Slot, owned_resources};
use snowgate_core::ticket::marker;
use testkit::take_back;
use testkit::world::{self, BENEFICIARY, at, ready};

use crate::flow::Flow;

/// The states in which a request may hold access.
const HOLDING: [State; 3] = [State::Provisioning, State::Active, State::Revoking];

impl Flow {
    pub(crate) fn check(&mut self) {
        for record in self.world.ledger.records() {
            self.check_decisions(&record);
            self.check_people(&record);
            self.check_endings(&record);
            self.check_trail(&record);
            self.check_mails(&record);
            if let Some(end) = self.ended.get(record.id()) {
                assert_eq!(record.state(), *end, "a terminal state has changed");
            } else if record.state().is_terminal() {
                self.ended.insert(record.id().clone(), record.state());
            } else {
                assert!(
                    record.due_at().is_some(),
                    "{:?} is due at no time",
                    record.state()
                );
            }
        }
        self.check_access();
        self.check_all_mails();
        self.check_notes();
    }

    /// Whatever a principal holds was there before us, or belongs to a request that was approved.
    fn check_access(&self) {
        for ((user, key), before) in self.keys().zip(&self.before) {
            let held = self.world.directory.facts(user).unwrap();
            let effects = self.world.ledger.effects_on(&key);
            let mut unexplained = held.clone();
            for effect in &effects {
                let request = self.world.load(&effect.request);
                assert!(
                    HOLDING.contains(&request.state()),
                    "an effect outlived its request"
                );
                let there = held.shows(&effect.change);
                assert!(
                    there || request.state() != State::Active,
                    "active without access"
                );
                if there && !effect.preexisting && self.is_approved(&request) {
                    take_back(&mut unexplained, &effect.change);
                }
            }
            assert_eq!(
                unexplained, *before,
                "what nobody approved, or what was there before us and is gone"
            );
        }
    }

    /// Everything that the request affects has its slot, and every slot a signed yes of somebody
    /// who was asked for it and is not involved.
    fn is_approved(&self, record: &RequestRecord) -> bool {
        let Some(asked) = record.round() else {
            return false;
        };
        let needed = owned_resources(record.request(), &[]);
        let mut slots = asked.slots.iter();
        needed.len() == asked.slots.len()
            && slots.all(|slot| needed.contains(&slot.resource) && self.is_filled(record, slot))
            && !self.forged.contains(record.id())
    }

    fn is_filled(&self, record: &RequestRecord, slot: &Slot) -> bool {
        let Some(decided) = record.decision_of(&slot.id) else {
            return false;
        };
        let decision = &decided.signed.decision;
        let involved = [
            record.request().requested_by.clone(),
            world::id(BENEFICIARY),
        ];
        let message = decision.signed_bytes().unwrap();
        decision.verdict == Verdict::Approve
            && Some(&decision.content) == record.content()
            && slot.approver(&decision.approver).is_some()
            && !involved.contains(&decision.approver)
            && ready(self.world.keys.verify(&message, &decided.signed.mac)).unwrap()
    }

    /// The first decision of a slot wins and stays, and any no ends the request.
    fn check_decisions(&mut self, record: &RequestRecord) {
        let before = self
            .decided
            .insert(record.id().clone(), record.decisions().to_vec())
            .unwrap_or_default();
        assert!(
            record.decisions().starts_with(&before),
            "a decision was changed or lost"
        );
        let slots: BTreeSet<_> = record
            .decisions()
            .iter()
            .map(|decided| &decided.signed.decision.slot)
            .collect();
        assert_eq!(
            slots.len(),
            record.decisions().len(),
            "one decision for a slot"
        );
        let no = |decided: &DecisionRecord| decided.signed.decision.verdict == Verdict::Deny;
        assert_eq!(
            record.decisions().iter().any(no),
            record.state() == State::Denied,
            "any no ends it, and nothing else denies"
        );
        if HOLDING[1..].contains(&record.state()) || record.state() == State::Revoked {
            assert!(
                self.is_approved(record),
                "{:?} without approval",
                record.state()
            );
        }
    }

    /// Nobody whom an e-mail did not reach is asked.
    fn check_people(&self, record: &RequestRecord) {
        for slot in record.open_slots() {
            let lost = |id| slot.approver(id).is_some();
            assert!(
                !record.unreachable().iter().any(lost),
                "asked without an e-mail"
            );
            let settled = !slot.needs_reassignment && record.state() == State::Pending;
            assert!(!settled || !slot.approvers.is_empty(), "nobody is asked");
        }
    }

    /// What was withdrawn was never begun, what was ended early is over and stays so, and a dry
    /// run asks nobody.
    fn check_endings(&mut self, record: &RequestRecord) {
        let trail = ready(self.world.ledger.trail(record.id())).unwrap();
        let begun = trail.iter().any(|row| {
            matches!(
                row.read::<RequestRecord>().unwrap().event,
                Event::ProvisioningStarted { .. }
            )
        });
        assert!(
            !begun || record.state() != State::Withdrawn,
            "withdrawn too late"
        );
        if let Some(revocation) = record.revocation() {
            assert!(record.until().is_some_and(|until| until <= revocation.at));
            assert!([State::Active, State::Revoking, State::Revoked].contains(&record.state()));
            let before = self.ending.insert(record.id().clone(), record.until());
            assert!(
                before.is_none_or(|before| before == record.until()),
                "what was ended early has another end"
            );
        } else {
            assert!(
                !self.ending.contains_key(record.id()),
                "an early end is lost"
            );
        }
        if record.request().dry_run {
            let nothing = record.round().is_none() && record.decisions().is_empty() && !begun;
            assert!(nothing, "a dry run asks nobody and changes nothing");
        }
        assert_eq!(
            record.preview().is_some(),
            record.state() == State::Previewed
        );
    }

    fn check_trail(&self, record: &RequestRecord) {
        let trail = ready(self.world.ledger.trail(record.id())).unwrap();
        let trail = audit::verify(&trail, record).unwrap();
        let decided = trail
            .iter()
            .filter(|row| matches!(row.event, Event::Decided { .. }))
            .count();
        assert_eq!(decided, record.decisions().len(), "one row for a decision");
    }

    /// No marker stands twice, and none but of states that are reported.
    fn check_notes(&self) {
        let updates = self.world.tickets.updates();
        let markers: BTreeSet<_> = updates
            .iter()
            .map(|(_, _, update)| &update.marker)
            .collect();
        assert_eq!(markers.len(), updates.len(), "a note stands twice");
        for record in self.world.ledger.records() {
            for state in record.reported() {
                assert!(
                    markers.contains(&marker(record.id(), state)),
                    "reported, without a note"
                );
            }
        }
    }

    pub(crate) fn check_the_end(&self) {
        for record in self.world.ledger.records() {
            assert!(record.state().is_terminal(), "left {:?}", record.state());
            assert_eq!((record.unreported(), record.due_at()), (None, None));
            let once: BTreeSet<_> = record.reported().into_iter().collect();
            assert_eq!(once.len(), record.reported().len(), "reported once");
            let far = at(i64::from(u32::MAX));
            assert_eq!(record.due_deliveries(far), [], "everybody is notified");
            if record.round().is_some() || record.preview().is_some() {
                assert!(
                    record.is_reported(record.state()),
                    "the ticket knows the end"
                );
            }
        }
        for ((user, key), before) in self.keys().zip(&self.before) {
            assert_eq!(self.world.directory.facts(user).as_ref(), Some(before));
            assert_eq!(self.world.ledger.effects_on(&key), []);
        }
    }
}
