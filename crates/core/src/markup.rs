//! Text that puts our words around names and identifiers from elsewhere.
//!
//! Whoever can name a policy, a person or a configuration item could otherwise write sentences of
//! their own into pages, e-mails and tickets. So every such string passes through [`code`], which
//! keeps it on one line, makes its tricks visible and marks where it begins and ends; and [`Text`]
//! is the one place that turns these marks into HTML or plain text. What people typed over several
//! lines is a [`Quotation`](crate::quotation::Quotation).

use std::borrow::Cow;
use std::fmt;

use iam_policy::foreign::characters::{is_mark, is_right_to_left, visible_characters};
use iam_policy::foreign::{TextPart, parts};

pub use iam_policy::foreign::{code, whole};

/// The longest string from elsewhere that is shown whole in a sentence, in characters. Most ARNs
/// are shorter.
const MAX_SHOWN: usize = 200;
/// The longest one in a title or subject.
const MAX_IN_TITLE: usize = 60;

/// The most characters that a name or title from elsewhere may have to be shown. ServiceNow's own
/// fields have fewer.
pub const MAX_NAME: usize = 1_000;

/// A name or title that is shown, whole: here it is never cut, so that what a sentence shortens can be
/// had in full. None where it is longer than [`MAX_NAME`].
#[must_use]
pub fn bounded(foreign: &str) -> Option<&str> {
    let foreign = foreign.trim();
    (!is_longer(foreign, MAX_NAME)).then_some(foreign)
}

/// A string from elsewhere that has something to see; none where nothing of it is visible.
#[must_use]
pub fn seen(foreign: &str) -> Option<&str> {
    (visible_characters(foreign) > 0).then_some(foreign)
}

/// A sentence with foreign strings in it, made with [`code`] and [`whole`].
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
        for part in parts(&self.0) {
            let foreign = match part {
                TextPart::Ours(words) => {
                    escape(&mut html, words);
                    continue;
                }
                TextPart::Foreign(foreign) => shorten(foreign, MAX_SHOWN),
                TextPart::Whole(foreign) => Cow::Borrowed(foreign),
            };
            html.push_str("<code><bdi>");
            escape(&mut html, &foreign);
            html.push_str("</bdi></code>");
        }
        Html(html)
    }

    /// The sentence after words of ours.
    #[must_use]
    pub(crate) fn after(&self, ours: &str) -> Self {
        Self(format!("{ours}{}", self.0))
    }

    /// The sentence with a capital at its beginning.
    #[must_use]
    pub fn capitalized(&self) -> Self {
        let mut letters = self.0.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string());
        Self(first.unwrap_or_default() + letters.as_str())
    }

    /// The sentence as a title or subject, in which foreign strings are shortened to what a line holds.
    #[must_use]
    pub fn brief(&self) -> Self {
        let parts = parts(&self.0).into_iter().map(|part| match part {
            TextPart::Foreign(foreign) | TextPart::Whole(foreign) => {
                TextPart::Foreign(&shorten(foreign, MAX_IN_TITLE)).marked()
            }
            ours @ TextPart::Ours(_) => ours.marked(),
        });
        Self(parts.collect())
    }

    /// The foreign strings of which only beginning and end are shown, each whole.
    pub fn shortened(&self) -> impl Iterator<Item = Self> {
        let found = parts(&self.0).into_iter().filter_map(|part| match part {
            TextPart::Foreign(foreign) if is_longer(foreign, MAX_SHOWN) => {
                Some(Self(part.in_full()))
            }
            _ => None,
        });
        found.collect::<Vec<_>>().into_iter()
    }
}

fn is_longer(foreign: &str, most: usize) -> bool {
    foreign.char_indices().nth(most).is_some()
}

/// Beginning and end of a long string: whoever chose it must not push away what follows.
fn shorten(foreign: &str, most: usize) -> Cow<'_, str> {
    if !is_longer(foreign, most) {
        return Cow::Borrowed(foreign);
    }
    let (head, tail) = (most * 7 / 10, most / 4);
    let from = foreign.chars().count().saturating_sub(tail);
    let end = foreign.chars().skip(from).skip_while(|c| is_mark(*c));
    Cow::Owned(foreign.chars().take(head).chain(['…']).chain(end).collect())
}

/// The sentence as plain text: what is foreign stands in backticks. Where it is written from right to
/// left it is isolated, so that it moves nothing of ours.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in parts(&self.0) {
            let foreign = match part {
                TextPart::Ours(words) => {
                    f.write_str(words)?;
                    continue;
                }
                TextPart::Foreign(foreign) => shorten(foreign, MAX_SHOWN),
                TextPart::Whole(foreign) => Cow::Borrowed(foreign),
            };
            match foreign.contains(is_right_to_left) {
                true => write!(f, "`\u{2068}{foreign}\u{2069}`")?,
                false => write!(f, "`{foreign}`")?,
            }
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
    /// Text without marks, escaped.
    pub(crate) fn escaped(text: &str) -> Self {
        let mut html = String::new();
        escape(&mut html, text);
        Self(html)
    }
}

fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&#38;"),
            '<' => html.push_str("&#60;"),
            '>' => html.push_str("&#62;"),
            '"' => html.push_str("&#34;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
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
        let text = Text::new(format!(
            "{} wants {}",
            code("Rita <b>"),
            code("reports-read")
        ));
        assert_eq!(text.to_string(), "`Rita <b>` wants `reports-read`");
        let html =
            "<code><bdi>Rita &#60;b&#62;</bdi></code> wants <code><bdi>reports-read</bdi></code>";
        assert_eq!(text.html().to_string(), html);
    }

    #[test]
    fn what_is_foreign_stays_within_its_marks() {
        let text = Text::new(code("a` is approved. `b\n\u{2069}c"));
        let shown = "`a⟨U+0060⟩ is approved. ⟨U+0060⟩b⟨U+000A⟩⟨U+2069⟩c`";
        assert_eq!(text.to_string(), shown);
        assert_eq!(text.html().to_string().matches("<code>").count(), 1);
        let open = Text::new("an old sentence with ` in it");
        assert!(open.html().to_string().ends_with("</bdi></code>"));
    }

    #[test]
    fn a_long_string_shows_its_beginning_and_end_and_is_had_whole() {
        let long = format!("begin{}end", "-".repeat(300));
        let text = Text::new(format!("on {} and {}", code(&long), code("short")));
        let shown = text.to_string();
        assert!(shown.starts_with("on `begin-") && shown.ends_with("-end` and `short`"));
        assert_eq!(
            shown.chars().count(),
            "on `` and `short`".len() + 140 + 1 + 50
        );
        let all: Vec<String> = text.shortened().map(|text| text.to_string()).collect();
        assert_eq!(all, [format!("`{long}`")]);
        assert_eq!(Text::new(whole(&long)).to_string(), format!("`{long}`"));
        let brief = text.brief().to_string();
        assert!(brief.starts_with("on `begin-") && brief.ends_with("-end` and `short`"));
        assert!(brief.chars().count() < 80);
        assert_eq!(
            (bounded(" a "), bounded(&"a".repeat(1_001))),
            (Some("a"), None)
        );
        assert_eq!((seen("\u{2800}\u{301} "), seen("a")), (None, Some("a")));
    }

    #[test]
    fn letters_from_right_to_left_move_nothing_of_ours() {
        let text = Text::new(format!("{} for 4 hours", code("שלום")));
        assert_eq!(text.to_string(), "`\u{2068}שלום\u{2069}` for 4 hours");
    }

    proptest! {
        /// Whatever the strings: one line, our words once each, and what is foreign in its marks.
        #[test]
        fn no_foreign_string_speaks_for_us(one in any::<String>(), other in "[`<>&\n\u{202e}\u{5d0} a]{0,300}") {
            prop_assume!(!one.is_empty() && !other.is_empty());
            let text = Text::new(format!("{} wants {} here", code(&one), whole(&other)));
            let html = text.html().to_string();
            let inner = html.strip_prefix("<code><bdi>").unwrap();
            let inner = inner.strip_suffix("</bdi></code> here").unwrap();
            let (first, second) = inner.split_once("</bdi></code> wants <code><bdi>").unwrap();
            for foreign in [first, second] {
                prop_assert!(!foreign.contains(['<', '>', '"', '`', '\n']));
            }
            let plain = text.to_string();
            prop_assert_eq!(plain.lines().count(), 1);
            let parts: Vec<&str> = plain.split('`').collect();
            let [before, _, wants, _, here] = parts.as_slice() else {
                panic!("{plain}");
            };
            prop_assert_eq!((*before, *wants, *here), ("", " wants ", " here"));
        }
    }
}
