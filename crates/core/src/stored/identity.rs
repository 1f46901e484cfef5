//! Users that Snowgate made: their records, events and rows.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::codes::FailureCodeV1;
use super::schema::{countable, stored_codes, stored_enum, stored_struct};
use crate::arn::PolicyArn;
use crate::audit::{AuditHead, TrailFault};
use crate::id::{AccountId, Digest, IdentityId, RequestId, SysId};
use crate::identity::{
    DeletedBecause, DisabledBy, Disabling, IdentityEnd, IdentityEvent, IdentityHead, IdentityPhase,
    IdentityRecord, IdentityRow, IdentityState, NewUser,
};
use crate::lifecycle::Actor;
use crate::principal::PrincipalName;
use crate::prose::Reason;
use crate::record::FailureCode;

stored_struct!(pub IdentityRecordV1 for IdentityRecord {
    head: IdentityHead,
    phase: IdentityPhase;
    is_unproven
});

stored_struct!(pub DisablingV1 for Disabling {
    by: DisabledBy,
    reason: Option<Reason>,
});

stored_struct!(pub(crate) IdentityHeadV1 for IdentityHead {
    id: IdentityId,
    user: NewUser,
    created_by: RequestId,
    begun_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unique_id: Option<String>,
    requests: Vec<RequestId>,
    #[serde(deserialize_with = "countable")]
    version: u64,
    since: Timestamp,
    due_at: Option<Timestamp>,
    attempts: u32,
    audit: AuditHead,
});

stored_struct!(pub NewUserV1 for NewUser {
    account_id: AccountId,
    name: PrincipalName,
    path: String,
    owner: SysId,
    tags: BTreeMap<String, String>,
    boundary: PolicyArn,
});

stored_codes!(IdentityStateV1 for IdentityState {
    "Creating" = Creating,
    "Live" = Live,
    "Disabled" = Disabled,
    "Ending" = Ending,
    "Ended" = Ended,
    "Deleting" = Deleting,
    "Deleted" = Deleted,
    "Discarded" = Discarded,
    "Abandoned" = Abandoned,
});

stored_enum!(DisabledByV1 for DisabledBy, "type" {
    "owner" = Owner,
    "security" = Security,
    "owner_gone" = OwnerGone,
    "request" = Request { request: RequestId },
});

stored_enum!(DeletedBecauseV1 for DeletedBecause, "type" {
    "rollback" = Rollback {
        // Before it was written down, IAM's refusal was what led to nearly all.
        #[serde(default = "refused")]
        code: FailureCode,
    },
    "grace_over" = GraceOver,
    "request" = Request { request: RequestId },
});

const fn refused() -> FailureCodeV1 {
    FailureCodeV1::IamRefused
}

stored_enum!(IdentityEventV1 for IdentityEvent, "type" {
    "begun" = Begun { user: Digest, by: RequestId },
    "user_created" = UserCreated { unique_id: String },
    "went_live" = WentLive { until: Timestamp },
    "extended" = Extended { until: Timestamp, by: RequestId },
    "shortened" = Shortened { until: Timestamp },
    "disabled" = Disabled { disabling: Disabling },
    "enabled" = Enabled { by: RequestId },
    "ending_started" = EndingStarted,
    "ended" = Ended { grace_until: Timestamp },
    "revived" = Revived { until: Timestamp, by: RequestId },
    "deletion_started" = DeletionStarted { because: DeletedBecause },
    "deleted" = Deleted,
    "discarded" = Discarded,
    "abandoned" = Abandoned { reason: Reason },
});

stored_enum!(IdentityPhaseV1 for IdentityPhase, "type" {
    "creating" = Creating,
    "live" = Live { until: Timestamp },
    "disabled" = Disabled { until: Timestamp, disabling: Disabling },
    "ending" = Ending { until: Option<Timestamp>, disabling: Option<Disabling> },
    "ended" = Ended {
        grace_until: Timestamp,
        until: Option<Timestamp>,
        disabling: Option<Disabling>,
    },
    "deleting" = Deleting { because: DeletedBecause },
    "over" = Over { end: IdentityEnd },
});

stored_enum!(IdentityEndV1 for IdentityEnd, "type" {
    "deleted" = Deleted { because: DeletedBecause },
    "discarded" = Discarded,
    "abandoned" = Abandoned { reason: Reason },
});

stored_struct!(pub IdentityRowV1 for IdentityRow {
    of as "identity": IdentityId,
    n: u64,
    at: Timestamp,
    actor: Actor,
    event: IdentityEvent,
    state: IdentityState,
    previous: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trail_fault: Option<TrailFault>,
});
