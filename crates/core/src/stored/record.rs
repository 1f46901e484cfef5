//! The record of a request: its head, its phase and its deliveries.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::round::{AccessV1, ApprovalRoundV1};
use super::schema::{Stored, countable, stored_enum, stored_struct};
use crate::audit::{AuditHead, TrailFault};
use crate::effect::EffectChange;
use crate::finding::Finding;
use crate::id::{ClientId, Digest, RequestId};
use crate::preview::Preview;
use crate::principal::PrincipalName;
use crate::prose::Reason;
use crate::record::{
    ApprovalRound, BlockedBecause, Delivery, Deviation, DeviationReport, Ending, FailureCode,
    GrantedAccess, Head, Phase, RefusalCode, RequestRecord, RetainedChange,
};
use crate::request::AccessRequest;

stored_struct!(pub RecordV1 for RequestRecord {
    head: Head,
    phase: Phase,
    deliveries: Vec<Delivery>;
    evidence
});

stored_struct!(pub(crate) HeadV1 for Head {
    id: RequestId,
    client: ClientId,
    request: AccessRequest,
    request_digest: Digest,
    created_at: Timestamp,
    #[serde(deserialize_with = "countable")]
    version: u64,
    since: Timestamp,
    due_at: Option<Timestamp>,
    attempts: u32,
    audit: AuditHead,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    preexisting: Vec<EffectChange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deviations: Vec<DeviationReport>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_user: Option<String>,
});

stored_struct!(pub DeviationReportV1 for DeviationReport {
    at: Timestamp,
    found: Vec<Deviation>,
});

stored_enum!(DeviationV1 for Deviation, "type" {
    "missing" = Missing { change: EffectChange },
    "renamed" = Renamed { name: PrincipalName },
    "gone" = Gone,
    "still_there" = StillThere { change: EffectChange, because: BlockedBecause },
    "parked" = Parked,
});

stored_struct!(pub AuditHeadV1 for AuditHead {
    #[serde(deserialize_with = "countable")]
    count: u64,
    hash: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<TrailFault>,
});

/// The stored form of [`Phase`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum PhaseV1 {
    /// `received`.
    Received {},
    /// `pending`.
    Pending {
        /// What is asked.
        round: ApprovalRoundV1,
    },
    /// `approved`.
    Approved {
        /// What was asked.
        round: ApprovalRoundV1,
    },
    /// `provisioning`.
    Provisioning {
        /// What was asked.
        round: ApprovalRoundV1,
    },
    /// `active`.
    Active {
        /// The granted access.
        access: AccessV1,
    },
    /// `revoking`.
    Revoking {
        /// The granted access.
        access: AccessV1,
    },
    /// `ended`.
    Ended {
        /// The wire form of the ending.
        ending: EndingV1,
    },
}

impl Stored for Phase {
    type Wire = PhaseV1;

    fn to_wire(&self) -> PhaseV1 {
        match self {
            Self::Received => PhaseV1::Received {},
            Self::Pending(round) => PhaseV1::Pending {
                round: round.to_wire(),
            },
            Self::Approved(round) => PhaseV1::Approved {
                round: round.to_wire(),
            },
            Self::Provisioning(round) => PhaseV1::Provisioning {
                round: round.to_wire(),
            },
            Self::Active(access) => PhaseV1::Active {
                access: access.to_wire(),
            },
            Self::Revoking(access) => PhaseV1::Revoking {
                access: access.to_wire(),
            },
            Self::Ended(ending) => PhaseV1::Ended {
                ending: ending.to_wire(),
            },
        }
    }

    fn from_wire(wire: PhaseV1) -> Self {
        match wire {
            PhaseV1::Received {} => Self::Received,
            PhaseV1::Pending { round } => Self::Pending(Stored::from_wire(round)),
            PhaseV1::Approved { round } => Self::Approved(Stored::from_wire(round)),
            PhaseV1::Provisioning { round } => Self::Provisioning(Stored::from_wire(round)),
            PhaseV1::Active { access } => Self::Active(Stored::from_wire(access)),
            PhaseV1::Revoking { access } => Self::Revoking(Stored::from_wire(access)),
            PhaseV1::Ended { ending } => Self::Ended(Stored::from_wire(ending)),
        }
    }
}

stored_enum!(EndingV1 for Ending, "type" {
    "revoked" = Revoked { access: GrantedAccess, retained: Vec<RetainedChange> },
    "abandoned" = Abandoned { access: GrantedAccess, reason: Reason },
    "denied" = Denied { round: ApprovalRound },
    "expired" = Expired { round: Option<ApprovalRound> },
    "withdrawn" = Withdrawn { round: Option<ApprovalRound>, reason: Option<Reason> },
    "refused" = Refused { code: RefusalCode, findings: Vec<Finding> },
    "undeliverable" = Undeliverable { slot: String, round: Option<ApprovalRound> },
    "failed" = Failed { round: ApprovalRound, code: FailureCode },
    "previewed" = Previewed { preview: Preview },
});
