//! What IAM in a target account says, as far as Snowgate asks.

mod beside;

use iam_policy::document::PolicyType;

use crate::arn::{GroupArn, PolicyArn, RoleArn};
use crate::binding::{BoundGroup, BoundInline, BoundPolicy, BoundPrincipal, BoundRole};
use crate::effect::EffectChange;
use crate::id::SysId;
use crate::identity::{LIFE_POLICY_NAME, LifePolicy};
use crate::policy_digest::policy_digest;
use crate::principal::PrincipalType;
use crate::request::GroupName;

/// The tag that says whom a principal belongs to; its value is a `sys_user` `sys_id`.
pub const OWNER_TAG: &str = "snowgate:owner";

/// What a user or role of an account may hold, and how many users there may be: the account's own quotas, which AWS raises on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrincipalQuotas {
    /// Managed policies attached to it.
    pub attached: usize,
    /// Groups that it is in. A role is in none.
    pub groups: usize,
    /// Characters of all its inline policies together, white space not counted.
    pub inline: usize,
    /// How many users the account may have.
    pub users: usize,
    /// How many it has, as far as it tells.
    pub users_there: usize,
}

impl PrincipalQuotas {
    /// What every account has until AWS raises it (IAM User Guide, "IAM and AWS STS quotas").
    #[must_use]
    pub const fn default_of(kind: PrincipalType) -> Self {
        const USERS: usize = 5_000;
        match kind {
            PrincipalType::User => Self {
                attached: 10,
                groups: 10,
                inline: 2_048,
                users: USERS,
                users_there: 0,
            },
            PrincipalType::Role => Self {
                attached: 10,
                groups: 0,
                inline: 10_240,
                users: USERS,
                users_there: 0,
            },
        }
    }

    /// The quotas that an account's summary gives (IAM API Reference, `GetAccountSummary`). One that it
    /// leaves out is AWS's default.
    #[must_use]
    pub fn from_summary(kind: PrincipalType, summary: impl Fn(&str) -> Option<usize>) -> Self {
        let default = Self::default_of(kind);
        let (attached, inline) = match kind {
            PrincipalType::User => ("AttachedPoliciesPerUserQuota", "UserPolicySizeQuota"),
            PrincipalType::Role => ("AttachedPoliciesPerRoleQuota", "RolePolicySizeQuota"),
        };
        let groups = match kind {
            PrincipalType::User => summary("GroupsPerUserQuota"),
            PrincipalType::Role => None,
        };
        Self {
            attached: summary(attached).unwrap_or(default.attached),
            groups: groups.unwrap_or(default.groups),
            inline: summary(inline).unwrap_or(default.inline),
            users: summary("UsersQuota").unwrap_or(default.users),
            users_there: summary("Users").unwrap_or(default.users_there),
        }
    }
}

/// A user or role as IAM has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalFacts {
    /// Its ARN.
    pub arn: String,
    /// Its unique id (`AIDA…`, `AROA…`); empty where it is still to be created.
    pub unique_id: String,
    /// Its path, such as `/enrolled/`.
    pub path: String,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// The value of its tag [`OWNER_TAG`], as it stands.
    pub owner_tag: Option<String>,
    /// The ARNs of all managed policies attached to it, as they stand.
    pub attached: Vec<String>,
    /// Its inline policies.
    pub inline: Vec<InlineFacts>,
    /// The groups that it is in, in the order of their names; none for a role.
    pub groups: Vec<Membership>,
}

/// A group that a user is in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    /// The group's name now.
    pub name: String,
    /// Its unique id (`AGPA…`).
    pub unique_id: String,
}

impl Membership {
    /// Whether this is the group of a change: the one of the same unique id, and where that is not
    /// known the one of the same name.
    fn is_of(&self, group: &GroupName, unique_id: Option<&String>) -> bool {
        match unique_id {
            Some(unique_id) => self.unique_id == *unique_id,
            None => self.name.eq_ignore_ascii_case(group.as_str()),
        }
    }
}

/// What stands in the place of a change, named as it is named now.
enum Place {
    /// Nothing.
    Empty,
    /// Just what was to be made.
    AsMade(EffectChange),
    /// Something else.
    Otherwise(EffectChange),
}

impl PrincipalFacts {
    /// The person it belongs to, where the tag holds a `sys_id`.
    #[must_use]
    pub fn owner(&self) -> Option<SysId> {
        self.owner_tag.as_deref().and_then(|tag| tag.parse().ok())
    }

    /// Whether the policy is attached.
    #[must_use]
    pub fn has(&self, policy: &PolicyArn) -> bool {
        self.attached.iter().any(|arn| arn == policy.as_str())
    }

    /// Whether a change is to be seen, just as it was to be made.
    #[must_use]
    pub fn shows(&self, change: &EffectChange) -> bool {
        matches!(self.place(change), Place::AsMade(_))
    }

    /// What its life policy says; none where it has none that Snowgate could have put.
    #[must_use]
    pub fn life(&self) -> Option<LifePolicy> {
        let mut inline = self.inline.iter();
        let life = inline.find(|inline| inline.name == LIFE_POLICY_NAME)?;
        LifePolicy::of_document(&life.document)
    }

    /// Whether a change is removed: nothing is in its place, or, of the user itself, it is denied everything.
    /// A user without a life policy is not.
    #[must_use]
    pub fn is_rid_of(&self, change: &EffectChange) -> bool {
        match change.is_of_user() {
            true => self.life() == Some(LifePolicy::Over),
            false => !self.has_in_place(change),
        }
    }

    /// Whether there is anything in the place of a change, as it was to be made or otherwise.
    #[must_use]
    pub fn has_in_place(&self, change: &EffectChange) -> bool {
        self.in_place(change).is_some()
    }

    /// What stands in the place of a change, named as it is named now: a group may have been
    /// renamed. None where there is nothing.
    #[must_use]
    pub fn in_place(&self, change: &EffectChange) -> Option<EffectChange> {
        match self.place(change) {
            Place::AsMade(now) | Place::Otherwise(now) => Some(now),
            Place::Empty => None,
        }
    }

    fn place(&self, change: &EffectChange) -> Place {
        match change {
            EffectChange::PolicyAttached { policy_arn } => match self.has(policy_arn) {
                true => Place::AsMade(change.clone()),
                false => Place::Empty,
            },
            EffectChange::InlinePolicyPut { name, document, .. } => {
                let mut inline = self.inline.iter();
                match inline.find(|inline| inline.name == *name) {
                    Some(inline) if is_same_json(&inline.document, document) => {
                        Place::AsMade(change.clone())
                    }
                    Some(_) => Place::Otherwise(change.clone()),
                    None => Place::Empty,
                }
            }
            EffectChange::GroupJoined { group, unique_id } => {
                let mut groups = self.groups.iter();
                match groups.find(|one| one.is_of(group, unique_id.as_ref())) {
                    Some(found) => Place::AsMade(EffectChange::GroupJoined {
                        group: found.name.parse().unwrap_or_else(|_| group.clone()),
                        unique_id: unique_id.clone(),
                    }),
                    None => Place::Empty,
                }
            }
            // The user itself is there. Its access is, until its life policy denies everything.
            EffectChange::UserCreated { ends_at, .. } => {
                let mut inline = self.inline.iter();
                let until = LifePolicy::Until(*ends_at).document();
                let over = LifePolicy::Over.document();
                match inline.find(|inline| inline.name == LIFE_POLICY_NAME) {
                    Some(life) if is_same_json(&life.document, &until) => {
                        Place::AsMade(change.clone())
                    }
                    Some(life) if is_same_json(&life.document, &over) => Place::Empty,
                    Some(_) => Place::Otherwise(change.clone()),
                    None => Place::Empty,
                }
            }
        }
    }

    /// Whether it has this life policy.
    #[must_use]
    pub fn has_life(&self, life: LifePolicy) -> bool {
        let mut inline = self.inline.iter();
        let found = inline.find(|inline| inline.name == LIFE_POLICY_NAME);
        found.is_some_and(|found| is_same_json(&found.document, &life.document()))
    }

    /// What of it is bound by an approval.
    #[must_use]
    pub fn bound(&self) -> BoundPrincipal {
        BoundPrincipal {
            unique_id: Some(self.unique_id.clone()),
            path: self.path.clone(),
            boundary: self.boundary.clone(),
            owner: self.owner(),
            tags: None,
            boundary_document: None,
        }
    }
}

/// Whether two texts are one JSON value: IAM may give a document back with other white space.
fn is_same_json(a: &str, b: &str) -> bool {
    let read = |text: &str| crate::strict_json::parse(text.as_bytes());
    matches!((read(a), read(b)), (Ok(a), Ok(b)) if a == b)
}

/// The default version of a managed policy as IAM has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFacts {
    /// The policy.
    pub arn: PolicyArn,
    /// Its default version, such as `v3`.
    pub version: String,
    /// The document of that version: JSON text, percent-decoded.
    pub document: String,
}

impl PolicyFacts {
    /// What of it is bound by an approval.
    #[must_use]
    pub fn bound(&self) -> BoundPolicy {
        BoundPolicy {
            arn: self.arn.clone(),
            version: self.version.clone(),
            document: policy_digest(&self.document, PolicyType::Identity),
        }
    }
}

/// An inline policy as IAM has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineFacts {
    /// Its name, unique within its user, group or role.
    pub name: String,
    /// Its document: JSON text, percent-decoded.
    pub document: String,
}

impl InlineFacts {
    /// What of it is bound by an approval.
    #[must_use]
    pub fn bound(&self) -> BoundInline {
        BoundInline {
            name: self.name.clone(),
            document: policy_digest(&self.document, PolicyType::Identity),
        }
    }
}

/// A group as IAM has it, without its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFacts {
    /// Its ARN.
    pub arn: GroupArn,
    /// Its unique id (`AGPA…`).
    pub unique_id: String,
    /// The ARNs of all managed policies attached to it, as they stand.
    pub attached: Vec<String>,
    /// Its inline policies.
    pub inline: Vec<InlineFacts>,
}

impl GroupFacts {
    /// What of it is bound by an approval. `policies` are those that are attached to it.
    #[must_use]
    pub fn bound(&self, policies: &[PolicyFacts]) -> BoundGroup {
        BoundGroup {
            arn: self.arn.clone(),
            unique_id: self.unique_id.clone(),
            policies: policies.iter().map(PolicyFacts::bound).collect(),
            inline: self.inline.iter().map(InlineFacts::bound).collect(),
        }
    }
}

/// A role that may be assumed, as IAM has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleFacts {
    /// Its ARN.
    pub arn: RoleArn,
    /// Its unique id (`AROA…`).
    pub unique_id: String,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// Its trust policy: JSON text, percent-decoded.
    pub trust: String,
    /// How long a session of it may last, in seconds.
    pub longest_session: u32,
    /// The ARNs of all managed policies attached to it, as they stand.
    pub attached: Vec<String>,
    /// Its inline policies.
    pub inline: Vec<InlineFacts>,
}

impl RoleFacts {
    /// What of it is bound by an approval. `policies` are those that are attached to it.
    #[must_use]
    pub fn bound(&self, policies: &[PolicyFacts]) -> BoundRole {
        BoundRole {
            arn: self.arn.clone(),
            unique_id: self.unique_id.clone(),
            boundary: self.boundary.clone(),
            trust: policy_digest(&self.trust, PolicyType::Trust),
            longest_session: self.longest_session,
            policies: policies.iter().map(PolicyFacts::bound).collect(),
            inline: self.inline.iter().map(InlineFacts::bound).collect(),
        }
    }
}

/// An AWS account as the CMDB has it (`cmdb_ci_cloud_service_account`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountItem {
    /// The record.
    pub sys_id: SysId,
    /// Its name, whole; empty where there is nothing to see.
    pub name: String,
    /// `owned_by`.
    pub owned_by: Option<SysId>,
    /// `managed_by`.
    pub managed_by: Option<SysId>,
    /// `support_group`.
    pub support_group: Option<SysId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_that_an_account_does_not_tell_is_the_default() {
        let summary = |key: &str| match key {
            "AttachedPoliciesPerUserQuota" => Some(20),
            "RolePolicySizeQuota" => Some(20_480),
            "Users" => Some(7),
            _ => None,
        };
        let of = |kind| PrincipalQuotas::from_summary(kind, summary);
        let quotas = |attached, groups, inline| PrincipalQuotas {
            attached,
            groups,
            inline,
            users: 5_000,
            users_there: 7,
        };
        assert_eq!(of(PrincipalType::User), quotas(20, 10, 2_048));
        assert_eq!(of(PrincipalType::Role), quotas(10, 0, 20_480));
    }
}
