//! What is answered about one resource, and what of it a caller is shown.

use super::fact::{Freshness, Unread};
use super::resource::{MatchedBy, ResourceRef};
use crate::id::SysId;

/// The rules, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntitlementRule {
    /// The user is named as owner.
    Ownership,
    /// The user is a member of a group that the item names.
    Group,
    /// The user owns an application that the item is part of, or is in a group that it names.
    Application,
    /// Somebody who is entitled by a rule above delegates to the user.
    Delegation,
    /// The user holds the role that counts for everything.
    RoleOverride,
}

impl EntitlementRule {
    /// As the API has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ownership => "ownership",
            Self::Group => "group",
            Self::Application => "application",
            Self::Delegation => "delegation",
            Self::RoleOverride => "role_override",
        }
    }
}

/// Why the answer is what it is, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntitlementCode {
    /// A rule holds.
    Entitled,
    /// No rule holds.
    NotEntitled,
    /// No rule holds, and the item is part of more applications than an application's team answers for.
    Shared,
    /// No such user.
    UserNotFound,
    /// Several active users.
    UserAmbiguous,
    /// The user is not active.
    UserInactive,
    /// The user is locked out.
    UserLocked,
    /// The user is a program's.
    UserIntegration,
    /// No such item in the table of the profile.
    ResourceNotFound,
    /// Several items.
    ResourceAmbiguous,
    /// Retired items only.
    ResourceRetired,
    /// Duplicates of other items only.
    ResourceDuplicate,
    /// The item is in a state that the profile does not list.
    StatusNotAllowed,
    /// Records match that may not be read.
    HiddenRows,
    /// Records contradict each other or lack a field.
    InconsistentData,
    /// More records than are looked at.
    TooManyRecords,
    /// An access rule of ServiceNow forbids the look-up.
    LookupForbidden,
    /// ServiceNow did not answer in time.
    Unavailable,
}

impl EntitlementCode {
    /// As the API has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entitled => "entitled",
            Self::NotEntitled => "not_entitled",
            Self::Shared => "shared",
            Self::UserNotFound => "user_not_found",
            Self::UserAmbiguous => "user_ambiguous",
            Self::UserInactive => "user_inactive",
            Self::UserLocked => "user_locked",
            Self::UserIntegration => "user_integration",
            Self::ResourceNotFound => "resource_not_found",
            Self::ResourceAmbiguous => "resource_ambiguous",
            Self::ResourceRetired => "resource_retired",
            Self::ResourceDuplicate => "resource_duplicate",
            Self::StatusNotAllowed => "status_not_allowed",
            Self::HiddenRows => "hidden_rows",
            Self::InconsistentData => "inconsistent_data",
            Self::TooManyRecords => "too_many_records",
            Self::LookupForbidden => "lookup_forbidden",
            Self::Unavailable => "unavailable",
        }
    }

    /// Whether it says how things are, and not that they could not be found out.
    #[must_use]
    pub const fn is_known(self) -> bool {
        !matches!(self, Self::Unavailable | Self::LookupForbidden)
    }

    /// Whether it is the CMDB's own disorder, which is counted.
    #[must_use]
    pub const fn is_data_quality(self) -> bool {
        matches!(
            self,
            Self::ResourceAmbiguous
                | Self::UserAmbiguous
                | Self::HiddenRows
                | Self::InconsistentData
                | Self::TooManyRecords
        )
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::Entitled => "A rule entitles the user.",
            Self::NotEntitled => "No rule entitles the user to the resource.",
            Self::Shared => {
                "The resource is part of too many applications for the teams of each to answer for it, and no other rule entitles the user."
            }
            Self::UserNotFound => "ServiceNow has no such user.",
            Self::UserAmbiguous => "Several active users match.",
            Self::UserInactive => "The user is not active.",
            Self::UserLocked => "The user is locked out.",
            Self::UserIntegration => "The user is one that programs sign in as.",
            Self::ResourceNotFound => "The CMDB has no such resource, or it is of another class.",
            Self::ResourceAmbiguous => "Several configuration items match.",
            Self::ResourceRetired => "The configuration item is retired.",
            Self::ResourceDuplicate => "The configuration item is a duplicate of another.",
            Self::StatusNotAllowed => {
                "The configuration item is in a state that doesn't permit this."
            }
            Self::HiddenRows => "Records match that an access rule of ServiceNow hides.",
            Self::InconsistentData => {
                "Records of the CMDB contradict each other, or lack a field that is needed."
            }
            Self::TooManyRecords => "More records match than are looked at.",
            Self::LookupForbidden => "An access rule of ServiceNow forbids the look-up.",
            Self::Unavailable => "ServiceNow didn't answer in time. Try again.",
        }
    }
}

impl From<Unread> for EntitlementCode {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Unavailable => Self::Unavailable,
            Unread::Forbidden => Self::LookupForbidden,
            Unread::Hidden => Self::HiddenRows,
            Unread::Inconsistent => Self::InconsistentData,
            Unread::TooMany => Self::TooManyRecords,
        }
    }
}

/// A field of a record that an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The table or class.
    pub table: String,
    /// The record.
    pub record: SysId,
    /// The field.
    pub field: String,
}

/// The item that a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The record.
    pub sys_id: SysId,
    /// Its class.
    pub class: String,
}

/// What is answered about one resource. It can only say yes with the rule that entitles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    outcome: Result<EntitlementRule, EntitlementCode>,
    /// The item; none where there is not exactly one.
    pub resolved: Option<Resolved>,
    /// What kind of reference it was asked for by.
    pub matched_by: MatchedBy,
    /// What a yes rests on, in the order in which it leads from the item to the user.
    pub evidence: Vec<Proof>,
    /// How old the oldest fact is that was looked at; none where none was.
    pub freshness: Option<Freshness>,
}

impl Entitlement {
    /// A yes.
    pub(super) const fn yes(
        rule: EntitlementRule,
        resolved: Resolved,
        matched_by: MatchedBy,
        evidence: Vec<Proof>,
    ) -> Self {
        Self {
            outcome: Ok(rule),
            resolved: Some(resolved),
            matched_by,
            evidence,
            freshness: None,
        }
    }

    /// A no.
    pub(super) const fn no(
        code: EntitlementCode,
        resolved: Option<Resolved>,
        matched_by: MatchedBy,
    ) -> Self {
        Self {
            outcome: Err(code),
            resolved,
            matched_by,
            evidence: Vec::new(),
            freshness: None,
        }
    }

    /// A no because nothing was found out in time.
    #[must_use]
    pub const fn unavailable(resource: &ResourceRef) -> Self {
        Self::no(EntitlementCode::Unavailable, None, resource.matched_by())
    }

    /// Whether the user is entitled.
    #[must_use]
    pub const fn entitled(&self) -> bool {
        self.outcome.is_ok()
    }

    /// Whether it is known; a no that is not known is a no all the same.
    #[must_use]
    pub const fn known(&self) -> bool {
        self.code().is_known()
    }

    /// Whether asking again soon may bring another answer.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        matches!(self.outcome, Err(EntitlementCode::Unavailable))
    }

    /// The rule that entitles.
    #[must_use]
    pub const fn rule(&self) -> Option<EntitlementRule> {
        match self.outcome {
            Ok(rule) => Some(rule),
            Err(_) => None,
        }
    }

    /// Why the answer is as it is: the rule that holds, or what stands against it.
    #[must_use]
    pub const fn code(&self) -> EntitlementCode {
        match self.outcome {
            Ok(_) => EntitlementCode::Entitled,
            Err(code) => code,
        }
    }

    /// Why, in words. Holds names of fields and ids, and nothing that anybody may write.
    #[must_use]
    pub fn reason(&self) -> String {
        let Ok(rule) = self.outcome else {
            return self.code().in_words().to_owned();
        };
        let field = self.evidence.first().map_or("", |proof| &*proof.field);
        let groups = self.evidence.iter();
        let groups = groups.filter(|proof| proof.table == "sys_user_group");
        let nested = match groups.count() {
            0 => String::new(),
            1 => ", by a group below it".to_owned(),
            levels => format!(", by a group {levels} levels below it"),
        };
        match rule {
            EntitlementRule::Ownership => {
                format!("The user is named in `{field}` of the resource.")
            }
            EntitlementRule::Group => {
                format!("The user is a member of the group in `{field}` of the resource{nested}.")
            }
            EntitlementRule::Application => format!(
                "The user is in charge of an application that the resource is part of{nested}."
            ),
            EntitlementRule::Delegation => {
                "Somebody who is entitled has delegated to the user for now.".to_owned()
            }
            EntitlementRule::RoleOverride => {
                "The user holds the role that overrides ownership.".to_owned()
            }
        }
    }

    /// What a client sees. Without the right to have answers explained it sees no evidence, and of a no nothing
    /// that tells apart what does not exist, what is hidden, and what is somebody else's.
    #[must_use]
    pub fn disclosed(mut self, explain: bool) -> Self {
        if explain {
            return self;
        }
        self.evidence.clear();
        match self.outcome {
            Ok(_) => self,
            Err(code) => {
                let code = match code.is_known() {
                    true => EntitlementCode::NotEntitled,
                    false => code,
                };
                Self::no(code, None, self.matched_by)
            }
        }
    }
}
