//! Events, and the rows of the audit trail that hold them.

use jiff::Timestamp;

use super::schema::{stored_enum, stored_struct};
use crate::approval::MacTag;
use crate::audit::TrailFault;
use crate::bounce::{BounceKind, MessageId};
use crate::effect::EffectChange;
use crate::finding::Finding;
use crate::id::{Digest, RequestId, SysId};
use crate::lifecycle::{Actor, State};
use crate::preview::Preview;
use crate::prose::Reason;
use crate::record::{
    ApprovalRound, AuditRow, DecisionRecord, Deviation, Event, FailureCode, Message, RefusalCode,
    RetainedChange, RevokedBy, SkipCode,
};
use crate::slots::Approver;

stored_enum!(EventV1 for Event, "type" {
    "received" = Received { request: Digest },
    "approval_requested" = ApprovalRequested { round: ApprovalRound },
    "delivery_claimed" = DeliveryClaimed { message: Message },
    "delivery_sent" = DeliverySent { message: Message, message_id: Option<MessageId> },
    "delivery_skipped" = DeliverySkipped { message: Message, code: SkipCode },
    "delivery_bounced" = DeliveryBounced { approver: SysId, kind: BounceKind },
    "approver_disqualified" = ApproverDisqualified { slot: String, approver: SysId },
    "slot_reassigned" = SlotReassigned { slot: String, approvers: Vec<Approver> },
    "decided" = Decided { decision: DecisionRecord },
    "provisioning_started" = ProvisioningStarted {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        preexisting: Vec<EffectChange>,
    },
    "user_created" = UserCreated { unique_id: String },
    "deviations_found" = DeviationsFound { found: Vec<Deviation> },
    "activated" = Activated { until: Timestamp },
    "revocation_started" = RevocationStarted,
    "revocation_requested" = RevocationRequested {
        by: RevokedBy,
        reason: Option<Reason>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<MacTag>,
    },
    "revoked" = Revoked { retained: Vec<RetainedChange> },
    "abandoned" = Abandoned { reason: Reason },
    "refused" = Refused { code: RefusalCode, findings: Vec<Finding> },
    "undeliverable" = Undeliverable { slot: String },
    "expired" = Expired,
    "withdrawn" = Withdrawn { reason: Option<Reason> },
    "failed" = Failed { code: FailureCode },
    "previewed" = Previewed { preview: Preview },
});

stored_struct!(pub AuditRowV1 for AuditRow {
    of as "request": RequestId,
    n: u64,
    at: Timestamp,
    actor: Actor,
    event: Event,
    state: State,
    previous: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trail_fault: Option<TrailFault>,
});
