//! The kinds of things that the ledger keeps and that functions are woken for.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{IdentityId, RequestId};
use crate::principal::PrincipalKey;

/// One thing that has states of its own, by kind and id: `{"kind":"request","id":"req-…"}`.
///
/// This is the body of every wake-up. A kind that is not known here is an error and not a request:
/// the message stays in its queue until it is a dead letter, and nothing of it is lost.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    content = "id",
    rename_all = "snake_case",
    deny_unknown_fields
)]
pub enum Aggregate {
    /// A request for access.
    Request(RequestId),
    /// An IAM principal with all that is to end on it.
    Principal(PrincipalKey),
    /// A user that Snowgate made.
    Identity(IdentityId),
}

/// The id alone, without its kind.
impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(id) => write!(f, "{id}"),
            Self::Principal(key) => write!(f, "{key}"),
            Self::Identity(id) => write!(f, "{id}"),
        }
    }
}

/// How many partitions each index by time has.
pub const DUE_BUCKETS: u8 = 8;

/// The bucket of what has this id, and of what belongs to it, in the indexes by time.
#[must_use]
pub fn bucket_of(id: impl AsRef<str>) -> u8 {
    id.as_ref()
        .bytes()
        .fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte))
        % DUE_BUCKETS
}

/// A text that is no wake-up.
#[derive(Debug, thiserror::Error)]
#[error("not a wake-up for anything that is known")]
pub struct WakeUpError(#[source] serde_json::Error);

impl Aggregate {
    /// The body of a wake-up.
    #[must_use]
    pub fn body(&self) -> String {
        let kind = match self {
            Self::Request(_) => "request",
            Self::Principal(_) => "principal",
            Self::Identity(_) => "identity",
        };
        // An id is plain ASCII without quotes, so this is JSON as it stands.
        format!(r#"{{"kind":"{kind}","id":"{self}"}}"#)
    }

    /// What the body of a wake-up is about.
    ///
    /// # Errors
    /// Where it is no wake-up, or one for something of another kind.
    pub fn from_body(body: &str) -> Result<Self, WakeUpError> {
        serde_json::from_str(body).map_err(WakeUpError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_up_says_of_what_kind() {
        let request = Aggregate::Request(RequestId::from_random([1; 16]));
        let body = r#"{"kind":"request","id":"req-01010101010101010101010101010101"}"#;
        assert_eq!(request.body(), body);
        assert_eq!(serde_json::to_string(&request).unwrap(), body);
        assert_eq!(Aggregate::from_body(body).unwrap(), request);
        let principal = Aggregate::Principal("210987654321#AIDAEXAMPLE".parse().unwrap());
        let body = r#"{"kind":"principal","id":"210987654321#AIDAEXAMPLE"}"#;
        assert_eq!(principal.body(), body);
        assert_eq!(serde_json::to_string(&principal).unwrap(), body);
        assert_eq!(Aggregate::from_body(body).unwrap(), principal);
        let identity = Aggregate::Identity(IdentityId::of(&RequestId::from_random([1; 16])));
        let body = r#"{"kind":"identity","id":"idn-01010101010101010101010101010101"}"#;
        assert_eq!(identity.body(), body);
        assert_eq!(serde_json::to_string(&identity).unwrap(), body);
        assert_eq!(Aggregate::from_body(body).unwrap(), identity);
        let body = request.body();
        for other in [
            body.replace("request", "user"),
            body.replace("req-", "usr-"),
            body.replace("kind", "type"),
            body.replace('}', r#","more":1}"#),
            "{}".to_owned(),
            String::new(),
        ] {
            assert!(Aggregate::from_body(&other).is_err(), "{other}");
        }
    }
}
