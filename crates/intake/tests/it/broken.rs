//! Requests that their audit trail does not bear out.

use serde_json::json;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Event, RequestRecord};
use testkit::QueueName;
use testkit::tampering::TAMPERINGS;
use testkit::world::at;

use super::{Setup, get, setup};

fn active(setup: &Setup) -> RequestRecord {
    let approved = setup.world.approved(at(0));
    let by =
        |record: &RequestRecord, event| setup.world.apply(record, event, Actor::Provisioner, at(2));
    let started = by(
        &approved,
        Event::ProvisioningStarted {
            preexisting: Vec::new(),
        },
    );
    by(&started, Event::Activated { until: at(9000) })
}

fn post(record: &RequestRecord, what: &str, body: &str) -> serde_json::Value {
    let resource = format!("/v1/requests/{{id}}/{what}");
    let mut event = get(&resource, record.id().as_str(), json!({}), "servicenow");
    event["httpMethod"] = json!("POST");
    event["requestContext"]["httpMethod"] = json!("POST");
    event["headers"] = json!({"Content-Type": "application/json"});
    event["body"] = json!(body);
    event
}

#[test]
fn no_false_timeline_is_answered() {
    for tampering in TAMPERINGS {
        let setup = setup();
        let record = active(&setup);
        let show = || {
            get(
                "/v1/requests/{id}",
                record.id().as_str(),
                json!({}),
                "servicenow",
            )
        };
        assert_eq!(setup.send(show(), 5).status, 200);
        (tampering.tamper)(&setup.world, &record);
        let answer = setup.send(show(), 5).problem(500);
        assert_eq!(
            answer.body["title"], "Audit trail broken",
            "{}",
            tampering.name
        );
        assert_eq!(answer.body["timeline"], json!(null));
        // Others learn nothing of it.
        let theirs = get(
            "/v1/requests/{id}",
            record.id().as_str(),
            json!({}),
            "another",
        );
        let _ = setup.send(theirs, 5).problem(404);
        let body = json!({"duration": "PT1H", "justification": "More of it"}).to_string();
        let extended = setup.send(post(&record, "extend", &body), 5);
        let _ = extended.problem(500);
    }
}

#[test]
fn a_client_ends_access_and_withdraws_with_a_broken_trail() {
    for tampering in TAMPERINGS {
        let setup = setup();
        let record = active(&setup);
        (tampering.tamper)(&setup.world, &record);
        let answer = setup.send(post(&record, "revoke", "{}"), 50);
        assert_eq!(answer.status, 200, "{}: {}", tampering.name, answer.text);
        let said = json!({"request_id": record.id(), "state": "Active"});
        assert_eq!(answer.body, said, "no more than that: {}", tampering.name);
        assert!(setup.world.load(record.id()).is_over(at(50)));
        assert_eq!(setup.world.queues.take(QueueName::Work).len(), 1);

        let waiting = setup.world.received(at(0));
        (tampering.tamper)(&setup.world, &waiting);
        let is_sure = !setup.world.load(waiting.id()).was_put_back();
        let answer = setup.send(post(&waiting, "withdraw", "{}"), 50);
        let after = setup.world.load(waiting.id()).state();
        let woken = setup.world.queues.take(QueueName::Work).len();
        // Where a row may be missing that says that it was begun, the provisioner ends it.
        let expected = match is_sure {
            true => (200, State::Withdrawn, 0),
            false => (503, State::Received, 1),
        };
        let found = (answer.status, after, woken);
        assert_eq!(found, expected, "{}: {}", tampering.name, answer.text);
    }
}
