//! A user as IAM has it, and what Snowgate creates one with.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::NewUser;
use crate::account::OWNER_TAG;
use crate::id::RequestId;
use crate::principal::PrincipalName;

/// The tag of every user that Snowgate made. The rights to delete a user and to change its keys ask for it.
pub const MADE_TAG: &str = "snowgate:made";

/// The value of [`MADE_TAG`].
pub const MADE: &str = "yes";

/// The tag that names the request which created a user.
pub const REQUEST_TAG: &str = "snowgate:request";

/// What every tag key of Snowgate's own begins with.
pub const OWN_TAGS: &str = "snowgate:";

/// A user that IAM has, whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeUser {
    /// Its name as it is written: IAM tells names apart without regard to case.
    pub name: PrincipalName,
    /// Its unique id (`AIDA…`).
    pub unique_id: String,
    /// Its path, such as `/snowgate/`.
    pub path: String,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// All its tags, by their keys as they are written.
    pub tags: BTreeMap<String, String>,
    /// When it was created, to the second and by IAM's clock.
    pub created_at: Timestamp,
}

impl MadeUser {
    /// The value of a tag. IAM compares keys without regard to case, and keeps how they are written (IAM
    /// User Guide, "Tags for AWS Identity and Access Management resources").
    #[must_use]
    pub fn tag(&self, key: &str) -> Option<&str> {
        let key = key.to_lowercase();
        let mut tags = self.tags.iter();
        let found = tags.find(|(written, _)| written.to_lowercase() == key);
        found.map(|(_, value)| value.as_str())
    }

    /// The request that it was created for, as the tags say that it was created with; none where Snowgate did
    /// not create it.
    #[must_use]
    pub fn created_for(&self) -> Option<RequestId> {
        let made = self.tag(MADE_TAG) == Some(MADE);
        self.tag(REQUEST_TAG).filter(|_| made)?.parse().ok()
    }

    /// Whether it was created for this request, as the tags say that it was created with. Snowgate's rights
    /// let nobody put them on a user later.
    #[must_use]
    pub fn is_of(&self, request: &RequestId) -> bool {
        self.tag(MADE_TAG) == Some(MADE) && self.tag(REQUEST_TAG) == Some(request.as_str())
    }
}

impl NewUser {
    /// All tags that it is created with for a request: its own and Snowgate's three, which none of its own
    /// replaces.
    #[must_use]
    pub fn tags_for(&self, request: &RequestId) -> BTreeMap<String, String> {
        let is_own = |key: &str| key.to_lowercase().starts_with(OWN_TAGS);
        let tags = self.tags.iter().filter(|(key, _)| !is_own(key));
        let mut tags: BTreeMap<_, _> = tags.map(|(k, v)| (k.clone(), v.clone())).collect();
        tags.extend([
            (MADE_TAG.to_owned(), MADE.to_owned()),
            (OWNER_TAG.to_owned(), self.owner.as_str().to_owned()),
            (REQUEST_TAG.to_owned(), request.to_string()),
        ]);
        tags
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::tests::user;

    #[test]
    fn snowgates_tags_are_added_and_nobody_replaces_them() {
        let mut user = user();
        let request = RequestId::from_random([1; 16]);
        let nobodys = [("Snowgate:Owner", "x"), ("SNOWGATE:made", "no")];
        let nobodys = nobodys.map(|(key, value)| (key.to_owned(), value.to_owned()));
        user.tags.extend(nobodys);
        let tags: Vec<_> = user.tags_for(&request).into_iter().collect();
        let wanted = [
            (MADE_TAG, "yes"),
            (OWNER_TAG, user.owner.as_str()),
            (REQUEST_TAG, request.as_str()),
            ("team", "billing"),
        ];
        let wanted = wanted.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(tags, wanted);
    }
}
