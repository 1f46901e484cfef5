//! `POST /v1/requests/{id}/withdraw`, `…/revoke` and `…/abandon`.

mod abandoning;
mod faults;

use ports::ledger::Requests as _;
use serde_json::{Value, json};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Event, RequestRecord, RevokedBy};
use testkit::QueueName;
use testkit::world::{BENEFICIARY, OWNER, SECURITY, World, at, id, ready, requester};

use super::{Answer, Setup, setup};

fn end(setup: &Setup, how: &str, id: &str, body: &str, second: i64) -> Answer {
    setup.send(event(how, id, body, "servicenow"), second)
}

pub(super) fn event(how: &str, id: &str, body: &str, client: &str) -> Value {
    let resource = format!("/v1/requests/{{id}}/{how}");
    json!({
        "resource": resource, "path": resource, "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"}, "body": body,
        "pathParameters": {"id": id},
        "requestContext": {"httpMethod": "POST", "authorizer": {"client": client}},
    })
}

pub(super) fn active(world: &World) -> RequestRecord {
    let by_us =
        |record: &RequestRecord, event| world.apply(record, event, Actor::Provisioner, at(2));
    let started = by_us(
        &world.approved(at(0)),
        Event::ProvisioningStarted {
            preexisting: Vec::new(),
        },
    );
    by_us(&started, Event::Activated { until: at(9000) })
}

fn revoked(world: &World) -> RequestRecord {
    let by_us =
        |record: &RequestRecord, event| world.apply(record, event, Actor::Provisioner, at(3));
    let revoking = by_us(&active(world), Event::RevocationStarted);
    by_us(
        &revoking,
        Event::Revoked {
            retained: Vec::new(),
        },
    )
}

#[test]
fn what_is_not_begun_is_withdrawn_once() {
    let states: [fn(&World) -> RequestRecord; 3] = [
        |world| world.received(at(0)),
        |world| world.pending(&[OWNER], at(0)).0,
        |world| world.approved(at(0)),
    ];
    for (n, state) in states.iter().enumerate() {
        let setup = setup();
        let record = state(&setup.world);
        let first = end(&setup, "withdraw", record.id().as_str(), "", 10);
        assert_eq!(
            (first.status, &first.body["state"]),
            (200, &json!("Withdrawn"))
        );
        let after = setup.world.load(record.id());
        assert_eq!(after.state(), State::Withdrawn);
        // Nothing is reported to a ticket that was never checked.
        let woken = setup.world.queues.sent();
        assert_eq!(woken.len(), usize::from(n > 0), "case {n}");
        assert!(woken.iter().all(|sent| sent.queue == QueueName::Outcomes));
        let again = end(&setup, "withdraw", record.id().as_str(), "{}", 20);
        assert_eq!((again.status, again.body), (200, first.body));
        assert_eq!(setup.world.load(record.id()), after);
        assert_eq!(setup.world.queues.sent(), woken, "nobody is woken again");
        // The record may ask anew.
        let body = testkit::samples::body(&record.request().source.sys_id, &setup.world.target);
        assert_eq!(setup.post(&body.to_string(), None, 30).status, 202);
    }
}

#[test]
fn active_access_is_revoked_once() {
    let setup = setup();
    let record = active(&setup.world);
    let body = r#"{"reason": "The project was stopped"}"#;
    let first = end(&setup, "revoke", record.id().as_str(), body, 10);
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.body["revocation"]["by"], json!({"type": "client"}));
    assert_eq!(
        first.body["revocation"]["reason"],
        "The project was stopped"
    );
    let after = setup.world.load(record.id());
    assert!(after.is_over(at(10)));
    assert_eq!(after.revocation().unwrap().by, RevokedBy::Client);
    let woken = setup.world.queues.sent();
    assert_eq!(woken.len(), 1);
    assert_eq!(
        (woken[0].queue, &woken[0].principal),
        (QueueName::Work, &Some(setup.world.key()))
    );
    let again = end(&setup, "revoke", record.id().as_str(), "", 20);
    assert_eq!((again.status, again.body), (200, first.body));
    assert_eq!(setup.world.load(record.id()), after);
    assert_eq!(setup.world.queues.sent(), woken);
}

#[test]
fn what_does_not_fit_the_state_is_a_conflict_that_changes_nothing() {
    type Case = (&'static str, fn(&World) -> RequestRecord);
    let cases: [Case; 7] = [
        ("withdraw", active),
        ("withdraw", revoked),
        ("revoke", |world| world.received(at(0))),
        ("revoke", |world| world.pending(&[OWNER], at(0)).0),
        ("revoke", |world| world.approved(at(0))),
        ("revoke", |world| {
            let record = world.approved(at(0));
            world.apply(
                &record,
                Event::ProvisioningStarted {
                    preexisting: Vec::new(),
                },
                Actor::Provisioner,
                at(1),
            )
        }),
        ("revoke", |world| {
            let (record, _) = world.pending(&[OWNER], at(0));
            world.apply(&record, Event::Expired, Actor::Sweeper, at(1))
        }),
    ];
    for (n, (how, state)) in cases.iter().enumerate() {
        let setup = setup();
        let record = state(&setup.world);
        let answer = end(&setup, how, record.id().as_str(), "", 10).problem(409);
        assert_eq!(answer.body["state"], json!(record.state()), "case {n}");
        assert_eq!(setup.world.load(record.id()), record, "case {n}");
        assert_eq!(setup.world.queues.sent(), []);
    }
    let setup = setup();
    let record = revoked(&setup.world);
    assert_eq!(
        end(&setup, "revoke", record.id().as_str(), "", 10).status,
        200
    );
    assert_eq!(setup.world.load(record.id()), record, "it has ended anyway");
}

#[test]
fn the_reason_of_a_withdrawal_is_shown() {
    let setup = setup();
    let (record, _) = setup.world.pending(&[OWNER], at(0));
    let body = r#"{"reason": "Ordered twice"}"#;
    let answer = end(&setup, "withdraw", record.id().as_str(), body, 10);
    let reason =
        json!({"code": "withdrawn", "detail": "It was cancelled.", "reason": "Ordered twice"});
    assert_eq!((answer.status, &answer.body["end_reason"]), (200, &reason));
    let again = end(&setup, "withdraw", record.id().as_str(), "", 20);
    assert_eq!((again.status, again.body), (200, answer.body));
}

#[test]
fn access_is_ended_on_behalf_of_requester_and_beneficiary_and_of_nobody_else() {
    let on_behalf_of =
        |who: &str| json!({"by": {"sys_id": who}, "reason": "Done for today"}).to_string();
    let (requester, beneficiary) = (requester().sys_id, id(BENEFICIARY));
    let cases = [
        (requester.as_str(), Some(RevokedBy::Requester)),
        (beneficiary.as_str(), Some(RevokedBy::Beneficiary)),
        (id(OWNER).as_str(), None),
        (id(SECURITY).as_str(), None),
    ]
    .map(|(who, role)| (who.to_owned(), role));
    for (who, role) in cases {
        let setup = setup();
        let record = active(&setup.world);
        let answer = end(
            &setup,
            "revoke",
            record.id().as_str(),
            &on_behalf_of(&who),
            10,
        );
        let after = setup.world.load(record.id());
        let Some(role) = role else {
            let answer = answer.problem(422);
            assert_eq!(answer.body["errors"][0]["pointer"], "/by/sys_id");
            assert_eq!(after, record);
            assert_eq!(setup.world.queues.sent(), []);
            continue;
        };
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.body["revocation"]["by"], json!(role));
        assert_eq!(
            after.revocation().map(|revocation| revocation.by),
            Some(role)
        );
    }
    // Nor does it matter that it has ended already.
    let setup = setup();
    let record = revoked(&setup.world);
    let body = on_behalf_of(id(OWNER).as_str());
    end(&setup, "revoke", record.id().as_str(), &body, 10).problem(422);
}

/// The security client of the guardrails.
const WATCH: &str = "watch";

#[test]
fn a_security_client_ends_any_access_and_reads_nothing() {
    let setup = setup();
    let record = active(&setup.world);
    let id = record.id().as_str();
    let revoke = |body: &str, second| setup.send(event("revoke", id, body, WATCH), second);
    let first = revoke(r#"{"reason": "Seen from an unknown address"}"#, 10);
    let answer = json!({"request_id": id, "state": "Active"});
    assert_eq!((first.status, &first.body), (200, &answer));
    let after = setup.world.load(record.id());
    assert!(after.is_over(at(10)));
    assert_eq!(after.revocation().unwrap().by, RevokedBy::Security);
    let trail = ready(setup.world.ledger.trail(record.id())).unwrap();
    let actor = trail.last().unwrap().read::<RequestRecord>().unwrap().actor;
    let client = WATCH.parse().unwrap();
    assert_eq!(actor, Actor::Client { client });
    let woken = setup.world.queues.sent();
    assert_eq!((woken.len(), woken[0].queue), (1, QueueName::Work));
    let again = revoke("", 20);
    assert_eq!((again.status, &again.body), (200, &answer));
    assert_eq!(setup.world.load(record.id()), after);
    assert_eq!(setup.world.queues.sent(), woken);
    // Its client reads who it was, and in which role.
    let path = "/v1/requests/{id}";
    let shown = setup.send(super::get(path, id, json!(null), "servicenow"), 30);
    assert_eq!(shown.body["revocation"]["by"], json!({"type": "security"}));
    let last = shown.body["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(last["by"], "security");
}

#[test]
fn a_security_client_may_do_nothing_else() {
    let states: [fn(&World) -> RequestRecord; 3] = [
        |world| world.received(at(0)),
        |world| world.pending(&[OWNER], at(0)).0,
        active,
    ];
    for state in states {
        let setup = setup();
        let record = state(&setup.world);
        let id = record.id().as_str();
        setup
            .send(super::get("/v1/requests/{id}", id, json!(null), WATCH), 10)
            .problem(404);
        setup
            .send(event("withdraw", id, "", WATCH), 10)
            .problem(404);
        let on_behalf = json!({"by": {"sys_id": requester().sys_id}}).to_string();
        setup
            .send(event("revoke", id, &on_behalf, WATCH), 10)
            .problem(422);
        if record.state() != State::Active {
            let answer = setup.send(event("revoke", id, "", WATCH), 10).problem(409);
            assert_eq!(answer.body["state"], json!(record.state()));
        }
        assert_eq!(setup.world.load(record.id()), record);
        assert_eq!(setup.world.queues.sent(), []);
    }
    // What it asked for itself is its own like anybody's.
    let setup = setup();
    let mut call = super::post(&setup.body().to_string(), None);
    call["requestContext"]["authorizer"]["client"] = json!(WATCH);
    let own = setup.send(call, 0).body["request_id"].clone();
    let own = own.as_str().unwrap();
    let answer = setup.send(event("withdraw", own, "", WATCH), 1);
    assert_eq!(answer.body["state"], "Withdrawn");
}

#[test]
fn who_may_not_hears_the_same_of_what_is_there_and_what_is_not() {
    let setup = setup();
    let record = active(&setup.world);
    let (there, not) = (record.id().to_string(), format!("req-{}", "0".repeat(32)));
    let on_behalf = json!({"by": {"sys_id": requester().sys_id}}).to_string();
    for how in ["withdraw", "revoke"] {
        for (id, client) in [
            (&there, "another"),
            (&not, "another"),
            (&not, WATCH),
            (&not, "servicenow"),
        ] {
            let body = if how == "revoke" {
                on_behalf.as_str()
            } else {
                ""
            };
            let answer = setup.send(event(how, id, body, client), 10).problem(404);
            let nothing = setup.send(event(how, "nonsense", "", "another"), 10);
            assert_eq!(answer.text, nothing.text, "{how} {id} {client}");
        }
    }
    assert_eq!(setup.world.load(record.id()), record);
}

#[test]
fn requests_of_others_are_not_ended() {
    let setup = setup();
    let record = active(&setup.world);
    for how in ["withdraw", "revoke"] {
        let event = event(how, record.id().as_str(), "", "another");
        setup.send(event, 10).problem(404);
    }
    assert_eq!(setup.world.load(record.id()), record);
}

#[test]
fn bodies_that_cannot_be_understood_end_nothing() {
    let setup = setup();
    let record = active(&setup.world);
    let bad = [
        ("revoke", "{"),
        ("revoke", "[]"),
        ("revoke", r#"{"reason": 7}"#),
        ("revoke", r#"{"reason": "x"}"#),
        ("revoke", r#"{"reason": "Fine", "by": "owner"}"#),
        ("revoke", r#"{"by": {}}"#),
        ("revoke", r#"{"by": {"sys_id": "me"}}"#),
        ("revoke", r#"{"by": {"sys_id": 7}}"#),
        ("revoke", r#"{"by": {"role": "requester"}}"#),
        ("revoke", r#"{"reason": "One", "reason": "Two"}"#),
        ("withdraw", r#"{"reason": "x"}"#),
        (
            "withdraw",
            r#"{"by": {"sys_id": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}}"#,
        ),
    ];
    for (how, body) in bad {
        let answer = end(&setup, how, record.id().as_str(), body, 10).problem(400);
        assert!(answer.body["errors"].is_array(), "{body}");
    }
    let mut form = event("revoke", record.id().as_str(), "reason=Fine", "servicenow");
    form["headers"]["Content-Type"] = json!("application/x-www-form-urlencoded");
    setup.send(form, 10).problem(415);
    assert_eq!(setup.world.load(record.id()), record);
}
