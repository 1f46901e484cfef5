//! A strict JSON reader that remembers where everything stood.
//!
//! The text is read once into a flat list of nodes that borrow from it; nothing
//! recurses, so nesting can exhaust neither the stack nor the memory. Only what
//! RFC 8259 allows is accepted: no comments, no trailing commas, no byte-order
//! mark, no lone surrogates. Duplicate keys are kept; judging them is the work
//! of the [document](crate::document) reader, which knows what they mean.

mod reader;
mod span;
mod text;

use std::borrow::Cow;

pub use reader::{MAX_DEPTH, MAX_TEXT, SyntaxError, SyntaxErrorKind};
pub use span::{LineIndex, Position, Span};

/// What a node of a JSON text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number, kept as its literal.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`
    Null,
}

impl Kind {
    /// The name of the kind as JSON calls it: `object`, `array`, `string`, `number`, `boolean`, `null`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Number => "number",
            Self::Bool => "boolean",
            Self::Null => "null",
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Node {
    span: Span,
    /// Index of the first node after this one and everything inside it.
    next: u32,
    kind: Kind,
    /// Strings only: the text between the quotes holds a backslash.
    escaped: bool,
}

/// A JSON text that was read, with the places of all its values.
#[derive(Debug, Clone)]
pub struct Json<'a> {
    text: &'a str,
    nodes: Vec<Node>,
}

impl<'a> Json<'a> {
    /// Reads a JSON text.
    ///
    /// # Errors
    /// The first place where the text is not JSON, or is too large or too deep
    /// ([`MAX_TEXT`], [`MAX_DEPTH`]).
    pub fn parse(text: &'a str) -> Result<Self, SyntaxError> {
        let nodes = reader::read(text, MAX_DEPTH)?;
        Ok(Self { text, nodes })
    }

    /// Reads a JSON text of any depth: for envelopes around texts that are judged on
    /// their own.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), but never for depth.
    pub fn parse_any_depth(text: &'a str) -> Result<Self, SyntaxError> {
        let nodes = reader::read(text, usize::MAX)?;
        Ok(Self { text, nodes })
    }

    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> Item<'_, 'a> {
        Item { json: self, at: 0 }
    }

    /// The text that was read.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    fn node(&self, at: u32) -> Node {
        const NOTHING: Node = Node {
            span: Span::EMPTY,
            next: u32::MAX,
            kind: Kind::Null,
            escaped: false,
        };
        self.nodes.get(at as usize).copied().unwrap_or(NOTHING)
    }
}

/// One value inside a [`Json`].
#[derive(Debug, Clone, Copy)]
pub struct Item<'j, 'a> {
    json: &'j Json<'a>,
    at: u32,
}

impl<'j, 'a> Item<'j, 'a> {
    /// What the value is.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.json.node(self.at).kind
    }

    /// Where the value stands, quotes and brackets included.
    #[must_use]
    pub fn span(self) -> Span {
        self.json.node(self.at).span
    }

    /// The value as it is written.
    #[must_use]
    pub fn raw(self) -> &'a str {
        self.span().of(self.json.text)
    }

    /// The content of a string with its escapes resolved; `None` for everything else.
    #[must_use]
    pub fn string(self) -> Option<Cow<'a, str>> {
        let node = self.json.node(self.at);
        if node.kind != Kind::String {
            return None;
        }
        let inner = Span {
            start: node.span.start + 1,
            end: node.span.end - 1,
        }
        .of(self.json.text);
        Some(if node.escaped {
            Cow::Owned(text::unescape(inner))
        } else {
            Cow::Borrowed(inner)
        })
    }

    /// The values of an array in order; nothing for everything else.
    #[must_use]
    pub fn elements(self) -> Elements<'j, 'a> {
        let (from, until) = self.inside(Kind::Array);
        Elements {
            json: self.json,
            at: from,
            until,
        }
    }

    /// The keys and values of an object in order, duplicates included; nothing for everything else.
    #[must_use]
    pub fn members(self) -> Members<'j, 'a> {
        let (from, until) = self.inside(Kind::Object);
        Members(Elements {
            json: self.json,
            at: from,
            until,
        })
    }

    fn inside(self, kind: Kind) -> (u32, u32) {
        let node = self.json.node(self.at);
        if node.kind == kind {
            (self.at + 1, node.next)
        } else {
            (0, 0)
        }
    }
}

/// Walks over the values of an array.
#[derive(Debug, Clone)]
pub struct Elements<'j, 'a> {
    json: &'j Json<'a>,
    at: u32,
    until: u32,
}

impl<'j, 'a> Iterator for Elements<'j, 'a> {
    type Item = Item<'j, 'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.until {
            return None;
        }
        let item = Item {
            json: self.json,
            at: self.at,
        };
        self.at = self.json.node(self.at).next;
        Some(item)
    }
}

impl Elements<'_, '_> {
    /// An upper bound of how many values are left.
    #[must_use]
    pub const fn at_most(&self) -> usize {
        self.until.saturating_sub(self.at) as usize
    }
}

/// Walks over the keys and values of an object.
#[derive(Debug, Clone)]
pub struct Members<'j, 'a>(Elements<'j, 'a>);

impl<'j, 'a> Iterator for Members<'j, 'a> {
    type Item = (Item<'j, 'a>, Item<'j, 'a>);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.0.next()?, self.0.next()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_values_with_their_places() {
        let json = Json::parse(" {\"a\": [1, -2.5e3, \"x\\u00e9\\n\", true, null]} ").unwrap();
        let (key, list) = json.root().members().next().unwrap();
        assert_eq!(key.string().unwrap(), "a");
        let items: Vec<_> = list
            .elements()
            .map(|item| (item.kind(), item.raw()))
            .collect();
        assert_eq!(
            items,
            [
                (Kind::Number, "1"),
                (Kind::Number, "-2.5e3"),
                (Kind::String, "\"x\\u00e9\\n\""),
                (Kind::Bool, "true"),
                (Kind::Null, "null"),
            ]
        );
        assert_eq!(list.elements().nth(2).unwrap().string().unwrap(), "xé\n");
    }

    #[test]
    fn agrees_with_serde_json_on_what_is_json() {
        for text in [
            "",
            " ",
            "{",
            "}",
            "[",
            "]",
            "[1,]",
            "[,1]",
            "{\"a\":1,}",
            "{\"a\" 1}",
            "{a:1}",
            "01",
            "1.",
            ".5",
            "-",
            "1e",
            "1e+",
            "+1",
            "tru",
            "nul",
            "\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\ud800\"",
            "\"\\ud800\\udc00\"",
            "\"\\udc00\"",
            "\"\t\"",
            "[1 2]",
            "{}{}",
            "[]]",
            "\u{feff}{}",
            "// x\n{}",
            "0",
            "-0",
            "-0.0e-1",
            "\"\u{7f}\"",
            "[[],{},[{}]]",
            "{\"a\":{\"b\":[{}]}}",
            "\"\\/\\b\\f\\r\\t\\\\\\\"\"",
            "NaN",
            "{\"a\":}",
            "{\"a\"}",
            "true ",
        ] {
            let theirs = serde_json::from_str::<serde_json::Value>(text).is_ok();
            assert_eq!(Json::parse(text).is_ok(), theirs, "{text:?}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error_with_its_place() {
        let error = Json::parse(&"[".repeat(10_000)).unwrap_err();
        assert_eq!(error.kind(), SyntaxErrorKind::TooDeep);
        assert_eq!(error.position().column, MAX_DEPTH + 1);
    }

    #[test]
    fn an_error_tells_line_and_column_in_characters() {
        let error = Json::parse("{\n  \"é\": x\n}").unwrap_err();
        assert_eq!((error.position().line, error.position().column), (2, 8));
    }
}
