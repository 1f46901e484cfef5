//! Numbers, dates and address ranges as they are written in conditions.

use std::net::IpAddr;

/// A decimal number. Names such as `inf` are none.
pub(crate) fn number(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let number: f64 = text.trim().parse().ok().filter(|_| plain)?;
    number.is_finite().then_some(number)
}

pub(crate) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// A moment in milliseconds since 1970 in UTC.
///
/// The forms of ISO 8601 that the W3C note on dates names, and seconds since 1970; four
/// digits are a year. A time without zone is read as UTC.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() > 4 && digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse::<i64>().ok()?.checked_mul(1000);
    }
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text.strip_suffix('Z').unwrap_or(text), None),
    };
    let mut parts = date.split('-');
    let year = field(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |text| field(text, 2))?;
    let day = parts.next().map_or(Some(1), |text| field(text, 2))?;
    let real = (1..=12).contains(&month) && (1..=month_length(year, month)).contains(&day);
    if parts.next().is_some() || !real {
        return None;
    }
    let day = days_since_1970(year, month, day) * 86_400_000;
    time.map_or(Some(0), time_of_day).map(|time| day + time)
}

/// Writes a moment so that [`moment`] reads it; `None` when no text means it.
pub(crate) fn write_moment(milliseconds: i64) -> Option<String> {
    /// The farthest zone that is read, in minutes: `+99:99`.
    const FARTHEST: i64 = 99 * 60 + 99;
    let zones = [("Z", 0), ("+99:99", FARTHEST), ("-99:99", -FARTHEST)];
    let written = zones.into_iter().find_map(|(zone, minutes)| {
        let clock = milliseconds.checked_add(minutes * 60_000)?;
        let text = write_clock(clock)? + zone;
        (moment(&text) == Some(milliseconds)).then_some(text)
    });
    let seconds = || (milliseconds % 1000 == 0).then(|| (milliseconds / 1000).to_string());
    written.or_else(|| seconds().filter(|text| moment(text) == Some(milliseconds)))
}

/// Writes date and time of day without zone, for years of four digits.
fn write_clock(milliseconds: i64) -> Option<String> {
    let (days, rest) = (
        milliseconds.div_euclid(86_400_000),
        milliseconds.rem_euclid(86_400_000),
    );
    let (year, month, day) = date_of(days);
    if !(0..=9999).contains(&year) {
        return None;
    }
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, fraction) = (rest / 1000 % 60, rest % 1000);
    let fraction = if fraction == 0 {
        String::new()
    } else {
        format!(".{fraction:03}")
    };
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}"
    ))
}

fn field(text: &str, digits: usize) -> Option<i64> {
    let plain = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

fn time_of_day(text: &str) -> Option<i64> {
    let (clock, zone) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => (text, "Z"),
    };
    let offset = match zone {
        "Z" | "z" => 0,
        zone => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let zone = zone.get(1..)?;
            let (hours, minutes) = zone.split_once(':').or_else(|| zone.split_at_checked(2))?;
            sign * (field(hours, 2)? * 60 + field(minutes, 2)?)
        }
    };
    let mut parts = clock.split(':');
    let hour = field(parts.next()?, 2).filter(|hour| *hour < 24)?;
    let minute = field(parts.next()?, 2).filter(|minute| *minute < 60)?;
    let seconds = parts.next().unwrap_or("00");
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let second = field(second, 2).filter(|second| *second < 60)?;
    if parts.next().is_some()
        || fraction.is_empty()
        || !fraction.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    let thousandths = field(&thousandths, 3)?;
    Some((hour * 60 + minute - offset) * 60_000 + second * 1000 + thousandths)
}

const fn month_length(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970, counting years from March so that the leap day comes last.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year
        - 719_468
}

const fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// A range of addresses; those of version 6 come after all of version 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct AddressRange {
    pub(crate) six: bool,
    pub(crate) first: u128,
    pub(crate) last: u128,
}

impl AddressRange {
    /// An address, or a range such as `203.0.113.0/24` whose further bits are ignored.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let (six, bits, width) = match address.parse().ok()? {
            IpAddr::V4(address) => (false, u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (true, u128::from(address), 128),
        };
        let length = match length {
            Some(length) if length.len() <= 3 && length.bytes().all(|b| b.is_ascii_digit()) => {
                length
                    .parse()
                    .ok()
                    .filter(|length: &u32| *length <= width)?
            }
            Some(_) => return None,
            None => width,
        };
        let host = match width - length {
            128 => u128::MAX,
            bits => (1 << bits) - 1,
        };
        Some(Self {
            six,
            first: bits & !host,
            last: bits | host,
        })
    }

    /// A single address.
    pub(crate) fn read_address(text: &str) -> Option<Self> {
        Self::read(text).filter(|_| !text.contains('/'))
    }

    pub(crate) const fn holds(&self, other: &Self) -> bool {
        self.six == other.six && self.first <= other.first && other.last <= self.last
    }
}

/// Writes an address.
pub(crate) fn write_address(six: bool, bits: u128) -> Option<String> {
    Some(if six {
        std::net::Ipv6Addr::from(bits).to_string()
    } else {
        std::net::Ipv4Addr::from(u32::try_from(bits).ok()?).to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_all_forms() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2025", 1_735_689_600_000),
            ("2025-01", 1_735_689_600_000),
            ("2025-05-02", 1_746_144_000_000),
            ("2025-05-02T10:00Z", 1_746_180_000_000),
            ("2025-05-02T12:00:00.250+02:00", 1_746_180_000_250),
            ("2025-05-02T12:00:00+0200", 1_746_180_000_000),
            ("1746180000", 1_746_180_000_000),
            ("1969-12-31T23:59:59Z", -1000),
        ] {
            assert_eq!(moment(text), Some(expected), "{text}");
            let written = write_moment(expected).unwrap();
            assert_eq!(moment(&written), Some(expected));
        }
        for text in [
            "",
            "2025-13-01",
            "2025-02-29",
            "2025-05-02T25:00Z",
            "tomorrow",
            "25-05-02",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
        let written = write_moment(1_746_180_000_250);
        assert_eq!(written.as_deref(), Some("2025-05-02T10:00:00.250Z"));
    }

    #[test]
    fn moments_far_away_are_written() {
        for text in [
            "999999999999",
            "-999999999999",
            "9223372036854775",
            "0000-01-01T00:00:00.001+99:99",
            "9999-12-31T23:59:59.999-99:99",
        ] {
            let far = moment(text).unwrap();
            assert_eq!(
                write_moment(far).and_then(|text| moment(&text)),
                Some(far),
                "{text}"
            );
        }
        assert_eq!(write_moment(i64::MAX), None);
    }

    #[test]
    fn ranges_of_addresses() {
        let range = AddressRange::read("203.0.113.77/24").unwrap();
        assert!(range.holds(&AddressRange::read("203.0.113.255").unwrap()));
        assert!(!range.holds(&AddressRange::read("203.0.114.0").unwrap()));
        assert!(
            AddressRange::read("::/0")
                .unwrap()
                .holds(&AddressRange::read("2001:db8::1").unwrap())
        );
        assert!(
            !AddressRange::read("0.0.0.0/0")
                .unwrap()
                .holds(&AddressRange::read("::1").unwrap())
        );
        for text in [
            "203.0.113.0/33",
            "203.0.113",
            "1.2.3.4/",
            "1.2.3.4/+8",
            "::/129",
            "x",
        ] {
            assert_eq!(AddressRange::read(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_finite_decimals() {
        assert_eq!(number("1.50"), Some(1.5));
        for text in ["inf", "NaN", "0x10", "", "1 "] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
