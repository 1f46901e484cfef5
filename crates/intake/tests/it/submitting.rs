//! `POST /v1/requests`.

use serde_json::{Value, json};
use snowgate_core::lifecycle::State;
use testkit::{Aftermath, Moment, QueueName};

use super::{post, setup};

#[test]
fn an_accepted_request_is_held_and_the_dispatcher_woken() {
    let setup = setup();
    let answer = setup.post(&setup.body().to_string(), None, 0);
    assert_eq!(answer.status, 202);
    assert_eq!(answer.media_type, "application/json");
    let records = setup.world.ledger.records();
    assert_eq!(records.len(), 1);
    let record = &records[0];
    let expected = json!({
        "request_id": record.id(), "state": "Received", "digest": record.request_digest(),
        "findings": [], "status_url": format!("/v1/requests/{}", record.id()),
    });
    assert_eq!(answer.body, expected);
    assert_eq!(
        (record.state(), record.client().as_str()),
        (State::Received, "servicenow")
    );
    let sent = setup.world.queues.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (sent[0].queue, sent[0].request(), sent[0].wake.version),
        (QueueName::Requests, record.id(), record.version())
    );
}

#[test]
fn a_request_is_held_although_the_queue_is_down() {
    let setup = setup();
    setup.queue.at(1, Moment::Before, Aftermath::Dead);
    assert_eq!(setup.post(&setup.body().to_string(), None, 0).status, 202);
    let records = setup.world.ledger.records();
    assert_eq!(records.len(), 1);
    assert!(
        records[0].due_at().is_some(),
        "the sweeper comes back to it"
    );
    assert_eq!(setup.world.queues.sent(), []);
}

#[test]
fn without_the_ledger_nothing_is_accepted() {
    let setup = setup();
    setup.world.fault.at(1, Moment::Before, Aftermath::Dead);
    let answer = setup
        .post(&setup.body().to_string(), Some("k"), 0)
        .problem(503);
    assert!(
        !answer.text.contains("fault:Injected"),
        "the problem names nothing inside"
    );
    assert_eq!(setup.world.ledger.records(), []);
    assert_eq!(setup.world.queues.sent(), []);
}

#[test]
fn bodies_that_are_no_requests() {
    let setup = setup();
    let good = setup.body();
    let with = |pointer: &str, value: Value| {
        let mut body = good.clone();
        match body.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => {
                let name = pointer.trim_start_matches('/').to_owned();
                body.as_object_mut().unwrap().insert(name, value);
            }
        }
        body.to_string()
    };
    let twice = good.to_string().replacen('{', r#"{"duration":"PT1H","#, 1);
    let large = with("/justification", json!("x".repeat(64 * 1024)));
    let table = [
        (String::new(), 400, "", "malformed"),
        ("[]".to_owned(), 400, "", "type"),
        (twice, 400, "", "malformed"),
        (large, 413, "", "too_large"),
        (with("/status", json!("Active")), 400, "/status", "unknown"),
        (with("/approver", json!("me")), 400, "/approver", "unknown"),
        (with("/duration", json!("P1Y")), 400, "/duration", "value"),
        (with("/duration", json!(8)), 400, "/duration", "type"),
        (
            with("/target/account_id", json!("1")),
            400,
            "/target/account_id",
            "value",
        ),
    ];
    for (body, status, pointer, code) in table {
        let answer = setup.post(&body, Some("key"), 0).problem(status);
        let errors = answer.body["errors"].as_array().unwrap();
        let found = errors
            .iter()
            .any(|error| error["pointer"] == pointer && error["code"] == code);
        assert!(found, "{pointer} {code}: {}", answer.text);
    }
    let mut not_base64 = post("%%%", None);
    not_base64["isBase64Encoded"] = json!(true);
    setup.send(not_base64, 0).problem(400);
    assert_eq!(setup.world.ledger.records(), []);
    assert_eq!(setup.world.queues.sent(), []);
}

#[test]
fn what_the_guardrails_do_not_allow_is_not_kept() {
    let setup = setup();
    let table = [
        ("/source/table", "incident", "table_not_allowed"),
        ("/target/account_id", "000000000009", "account_not_allowed"),
        (
            "/grants/0/policy_arn",
            "arn:aws:iam::aws:policy/AdministratorAccess",
            "grant_not_allowed",
        ),
        (
            "/grants/0/policy_arn",
            "arn:aws:iam::210987654321:policy/keys-admin",
            "needs_sign_in",
        ),
        ("/duration", "P8D", "too_long"),
    ];
    for (pointer, value, code) in table {
        let mut body = setup.body();
        *body.pointer_mut(pointer).unwrap() = json!(value);
        let answer = setup.post(&body.to_string(), Some("key"), 0).problem(422);
        let findings = answer.body["findings"].as_array().unwrap();
        let found = findings
            .iter()
            .any(|finding| finding["pointer"] == pointer && finding["code"] == code);
        assert!(found, "{pointer} {code}: {}", answer.text);
    }
    assert_eq!(setup.world.ledger.records(), []);
    let good = setup.body().to_string();
    let answer = setup.post(&good, Some("key"), 0);
    assert_eq!(answer.status, 202, "what was refused did not bind the key");
}

#[test]
fn other_media_types_are_refused() {
    let setup = setup();
    for media in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
    ] {
        let mut event = post(&setup.body().to_string(), None);
        event["headers"]["Content-Type"] = json!(media);
        setup.send(event, 0).problem(415);
    }
    let mut event = post(&setup.body().to_string(), None);
    event["headers"] = json!({});
    setup.send(event, 0).problem(415);
    assert_eq!(setup.world.ledger.records(), []);
}

#[test]
fn whoever_the_authorizer_did_not_let_in_gets_nothing() {
    let setup = setup();
    for authorizer in [
        json!({}),
        json!({"client": ""}),
        json!({"client": 7}),
        json!({"client": "Not A Client"}),
    ] {
        let mut event = post(&setup.body().to_string(), None);
        event["requestContext"]["authorizer"] = authorizer;
        setup.send(event, 0).problem(403);
    }
    assert_eq!(setup.world.ledger.records(), []);
}

#[test]
fn other_routes_do_not_exist_and_other_methods_are_not_allowed() {
    let setup = setup();
    for (method, resource, status) in [
        ("DELETE", "/v1/requests", 405),
        ("POST", "/v1/requests/{id}", 405),
        ("GET", "/", 404),
    ] {
        let mut event = post(&setup.body().to_string(), None);
        event["httpMethod"] = json!(method);
        event["resource"] = json!(resource);
        setup.send(event, 0).problem(status);
    }
    assert_eq!(setup.world.ledger.records(), []);
}

#[test]
fn nothing_that_was_sent_comes_back() {
    const CANARY: &str = "canary-7f3a";
    let setup = setup();
    let mut bodies = vec![CANARY.to_owned(), format!("{{\"{CANARY}\"")];
    let good = setup.body();
    for pointer in [
        "/source/table",
        "/source/sys_id",
        "/source/number",
        "/requested_by/sys_id",
        "/target/account_id",
        "/target/principal/type",
        "/target/principal/name",
        "/grants/0/type",
        "/grants/0/policy_arn",
        "/duration",
        "/justification",
    ] {
        let mut body = good.clone();
        let place = body.pointer_mut(pointer).unwrap();
        *place = json!(CANARY);
        bodies.push(body.to_string());
        *body.pointer_mut(pointer).unwrap() = json!({CANARY: CANARY});
        bodies.push(body.to_string());
    }
    for body in bodies {
        for key in [None, Some(CANARY), Some("canary-7f3a with a space")] {
            let answer = setup.post(&body, key, 0);
            let pointers = answer.body["errors"].to_string();
            let reported = answer.text.replace(&pointers, "");
            assert!(!reported.contains(CANARY), "{}", answer.text);
            let details = answer.body["errors"].as_array();
            for error in details.into_iter().flatten() {
                assert!(!error["detail"].to_string().contains(CANARY), "{error}");
            }
        }
    }
    let mut key = post(&good.to_string(), Some(CANARY));
    key["headers"]["Content-Type"] = json!(CANARY);
    assert!(!setup.send(key, 0).text.contains(CANARY));
}
