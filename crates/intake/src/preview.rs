//! What a dry run found, as the client sees it. People are named by their `sys_id`, which is
//! ServiceNow's own; no names and no addresses.

use serde_json::{Value, json};
use snowgate_core::preview::{PassedOver, PlannedChange, Preview, PreviewSlot};
use snowgate_core::principal::Principal;
use snowgate_core::slots::{Approver, OwnedResource};

pub(crate) fn preview(preview: &Preview, target: &Principal) -> Value {
    let changes = preview.changes.iter().map(|one| change(one, target));
    json!({
        "changes": changes.collect::<Vec<_>>(),
        "slots": preview.slots.iter().map(slot).collect::<Vec<_>>(),
        "findings": preview.findings,
    })
}

fn change(planned: &PlannedChange, target: &Principal) -> Value {
    json!({
        "change": planned.change,
        "target": {
            "account_id": target.account_id,
            "principal": {"type": target.kind, "name": target.name},
        },
        "already_there": planned.already_there,
        "in_words": planned.change.in_words(),
    })
}

fn slot(slot: &PreviewSlot) -> Value {
    json!({
        "slot": slot.id,
        "resource": slot.resource,
        "known": slot.known,
        "count": slot.would_ask.len(),
        "would_ask": slot.would_ask.iter().map(|one| asked(one, &slot.resource)).collect::<Vec<_>>(),
        "passed_over": slot.passed_over.iter().map(passed_over).collect::<Vec<_>>(),
    })
}

fn asked(approver: &Approver, resource: &OwnedResource) -> Value {
    json!({
        "sys_id": approver.sys_id,
        "role": approver.role,
        "because": approver.in_words(resource),
    })
}

fn passed_over(person: &PassedOver) -> Value {
    json!({
        "sys_id": person.sys_id,
        "role": person.role,
        "reason": person.because,
        "detail": person.because.in_words(),
    })
}
