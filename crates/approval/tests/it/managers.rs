//! The manager of whoever receives the access decides a slot of their own.

use ports::ledger::{Commit, Requests as _};
use snowgate_core::approval::{ReviewToken, Verdict};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{ApprovalRound, Event, RequestRecord};
use snowgate_core::slots::{Approver, ApproverRole, OwnedResource, Slot};
use snowgate_core::ticket::Person;
use testkit::Fault;
use testkit::samples;
use testkit::world::{
    BENEFICIARY, COLLEAGUE, MEMBER, OWNER, PENDING_FOR, World, at, id, person, ready, requester,
};
use workflow::survey::survey;

use super::refusing::put_ticket;
use super::{approval, decision, send};

/// A request that waits for the owner and for the beneficiary's manager, and the manager's link.
fn waiting(world: &World) -> (RequestRecord, ReviewToken) {
    world
        .servicenow
        .set_manager(&id(BENEFICIARY), Some(id(MEMBER)));
    let record = world.received(at(0));
    let facts = ready(survey(
        &world.directory,
        record.request(),
        &world.guardrails,
    ))
    .unwrap();
    let sys_id = id(BENEFICIARY);
    let manager = Approver::own(id(MEMBER), ApproverRole::LineManager);
    let slots = vec![
        samples::slot(&[id(OWNER)]),
        Slot::new(OwnedResource::Beneficiary { sys_id }, vec![manager]),
    ];
    let binding = facts.binding(world.guardrails.digest());
    let content = binding.content_digest(record.request(), &slots).unwrap();
    let round = ApprovalRound::new(slots, binding, content, at(0) + PENDING_FOR);
    let event = Event::ApprovalRequested { round };
    let commit = Commit {
        documents: facts.documents(),
        ..Commit::from(record.apply(event, Actor::Dispatcher, at(0)).unwrap())
    };
    ready(world.ledger.commit(&commit)).unwrap();
    let link = world.link(&commit.change.record, MEMBER, at(1));
    (world.load(record.id()), link)
}

#[test]
fn a_managers_yes_fills_their_slot_alone_and_their_no_ends_it() {
    for (word, verdict, state) in [
        ("approve", Verdict::Approve, State::Pending),
        ("deny", Verdict::Deny, State::Denied),
    ] {
        let world = World::default();
        let (record, link) = waiting(&world);
        let event = decision(&world, &link, word, 10);
        let answer = send(&approval(&world, &Fault::none()), event, 10);
        assert_eq!(answer.status, 200, "{word}");
        let after = world.load(record.id());
        assert_eq!(after.state(), state);
        let signed = &after.decisions()[0].signed.decision;
        let slot = format!("beneficiary:{}", id(BENEFICIARY));
        assert_eq!(
            (signed.slot.as_str(), signed.verdict),
            (slot.as_str(), verdict)
        );
    }
}

#[test]
fn whoever_does_not_manage_the_person_any_more_does_not_decide() {
    type Change = fn(&World, &RequestRecord);
    let changes: [(&str, Change); 8] = [
        ("another manager", |world, _| {
            world
                .servicenow
                .set_manager(&id(BENEFICIARY), Some(id(COLLEAGUE)));
        }),
        ("no manager, or hidden", |world, _| {
            world.servicenow.set_manager(&id(BENEFICIARY), None);
        }),
        ("their own manager", |world, _| {
            world
                .servicenow
                .set_manager(&id(BENEFICIARY), Some(id(BENEFICIARY)));
        }),
        ("inactive", |world, _| {
            world.servicenow.put_person(Person {
                active: false,
                ..person(MEMBER)
            });
        }),
        ("another record of the requester", |world, _| {
            world.servicenow.put_person(Person {
                email: requester().email,
                ..person(MEMBER)
            });
        }),
        ("another record of the beneficiary", |world, _| {
            world.servicenow.put_person(Person {
                email: person(BENEFICIARY).email,
                ..person(MEMBER)
            });
        }),
        ("named in the ticket", |world, record| {
            put_ticket(world, record, true, Some(id(MEMBER)));
        }),
        ("missing", |world, _| {
            world.servicenow.remove_person(&id(MEMBER))
        }),
    ];
    for (what, change) in changes {
        let world = World::default();
        let (record, link) = waiting(&world);
        let event = decision(&world, &link, "approve", 10);
        change(&world, &record);
        let answer = send(&approval(&world, &Fault::none()), event, 10);
        let refused = [403, 410].contains(&answer.status);
        assert!(refused, "{what}: {}", answer.status);
        let after = world.load(record.id());
        assert_eq!(
            (after.state(), after.decisions()),
            (State::Pending, &[][..]),
            "{what}"
        );
    }
}

/// Nobody stands in for a manager.
#[test]
fn the_owner_does_not_decide_for_the_manager() {
    let world = World::default();
    let (record, _) = waiting(&world);
    let link = world.link(&record, OWNER, at(2));
    let event = decision(&world, &link, "approve", 10);
    let answer = send(&approval(&world, &Fault::none()), event, 10);
    assert_eq!(answer.status, 200);
    let after = world.load(record.id());
    assert_eq!(
        (after.state(), after.decisions().len()),
        (State::Pending, 1)
    );
}
