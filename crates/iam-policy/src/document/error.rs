use super::Path;
use crate::json::{Position, Span, SyntaxError};

/// What is wrong with the shape of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A value is of another JSON kind than the element wants.
    #[error("expected {expected}")]
    WrongKind {
        /// The kind or kinds that fit.
        expected: &'static str,
    },
    /// The element does not exist in the policy language.
    #[error("unknown element")]
    UnknownElement,
    /// The key stands twice in the same object.
    #[error("the key appears more than once")]
    DuplicateKey,
    /// The key stands twice in the same object, in different capitals.
    #[error("the key appears more than once, differing only in upper and lower case")]
    DuplicateKeyInOtherCase,
    /// Neither `2008-10-17` nor `2012-10-17`.
    #[error("the version must be `2012-10-17` or `2008-10-17`")]
    InvalidVersion,
    /// Neither `Allow` nor `Deny`.
    #[error("the effect must be `Allow` or `Deny`")]
    InvalidEffect,
    /// A principal key other than `AWS`, `Service`, `Federated`, `CanonicalUser`.
    #[error("unknown kind of principal")]
    UnknownPrincipalKey,
    /// A principal given as text that is not `*`.
    #[error("a principal is `*` or an object such as {{\"AWS\": …}}")]
    InvalidPrincipal,
    /// No `Statement`.
    #[error("the document has no `Statement`")]
    MissingStatement,
    /// No `Effect`.
    #[error("the statement has no `Effect`")]
    MissingEffect,
    /// Neither `Action` nor `NotAction`.
    #[error("the statement has neither `Action` nor `NotAction`")]
    MissingAction,
    /// Neither `Resource` nor `NotResource`, where the type wants one.
    #[error("the statement has neither `Resource` nor `NotResource`")]
    MissingResource,
    /// Neither `Principal` nor `NotPrincipal`, where the type wants one.
    #[error("the statement has neither `Principal` nor `NotPrincipal`")]
    MissingPrincipal,
    /// A principal, where the type has none.
    #[error("this type of policy has no principals")]
    PrincipalNotAllowed,
    /// Two elements that exclude each other.
    #[error("`{first}` and `{second}` exclude each other")]
    ExclusiveElements {
        /// The element without `Not`.
        first: &'static str,
        /// The element with `Not`.
        second: &'static str,
    },
}

/// Something wrong, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) kind: ProblemKind,
    pub(crate) path: Path,
    pub(crate) span: Span,
    /// For a wrong kind inside `Condition`, etc.: what the value was found as.
    pub(crate) found: Option<crate::json::Kind>,
}

/// Why a text is not a policy document of the type asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON.
    #[error("not valid JSON: {0}")]
    Syntax(SyntaxError),
    /// JSON, but not a policy.
    #[error("{kind} at {}, line {} column {}", path.in_words(), position.line, position.column)]
    Structure {
        /// What is wrong.
        kind: ProblemKind,
        /// The way to it; empty for the document itself.
        path: Path,
        /// Its place in the text, in bytes.
        span: Span,
        /// Its place in the text, as people count.
        position: Position,
    },
}

impl DocumentError {
    /// The place of the error, as people count.
    #[must_use]
    pub const fn position(&self) -> Position {
        match self {
            Self::Syntax(error) => error.position(),
            Self::Structure { position, .. } => *position,
        }
    }
}
