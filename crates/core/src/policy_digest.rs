//! What an approval binds of a policy that IAM holds: what it says, not in which order.

use iam_policy::document::{Document, PolicyType};
use iam_policy::normal_form_with_names;

use crate::id::Digest;

/// The digest of a policy's normal form, so that the same policy in another order has the same
/// digest: IAM's callers may write members, statements and lists in any order. The names of
/// statements count, because approvers read them. What cannot be read as a policy of this type has the
/// digest of its text.
#[must_use]
pub fn policy_digest(text: &str, policy_type: PolicyType) -> Digest {
    let preimage = match Document::parse(text, policy_type) {
        Ok(document) => format!("snowgate/policy/1\n{}", normal_form_with_names(&document)),
        Err(_) => format!("snowgate/policy-text/1\n{text}"),
    };
    Digest::of(preimage.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"Read","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::a","arn:aws:s3:::a/*"]},
        {"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#;
    const REORDERED: &str = r#"{"Statement":[
        {"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":[false]}},"Action":["s3:*"],"Effect":"Deny"},
        {"Action":["s3:ListBucket","s3:GetObject"],"Effect":"Allow","Resource":["arn:aws:s3:::a/*","arn:aws:s3:::a"],"Sid":"Read"}],
        "Version":"2012-10-17"}"#;

    fn identity(text: &str) -> Digest {
        policy_digest(text, PolicyType::Identity)
    }

    #[test]
    fn order_does_not_count_and_everything_that_is_said_does() {
        assert_eq!(identity(WRITTEN), identity(REORDERED));
        for (from, to) in [
            ("2012-10-17", "2008-10-17"),
            ("\"Allow\"", "\"Deny\""),
            ("s3:ListBucket", "s3:ListBuckets"),
            ("arn:aws:s3:::a/*", "arn:aws:s3:::A/*"),
            ("\"false\"", "\"true\""),
            ("\"Read\"", "\"ReviewedBySecurity\""),
            ("\"Bool\"", "\"BoolIfExists\""),
            ("aws:SecureTransport", "aws:SecureTransports"),
        ] {
            let other = WRITTEN.replacen(from, to, 1);
            assert_ne!(identity(WRITTEN), identity(&other), "{to}");
        }
    }

    #[test]
    fn what_is_no_policy_is_bound_as_text() {
        for text in ["", "{", r#"{"Version":"2012-10-17"}"#] {
            assert_eq!(identity(text), identity(text));
            assert_ne!(identity(text), identity(&format!("{text} ")));
        }
        let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole"}}"#;
        let root = trust.replace("111111111111", "arn:aws:iam::111111111111:root");
        let of = |text: &str| policy_digest(text, PolicyType::Trust);
        assert_eq!(of(trust), of(&root));
        assert_ne!(of(trust), identity(trust));
    }
}
