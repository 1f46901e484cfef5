//! The time, for adapters that ask for it more than once in a call.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// The wall clock of a process.
///
/// Rules and functions take `now` as an argument. An adapter that waits within a call, or keeps
/// sessions from one call to the next, needs the time after it has waited; it is given a clock
/// when it is made.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that asks here for the time.
    #[must_use]
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
