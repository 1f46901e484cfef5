//! The same call again, and the same ServiceNow record again.

use serde_json::json;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{Event, RequestRecord};
use testkit::world::{GUARDRAILS, at, principal_facts};
use testkit::{Aftermath, Moment, samples};

use super::extending::{active_of, extend, longer};
use super::setup;

const EIGHT_DAYS: i64 = 8 * 24 * 3600;

#[test]
fn the_same_call_again_gets_the_same_answer() {
    let setup = setup();
    let body = setup.body().to_string();
    let first = setup.post(&body, Some("sys-1"), 0);
    assert_eq!(first.status, 202);
    for second in [1, 3600, EIGHT_DAYS - 1] {
        let again = setup.post(&body, Some("sys-1"), second);
        assert_eq!((again.status, &again.text), (202, &first.text));
    }
    assert_eq!(setup.world.ledger.records().len(), 1);
    assert_eq!(setup.world.queues.sent().len(), 1, "woken once");
}

#[test]
fn the_same_key_with_another_body_is_refused() {
    let setup = setup();
    let body = setup.body().to_string();
    let first = setup.post(&body, Some("sys-1"), 0);
    let spaced = format!(" {body}");
    let other = setup.body().to_string();
    for changed in [spaced, other] {
        let answer = setup.post(&changed, Some("sys-1"), 1).problem(409);
        let id = first.body["request_id"].as_str().unwrap();
        assert!(!answer.text.contains(id), "says nothing of the first");
    }
    assert_eq!(setup.world.ledger.records().len(), 1);
}

/// The same key and body for another path is another call: the answer to one is not that to the
/// other.
#[test]
fn a_key_is_of_one_path() {
    let setup = setup();
    let world = &setup.world;
    let active = || {
        let mut request = world.request();
        request.target = samples::user();
        world
            .directory
            .put_principal(&request.target, principal_facts());
        active_of(world, request)
    };
    let (one, two) = (active(), active());
    let (body, key) = (longer(world, "PT4H"), Some("RITM3-1"));
    let extended =
        |record: &RequestRecord| extend(&setup, record.id().as_str(), &body, "servicenow", key);
    let first = extended(&one);
    assert_eq!(first.status, 202, "{}", first.text);
    let other = extended(&two).problem(409);
    let id = first.body["request_id"].as_str().unwrap();
    assert!(!other.text.contains(id), "says nothing of the first");
    let again = extended(&one);
    assert_eq!((again.status, again.body), (202, first.body));
    setup.post(&body.to_string(), key, 11).problem(409);
    let new = samples::body(&world.ticket(), &world.target).to_string();
    let reused = setup.post(&new, key, 11).problem(409);
    assert_eq!(reused.body["title"], "Idempotency key reused");
}

#[test]
fn keys_of_two_clients_are_two_keys() {
    let setup = setup();
    let (one, two) = (setup.body().to_string(), setup.body().to_string());
    assert_eq!(setup.post(&one, Some("key"), 0).status, 202);
    let mut event = super::post(&two, Some("key"));
    event["requestContext"]["authorizer"]["client"] = json!("another");
    assert_eq!(setup.send(event, 1).status, 202);
    assert_eq!(setup.world.ledger.records().len(), 2);
}

#[test]
fn a_key_is_forgotten_after_eight_days() {
    let setup = setup();
    let (body, other) = (setup.body().to_string(), setup.body().to_string());
    let first = setup.post(&body, Some("sys-1"), 0);
    let answer = setup.post(&other, Some("sys-1"), EIGHT_DAYS);
    assert_eq!(answer.status, 202);
    assert_ne!(answer.body["request_id"], first.body["request_id"]);
}

#[test]
fn a_record_has_one_open_request() {
    let setup = setup();
    let body = setup.body().to_string();
    let first = setup.post(&body, Some("sys-1"), 0);
    for key in [Some("sys-2"), None] {
        let answer = setup.post(&body, key, 1).problem(409);
        assert_eq!(answer.body["request_id"], first.body["request_id"]);
    }
    assert_eq!(setup.world.ledger.records().len(), 1);
}

#[test]
fn keys_that_are_no_keys() {
    let setup = setup();
    let body = setup.body().to_string();
    let long = "k".repeat(256);
    for key in ["", "a b", "a\tb", "ключ", long.as_str()] {
        setup.post(&body, Some(key), 0).problem(400);
    }
    let mut event = super::post(&body, Some("one"));
    event["multiValueHeaders"] =
        json!({"Content-Type": ["application/json"], "Idempotency-Key": ["one", "two"]});
    setup.send(event, 0).problem(400);
    assert_eq!(setup.world.ledger.records(), []);
}

/// A record that another client has a request for is busy too, and nothing is said of whose it is.
#[test]
fn a_record_has_one_open_request_whoever_asks() {
    let setup = setup();
    let body = setup.body().to_string();
    let first = setup.post(&body, None, 0);
    let id = first.body["request_id"].as_str().unwrap();
    let mut event = super::post(&body, None);
    event["requestContext"]["authorizer"]["client"] = json!("another");
    let answer = setup.send(event.clone(), 1).problem(409);
    assert_eq!(answer.body["title"], "Request open");
    assert!(!answer.text.contains(id), "{}", answer.text);
    let record = setup.world.load(&id.parse().unwrap());
    let withdrawn = Event::Withdrawn { reason: None };
    let client = Actor::Client {
        client: samples::client(),
    };
    let _ = setup.world.apply(&record, withdrawn, client, at(2));
    assert_eq!(setup.send(event, 3).status, 202);
}

/// The answer to the first call was lost, and the guardrails were changed before it came again: its
/// request lives, and nobody is told that there is none.
#[test]
fn the_same_call_gets_the_same_answer_under_other_guardrails() {
    let mut setup = setup();
    let body = setup.body().to_string();
    let first = setup.post(&body, Some("sys-1"), 0);
    assert_eq!(first.status, 202);
    let others = GUARDRAILS.replace("sc_req_item", "sc_task");
    setup.intake.guardrails = Guardrails::parse(&others).unwrap();
    for second in [1, EIGHT_DAYS - 1] {
        let again = setup.post(&body, Some("sys-1"), second);
        assert_eq!((again.status, &again.text), (202, &first.text));
    }
    // Another key or client is judged by the guardrails of now, and so is a forgotten one.
    setup
        .post(&format!(" {body}"), Some("sys-1"), 1)
        .problem(409);
    setup.post(&body, Some("sys-2"), 1).problem(422);
    setup.post(&body, None, 1).problem(422);
    setup.post(&body, Some("sys-1"), EIGHT_DAYS).problem(422);
    let mut event = super::post(&body, Some("sys-1"));
    event["requestContext"]["authorizer"]["client"] = json!("another");
    setup.send(event, 1).problem(422);
    assert_eq!(setup.world.ledger.records().len(), 1);
}

/// Wherever a call breaks off, calling again with the same key comes to one request.
#[test]
fn replays_with_crashes_make_one_request() {
    for moment in [Moment::Before, Moment::After] {
        let setup = setup();
        let body = setup.body().to_string();
        setup.world.fault.at(1, moment, Aftermath::Dead);
        setup.post(&body, Some("sys-1"), 0).problem(503);
        setup.world.fault.mend();
        let answers: Vec<_> = (1..50)
            .map(|second| setup.post(&body, Some("sys-1"), second))
            .collect();
        for answer in &answers {
            assert_eq!((answer.status, &answer.text), (202, &answers[0].text));
        }
        assert_eq!(setup.world.ledger.records().len(), 1);
    }
}
