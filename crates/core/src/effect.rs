//! What a request changed in IAM, recorded before it is changed.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::approval::MacTag;
use crate::arn::PolicyArn;
use crate::id::RequestId;
use crate::markup::code;
use crate::principal::{Principal, PrincipalKey};
use crate::request::GroupName;

/// One change to one principal, made for one request.
///
/// Effects that several requests have in common are counted: the change is undone when the last
/// of them ends, and never where it was there before the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEffect {
    /// The request it was made for.
    pub request: RequestId,
    /// The key of the principal, which all effects on it share.
    pub principal_key: PrincipalKey,
    /// Who it was made to, as the request names them.
    pub principal: Principal,
    /// What was changed.
    pub change: EffectChange,
    /// Whether it was there before any request made it. Such a change is never undone.
    pub preexisting: bool,
    /// When the request began to make it.
    pub since: Timestamp,
    /// When it must be gone at the latest, whatever becomes of the request's record.
    pub latest_end: Option<Timestamp>,
    /// What proves that the provisioner recorded it; none where nothing does.
    pub signature: Option<MacTag>,
}

/// A change to a principal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EffectChange {
    /// A managed policy is attached.
    PolicyAttached {
        /// The ARN of the policy.
        policy_arn: PolicyArn,
    },
    /// An inline policy is put. Its name holds the request's id, so no two requests share one.
    InlinePolicyPut {
        /// Its name: [`inline_policy_name`].
        name: String,
        /// Its document, which ends by itself.
        document: String,
        /// When it ends by itself.
        ends_at: Timestamp,
    },
    /// A user is a member of a group.
    GroupJoined {
        /// Its name when the approvers were asked.
        group: GroupName,
        /// Its unique id (`AGPA…`), which stays when it is renamed; none where a name is all that
        /// is known.
        unique_id: Option<String>,
    },
}

/// How long IAM may still list what was removed, with a wide margin: it gives no bound (IAM User Guide,
/// "Changes that I make are not always immediately visible").
pub const SETTLES_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// A policy or group that was removed from a principal for the last time. What is listed of it soon
/// after may be what was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The key of what was removed ([`EffectChange::key`]).
    pub change: String,
    /// When its end was written down, by the clock of whoever removed it.
    pub at: Timestamp,
}

impl Removal {
    /// Whether IAM may still list it. A time that has not come tells of another clock, and no more.
    #[must_use]
    pub fn may_be_listed(&self, now: Timestamp) -> bool {
        now.duration_since(self.at).abs() < SETTLES_WITHIN
    }
}

/// The name of the inline policy of a request: `snowgate-<request>`.
#[must_use]
pub fn inline_policy_name(request: &RequestId) -> String {
    format!("snowgate-{request}")
}

/// The request that an inline policy of this name was put for; none where it is none of ours.
#[must_use]
pub fn request_of_inline_policy(name: &str) -> Option<RequestId> {
    name.strip_prefix("snowgate-")?.parse().ok()
}

impl EffectChange {
    /// A key that is equal for changes of the same thing: one policy, one name, one group. A group
    /// is known by its unique id, and where that is not known by its name, whatever its case (IAM
    /// User Guide, "IAM identifiers").
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::PolicyAttached { policy_arn } => format!("policy-attached#{policy_arn}"),
            Self::InlinePolicyPut { name, .. } => format!("inline-policy#{name}"),
            Self::GroupJoined { group, unique_id } => match unique_id {
                Some(unique_id) => format!("group-joined#{unique_id}"),
                None => format!("group-joined#{}", group.as_str().to_ascii_lowercase()),
            },
        }
    }

    /// What it is, in a few words for people.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::PolicyAttached { policy_arn } => format!("policy {}", code(policy_arn.name())),
            Self::InlinePolicyPut { name, .. } => format!("inline policy {}", code(name)),
            Self::GroupJoined { group, .. } => {
                format!("membership in group {}", code(group.as_str()))
            }
        }
    }
}

impl RecordedEffect {
    /// What is left in IAM's lists for a while once it is removed, where others may ask for the same;
    /// none of what is named for one request, or stays.
    #[must_use]
    pub fn removal(&self, at: Timestamp) -> Option<Removal> {
        let is_named_for_one = matches!(self.change, EffectChange::InlinePolicyPut { .. });
        (!self.preexisting && !is_named_for_one).then(|| Removal {
            change: self.change.key(),
            at,
        })
    }

    /// A key that is unique among the effects on one principal.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}#{}", self.change.key(), self.request)
    }
}
