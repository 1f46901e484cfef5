//! Characters that a reader does not see, or that change what is seen around them.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Characters that Unicode draws as nothing (`Default_Ignorable_Code_Point` of `DerivedCoreProperties`).
/// Its ranges are reserved, so that a later Unicode fills them and adds none.
const DEFAULT_IGNORABLE: [(char, char); 17] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fff8}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Letters and symbols that fonts draw as an empty space: the blank of Braille, the place of an
/// object, the null notehead, the blanks of hieroglyphs, and a joiner and a filler that are marks.
const BLANK: [char; 7] = [
    '\u{2800}',
    '\u{fffc}',
    '\u{1107f}',
    '\u{13441}',
    '\u{13442}',
    '\u{16fe4}',
    '\u{1d159}',
];

/// The most marks that one letter carries, as Unicode's security mechanisms have it (UTS 39, 5.4).
pub const MARKS_PER_BASE: usize = 4;

/// Whether a reader cannot see a character for what it is: controls, line and paragraph separators,
/// what changes the direction or joins, what is drawn as nothing or as a blank, private use and
/// what Unicode has not assigned. Spaces and marks are none of these.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    let hidden = matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Surrogate
            | GeneralCategory::Unassigned
    );
    let ignorable = |(first, last): &(char, char)| (*first..=*last).contains(&c);
    hidden || BLANK.contains(&c) || DEFAULT_IGNORABLE.iter().any(ignorable)
}

/// The backtick, and what becomes one or is drawn like one.
const LIKE_BACKTICK: [char; 13] = [
    '`',
    // They become a backtick in NFC (Greek varia) and NFKC (the fullwidth form); no others do.
    '\u{1fef}',
    '\u{ff40}',
    // A grave stroke and nothing else, as a letter or a sign: modifier letters, a Canadian final
    // and an affix of Duployan.
    '\u{2cb}',
    '\u{2f4}',
    '\u{1420}',
    '\u{1bc82}',
    // Greek accents that end in one.
    '\u{1fcd}',
    '\u{1fdd}',
    '\u{1fed}',
    // The reversed prime, and opening quotation marks that many fonts draw like one.
    '\u{2035}',
    '\u{2018}',
    '\u{201b}',
];

/// Whether a character could be taken for a backtick, by a reader or after normalisation.
///
/// Unicode's list of confusable characters (UTS 39) has all single strokes in one class, the
/// apostrophe among them. Of these the ones that stand or lean the other way are none (`'`, `´`, `’`),
/// nor is the ʻokina (U+02BB), a letter of names.
#[must_use]
pub fn is_like_backtick(c: char) -> bool {
    LIKE_BACKTICK.contains(&c)
}

/// Whether a character is a mark on the one before it.
#[must_use]
pub fn is_mark(c: char) -> bool {
    !c.is_ascii()
        && matches!(
            c.general_category(),
            GeneralCategory::NonspacingMark
                | GeneralCategory::SpacingMark
                | GeneralCategory::EnclosingMark
        )
}

/// Whether a character is a space, of whatever width.
#[must_use]
pub fn is_space(c: char) -> bool {
    c == ' ' || !c.is_ascii() && c.general_category() == GeneralCategory::SpaceSeparator
}

/// Whether a character is a symbol of its own, such as one that a variation selector may follow.
#[must_use]
pub fn is_symbol(c: char) -> bool {
    !c.is_ascii() && !is_hidden(c) && c.general_category() == GeneralCategory::OtherSymbol
}

/// How many characters of a text a reader sees, marks and spaces left out.
#[must_use]
pub fn visible_characters(text: &str) -> usize {
    let seen = |c: &char| !c.is_whitespace() && !is_space(*c) && !is_hidden(*c) && !is_mark(*c);
    text.chars().filter(seen).count()
}

/// Counts the marks in a row while a text is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct MarkCount {
    marks: usize,
    has_base: bool,
}

impl MarkCount {
    /// Takes the next character. Answers whether it is a mark that nobody could read: on nothing,
    /// or one more than [`MARKS_PER_BASE`].
    pub fn is_stacked(&mut self, c: char) -> bool {
        if is_mark(c) {
            self.marks += 1;
            return !self.has_base || self.marks > MARKS_PER_BASE;
        }
        *self = Self {
            marks: 0,
            has_base: !c.is_whitespace() && !is_space(c) && !is_hidden(c),
        };
        false
    }
}

/// Whether a letter is written from right to left, so that it moves numbers and signs beside it.
#[must_use]
pub const fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_is_known() {
        let of_each = [
            '\0',
            '\n',
            '\u{7f}',
            '\u{85}', // controls
            '\u{202e}',
            '\u{2066}',
            '\u{200d}',
            '\u{600}', // format
            '\u{2028}',
            '\u{2029}', // separators
            '\u{e000}',
            '\u{f8ff}',
            '\u{100000}', // private use
            '\u{378}',
            '\u{ffff}',
            '\u{e0080}', // unassigned
            '\u{3164}',
            '\u{fe0f}',
            '\u{e0100}',
            '\u{115f}',
            '\u{34f}', // ignorable
            '\u{2800}',
            '\u{fffc}',
            '\u{1d159}',
            '\u{1d173}', // blank
        ];
        for c in of_each {
            assert!(is_hidden(c), "U+{:04X}", u32::from(c));
        }
        for c in "aZ9 ~é审ä🎉\u{a0}\u{3000}\u{301}⟨".chars() {
            assert!(!is_hidden(c), "U+{:04X}", u32::from(c));
        }
        assert!(is_mark('\u{301}') && is_mark('\u{20dd}') && !is_mark('a'));
        assert!(is_space('\u{a0}') && is_space('\u{3000}') && is_space(' '));
    }

    #[test]
    fn what_is_drawn_as_nothing_is_hidden_whatever_its_category() {
        for (first, last) in DEFAULT_IGNORABLE {
            assert!((first..=last).all(is_hidden));
        }
    }

    #[test]
    fn what_is_seen_is_counted() {
        assert_eq!(visible_characters("a b\u{2800}\u{301}\u{a0}\u{fe0f}c\n"), 3);
        let mut count = MarkCount::default();
        let stacked = |c| count.is_stacked(c);
        let found: Vec<bool> = "e\u{301}\u{301}\u{301}\u{301}\u{301}a \u{301}"
            .chars()
            .map(stacked)
            .collect();
        let expected = [false, false, false, false, false, true, false, false, true];
        assert_eq!(found, expected);
    }
}
