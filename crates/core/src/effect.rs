//! What a request changed in IAM, recorded before it is changed.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::approval::MacTag;
use crate::arn::PolicyArn;
use crate::id::RequestId;
use crate::markup::code;
use crate::principal::{Principal, PrincipalKey, PrincipalName};
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
    /// A user is created, with a life policy by which its access ends.
    UserCreated {
        /// Its name when it was created.
        name: PrincipalName,
        /// When its access ends by itself.
        ends_at: Timestamp,
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

/// What rules ask of a change, whatever it is.
struct Traits<'c> {
    /// What is done, in keys.
    done: &'static str,
    /// What it is done with, in keys: equal for changes of the same thing.
    with: Cow<'c, str>,
    /// What it is to people, before its name.
    noun: &'static str,
    /// Its name.
    name: &'c str,
    /// When it ends by itself; none where it does not.
    ends_at: Option<Timestamp>,
    /// The group that it is of, where that is known by its unique id.
    group: Option<(&'c GroupName, &'c str)>,
    /// Whether it is named for one request, so that no other can have it.
    is_for_one: bool,
    /// Whether it is the user itself.
    is_user: bool,
}

impl EffectChange {
    /// The inline policy of a request.
    #[must_use]
    pub fn inline_policy(request: &RequestId, document: String, ends_at: Timestamp) -> Self {
        Self::InlinePolicyPut {
            name: inline_policy_name(request),
            document,
            ends_at,
        }
    }

    /// The user of this name itself, whose access ends then.
    #[must_use]
    pub fn user(name: PrincipalName, ends_at: Timestamp) -> Self {
        Self::UserCreated { name, ends_at }
    }

    fn traits(&self) -> Traits<'_> {
        match self {
            Self::PolicyAttached { policy_arn } => Traits {
                done: "policy-attached",
                with: policy_arn.as_str().into(),
                noun: "policy",
                name: policy_arn.name(),
                ends_at: None,
                group: None,
                is_for_one: false,
                is_user: false,
            },
            Self::InlinePolicyPut { name, ends_at, .. } => Traits {
                done: "inline-policy",
                with: name.into(),
                noun: "inline policy",
                name,
                ends_at: Some(*ends_at),
                group: None,
                is_for_one: true,
                is_user: false,
            },
            Self::GroupJoined { group, unique_id } => Traits {
                done: "group-joined",
                with: match unique_id {
                    Some(unique_id) => unique_id.into(),
                    None => group.as_str().to_ascii_lowercase().into(),
                },
                noun: "membership in group",
                name: group.as_str(),
                ends_at: None,
                group: unique_id.as_deref().map(|unique_id| (group, unique_id)),
                is_for_one: false,
                is_user: false,
            },
            // One for each user: an extension has the same.
            Self::UserCreated { name, ends_at } => Traits {
                done: "user-created",
                with: "".into(),
                noun: "IAM user",
                name: name.as_str(),
                ends_at: Some(*ends_at),
                group: None,
                is_for_one: false,
                is_user: true,
            },
        }
    }

    /// A key that is equal for changes of the same thing: one policy, one name, one group. A group
    /// is known by its unique id, and where that is not known by its name, whatever its case (IAM
    /// User Guide, "IAM identifiers").
    #[must_use]
    pub fn key(&self) -> String {
        let Traits { done, with, .. } = self.traits();
        format!("{done}#{with}")
    }

    /// The key of the effect that it is for a request, unique among those on one principal.
    #[must_use]
    pub fn key_for(&self, request: &RequestId) -> String {
        format!("{}#{request}", self.key())
    }

    /// What it is, in a few words for people.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Traits { noun, name, .. } = self.traits();
        format!("{noun} {}", code(name))
    }

    /// When it ends by itself; none where it does not.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.traits().ends_at
    }

    /// The name and unique id of the group that is joined; none of any other change, and where the
    /// unique id is not known.
    #[must_use]
    pub fn group(&self) -> Option<(&GroupName, &str)> {
        self.traits().group
    }

    /// Whether it is the user itself that was created.
    #[must_use]
    pub fn is_of_user(&self) -> bool {
        self.traits().is_user
    }

    /// Whether it is named for one request: what stands in its place is of that request or of
    /// somebody else, and never of another request.
    #[must_use]
    pub fn is_for_one_request(&self) -> bool {
        self.traits().is_for_one
    }
}

impl RecordedEffect {
    /// What is left in IAM's lists for a while once it is removed, where others may ask for the same;
    /// none of what is named for one request, or stays.
    #[must_use]
    pub fn removal(&self, at: Timestamp) -> Option<Removal> {
        (!self.preexisting && !self.change.is_for_one_request()).then(|| Removal {
            change: self.change.key(),
            at,
        })
    }

    /// A key that is unique among the effects on one principal.
    #[must_use]
    pub fn key(&self) -> String {
        self.change.key_for(&self.request)
    }
}
