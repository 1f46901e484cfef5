use std::borrow::Cow;

use super::Path;
use crate::json::Span;

/// What a [`Value`] was in the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// A string.
    Text,
    /// A number; only in conditions. The text is the literal.
    Number,
    /// `true` or `false`; only in conditions.
    Bool,
}

/// One text of a document with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) span: Span,
    pub(super) kind: ValueKind,
}

impl Value<'_> {
    /// The text, with JSON escapes resolved.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it stands, quotes included.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// What it was in the JSON.
    #[must_use]
    pub const fn kind(&self) -> ValueKind {
        self.kind
    }
}

/// One text or an array of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<'a> {
    pub(super) values: Vec<Value<'a>>,
    pub(super) span: Span,
    pub(super) array: bool,
}

impl<'a> List<'a> {
    /// The values in order; exactly one when it was no array.
    #[must_use]
    pub fn values(&self) -> &[Value<'a>] {
        &self.values
    }

    /// The texts of the values in order.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.values.iter().map(Value::text)
    }

    /// Where it stands, brackets included.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// Whether it was written as an array.
    #[must_use]
    pub const fn is_array(&self) -> bool {
        self.array
    }

    /// The way to the value `nth`, given the way to the element.
    #[must_use]
    pub fn path(&self, element: Path, nth: usize) -> Path {
        element.maybe_index(self.array.then_some(nth))
    }
}
