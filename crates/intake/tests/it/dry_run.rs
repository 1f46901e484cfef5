//! What the answer shows of a dry run.

use ports::ledger::MAX_DRY_RUNS;
use serde_json::json;
use snowgate_core::lifecycle::Actor;
use snowgate_core::preview::{PassedOver, PassedOverBecause, Preview, PreviewSlot};
use snowgate_core::record::{Event, RequestRecord};
use snowgate_core::slots::ApproverRole;
use testkit::samples;
use testkit::world::{OWNER, World, at, id};

use super::{get, setup};

/// A dry run with everything that it can find.
pub(super) fn previewed(world: &World) -> RequestRecord {
    let mut request = world.request();
    request.dry_run = true;
    let record = world.receive(request, at(0));
    let slot = samples::slot(&[id(OWNER)]);
    let effect = samples::effect(record.id(), &world.target, false);
    let preview = Preview {
        changes: vec![(&effect).into()],
        findings: Vec::new(),
        slots: vec![PreviewSlot {
            id: slot.id,
            resource: slot.resource,
            known: true,
            would_ask: slot.approvers,
            passed_over: vec![PassedOver {
                sys_id: id(0x77),
                role: ApproverRole::Owner,
                because: PassedOverBecause::Missing,
            }],
        }],
    };
    world.apply(
        &record,
        Event::Previewed { preview },
        Actor::Dispatcher,
        at(1),
    )
}

#[test]
fn a_dry_run_shows_what_it_found_and_no_names() {
    let setup = setup();
    let record = previewed(&setup.world);
    let path = "/v1/requests/{id}";
    let shown = setup.send(
        get(path, record.id().as_str(), json!(null), "servicenow"),
        2,
    );
    assert_eq!((shown.status, &shown.body["dry_run"]), (200, &json!(true)));
    let expected = json!({
        "changes": [{
            "change": {"type": "policy_attached", "policy_arn": samples::policy()},
            "target": {
                "account_id": setup.world.target.account_id,
                "principal": {"type": "user", "name": setup.world.target.name},
            },
            "already_there": false,
            "description": "policy `reports-read`",
        }],
        "slots": [{
            "slot": "account:210987654321",
            "resource": {"type": "account", "account_id": "210987654321"},
            "known": true,
            "count": 1,
            "would_ask": [{
                "sys_id": id(OWNER),
                "role": "owner",
                "because": ApproverRole::Owner.in_words(),
            }],
            "passed_over": [{
                "sys_id": id(0x77),
                "role": "owner",
                "reason": "missing",
                "detail": "ServiceNow has no such person.",
            }],
        }],
        "findings": [],
    });
    assert_eq!(shown.body["preview"], expected);
}

/// However many clients and keys there are, a record answers no more questions than that.
#[test]
fn a_record_has_so_many_dry_runs() {
    let setup = setup();
    let mut body = setup.body();
    let dry_run = |key: u32, second: i64| {
        let mut body = body.clone();
        body["dry_run"] = json!(true);
        let mut event = super::post(&body.to_string(), Some(&format!("key-{key}")));
        let client = if key.is_multiple_of(2) {
            "servicenow"
        } else {
            "another"
        };
        event["requestContext"]["authorizer"]["client"] = json!(client);
        setup.send(event, second)
    };
    let mut last = None;
    for run in 0..MAX_DRY_RUNS {
        let second = 10 * i64::from(run);
        let answer = dry_run(run, second);
        assert_eq!(answer.status, 202, "{}", answer.text);
        let id = answer.body["request_id"].as_str().unwrap();
        let record = setup.world.load(&id.parse().unwrap());
        let client = record.client().clone();
        let withdrawn = Event::Withdrawn { reason: None };
        let actor = Actor::Client { client };
        let _ = setup.world.apply(&record, withdrawn, actor, at(second + 1));
        last = Some(answer);
    }
    for key in [100, 101] {
        let more = dry_run(key, 500).problem(409);
        assert_eq!(more.body["title"], "Dry runs used up");
    }
    // A call that is repeated is none more, and a request is none.
    let again = dry_run(MAX_DRY_RUNS - 1, 501);
    assert_eq!((again.status, again.text), (202, last.unwrap().text));
    body["duration"] = json!("PT1H");
    assert_eq!(setup.post(&body.to_string(), None, 502).status, 202);
}
