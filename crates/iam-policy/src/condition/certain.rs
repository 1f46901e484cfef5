//! Whether AWS surely reads the values of a condition as this crate does.
//!
//! AWS takes values that this crate cannot read (a date in the year 10000, an hour of one digit),
//! and does not say what it does with those that it cannot read either. A proof must hold whatever
//! that is: a condition with such a value is taken for one that may hold and may not.

use super::literal::{AddressRange, boolean, moment};
use super::{Operator, Test};
use crate::catalogue::wildcard;
use crate::glob::Glob;

/// Whether all values are read in one way only. A list without values is not: AWS says of it that
/// it does not affect the policy, and that it never matches.
pub(super) fn are_certain<'t>(
    operator: Operator,
    texts: impl IntoIterator<Item = &'t str>,
) -> bool {
    let certain: fn(&str) -> bool = match operator.test {
        Test::Text { fold: false } | Test::Like => |_| true,
        // Letters beyond ASCII are folded by rules that nobody has written down.
        Test::Text { fold: true } => str::is_ascii,
        Test::Number(_) => is_certain_number,
        Test::Date(_) => is_certain_moment,
        Test::Bool | Test::Null => |text| boolean(text).is_some(),
        Test::Ip => is_certain_range,
        Test::Arn => is_certain_arn,
        Test::Binary => is_canonical_base64,
    };
    let mut texts = texts.into_iter().peekable();
    texts.peek().is_some() && texts.all(certain)
}

/// The digits that a double holds of every decimal number: two texts with no more are two numbers.
const DIGITS: usize = 15;

/// A decimal number, perhaps with an exponent, that no other text of [`DIGITS`] reads as.
fn is_certain_number(text: &str) -> bool {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    let Some(number) = super::number(text) else {
        return false;
    };
    let usual = number.is_normal() || significant.is_empty();
    usual && significant.len() <= DIGITS
}

/// A date that begins with a year of four digits, or seconds since 1970. Up to four digits may
/// be a year or seconds, and what begins with `-` a year before Christ or seconds before 1970.
fn is_certain_moment(text: &str) -> bool {
    let seconds = text.len() > 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    let date = !text.starts_with('-') && text.contains('-');
    moment(text).is_some() && (seconds || date)
}

/// A range that is not of addresses of version 4 within version 6, which some take for version 4.
fn is_certain_range(text: &str) -> bool {
    const MAPPED: AddressRange = AddressRange {
        six: true,
        first: 0xffff_0000_0000,
        last: 0xffff_ffff_ffff,
    };
    AddressRange::read(text).is_some_and(|range| !MAPPED.holds(&range))
}

/// A pattern of six parts whose first can be `arn`, whatever its variables stand for.
fn is_certain_arn(text: &str) -> bool {
    let plain = wildcard::with_variables_as("x", text);
    let parts = Glob::new(&plain).arn_parts().unwrap_or_default();
    parts.first().is_some_and(|first| first.matches("arn"))
}

/// Base64 that is the only way to write its bytes.
fn is_canonical_base64(text: &str) -> bool {
    let value = |byte: u8| {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        ALPHABET.iter().position(|letter| *letter == byte)
    };
    let plain = text.trim_end_matches('=');
    let values: Option<Vec<usize>> = plain.bytes().map(value).collect();
    let unused = match text.len() - plain.len() {
        0 => 1,
        1 => 4,
        2 => 16,
        _ => return false,
    };
    let last = values.map(|values| values.last().copied().unwrap_or_default());
    text.len().is_multiple_of(4) && last.is_some_and(|last| last % unused == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_certain(operator: &str, text: &str) -> bool {
        are_certain(operator.parse().unwrap(), [text])
    }

    #[test]
    fn values_that_are_read_in_one_way() {
        for (operator, text) in [
            ("StringEquals", "é"),
            ("StringLike", "*"),
            ("StringEqualsIgnoreCase", "e"),
            ("NumericEquals", "-10.50"),
            ("NumericEquals", "0"),
            ("NumericEquals", "1e300"),
            ("NumericEquals", "100000000000000000000"),
            ("DateEquals", "2026-05-02"),
            ("DateEquals", "2026-05-02T10:00:00.25+02:00"),
            ("DateEquals", "1777680000"),
            ("Bool", "TRUE"),
            ("Null", "false"),
            ("IpAddress", "203.0.113.0/24"),
            ("IpAddress", "::/0"),
            ("ArnLike", "arn:aws:iam::*:role/${aws:username}"),
            ("ArnLike", "*:*:*:*:*:*"),
            ("BinaryEquals", "QmluYXJ5"),
            ("BinaryEquals", "QmluYXJ5QQ=="),
        ] {
            assert!(is_certain(operator, text), "{operator} {text}");
        }
    }

    #[test]
    fn values_that_may_be_read_otherwise() {
        for (operator, text) in [
            ("StringEqualsIgnoreCase", "É"),
            ("NumericEquals", "ten"),
            ("NumericEquals", "9007199254740993"),
            ("NumericEquals", "1e-400"),
            ("NumericEquals", "${aws:EpochTime}"),
            ("DateEquals", "2026"),
            ("DateEquals", "-999999999999"),
            ("DateEquals", "10000-01-01"),
            ("DateEquals", "2026-02-30"),
            ("Bool", "yes"),
            ("Null", ""),
            ("IpAddress", "::ffff:10.0.0.0/104"),
            ("IpAddress", "10.0.0"),
            ("ArnLike", "*"),
            ("ArnLike", "${aws:PrincipalArn}"),
            ("ArnLike", "role:a:b:c:d:e"),
            ("BinaryEquals", "QmluYXJ5QR=="),
            ("BinaryEquals", "QmluYXJ5QQ"),
            ("BinaryEquals", "*"),
        ] {
            assert!(!is_certain(operator, text), "{operator} {text}");
        }
        assert!(!are_certain("StringEquals".parse().unwrap(), []));
    }
}
