//! Free text that people wrote: justification, reason.

use std::fmt;
use std::str::FromStr;

use iam_policy::foreign::characters::{MarkCount, is_hidden, is_symbol, visible_characters};
use serde::{Deserialize, Serialize};

/// Free text of at least 3 visible characters and at most `MAX` of all. It may hold line breaks but
/// no other character that a reader cannot see ([`is_hidden`]), and no letter with more marks than
/// can be read. A variation selector may follow a symbol: telephones write them behind signs.
///
/// What was accepted once is read again as it is, whatever is accepted today. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Prose<const MAX: usize>(String);

/// What the requester gives as a reason for the access.
pub type Justification = Prose<2000>;
/// What an approver types as the reason of the decision.
pub type Reason = Prose<1000>;

/// Why a text is not acceptable prose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProseError {
    /// Fewer than three characters that a reader sees.
    #[error("at least 3 visible characters are needed")]
    TooShort,
    /// Too many characters.
    #[error("at most {0} characters are allowed")]
    TooLong(usize),
    /// A control or invisible character.
    #[error("the character U+{0:04X} is not allowed")]
    Character(u32),
    /// Marks on no letter, or more on one than can be read.
    #[error("at most 4 marks on one letter are allowed")]
    Marks,
}

impl<const MAX: usize> Prose<MAX> {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> FromStr for Prose<MAX> {
    type Err = ProseError;

    fn from_str(text: &str) -> Result<Self, ProseError> {
        let text = text.replace("\r\n", "\n");
        let text = text.trim();
        let (mut marks, mut before) = (MarkCount::default(), ' ');
        for c in text.chars() {
            let selects = may_select(before, c);
            if is_hidden(c) && !matches!(c, '\n' | '\t') && !selects {
                return Err(ProseError::Character(u32::from(c)));
            }
            if marks.is_stacked(c) && !selects {
                return Err(ProseError::Marks);
            }
            before = c;
        }
        match text.chars().count() {
            n if n > MAX => Err(ProseError::TooLong(MAX)),
            _ if visible_characters(text) < 3 => Err(ProseError::TooShort),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl<const MAX: usize> fmt::Debug for Prose<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prose({} characters)", self.0.chars().count())
    }
}

/// Whether a character is a variation selector behind a symbol: there it changes how the symbol is
/// drawn, and telephones write it.
pub(crate) fn may_select(before: char, c: char) -> bool {
    matches!(c, '\u{fe0e}' | '\u{fe0f}') && is_symbol(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_what_a_reader_sees() {
        let reason: Reason = "  Needed for\r\nthe audit  ".parse().unwrap();
        assert_eq!(reason.as_str(), "Needed for\nthe audit");
        assert!(!format!("{reason:?}").contains("audit"));
        assert_eq!("  a ".parse::<Reason>(), Err(ProseError::TooShort));
        assert_eq!(
            "ok\u{202e}evil".parse::<Reason>(),
            Err(ProseError::Character(0x202e))
        );
        assert_eq!("nul\0l".parse::<Reason>(), Err(ProseError::Character(0)));
        assert_eq!(
            "x".repeat(1001).parse::<Reason>(),
            Err(ProseError::TooLong(1000))
        );
        assert!(
            "Zugriff für das Übergabe-Audit 審査"
                .parse::<Reason>()
                .is_ok()
        );
    }

    #[test]
    fn nothing_that_cannot_be_seen_passes_for_a_reason() {
        let stacked = format!("abc{}", "\u{301}".repeat(1900));
        for (text, error) in [
            ("\u{2800}".repeat(20), ProseError::Character(0x2800)),
            (
                "\u{1d173}\u{1d174}\u{1d175}".to_owned(),
                ProseError::Character(0x1d173),
            ),
            ("\u{fffc}abc".to_owned(), ProseError::Character(0xfffc)),
            ("abc\u{e000}".to_owned(), ProseError::Character(0xe000)),
            ("abc\u{378}".to_owned(), ProseError::Character(0x378)),
            ("abc\u{fe0f}".to_owned(), ProseError::Character(0xfe0f)),
            ("abc\u{e0100}".to_owned(), ProseError::Character(0xe0100)),
            ("abc\u{3164}".to_owned(), ProseError::Character(0x3164)),
            ("abc\u{2028}d".to_owned(), ProseError::Character(0x2028)),
            (stacked, ProseError::Marks),
            ("abc \u{301}".to_owned(), ProseError::Marks),
            ("a\u{301}b\u{301}".to_owned(), ProseError::TooShort),
            ("\u{a0}a\u{3000}\u{2003}b".to_owned(), ProseError::TooShort),
            ("a\n\n\n\n\nb".to_owned(), ProseError::TooShort),
        ] {
            assert_eq!(text.parse::<Reason>(), Err(error), "{text:?}");
        }
        for good in [
            "e\u{301}te\u{301}",
            "⚠\u{fe0f} production is down",
            "Sí\u{a0}: ahora",
            "審査用",
        ] {
            assert!(good.parse::<Reason>().is_ok(), "{good:?}");
        }
    }
}
