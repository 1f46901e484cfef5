//! What IAM in a target account says, as far as Snowgate asks.

use crate::arn::PolicyArn;
use crate::binding::{BoundPolicy, BoundPrincipal};
use crate::id::{Digest, SysId};

/// The tag that says whom a principal belongs to; its value is a `sys_user` `sys_id`.
pub const OWNER_TAG: &str = "snowgate:owner";

/// How many managed policies IAM lets a principal hold (IAM User Guide, "IAM and AWS STS
/// quotas": 10 by default for users and roles; raised quotas are not relied upon).
pub const ATTACHED_QUOTA: usize = 10;

/// A user or role as IAM has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalFacts {
    /// Its unique id (`AIDA…`, `AROA…`).
    pub unique_id: String,
    /// Its path, such as `/enrolled/`.
    pub path: String,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// The value of its tag [`OWNER_TAG`], as it stands.
    pub owner_tag: Option<String>,
    /// The ARNs of all managed policies attached to it, as they stand.
    pub attached: Vec<String>,
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

    /// What of it is bound by an approval.
    #[must_use]
    pub fn bound(&self) -> BoundPrincipal {
        BoundPrincipal {
            unique_id: self.unique_id.clone(),
            path: self.path.clone(),
            boundary: self.boundary.clone(),
            owner: self.owner(),
        }
    }
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
            document: Digest::of(self.document.as_bytes()),
        }
    }
}

/// An AWS account as the CMDB has it (`cmdb_ci_cloud_service_account`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountItem {
    /// The record.
    pub sys_id: SysId,
    /// Its name, made safe for one line.
    pub name: String,
    /// `owned_by`.
    pub owned_by: Option<SysId>,
    /// `managed_by`.
    pub managed_by: Option<SysId>,
    /// `support_group`.
    pub support_group: Option<SysId>,
}
