//! Times as the service API writes them, and clocks that are put forward.

use std::io::Write as _;

/// The library that puts the clock of a program forward (`SNOWGATE_FAKETIME`, the path of `libfaketime.so.1`).
/// Where there is none, says that the test did not run.
#[must_use]
pub fn faketime() -> Option<String> {
    let library = std::env::var("SNOWGATE_FAKETIME").ok();
    if library.is_none() {
        let said = writeln!(
            std::io::stderr(),
            "not run: SNOWGATE_FAKETIME names no library"
        );
        assert!(said.is_ok());
    }
    library
}

/// Whole seconds from one time to another (RFC 3339, in UTC).
#[must_use]
pub fn seconds_between(from: &str, to: &str) -> i64 {
    seconds(to) - seconds(from)
}

/// Seconds since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn seconds(text: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| {
        let digits = text
            .get(range)
            .and_then(|digits| digits.parse::<i64>().ok());
        digits.unwrap_or_else(|| panic!("`{text}` is no time"))
    };
    assert!(text.ends_with('Z'), "`{text}` is not in UTC");
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    days * 86_400 + number(11..13) * 3_600 + number(14..16) * 60 + number(17..19)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_counted_over_months_and_leap_days() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), 0);
        // date -u -d 2026-11-22T02:06:54Z +%s
        assert_eq!(seconds("2026-11-22T02:06:54.5Z"), 1_795_313_214);
        assert_eq!(
            seconds_between("2028-02-28T23:00:00Z", "2028-03-01T01:00:00Z"),
            26 * 3600
        );
    }
}
