//! How many calls an instance gets at once, and how long each may take.

use std::time::Duration;

/// The bounds of a session. The defaults stay below what an instance has for all its callers
/// (four API threads a node).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a connection may take to be made.
    pub connect: Duration,
    /// How long a call may take in all: waiting until it may be sent, signing in, retries.
    pub total: Duration,
    /// How many calls may be in flight at once. A process has one session.
    pub in_flight: usize,
    /// How often a call is sent again before it fails.
    pub retries: u32,
    /// The pause before the first of these; it doubles each time, and up to as much again is
    /// added by chance.
    pub pause: Duration,
    /// The longest `Retry-After` that is waited for; with a longer one the call fails at once.
    pub longest_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(20),
            in_flight: 3,
            retries: 2,
            pause: Duration::from_millis(250),
            longest_wait: Duration::from_secs(3),
        }
    }
}

impl Limits {
    /// How long to wait before the call is sent again; none where it is not to be.
    ///
    /// `tried` counts from zero, `asked` is what the instance asked for (`Retry-After`), `jitter` is
    /// a random number.
    pub(crate) fn wait(&self, tried: u32, asked: Duration, jitter: u32) -> Option<Duration> {
        if tried >= self.retries || asked > self.longest_wait {
            return None;
        }
        let pause = self.pause.saturating_mul(1 << tried.min(8));
        let share = f64::from(jitter) / f64::from(u32::MAX);
        Some(asked + pause + pause.mul_f64(share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_vary_and_end() {
        let limits = Limits::default();
        let millis = |tried, asked, jitter| {
            let wait = limits.wait(tried, Duration::from_secs(asked), jitter);
            wait.map(|wait| wait.as_millis())
        };
        assert_eq!(millis(0, 0, 0), Some(250));
        assert_eq!(millis(0, 0, u32::MAX), Some(500));
        assert_eq!(millis(1, 0, 0), Some(500));
        assert_eq!(millis(1, 0, u32::MAX), Some(1_000));
        assert_eq!(millis(2, 0, 0), None, "only twice");
        assert_eq!(millis(0, 1, 0), Some(1_250));
        assert_eq!(millis(0, 4, 0), None, "too long to wait within the call");
    }
}
