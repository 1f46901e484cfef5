//! What is asked of a grant, whatever kind it is of.

use std::fmt;

use super::{Grant, GroupName, InlineDocument, UserTags};
use crate::arn::{PolicyArn, RoleArn};
use crate::id::{AccountId, SysId};
use crate::kind::GrantKind;
use crate::markup::code;
use crate::principal::Principal;

impl Grant {
    /// Which kind it is of.
    #[must_use]
    pub const fn kind(&self) -> GrantKind {
        match self {
            Self::AttachManagedPolicy { .. } => GrantKind::AttachManagedPolicy,
            Self::InlinePolicy { .. } => GrantKind::InlinePolicy,
            Self::AssumeRole { .. } => GrantKind::AssumeRole,
            Self::GroupMembership { .. } => GrantKind::GroupMembership,
            Self::CreateUser { .. } => GrantKind::CreateUser,
        }
    }

    /// What is granted.
    #[must_use]
    pub const fn named(&self) -> Named<'_> {
        match self {
            Self::AttachManagedPolicy { policy_arn } => Named::Policy(policy_arn),
            Self::InlinePolicy { document } => Named::Written(document),
            Self::AssumeRole { role_arn } => Named::Role(role_arn),
            Self::GroupMembership { group } => Named::Group(group),
            Self::CreateUser { tags, owner } => Named::Target {
                tags,
                owner: owner.as_ref(),
            },
        }
    }

    /// The accounts that the grant reaches into, each once, in order: the owner of each decides.
    /// An inline policy reaches every account that its ARNs or conditions name, and the target's
    /// wherever they name none.
    #[must_use]
    pub fn accounts(&self, target: &Principal) -> Vec<AccountId> {
        match self.named() {
            Named::Policy(_) | Named::Group(_) | Named::Target { .. } => {
                vec![target.account_id.clone()]
            }
            Named::Role(role) => vec![role.account().clone()],
            Named::Written(document) => document.accounts(&target.account_id),
        }
    }

    /// The member of the grant that names what is granted, for JSON pointers.
    #[must_use]
    pub const fn member(&self) -> &'static str {
        self.kind().row().member
    }
}

/// What a grant names. Kinds of grants that name nothing of their own have one of these in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named<'g> {
    /// A managed policy.
    Policy(&'g PolicyArn),
    /// A role.
    Role(&'g RoleArn),
    /// A group in the target's account.
    Group(&'g GroupName),
    /// Nothing that IAM has: the policy is in the request.
    Written(&'g InlineDocument),
    /// Nothing but the target itself, a user that is to be created.
    Target {
        /// Its tags, beside Snowgate's own.
        tags: &'g UserTags,
        /// The person whom it is to belong to; the requester where this is left out.
        owner: Option<&'g SysId>,
    },
}

impl<'g> Named<'g> {
    /// Its name, without path and account; none where it has none.
    #[must_use]
    pub fn name(self) -> Option<&'g str> {
        match self {
            Self::Policy(arn) => Some(arn.name()),
            Self::Role(arn) => Some(arn.name()),
            Self::Group(name) => Some(name.as_str()),
            Self::Written(_) | Self::Target { .. } => None,
        }
    }

    /// The policy that the request holds itself.
    #[must_use]
    pub const fn written(self) -> Option<&'g InlineDocument> {
        match self {
            Self::Written(document) => Some(document),
            Self::Policy(_) | Self::Role(_) | Self::Group(_) | Self::Target { .. } => None,
        }
    }

    /// The role that is to be assumed.
    #[must_use]
    pub const fn role(self) -> Option<&'g RoleArn> {
        match self {
            Self::Role(arn) => Some(arn),
            Self::Policy(_) | Self::Group(_) | Self::Written(_) | Self::Target { .. } => None,
        }
    }

    /// The tags of the user that is to be created, and whom it is to belong to where that is said.
    #[must_use]
    pub const fn user(self) -> Option<(&'g UserTags, Option<&'g SysId>)> {
        match self {
            Self::Target { tags, owner } => Some((tags, owner)),
            Self::Policy(_) | Self::Role(_) | Self::Group(_) | Self::Written(_) => None,
        }
    }
}

/// A few words that name the grant for people: ``policy `reports-read` ``.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.named();
        f.write_str(self.kind().row().noun)?;
        if let Some(name) = named.name() {
            write!(f, " {}", code(name))?;
        }
        // Roles may be of another account than the target.
        if let Some(role) = named.role() {
            write!(f, " in AWS account {}", role.account())?;
        }
        Ok(())
    }
}
