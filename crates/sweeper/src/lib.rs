//! Watches the time: ends what waited too long, wakes what is due, sends again what got stuck.
//!
//! Runs every minute and reads only what is due, bucket by bucket, however much is pending.

use jiff::{SignedDuration, Timestamp};
use ports::CallError;
use ports::ledger::{CommitError, DUE_BUCKETS, Ledger};
use ports::queue::{OutcomesQueue, RequestsQueue, WakeUp, WorkQueue};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{ChangeError, Event, Overdue, RequestRecord};
use tracing::{Instrument as _, error, info, info_span, warn};

/// How many requests of one bucket are looked at in one run; the rest is due again next minute.
const PER_BUCKET: u16 = 100;

/// The sweeper with what it needs.
pub struct Sweeper<L, Q> {
    /// Where requests are held.
    pub ledger: L,
    /// The three queues.
    pub queues: Q,
    /// How long a decision is awaited.
    pub pending_for: SignedDuration,
}

/// What one run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Requests that ended because their time was over.
    pub expired: u32,
    /// Requests that somebody was woken for.
    pub woken: u32,
    /// Requests that could not be looked at; they stay due.
    pub failed: u32,
}

/// Why one request could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A change that the rules do not allow.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

impl<L, Q> Sweeper<L, Q>
where
    L: Ledger,
    Q: RequestsQueue + WorkQueue + OutcomesQueue,
{
    /// Looks at everything that is due now. One request that fails does not keep the others
    /// back; it stays due.
    ///
    /// # Errors
    /// Where part of the index of due requests cannot be read; the rest has been looked at.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, CallError> {
        let mut swept = Swept::default();
        let mut unread = None;
        for bucket in 0..DUE_BUCKETS {
            let due = self.ledger.due(bucket, now, PER_BUCKET).await;
            // The other buckets are looked at all the same.
            let due = due.unwrap_or_else(|failure| {
                unread = Some(failure);
                Vec::new()
            });
            for due in due {
                let Aggregate::Request(id) = &due.aggregate;
                let span = info_span!("request", request_id = %id);
                match self
                    .look_at(id, now, &mut swept)
                    .instrument(span.clone())
                    .await
                {
                    Ok(()) => {}
                    Err(failure) => {
                        swept.failed += 1;
                        span.in_scope(|| {
                            error!(error = shell::log::chain(&failure), "request not swept")
                        });
                    }
                }
            }
        }
        info!(
            expired = swept.expired,
            woken = swept.woken,
            failed = swept.failed,
            "swept"
        );
        unread.map_or(Ok(swept), Err)
    }

    async fn look_at(
        &self,
        id: &RequestId,
        now: Timestamp,
        swept: &mut Swept,
    ) -> Result<(), SweepError> {
        // The index lags behind; what counts is the record itself.
        let Some(record) = self.ledger.load(id).await? else {
            warn!("the index names a request that the ledger does not have");
            return Ok(());
        };
        match record.overdue(now, self.pending_for) {
            Overdue::Nothing => {}
            Overdue::Expire => self.expire(record, now, swept).await?,
            step @ (Overdue::WakeDispatcher | Overdue::WakeProvisioner | Overdue::WakeReporter) => {
                self.wake(&record, step).await?;
                swept.woken += 1;
                let (again, attempts) = (record.next_try(now), record.attempts().saturating_add(1));
                // Where it changed meanwhile, it has a due time of its own.
                self.ledger
                    .postpone(record.id(), record.version(), again, attempts)
                    .await?;
            }
        }
        Ok(())
    }

    async fn expire(
        &self,
        record: RequestRecord,
        now: Timestamp,
        swept: &mut Swept,
    ) -> Result<(), SweepError> {
        let change = record.apply(Event::Expired, Actor::Sweeper, now)?;
        match self.ledger.commit(&change.clone().into()).await {
            Ok(()) => {
                swept.expired += 1;
                info!("request expired");
                Ok(self.wake(&change.record, Overdue::WakeReporter).await?)
            }
            // Somebody decided at the last moment, and that counts.
            Err(CommitError::Conflict) => Ok(()),
            Err(CommitError::Call(call)) => Err(call.into()),
        }
    }

    async fn wake(&self, record: &RequestRecord, step: Overdue) -> Result<(), CallError> {
        let wake = WakeUp::again(record);
        match step {
            Overdue::WakeDispatcher => self.queues.wake_dispatcher(&wake).await,
            Overdue::WakeProvisioner => {
                self.queues
                    .wake_provisioner(&wake, &record.principal_key())
                    .await
            }
            Overdue::WakeReporter => self.queues.wake_reporter(&wake).await,
            Overdue::Nothing | Overdue::Expire => Ok(()),
        }
    }
}
