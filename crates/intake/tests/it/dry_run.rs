//! What the answer shows of a dry run.

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
