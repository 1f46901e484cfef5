//! Whoever edits the ticket does not choose who decides.

use serde_json::json;
use snowgate_core::account::AccountItem;
use snowgate_core::email::MailField;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::SysId;
use snowgate_core::lifecycle::State;
use snowgate_core::record::RequestRecord;
use snowgate_core::slots::Delegation;
use snowgate_core::ticket::{Person, Ticket};
use testkit::Group;
use testkit::world::{
    BENEFICIARY, COLLEAGUE, GUARDRAILS, LEAD, MANAGER, MEMBER, OWNER, PENDING_FOR, REMIND_BEFORE,
    SECURITY, SECURITY_GROUP, World, account, address, at, id, person, principal_facts, requester,
};

use super::{addresses, dispatcher, handle};

type Change = fn(&World);

/// A ticket of this request that names these people.
fn ticket(
    record: &RequestRecord,
    opened_by: SysId,
    opened_for: SysId,
    also_named: Vec<SysId>,
) -> Ticket {
    Ticket {
        sys_id: record.request().source.sys_id.clone(),
        number: record.request().source.number.clone(),
        active: true,
        opened_by: Some(opened_by),
        opened_for: Some(opened_for),
        also_named,
    }
}

/// Who is asked where the ticket names these people, of whom the first opened it.
fn asked_beside(world: &World, [by, opened_for, above]: [&SysId; 3]) -> (Vec<String>, State) {
    let record = world.received(at(0));
    let above = vec![above.clone()];
    world.put_ticket(ticket(&record, by.clone(), opened_for.clone(), above));
    handle(&dispatcher(world, &[]), record.id(), 1).unwrap();
    let state = world.load(record.id()).state();
    let to = world.mailer.take();
    let to = addresses(&to).into_iter().map(str::to_owned);
    (to.collect(), state)
}

#[test]
fn naming_an_approver_on_the_ticket_brings_no_friendlier_one() {
    let rita = requester().sys_id;
    let named = |who: &SysId| {
        [
            [who.clone(), rita.clone(), rita.clone()],
            [rita.clone(), who.clone(), rita.clone()],
            [rita.clone(), rita.clone(), who.clone()],
        ]
    };
    let security = (vec![address(SECURITY)], State::Pending);
    // Whoever is nearest is named: those of that role who are named, one of several, too.
    let worlds: [(&[u8], Change); 5] = [
        (&[OWNER], |_| {}),
        (&[MANAGER], |world| unfit(world, &[OWNER])),
        (&[LEAD], |world| unfit(world, &[OWNER, MANAGER])),
        (&[MEMBER, COLLEAGUE], |world| {
            unfit(world, &[OWNER, MANAGER, LEAD]);
        }),
        // A delegate, and whom they stand in for.
        (&[LEAD, OWNER], |world| {
            world.servicenow.add_delegation(Delegation {
                from: id(OWNER),
                to: id(LEAD),
                starts: Some(at(-1000)),
                ends: Some(at(1000)),
            });
        }),
    ];
    for (nearest, change) in worlds {
        for who in nearest {
            for people in named(&id(*who)) {
                let world = World::default();
                change(&world);
                let found = asked_beside(&world, [&people[0], &people[1], &people[2]]);
                assert_eq!(found, security, "{who:x} {people:?}");
            }
        }
    }
    // Another record of the owner is the owner.
    for people in named(&id(0x20)) {
        let world = World::default();
        world.servicenow.put_person(Person {
            email: MailField::read(&address(OWNER).to_uppercase()),
            ..person(0x20)
        });
        let found = asked_beside(&world, [&people[0], &people[1], &people[2]]);
        assert_eq!(found, security, "{people:?}");
    }
    // Without a security group nobody decides.
    for people in named(&id(OWNER)) {
        let world = World::default();
        let nobody = Group {
            active: true,
            ..Group::default()
        };
        world.servicenow.put_group(&id(SECURITY_GROUP), nobody);
        let found = asked_beside(&world, [&people[0], &people[1], &people[2]]);
        assert_eq!(found, (Vec::new(), State::Undeliverable), "{people:?}");
    }
}

fn unfit(world: &World, people: &[u8]) {
    for who in people {
        world.servicenow.put_person(Person {
            active: false,
            ..person(*who)
        });
    }
}

/// Naming somebody steers only where they would be asked.
#[test]
fn naming_somebody_who_would_not_be_asked_changes_nothing() {
    let rita = requester().sys_id;
    let cases: [(u8, u8, Change); 3] = [
        (MANAGER, OWNER, |_| {}),
        // Somebody who could not be asked anyway.
        (OWNER, MANAGER, |world| unfit(world, &[OWNER])),
        // The beneficiary.
        (OWNER, MANAGER, |world| {
            let mut facts = principal_facts();
            facts.owner_tag = Some(id(OWNER).as_str().to_owned());
            world.directory.put_principal(&world.target, facts);
        }),
    ];
    for (named, asked, change) in cases {
        for people in [[&id(named), &rita, &rita], [&rita, &rita, &id(named)]] {
            let world = World::default();
            change(&world);
            let found = asked_beside(&world, people);
            assert_eq!(found, (vec![address(asked)], State::Pending), "{named:x}");
        }
    }
}

/// Whoever opened the ticket can name the owner as the requester, too.
#[test]
fn an_owner_for_whom_somebody_else_asks_is_named_by_the_ticket() {
    let world = World::default();
    let mut item = account();
    item.owned_by = Some(requester().sys_id);
    world.put_account(item);
    let rita = requester().sys_id;
    let found = asked_beside(&world, [&id(COLLEAGUE), &rita, &rita]);
    assert_eq!(found, (vec![address(SECURITY)], State::Pending));
    // Who asks for access to what is theirs is the requester beyond doubt.
    let found = asked_beside(&world, [&rita, &rita, &rita]);
    assert_eq!(found, (vec![address(MANAGER)], State::Pending));
}

/// The ticket is edited after the owner was asked.
#[test]
fn naming_an_approver_later_brings_no_friendlier_one() {
    let reminded = (PENDING_FOR - REMIND_BEFORE).as_secs() + 10;
    let world = World::default();
    unfit(&world, &[OWNER, MANAGER, LEAD]);
    let record = world.received(at(0));
    handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
    let asked = [address(MEMBER), address(COLLEAGUE)];
    assert_eq!(addresses(&world.mailer.take()), asked);
    let rita = requester().sys_id;
    world.put_ticket(ticket(&record, rita.clone(), id(MEMBER), Vec::new()));
    handle(&dispatcher(&world, &[]), record.id(), reminded).unwrap();
    assert_eq!(addresses(&world.mailer.take()), [address(SECURITY)]);
    let after = world.load(record.id());
    assert!(!after.asks(&id(MEMBER)) && !after.asks(&id(COLLEAGUE)));
}

/// What a record of somebody involved says is not what the ticket says: whoever may change it,
/// such as the person themselves, does not choose who decides either.
#[test]
fn who_looks_like_the_owner_brings_no_friendlier_one() {
    let rita = requester().sys_id;
    let owner = person(OWNER);
    let of_owner = |person: Person| -> [Person; 4] {
        let account = &owner.account;
        let with = |change: &dyn Fn(&mut Person)| {
            let mut person = person.clone();
            change(&mut person);
            person
        };
        [
            with(&|person| {
                person
                    .account
                    .employee_number
                    .clone_from(&account.employee_number)
            }),
            with(&|person| person.account.user_name = account.user_name.to_uppercase()),
            with(&|person| person.account.user_name = address(OWNER)),
            with(&|person| {
                let address = address(OWNER).replace('@', "+x@");
                person.email = MailField::read(&address);
            }),
        ]
    };
    // The requester, who opened the ticket, and whom the principal belongs to.
    let involved = [of_owner(requester()), of_owner(person(BENEFICIARY))];
    for alike in involved.into_iter().flatten() {
        let world = World::default();
        world.servicenow.put_person(alike);
        let found = asked_beside(&world, [&rita, &rita, &rita]);
        assert_eq!(found, (vec![address(SECURITY)], State::Pending));
    }
}

/// The requester's own record is changed after several people were asked.
#[test]
fn who_looks_like_an_approver_later_brings_no_friendlier_one() {
    let reminded = (PENDING_FOR - REMIND_BEFORE).as_secs() + 10;
    let world = World::default();
    unfit(&world, &[OWNER, MANAGER, LEAD]);
    let record = world.received(at(0));
    handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
    let asked = [address(MEMBER), address(COLLEAGUE)];
    assert_eq!(addresses(&world.mailer.take()), asked);
    world.servicenow.put_person(Person {
        account: person(MEMBER).account,
        ..requester()
    });
    handle(&dispatcher(&world, &[]), record.id(), reminded).unwrap();
    assert_eq!(addresses(&world.mailer.take()), [address(SECURITY)]);
    let after = world.load(record.id());
    assert!(!after.asks(&id(MEMBER)) && !after.asks(&id(COLLEAGUE)));
}

/// A request for a policy of its own that sends to a queue with this ARN, in a world where the
/// reference policy allows that everywhere.
fn sends_to(queue: &str) -> (Vec<String>, State) {
    let elsewhere = "320987654321".parse().unwrap();
    let text = GUARDRAILS.replacen("\"s3:*\"", "[\"s3:*\", \"sqs:*\"]", 1);
    let world = World {
        guardrails: Guardrails::parse(&text).unwrap(),
        ..World::default()
    };
    world.servicenow.put_account(
        &elsewhere,
        AccountItem {
            sys_id: id(0x63),
            owned_by: Some(id(COLLEAGUE)),
            ..account()
        },
    );
    let mut request = world.request();
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue}]});
    let grants = json!([{"type": "inline_policy", "document": document}]);
    request.grants = serde_json::from_value(grants).unwrap();
    let record = world.receive(request, at(0));
    handle(&dispatcher(&world, &[]), record.id(), 1).unwrap();
    let to = world.mailer.take();
    let to = addresses(&to).into_iter().map(str::to_owned);
    (to.collect(), world.load(record.id()).state())
}

/// However the power over another account is spelt, its owner is not left out.
#[test]
fn a_wildcard_in_an_account_leaves_no_owner_out() {
    let owner = (vec![address(OWNER)], State::Pending);
    let other = (vec![address(COLLEAGUE)], State::Pending);
    assert_eq!(sends_to("arn:aws:sqs:eu-west-1:210987654321:jobs"), owner);
    assert_eq!(sends_to("arn:aws:sqs:eu-west-1:320987654321:jobs"), other);
    assert_eq!(sends_to("arn:aws:sqs:*:320987654321:*"), other);
    // Limited to the account whose owner is asked.
    for open in [
        "arn:aws:sqs:eu-west-1:32098765432?:jobs",
        "arn:aws:sqs:eu-west-1:*:jobs",
        "arn:aws:sqs:${aws:RequestedRegion}:320987654321:jobs",
        "arn:aws:sqs",
        "arn:aws:sqs:*",
        "*",
        // Of the other account alone by its looks, and of any in truth.
        "arn:aws:sqs:*${aws:username}:320987654321:*",
    ] {
        assert_eq!(sends_to(open), owner, "{open}");
    }
}
