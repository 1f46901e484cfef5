//! Who may ask for access: what the ticket and its people must be.

use std::fmt::Write as _;

use serde_json::{Value, json};
use snowgate_core::lifecycle::State;
use snowgate_core::record::EndReason;
use snowgate_core::ticket::{Person, Ticket};
use testkit::samples;
use testkit::world::{COLLEAGUE, World, at, id, requester};

use crate::functions;
use crate::stage::{event_of, wait};
use crate::table::{Cell, Verdict, plain};

/// A ticket of the requester's, changed.
type Case = (&'static str, fn(&World, &mut Ticket, &mut Value));

const CASES: [Case; 12] = [
    ("a ticket that the requester opened", |_, _, _| {}),
    (
        "a ticket that somebody opened for the requester",
        |_, ticket, _| {
            ticket.opened_by = Some(id(COLLEAGUE));
            ticket.opened_for = Some(requester().sys_id);
        },
    ),
    ("a ticket of somebody else", |_, ticket, _| {
        ticket.opened_by = Some(id(COLLEAGUE));
    }),
    ("a ticket that is closed", |_, ticket, _| {
        ticket.active = false
    }),
    ("a ticket with another number", |_, ticket, _| {
        ticket.number = "RITM0099999".to_owned().try_into().unwrap();
    }),
    ("a ticket that does not exist", |_, _, body| {
        body["source"]["sys_id"] = json!("0".repeat(32));
    }),
    ("a record of a table that may not ask", |_, _, body| {
        body["source"]["table"] = json!("incident");
    }),
    ("a requester whose account is inactive", |world, _, _| {
        world.servicenow.put_person(Person {
            active: false,
            ..requester()
        });
    }),
    ("a requester whom ServiceNow does not know", |_, _, body| {
        body["requested_by"]["sys_id"] = json!("0".repeat(32));
    }),
    ("the name of an approver in the request", |_, _, body| {
        body["approver"] = json!(id(COLLEAGUE));
    }),
    ("a policy that the guardrails do not list", |_, _, body| {
        let other = "arn:aws:iam::210987654321:policy/payroll-read";
        body["grants"][0]["policy_arn"] = json!(other);
    }),
    (
        "a request that is open for the same ticket",
        |world, ticket, body| {
            world.put_ticket(ticket.clone());
            let event = raising(body);
            let first = wait(functions::intake(world).handle(&event_of(event), at(0)));
            assert_eq!(first.status_code, 202);
            body["duration"] = json!("PT1H");
        },
    ),
];

pub(crate) fn section() -> String {
    let rows = CASES
        .iter()
        .map(|(what, made)| (what.to_string(), cell(*made)));
    plain("| with | may | and sees |", &rows.collect::<Vec<_>>())
}

fn raising(body: &Value) -> Value {
    json!({
        "resource": "/v1/requests", "path": "/v1/requests", "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"}, "body": body.to_string(),
        "requestContext": {"httpMethod": "POST", "authorizer": {"client": "servicenow"}},
    })
}

fn cell(made: fn(&World, &mut Ticket, &mut Value)) -> Cell {
    let world = World::default();
    let mut ticket = Ticket {
        sys_id: samples::sys_id(),
        number: "RITM0010001".to_owned().try_into().unwrap(),
        active: true,
        opened_by: Some(requester().sys_id),
        opened_for: None,
        also_named: Vec::new(),
    };
    let mut body = samples::body(&ticket.sys_id, &world.target);
    made(&world, &mut ticket, &mut body);
    world.put_ticket(ticket);
    let held = world.ledger.records().len();
    let answer = wait(functions::intake(&world).handle(&event_of(raising(&body)), at(1)));
    let answer = serde_json::to_value(answer).unwrap();
    let status = answer["statusCode"].as_i64().unwrap();
    let said: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    if status != 202 {
        assert_eq!(world.ledger.records().len(), held, "something was kept");
        let detail = said["detail"].as_str().unwrap();
        let mut words = format!("{status} {}: {detail}", said["title"].as_str().unwrap());
        for list in ["errors", "findings"] {
            for wrong in said[list].as_array().into_iter().flatten() {
                let (place, why) = (&wrong["pointer"], &wrong["detail"]);
                let (place, why) = (place.as_str().unwrap(), why.as_str().unwrap());
                write!(words, " `{place}`: {why}.").unwrap();
            }
        }
        return Cell::new(Verdict::No, words);
    }
    let request = said["request_id"].as_str().unwrap().parse().unwrap();
    wait(functions::dispatcher(&world).handle(&request, at(2))).unwrap();
    let record = world.load(&request);
    let letters = world.mailer.sent().len();
    match (record.end_reason(), record.state()) {
        (Some(EndReason::Refused { code, .. }), _) => {
            assert_eq!(letters, 0, "somebody was asked");
            let reported = match record.unreported() {
                Some(_) => "the ticket is updated",
                None => "the ticket is left untouched",
            };
            let words = format!("202, then `Refused`: {} ({reported})", code.in_words());
            Cell::new(Verdict::No, words)
        }
        (None, State::Pending) => Cell::new(
            Verdict::Yes,
            "202, and the owner gets an approval e-mail".to_owned(),
        ),
        other => panic!("{other:?}"),
    }
}
