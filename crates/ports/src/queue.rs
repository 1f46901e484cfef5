//! The queues. A message is a wake-up, never an order: whoever receives it looks into the
//! ledger for what is to be done.

use std::future::Future;

use snowgate_core::aggregate::Aggregate;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::RequestRecord;

use crate::CallError;

/// A wake-up. Its body is what it is about ([`Aggregate::body`]); the rest tells one from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WakeUp {
    /// What it is about.
    pub aggregate: Aggregate,
    /// Its version when the message was sent.
    pub version: u64,
    /// How often this step was sent before. Aggregate, version and attempt together are the
    /// deduplication id where the queue has one.
    pub attempt: u32,
}

impl WakeUp {
    /// The first wake-up for what a request has come to.
    #[must_use]
    pub fn first(record: &RequestRecord) -> Self {
        Self {
            aggregate: Aggregate::Request(record.id().clone()),
            version: record.version(),
            attempt: 0,
        }
    }

    /// A further one. Its attempt is not the first's, which the queue may still remember.
    #[must_use]
    pub fn again(record: &RequestRecord) -> Self {
        Self {
            attempt: record.attempts().saturating_add(1),
            ..Self::first(record)
        }
    }
}

/// The queue `requests`: wakes the dispatcher.
pub trait RequestsQueue: Send + Sync {
    /// Sends a wake-up (message attributes `request_id`, `step` = `dispatch`).
    fn wake_dispatcher(&self, wake: &WakeUp) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// The queue `work` (FIFO, one group for each principal): wakes the provisioner.
pub trait WorkQueue: Send + Sync {
    /// Sends a wake-up for a principal (message attributes `request_id`, `step` = `provision`).
    fn wake_provisioner(
        &self,
        wake: &WakeUp,
        principal: &PrincipalKey,
    ) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// The queue `outcomes`: wakes the reporter.
pub trait OutcomesQueue: Send + Sync {
    /// Sends a wake-up (message attributes `request_id`, `step` = `report`).
    fn wake_reporter(&self, wake: &WakeUp) -> impl Future<Output = Result<(), CallError>> + Send;
}
