//! One form for all spellings of a name, user name or number.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::canonical_combining_class;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// The characters that count, decomposed for compatibility (NFKD), without accents, in one case,
/// with decimal digits as those of ASCII. Where vowels are marks they count.
pub(super) fn normal(text: &str, counts: impl Fn(char) -> bool) -> String {
    let folded = text.nfkd().filter(|c| !is_accent(*c));
    // To uppercase and back: `ß` is `ss`, and a sigma at the end of a word is one elsewhere.
    let folded = folded
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase);
    let again = folded.nfkd().filter(|c| !is_accent(*c));
    again.map(decimal).filter(|c| counts(*c)).collect()
}

/// The letters and digits of a text.
pub(super) fn letters(text: &str) -> String {
    normal(text, char::is_alphanumeric)
}

/// The letters and digits of a name, its words in alphabetical order: `Chen, Rita` is `Rita Chen`.
pub(super) fn sorted_words(name: &str) -> String {
    let spaced = normal(name, |c| c.is_alphanumeric() || separates(c));
    let mut words: Vec<String> = spaced.split(separates).map(letters).collect();
    words.sort_unstable();
    words.concat()
}

/// Whether a character stands between the words of a name. Others, such as an apostrophe, stand in
/// them.
fn separates(c: char) -> bool {
    let dash = c.general_category() == GeneralCategory::DashPunctuation;
    c.is_whitespace() || dash || ",;/|&_()[]".contains(c)
}

fn is_accent(c: char) -> bool {
    canonical_combining_class(c) != 0
}

/// A decimal digit of any script as the one of ASCII. Unicode has them in rows of ten, from zero.
fn decimal(c: char) -> char {
    let is_digit = |at: u32| {
        char::from_u32(at).is_some_and(|c| c.general_category() == GeneralCategory::DecimalNumber)
    };
    let at = u32::from(c);
    if !is_digit(at) {
        return c;
    }
    let before = (1..=at).take_while(|back| is_digit(at - back)).count();
    u32::try_from(before % 10)
        .ok()
        .and_then(|value| char::from_digit(value, 10))
        .unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decimal_digit_has_its_value() {
        let mut rows = 0;
        for zero in (0..=0x0010_ffff).filter_map(char::from_u32) {
            if zero.general_category() != GeneralCategory::DecimalNumber || decimal(zero) != '0' {
                continue;
            }
            rows += 1;
            for value in 0..10 {
                let digit = char::from_u32(u32::from(zero) + value).unwrap();
                assert_eq!(decimal(digit).to_digit(10), Some(value), "{digit:?}");
            }
        }
        assert!(rows > 60, "{rows}");
        // Known ones.
        for (digit, value) in [('7', '7'), ('\u{667}', '7'), ('\u{96e}', '8'), ('x', 'x')] {
            assert_eq!(decimal(digit), value);
        }
    }

    #[test]
    fn a_form_is_its_own() {
        for text in [
            "Jos\u{e9} \u{c1}lvarez",
            "Stra\u{df}e",
            "\u{130}\u{131}",
            "\u{fb03}\u{663}",
        ] {
            let once = letters(text);
            assert_eq!(letters(&once), once, "{text}");
        }
    }
}
