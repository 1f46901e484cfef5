//! What may be granted, one by one.

use crate::arn::{GroupArn, PolicyArn, RoleArn};
use crate::id::AccountId;
use crate::kind::GrantKind;
use crate::request::{Grant, Named};

/// Something that may be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Permit {
    /// This managed policy.
    Policy(PolicyArn),
    /// This role.
    Role(RoleArn),
    /// This group, in its own account.
    Group(GroupArn),
    /// Every grant of a kind that names nothing in IAM.
    Every(GrantKind),
}

impl Permit {
    /// Whether it permits the grant, for a principal of the account.
    pub(super) fn lists(&self, account: &AccountId, grant: &Grant) -> bool {
        match (self, grant.named()) {
            (Self::Policy(listed), Named::Policy(policy)) => listed == policy,
            (Self::Role(listed), Named::Role(role)) => listed == role,
            (Self::Group(listed), Named::Group(group)) => {
                listed.account() == account && listed.name() == group.as_str()
            }
            (Self::Every(kind), Named::Written(_) | Named::Target { .. }) => *kind == grant.kind(),
            _ => false,
        }
    }

    /// What it permits, as the file has it: an ARN, or the name of a setting.
    pub(super) fn setting(&self) -> &str {
        match self {
            Self::Policy(policy) => policy.as_str(),
            Self::Role(role) => role.as_str(),
            Self::Group(group) => group.as_str(),
            Self::Every(kind) => kind.row().permit,
        }
    }

    /// What it permits, for people: an ARN, or what the setting is called.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Every(kind) => kind.row().permit.replace('_', " "),
            Self::Policy(_) | Self::Role(_) | Self::Group(_) => self.setting().to_owned(),
        }
    }

    /// The managed policy, if it is one.
    pub(super) const fn policy(&self) -> Option<&PolicyArn> {
        match self {
            Self::Policy(policy) => Some(policy),
            _ => None,
        }
    }

    /// The role, if it is one.
    pub(super) const fn role(&self) -> Option<&RoleArn> {
        match self {
            Self::Role(role) => Some(role),
            _ => None,
        }
    }

    /// The group, if it is one.
    pub(super) const fn group(&self) -> Option<&GroupArn> {
        match self {
            Self::Group(group) => Some(group),
            _ => None,
        }
    }
}
