//! Identifiers: request, client, ServiceNow record, AWS account, digest.
//!
//! Each is parsed once, at the edge, and cannot hold anything else afterwards.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Why a text is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a request id.
    #[error("a request id is `req-` and 32 lowercase hexadecimal digits")]
    RequestId,
    /// Not the id of a user that Snowgate made.
    #[error("an identity's id is `idn-` and 32 lowercase hexadecimal digits")]
    IdentityId,
    /// Not a client id.
    #[error("a client id is 1 to 64 of `a-z`, `0-9`, `-`, starting with a letter")]
    ClientId,
    /// Not a ServiceNow sys_id.
    #[error("a sys_id is 32 lowercase hexadecimal digits")]
    SysId,
    /// Not an AWS account id.
    #[error("an account id is 12 decimal digits")]
    AccountId,
    /// Not a SHA-256 digest.
    #[error("a digest is `sha256:` and 64 lowercase hexadecimal digits")]
    Digest,
}

fn is_lower_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Writes bytes as lowercase hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $error:expr, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as it is written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.to_owned())) } else { Err($error) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// The id of one request: `req-` and 128 random bits in hexadecimal.
    RequestId,
    IdError::RequestId,
    |text| text.strip_prefix("req-").is_some_and(|rest| is_lower_hex(rest, 32))
);

impl RequestId {
    /// Makes the id from 16 random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(format!("req-{}", hex(&bytes)))
    }
}

text_id!(
    /// The id of one user that Snowgate made: `idn-` and the digits of the request that creates it.
    IdentityId,
    IdError::IdentityId,
    |text| text.strip_prefix("idn-").is_some_and(|rest| is_lower_hex(rest, 32))
);

impl IdentityId {
    /// The id of the user that a request creates. A request creates one at most, so that what a crash
    /// interrupted is found again.
    #[must_use]
    pub fn of(created_by: &RequestId) -> Self {
        Self(created_by.0.replacen("req-", "idn-", 1))
    }
}

text_id!(
    /// The id of a client of the service API, as in the clients' secret.
    ClientId,
    IdError::ClientId,
    |text| {
        (1..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    }
);

text_id!(
    /// A ServiceNow `sys_id`: 32 lowercase hexadecimal digits.
    SysId,
    IdError::SysId,
    |text| is_lower_hex(text, 32)
);

text_id!(
    /// An AWS account id: 12 decimal digits.
    AccountId,
    IdError::AccountId,
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);

text_id!(
    /// A SHA-256 digest, written `sha256:<64 hexadecimal digits>`.
    Digest,
    IdError::Digest,
    |text| text.strip_prefix("sha256:").is_some_and(|rest| is_lower_hex(rest, 64))
);

impl Digest {
    /// The digest of these bytes (FIPS 180-4).
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", hex(&Sha256::digest(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_hold_only_what_they_say() {
        assert!("0a".repeat(16).parse::<SysId>().is_ok());
        for bad in [
            "",
            "0A0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
            "javascript:0",
            &"a".repeat(33),
        ] {
            assert_eq!(bad.parse::<SysId>(), Err(IdError::SysId));
        }
        assert!("210987654321".parse::<AccountId>().is_ok());
        assert_eq!("21098765432".parse::<AccountId>(), Err(IdError::AccountId));
        assert_eq!("٢10987654321".parse::<AccountId>(), Err(IdError::AccountId));
        assert!("servicenow-prod".parse::<ClientId>().is_ok());
        assert_eq!("Servicenow".parse::<ClientId>(), Err(IdError::ClientId));
    }

    #[test]
    fn request_ids_round_trip() {
        let id = RequestId::from_random([0xab; 16]);
        assert_eq!(id.as_str().parse::<RequestId>(), Ok(id.clone()));
        let identity = IdentityId::of(&id);
        assert_eq!(identity.as_str(), format!("idn-{}", "ab".repeat(16)));
        assert_eq!(identity.as_str().parse::<IdentityId>(), Ok(identity));
        assert_eq!(id.as_str().parse::<IdentityId>(), Err(IdError::IdentityId));
    }

    #[test]
    fn digests_match_the_published_vector() {
        // FIPS 180-4 example, one block message "abc".
        assert_eq!(
            Digest::of(b"abc").as_str(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
