//! What a dry run found.

use super::schema::stored_struct;
use crate::effect::EffectChange;
use crate::finding::Finding;
use crate::id::SysId;
use crate::preview::{PassedOver, PassedOverBecause, PlannedChange, Preview, PreviewSlot};
use crate::slots::{Approver, ApproverRole, OwnedResource};

stored_struct!(pub PreviewV1 for Preview {
    changes: Vec<PlannedChange>,
    slots: Vec<PreviewSlot>,
    findings: Vec<Finding>,
});

stored_struct!(pub PlannedChangeV1 for PlannedChange {
    change: EffectChange,
    already_there: bool,
});

stored_struct!(pub PreviewSlotV1 for PreviewSlot {
    id: String,
    resource: OwnedResource,
    known: bool,
    would_ask: Vec<Approver>,
    passed_over: Vec<PassedOver>,
});

stored_struct!(pub PassedOverV1 for PassedOver {
    sys_id: SysId,
    role: ApproverRole,
    because: PassedOverBecause,
});
