//! Watches the time: ends what waited too long, wakes what is due, sends again what got stuck.
//!
//! Runs every minute and reads only what is due, bucket by bucket, however much is pending.

use jiff::{SignedDuration, Timestamp};
use ports::CallError;
use ports::ledger::{DUE_BUCKETS, RequestIndex, Requests};
use ports::queue::{OutcomesQueue, RequestsQueue, WorkQueue};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{Event, Overdue, RequestRecord};
use tracing::{Instrument as _, error, info, info_span, warn};
use workflow::change::{Changed, Next, NotChanged, change, put_off};
use workflow::wake;

/// How many requests of one bucket are looked at in one run; the rest is due again next minute.
const PER_BUCKET: u16 = 100;

/// What the sweeper may use, and nothing else.
pub trait Ports {
    /// Where requests are held.
    type Requests: Requests;
    /// What is due.
    type Index: RequestIndex;
    /// The three queues.
    type Queues: RequestsQueue + WorkQueue + OutcomesQueue;
}

/// The sweeper with what it needs.
pub struct Sweeper<P: Ports> {
    /// Where requests are held.
    pub requests: P::Requests,
    /// What is due.
    pub index: P::Index,
    /// The three queues.
    pub queues: P::Queues,
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
    /// The request could not be changed.
    #[error(transparent)]
    NotChanged(#[from] NotChanged),
}

impl<P: Ports> Sweeper<P> {
    /// Looks at everything that is due now. One request that fails does not keep the others
    /// back; it stays due.
    ///
    /// # Errors
    /// Where part of the index of due requests cannot be read; the rest has been looked at.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, CallError> {
        let mut swept = Swept::default();
        let mut unread = None;
        for bucket in 0..DUE_BUCKETS {
            let due = self.index.due(bucket, now, PER_BUCKET).await;
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
        let Some(record) = self.requests.load(id).await? else {
            warn!("the index names a request that the ledger does not have");
            return Ok(());
        };
        match record.overdue(now, self.pending_for) {
            Overdue::Nothing => {}
            Overdue::Expire => self.expire(record, now, swept).await?,
            Overdue::Wake => {
                wake::everybody_again(&self.queues, &record, now).await?;
                swept.woken += 1;
                put_off(&self.requests, &record, now).await?;
            }
        }
        Ok(())
    }

    /// Ends a request whose time is over. Somebody who decides at the last moment counts.
    async fn expire(
        &self,
        record: RequestRecord,
        now: Timestamp,
        swept: &mut Swept,
    ) -> Result<(), SweepError> {
        let next = |record: &RequestRecord| match record.overdue(now, self.pending_for) {
            Overdue::Expire => Next::from(Event::Expired),
            Overdue::Nothing | Overdue::Wake => Next::Done(()),
        };
        let changed = change(&self.requests, record, &Actor::Sweeper, now, next).await?;
        if let Changed::Written(record) = changed {
            swept.expired += 1;
            info!("request expired");
            wake::everybody_again(&self.queues, &record, now).await?;
        }
        Ok(())
    }
}
