//! How long access lasts.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// A duration of access: whole minutes, at least 15 minutes and at most 366 days, written in
/// ISO 8601 with weeks, days (of 24 hours), hours and minutes. Months and years are refused
/// because their length is not fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccessDuration {
    seconds: u32,
}

/// Why a text is not a duration of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not an ISO 8601 duration of fixed length.
    #[error("not an ISO 8601 duration of weeks, days, hours and minutes, such as `PT8H` or `P2D`")]
    Format,
    /// Not whole minutes.
    #[error("a duration is whole minutes")]
    Seconds,
    /// Too short or too long.
    #[error("a duration is at least 15 minutes and at most 366 days")]
    Range,
}

impl AccessDuration {
    /// The longest one.
    pub const LONGEST: Self = Self {
        seconds: 366 * 86_400,
    };

    const LEAST: i64 = 15 * 60;
    const MOST: i64 = Self::LONGEST.seconds as i64;

    /// The duration in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.seconds
    }

    /// Both, one after the other; none where that is longer than a duration may be.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        Self::try_from(i64::from(self.seconds) + i64::from(other.seconds)).ok()
    }

    /// The duration as a span of time.
    #[must_use]
    pub const fn as_signed(self) -> SignedDuration {
        SignedDuration::from_secs(self.seconds as i64)
    }
}

impl TryFrom<i64> for AccessDuration {
    type Error = DurationError;
    fn try_from(seconds: i64) -> Result<Self, DurationError> {
        if !(Self::LEAST..=Self::MOST).contains(&seconds) {
            return Err(DurationError::Range);
        }
        if seconds % 60 != 0 {
            return Err(DurationError::Seconds);
        }
        u32::try_from(seconds)
            .map(|seconds| Self { seconds })
            .map_err(|_| DurationError::Range)
    }
}

impl FromStr for AccessDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let plain = text.len() <= 32
            && text.starts_with('P')
            && text.bytes().all(|b| {
                matches!(
                    b,
                    b'P' | b'T' | b'W' | b'D' | b'H' | b'M' | b'S' | b'0'..=b'9'
                )
            });
        let span: jiff::Span = match plain {
            true => text.parse().map_err(|_| DurationError::Format)?,
            false => return Err(DurationError::Format),
        };
        if span.get_years() != 0 || span.get_months() != 0 {
            return Err(DurationError::Format);
        }
        let parts = [
            (i64::from(span.get_weeks()), 7 * 86_400),
            (i64::from(span.get_days()), 86_400),
            (i64::from(span.get_hours()), 3_600),
            (span.get_minutes(), 60),
            (span.get_seconds(), 1),
        ];
        let seconds = parts.into_iter().try_fold(0_i64, |sum, (count, unit)| {
            count
                .checked_mul(unit)
                .and_then(|part| sum.checked_add(part))
        });
        seconds.ok_or(DurationError::Range)?.try_into()
    }
}

impl TryFrom<String> for AccessDuration {
    type Error = DurationError;
    fn try_from(text: String) -> Result<Self, DurationError> {
        text.parse()
    }
}

impl From<AccessDuration> for String {
    fn from(duration: AccessDuration) -> Self {
        duration.to_string()
    }
}

/// ISO 8601 in normal form: days, hours, minutes (`P2DT3H`).
impl fmt::Display for AccessDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.seconds / 86_400, self.seconds % 86_400);
        let (hours, minutes) = (rest / 3_600, rest % 3_600 / 60);
        f.write_str("P")?;
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if hours > 0 || minutes > 0 {
            f.write_str("T")?;
        }
        if hours > 0 {
            write!(f, "{hours}H")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}M")?;
        }
        Ok(())
    }
}

impl AccessDuration {
    /// The duration as people say it, such as `2 days and 3 hours`.
    #[must_use]
    pub fn in_words(self) -> String {
        let (days, rest) = (self.seconds / 86_400, self.seconds % 86_400);
        let (hours, minutes) = (rest / 3_600, rest % 3_600 / 60);
        let word = |count: u32, one: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {one}s")),
        };
        let parts: Vec<String> = [
            word(days, "day"),
            word(hours, "hour"),
            word(minutes, "minute"),
        ]
        .into_iter()
        .flatten()
        .collect();
        parts.join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_normal_form() {
        for (text, normal) in [
            ("PT8H", "PT8H"),
            ("PT480M", "PT8H"),
            ("P1W", "P7D"),
            ("P1DT24H", "P2D"),
            ("PT15M", "PT15M"),
            ("PT900S", "PT15M"),
            ("P366D", "P366D"),
        ] {
            assert_eq!(text.parse::<AccessDuration>().unwrap().to_string(), normal);
        }
        assert_eq!(
            "P2DT3H".parse::<AccessDuration>().unwrap().in_words(),
            "2 days and 3 hours"
        );
    }

    #[test]
    fn what_is_no_fixed_length_is_refused() {
        for (text, error) in [
            ("", DurationError::Format),
            ("8h", DurationError::Format),
            ("-PT8H", DurationError::Format),
            ("P1M", DurationError::Format),
            ("P1Y", DurationError::Format),
            ("PT0.5H", DurationError::Format),
            ("PT14M", DurationError::Range),
            ("P367D", DurationError::Range),
            ("PT901S", DurationError::Seconds),
            ("P99999999999D", DurationError::Format),
        ] {
            assert_eq!(text.parse::<AccessDuration>(), Err(error), "{text}");
        }
    }
}
