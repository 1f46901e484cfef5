//! What the functions need from outside, in the words of the core.
//!
//! Each trait has a real adapter (`aws-*`, `servicenow`) and a fake (`testkit`), and both pass
//! the same contract. No type of an SDK appears here.
//!
//! Every error says whether trying again can help ([`Failure`]). What is transient is tried again;
//! a permanent refusal is for the caller to decide on: some end the request.

mod clock;
pub mod cmdb;
pub mod described_users;
pub mod directory;
pub mod enrolled;
pub mod identities;
pub mod ledger;
pub mod mail;
pub mod queue;
pub mod servicenow;
pub mod signature;
pub mod user_records;
pub mod users;

pub use clock::Clock;

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Throttled, unreachable, timed out, in conflict: the same call may succeed later.
    Transient,
    /// Refused for what it is: the same call fails again.
    Permanent,
}

/// Why a call to another service failed.
///
/// The message names the operation and the service's own error code, never what was sent. The
/// source is logged once, at the boundary.
#[derive(Debug, thiserror::Error)]
#[error("{operation} failed with `{code}`")]
pub struct CallError {
    /// The operation, such as `sqs:SendMessage`.
    pub operation: &'static str,
    /// The service's error code, such as `ThrottlingException`, or `Unreachable`.
    pub code: String,
    /// Whether trying again can help.
    pub failure: Failure,
    /// What lies beneath.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl CallError {
    /// A transient error.
    #[must_use]
    pub fn transient(operation: &'static str, code: impl Into<String>) -> Self {
        Self {
            operation,
            code: code.into(),
            failure: Failure::Transient,
            source: None,
        }
    }

    /// A permanent error.
    #[must_use]
    pub fn permanent(operation: &'static str, code: impl Into<String>) -> Self {
        Self {
            operation,
            code: code.into(),
            failure: Failure::Permanent,
            source: None,
        }
    }

    /// The same error with what lies beneath it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.failure, Failure::Transient)
    }
}
