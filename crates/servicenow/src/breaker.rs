//! A circuit breaker: an instance that fails again and again is not called for a while.
//!
//! What decides is a value ([`State`]) with two pure transitions, so that it can live in a table
//! shared by all processes; here it lives in the process. Time is the wall clock, because that
//! is what processes share and what goes on while a Lambda sleeps.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use ports::Clock;

use crate::error::ServiceNowError;

/// After how many failures in a row it opens.
const OPENS_AFTER: u32 = 5;

/// How long an open breaker waits before the next probe.
const PROBE_EVERY: Duration = Duration::from_secs(30);

/// Whether calls go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Calls go through; so many failed in a row.
    Closed { failures: u32 },
    /// No call goes through until then, when one is let through as a probe.
    Open { until: Timestamp },
}

impl State {
    /// Lets a call through, or not. One that goes through an open breaker is the probe, and moves
    /// the time of the next: a probe that never reports is thereby a failed one.
    fn admit(self, now: Timestamp) -> Option<Self> {
        match self {
            Self::Closed { .. } => Some(self),
            // The second condition: a clock that was set back must not shut us out for long.
            Self::Open { until } if now >= until || until.duration_since(now) > SKEW => {
                Some(Self::open(now))
            }
            Self::Open { .. } => None,
        }
    }

    /// The state after a call that succeeded or failed.
    fn after(self, succeeded: bool, now: Timestamp) -> Self {
        match (self, succeeded) {
            (_, true) => Self::Closed { failures: 0 },
            (Self::Closed { failures }, false) if failures + 1 < OPENS_AFTER => Self::Closed {
                failures: failures + 1,
            },
            (Self::Closed { .. }, false) => Self::open(now),
            (Self::Open { until }, false) => Self::Open { until },
        }
    }

    fn open(now: Timestamp) -> Self {
        let until = now.saturating_add(PROBE_EVERY).unwrap_or(now);
        Self::Open { until }
    }
}

/// An end later than any that was set: the clock was set back since.
const SKEW: jiff::SignedDuration = jiff::SignedDuration::from_secs(31);

/// The breaker of a session.
#[derive(Debug)]
pub(crate) struct Breaker {
    state: Mutex<State>,
    clock: Clock,
}

impl Breaker {
    /// A closed breaker.
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            state: Mutex::new(State::Closed { failures: 0 }),
            clock,
        }
    }

    /// Lets a call through, or not. A permit that is dropped without a report counts as a failure.
    pub(crate) fn admit(&self) -> Result<Permit<'_>, ServiceNowError> {
        let mut state = self.state();
        *state = state
            .admit(self.clock.now())
            .ok_or(ServiceNowError::BreakerOpen)?;
        Ok(Permit {
            breaker: self,
            succeeded: false,
        })
    }

    fn record(&self, succeeded: bool) {
        let mut state = self.state();
        let after = state.after(succeeded, self.clock.now());
        if matches!((*state, after), (State::Closed { .. }, State::Open { .. })) {
            tracing::warn!("ServiceNow failed {OPENS_AFTER} times in a row: the breaker is open");
        }
        *state = after;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Permission to make one call.
pub(crate) struct Permit<'b> {
    breaker: &'b Breaker,
    succeeded: bool,
}

impl Permit<'_> {
    /// Reports how the call ended.
    pub(crate) fn report(mut self, succeeded: bool) {
        self.succeeded = succeeded;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.breaker.record(self.succeeded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn opened(now: Timestamp) -> State {
        (0..OPENS_AFTER).fold(State::Closed { failures: 0 }, |state, _| {
            assert_eq!(state.admit(now), Some(state), "closed until the last");
            state.after(false, now)
        })
    }

    #[test]
    fn it_opens_after_five_failures_in_a_row() {
        assert!(matches!(opened(at(0)), State::Open { .. }));
        let mended = State::Closed { failures: 4 }.after(true, at(0));
        assert_eq!(mended, State::Closed { failures: 0 });
    }

    #[test]
    fn one_probe_goes_through_in_thirty_seconds() {
        let mut state = opened(at(0));
        let mut probes = 0;
        for second in 1..=300 {
            for _ in 0..10 {
                if let Some(after) = state.admit(at(second)) {
                    probes += 1;
                    state = after.after(false, at(second));
                }
            }
        }
        assert_eq!(probes, 10, "at 30, 60, … 300 seconds");
    }

    #[test]
    fn a_good_probe_closes_it_and_a_lost_one_does_not() {
        let probing = opened(at(0)).admit(at(30)).unwrap();
        assert_eq!(probing.admit(at(59)), None, "the probe has not reported");
        assert!(probing.admit(at(60)).is_some());
        assert_eq!(probing.after(true, at(31)), State::Closed { failures: 0 });
    }

    #[test]
    fn a_clock_set_back_shuts_nobody_out() {
        let open = opened(at(10_000));
        assert!(open.admit(at(0)).is_some());
    }

    #[test]
    fn a_dropped_permit_is_a_failure_and_a_report_counts_once() {
        let breaker = Breaker::new(Clock::new(|| at(0)));
        for _ in 1..OPENS_AFTER {
            breaker.admit().unwrap().report(false);
        }
        drop(breaker.admit().unwrap());
        assert_eq!(breaker.admit().err(), Some(ServiceNowError::BreakerOpen));
    }
}
