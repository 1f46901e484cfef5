//! Removals that a security client abandons.

use ports::ledger::Requests as _;
use serde_json::json;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Event, RequestRecord};
use testkit::world::{OWNER, World, at, ready};
use testkit::{QueueName, samples};

use super::super::{Answer, Setup, get, setup};
use super::{WATCH, active, event, revoked};

const WHY: &str = r#"{"reason": "The account is closed"}"#;

fn by_us(world: &World, record: &RequestRecord, event: Event) -> RequestRecord {
    world.apply(record, event, Actor::Provisioner, at(3))
}

fn revoking(world: &World) -> RequestRecord {
    by_us(world, &active(world), Event::RevocationStarted)
}

fn parked(world: &World) -> RequestRecord {
    let mut record = revoking(world);
    for (after, found) in samples::parking() {
        record = world.apply(&record, found, Actor::Provisioner, at(3 + after));
    }
    record
}

fn abandon(setup: &Setup, record: &RequestRecord, client: &str, second: i64) -> Answer {
    let call = event("abandon", record.id().as_str(), WHY, client);
    setup.send(call, second)
}

#[test]
fn a_parked_removal_is_abandoned_once() {
    let setup = setup();
    let record = parked(&setup.world);
    let first = abandon(&setup, &record, WATCH, 10);
    let answer = json!({"request_id": record.id(), "state": "Abandoned"});
    assert_eq!((first.status, &first.body), (200, &answer));
    let after = setup.world.load(record.id());
    assert!(after.is_abandoned());
    let trail = ready(setup.world.ledger.trail(record.id())).unwrap();
    let actor = trail.last().unwrap().read::<RequestRecord>().unwrap().actor;
    let client = WATCH.parse().unwrap();
    assert_eq!(actor, Actor::Client { client });
    let woken = setup.world.queues.sent();
    let queues: Vec<_> = woken.iter().map(|sent| sent.queue).collect();
    assert_eq!(queues, [QueueName::Outcomes], "the ticket is told");
    let again = abandon(&setup, &record, WATCH, 20);
    assert_eq!((again.status, &again.body), (200, &answer));
    assert_eq!(setup.world.load(record.id()), after);
    assert_eq!(setup.world.queues.sent(), woken);
    // Its client reads why, and who it was.
    let call = get(
        "/v1/requests/{id}",
        record.id().as_str(),
        json!(null),
        "servicenow",
    );
    let shown = setup.send(call, 30).body;
    let reason = json!({
        "code": "abandoned",
        "detail": "The access could not be removed. It may remain in effect.",
        "reason": "The account is closed",
    });
    assert_eq!(
        (&shown["state"], &shown["end_reason"]),
        (&json!("Abandoned"), &reason)
    );
    let last = shown["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["event"], &last["by"]),
        (&json!("removal_abandoned"), &json!("security"))
    );
    // What is over stays over.
    let late = setup.send(event("revoke", record.id().as_str(), "", WATCH), 40);
    late.problem(409);
}

#[test]
fn nothing_but_a_parked_removal_is_abandoned() {
    let states: [fn(&World) -> RequestRecord; 6] = [
        |world| world.received(at(0)),
        |world| world.pending(&[OWNER], at(0)).0,
        |world| world.approved(at(0)),
        active,
        revoking,
        revoked,
    ];
    let mut told = Vec::new();
    for state in states {
        let setup = setup();
        let record = state(&setup.world);
        let answer = abandon(&setup, &record, WATCH, 10).problem(409);
        assert_eq!(answer.body["state"], json!(record.state()));
        told.push(answer.body["detail"].as_str().unwrap().to_owned());
        assert_eq!(setup.world.load(record.id()), record);
        assert_eq!(setup.world.queues.sent(), []);
    }
    let parked = "The removal is not parked: it is tried every few minutes. It can be abandoned once it has \
                  not worked for a day.";
    assert_eq!(told[4], parked);
    assert_eq!(told[5], "The request has already ended.");
}

#[test]
fn only_a_security_client_abandons() {
    let setup = setup();
    let record = parked(&setup.world);
    abandon(&setup, &record, "another", 10).problem(404);
    let own = abandon(&setup, &record, "servicenow", 10).problem(403);
    assert_eq!(
        own.body["detail"],
        "Only the security team's clients abandon a removal."
    );
    assert_eq!(setup.world.load(record.id()), record);
}

#[test]
fn a_removal_is_abandoned_for_a_reason() {
    let setup = setup();
    let record = parked(&setup.world);
    for body in [
        "",
        "{}",
        r#"{"reason": "x"}"#,
        r#"{"reason": "Closed", "by": {}}"#,
    ] {
        let call = event("abandon", record.id().as_str(), body, WATCH);
        setup.send(call, 10).problem(400);
    }
    let long = json!({"reason": "x".repeat(1_001)}).to_string();
    let call = event("abandon", record.id().as_str(), &long, WATCH);
    setup.send(call, 10).problem(400);
    assert_eq!(setup.world.load(record.id()).state(), State::Revoking);
}

/// The removal works at the very moment.
#[test]
fn what_was_removed_first_is_not_abandoned() {
    let setup = setup();
    let record = parked(&setup.world);
    let retained = Vec::new();
    let ended = by_us(&setup.world, &record, Event::Revoked { retained });
    let answer = abandon(&setup, &record, WATCH, 10).problem(409);
    assert_eq!(answer.body["state"], "Revoked");
    assert_eq!(setup.world.load(record.id()), ended);
}
