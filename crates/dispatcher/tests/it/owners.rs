//! Who gets an e-mail.

use snowgate_core::email::MailField;
use snowgate_core::lifecycle::State;
use snowgate_core::record::EndReason;
use snowgate_core::slots::ApproverRole;
use snowgate_core::ticket::Person;
use testkit::samples::ACCOUNT;
use testkit::world::{
    COLLEAGUE, LEAD, MANAGER, MEMBER, OWNER, SECURITY, SECURITY_GROUP, SUPPORT_GROUP, World,
    account, address, at, id, person, principal_facts, requester,
};
use testkit::{Group, QueueName};

use super::{addresses, dispatcher, handle, token_in};

/// Somebody who cannot be asked, and why.
type Unfit = fn(&World, u8);

const UNFIT: [(&str, Unfit); 6] = [
    ("inactive", |world, n| {
        world.servicenow.put_person(Person {
            active: false,
            ..person(n)
        });
    }),
    ("locked", |world, n| {
        world.servicenow.put_person(Person {
            locked_out: true,
            ..person(n)
        });
    }),
    ("without mail", |world, n| {
        world.servicenow.put_person(Person {
            email: MailField::Empty,
            ..person(n)
        });
    }),
    ("with foreign mail", |world, n| {
        world.servicenow.put_person(Person {
            email: MailField::read("x@meridian.example.evil.example"),
            ..person(n)
        });
    }),
    ("the beneficiary", |world, n| {
        let mut facts = principal_facts();
        facts.owner_tag = Some(id(n).as_str().to_owned());
        world.directory.put_principal(&world.target, facts);
    }),
    ("unknown", |world, n| {
        let mut item = account();
        for place in [&mut item.owned_by, &mut item.managed_by] {
            if *place == Some(id(n)) {
                *place = Some(id(0xee));
            }
        }
        if n == OWNER || n == MANAGER {
            world.put_account(item);
        } else {
            world.servicenow.put_person(Person {
                active: false,
                ..person(n)
            });
        }
    }),
];

/// The order in which people are asked, those of one role together.
const CHAIN: [(&[u8], ApproverRole); 5] = [
    (&[OWNER], ApproverRole::Owner),
    (&[MANAGER], ApproverRole::Manager),
    (&[LEAD], ApproverRole::GroupManager),
    (&[MEMBER, COLLEAGUE], ApproverRole::GroupMember),
    (&[SECURITY], ApproverRole::SecurityGroup),
];

#[test]
fn whoever_stands_nearest_and_is_fit_is_asked() {
    for (why, unfit) in UNFIT {
        for length in 0..CHAIN.len() {
            // Only one person can be the beneficiary; the others are inactive.
            let world = World::default();
            let skipped: Vec<u8> = CHAIN[..length]
                .iter()
                .flat_map(|(people, _)| people.iter().copied())
                .collect();
            for (n, who) in skipped.iter().rev().enumerate() {
                let make = if n == 0 { unfit } else { UNFIT[0].1 };
                make(&world, *who);
            }
            let record = world.received(at(0));
            handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
            let (asked, role) = CHAIN[length];
            let expected: Vec<String> = asked.iter().map(|n| address(*n)).collect();
            let letters = world.mailer.sent();
            assert_eq!(addresses(&letters), expected, "{why}, {length} skipped");
            let after = world.load(record.id());
            assert_eq!(after.state(), State::Pending);
            let slot = &after.slots()[0];
            assert!(slot.approvers.iter().all(|asked| asked.role == role));
        }
    }
}

#[test]
fn an_owner_who_asks_does_not_decide() {
    let world = World::default();
    let mut item = account();
    item.owned_by = Some(requester().sys_id);
    item.managed_by = Some(requester().sys_id);
    world.put_account(item);
    let record = world.received(at(0));
    handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
    assert_eq!(addresses(&world.mailer.sent()), [address(LEAD)]);
}

#[test]
fn a_group_that_is_inactive_has_nobody() {
    let world = World::default();
    let mut item = account();
    (item.owned_by, item.managed_by) = (None, None);
    world.put_account(item);
    let group = Group {
        active: false,
        manager: Some(id(LEAD)),
        members: vec![id(MEMBER)],
    };
    world.servicenow.put_group(&id(SUPPORT_GROUP), group);
    let record = world.received(at(0));
    handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
    assert_eq!(addresses(&world.mailer.sent()), [address(SECURITY)]);
}

fn ends_undeliverable(world: &World) {
    let record = world.received(at(0));
    handle(&dispatcher(world, &[]), record.id(), 1).unwrap();
    let after = world.load(record.id());
    assert_eq!(after.state(), State::Undeliverable);
    let slot = format!("account:{ACCOUNT}");
    assert_eq!(
        after.end_reason(),
        Some(EndReason::Undeliverable { slot: &slot })
    );
    assert_eq!(world.mailer.sent(), []);
    let woken = world.queues.sent();
    assert_eq!(woken.len(), 1);
    assert_eq!(
        (woken[0].queue, woken[0].request()),
        (QueueName::Outcomes, record.id())
    );
}

#[test]
fn nobody_left_ends_the_request() {
    let world = World::default();
    let mut item = account();
    (item.owned_by, item.managed_by, item.support_group) = (None, None, None);
    world.put_account(item);
    let empty = Group {
        active: true,
        ..Group::default()
    };
    world.servicenow.put_group(&id(SECURITY_GROUP), empty);
    ends_undeliverable(&world);
}

#[test]
fn an_account_that_the_cmdb_has_not_once_ends_the_request() {
    let world = World::default();
    world.servicenow.remove_account(&ACCOUNT.parse().unwrap());
    ends_undeliverable(&world);
    let world = World::default();
    world
        .servicenow
        .add_account(&ACCOUNT.parse().unwrap(), account());
    ends_undeliverable(&world);
}

#[test]
fn each_letter_has_a_link_of_its_own_that_opens() {
    let world = World::default();
    world.supported_by(&[MEMBER, COLLEAGUE]);
    let record = world.received(at(0));
    handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
    let letters = world.mailer.sent();
    assert_eq!(addresses(&letters), [address(MEMBER), address(COLLEAGUE)]);
    let rows = world.ledger.tokens();
    assert_eq!(rows.len(), 2);
    let expires_at = world.load(record.id()).expires_at().unwrap();
    for (letter, who) in letters.iter().zip([MEMBER, COLLEAGUE]) {
        let digest = token_in(letter).digest();
        let row = rows.iter().find(|row| row.digest == digest).unwrap();
        assert_eq!(
            (&row.request, &row.approver, row.expires_at),
            (record.id(), &id(who), expires_at)
        );
        for verdict in ["approve", "deny"] {
            let links: Vec<_> = letter.email.html.match_indices("href=").collect();
            assert_eq!(
                links.len(),
                2,
                "that of the page, which decides nothing, and that of the ticket"
            );
            assert!(!letter.email.text.contains(&format!("/{verdict}")));
        }
    }
}
