//! Dates as IAM reads them.

/// Whether a date that IAM reads names a day that its month does not have, such as 30 February: it
/// means another day than it says.
pub(super) fn is_impossible(text: &str) -> bool {
    let day = text.split(['T', 't']).next().unwrap_or_default();
    let mut parts = day.splitn(3, '-').map(str::parse::<u32>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day))) =
        (parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    is_date(text) && day > last
}

/// A date as IAM reads it: `2026-05-02`, `2026-05-02T10:00:00.5Z`, an offset in hours and
/// perhaps minutes, one-digit hours, or whole seconds since 1970.
pub(super) fn is_date(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if !lower.contains(['t', '-']) {
        return lower.parse::<i64>().is_ok_and(|seconds| seconds >= 0);
    }
    let within = |text: &str, range: std::ops::RangeInclusive<i64>| {
        !text.starts_with('+')
            && text
                .parse::<i64>()
                .is_ok_and(|number| range.contains(&number))
    };
    let (day, time) = lower.split_once('t').unwrap_or((&lower, ""));
    let (negative, day) = match day.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, day),
    };
    let mut parts = day.split('-');
    let year = parts.next().is_some_and(|year| {
        let most = if negative { 292_275_054 } else { 292_278_993 };
        within(year, 0..=most)
    });
    let month = parts.next().is_none_or(|month| within(month, 1..=12));
    let date = parts.next().is_none_or(|date| within(date, 1..=31));
    if !(year && month && date && parts.next().is_none()) {
        return false;
    }
    let mut parts = time.splitn(3, ':');
    let hours = parts
        .next()
        .is_none_or(|hours| hours.is_empty() || within(hours, 0..=23));
    let minutes = parts.next().is_none_or(|minutes| within(minutes, 0..=59));
    hours && minutes && parts.next().is_none_or(is_seconds)
}

/// Seconds, perhaps with a fraction, and perhaps a zone.
fn is_seconds(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let at_most = |text: &str, most: u32| text.parse::<u32>().is_ok_and(|number| number <= most);
    let two = |text: &str, most| text.len() == 2 && digits(text) && at_most(text, most);
    let (seconds, zone) = match text.find(['z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let zone = match zone.strip_prefix('z') {
        Some(rest) => rest.is_empty(),
        None => {
            zone.is_empty()
                || zone
                    .get(1..)
                    .is_some_and(|offset| match offset.split_once(':') {
                        Some((hours, minutes)) => two(hours, 23) && two(minutes, 59),
                        None => two(offset, 23),
                    })
        }
    };
    let (whole, fraction) = match seconds.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (seconds, None),
    };
    zone && digits(whole)
        && at_most(whole, 59)
        && fraction.is_none_or(|fraction| digits(fraction) && fraction.len() <= 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_iam_does() {
        for (text, good) in [
            ("2026-05-02T00:00:00Z", true),
            ("2026-05-02", true),
            ("2026-05-02t2:00:00.593194+23", true),
            ("2026-05-02T10:00:00+01:30", true),
            ("1777680000", true),
            ("2026-05-02t2:00:00.593194+1", false),
            ("2026-05-02t2:00:00.1999999999+10:59", false),
            ("9223372036854775808", false),
            ("2026-13-02", false),
            ("2026-05-02T25:00:00Z", false),
            ("soon", false),
        ] {
            assert_eq!(is_date(text), good, "{text}");
        }
    }

    #[test]
    fn months_have_their_days() {
        for day in ["2026-02-29", "2026-04-31T10:00:00Z", "1900-02-29"] {
            assert!(is_impossible(day), "{day}");
        }
        for day in [
            "2024-02-29",
            "2000-02-29",
            "2026-12-31",
            "2026-02",
            "soon",
            "1777680000",
        ] {
            assert!(!is_impossible(day), "{day}");
        }
    }
}
