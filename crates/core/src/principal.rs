//! Who receives a grant: an IAM user or role in one account.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::arn::is_name;
use crate::id::AccountId;

/// The kinds of IAM principals that can receive a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrincipalType {
    /// An IAM user.
    User,
    /// An IAM role.
    Role,
}

impl PrincipalType {
    /// What a unique id is of; none where it is of neither (IAM User Guide, "IAM identifiers").
    #[must_use]
    pub fn of_unique_id(unique_id: &str) -> Option<Self> {
        match unique_id.get(..4)? {
            "AIDA" => Some(Self::User),
            "AROA" => Some(Self::Role),
            _ => None,
        }
    }
}

impl fmt::Display for PrincipalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Role => "role",
        })
    }
}

/// The friendly name of a user or role: 1 to 64 of `A-Z a-z 0-9 + = , . @ _ -`
/// (IAM User Guide, "IAM and AWS STS quotas"). IAM keeps names unique without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PrincipalName(String);

/// Why a text is not the name of a user or role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user or role name is 1 to 64 of `A-Z a-z 0-9 + = , . @ _ -`")]
pub struct PrincipalNameError;

impl PrincipalName {
    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in lowercase, which is equal for all names that IAM takes for one.
    #[must_use]
    pub fn in_lowercase(&self) -> Self {
        Self(self.0.to_ascii_lowercase())
    }
}

impl FromStr for PrincipalName {
    type Err = PrincipalNameError;
    fn from_str(text: &str) -> Result<Self, PrincipalNameError> {
        if is_name(text, 64) {
            Ok(Self(text.to_owned()))
        } else {
            Err(PrincipalNameError)
        }
    }
}

impl TryFrom<String> for PrincipalName {
    type Error = PrincipalNameError;
    fn try_from(text: String) -> Result<Self, PrincipalNameError> {
        text.parse()
    }
}

impl From<PrincipalName> for String {
    fn from(name: PrincipalName) -> Self {
        name.0
    }
}

impl fmt::Display for PrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A user or role in an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Principal {
    /// The account that holds it.
    pub account_id: AccountId,
    /// User or role.
    #[serde(rename = "type")]
    pub kind: PrincipalType,
    /// Its friendly name.
    pub name: PrincipalName,
}

/// The key of one IAM principal, by which its effects are found and the work on it is put in order.
///
/// A principal is known by its unique id, which IAM never gives twice (IAM User Guide, "IAM
/// identifiers"): one that was renamed keeps its key, another one of the same name has another.
/// Only a principal that does not exist yet is known by its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PrincipalKey {
    /// One that exists.
    Id {
        /// The account that holds it.
        account_id: AccountId,
        /// Its unique id (`AIDA…`, `AROA…`).
        unique_id: String,
    },
    /// One that does not exist yet.
    Name {
        /// The account that is to hold it.
        account_id: AccountId,
        /// User or role.
        kind: PrincipalType,
        /// Its name in lowercase: IAM keeps names unique without regard to case.
        name: String,
    },
}

impl Principal {
    /// The key of this principal where it exists and has this unique id.
    #[must_use]
    pub fn key_by_id(&self, unique_id: &str) -> PrincipalKey {
        PrincipalKey::Id {
            account_id: self.account_id.clone(),
            unique_id: unique_id.to_owned(),
        }
    }

    /// The key of this principal where it does not exist yet.
    #[must_use]
    pub fn key_by_name(&self) -> PrincipalKey {
        PrincipalKey::Name {
            account_id: self.account_id.clone(),
            kind: self.kind,
            name: self.name.0.to_ascii_lowercase(),
        }
    }
}

/// `account#unique id` or `account#type#name`.
impl fmt::Display for PrincipalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id {
                account_id,
                unique_id,
            } => write!(f, "{account_id}#{unique_id}"),
            Self::Name {
                account_id,
                kind,
                name,
            } => write!(f, "{account_id}#{kind}#{name}"),
        }
    }
}

/// A text that is no key of a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the key of a principal")]
pub struct PrincipalKeyError;

impl FromStr for PrincipalKey {
    type Err = PrincipalKeyError;
    fn from_str(text: &str) -> Result<Self, PrincipalKeyError> {
        let mut parts = text.split('#');
        let account_id = parts.next().and_then(|account| account.parse().ok());
        let account_id: AccountId = account_id.ok_or(PrincipalKeyError)?;
        let is_plain = |id: &str| is_name(id, 128);
        let key = match (parts.next(), parts.next(), parts.next()) {
            (Some(id), None, None) if is_plain(id) => Self::Id {
                account_id,
                unique_id: id.to_owned(),
            },
            (Some(kind), Some(name), None) => {
                let name: PrincipalName = name.parse().map_err(|_| PrincipalKeyError)?;
                let kind = match kind {
                    "user" => PrincipalType::User,
                    "role" => PrincipalType::Role,
                    _ => return Err(PrincipalKeyError),
                };
                Principal {
                    account_id,
                    kind,
                    name,
                }
                .key_by_name()
            }
            _ => return Err(PrincipalKeyError),
        };
        // There is one way to write a key.
        (key.to_string() == text)
            .then_some(key)
            .ok_or(PrincipalKeyError)
    }
}

impl TryFrom<String> for PrincipalKey {
    type Error = PrincipalKeyError;
    fn try_from(text: String) -> Result<Self, PrincipalKeyError> {
        text.parse()
    }
}

impl From<PrincipalKey> for String {
    fn from(key: PrincipalKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} in account {}",
            self.kind, self.name, self.account_id
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_identity() {
        let named = |name: &str| Principal {
            account_id: "210987654321".parse().unwrap(),
            kind: PrincipalType::User,
            name: name.parse().unwrap(),
        };
        let (before, renamed) = (named("rita.chen"), named("rita.gupta"));
        let key = before.key_by_id("AIDAEXAMPLE");
        assert_eq!(key.to_string(), "210987654321#AIDAEXAMPLE");
        for key in [key.clone(), before.key_by_name()] {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        for bad in [
            "",
            "2109#AIDA",
            "210987654321#",
            "210987654321#user#Rita",
            "210987654321#a#b",
        ] {
            assert_eq!(bad.parse::<PrincipalKey>(), Err(PrincipalKeyError), "{bad}");
        }
        assert_eq!(renamed.key_by_id("AIDAEXAMPLE"), key);
        assert_ne!(before.key_by_id("AIDAANOTHER"), key, "created again");
    }

    #[test]
    fn names_differ_only_beyond_case() {
        let principal = |name: &str| Principal {
            account_id: "210987654321".parse().unwrap(),
            kind: PrincipalType::User,
            name: name.parse().unwrap(),
        };
        let key = principal("rita.chen").key_by_name();
        assert_eq!(principal("Rita.Chen").key_by_name(), key);
        assert_eq!(key.to_string(), "210987654321#user#rita.chen");
        for bad in ["", "a/b", "rita chen", "ríta", &"a".repeat(65)] {
            assert_eq!(bad.parse::<PrincipalName>(), Err(PrincipalNameError));
        }
    }
}
