//! Which rules count for an action.

use std::borrow::Cow;
use std::str::FromStr;

use serde::Deserialize;

use crate::id::SysId;
use crate::request::{RecordNameError, TableName};

/// The rules of one action. A rule that is not named does not count.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The table that resources are looked for in. Fields that a class adds do not show on the tables above it.
    #[serde(default)]
    pub root: RootTable,
    /// Fields of the item that name its owner.
    #[serde(default)]
    pub owner_fields: Vec<FieldName>,
    /// Groups that the item names.
    pub groups: Option<GroupRule>,
    /// Applications that the item is part of.
    pub applications: Option<ApplicationRule>,
    /// Which delegations count; none do where this is left out.
    pub delegation: Option<DelegationFlag>,
    /// A role whose holders are entitled to everything of the profile.
    pub role: Option<SysId>,
    /// The states that an item may be in.
    pub statuses: Statuses,
}

/// A table of configuration items; `cmdb_ci_server` where nothing is said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct RootTable(Cow<'static, str>);

impl RootTable {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RootTable {
    fn default() -> Self {
        Self(Cow::Borrowed("cmdb_ci_server"))
    }
}

impl TryFrom<String> for RootTable {
    type Error = RecordNameError;

    fn try_from(text: String) -> Result<Self, RecordNameError> {
        Ok(Self(Cow::Owned(TableName::try_from(text)?.into())))
    }
}

/// Groups whose members are entitled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRule {
    /// Fields of the item that name a group.
    pub fields: Vec<FieldName>,
    /// How many `parent`s up a member of a group counts for; 0, the usual, for direct members alone.
    #[serde(default)]
    pub nesting: u8,
}

/// Applications whose owners and groups are entitled to what belongs to them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationRule {
    /// Types of relation that lead from the item, the child, to an application, its parent.
    #[serde(default)]
    pub relation_types: Vec<SysId>,
    /// Whether `svc_ci_assoc` leads to applications too.
    #[serde(default)]
    pub service_associations: bool,
    /// How many relations up.
    #[serde(default = "one")]
    pub depth: u8,
    /// Fields of the application that name its owner.
    pub owner_fields: Vec<FieldName>,
    /// Fields of the application that name a group.
    #[serde(default)]
    pub group_fields: Vec<FieldName>,
    /// Of how many applications an item is part before it is shared.
    #[serde(default = "five")]
    pub most: u16,
    /// Whether the teams of its applications are entitled to a shared item all the same.
    #[serde(default)]
    pub shared: bool,
}

const fn one() -> u8 {
    1
}

const fn five() -> u16 {
    5
}

/// The flag of `sys_user_delegate` that makes a delegation count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DelegationFlag {
    /// `approvals`.
    Approvals,
    /// `assignments`.
    Assignments,
    /// `notifications`.
    Notifications,
    /// `invitations`.
    Invitations,
}

impl DelegationFlag {
    /// The field.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approvals => "approvals",
            Self::Assignments => "assignments",
            Self::Notifications => "notifications",
            Self::Invitations => "invitations",
        }
    }
}

/// Allowed values, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statuses {
    /// Of `install_status`.
    pub install: Vec<String>,
    /// Of `operational_status`.
    pub operational: Vec<String>,
    /// Of `life_cycle_stage_status`, where an item has it; not read where nothing is listed.
    #[serde(default)]
    pub life_cycle: Vec<String>,
}

/// The name of a field: 1 to 80 of `a-z`, `0-9`, `_`, starting with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct FieldName(String);

/// A text that is no name of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a field name is 1 to 80 of `a-z`, `0-9`, `_`, starting with a letter")]
pub struct FieldNameError;

impl FieldName {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FieldName {
    type Error = FieldNameError;

    fn try_from(text: String) -> Result<Self, FieldNameError> {
        match TableName::try_from(text) {
            Ok(name) => Ok(Self(name.into())),
            Err(_) => Err(FieldNameError),
        }
    }
}

impl FromStr for FieldName {
    type Err = FieldNameError;

    fn from_str(text: &str) -> Result<Self, FieldNameError> {
        text.to_owned().try_into()
    }
}

impl Profile {
    /// The fields of an item that lead to people and groups, each once, in order.
    #[must_use]
    pub fn item_fields(&self) -> Vec<&FieldName> {
        let groups = self.groups.iter().flat_map(|rule| &rule.fields);
        self.owner_fields.iter().chain(groups).collect()
    }

    /// What does not hold together, in words.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut wrong = |is: bool, what: &str| {
            if is {
                found.push(what.to_owned());
            }
        };
        let rules = [
            !self.owner_fields.is_empty(),
            self.groups.is_some(),
            self.applications.is_some(),
            self.role.is_some(),
        ];
        wrong(!rules.contains(&true), "no rule would entitle anybody");
        let statuses = &self.statuses;
        wrong(
            statuses.install.is_empty() || statuses.operational.is_empty(),
            "`statuses` must list values of `install` and `operational`, or no item is in an allowed state",
        );
        wrong(
            is_repeating(&self.item_fields()),
            "a field names owners or groups, once",
        );
        wrong(
            self.item_fields().len() > 12,
            "more than 12 fields are named",
        );
        if let Some(groups) = &self.groups {
            wrong(groups.fields.is_empty(), "`groups.fields` is empty");
            wrong(groups.nesting > 10, "`groups.nesting` is more than 10");
        }
        if let Some(applications) = &self.applications {
            found.extend(applications.contradictions());
        }
        found
    }
}

impl ApplicationRule {
    /// The fields of an application that lead to people and groups, in order.
    #[must_use]
    pub fn fields(&self) -> Vec<&FieldName> {
        self.owner_fields.iter().chain(&self.group_fields).collect()
    }

    fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut wrong = |is: bool, what: &str| {
            if is {
                found.push(format!("`applications`: {what}"));
            }
        };
        wrong(
            self.relation_types.is_empty() && !self.service_associations,
            "neither `relation_types` nor `service_associations` leads to any",
        );
        wrong(self.fields().is_empty(), "no field is named");
        wrong(
            is_repeating(&self.fields()),
            "a field names owners or groups, once",
        );
        wrong(self.fields().len() > 12, "more than 12 fields are named");
        wrong(!(1..=3).contains(&self.depth), "`depth` is not 1 to 3");
        wrong(
            self.relation_types.len() > 10,
            "more than 10 relation types",
        );
        wrong(self.most == 0, "`most` is 0");
        found
    }
}

fn is_repeating(fields: &[&FieldName]) -> bool {
    let mut sorted = fields.to_vec();
    sorted.sort();
    sorted
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == b))
}
