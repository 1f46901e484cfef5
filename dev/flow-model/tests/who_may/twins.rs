//! Who is asked where somebody involved has two records in ServiceNow, and the second owns the
//! account.

use serde_json::json;
use snowgate_core::account::AccountItem;
use snowgate_core::email::MailField;
use snowgate_core::record::EndReason;
use snowgate_core::ticket::{Person, PersonName, Ticket};
use testkit::samples::{self, UNREADABLE_ADDRESSES};
use testkit::world::{
    BENEFICIARY, COLLEAGUE, MANAGER, OWNER, SECURITY, World, account, address, at, id, person,
    requester,
};

use crate::functions;
use crate::stage::{event_of, wait};
use crate::table::{Cell, Verdict, plain};

/// Who is involved, and what their record is.
type Role = (&'static str, fn() -> Person);

const ROLES: [Role; 4] = [
    ("the requester", requester),
    ("the beneficiary", || person(BENEFICIARY)),
    ("whoever opened the ticket", || person(0x20)),
    ("for whom a record above the ticket was opened", || {
        person(0x21)
    }),
];

/// How the first record differs, what it is called, and what the second has of it beside the
/// mailbox.
struct Case {
    called: String,
    first: String,
    second: fn(&Person, &mut Person),
}

const fn nothing(_: &Person, _: &mut Person) {}

/// The cases, with the requester's mailbox in place of whoever's it is.
fn cases() -> Vec<Case> {
    let case = |called: &str, first: &str, second| Case {
        called: called.to_owned(),
        first: first.to_owned(),
        second,
    };
    let same = "rita@meridian.example";
    let mut cases = vec![
        case("the same address", same, nothing),
        case(
            "the same address in capitals",
            "RITA@Meridian.Example",
            nothing,
        ),
        case("a `+` suffix", "rita+work@meridian.example", nothing),
    ];
    for (called, text) in UNREADABLE_ADDRESSES {
        cases.push(case(called, text, nothing));
    }
    let elsewhere = "x@elsewhere.example";
    cases.extend([
        case("an address outside the allowed domains", elsewhere, nothing),
        case(
            "a domain that looks like ours (`xn--…`)",
            "rita@xn--meridan-qfb.example",
            nothing,
        ),
        case("no address", "", nothing),
        case("no address, and the same user name", "", |first, second| {
            second.account.user_name = first.account.user_name.to_uppercase();
        }),
        case(
            "no address, and the same employee number",
            "",
            |first, second| {
                second.account.employee_number = first.account.employee_number.clone();
            },
        ),
        case("no address, and the same name", "", |first, second| {
            second.name = first.name.clone();
        }),
        case(
            "another address, and the same user name",
            "x@meridian.example",
            |first, second| second.account.user_name = first.account.user_name.clone(),
        ),
        case(
            "another address, and the same employee number",
            "x@meridian.example",
            |first, second| {
                second.account.employee_number = format!("0-{}", first.account.employee_number);
            },
        ),
    ]);
    cases
}

pub(crate) fn section() -> String {
    let mut rows: Vec<(String, Cell)> = Vec::new();
    for case in cases() {
        let mut answers: Vec<(Cell, Vec<&str>)> = Vec::new();
        for (role, who) in ROLES {
            let cell = cell(who(), &case);
            match answers.iter_mut().find(|(known, _)| *known == cell) {
                Some((_, roles)) => roles.push(role),
                None => answers.push((cell, vec![role])),
            }
        }
        let alike = answers.len() == 1;
        for (cell, roles) in answers {
            let of = if alike {
                String::new()
            } else {
                format!(" ({})", roles.join(", "))
            };
            rows.push((format!("{}{of}", case.called), cell));
        }
    }
    // The other way round: the second record has the spelling, and no letter can go there.
    for (called, text) in UNREADABLE_ADDRESSES {
        let second = Person {
            email: MailField::read(text),
            ..person(COLLEAGUE)
        };
        let row = format!("{called}, in the second record alone");
        rows.push((row, outcome(&world_of_openers(), second)));
    }
    plain(
        "| in the first record | may | and who gets an e-mail |",
        &rows,
    )
}

/// A world with those whom the ticket names.
fn world_of_openers() -> World {
    let world = World::default();
    for n in [0x20, 0x21] {
        world.servicenow.put_person(person(n));
    }
    world
}

fn cell(first: Person, case: &Case) -> Cell {
    let world = world_of_openers();
    let mailbox = first.email.address().unwrap().expose().to_owned();
    let local = mailbox.split_once('@').unwrap().0;
    let mut second = Person {
        email: MailField::read(&mailbox),
        name: PersonName::new("Another Name"),
        ..person(COLLEAGUE)
    };
    (case.second)(&first, &mut second);
    let text = case
        .first
        .replace("rita", local)
        .replace("RITA", &local.to_uppercase());
    world.servicenow.put_person(Person {
        email: MailField::read(&text),
        ..first
    });
    outcome(&world, second)
}

/// What comes of a request of an account that this person owns.
fn outcome(world: &World, second: Person) -> Cell {
    world.servicenow.put_person(second.clone());
    world.put_account(AccountItem {
        owned_by: Some(second.sys_id.clone()),
        ..account()
    });
    let ticket = world.ticket();
    world.put_ticket(Ticket {
        sys_id: ticket.clone(),
        number: "RITM0010001".to_owned().try_into().unwrap(),
        active: true,
        opened_by: Some(id(0x20)),
        opened_for: Some(requester().sys_id),
        also_named: vec![id(0x21)],
    });
    let body = samples::body(&ticket, &world.target);
    let event = json!({
        "resource": "/v1/requests", "path": "/v1/requests", "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"}, "body": body.to_string(),
        "requestContext": {"httpMethod": "POST", "authorizer": {"client": "servicenow"}},
    });
    wait(functions::intake(world).handle(&event_of(event), at(0)));
    let request = world.ledger.records()[0].id().clone();
    wait(functions::dispatcher(world).handle(&request, at(1))).unwrap();
    let record = world.load(&request);
    let to: Vec<String> = world
        .mailer
        .sent()
        .iter()
        .map(|letter| letter.to.expose().to_owned())
        .collect();
    let asked = record.asks(&second.sys_id);
    let names = [
        (address(OWNER), "the owner"),
        (address(MANAGER), "the account's manager"),
        (address(SECURITY), "the security group"),
    ];
    let name = |to: &String| {
        let known = names.iter().find(|(address, _)| address == to);
        known.map_or("they", |(_, name)| name)
    };
    let words = match record.end_reason() {
        Some(EndReason::Refused { code, .. }) => format!("nobody: {}", code.in_words()),
        _ => to.iter().map(name).collect::<Vec<_>>().join(", and "),
    };
    let verdict = if asked { Verdict::Yes } else { Verdict::No };
    Cell::new(verdict, words)
}
