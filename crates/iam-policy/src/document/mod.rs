//! The model of an IAM policy document.
//!
//! [`Document::parse`] answers a document whose every statement is complete for
//! its [`PolicyType`], or the first thing that is wrong with its place. Texts are
//! borrowed from the input wherever no escape had to be resolved;
//! [`Document::into_owned`] cuts the bond. What may be a scalar or an array in the
//! JSON is a [`List`] that still knows which it was, so that [`Path`]s are right.
//!
//! What the document *means* is no business of this module: names of actions and
//! operators are kept as written. What `iam:CreatePolicy` would answer is decided by
//! [`crate::lint`], which also reads documents that are incomplete.

mod complete;
mod draft;
mod duplicates;
mod error;
mod kinds;
mod list;
mod owned;
mod path;
mod statement;

pub(crate) use draft::{Draft, DraftStatement, Element};
pub use error::{DocumentError, ProblemKind};
pub use kinds::{Effect, PolicyType, UnknownPolicyType, Version};
pub use list::{List, Value, ValueKind};
pub use path::{Path, Segment};
pub use statement::{
    Actions, Condition, ConditionEntry, PrincipalEntry, PrincipalKind, PrincipalSet, Principals,
    Resources, Statement,
};

use std::borrow::Cow;

use crate::json::{Json, Position, Span, SyntaxError};

/// A policy document that is complete for its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document<'a> {
    text: Cow<'a, str>,
    policy_type: PolicyType,
    version: Option<Version>,
    id: Option<Value<'a>>,
    statements: Vec<Statement<'a>>,
}

impl<'a> Document<'a> {
    /// Reads a document.
    ///
    /// Empty lists of actions, resources or values are kept: they match nothing.
    /// Unique `Sid`s, quotas and the form of names are not judged here.
    ///
    /// # Errors
    /// The first thing that is wrong: not JSON, a value of the wrong kind, an unknown
    /// or doubled element, or an element that is missing or not allowed in this type.
    pub fn parse(text: &'a str, policy_type: PolicyType) -> Result<Self, DocumentError> {
        let json = Json::parse(text)?;
        Draft::read(&json).complete(policy_type)
    }

    /// The text the document was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the document was read as.
    #[must_use]
    pub const fn policy_type(&self) -> PolicyType {
        self.policy_type
    }

    /// The version that counts: the declared one, else [`Version::V2008`].
    #[must_use]
    pub fn version(&self) -> Version {
        self.version.unwrap_or_default()
    }

    /// The `Version` element, when there is one.
    #[must_use]
    pub const fn declared_version(&self) -> Option<Version> {
        self.version
    }

    /// The `Id` element.
    #[must_use]
    pub const fn id(&self) -> Option<&Value<'a>> {
        self.id.as_ref()
    }

    /// The statements in order.
    #[must_use]
    pub fn statements(&self) -> &[Statement<'a>] {
        &self.statements
    }

    /// Line and column of a part of the document.
    #[must_use]
    pub fn position(&self, span: Span) -> Position {
        span.position(&self.text)
    }
}

impl From<SyntaxError> for DocumentError {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(text: &str, policy_type: PolicyType) -> (ProblemKind, String) {
        match Document::parse(text, policy_type).unwrap_err() {
            DocumentError::Structure { kind, path, .. } => (kind, path.to_string()),
            DocumentError::Syntax(error) => panic!("not JSON: {error}"),
        }
    }

    #[test]
    fn reads_every_element_as_scalar_or_array() {
        let text = r#"{"Version":"2012-10-17","Id":"i","Statement":[
            {"Sid":"A","Effect":"Allow","Principal":{"AWS":["*","123456789012"],"Service":"ec2.amazonaws.com"},
             "Action":["s3:Get*","s3:Put\u002a"],"NotResource":"arn:aws:s3:::b/*",
             "Condition":{"StringEquals":{"aws:PrincipalTag/a":["x","y"]},"Bool":{"aws:SecureTransport":true}}},
            {"Effect":"Deny","NotPrincipal":"*","NotAction":"s3:*"}]}"#;
        let document = Document::parse(text, PolicyType::Resource).unwrap();
        assert_eq!(document.version(), Version::V2012);
        let [first, second] = document.statements() else {
            panic!("two statements")
        };
        assert_eq!(first.sid().unwrap().text(), "A");
        assert_eq!(
            first.actions().list().texts().collect::<Vec<_>>(),
            ["s3:Get*", "s3:Put*"]
        );
        assert_eq!(first.action_path(1).to_string(), "Statement[0].Action[1]");
        assert!(
            matches!(first.resources(), Some(Resources::NotResource(list)) if list.texts().eq(["arn:aws:s3:::b/*"]))
        );
        assert_eq!(
            first.resource_path(0).to_string(),
            "Statement[0].NotResource"
        );
        let Some(Principals::Principal(PrincipalSet::Named(entries))) = first.principals() else {
            panic!("named")
        };
        assert_eq!(entries[1].kind(), PrincipalKind::Service);
        assert_eq!(
            first.principal_path(0, 1).to_string(),
            "Statement[0].Principal.AWS[1]"
        );
        let condition = &first.conditions()[1];
        assert_eq!(
            condition.entries()[0].values().values()[0].kind(),
            ValueKind::Bool
        );
        assert_eq!(
            first.condition_path(0, 0, 1).to_string(),
            "Statement[0].Condition.StringEquals.aws:PrincipalTag/a[1]"
        );
        assert!(matches!(
            second.principals(),
            Some(Principals::NotPrincipal(PrincipalSet::Everyone(_)))
        ));
        assert!(second.resources().is_none() && second.actions().is_negated());
        assert_eq!(
            document.position(second.span()),
            Position {
                line: 5,
                column: 13
            }
        );
        assert_eq!(document.clone().into_owned(), document);
    }

    #[test]
    fn a_single_statement_has_no_index_in_its_paths() {
        let text = r#"{"Statement":{"Effect":"Allow","Action":["a:b"],"Resource":"*"}}"#;
        let document = Document::parse(text, PolicyType::Identity).unwrap();
        assert_eq!(
            document.statements()[0].action_path(0).to_string(),
            "Statement.Action[0]"
        );
        assert_eq!(document.version(), Version::V2008);
    }

    #[test]
    fn answers_the_first_thing_that_is_wrong() {
        let identity = PolicyType::Identity;
        for (text, kind, path) in [
            ("[]", ProblemKind::WrongKind { expected: "object" }, ""),
            ("{}", ProblemKind::MissingStatement, ""),
            (
                r#"{"Statement":[],"statement":[]}"#,
                ProblemKind::DuplicateKeyInOtherCase,
                "statement",
            ),
            (
                r#"{"Statement":[],"Statement":[]}"#,
                ProblemKind::DuplicateKey,
                "Statement",
            ),
            (
                r#"{"Version":"2012","Statement":[]}"#,
                ProblemKind::InvalidVersion,
                "Version",
            ),
            (
                r#"{"Statement":[1]}"#,
                ProblemKind::WrongKind { expected: "object" },
                "Statement[0]",
            ),
            (
                r#"{"Statement":[{"Effect":"allow"}]}"#,
                ProblemKind::InvalidEffect,
                "Statement[0].Effect",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Foo":1}]}"#,
                ProblemKind::UnknownElement,
                "Statement[0].Foo",
            ),
            (
                r#"{"Statement":{"Action":"a:b","Resource":"*"}}"#,
                ProblemKind::MissingEffect,
                "Statement",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Resource":"*"}}"#,
                ProblemKind::MissingAction,
                "Statement",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"*"}}"#,
                ProblemKind::MissingResource,
                "Statement",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}}"#,
                ProblemKind::ExclusiveElements {
                    first: "Action",
                    second: "NotAction",
                },
                "Statement.NotAction",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}}"#,
                ProblemKind::PrincipalNotAllowed,
                "Statement.Principal",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":[{}],"Resource":"*"}}"#,
                ProblemKind::WrongKind { expected: "string" },
                "Statement.Action[0]",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a:b":"x","A:b":"y"}}}}"#,
                ProblemKind::DuplicateKeyInOtherCase,
                "Statement.Condition.Bool.A:b",
            ),
        ] {
            assert_eq!(fails(text, identity), (kind, path.to_owned()), "{text}");
        }
        let no_principal = r#"{"Statement":{"Effect":"Allow","Action":"*"}}"#;
        assert_eq!(
            fails(no_principal, PolicyType::Trust).0,
            ProblemKind::MissingPrincipal
        );
    }
}
