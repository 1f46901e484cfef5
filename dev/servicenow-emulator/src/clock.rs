//! The time: the only place that asks for it.

use jiff::Timestamp;

/// The time now.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// The time now, as an instance stores it: UTC, to the second.
pub(crate) fn stored_now() -> String {
    now().strftime("%Y-%m-%d %H:%M:%S").to_string()
}
