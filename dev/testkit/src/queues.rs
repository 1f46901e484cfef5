//! The queues in memory.

use std::sync::{Arc, Mutex};

use ports::CallError;
use ports::queue::{OutcomesQueue, RequestsQueue, WakeUp, WorkQueue};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::id::RequestId;
use snowgate_core::principal::PrincipalKey;

/// Which queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueueName {
    /// `requests`.
    Requests,
    /// `work`.
    Work,
    /// `outcomes`.
    Outcomes,
}

/// A wake-up that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentWakeUp {
    /// To which queue.
    pub queue: QueueName,
    /// What was sent.
    pub wake: WakeUp,
    /// The principal whose group it is in; `work` only.
    pub principal: Option<PrincipalKey>,
}

impl SentWakeUp {
    /// The request that it is about.
    ///
    /// # Panics
    /// Where it is about something else.
    #[must_use]
    pub fn request(&self) -> &RequestId {
        match &self.wake.aggregate {
            Aggregate::Request(id) => id,
            other => panic!("a wake-up for {other}"),
        }
    }
}

/// All three queues. Nothing is deduplicated: tests see every message that was sent.
#[derive(Debug, Clone, Default)]
pub struct FakeQueues(Arc<Mutex<Vec<SentWakeUp>>>);

impl FakeQueues {
    /// What was sent so far and not taken.
    #[must_use]
    pub fn sent(&self) -> Vec<SentWakeUp> {
        self.0.lock().unwrap().clone()
    }

    /// Takes all messages of a queue out of it, the oldest first.
    #[must_use]
    pub fn take(&self, queue: QueueName) -> Vec<SentWakeUp> {
        let mut all = self.0.lock().unwrap();
        all.extract_if(.., |sent| sent.queue == queue).collect()
    }

    fn send(&self, queue: QueueName, wake: &WakeUp, principal: Option<&PrincipalKey>) {
        self.0.lock().unwrap().push(SentWakeUp {
            queue,
            wake: wake.clone(),
            principal: principal.cloned(),
        });
    }
}

impl RequestsQueue for FakeQueues {
    async fn wake_dispatcher(&self, wake: &WakeUp) -> Result<(), CallError> {
        self.send(QueueName::Requests, wake, None);
        Ok(())
    }
}

impl WorkQueue for FakeQueues {
    async fn wake_provisioner(
        &self,
        wake: &WakeUp,
        principal: &PrincipalKey,
    ) -> Result<(), CallError> {
        self.send(QueueName::Work, wake, Some(principal));
        Ok(())
    }
}

impl OutcomesQueue for FakeQueues {
    async fn wake_reporter(&self, wake: &WakeUp) -> Result<(), CallError> {
        self.send(QueueName::Outcomes, wake, None);
        Ok(())
    }
}
