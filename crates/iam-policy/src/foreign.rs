//! Our words around strings from elsewhere.
//!
//! Whoever writes a policy chooses names of resources, values and keys, and could write sentences
//! of their own between ours. So every such string passes through [`code`], which makes it one
//! visible line and marks where it begins and ends. Marked text is plain text with backticks;
//! [`parts`] tells its parts apart for whoever renders it in another way.

pub mod characters;

use characters::{MarkCount, is_hidden, is_like_backtick, is_space};

/// The mark around a string from elsewhere.
const MARK: char = '`';
/// The marks around a string that is always shown whole: Unicode's isolates (UAX 9), which no
/// foreign string holds, because [`visible`] writes them out.
const BEGIN: char = '\u{2068}';
const END: char = '\u{2069}';

/// A string from elsewhere, such as the name of a bucket or an ARN, with marks around it: backticks.
/// None at all is told as such.
#[must_use]
pub fn code(foreign: &str) -> String {
    match foreign {
        "" => "(empty)".to_owned(),
        _ => format!("{MARK}{}{MARK}", visible(foreign)),
    }
}

/// A string from elsewhere that is of use only as a whole, such as a command to copy or what
/// somebody gave as a reason.
#[must_use]
pub fn whole(foreign: &str) -> String {
    match foreign {
        "" => "(empty)".to_owned(),
        _ => format!("{BEGIN}{}{END}", visible(foreign)),
    }
}

/// A string from elsewhere on one line on which everything is seen: what is hidden is written out as
/// `⟨U+202E⟩`, and so are backticks and what could be taken for one ([`is_like_backtick`]), all spaces
/// but one between words, and marks that nobody could read. Two strings that differ are shown as two that differ.
#[must_use]
pub fn visible(foreign: &str) -> String {
    let mut out = String::with_capacity(foreign.len());
    let mut marks = MarkCount::default();
    let mut letters = foreign.chars().peekable();
    let mut before = ' ';
    while let Some(c) = letters.next() {
        let stacked = marks.is_stacked(c);
        let space = match c {
            // One space between two words is a space.
            ' ' => before == ' ' || letters.peek().is_none_or(|next| *next == ' '),
            _ => is_space(c),
        };
        if stacked || space || is_hidden(c) || is_like_backtick(c) || c == '⟨' {
            out.push_str(&format!("⟨U+{:04X}⟩", u32::from(c)));
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}

/// A part of marked text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextPart<'t> {
    /// Our words.
    Ours(&'t str),
    /// A string from elsewhere, without its marks.
    Foreign(&'t str),
    /// A string from elsewhere that is shown whole, however long it is.
    Whole(&'t str),
}

impl TextPart<'_> {
    /// The part as marked text of its own.
    #[must_use]
    pub fn marked(&self) -> String {
        match self {
            Self::Ours(words) => (*words).to_owned(),
            Self::Foreign(foreign) => format!("{MARK}{foreign}{MARK}"),
            Self::Whole(foreign) => format!("{BEGIN}{foreign}{END}"),
        }
    }

    /// The same, always shown whole where it is from elsewhere.
    #[must_use]
    pub fn in_full(&self) -> String {
        match self {
            Self::Ours(words) => (*words).to_owned(),
            Self::Foreign(foreign) | Self::Whole(foreign) => format!("{BEGIN}{foreign}{END}"),
        }
    }
}

/// The parts of marked text, in order.
#[must_use]
pub fn parts(marked: &str) -> Vec<TextPart<'_>> {
    let mut found = Vec::new();
    let mut rest = marked;
    while let Some(at) = rest.find([MARK, BEGIN]) {
        let (ours, marked) = rest.split_at(at);
        let is_code = marked.starts_with(MARK);
        let (begin, end) = if is_code { (MARK, MARK) } else { (BEGIN, END) };
        let inner = marked.strip_prefix(begin).unwrap_or_default();
        let (inner, after) = inner.split_once(end).unwrap_or((inner, ""));
        found.push(TextPart::Ours(ours));
        found.push(match is_code {
            true => TextPart::Foreign(inner),
            false => TextPart::Whole(inner),
        });
        rest = after;
    }
    found.push(TextPart::Ours(rest));
    found.retain(|part| *part != TextPart::Ours(""));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_hidden_is_seen() {
        let table = [
            ("reports", "`reports`"),
            ("", "(empty)"),
            ("a b", "`a b`"),
            ("a  b", "`a⟨U+0020⟩⟨U+0020⟩b`"),
            (" a ", "`⟨U+0020⟩a⟨U+0020⟩`"),
            ("a\nb\r", "`a⟨U+000A⟩b⟨U+000D⟩`"),
            ("a`b", "`a⟨U+0060⟩b`"),
            // They become backticks when somebody normalises the text.
            ("a\u{1fef}\u{ff40}b", "`a⟨U+1FEF⟩⟨U+FF40⟩b`"),
            // They look like backticks.
            (
                "a\u{2cb}\u{2f4}\u{2035}\u{2018}\u{201b}b",
                "`a⟨U+02CB⟩⟨U+02F4⟩⟨U+2035⟩⟨U+2018⟩⟨U+201B⟩b`",
            ),
            (
                "\u{1fcd}\u{1fdd}\u{1fed}\u{1420}",
                "`⟨U+1FCD⟩⟨U+1FDD⟩⟨U+1FED⟩⟨U+1420⟩`",
            ),
            // Letters and signs of names are left as they are.
            ("O’Brien Kalaniʻōpuʻu è", "`O’Brien Kalaniʻōpuʻu è`"),
            ("⟨U+202E⟩", "`⟨U+27E8⟩U+202E⟩`"),
            ("\u{202e}\u{2069}\u{feff}", "`⟨U+202E⟩⟨U+2069⟩⟨U+FEFF⟩`"),
            ("\u{301}e\u{301}", "`⟨U+0301⟩e\u{301}`"),
            (
                "\u{2800}\u{fffc}\u{1d173}\u{fe0f}",
                "`⟨U+2800⟩⟨U+FFFC⟩⟨U+1D173⟩⟨U+FE0F⟩`",
            ),
            ("山\u{3000}田\u{a0}", "`山⟨U+3000⟩田⟨U+00A0⟩`"),
        ];
        for (foreign, shown) in table {
            assert_eq!(code(foreign), shown);
        }
    }

    #[test]
    fn marks_tell_parts_apart() {
        let text = format!("{} in {}, {}.", code("a"), whole("b`c"), code(""));
        let expected = [
            TextPart::Foreign("a"),
            TextPart::Ours(" in "),
            TextPart::Whole("b⟨U+0060⟩c"),
            TextPart::Ours(", (empty)."),
        ];
        assert_eq!(parts(&text), expected);
        assert_eq!(
            parts("a `b"),
            [TextPart::Ours("a "), TextPart::Foreign("b")]
        );
        assert_eq!(parts(""), []);
    }

    proptest! {
        /// Whatever the string, it stands between marks, on one line, and our words are ours.
        #[test]
        fn no_foreign_string_leaves_its_marks(foreign in any::<String>(), other in "[\n`⟨\u{2066}-\u{2069} a\u{1fef}\u{ff40}\u{2cb}\u{2018}]{0,9}") {
            for (one, two) in [(&foreign, &other), (&other, &foreign)] {
                prop_assume!(!one.is_empty() && !two.is_empty());
                let text = format!("may read {} and {}.", code(one), whole(two));
                prop_assert_eq!(text.lines().count(), 1);
                let (shown, too) = (visible(one), visible(two));
                let expected = [
                    TextPart::Ours("may read "),
                    TextPart::Foreign(&shown),
                    TextPart::Ours(" and "),
                    TextPart::Whole(&too),
                    TextPart::Ours("."),
                ];
                prop_assert_eq!(parts(&text), expected);
                prop_assert!(!shown.contains(is_hidden));
                let marks = ['\u{1fef}', '\u{ff40}', '\u{2cb}', '\u{2018}'];
                prop_assert!(!shown.contains(marks));
            }
        }

        /// What differs is shown as different.
        #[test]
        fn different_strings_look_different(one in "[a \n`⟨⟩U+0-9\u{301}\u{a0}]{0,8}", other in "[a \n`⟨⟩U+0-9\u{301}\u{a0}]{0,8}") {
            prop_assert_eq!(one == other, visible(&one) == visible(&other));
        }
    }
}
