//! What IAM has of a user.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use snowgate_core::account::Membership;
use snowgate_core::id::RequestId;
use snowgate_core::identity::{DescribedKey, DescribedUser};

use super::without_foreign;
use crate::look::Unread;

/// What came of looking at a user in IAM.
pub(crate) enum IamReading {
    /// It was read at this time.
    Read(Box<(Timestamp, DescribedUser)>),
    /// IAM has no such user.
    Absent,
    /// Another user has the name.
    Another(Box<DescribedUser>),
    /// It was not created yet, so there is nothing to look at.
    NotCreated,
    /// IAM was not read.
    Unread(Unread),
}

/// `IamStatus`: whether what is said of IAM can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IamStatus {
    /// `iam` is what IAM has.
    Read,
    /// IAM has no user of this name.
    Absent,
    /// IAM has another user of this name, of which nothing is shown.
    AnotherUser,
    /// The user is not created yet.
    NotCreated,
    /// IAM did not answer.
    Unavailable,
    /// The account has no read role that trusts Snowgate.
    NotPrepared,
    /// Users of this account were looked at too often just now.
    Paced,
}

impl IamReading {
    /// The user that has the name in IAM; none where none has, or none is known.
    pub(crate) fn found(&self) -> Option<&DescribedUser> {
        match self {
            Self::Read(read) => Some(&read.1),
            Self::Another(user) => Some(user),
            Self::Absent | Self::NotCreated | Self::Unread(_) => None,
        }
    }

    pub(super) const fn status(&self) -> IamStatus {
        match self {
            Self::Read(_) => IamStatus::Read,
            Self::Absent => IamStatus::Absent,
            Self::Another(_) => IamStatus::AnotherUser,
            Self::NotCreated => IamStatus::NotCreated,
            Self::Unread(Unread::Unavailable) => IamStatus::Unavailable,
            Self::Unread(Unread::NotPrepared) => IamStatus::NotPrepared,
            Self::Unread(Unread::Paced) => IamStatus::Paced,
        }
    }

    /// `is_own` tells whether a request is the client's.
    pub(super) fn answer(&self, is_own: impl Fn(&RequestId) -> bool) -> Option<IamAnswer<'_>> {
        match self {
            Self::Read(read) => Some(IamAnswer::new(read.0, &read.1, is_own)),
            _ => None,
        }
    }
}

/// `IamUser`: the user as IAM has it.
#[derive(Debug, Serialize)]
pub(super) struct IamAnswer<'a> {
    as_of: Timestamp,
    arn: &'a str,
    unique_id: &'a str,
    created_at: Timestamp,
    signed_in_at: Option<Timestamp>,
    path: &'a str,
    boundary: Option<&'a str>,
    tags: BTreeMap<&'a str, String>,
    groups: Vec<GroupAnswer<'a>>,
    attached_policies: &'a [String],
    inline_policies: Vec<String>,
    /// None where they may not be read.
    access_keys: Option<Vec<KeyAnswer<'a>>>,
}

#[derive(Debug, Serialize)]
struct GroupAnswer<'a> {
    name: &'a str,
    unique_id: &'a str,
}

#[derive(Debug, Serialize)]
struct KeyAnswer<'a> {
    /// With all but its last four characters hidden.
    id: String,
    active: bool,
    created_at: Timestamp,
    last_used: Option<KeyUseAnswer<'a>>,
}

#[derive(Debug, Serialize)]
struct KeyUseAnswer<'a> {
    at: Timestamp,
    service: &'a str,
    region: &'a str,
}

impl<'a> IamAnswer<'a> {
    fn new(as_of: Timestamp, user: &'a DescribedUser, is_own: impl Fn(&RequestId) -> bool) -> Self {
        let (made, facts) = (&user.made, &user.facts);
        let group = |group: &'a Membership| GroupAnswer {
            name: &group.name,
            unique_id: &group.unique_id,
        };
        let keys = user.keys.as_ref();
        let own = |text: &str| without_foreign(text, &is_own);
        let inline = facts.inline.iter().map(|policy| own(&policy.name));
        let tags = made.tags.iter();
        let tags = tags.map(|(key, value)| (key.as_str(), own(value)));
        Self {
            as_of,
            arn: &facts.arn,
            unique_id: &made.unique_id,
            created_at: made.created_at,
            signed_in_at: user.signed_in_at,
            path: &made.path,
            boundary: made.boundary.as_deref(),
            tags: tags.collect(),
            groups: facts.groups.iter().map(group).collect(),
            attached_policies: &facts.attached,
            inline_policies: inline.collect(),
            access_keys: keys.map(|keys| keys.iter().map(KeyAnswer::new).collect()),
        }
    }
}

impl<'a> KeyAnswer<'a> {
    fn new(key: &'a DescribedKey) -> Self {
        Self {
            id: key.masked_id(),
            active: key.is_active,
            created_at: key.created_at,
            last_used: key.last_use.as_ref().map(|used| KeyUseAnswer {
                at: used.at,
                service: &used.service,
                region: &used.region,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_lists_every_status() {
        let document = include_str!("../../../../docs/openapi.json");
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        let listed = &document["components"]["schemas"]["IamStatus"]["enum"];
        let listed: Vec<IamStatus> = serde_json::from_value(listed.clone()).unwrap();
        let known = [
            IamStatus::Read,
            IamStatus::Absent,
            IamStatus::AnotherUser,
            IamStatus::NotCreated,
            IamStatus::Unavailable,
            IamStatus::NotPrepared,
            IamStatus::Paced,
        ];
        assert_eq!(listed, known);
    }
}
