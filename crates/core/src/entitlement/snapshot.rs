//! What was read of the CMDB for one verification, in the kinds in which it is looked up and cached.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::fact::Fact;
use super::profile::FieldName;
use super::question::UserRef;
use super::resource::ResourceRef;
use crate::id::SysId;

/// What was looked up so far. What is not here has not been; what was looked up in vain is a fact too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The records of people (`sys_user`), inactive ones too.
    pub users: BTreeMap<UserRef, Fact<Vec<UserState>>>,
    /// The groups that a person is a direct member of (`sys_user_grmember`).
    pub groups_of: BTreeMap<SysId, Fact<Vec<GroupMembership>>>,
    /// Groups (`sys_user_group`); none where there is no such record.
    pub groups: BTreeMap<SysId, Fact<Option<NestedGroup>>>,
    /// What is delegated to a person (`sys_user_delegate`) with the flag of the profile.
    pub delegations: BTreeMap<SysId, Fact<Vec<DelegatedTo>>>,
    /// The roles of the profile that a person holds (`sys_user_has_role`).
    pub roles: BTreeMap<SysId, Fact<Vec<RoleHeld>>>,
    /// The items that a reference leads to, retired ones and duplicates too.
    pub items: BTreeMap<ResourceRef, Fact<Vec<ConfigurationItem>>>,
    /// The applications that are one relation above an item (`cmdb_rel_ci`, `svc_ci_assoc`).
    pub parents: BTreeMap<SysId, Fact<Vec<Parent>>>,
}

/// Something that has to be looked up before a question can be answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// A person's records.
    User(UserRef),
    /// The groups of a person.
    GroupsOf(SysId),
    /// A group.
    Group(SysId),
    /// What is delegated to a person.
    DelegationsTo(SysId),
    /// The roles of a person.
    RolesOf(SysId),
    /// The items behind a reference.
    Items(ResourceRef),
    /// The applications above an item.
    Parents(SysId),
}

/// A person, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserState {
    /// The record.
    pub sys_id: SysId,
    /// `active`.
    pub active: bool,
    /// `locked_out`.
    pub locked_out: bool,
    /// `web_service_access_only`: a program signs in as this user.
    pub integration: bool,
}

/// One membership.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupMembership {
    /// The group.
    pub group: SysId,
    /// The record of the membership.
    pub record: SysId,
    /// Whether the group is active.
    pub active: bool,
}

/// A group and what it is part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NestedGroup {
    /// Whether it is active.
    pub active: bool,
    /// Its `parent`.
    pub parent: Option<SysId>,
}

/// A delegation to a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DelegatedTo {
    /// Who delegates.
    pub from: SysId,
    /// The record of the delegation.
    pub record: SysId,
    /// From when on, if the record says so.
    pub starts: Option<Timestamp>,
    /// Until when, if the record says so.
    pub ends: Option<Timestamp>,
}

impl DelegatedTo {
    /// Whether it holds at this moment. One without a beginning or an end holds never: it is not known when it was
    /// meant to.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.starts.is_some_and(|starts| starts <= now) && self.ends.is_some_and(|ends| now <= ends)
    }
}

/// A role that a person holds, inherited ones too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleHeld {
    /// The role.
    pub role: SysId,
    /// The record of `sys_user_has_role`.
    pub record: SysId,
    /// Whether its `state` is `active`.
    pub active: bool,
}

/// What a field holds that refers to another record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldContent {
    /// Nothing.
    Empty,
    /// A record.
    Id(SysId),
    /// It is missing from the answer, or holds something else: an access rule hides it, or the class does not
    /// have it.
    Unreadable,
}

/// A configuration item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationItem {
    /// The record.
    pub sys_id: SysId,
    /// Its class (`sys_class_name`).
    pub class: String,
    /// Whether it is in the root table of the profile. Of one that is not, only this and what counts for telling
    /// items apart is known.
    pub in_root: bool,
    /// The fields of the profile.
    pub fields: BTreeMap<FieldName, FieldContent>,
    /// `install_status`; none where it may not be read, as with the other states.
    pub install_status: Option<String>,
    /// `operational_status`.
    pub operational_status: Option<String>,
    /// `life_cycle_stage_status`.
    pub life_cycle: Option<String>,
    /// `duplicate_of`.
    pub duplicate_of: FieldContent,
}

impl ConfigurationItem {
    /// Whether it is neither retired nor a duplicate; none where that may not be read.
    #[must_use]
    pub fn counts(&self) -> Option<bool> {
        let (install, operational) = (&self.install_status, &self.operational_status);
        let retired = is_retired(install.as_deref(), operational.as_deref())?;
        match (retired, &self.duplicate_of) {
            (true, _) | (false, FieldContent::Id(_)) => Some(false),
            (false, FieldContent::Empty) => Some(true),
            (false, FieldContent::Unreadable) => None,
        }
    }
}

/// How an item belongs to an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RelatedBy {
    /// A row of `cmdb_rel_ci`.
    Relation,
    /// A row of `svc_ci_assoc`.
    ServiceAssociation,
}

impl RelatedBy {
    /// The table.
    #[must_use]
    pub const fn table(self) -> &'static str {
        match self {
            Self::Relation => "cmdb_rel_ci",
            Self::ServiceAssociation => "svc_ci_assoc",
        }
    }
}

/// An application above an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// The application.
    pub sys_id: SysId,
    /// The record of the relation.
    pub record: SysId,
    /// Which kind of relation.
    pub by: RelatedBy,
    /// The fields of the profile, of the application.
    pub fields: BTreeMap<FieldName, FieldContent>,
    /// `install_status` of the application; none where it may not be read.
    pub install_status: Option<String>,
    /// `operational_status` of the application.
    pub operational_status: Option<String>,
}

/// Whether these states say that something is retired (7 of `install_status`, 6 of `operational_status`); none
/// where that may not be read.
pub(super) fn is_retired(install: Option<&str>, operational: Option<&str>) -> Option<bool> {
    match (install, operational) {
        (Some("7"), _) | (_, Some("6")) => Some(true),
        (Some(_), Some(_)) => Some(false),
        _ => None,
    }
}
