//! Whether somebody decides for themselves is looked at again at the decision, as it was when they
//! were asked, and signed with it.

use snowgate_core::approval::ReviewToken;
use snowgate_core::email::MailField;
use snowgate_core::id::SysId;
use snowgate_core::person::{MarkKey, PeopleMarks};
use snowgate_core::record::RequestRecord;
use snowgate_core::ticket::{Person, Ticket};
use testkit::world::{BENEFICIARY, LEAD, OWNER, SECURITY, World, at, id, person, ready, requester};
use testkit::{Fault, samples};

use super::{approval, decision, send, snapshot};

fn pending(world: &World) -> (RequestRecord, ReviewToken) {
    let (record, mut links) = world.pending(&[OWNER], at(0));
    (record, links.remove(0))
}

fn status(world: &World, link: &ReviewToken, choice: &str) -> i64 {
    let approval = approval(world, &Fault::none());
    send(&approval, decision(world, link, choice, 10), 10).status
}

fn ticket(record: &RequestRecord, opened_by: SysId, also_named: Vec<SysId>) -> Ticket {
    Ticket {
        sys_id: record.request().source.sys_id.clone(),
        number: record.request().source.number.clone(),
        active: true,
        opened_by: Some(opened_by),
        opened_for: None,
        also_named,
    }
}

type Change = fn(&World, &RequestRecord);

#[test]
fn nobody_decides_while_somebody_involved_is_not_as_when_they_were_asked() {
    let changes: [(&str, Change); 8] = [
        ("the requester left", |world, _| {
            let active = false;
            world.servicenow.put_person(Person {
                active,
                ..requester()
            });
        }),
        ("the requester is locked out", |world, _| {
            let locked_out = true;
            world.servicenow.put_person(Person {
                locked_out,
                ..requester()
            });
        }),
        ("the requester is gone", |world, _| {
            world.servicenow.remove_person(&requester().sys_id);
        }),
        ("the beneficiary left", |world, _| {
            let active = false;
            let gone = person(BENEFICIARY);
            world.servicenow.put_person(Person { active, ..gone });
        }),
        ("the beneficiary is gone", |world, _| {
            world.servicenow.remove_person(&id(BENEFICIARY));
        }),
        ("the ticket is another's", |world, record| {
            world.put_ticket(ticket(record, id(LEAD), Vec::new()));
        }),
        ("the ticket has another number", |world, record| {
            let number = "RITM0099999".to_owned().try_into().unwrap();
            let ticket = ticket(record, requester().sys_id, Vec::new());
            world.put_ticket(Ticket { number, ..ticket });
        }),
        (
            "the ticket names somebody who is not there",
            |world, record| {
                let also = vec![samples::sys_id()];
                world.put_ticket(ticket(record, requester().sys_id, also));
            },
        ),
    ];
    for (what, change) in changes {
        for choice in ["approve", "deny"] {
            let world = World::default();
            let (record, link) = pending(&world);
            change(&world, &record);
            let before = snapshot(&world);
            assert_eq!(status(&world, &link, choice), 409, "{what}");
            assert_eq!(snapshot(&world), before, "{what}");
        }
    }
}

#[test]
fn nobody_decides_beside_an_address_that_cannot_be_read() {
    type Who = fn() -> Person;
    let involved: [Who; 4] = [
        requester,
        || person(BENEFICIARY),
        || person(0x20),
        || person(0x21),
    ];
    for who in involved {
        for (spelling, text) in samples::UNREADABLE_ADDRESSES {
            let world = World::default();
            for n in [0x20, 0x21] {
                world.servicenow.put_person(person(n));
            }
            let (record, link) = pending(&world);
            world.put_ticket(Ticket {
                opened_for: Some(requester().sys_id),
                ..ticket(&record, id(0x20), vec![id(0x21)])
            });
            let email = MailField::read(text);
            world.servicenow.put_person(Person { email, ..who() });
            let before = snapshot(&world);
            assert_eq!(status(&world, &link, "approve"), 409, "{spelling}");
            assert_eq!(snapshot(&world), before, "{spelling}");
            // It is decided once that is put right.
            world.servicenow.put_person(who());
            assert_eq!(status(&world, &link, "approve"), 200, "{spelling}");
        }
    }
}

#[test]
fn an_approver_who_turns_out_to_be_involved_decides_no_more() {
    let changes: [(&str, Change); 6] = [
        ("same user name", |world, _| {
            let mut twin = person(OWNER);
            twin.account.user_name = requester().account.user_name;
            world.servicenow.put_person(twin);
        }),
        ("same employee number as the beneficiary", |world, _| {
            let mut twin = person(OWNER);
            twin.account.employee_number = person(BENEFICIARY).account.employee_number;
            world.servicenow.put_person(twin);
        }),
        ("a user name that is the requester's address", |world, _| {
            let mut twin = person(OWNER);
            twin.account.user_name = "Rita@Meridian.example".to_owned();
            world.servicenow.put_person(twin);
        }),
        ("named by a record above the ticket", |world, record| {
            world.put_ticket(ticket(record, requester().sys_id, vec![id(OWNER)]));
        }),
        ("the requester has no address any more", |world, _| {
            let email = MailField::Empty;
            world.servicenow.put_person(Person {
                email,
                ..requester()
            });
        }),
        ("the beneficiary has one from elsewhere", |world, _| {
            let email = MailField::read("x@elsewhere.example");
            let moved = person(BENEFICIARY);
            world.servicenow.put_person(Person { email, ..moved });
        }),
    ];
    for (what, change) in changes {
        let world = World::default();
        let (record, link) = pending(&world);
        change(&world, &record);
        assert_eq!(status(&world, &link, "approve"), 403, "{what}");
        let after = world.load(record.id());
        assert_eq!(after.decisions(), [], "{what}");
        assert!(!after.asks(&id(OWNER)) && after.needs_reassignment().is_some());
    }
}

#[test]
fn the_security_group_decides_where_a_mailbox_is_missing() {
    let world = World::default();
    let email = MailField::Empty;
    world.servicenow.put_person(Person {
        email,
        ..requester()
    });
    let (record, links) = world.pending(&[SECURITY], at(0));
    assert_eq!(status(&world, &links[0], "approve"), 200);
    let after = world.load(record.id());
    let identities = after.decisions()[0]
        .signed
        .decision
        .identities
        .clone()
        .unwrap();
    let without: Vec<&SysId> = identities
        .involved
        .iter()
        .filter(|one| !one.has_mailbox)
        .map(|one| &one.sys_id)
        .collect();
    assert_eq!(without, [&requester().sys_id]);
}

#[test]
fn who_decided_and_who_was_involved_is_signed_without_names() {
    let world = World::default();
    world.servicenow.put_person(person(0x21));
    let (record, link) = pending(&world);
    world.put_ticket(ticket(&record, requester().sys_id, vec![id(0x21)]));
    assert_eq!(status(&world, &link, "approve"), 200);
    let after = world.load(record.id());
    let decided = &after.decisions()[0].signed;
    let identities = decided.decision.identities.as_ref().unwrap();
    let named: Vec<&SysId> = identities.involved.iter().map(|one| &one.sys_id).collect();
    assert_eq!(named, [&id(BENEFICIARY), &id(0x21), &requester().sys_id]);
    assert!(!identities.decided_by_one_of(&identities.involved));
    // The marks are those of these people, by the key of this request.
    let message = MarkKey::message(record.id()).unwrap();
    let mac = ready(ports::signature::Signer::sign(&world.keys, &message)).unwrap();
    let key = MarkKey::new(mac.as_bytes());
    let owner = PeopleMarks::new(&key, &[person(OWNER)], &[]);
    assert_eq!(identities.deciders, owner.deciders);
    let (all, _) = snapshot(&world);
    for canary in ["rita@", "person-10", "meridian.example"] {
        assert!(!all.contains(canary), "{canary}");
    }
}
