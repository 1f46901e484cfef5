//! One byte string for one value: the JSON Canonicalization Scheme (RFC 8785).
//!
//! What is hashed or signed is always written this way, so that two programs that hold the
//! same value compute the same digest.

use serde::Serialize;

use crate::id::Digest;

/// A value that has no canonical form (a number that is not finite, a map with odd keys).
#[derive(Debug, thiserror::Error)]
#[error("the value has no canonical JSON form")]
pub struct CanonicalError(#[source] serde_json::Error);

/// The canonical JSON bytes of a value.
///
/// # Errors
/// Where the value cannot be written as JSON.
pub fn to_bytes(value: &impl Serialize) -> Result<Vec<u8>, CanonicalError> {
    serde_json_canonicalizer::to_vec(value).map_err(CanonicalError)
}

/// The canonical JSON text of a value.
///
/// # Errors
/// Where the value cannot be written as JSON.
pub fn to_text(value: &impl Serialize) -> Result<String, CanonicalError> {
    serde_json_canonicalizer::to_string(value).map_err(CanonicalError)
}

/// What is hashed or signed for a purpose: a line that names it, and the canonical JSON bytes. A
/// digest or signature made for one purpose never stands for another.
///
/// # Errors
/// Where the value cannot be written as JSON.
pub fn preimage(purpose: &str, value: &impl Serialize) -> Result<Vec<u8>, CanonicalError> {
    let mut bytes = format!("snowgate/{purpose}/1\n").into_bytes();
    bytes.extend(to_bytes(value)?);
    Ok(bytes)
}

/// The digest of the canonical JSON bytes, set apart by a purpose so that a digest made for one
/// thing never stands for another.
///
/// # Errors
/// Where the value cannot be written as JSON.
pub fn digest(purpose: &str, value: &impl Serialize) -> Result<Digest, CanonicalError> {
    Ok(Digest::of(&preimage(purpose, value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_members_does_not_matter_and_purpose_does() {
        let a = serde_json::json!({"b": 1, "a": [true, null]});
        let b: serde_json::Value = serde_json::from_str(r#"{"a":[true,null],"b":1}"#).unwrap();
        assert_eq!(to_bytes(&a).unwrap(), br#"{"a":[true,null],"b":1}"#);
        assert_eq!(digest("x", &a).unwrap(), digest("x", &b).unwrap());
        assert_ne!(digest("x", &a).unwrap(), digest("y", &a).unwrap());
    }
}
