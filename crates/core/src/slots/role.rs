//! Why somebody may approve.

use serde::Serialize;

use super::OwnedResource;
use super::owned_resource::in_charge;

/// Why a person may decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ApproverRole {
    /// `owned_by` of the configuration item.
    Owner,
    /// `managed_by` of the configuration item.
    Manager,
    /// The manager of its `support_group`.
    GroupManager,
    /// A member of its `support_group`.
    GroupMember,
    /// A member of the configured security group.
    SecurityGroup,
    /// The `manager` in `sys_user` of the person whom the access is for. Nobody is looked for in this
    /// role for an account or item.
    LineManager,
}

impl ApproverRole {
    /// The order in which people are looked for who approve for an account or item; the first role
    /// that has an eligible person is asked.
    pub const ORDER: [Self; 5] = [
        Self::Owner,
        Self::Manager,
        Self::GroupManager,
        Self::GroupMember,
        Self::SecurityGroup,
    ];

    /// The role for an account or person, in words that follow "because you are".
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Owner => "the owner of this account in the CMDB",
            Self::Manager => "the manager of this account in the CMDB",
            Self::GroupManager => "the manager of the group that supports this account",
            Self::GroupMember => "a member of the group that supports this account",
            Self::SecurityGroup => {
                "a member of the security group, because no closer approver is available"
            }
            Self::LineManager => "the manager of the person this access is for",
        }
    }

    /// The role for this resource, in words that follow "because you are".
    #[must_use]
    pub fn in_words_for(self, resource: &OwnedResource) -> String {
        let OwnedResource::Item { instead_of, .. } = resource else {
            return self.in_words().to_owned();
        };
        let role = self.in_words().replace("this account", "this item");
        match (self, instead_of.is_empty()) {
            (_, true) => role,
            // Whoever is asked last of all has no part in the item.
            (Self::SecurityGroup, false) => {
                format!("{role} for {}", in_charge("this item", instead_of))
            }
            (_, false) => in_charge(&role, instead_of),
        }
    }

    /// The role as other people read it: "its owner".
    #[must_use]
    pub const fn of_others(self) -> &'static str {
        match self {
            Self::Owner => "its owner",
            Self::Manager => "its manager",
            Self::GroupManager => "the manager of the group that supports it",
            Self::GroupMember => "the group that supports it",
            Self::SecurityGroup => "the security group",
            Self::LineManager => "their manager",
        }
    }
}
