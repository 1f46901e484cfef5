//! `POST /v1/requests/{id}/extend`.

use ports::ledger::Requests as _;
use serde_json::{Value, json};
use snowgate_core::approval::Verdict;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Event, RequestRecord};
use snowgate_core::request::{AccessRequest, Extension};
use testkit::QueueName;
use testkit::world::{OWNER, World, at, ready};

use super::{Answer, Setup, setup};

pub(super) fn active_of(world: &World, request: AccessRequest) -> RequestRecord {
    let (pending, _) = world.pend(world.receive(request, at(0)), &[OWNER], at(0));
    let approved = world.decide(&pending, OWNER, Verdict::Approve, &world.keys, at(1));
    let by_us =
        |record: &RequestRecord, event| world.apply(record, event, Actor::Provisioner, at(2));
    let started = by_us(
        &approved,
        Event::ProvisioningStarted {
            preexisting: Vec::new(),
        },
    );
    let until = at(2) + started.request().duration.as_signed();
    by_us(&started, Event::Activated { until })
}

pub(super) fn longer(world: &World, duration: &str) -> Value {
    json!({
        "source": {"table": "sc_req_item", "sys_id": world.ticket(), "number": "RITM0010001"},
        "requested_by": {"sys_id": "b".repeat(32)},
        "duration": duration,
        "justification": "The close takes longer",
    })
}

pub(super) fn extend(
    setup: &Setup,
    id: &str,
    body: &Value,
    client: &str,
    key: Option<&str>,
) -> Answer {
    let resource = "/v1/requests/{id}/extend";
    let mut event = json!({
        "resource": resource, "path": resource, "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"}, "body": body.to_string(),
        "pathParameters": {"id": id},
        "requestContext": {"httpMethod": "POST", "authorizer": {"client": client}},
    });
    if let Some(key) = key {
        event["headers"]["Idempotency-Key"] = json!(key);
    }
    setup.send(event, 10)
}

#[test]
fn access_that_is_there_is_asked_for_longer_as_a_request_of_its_own() {
    let setup = setup();
    let world = &setup.world;
    let first = active_of(world, world.request());
    let (body, key) = (longer(world, "PT4H"), Some("RITM2-1"));
    let answer = extend(&setup, first.id().as_str(), &body, "servicenow", key);
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(world.load(first.id()), first, "the first stays as it is");
    let id = answer.body["request_id"].as_str().unwrap();
    let second = world.load(&id.parse().unwrap());
    assert_eq!(second.state(), State::Received);
    let extends = Extension {
        request: first.id().clone(),
        since: at(2),
        before: first.request().duration,
    };
    assert_eq!(second.request().extends, Some(extends));
    assert_eq!(second.request().grants, first.request().grants);
    assert!(first.is_extended_by(&second, at(10)));
    assert!(!first.is_extended_by(&second, at(2) + first.request().duration.as_signed()));
    let woken = world.queues.take(QueueName::Requests);
    assert_eq!(woken[0].request(), second.id());
    let path = "/v1/requests/{id}";
    let shown = setup.send(super::get(path, id, json!(null), "servicenow"), 11);
    let expected = json!({"request_id": first.id(), "since": at(2), "total": "PT12H"});
    assert_eq!(shown.body["extends"], expected);
    // The answer to the same call is the same, also once the first has ended.
    let revoking = world.apply(&first, Event::RevocationStarted, Actor::Provisioner, at(20));
    let ended = Event::Revoked {
        retained: Vec::new(),
    };
    let _ = world.apply(&revoking, ended, Actor::Provisioner, at(21));
    let again = extend(&setup, first.id().as_str(), &body, "servicenow", key);
    assert_eq!((again.status, again.body), (202, answer.body));
    let other = longer(world, "PT5H");
    extend(&setup, first.id().as_str(), &other, "servicenow", key).problem(409);
}

#[test]
fn what_was_never_there_or_is_of_others_is_not_extended() {
    type Case = fn(&World) -> RequestRecord;
    let never: [Case; 4] = [
        |world| world.received(at(0)),
        |world| world.pending(&[OWNER], at(0)).0,
        |world| world.approved(at(0)),
        |world| {
            let (record, _) = world.pending(&[OWNER], at(0));
            world.apply(&record, Event::Expired, Actor::Sweeper, at(1))
        },
    ];
    for made in never {
        let setup = setup();
        let record = made(&setup.world);
        let body = longer(&setup.world, "PT4H");
        let answer = extend(&setup, record.id().as_str(), &body, "servicenow", None).problem(409);
        assert_eq!(answer.body["state"], json!(record.state()));
        assert_eq!(setup.world.ledger.records().len(), 1);
    }
    let setup = setup();
    let record = active_of(&setup.world, setup.world.request());
    let body = longer(&setup.world, "PT4H");
    for client in ["another", "watch"] {
        extend(&setup, record.id().as_str(), &body, client, None).problem(404);
    }
    let mut more = body.clone();
    more["grants"] = json!([]);
    extend(&setup, record.id().as_str(), &more, "servicenow", None).problem(400);
    assert_eq!(setup.world.ledger.records().len(), 1);
    assert!(
        ready(setup.world.ledger.load(record.id()))
            .unwrap()
            .is_some()
    );
}

#[test]
fn all_durations_are_added_up() {
    let setup = setup();
    let world = &setup.world;
    let mut request = world.request();
    request.duration = "P7D".parse().unwrap();
    let first = active_of(world, request.clone());
    let fits = extend(
        &setup,
        first.id().as_str(),
        &longer(world, "P7D"),
        "servicenow",
        None,
    );
    assert_eq!(fits.status, 202, "{}", fits.text);
    // The second of two weeks cannot be extended, by however little.
    let setup = self::setup();
    let world = &setup.world;
    request.source.sys_id = world.ticket();
    request.target = world.target.clone();
    request.extends = first.extension();
    let second = active_of(world, request);
    let body = longer(world, "PT15M");
    let answer = extend(&setup, second.id().as_str(), &body, "servicenow", None).problem(422);
    let codes: Vec<&Value> = answer.body["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| &finding["code"])
        .collect();
    assert_eq!(codes, ["too_long_in_total"]);
}
