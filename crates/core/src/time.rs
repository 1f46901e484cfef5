//! Times that were read from somewhere: no sum of them is a reason to stop.

use jiff::{SignedDuration, Timestamp};

/// The time that lies so far behind another one, or before it where the duration is negative; at
/// the ends of what can be told, the end.
#[must_use]
pub(crate) fn shifted(at: Timestamp, by: SignedDuration) -> Timestamp {
    let end = match by.is_negative() {
        true => Timestamp::MIN,
        false => Timestamp::MAX,
    };
    at.checked_add(by).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_too_far() {
        let (most, hour) = (SignedDuration::MAX, SignedDuration::from_hours(1));
        assert_eq!(shifted(Timestamp::MAX, hour), Timestamp::MAX);
        assert_eq!(shifted(Timestamp::MIN, -hour), Timestamp::MIN);
        assert_eq!(shifted(Timestamp::UNIX_EPOCH, most), Timestamp::MAX);
        assert_eq!(
            shifted(Timestamp::UNIX_EPOCH, SignedDuration::MIN),
            Timestamp::MIN
        );
        assert_eq!(shifted(Timestamp::UNIX_EPOCH, hour).as_second(), 3600);
    }
}
