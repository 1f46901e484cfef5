//! The manager's approval: where the guardrails want it, nothing is granted without.

use super::*;
use crate::slots::{Approver, Slot};

fn with(settings: &str) -> Guardrails {
    let text = TEXT.replacen("risk = \"low\"", &format!("risk = \"low\"\n{settings}"), 1);
    Guardrails::parse(&text).unwrap()
}

/// A request that was asked for in the account's slot and those of the managers of these people, and
/// approved by person 2 and person 5, under guardrails with these bytes.
fn approved_beside(managers_of: &[u8], guardrails: &Guardrails) -> RequestRecord {
    let of_managers = managers_of.iter().map(|n| {
        let resource = OwnedResource::Beneficiary { sys_id: person(*n) };
        let manager = Approver::own(person(5), ApproverRole::LineManager);
        Slot::new(resource, vec![manager])
    });
    let mut slots = vec![slot("210987654321", &[2])];
    slots.extend(of_managers);
    let binding = surveyed().binding(guardrails.digest());
    let content = binding.content_digest(&request(), &slots).unwrap();
    let round = ApprovalRound::new(slots.clone(), binding, content, at(72 * 3600));
    let event = Event::ApprovalRequested { round };
    let asked = received().record.apply(event, Actor::Dispatcher, at(1));
    let mut record = asked.unwrap().record;
    for slot in slots {
        let who = slot.approvers[0].sys_id.clone();
        let n = if who == person(2) { 2 } else { 5 };
        let yes = identities::proved(decide(&record, &slot.id, n, Verdict::Approve));
        let actor = Actor::Approver { sys_id: who };
        record = record.apply(yes, actor, at(2)).unwrap().record;
    }
    record
}

#[test]
fn the_slots_are_those_that_the_guardrails_want() {
    // The same bytes, and so the same digest: what was written into the ledger is not believed.
    let strict = with("manager = \"approve\"");
    let none = Guardrails {
        grants: with("").grants,
        ..strict.clone()
    };
    let lenient = Guardrails {
        grants: with("manager = \"approve\"\nwithout_manager = \"proceed\"").grants,
        ..strict.clone()
    };
    let notified = Guardrails {
        grants: with("manager = \"notify\"").grants,
        ..strict.clone()
    };
    let unproven = Err(FailureCode::UnprovenDecision);
    for (managers_of, of) in [
        (&[][..], [unproven, Ok(()), Ok(()), Ok(())]),
        (&[1], [Ok(()), Ok(()), unproven, unproven]),
        // Of somebody whom the principal does not belong to, or of one more.
        (&[7], [unproven; 4]),
        (&[1, 7], [unproven; 4]),
    ] {
        let record = approved_beside(managers_of, &strict);
        let all = [&strict, &lenient, &notified, &none];
        let found = all.map(|guardrails| check(&record, &surveyed(), guardrails, at(20)));
        assert_eq!(found, of, "{managers_of:?}");
    }
}

#[test]
fn the_managers_yes_is_the_managers() {
    let guardrails = with("manager = \"approve\"");
    let record = approved_beside(&[1], &guardrails);
    let mut elsewhere = record.clone();
    // The owner's yes, said to be one for the manager's slot.
    let decisions = elsewhere.decisions_mut();
    decisions[1].signed.decision.approver = person(2);
    let found = check(&elsewhere, &surveyed(), &guardrails, at(20));
    assert_eq!(found, Err(FailureCode::UnprovenDecision));
    let mut denied = record;
    denied.decisions_mut()[1].signed.decision.verdict = Verdict::Deny;
    let found = check(&denied, &surveyed(), &guardrails, at(20));
    assert_eq!(found, Err(FailureCode::UnprovenDecision));
}
