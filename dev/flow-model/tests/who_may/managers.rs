//! Who is asked to decide because they manage whoever receives the access.

use snowgate_core::email::MailField;
use snowgate_core::finding::FindingCode;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::SysId;
use snowgate_core::lifecycle::State;
use snowgate_core::slots::Delegation;
use snowgate_core::ticket::{Person, Ticket};
use testkit::world::{
    BENEFICIARY, COLLEAGUE, GUARDRAILS, LEAD, OWNER, World, address, at, id, person, requester,
};

use crate::functions;
use crate::stage::wait;
use crate::table::{Cell, Verdict, plain};

/// How somebody comes to be the manager, or their delegate.
type Case = (&'static str, fn(&World) -> Person);

const CASES: [Case; 14] = [
    ("a manager who has nothing to do with it", |world| {
        manager(world, person(LEAD))
    }),
    ("a delegate of the manager", |world| {
        manager(world, person(LEAD));
        world.servicenow.add_delegation(Delegation {
            from: id(LEAD),
            to: id(COLLEAGUE),
            starts: Some(at(-1000)),
            ends: Some(at(1000)),
        });
        person(COLLEAGUE)
    }),
    ("the owner of the account", |world| {
        manager(world, person(OWNER))
    }),
    ("the requester", |world| manager(world, requester())),
    ("the beneficiary, as their own manager", |world| {
        manager(world, person(BENEFICIARY))
    }),
    (
        "the requester, under another record with the same mailbox",
        |world| changed(world, |person| person.email = requester().email),
    ),
    (NAMED, |world| manager(world, person(LEAD))),
    ("somebody whose account is inactive", |world| {
        changed(world, |person| person.active = false)
    }),
    ("somebody whose account is locked", |world| {
        changed(world, |person| person.locked_out = true)
    }),
    ("somebody without an address", |world| {
        changed(world, |person| person.email = MailField::Empty)
    }),
    (
        "somebody with an address outside the allowed domains",
        |world| {
            changed(world, |person| {
                person.email = MailField::read("x@elsewhere.example");
            })
        },
    ),
    ("somebody whom ServiceNow does not have", |world| {
        manager(world, person(0x2f));
        world.servicenow.remove_person(&id(0x2f));
        person(0x2f)
    }),
    ("nobody, or who it is is hidden", |_| person(COLLEAGUE)),
    ("the manager of the requester alone", |world| {
        let of = requester().sys_id;
        world.servicenow.set_manager(&of, Some(id(LEAD)));
        person(LEAD)
    }),
];

/// Who is named there in the case of this name.
const NAMED: &str = "for whom the ticket was opened";

fn manager(world: &World, person: Person) -> Person {
    let manages: SysId = id(BENEFICIARY);
    world.servicenow.put_person(person.clone());
    world
        .servicenow
        .set_manager(&manages, Some(person.sys_id.clone()));
    person
}

fn changed(world: &World, change: impl FnOnce(&mut Person)) -> Person {
    let mut unfit = person(LEAD);
    change(&mut unfit);
    manager(world, unfit)
}

pub(crate) fn section() -> String {
    let rows = CASES.iter().map(|(who, made)| {
        let refuse = outcome(who, *made, "refuse");
        let proceed = outcome(who, *made, "proceed");
        let verdict = if refuse.asked {
            Verdict::Yes
        } else {
            Verdict::No
        };
        assert_eq!(refuse.asked, proceed.asked, "{who}");
        let answer = match refuse.words == proceed.words {
            true => refuse.words,
            false => format!("`refuse`: {}; `proceed`: {}", refuse.words, proceed.words),
        };
        (who.to_string(), Cell::new(verdict, answer))
    });
    plain(
        "| who is the manager | may | and who gets an e-mail |",
        &rows.collect::<Vec<_>>(),
    )
}

struct Outcome {
    asked: bool,
    words: String,
}

fn outcome(who: &str, made: fn(&World) -> Person, without: &str) -> Outcome {
    let settings =
        format!("risk = \"low\"\nmanager = \"approve\"\nwithout_manager = \"{without}\"");
    let text = GUARDRAILS.replacen("risk = \"low\"", &settings, 1);
    let world = World {
        guardrails: Guardrails::parse(&text).unwrap(),
        ..World::default()
    };
    let person = made(&world);
    let record = world.received(at(0));
    world.put_ticket(Ticket {
        sys_id: record.request().source.sys_id.clone(),
        number: record.request().source.number.clone(),
        active: true,
        opened_by: Some(requester().sys_id),
        opened_for: (who == NAMED).then(|| person.sys_id.clone()),
        also_named: Vec::new(),
    });
    wait(functions::dispatcher(&world).handle(record.id(), at(1))).unwrap();
    let record = world.load(record.id());
    let letters = world.mailer.sent();
    let own = person
        .email
        .address()
        .map(|address| address.expose().to_owned());
    let to = letters.iter().map(|letter| letter.to.expose().to_owned());
    let mut to: Vec<&str> = to
        .map(|to| match to {
            to if Some(&to) == own.as_ref() => "they",
            to if to == address(OWNER) => "the owner",
            to if to == address(LEAD) => "the manager",
            _ => "somebody else",
        })
        .collect();
    to.dedup();
    let told = record
        .findings()
        .iter()
        .any(|one| one.code == FindingCode::WithoutManager);
    let words = match (record.state(), to.join(", and ")) {
        (State::Refused, _) => "nobody: it is refused".to_owned(),
        (_, to) if told => format!("{to}, who reads that there is no manager"),
        (_, to) => to,
    };
    let slots = record.slots().iter();
    let mut slots = slots.filter(|slot| slot.id.starts_with("beneficiary:"));
    Outcome {
        asked: slots.any(|slot| slot.approver(&person.sys_id).is_some()),
        words,
    }
}
