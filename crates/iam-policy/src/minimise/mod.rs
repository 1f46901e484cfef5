//! The shortest document that means the same, or several when one is not enough.
//!
//! Nothing is ever widened: patterns are only left out where others cover them, statements
//! only joined where all but one of their parts are the same. The result is proved to allow the
//! same and to deny the same, both ways, by [`crate::prove`]; what cannot be proved is not
//! done. Names of statements are left out.
//!
//! The work is bounded by counting: a document far larger than the quotas is split, and shortened
//! as far as the work allowed for it goes.

mod simplify;
mod split;
mod statement_parts;

use crate::document::{Document, PolicyType};
use crate::evaluate::Ruleset;
use crate::glob::Budget;
use crate::prove::is_within;
use statement_parts::{StatementParts, ruleset, write_document};

/// Characters that a managed policy may have, white space not counted
/// (*IAM and AWS STS quotas*).
pub const MANAGED_POLICY_QUOTA: usize = 6_144;

/// Steps of automata that shortening one document may cost, the proof at the end apart. When
/// they are used up, what is left is not shortened further.
const WORK: u64 = 4_000_000;

/// How often statements are joined and looked at again.
const MOST_JOINS: usize = 8;

/// Why no shorter documents could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MinimiseError {
    /// A policy of this type stands alone and does not fit the quota.
    #[error(
        "the policy has {size} characters where {quota} are allowed, and one of type `{policy_type}` cannot be split"
    )]
    TooLong {
        /// Its size when shortened.
        size: usize,
        /// What is allowed.
        quota: usize,
        /// The short name of its type.
        policy_type: &'static str,
    },
    /// One statement does not fit the quota and cannot be cut.
    #[error("a statement does not fit {quota} characters and cannot be split")]
    Indivisible {
        /// What is allowed.
        quota: usize,
    },
}

/// Shortens a document to documents of at most `quota` characters each. Only identity
/// policies are split: of them several can be attached.
///
/// # Errors
/// When the quota cannot be kept.
pub fn minimise(document: &Document<'_>, quota: usize) -> Result<Vec<String>, MinimiseError> {
    let version = document.declared_version();
    let policy_type = document.policy_type();
    let original: Vec<StatementParts> = document
        .statements()
        .iter()
        .map(StatementParts::read)
        .collect();
    let mut parts = original.clone();
    let mut budget = Budget::of(WORK);
    simplify::tidy_lists(&mut parts, version, policy_type, &mut budget);
    for _ in 0..MOST_JOINS {
        if !simplify::join(&mut parts) {
            break;
        }
        simplify::tidy_lists(&mut parts, version, policy_type, &mut budget);
    }
    let compile = |parts: &[StatementParts]| ruleset(version, parts, policy_type);
    let before = compile(&original);
    let is_same = |other: &[StatementParts]| match (&before, compile(other)) {
        (Some(before), Some(after)) => is_same(before, &after),
        _ => false,
    };
    if parts != original && !is_same(&parts) {
        parts.clone_from(&original);
    }
    let mut length = write_document(version, &parts).len();
    let shortened = parts.clone();
    // What is dropped first decides what can be dropped later: from both ends, the better counts.
    for from_end in [true, false] {
        let mut fewer = shortened.clone();
        simplify::drop_covered(&mut fewer, from_end, version, policy_type, &mut budget);
        if fewer == shortened {
            // What nothing else covers, nothing covers from the other end either.
            break;
        }
        simplify::join(&mut fewer);
        let size = write_document(version, &fewer).len();
        if size < length && is_same(&fewer) {
            (parts, length) = (fewer, size);
        }
    }
    let text = write_document(version, &parts);
    let size = text.chars().count();
    if size <= quota {
        return Ok(vec![text]);
    }
    if policy_type != PolicyType::Identity {
        return Err(MinimiseError::TooLong {
            size,
            quota,
            policy_type: policy_type.name(),
        });
    }
    split::split(version, parts, quota).ok_or(MinimiseError::Indivisible { quota })
}

/// Whether both are proved to allow the same and to deny the same.
fn is_same(one: &Ruleset, other: &Ruleset) -> bool {
    let within = |one: &Ruleset, other: &Ruleset| is_within(other, one, &mut Budget::default());
    let (denied, still_denied) = (one.denials(), other.denials());
    within(one, other)
        && within(other, one)
        && within(&denied, &still_denied)
        && within(&still_denied, &denied)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(statements: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
    }

    fn shortened(statements: &str) -> String {
        let text = document(statements);
        let document = Document::parse(&text, PolicyType::Identity).unwrap();
        let documents = minimise(&document, MANAGED_POLICY_QUOTA).unwrap();
        assert_eq!(documents.len(), 1);
        let after = Document::parse(&documents[0], PolicyType::Identity).unwrap();
        assert!(is_same(
            &Ruleset::compile(&document),
            &Ruleset::compile(&after)
        ));
        documents[0].clone()
    }

    fn expect(statements: &str, expected: &str) {
        let expected = format!(r#"{{"Version":"2012-10-17","Statement":{expected}}}"#);
        assert_eq!(shortened(statements), expected);
    }

    #[test]
    fn lists_and_statements_are_joined() {
        expect(
            r#"{"Sid":"A","Effect":"Allow","Action":["s3:GetObject","s3:getobject","s3:Get*"],"Resource":["arn:aws:s3:::a","arn:aws:s3:::a*"]},
               {"Sid":"B","Effect":"Allow","Action":"s3:List*","Resource":"arn:aws:s3:::a*"}"#,
            r#"{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"arn:aws:s3:::a*"}"#,
        );
        expect(
            r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::a"},
               {"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b"}"#,
            r#"{"Effect":"Allow","Action":"s3:Get*","Resource":["arn:aws:s3:::a","arn:aws:s3:::b"]}"#,
        );
    }

    #[test]
    fn what_others_cover_is_dropped() {
        expect(
            r#"{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::a/*"},
               {"Effect":"Allow","Action":"s3:Get*","Resource":"*"}"#,
            r#"[{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::a/*"},{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]"#,
        );
        expect(
            r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
        );
    }

    #[test]
    fn denials_are_kept_for_other_documents() {
        expect(
            r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:Put*","Resource":"*"}"#,
            r#"[{"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*"}]"#,
        );
    }

    #[test]
    fn conditions_keep_statements_apart() {
        let statements = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true}}},{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#;
        expect(statements, &format!("[{statements}]"));
    }

    #[test]
    fn long_documents_are_split_without_loss() {
        let actions: Vec<String> = (0..600).map(|nth| format!("\"s3:Action{nth}\"")).collect();
        let text = document(&format!(
            r#"{{"Effect":"Allow","Action":[{}],"Resource":"*"}},{{"Effect":"Deny","Action":"iam:*","Resource":"*"}}"#,
            actions.join(",")
        ));
        let original = Document::parse(&text, PolicyType::Identity).unwrap();
        let documents = minimise(&original, MANAGED_POLICY_QUOTA).unwrap();
        assert!(
            documents.len() == 2
                && documents
                    .iter()
                    .all(|text| text.len() <= MANAGED_POLICY_QUOTA)
        );
        let mut parts = Vec::new();
        for text in &documents {
            let part = Document::parse(text, PolicyType::Identity).unwrap();
            parts.extend(part.statements().iter().map(StatementParts::read));
        }
        let before: Vec<StatementParts> = original
            .statements()
            .iter()
            .map(StatementParts::read)
            .collect();
        let compiled = |parts: &[StatementParts]| {
            ruleset(original.declared_version(), parts, PolicyType::Identity).unwrap()
        };
        assert!(is_same(&compiled(&before), &compiled(&parts)));
    }

    #[test]
    fn what_cannot_be_split_is_an_error() {
        let long = "x".repeat(200);
        let text = document(&format!(
            r#"{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::{long}"}}"#
        ));
        let document = Document::parse(&text, PolicyType::Identity).unwrap();
        assert_eq!(
            minimise(&document, 150),
            Err(MinimiseError::Indivisible { quota: 150 })
        );
        let document = Document::parse(&text, PolicyType::Session).unwrap();
        assert!(matches!(
            minimise(&document, 150),
            Err(MinimiseError::TooLong { .. })
        ));
    }
}
