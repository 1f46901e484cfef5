//! For tests: requests that others keep changing.

use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{Commit, CommitError, Created, IdempotencyKey, NewRequest, Requests};
use snowgate_core::audit::StoredRow;
use snowgate_core::id::{ClientId, RequestId};
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{Event, RequestRecord};
use snowgate_core::volume::{VolumeOf, VolumeWindows};
use testkit::FakeLedger;
use testkit::world::{World, at};

/// A ledger in which the first commits come too late.
pub(crate) struct Storm {
    ledger: FakeLedger,
    left: AtomicUsize,
    /// What the others do; nothing that would be seen where there is none.
    event: Option<Event>,
}

impl Storm {
    /// So many commits come too late.
    pub(crate) fn over(world: &World, commits: usize) -> Self {
        Self {
            ledger: world.ledger.clone(),
            left: commits.into(),
            event: None,
        }
    }

    /// The first commit comes too late: the sweeper has done this before it.
    pub(crate) fn of(world: &World, event: Event) -> Self {
        Self {
            event: Some(event),
            ..Self::over(world, 1)
        }
    }
}

impl Requests for Storm {
    async fn create(&self, new: &NewRequest) -> Result<Created, CallError> {
        self.ledger.create(new).await
    }

    async fn made_by(
        &self,
        client: &ClientId,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<Created>, CallError> {
        self.ledger.made_by(client, key, now).await
    }

    async fn load(&self, id: &RequestId) -> Result<Option<RequestRecord>, CallError> {
        self.ledger.load(id).await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return self.ledger.commit(commit).await;
        }
        self.left.store(left - 1, Ordering::Relaxed);
        if let Some(event) = &self.event {
            let held = self.ledger.load(commit.change.record.id()).await.unwrap();
            let change = held.unwrap().apply(event.clone(), Actor::Sweeper, at(1));
            self.ledger.commit(&change.unwrap().into()).await.unwrap();
        }
        Err(CommitError::Conflict)
    }

    async fn counted(&self, of: &VolumeOf) -> Result<VolumeWindows, CallError> {
        self.ledger.counted(of).await
    }

    async fn postpone(
        &self,
        id: &RequestId,
        version: u64,
        due_at: Timestamp,
        attempts: u32,
    ) -> Result<bool, CallError> {
        self.ledger.postpone(id, version, due_at, attempts).await
    }

    async fn peek(&self, ids: &[RequestId]) -> Result<Vec<RequestRecord>, CallError> {
        self.ledger.peek(ids).await
    }

    async fn trail(&self, id: &RequestId) -> Result<Vec<StoredRow>, CallError> {
        self.ledger.trail(id).await
    }

    async fn first_rows(&self, id: &RequestId) -> Result<Vec<StoredRow>, CallError> {
        self.ledger.first_rows(id).await
    }

    async fn documents(&self, id: &RequestId) -> Result<Vec<String>, CallError> {
        self.ledger.documents(id).await
    }
}
