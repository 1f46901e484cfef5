//! What a dry run found. People are named by their `sys_id`, which is ServiceNow's own; there are
//! no names and no addresses.

use serde::Serialize;
use snowgate_core::effect::EffectChange;
use snowgate_core::finding::Finding;
use snowgate_core::id::SysId;
use snowgate_core::preview::{PassedOver, PassedOverBecause, PlannedChange, Preview, PreviewSlot};
use snowgate_core::principal::Principal;
use snowgate_core::slots::{Approver, ApproverRole, OwnedResource};

use super::TargetAnswer;

/// `Preview`.
#[derive(Debug, Serialize)]
pub(super) struct PreviewAnswer<'a> {
    changes: Vec<ChangeAnswer<'a>>,
    slots: Vec<SlotAnswer<'a>>,
    findings: &'a [Finding],
}

/// A change in IAM that would be made.
#[derive(Debug, Serialize)]
struct ChangeAnswer<'a> {
    change: &'a EffectChange,
    target: TargetAnswer<'a>,
    already_there: bool,
    description: String,
}

/// An approval that would be required.
#[derive(Debug, Serialize)]
struct SlotAnswer<'a> {
    slot: &'a str,
    resource: &'a OwnedResource,
    known: bool,
    count: usize,
    would_ask: Vec<ApproverAnswer<'a>>,
    passed_over: Vec<PassedOverAnswer<'a>>,
}

/// A person who would be asked.
#[derive(Debug, Serialize)]
struct ApproverAnswer<'a> {
    sys_id: &'a SysId,
    role: ApproverRole,
    because: String,
}

/// A person who would not be asked.
#[derive(Debug, Serialize)]
struct PassedOverAnswer<'a> {
    sys_id: &'a SysId,
    role: ApproverRole,
    reason: PassedOverBecause,
    detail: &'static str,
}

impl<'a> PreviewAnswer<'a> {
    pub(super) fn new(preview: &'a Preview, target: &'a Principal) -> Self {
        let changes = preview.changes.iter();
        Self {
            changes: changes.map(|one| ChangeAnswer::new(one, target)).collect(),
            slots: preview.slots.iter().map(SlotAnswer::from).collect(),
            findings: &preview.findings,
        }
    }
}

impl<'a> ChangeAnswer<'a> {
    fn new(planned: &'a PlannedChange, target: &'a Principal) -> Self {
        Self {
            change: &planned.change,
            target: target.into(),
            already_there: planned.already_there,
            description: planned.change.in_words(),
        }
    }
}

impl<'a> From<&'a PreviewSlot> for SlotAnswer<'a> {
    fn from(slot: &'a PreviewSlot) -> Self {
        let would_ask = slot.would_ask.iter();
        Self {
            slot: &slot.id,
            resource: &slot.resource,
            known: slot.known,
            count: slot.would_ask.len(),
            would_ask: would_ask
                .map(|approver| ApproverAnswer::new(approver, &slot.resource))
                .collect(),
            passed_over: slot.passed_over.iter().map(Into::into).collect(),
        }
    }
}

impl<'a> ApproverAnswer<'a> {
    fn new(approver: &'a Approver, resource: &OwnedResource) -> Self {
        Self {
            sys_id: &approver.sys_id,
            role: approver.role,
            because: approver.in_words(resource),
        }
    }
}

impl<'a> From<&'a PassedOver> for PassedOverAnswer<'a> {
    fn from(person: &'a PassedOver) -> Self {
        Self {
            sys_id: &person.sys_id,
            role: person.role,
            reason: person.because,
            detail: person.because.in_words(),
        }
    }
}
