//! What every function shares: configuration, the AWS client configuration, logs, time and
//! random bytes, HTTP answers and queue batches.

pub mod answer;
mod aws;
pub mod batch;
pub mod environment;
pub mod guardrails;
pub mod log;
pub mod metrics;
pub mod random;
pub mod request;
mod stdout;

pub use aws::aws;

/// The time now. Functions ask for it here and pass it to the rules as an argument.
#[must_use]
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// The same as a clock, for adapters that ask more than once.
#[must_use]
pub fn clock() -> ports::Clock {
    ports::Clock::new(now)
}
