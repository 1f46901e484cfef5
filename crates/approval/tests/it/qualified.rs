//! Somebody who was asked and does not qualify any more decides nothing.

use snowgate_core::email::MailField;
use snowgate_core::id::SysId;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{Event, RequestRecord};
use snowgate_core::slots::{Approver, ApproverRole, Delegation};
use snowgate_core::ticket::Person;
use testkit::Fault;
use testkit::world::{LEAD, MANAGER, OWNER, SECURITY, World, account, at, id, person, requester};

use super::refusing::{pending, put_ticket, refused};
use super::{REASON, approval, decision, form, look, nonce, post, send, snapshot};

#[test]
fn whoever_lost_standing_does_not_decide() {
    type Change = fn(&World);
    let changes: [(&str, Change); 8] = [
        ("no longer the owner", |world| {
            let mut item = account();
            item.owned_by = Some(id(MANAGER));
            world.put_account(item);
        }),
        ("account gone", |world| {
            let account = testkit::samples::ACCOUNT.parse().unwrap();
            world.servicenow.remove_account(&account);
        }),
        ("account twice", |world| {
            let id = testkit::samples::ACCOUNT.parse().unwrap();
            world.servicenow.add_account(&id, account());
        }),
        ("inactive", |world| {
            world.servicenow.put_person(Person {
                active: false,
                ..person(OWNER)
            });
        }),
        ("locked", |world| {
            world.servicenow.put_person(Person {
                locked_out: true,
                ..person(OWNER)
            });
        }),
        ("foreign mail", |world| {
            let email = MailField::read("x@evil.example");
            world.servicenow.put_person(Person {
                email,
                ..person(OWNER)
            });
        }),
        ("turned out to be the requester", |world| {
            let email = requester().email;
            world.servicenow.put_person(Person {
                email,
                ..person(OWNER)
            });
        }),
        ("turned out to be the beneficiary", |world| {
            let email = person(testkit::world::BENEFICIARY).email;
            world.servicenow.put_person(Person {
                email,
                ..person(OWNER)
            });
        }),
    ];
    for (what, change) in changes {
        let world = World::default();
        let (record, link) = pending(&world);
        change(&world);
        let answer = send(
            &approval(&world, &Fault::none()),
            decision(&world, &link, "approve", 10),
            10,
        );
        assert_eq!(answer.status, 403, "{what}");
        nothing_decided(&world, &record);
        let looked = send(
            &approval(&world, &Fault::none()),
            look("GET", &link.expose()),
            11,
        );
        assert_eq!(looked.status, 410, "{what}: the link says so from now on");
        let before = snapshot(&world);
        let again = post(&link, &form(&nonce(&world, &link, 10), "approve", REASON));
        let again = send(&approval(&world, &Fault::none()), again, 12);
        assert_eq!((again.status, snapshot(&world)), (410, before), "{what}");
    }
}

/// Nothing is decided, the owner is asked no more, and the sweeper is to wake the dispatcher.
#[track_caller]
fn nothing_decided(world: &World, record: &RequestRecord) {
    let after = world.load(record.id());
    assert_eq!(after.decisions(), []);
    assert!(!after.asks(&id(OWNER)) && after.needs_reassignment().is_some());
    assert_eq!(after.due_at(), Some(at(10)));
    assert_eq!(world.queues.sent(), []);
}

/// A delegate decides while the delegation and the role behind it last.
#[test]
fn a_delegate_decides_in_the_dates_of_the_delegation() {
    type Change = fn(&World);
    let ends = |second| Delegation {
        from: id(OWNER),
        to: id(LEAD),
        starts: Some(at(-1000)),
        ends: Some(at(second)),
    };
    let cases: [(&str, i64, i64, Change); 4] = [
        ("in its dates", 100, 200, |_| {}),
        ("ended", 9, 403, |_| {}),
        ("delegator left", 100, 403, |world| {
            world.servicenow.put_person(Person {
                active: false,
                ..person(OWNER)
            });
        }),
        ("delegator is no owner any more", 100, 403, |world| {
            world.put_account(snowgate_core::account::AccountItem {
                owned_by: Some(id(MANAGER)),
                ..account()
            });
        }),
    ];
    for (what, end, status, change) in cases {
        let world = World::default();
        let (record, _) = pending(&world);
        let slot = record.open_slots().next().unwrap().id.clone();
        let approvers = vec![
            Approver::own(id(OWNER), ApproverRole::Owner),
            Approver {
                on_behalf_of: Some(id(OWNER)),
                ..Approver::own(id(LEAD), ApproverRole::Owner)
            },
        ];
        let resolved = Event::SlotReassigned { slot, approvers };
        let record = world.apply(&record, resolved, Actor::Dispatcher, at(1));
        let link = world.link(&record, LEAD, at(2));
        world.servicenow.add_delegation(ends(end));
        change(&world);
        let event = decision(&world, &link, "approve", 10);
        let answer = send(&approval(&world, &Fault::none()), event, 10);
        assert_eq!(answer.status, status, "{what}");
        let decided = world.load(record.id()).decisions().len();
        assert_eq!(decided, usize::from(status == 200), "{what}");
    }
}

/// What was open before the slot was settled anew is shown again, not decided.
#[test]
fn a_form_from_before_others_were_found_counts_only_for_those_still_asked() {
    let world = World::default();
    let (record, link) = pending(&world);
    let event = decision(&world, &link, "approve", 10);
    let slot = record.open_slots().next().unwrap().id.clone();
    let approvers = vec![Approver::own(id(MANAGER), ApproverRole::Manager)];
    let resolved = Event::SlotReassigned { slot, approvers };
    let record = world.apply(&record, resolved, Actor::Dispatcher, at(9));
    refused(&world, event, 410, false);
    assert_eq!(world.load(record.id()), record);
}

#[test]
fn whoever_the_ticket_is_for_meanwhile_does_not_decide() {
    let world = World::default();
    let (record, link) = pending(&world);
    put_ticket(&world, &record, true, Some(id(OWNER)));
    let event = decision(&world, &link, "approve", 10);
    assert_eq!(
        send(&approval(&world, &Fault::none()), event, 10).status,
        403
    );
    nothing_decided(&world, &record);
}

/// Whoever is asked beside somebody whom the ticket was made to name does not decide in their
/// place.
#[test]
fn naming_an_approver_leaves_the_decision_to_the_security_group() {
    type Named = fn() -> SysId;
    let named: [(&str, Named); 2] = [
        ("the other approver", || id(LEAD)),
        ("another record of theirs", || id(0x20)),
    ];
    for (what, named) in named {
        let world = World::default();
        world.supported_by(&[LEAD, OWNER]);
        world.servicenow.put_person(Person {
            email: person(LEAD).email,
            ..person(0x20)
        });
        let (record, _) = world.pending(&[SECURITY], at(0));
        let slot = record.open_slots().next().unwrap().id.clone();
        let member = |who| Approver::own(id(who), ApproverRole::GroupMember);
        let approvers = vec![member(LEAD), member(OWNER)];
        let resolved = Event::SlotReassigned { slot, approvers };
        let record = world.apply(&record, resolved, Actor::Dispatcher, at(1));
        let link = world.link(&record, OWNER, at(2));
        put_ticket(&world, &record, true, Some(named()));
        let event = decision(&world, &link, "approve", 10);
        let answer = send(&approval(&world, &Fault::none()), event, 10);
        assert_eq!(answer.status, 403, "{what}");
        nothing_decided(&world, &record);
    }
}
