//! Times and spans of time.

use jiff::Timestamp;

/// A time with its zone: `2 May 2026, 14:05 UTC`.
#[must_use]
pub fn date_time(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// A time with its zone, and how far away it is: `2 May 2026, 14:05 UTC (in 3 days)`.
#[must_use]
pub fn date_time_from(at: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", date_time(at), distance(at, now))
}

/// How far away a time is, to the unit that matters: `in 3 days`, `5 hours ago`.
fn distance(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.as_second().saturating_sub(now.as_second());
    let minutes = seconds.unsigned_abs() / 60;
    let span = match minutes {
        0 => return "now".to_owned(),
        60 => count(1, "hour"),
        1..120 => count(minutes, "minute"),
        120..2_880 => count(minutes / 60, "hour"),
        _ => count(minutes / 1_440, "day"),
    };
    match seconds > 0 {
        true => format!("in {span}"),
        false => format!("{span} ago"),
    }
}

/// A span of whole minutes: `1 hour and 30 minutes`.
#[must_use]
pub fn duration_of(seconds: u32) -> String {
    let (hours, minutes) = (u64::from(seconds / 3_600), u64::from(seconds % 3_600 / 60));
    match (hours, minutes) {
        (hours, 0) => count(hours, "hour"),
        (0, minutes) => count(minutes, "minute"),
        (hours, minutes) => format!("{} and {}", count(hours, "hour"), count(minutes, "minute")),
    }
}

fn count(n: u64, one: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        n => format!("{n} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::at;

    #[test]
    fn a_time_says_how_far_away_it_is() {
        let table = [
            (0, "now"),
            (59, "now"),
            (60, "in 1 minute"),
            (119 * 60, "in 119 minutes"),
            (2 * 3_600, "in 2 hours"),
            (47 * 3_600, "in 47 hours"),
            (72 * 3_600, "in 3 days"),
            (-3_600, "1 hour ago"),
            (-86_400 * 9, "9 days ago"),
        ];
        for (seconds, words) in table {
            assert_eq!(distance(at(seconds), at(0)), words);
        }
        let shown = date_time_from(at(72 * 3_600), at(0));
        assert_eq!(shown, "18 January 2027, 08:00 UTC (in 3 days)");
        assert_eq!(duration_of(5_400), "1 hour and 30 minutes");
    }
}
