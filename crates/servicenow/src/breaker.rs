//! Leaves an instance alone that fails again and again.
//!
//! What decides is a value ([`State`]) with two pure transitions, so that it can live in a table
//! shared by all processes; here it lives in the process. Time is the wall clock, because that
//! is what processes share and what goes on while a Lambda sleeps.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::trouble::Trouble;

/// After how many failures in a row it opens.
const OPENS_AFTER: u32 = 5;

/// How long between two probes of an instance that fails.
const PROBE_EVERY: Duration = Duration::from_secs(30);

/// What is remembered.
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

    /// Takes note of how a call ended.
    fn reassign(self, well: bool, now: Timestamp) -> Self {
        match (self, well) {
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

const SKEW: jiff::SignedDuration = jiff::SignedDuration::from_secs(31);

/// The breaker of a session.
#[derive(Debug)]
pub(crate) struct Breaker(Mutex<State>);

impl Default for Breaker {
    fn default() -> Self {
        Self(Mutex::new(State::Closed { failures: 0 }))
    }
}

impl Breaker {
    /// Lets a call through, or not. The pass must hear how it ended; a pass that is dropped
    /// unheard stands for a failure.
    pub(crate) fn admit(&self, now: Timestamp) -> Result<Pass<'_>, Trouble> {
        let mut state = self.state();
        *state = state.admit(now).ok_or(Trouble::BreakerOpen)?;
        Ok(Pass {
            breaker: self,
            settled: false,
        })
    }

    fn reassign(&self, well: bool, now: Timestamp) {
        let mut state = self.state();
        let after = state.reassign(well, now);
        if matches!((*state, after), (State::Closed { .. }, State::Open { .. })) {
            tracing::warn!("ServiceNow failed {OPENS_AFTER} times in a row and is left alone");
        }
        *state = after;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leave to make one call.
pub(crate) struct Pass<'b> {
    breaker: &'b Breaker,
    settled: bool,
}

impl Pass<'_> {
    /// Reports how the call ended.
    pub(crate) fn reassign(mut self, well: bool) {
        self.settled = true;
        self.breaker.reassign(well, Timestamp::now());
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.breaker.reassign(false, Timestamp::now());
        }
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
            state.reassign(false, now)
        })
    }

    #[test]
    fn it_opens_after_five_failures_in_a_row() {
        assert!(matches!(opened(at(0)), State::Open { .. }));
        let mended = State::Closed { failures: 4 }.reassign(true, at(0));
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
                    state = after.reassign(false, at(second));
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
        assert_eq!(
            probing.reassign(true, at(31)),
            State::Closed { failures: 0 }
        );
    }

    #[test]
    fn a_clock_set_back_shuts_nobody_out() {
        let open = opened(at(10_000));
        assert!(open.admit(at(0)).is_some());
    }

    #[test]
    fn a_dropped_pass_is_a_failure() {
        let breaker = Breaker::default();
        for _ in 0..OPENS_AFTER {
            drop(breaker.admit(Timestamp::now()).unwrap());
        }
        assert_eq!(
            breaker.admit(Timestamp::now()).err(),
            Some(Trouble::BreakerOpen)
        );
    }
}
