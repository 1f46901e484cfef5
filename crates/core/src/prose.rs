//! Free text that people wrote: justification, reason.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Free text of 3 to `MAX` characters. It may hold line breaks but no other control characters
/// and none of the invisible characters that change what a reader sees (bidirectional
/// controls, zero-width characters, tags; Unicode TR 36 and 39).
///
/// `Debug` never shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prose<const MAX: usize>(String);

/// What the requester gives as a reason for the access.
pub type Justification = Prose<2000>;
/// What an approver types as the reason of the decision.
pub type Reason = Prose<1000>;

/// Why a text is not acceptable prose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProseError {
    /// Fewer than three characters once white space around it is gone.
    #[error("at least 3 characters are needed")]
    TooShort,
    /// Too many characters.
    #[error("at most {0} characters are allowed")]
    TooLong(usize),
    /// A control or invisible character.
    #[error("the character U+{0:04X} is not allowed")]
    Character(u32),
}

/// Whether a character is invisible or changes the direction of what follows.
#[must_use]
pub const fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
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
        let bad = |c: &char| (c.is_control() && !matches!(c, '\n' | '\t')) || is_deceptive(*c);
        if let Some(c) = text.chars().find(bad) {
            return Err(ProseError::Character(u32::from(c)));
        }
        match text.chars().count() {
            0..=2 => Err(ProseError::TooShort),
            n if n > MAX => Err(ProseError::TooLong(MAX)),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl<const MAX: usize> TryFrom<String> for Prose<MAX> {
    type Error = ProseError;
    fn try_from(text: String) -> Result<Self, ProseError> {
        text.parse()
    }
}

impl<const MAX: usize> From<Prose<MAX>> for String {
    fn from(prose: Prose<MAX>) -> Self {
        prose.0
    }
}

impl<const MAX: usize> fmt::Debug for Prose<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prose({} characters)", self.0.chars().count())
    }
}

/// Makes text from elsewhere (names, titles) safe to show in one line: control characters and
/// line breaks become spaces, deceptive characters become visible as `⟨U+202E⟩`, and more than
/// `most` characters are cut with `…`.
#[must_use]
pub fn one_line(text: &str, most: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.trim().chars().enumerate() {
        if count >= most {
            out.push('…');
            break;
        }
        if is_deceptive(c) {
            out.push_str(&format!("⟨U+{:04X}⟩", u32::from(c)));
        } else if c.is_control() {
            out.push(' ');
        } else {
            out.push(c);
        }
    }
    out
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
    fn foreign_text_stays_on_its_line_and_shows_its_tricks() {
        assert_eq!(one_line("A\r\nBcc: x", 40), "A  Bcc: x");
        assert_eq!(one_line("a\u{202e}b", 40), "a⟨U+202E⟩b");
        assert_eq!(one_line("abcdef", 3), "abc…");
    }
}
