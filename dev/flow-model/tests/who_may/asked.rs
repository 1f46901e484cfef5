//! Who is asked to decide at all.

use serde_json::json;
use snowgate_core::account::AccountItem;
use snowgate_core::email::MailField;
use snowgate_core::slots::Delegation;
use snowgate_core::ticket::{Person, Ticket};
use testkit::samples;
use testkit::world::{
    BENEFICIARY, COLLEAGUE, LEAD, MANAGER, OWNER, SECURITY, World, account, address, at, id,
    person, requester,
};

use crate::functions;
use crate::stage::{event_of, wait};
use crate::table::{Cell, Verdict, plain};

/// Somebody, and how they come to be the account's owner, or their delegate.
type Case = (&'static str, fn(&World) -> Person);

const CASES: [Case; 14] = [
    ("an owner who has nothing to do with it", |_| person(OWNER)),
    ("the requester", |world| owner(world, requester())),
    (
        "the requester, under another record with the same mailbox",
        |world| {
            let twin = Person {
                email: MailField::read("RITA+x@Meridian.example"),
                ..person(COLLEAGUE)
            };
            world.servicenow.put_person(twin.clone());
            owner(world, twin)
        },
    ),
    ("the beneficiary", |world| owner(world, person(BENEFICIARY))),
    (
        "the requester, where somebody else opened the ticket",
        |world| owner(world, requester()),
    ),
    ("whoever opened the ticket", |world| {
        owner(world, person(COLLEAGUE))
    }),
    ("a delegate of whoever opened the ticket", |world| {
        let opener = owner(world, person(LEAD));
        delegate(world, opener.sys_id)
    }),
    ("for whom the ticket was opened", |world| {
        owner(world, person(COLLEAGUE))
    }),
    ("somebody whose account is inactive", |world| {
        changed(world, |person| person.active = false)
    }),
    ("somebody whose account is locked", |world| {
        changed(world, |person| person.locked_out = true)
    }),
    (
        "somebody with an address outside the allowed domains",
        |world| {
            changed(world, |person| {
                person.email = MailField::read("x@elsewhere.example")
            })
        },
    ),
    ("a delegate of the owner", |world| {
        delegate(world, id(OWNER))
    }),
    (
        "a delegate of the requester, who owns the account",
        |world| {
            owner(world, requester());
            delegate(world, requester().sys_id)
        },
    ),
    ("the requester, as the owner's delegate", |world| {
        world
            .servicenow
            .add_delegation(delegation(id(OWNER), requester().sys_id));
        requester()
    }),
];

pub(crate) fn section() -> String {
    let rows = CASES
        .iter()
        .map(|(who, made)| (who.to_string(), cell(who, *made)));
    plain(
        "| who | may | and who gets an e-mail |",
        &rows.collect::<Vec<_>>(),
    )
}

fn cell(who: &str, made: fn(&World) -> Person) -> Cell {
    let world = World::default();
    let person = made(&world);
    let ticket = world.ticket();
    let named = |wanted: &str| (who == wanted).then(|| person.sys_id.clone());
    world.put_ticket(Ticket {
        sys_id: ticket.clone(),
        number: "RITM0010001".to_owned().try_into().unwrap(),
        active: true,
        opened_by: Some(match who {
            "whoever opened the ticket" => person.sys_id.clone(),
            "the requester, where somebody else opened the ticket"
            | "a delegate of whoever opened the ticket" => id(LEAD),
            _ => requester().sys_id,
        }),
        // Opened by somebody else, a ticket is the requester's where it is for them.
        opened_for: named("for whom the ticket was opened").or(Some(requester().sys_id)),
        also_named: Vec::new(),
    });
    let body = samples::body(&ticket, &world.target);
    let event = json!({
        "resource": "/v1/requests", "path": "/v1/requests", "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"}, "body": body.to_string(),
        "requestContext": {"httpMethod": "POST", "authorizer": {"client": "servicenow"}},
    });
    wait(functions::intake(&world).handle(&event_of(event), at(0)));
    let request = world.ledger.records()[0].id().clone();
    wait(functions::dispatcher(&world).handle(&request, at(1))).unwrap();
    let letters = world.mailer.sent();
    let asked = world.load(&request).asks(&person.sys_id);
    let to: Vec<&str> = letters.iter().map(|letter| letter.to.expose()).collect();
    assert_eq!(
        asked,
        person
            .email
            .address()
            .is_some_and(|address| to.contains(&address.expose())),
        "{who}: whoever is asked gets an e-mail, and nobody else"
    );
    let name = |to: &&str| match *to {
        _ if person
            .email
            .address()
            .is_some_and(|address| address.expose() == *to) =>
        {
            "they"
        }
        to if to == address(OWNER) => "the owner",
        to if to == address(MANAGER) => "the account's manager",
        to if to == address(SECURITY) => "the security group",
        _ => "somebody else",
    };
    let to: Vec<&str> = to.iter().map(name).collect();
    let verdict = if asked { Verdict::Yes } else { Verdict::No };
    Cell::new(verdict, to.join(", and "))
}

fn owner(world: &World, person: Person) -> Person {
    world.put_account(AccountItem {
        owned_by: Some(person.sys_id.clone()),
        ..account()
    });
    person
}

fn changed(world: &World, change: impl FnOnce(&mut Person)) -> Person {
    let mut unfit = person(OWNER);
    change(&mut unfit);
    world.servicenow.put_person(unfit.clone());
    unfit
}

fn delegate(world: &World, of: snowgate_core::id::SysId) -> Person {
    world
        .servicenow
        .add_delegation(delegation(of, id(COLLEAGUE)));
    person(COLLEAGUE)
}

fn delegation(from: snowgate_core::id::SysId, to: snowgate_core::id::SysId) -> Delegation {
    Delegation {
        from,
        to,
        starts: Some(at(-1000)),
        ends: Some(at(1000)),
    }
}
