//! The tags that a request gives to a user which it creates.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::identity::OWN_TAGS;

/// Tags of a user, by key: those of whoever asks, beside which Snowgate puts its own.
///
/// What was accepted once is read again as it is, whatever is accepted today.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserTags(BTreeMap<String, String>);

/// Why tags cannot be given to a user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserTagsError {
    /// IAM takes 50 (IAM User Guide, "Tags for AWS Identity and Access Management resources"), and
    /// Snowgate needs some of them.
    #[error(
        "a user can have at most {} tags beside those of Snowgate",
        UserTags::MOST
    )]
    TooMany,
    /// A key that IAM does not take, or that people could take for another.
    #[error(
        "a tag key is 1 to 128 of `A-Z a-z 0-9 _ . : / = + - @` and single spaces between them"
    )]
    Key(String),
    /// A key of AWS's or of Snowgate's own.
    #[error("tag keys that begin with `aws:` or `snowgate:` cannot be asked for")]
    Reserved(String),
    /// Two keys that differ only in case: IAM takes them for one.
    #[error("two tag keys differ only in case")]
    Twice(String),
    /// A value that IAM does not take, or that people could take for another.
    #[error(
        "a tag value is at most 256 of `A-Z a-z 0-9 _ . : / = + - @` and single spaces between them"
    )]
    Value(String),
}

impl UserTagsError {
    /// The key of the tag that it is about; none where it is about all of them.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::TooMany => None,
            Self::Key(key) | Self::Reserved(key) | Self::Twice(key) | Self::Value(key) => Some(key),
        }
    }
}

impl UserTags {
    /// The most that a request can give: IAM's 50 without Snowgate's own three.
    pub const MOST: usize = 47;

    /// The tags by key.
    #[must_use]
    pub const fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a key could be asked for at all.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check_key(key: &str) -> Result<(), UserTagsError> {
        let starts_with = |prefix: &str| {
            let start = key.get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        if key.is_empty() || key.len() > 128 || key.contains(' ') || !is_plain(key) {
            Err(UserTagsError::Key(key.to_owned()))
        } else if ["aws:", OWN_TAGS].into_iter().any(starts_with) {
            Err(UserTagsError::Reserved(key.to_owned()))
        } else {
            Ok(())
        }
    }
}

impl TryFrom<BTreeMap<String, String>> for UserTags {
    type Error = UserTagsError;

    fn try_from(tags: BTreeMap<String, String>) -> Result<Self, UserTagsError> {
        if tags.len() > Self::MOST {
            return Err(UserTagsError::TooMany);
        }
        let mut seen = BTreeSet::new();
        for (key, value) in &tags {
            Self::check_key(key)?;
            if !seen.insert(key.to_ascii_lowercase()) {
                return Err(UserTagsError::Twice(key.clone()));
            }
            if value.len() > 256 || !is_plain(value) {
                return Err(UserTagsError::Value(key.clone()));
            }
        }
        Ok(Self(tags))
    }
}

/// Whether a text has only characters that IAM takes in tags (IAM API Reference, `Tag`), of these only
/// those of ASCII: no two look alike, and none is invisible.
fn is_plain(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || " _.:/=+-@".contains(c);
    text.chars().all(is_allowed) && text.trim() == text && !text.contains("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(tags: &[(&str, &str)]) -> Result<UserTags, UserTagsError> {
        let tags = tags.iter();
        let tags = tags.map(|&(key, value)| (key.to_owned(), value.to_owned()));
        UserTags::try_from(tags.collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn what_iam_takes_and_people_can_read_is_taken() {
        let good = tags(&[("cost-centre", "a=b c"), ("team", ""), ("Stage/2", "x@y-z")]).unwrap();
        assert_eq!(good.as_map().len(), 3);
        let text = serde_json::to_string(&good).unwrap();
        assert_eq!(serde_json::from_str::<UserTags>(&text).unwrap(), good);
        let long = "k".repeat(129);
        type Error = fn(String) -> UserTagsError;
        let table: [(&str, &str, Error); 11] = [
            ("", "x", UserTagsError::Key),
            (&long, "x", UserTagsError::Key),
            ("naïve", "x", UserTagsError::Key),
            ("a b", "x", UserTagsError::Key),
            (" a", "x", UserTagsError::Key),
            ("a\u{200b}", "x", UserTagsError::Key),
            ("AWS:x", "x", UserTagsError::Reserved),
            ("SnowGate:owner", "x", UserTagsError::Reserved),
            ("a", "x\ny", UserTagsError::Value),
            ("a", "x ", UserTagsError::Value),
            ("a", "\u{202e}x", UserTagsError::Value),
        ];
        for (key, value, error) in table {
            let error = error(key.to_owned());
            assert_eq!(error.key(), Some(key));
            assert_eq!(tags(&[(key, value)]), Err(error));
        }
        assert!(tags(&[("a", &"v".repeat(256))]).is_ok());
        let value = UserTagsError::Value("a".to_owned());
        assert_eq!(tags(&[("a", &"v".repeat(257))]), Err(value));
        let twice = UserTagsError::Twice("team".to_owned());
        assert_eq!(tags(&[("Team", "x"), ("team", "y")]), Err(twice));
    }

    #[test]
    fn there_is_room_for_the_tags_of_snowgate() {
        let many = |count: usize| {
            let tags = (0..count).map(|n| (format!("k{n}"), String::new()));
            UserTags::try_from(tags.collect::<BTreeMap<_, _>>())
        };
        assert!(many(47).is_ok());
        assert_eq!(many(48), Err(UserTagsError::TooMany));
    }
}
