//! Runs on a schedule: ends what waited too long, wakes what is due, sends again what got stuck.
//!
//! Runs every minute and reads only what is due, bucket by bucket and page by page, however much
//! is pending. Whoever writes the table writes its indexes too, so nothing that stands in them is
//! believed: what is not due is taken out of the way, what cannot be read is put off and reported,
//! and neither keeps anything else back. Every quarter of an hour [`Sweeper::reconcile`] looks for
//! access that should be over and that nothing due led to.

mod reconcile;
mod users;

pub use reconcile::Reconciled;

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use ports::CallError;
use ports::identities::Identities;
use ports::ledger::{DUE_BUCKETS, DueItem, DueKind, IndexPage, ItemKey, Requests, TimeIndex};
use ports::queue::{OutcomesQueue, RequestsQueue, WorkQueue};
use shell::metrics::{Metric, Point};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{Event, Overdue, RequestRecord, Worker};
use tracing::{Instrument as _, error, info, info_span, warn};
use workflow::change::{Changed, Next, NotChanged, change, put_off};
use workflow::wake;

/// How many items of a bucket are read at once.
const PAGE: u16 = 100;

/// How many pages of one bucket are read in one run; the rest is due again next minute.
const PAGES: usize = 4;

/// How long something that cannot be read is put off.
const UNREADABLE_FOR: SignedDuration = SignedDuration::from_mins(15);

/// What the sweeper may use, and nothing else.
pub trait SweeperPorts {
    /// Where requests are held.
    type Requests: Requests;
    /// What is due, and what should be over.
    type Index: TimeIndex;
    /// Users that Snowgate made.
    type Identities: Identities;
    /// The three queues.
    type Queues: RequestsQueue + WorkQueue + OutcomesQueue;
}

/// The sweeper with what it needs.
pub struct Sweeper<P: SweeperPorts> {
    /// Where requests are held.
    pub requests: P::Requests,
    /// What is due, and what should be over.
    pub index: P::Index,
    /// Users that Snowgate made.
    pub identities: P::Identities,
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
    /// Items that stood in the index although nothing is due then; they stand where they belong.
    pub settled: u32,
    /// Items that cannot be read, or are of no known kind; they are put off.
    pub unreadable: u32,
    /// Requests that could not be looked at; they stay due, those that fail for good a quarter of an hour
    /// later.
    pub failed: u32,
    /// Buckets of which something was left for the next run.
    pub cut: u32,
    /// How many seconds the oldest of what was due had waited.
    pub oldest: i64,
}

impl Swept {
    /// What a run is measured by.
    #[must_use]
    pub fn measured(self) -> Vec<Point> {
        let oldest = u32::try_from(self.oldest.max(0)).unwrap_or(u32::MAX);
        vec![
            Point::times(Metric::OldestDue, oldest),
            Point::times(Metric::SweepsCut, self.cut),
            Point::times(Metric::UnreadableDue, self.unreadable),
        ]
    }
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

impl SweepError {
    /// Whether it fails again however often it is tried.
    const fn is_permanent(&self) -> bool {
        match self {
            Self::Call(call) | Self::NotChanged(NotChanged::Call(call)) => !call.is_transient(),
            Self::NotChanged(NotChanged::Rules(_) | NotChanged::NameTaken) => true,
            Self::NotChanged(NotChanged::Unknown | NotChanged::Busy) => false,
        }
    }
}

/// A run through an index: buckets take turns, page by page, so that a flood in one keeps no other
/// back.
struct Turns {
    open: VecDeque<Turn>,
    /// How many pages of one bucket are read at most.
    pages: usize,
    /// Of how many buckets something was left.
    cut: u32,
    /// Why a bucket could not be read.
    unread: Option<CallError>,
}

/// The next page of one bucket.
struct Turn {
    bucket: u8,
    after: Option<ItemKey>,
    /// How many pages of the bucket were read before it.
    read: usize,
}

impl Turns {
    /// All buckets, before the first page.
    fn of_all(pages: usize) -> Self {
        let open = (0..DUE_BUCKETS).map(|bucket| Turn {
            bucket,
            after: None,
            read: 0,
        });
        Self {
            open: open.collect(),
            pages,
            cut: 0,
            unread: None,
        }
    }

    fn next(&mut self) -> Option<Turn> {
        self.open.pop_front()
    }

    /// The items of a page; what follows it has its turn after the other buckets. A bucket that
    /// cannot be read keeps no other back.
    fn items<T>(&mut self, turn: &Turn, page: Result<IndexPage<T>, CallError>) -> Vec<T> {
        let page = match page {
            Ok(page) => page,
            Err(failure) => {
                self.unread = Some(failure);
                return Vec::new();
            }
        };
        let read = turn.read + 1;
        let bucket = turn.bucket;
        match page.next {
            after @ Some(_) if read < self.pages => {
                self.open.push_back(Turn {
                    bucket,
                    after,
                    read,
                });
            }
            Some(_) => self.cut += 1,
            None => {}
        }
        page.items
    }
}

impl<P: SweeperPorts> Sweeper<P> {
    /// Looks at everything that is due now. One item that fails does not keep the others back; it
    /// stays due.
    ///
    /// # Errors
    /// Where part of the index of due requests cannot be read; the rest has been looked at.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, CallError> {
        let mut swept = Swept::default();
        let mut turns = Turns::of_all(PAGES);
        while let Some(turn) = turns.next() {
            let after = turn.after.as_ref();
            let page = self.index.due(turn.bucket, now, PAGE, after).await;
            for item in turns.items(&turn, page) {
                self.look(&item, now, &mut swept).await;
            }
        }
        swept.cut = turns.cut;
        info!(?swept, "swept");
        turns.unread.map_or(Ok(swept), Err)
    }

    /// Looks at one item of the index, whatever it is.
    async fn look(&self, item: &DueItem, now: Timestamp, swept: &mut Swept) {
        if let Some(since) = item.due_at {
            let waited = now.duration_since(since).as_secs();
            swept.oldest = swept.oldest.max(waited);
        }
        let done = match &item.about {
            DueKind::Known(Aggregate::Request(id)) => {
                let span = info_span!("request", request_id = %id);
                let look = self.look_at(id, item, now, swept);
                let done = look.instrument(span.clone()).await;
                span.in_scope(|| {
                    if let Err(failure) = &done {
                        error!(error = shell::log::chain(failure), "request not swept");
                    }
                });
                done
            }
            DueKind::Known(Aggregate::Identity(id)) => {
                self.look_at_user(id, item, now, swept).await
            }
            DueKind::Stray => self.settle(item, None, None, swept).await,
            DueKind::Known(Aggregate::Principal(_)) | DueKind::Unknown => {
                self.put_aside(item, now, swept).await
            }
        };
        let Err(failure) = done else {
            return;
        };
        swept.failed += 1;
        if failure.is_permanent() {
            self.out_of_the_way(item, now).await;
        }
    }

    /// Puts off an item of which something failed for good: a run looks at so many of a bucket, and those
    /// in front may be all of them. What cannot even be put off leaves the index; where it gave access,
    /// [`Sweeper::reconcile`] finds its effects.
    async fn out_of_the_way(&self, item: &DueItem, now: Timestamp) {
        let again = Some(now + UNREADABLE_FOR);
        let moved = match self.index.put_due(&item.key, None, again).await {
            Err(failure) if !failure.is_transient() => {
                error!(
                    pk = item.key.pk,
                    "an item can not be put off; it leaves the index"
                );
                self.index.put_due(&item.key, None, None).await
            }
            moved => moved,
        };
        if let Err(failure) = moved {
            let error = shell::log::chain(&failure);
            error!(error, "an item stays in the way");
        }
    }

    async fn look_at(
        &self,
        id: &RequestId,
        item: &DueItem,
        now: Timestamp,
        swept: &mut Swept,
    ) -> Result<(), SweepError> {
        // The index lags behind; what counts is the record itself.
        let record = match self.requests.load(id).await {
            Ok(Some(record)) => record,
            Ok(None) => {
                warn!("the index names a request that the ledger does not have");
                return self.settle(item, None, None, swept).await;
            }
            Err(failure) if failure.is_transient() => return Err(failure.into()),
            Err(failure) => {
                let error = shell::log::chain(&failure);
                error!(error, "a request that is due cannot be read");
                return self.put_aside(item, now, swept).await;
            }
        };
        match record.overdue(now, self.pending_for) {
            Overdue::Nothing => Ok(()),
            Overdue::Expire => self.expire(record, now, swept).await,
            Overdue::Wake => {
                let mut workers = Worker::ALL.into_iter();
                if !workers.any(|worker| record.waits_for(worker, now)) {
                    let (version, to) = (Some(record.version()), record.scheduled(now));
                    return self.settle(item, version, to, swept).await;
                }
                wake::everybody_again(&self.queues, &record, now).await?;
                swept.woken += 1;
                Ok(put_off(&self.requests, &record, now).await?)
            }
        }
    }

    /// Puts an item of which nothing is due where it belongs in the index, or takes it out.
    async fn settle(
        &self,
        item: &DueItem,
        version: Option<u64>,
        to: Option<Timestamp>,
        swept: &mut Swept,
    ) -> Result<(), SweepError> {
        if self.index.put_due(&item.key, version, to).await? {
            swept.settled += 1;
        }
        Ok(())
    }

    /// Puts off what cannot be read here, so that it is in nobody's way. It is reported each time.
    async fn put_aside(
        &self,
        item: &DueItem,
        now: Timestamp,
        swept: &mut Swept,
    ) -> Result<(), SweepError> {
        swept.unreadable += 1;
        error!(due_at = item.key.at, "an item that is due cannot be read");
        let again = Some(now + UNREADABLE_FOR);
        self.index.put_due(&item.key, None, again).await?;
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
