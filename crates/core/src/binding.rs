//! What an approver approves: the content that is bound when the owners are asked and
//! recomputed before anything is changed.

use std::collections::BTreeMap;

use crate::arn::{GroupArn, PolicyArn, RoleArn};
use crate::id::{Digest, SysId};
use crate::principal::{Principal, PrincipalKey};

/// What the target account held when the owners were asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The principal as IAM has it. Others ask for what they need of it.
    pub(crate) principal: Box<BoundPrincipal>,
    /// The managed policies that are granted, in the order of the grants.
    pub policies: Vec<BoundPolicy>,
    /// The roles that may be assumed, in the order of the grants.
    pub roles: Vec<BoundRole>,
    /// The groups that are joined, in the order of the grants.
    pub groups: Vec<BoundGroup>,
    /// The hash of the guardrails that were in force.
    pub guardrails: Digest,
}

impl Binding {
    /// What is bound of a principal; nothing that is granted yet.
    #[must_use]
    pub fn new(principal: BoundPrincipal, guardrails: Digest) -> Self {
        Self {
            principal: Box::new(principal),
            policies: Vec::new(),
            roles: Vec::new(),
            groups: Vec::new(),
            guardrails,
        }
    }

    /// The unique id of the principal; none where there was none yet that had one.
    #[must_use]
    pub fn unique_id(&self) -> Option<&str> {
        self.principal.unique_id.as_deref()
    }

    /// The path of the principal.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.principal.path
    }

    /// The ARN of the permissions boundary of the principal.
    #[must_use]
    pub fn boundary(&self) -> Option<&str> {
        self.principal.boundary.as_deref()
    }

    /// The tags of a user that is to be created, beside Snowgate's own, by key.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let tags = self.principal.tags.iter().flatten();
        tags.map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The person whom the principal belongs to.
    #[must_use]
    pub const fn owner(&self) -> Option<&SysId> {
        self.principal.owner.as_ref()
    }

    /// The key of the principal, whom the request names like this: by its unique id where it has one.
    #[must_use]
    pub fn key_of(&self, target: &Principal) -> PrincipalKey {
        let by_id = self.unique_id();
        by_id.map_or_else(
            || target.key_by_name(),
            |unique_id| target.key_by_id(unique_id),
        )
    }
}

/// A principal as IAM has it, or as it is to be where a request creates it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundPrincipal {
    /// Its unique id (`AIDA…`, `AROA…`): another principal of the same name has another. None where
    /// it is to be created.
    pub unique_id: Option<String>,
    /// Its path.
    pub path: String,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// The person it belongs to, from its tag `snowgate:owner`.
    pub owner: Option<SysId>,
    /// Its tags beside Snowgate's own, where it is to be created; none where it exists.
    pub tags: Option<BTreeMap<String, String>>,
    /// The digest of what the document of its permissions boundary says
    /// ([`policy_digest`](crate::policy_digest::policy_digest)), where it is to be created and the account
    /// has that policy; none where it exists.
    pub boundary_document: Option<Digest>,
}

/// A managed policy as IAM has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundPolicy {
    /// The policy.
    pub arn: PolicyArn,
    /// Its default version, such as `v3`.
    pub version: String,
    /// The digest of what the document of that version says
    /// ([`policy_digest`](crate::policy_digest::policy_digest)).
    pub document: Digest,
}

/// An inline policy of a role or group as IAM has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundInline {
    /// Its name.
    pub name: String,
    /// The digest of what its document says ([`policy_digest`](crate::policy_digest::policy_digest)).
    pub document: Digest,
}

/// A role that may be assumed, as IAM has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundRole {
    /// The role.
    pub arn: RoleArn,
    /// Its unique id (`AROA…`).
    pub unique_id: String,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// The digest of what its trust policy says ([`policy_digest`](crate::policy_digest::policy_digest)).
    pub trust: Digest,
    /// How long a session of it may last, in seconds.
    pub longest_session: u32,
    /// The managed policies attached to it.
    pub policies: Vec<BoundPolicy>,
    /// Its inline policies.
    pub inline: Vec<BoundInline>,
}

/// A group that is joined, as IAM has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundGroup {
    /// The group.
    pub arn: GroupArn,
    /// Its unique id (`AGPA…`).
    pub unique_id: String,
    /// The managed policies attached to it.
    pub policies: Vec<BoundPolicy>,
    /// Its inline policies.
    pub inline: Vec<BoundInline>,
}
