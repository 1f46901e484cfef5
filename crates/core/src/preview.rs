//! What a dry run finds: the exact changes in IAM, and who would be asked and why.

use serde::Serialize;

use crate::effect::{EffectChange, RecordedEffect};
use crate::finding::Finding;
use crate::id::SysId;
use crate::slots::{Approver, ApproverRole, Eligibility, OwnedResource};

/// What a dry run finds. It holds no names and no addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// What would be changed in IAM, in the order in which it would be done.
    pub changes: Vec<PlannedChange>,
    /// The approvals that would be needed.
    pub slots: Vec<PreviewSlot>,
    /// What an approver would read about the policies.
    pub findings: Vec<Finding>,
}

/// A change that would be made to the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedChange {
    /// The policy, inline policy or membership.
    pub change: EffectChange,
    /// Whether it is there now. Such a change is not made, and not undone at the end.
    pub already_there: bool,
}

impl From<&RecordedEffect> for PlannedChange {
    fn from(effect: &RecordedEffect) -> Self {
        Self {
            change: effect.change.clone(),
            already_there: effect.preexisting,
        }
    }
}

/// An approval that would be needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewSlot {
    /// Names the slot, as [`crate::slots::Slot::id`].
    pub id: String,
    /// The account or configuration item.
    pub resource: OwnedResource,
    /// Whether the CMDB has exactly one record of it; without it nobody can be found.
    pub known: bool,
    /// Who would be asked, each alone sufficing. Nobody: such a request ends `Undeliverable`.
    pub would_ask: Vec<Approver>,
    /// Who has a role at least as near and would not be asked.
    pub passed_over: Vec<PassedOver>,
}

/// A person who would not be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// The person.
    pub sys_id: SysId,
    /// The role that the person has.
    pub role: ApproverRole,
    /// Why the person is not asked.
    pub because: PassedOverBecause,
}

/// Why a person would not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PassedOverBecause {
    /// The account is inactive.
    Inactive,
    /// The account is locked.
    Locked,
    /// There is no usable mail address.
    NoMail,
    /// The mail address is in a domain that is not allowed.
    ForeignMail,
    /// The person requested the access, receives it, or is named in the ticket.
    Involved,
    /// The ticket names somebody with the same role, or a record of somebody involved looks like theirs,
    /// so that the security group is asked.
    TicketNamesApprover,
    /// Another record of somebody who is asked.
    SamePerson,
    /// Enough others are asked.
    Enough,
    /// ServiceNow has no such person.
    Missing,
}

impl PassedOverBecause {
    /// What was found against a person; none where nothing was.
    #[must_use]
    pub const fn of(eligibility: Eligibility) -> Option<Self> {
        match eligibility {
            Eligibility::Eligible => None,
            Eligibility::Inactive => Some(Self::Inactive),
            Eligibility::Locked => Some(Self::Locked),
            Eligibility::NoMail => Some(Self::NoMail),
            Eligibility::ForeignMail => Some(Self::ForeignMail),
            Eligibility::Involved => Some(Self::Involved),
        }
    }

    /// The reason in a sentence.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Inactive => "The ServiceNow account is inactive.",
            Self::Locked => "The ServiceNow account is locked out.",
            Self::NoMail => "The record has no usable e-mail address.",
            Self::ForeignMail => "The domain of the e-mail address is not allowed.",
            Self::Involved => {
                "The person requested the access, receives it, or is named in the ticket."
            }
            Self::TicketNamesApprover => {
                "An approver with the same role is named in the ticket or looks like somebody involved, so \
                 the security group is asked."
            }
            Self::SamePerson => "It is another record of an approver.",
            Self::Enough => "Enough approvers with the same role are asked.",
            Self::Missing => "ServiceNow has no such person.",
        }
    }
}
