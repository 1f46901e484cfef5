//! Dry runs: everything is checked, and nobody is asked.

use snowgate_core::email::MailField;
use snowgate_core::lifecycle::State;
use snowgate_core::preview::{PassedOver, PassedOverBecause, Preview};
use snowgate_core::record::{Message, RequestRecord};
use snowgate_core::slots::{Approver, ApproverRole};
use snowgate_core::ticket::{Person, Ticket};
use testkit::samples;
use testkit::world::{
    COLLEAGUE, LEAD, MANAGER, MEMBER, OWNER, SECURITY, World, account, at, id, person,
    principal_facts, requester,
};
use testkit::{Aftermath, Moment};

use super::{ALL, dispatcher, handle};

fn dry(world: &World) -> RequestRecord {
    let mut request = world.request();
    request.dry_run = true;
    world.receive(request, at(0))
}

/// What a dry run in this world finds.
fn preview(world: &World) -> Preview {
    let record = dry(world);
    handle(&dispatcher(world, &[]), record.id(), 1).unwrap();
    let after = world.load(record.id());
    assert_eq!(after.state(), State::Previewed);
    after.preview().unwrap().clone()
}

fn passed(who: u8, role: ApproverRole, because: PassedOverBecause) -> PassedOver {
    PassedOver {
        sys_id: id(who),
        role,
        because,
    }
}

#[test]
fn a_dry_run_finds_changes_and_owners_and_asks_nobody() {
    let world = World::default();
    let record = dry(&world);
    handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
    let after = world.load(record.id());
    assert_eq!((after.state(), after.round()), (State::Previewed, None));
    let preview = after.preview().unwrap();
    assert_eq!(preview.changes.len(), 1);
    assert!(!preview.changes[0].already_there);
    let slot = &preview.slots[0];
    let owner = Approver::own(id(OWNER), ApproverRole::Owner);
    assert_eq!(
        (&slot.would_ask[..], &slot.passed_over[..]),
        (&[owner][..], &[][..])
    );
    assert_eq!(
        (world.mailer.sent(), world.ledger.tokens()),
        (vec![], vec![])
    );
    assert_eq!(after.unreported(), Some(State::Previewed));
    assert_eq!(world.queues.sent().len(), 1, "the reporter is woken");
    let note = Message::TicketNote {
        state: State::Previewed,
    };
    assert_eq!(after.due_deliveries(at(2)), [note], "nobody is written to");

    handle(&dispatcher(&world, &[]), record.id(), 2).unwrap();
    assert_eq!(world.load(record.id()), after, "it stays as it is");
    let real = world.receive(record.request().clone(), at(3));
    assert_eq!(
        real.state(),
        State::Received,
        "the ticket may ask for real now"
    );
}

#[test]
fn what_is_there_already_is_told() {
    let world = World::default();
    let mut facts = principal_facts();
    facts.attached = vec![samples::policy().to_string()];
    world.directory.put_principal(&world.target, facts);
    assert!(preview(&world).changes[0].already_there);
}

#[test]
fn whoever_is_passed_over_has_a_reason() {
    let world = World::default();
    let fine = |who| person(who);
    world.servicenow.put_person(Person {
        active: false,
        ..fine(OWNER)
    });
    world.servicenow.put_person(Person {
        email: MailField::read("x@evil.example"),
        ..fine(MANAGER)
    });
    world.servicenow.put_person(Person {
        locked_out: true,
        ..fine(LEAD)
    });
    world.servicenow.put_person(Person {
        email: requester().email,
        ..fine(MEMBER)
    });
    let slot = preview(&world).slots.remove(0);
    let asked: Vec<_> = slot.would_ask.iter().map(|one| &one.sys_id).collect();
    assert_eq!(asked, [&id(SECURITY)]);
    assert_eq!(
        slot.passed_over,
        [
            passed(OWNER, ApproverRole::Owner, PassedOverBecause::Inactive),
            passed(
                MANAGER,
                ApproverRole::Manager,
                PassedOverBecause::ForeignMail
            ),
            passed(LEAD, ApproverRole::GroupManager, PassedOverBecause::Locked),
            passed(
                MEMBER,
                ApproverRole::GroupMember,
                PassedOverBecause::Involved
            ),
            passed(
                COLLEAGUE,
                ApproverRole::GroupMember,
                PassedOverBecause::TicketNamesApprover
            ),
        ]
    );
}

/// As the request would be dispatched, so its dry run says.
#[test]
fn the_dry_run_says_that_the_ticket_names_an_approver() {
    let world = World::default();
    world.supported_by(&[MEMBER, COLLEAGUE]);
    let record = dry(&world);
    world.put_ticket(Ticket {
        sys_id: record.request().source.sys_id.clone(),
        number: record.request().source.number.clone(),
        active: true,
        opened_by: Some(requester().sys_id),
        opened_for: Some(id(MEMBER)),
        also_named: Vec::new(),
    });
    handle(&dispatcher(&world, &ALL), record.id(), 1).unwrap();
    let record = world.load(record.id());
    let slot = &record.preview().unwrap().slots[0];
    let asked: Vec<_> = slot.would_ask.iter().map(|one| &one.sys_id).collect();
    assert_eq!(asked, [&id(SECURITY)]);
    let role = ApproverRole::GroupMember;
    assert_eq!(
        slot.passed_over,
        [
            passed(MEMBER, role, PassedOverBecause::Involved),
            passed(COLLEAGUE, role, PassedOverBecause::TicketNamesApprover),
        ]
    );
}

#[test]
fn where_nobody_could_be_asked_the_dry_run_says_so() {
    let world = World::default();
    for who in [OWNER, MANAGER, LEAD, MEMBER, COLLEAGUE, SECURITY] {
        world.servicenow.put_person(Person {
            email: MailField::Empty,
            ..person(who)
        });
    }
    let slot = preview(&world).slots.remove(0);
    assert_eq!((slot.known, slot.would_ask.len()), (true, 0));
    assert_eq!(slot.passed_over.len(), 6);
    let mut nobodys = account();
    nobodys.owned_by = Some(id(0x77));
    world.put_account(nobodys);
    let slot = preview(&world).slots.remove(0);
    let first = passed(0x77, ApproverRole::Owner, PassedOverBecause::Missing);
    assert_eq!(slot.passed_over.first(), Some(&first));
}

/// Wherever a run breaks off, the next comes to the same end, and nobody is written to.
#[test]
fn a_dry_run_that_breaks_off_is_taken_up() {
    for moment in [Moment::Before, Moment::After] {
        let mut nth = 1;
        loop {
            let world = World::default();
            let record = dry(&world);
            world.fault.at(nth, moment, Aftermath::Dead);
            let _ = handle(&dispatcher(&world, &ALL), record.id(), 1);
            let reached = world.fault.calls() >= nth;
            world.fault.mend();
            handle(&dispatcher(&world, &ALL), record.id(), 200).unwrap();
            assert_eq!(world.load(record.id()).state(), State::Previewed);
            assert_eq!(world.mailer.sent(), [], "{moment:?} call {nth}");
            if !reached {
                break;
            }
            nth += 1;
        }
        assert!(nth > 5, "every call was tried: {nth}");
    }
}
