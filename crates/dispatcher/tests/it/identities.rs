//! Nobody is asked who may be the requester, or anybody else involved, under another record.

use snowgate_core::email::MailField;
use snowgate_core::lifecycle::State;
use snowgate_core::record::{EndReason, RefusalCode, RequestRecord};
use snowgate_core::ticket::{Person, PersonName, Ticket, UserAccount};
use testkit::samples;
use testkit::world::{
    BENEFICIARY, COLLEAGUE, LEAD, MANAGER, MEMBER, OWNER, PENDING_FOR, REMIND_BEFORE, SECURITY,
    World, account, address, at, id, person, requester,
};

use super::{addresses, dispatcher, handle};

/// Whoever is involved in a way, as their record is.
type Role = (&'static str, fn() -> Person);

const ROLES: [Role; 5] = [
    ("requester", requester),
    ("beneficiary", || person(BENEFICIARY)),
    ("opened the ticket", || person(0x20)),
    ("for whom it was opened", || person(0x21)),
    ("named by a record above it", || person(0x22)),
];

/// A ticket of the requester's that names all of them, and a request from it.
fn everybody_involved() -> (World, RequestRecord) {
    let world = World::default();
    for (_, who) in ROLES {
        world.servicenow.put_person(who());
    }
    let record = world.received(at(0));
    world.put_ticket(Ticket {
        sys_id: record.request().source.sys_id.clone(),
        number: record.request().source.number.clone(),
        active: true,
        opened_by: Some(id(0x20)),
        opened_for: Some(requester().sys_id),
        also_named: vec![id(0x21), id(0x22)],
    });
    (world, record)
}

fn refusal(world: &World, record: &RequestRecord) -> Option<RefusalCode> {
    handle(&dispatcher(world, &[]), record.id(), 1).unwrap();
    let after = world.load(record.id());
    assert_eq!(world.ledger.tokens().len(), world.mailer.sent().len());
    match after.end_reason() {
        Some(EndReason::Refused { code, .. }) => {
            assert_eq!(world.mailer.sent(), []);
            assert_eq!(
                after.unreported(),
                Some(State::Refused),
                "the ticket is told"
            );
            Some(code)
        }
        _ => None,
    }
}

#[test]
fn an_address_that_cannot_be_read_refuses_whoever_it_belongs_to() {
    let (world, record) = everybody_involved();
    assert_eq!(refusal(&world, &record), None, "all fine");
    for (role, who) in ROLES {
        for (spelling, text) in samples::UNREADABLE_ADDRESSES {
            let (world, record) = everybody_involved();
            let email = MailField::read(text);
            world.servicenow.put_person(Person { email, ..who() });
            let expected = Some(RefusalCode::UnreadableIdentity);
            assert_eq!(refusal(&world, &record), expected, "{role}: {spelling}");
        }
    }
}

#[test]
fn whoever_is_not_there_cannot_be_told_apart() {
    for (role, who) in &ROLES[1..] {
        let (world, record) = everybody_involved();
        world.servicenow.remove_person(&who().sys_id);
        let expected = Some(RefusalCode::UnreadableIdentity);
        assert_eq!(refusal(&world, &record), expected, "{role}");
        let (world, record) = everybody_involved();
        world.servicenow.put_person(Person {
            email: MailField::Empty,
            account: UserAccount::default(),
            name: PersonName::new(""),
            ..who()
        });
        assert_eq!(
            refusal(&world, &record),
            expected,
            "{role}: known by nothing"
        );
    }
}

#[test]
fn whoever_the_access_is_for_has_an_account() {
    let changes: [fn(&mut Person); 2] = [|one| one.active = false, |one| one.locked_out = true];
    for change in changes {
        let (world, record) = everybody_involved();
        let mut gone = person(BENEFICIARY);
        change(&mut gone);
        world.servicenow.put_person(gone);
        let expected = Some(RefusalCode::BeneficiaryInactive);
        assert_eq!(refusal(&world, &record), expected);
        // Whoever opened the ticket may have left since.
        let (world, record) = everybody_involved();
        let mut opener = person(0x20);
        change(&mut opener);
        world.servicenow.put_person(opener);
        assert_eq!(refusal(&world, &record), None);
    }
}

#[test]
fn nobody_whom_the_ticket_names_is_asked() {
    for who in [0x20, 0x21, 0x22] {
        let (world, record) = everybody_involved();
        let mut item = account();
        item.owned_by = Some(id(who));
        world.put_account(item);
        assert_eq!(refusal(&world, &record), None);
        assert_eq!(
            addresses(&world.mailer.sent()),
            [address(SECURITY)],
            "{who:x}"
        );
    }
}

/// A second record of somebody: another mailbox, and one thing in common.
#[test]
fn a_second_record_is_not_asked() {
    let twins: [fn(&mut Person, Person); 4] = [
        |twin, one| twin.account.user_name = one.account.user_name.to_uppercase(),
        |twin, one| twin.account.employee_number = format!(" {} ", one.account.employee_number),
        |twin, one| {
            let address = one.email.address().unwrap().expose().to_owned();
            twin.account.user_name = address;
        },
        |twin, one| twin.email = one.email,
    ];
    for (role, who) in ROLES {
        for (n, twin_of) in twins.into_iter().enumerate() {
            let (world, record) = everybody_involved();
            let mut twin = person(OWNER);
            twin_of(&mut twin, who());
            world.servicenow.put_person(twin);
            assert_eq!(refusal(&world, &record), None);
            // Whoever may change the first record does not choose who decides.
            let to = world.mailer.sent();
            assert_eq!(addresses(&to), [address(SECURITY)], "{role}, {n}");
        }
    }
    // A namesake with a mailbox of their own is somebody else.
    let (world, record) = everybody_involved();
    world.servicenow.put_person(Person {
        name: requester().name,
        ..person(OWNER)
    });
    assert_eq!(refusal(&world, &record), None);
    assert_eq!(addresses(&world.mailer.sent()), [address(OWNER)]);
}

#[test]
fn without_a_mailbox_to_be_told_apart_by_only_the_security_group_is_asked() {
    for (role, who) in ROLES {
        for nowhere in ["", "rita@elsewhere.example", "rita@xn--meridan-qfb.example"] {
            let (world, record) = everybody_involved();
            let email = MailField::read(nowhere);
            world.servicenow.put_person(Person { email, ..who() });
            assert_eq!(refusal(&world, &record), None);
            let to = world.mailer.sent();
            assert_eq!(addresses(&to), [address(SECURITY)], "{role}: {nowhere}");
            // Nor somebody of that group who has their name.
            let (world, record) = everybody_involved();
            let email = MailField::read(nowhere);
            world.servicenow.put_person(Person { email, ..who() });
            world.servicenow.put_person(Person {
                name: who().name,
                ..person(SECURITY)
            });
            handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
            let after = world.load(record.id());
            assert_eq!(after.state(), State::Undeliverable, "{role}: {nowhere}");
            assert_eq!(world.mailer.sent(), []);
        }
    }
}

/// What changes while a request waits counts for every later letter.
#[test]
fn who_is_involved_is_looked_at_again_for_each_letter() {
    let reminded = (PENDING_FOR - REMIND_BEFORE).as_secs() + 10;
    let later = |email: &str| {
        let world = World::default();
        let record = world.received(at(0));
        handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
        assert_eq!(addresses(&world.mailer.sent()), [address(OWNER)]);
        world.servicenow.put_person(Person {
            email: MailField::read(email),
            ..requester()
        });
        let result = handle(&dispatcher(&world, &[]), record.id(), reminded);
        (result.is_ok(), world, record)
    };
    let (done, world, _) = later("rita@meridian.example");
    assert!(done);
    assert_eq!(
        addresses(&world.mailer.sent()),
        [address(OWNER), address(OWNER)]
    );
    let (done, world, record) = later(" rita@meridian.example");
    assert!(!done, "it is tried again");
    assert_eq!(world.mailer.sent().len(), 1);
    assert_eq!(world.load(record.id()).state(), State::Pending);
    let (done, world, record) = later("");
    assert!(done);
    let to = world.mailer.sent();
    assert_eq!(addresses(&to), [address(OWNER), address(SECURITY)]);
    let after = world.load(record.id());
    assert!(after.asks(&id(SECURITY)));
    for who in [OWNER, MANAGER, LEAD, MEMBER, COLLEAGUE] {
        assert!(!after.asks(&id(who)));
    }
}
