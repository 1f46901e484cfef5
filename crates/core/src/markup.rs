//! Text that puts our words around names and identifiers from elsewhere.
//!
//! Whoever can name a policy, a person or a configuration item could otherwise write sentences of
//! their own into pages, e-mails and tickets. So every such string passes through [`code`] or
//! [`name`], which keep it on one line, make its tricks visible and mark where it begins and ends;
//! and [`Text`] is the one place that turns these marks into HTML or plain text.

use std::fmt::{self, Write as _};

use crate::prose::one_line;

/// The longest identifier that is shown whole; the longest ARN is shorter.
const MAX_IDENTIFIER: usize = 2048;
/// The longest name that is shown whole.
const MAX_NAME: usize = 100;

/// Begin and end of a name: Unicode's isolates (UAX 9). No foreign text holds them, because
/// [`one_line`] writes them out.
const BEGIN: char = '\u{2068}';
const END: char = '\u{2069}';

/// An identifier from elsewhere, such as the name of a policy or an ARN: in backticks in plain
/// text, `<code><bdi>` in HTML.
#[must_use]
pub fn code(identifier: &str) -> String {
    format!("`{}`", inert(identifier, MAX_IDENTIFIER))
}

/// A name from elsewhere, such as that of a person or an account: as it is in plain text, `<bdi>`
/// in HTML.
#[must_use]
pub fn name(name: &str) -> String {
    format!("{BEGIN}{}{END}", inert(name, MAX_NAME))
}

/// What somebody typed, as a quotation on one line.
#[must_use]
pub fn quote(typed: &str) -> String {
    format!("“{BEGIN}{}{END}”", inert(typed, usize::MAX))
}

/// A sentence that others made and that holds foreign strings without marks: it gets none.
#[must_use]
pub fn unmarked(sentence: &str) -> String {
    inert(sentence, usize::MAX)
}

/// One line, in which nothing passes for a mark of ours.
fn inert(text: &str, most: usize) -> String {
    one_line(text, most).replace('`', "'")
}

/// A sentence with foreign strings in it, made with [`code`] and [`name`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Takes a sentence.
    #[must_use]
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// The sentence as HTML: everything is escaped, and what is foreign stands in elements of its own.
    #[must_use]
    pub fn html(&self) -> Html {
        let mut html = String::new();
        let mut is_code = false;
        for c in self.0.chars() {
            match c {
                '`' if is_code => html.push_str("</bdi></code>"),
                '`' => html.push_str("<code><bdi>"),
                BEGIN => html.push_str("<bdi>"),
                END => html.push_str("</bdi>"),
                c => escape(&mut html, c),
            }
            is_code ^= c == '`';
        }
        if is_code {
            html.push_str("</bdi></code>");
        }
        Html(html)
    }

    /// The sentence with a capital at its beginning.
    #[must_use]
    pub fn capitalized(&self) -> Self {
        let mut letters = self.0.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string());
        Self(first.unwrap_or_default() + letters.as_str())
    }

    /// The sentence without any marks, for the subject of an e-mail and the title of a page.
    #[must_use]
    pub fn unmarked(&self) -> String {
        self.0.replace(['`', BEGIN, END], "")
    }
}

/// The sentence as plain text.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars().filter(|c| !matches!(*c, BEGIN | END)) {
            f.write_char(c)?;
        }
        Ok(())
    }
}

impl From<String> for Text {
    fn from(sentence: String) -> Self {
        Self(sentence)
    }
}

impl From<&str> for Text {
    fn from(sentence: &str) -> Self {
        Self(sentence.to_owned())
    }
}

/// HTML that was escaped here, so that no template escapes it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// What somebody typed: nothing in it is a mark.
    #[must_use]
    pub fn escaped(typed: &str) -> Self {
        let mut html = String::new();
        typed.chars().for_each(|c| escape(&mut html, c));
        Self(html)
    }
}

fn escape(html: &mut String, c: char) {
    match c {
        '&' => html.push_str("&#38;"),
        '<' => html.push_str("&#60;"),
        '>' => html.push_str("&#62;"),
        '"' => html.push_str("&#34;"),
        '\'' => html.push_str("&#39;"),
        c => html.push(c),
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_foreign_is_marked() {
        let text = format!("{} wants {}", name("Rita <b>"), code("reports-read"));
        let text = Text::new(text);
        assert_eq!(text.to_string(), "Rita <b> wants `reports-read`");
        assert_eq!(text.unmarked(), "Rita <b> wants reports-read");
        let html = "<bdi>Rita &#60;b&#62;</bdi> wants <code><bdi>reports-read</bdi></code>";
        assert_eq!(text.html().to_string(), html);
    }

    #[test]
    fn what_is_foreign_stays_within_its_marks() {
        let text = Text::new(code("a` is approved. `b\n\u{2069}c"));
        let shown = "`a' is approved. 'b ⟨U+2069⟩c`";
        assert_eq!(text.to_string(), shown);
        assert_eq!(text.html().to_string().matches("<code>").count(), 1);
        let open = Text::new("an old sentence with ` in it");
        assert!(open.html().to_string().ends_with("</bdi></code>"));
    }

    proptest! {
        #[test]
        fn no_foreign_string_writes_markup(foreign in any::<String>()) {
            let html = Text::new(format!("{} {}", code(&foreign), name(&foreign))).html().to_string();
            let inner = html
                .strip_prefix("<code><bdi>").unwrap()
                .strip_suffix("</bdi>").unwrap()
                .replacen("</bdi></code> <bdi>", " ", 1);
            prop_assert!(!inner.contains(['<', '>', '"', '`', '\n']));
        }
    }
}
