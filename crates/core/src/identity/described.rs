//! A user as IAM describes it to whoever may look at it.

use jiff::Timestamp;

use super::MadeUser;
use crate::account::PrincipalFacts;

/// A user that IAM has, with all that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedUser {
    /// Who it is, its tags and when it was created.
    pub made: MadeUser,
    /// Its ARN, policies and groups.
    pub facts: PrincipalFacts,
    /// When somebody signed in to the console with its password for the last time; none where nobody ever
    /// did, as far as IAM tells.
    pub signed_in_at: Option<Timestamp>,
    /// Its access keys, in IAM's order; none where they may not be read, as of a user that was moved.
    pub keys: Option<Vec<DescribedKey>>,
}

/// An access key with its use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedKey {
    /// Its id (`AKIA…`).
    pub id: String,
    /// Whether calls may be signed with it: it is not `Inactive`.
    pub is_active: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// What it was used for last; none where it never was, as far as IAM tells.
    pub last_use: Option<KeyUse>,
}

/// The last use of an access key (IAM API Reference, `GetAccessKeyLastUsed`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// When, to some hours.
    pub at: Timestamp,
    /// The service, such as `s3`.
    pub service: String,
    /// The region, such as `eu-west-1`; `N/A` for services without.
    pub region: String,
}

/// How many characters of a key's id are shown.
const SHOWN: usize = 4;

impl DescribedKey {
    /// Its id with all but the last four characters hidden: enough to tell the keys of one user apart.
    #[must_use]
    pub fn masked_id(&self) -> String {
        let hidden = self.id.chars().count().saturating_sub(SHOWN);
        let masked = |(n, char)| if n < hidden { '*' } else { char };
        self.id.chars().enumerate().map(masked).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_key_the_last_four_characters_are_shown() {
        let key = |id: &str| DescribedKey {
            id: id.to_owned(),
            is_active: true,
            created_at: Timestamp::UNIX_EPOCH,
            last_use: None,
        };
        let masked = |id| key(id).masked_id();
        assert_eq!(masked("AKIAIOSFODNN7EXAMPLE"), "****************MPLE");
        assert_eq!(masked("ABC"), "ABC");
    }
}
