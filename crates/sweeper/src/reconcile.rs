//! Access that should be over and that nothing due led to: its record's place in the index of what
//! is due was removed or moved, or the record cannot be read any more. Effects have an index of
//! their own, by the end of their access.

use jiff::{SignedDuration, Timestamp};
use ports::CallError;
use ports::ledger::{EndedEffect, Requests as _, TimeIndex as _};
use ports::queue::{WakeUp, WorkQueue as _};
use shell::metrics::{Metric, Point};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::State;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::PARKED_EVERY;
use tracing::{error, info};

use crate::{Sweeper, SweeperPorts, Turns};

/// How many effects of a bucket are read at once.
const PAGE: u16 = 100;

/// How many pages of one bucket are read in one run.
const PAGES: usize = 4;

/// How long the ordinary way may take before an end counts as missed.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// When an effect is looked at again whose end cannot be told, or that the provisioner was woken for.
const LATER: SignedDuration = SignedDuration::from_mins(30);

/// When an effect is looked at again that an abandoned request left behind.
const ABANDONED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What one look for missed ends came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Effects whose access should be over and that nothing due led to: the provisioner is woken.
    pub missed: u32,
    /// Effects whose end is another: they stand where they belong.
    pub settled: u32,
    /// Effects that could not be looked at.
    pub failed: u32,
    /// Buckets of which something was left for the next run.
    pub cut: u32,
}

impl Reconciled {
    /// What a run is measured by.
    #[must_use]
    pub fn measured(self) -> Vec<Point> {
        vec![
            Point::times(Metric::MissedEnds, self.missed),
            Point::times(Metric::SweepsCut, self.cut),
        ]
    }
}

/// What is to be done about an effect whose end in the index has come.
enum Look {
    /// It should be gone; in whose turn its request is worked on, where that can be read.
    Missed(Option<PrincipalKey>),
    /// Its access ends then, or is to be looked at again then.
    Later(Timestamp),
}

impl<P: SweeperPorts> Sweeper<P> {
    /// Looks for effects whose access should have been over for a while, and wakes the provisioner
    /// for their principals. It depends on no other index and on no record. Buckets take turns, and
    /// what was looked at stands behind what was not: a flood keeps nothing back.
    ///
    /// # Errors
    /// Where part of the index of effects cannot be read; the rest has been looked at.
    pub async fn reconcile(&self, now: Timestamp) -> Result<Reconciled, CallError> {
        let mut done = Reconciled::default();
        let over = now - PATIENCE;
        let mut turns = Turns::of_all(PAGES);
        while let Some(turn) = turns.next() {
            let after = turn.after.as_ref();
            let page = self.index.ended(turn.bucket, over, PAGE, after).await;
            for effect in turns.items(&turn, page) {
                if let Err(failure) = self.look_for(&effect, now, &mut done).await {
                    done.failed += 1;
                    let error = shell::log::chain(&failure);
                    error!(error, "an effect could not be looked at");
                }
            }
        }
        done.cut = turns.cut;
        info!(?done, "reconciled");
        turns.unread.map_or(Ok(done), Err)
    }

    async fn look_for(
        &self,
        effect: &EndedEffect,
        now: Timestamp,
        done: &mut Reconciled,
    ) -> Result<(), CallError> {
        let Some((principal, request)) = &effect.of else {
            done.missed += 1;
            error!(
                ends_at = effect.key.at,
                "an effect that should be gone cannot be read"
            );
            return self.later(effect, now + LATER).await;
        };
        match self.look_at_request(request, now).await? {
            Look::Later(end) => {
                done.settled += 1;
                self.later(effect, end).await
            }
            Look::Missed(turn) => {
                done.missed += 1;
                error!(request_id = %request, "access should be over, and nothing due led to it");
                self.wake_for(principal, turn.as_ref().unwrap_or(principal), now)
                    .await?;
                self.later(effect, now + LATER).await
            }
        }
    }

    /// Whether the access of a request should be gone, as its record has it. One that cannot be
    /// read, is not there, or is not borne out by its trail, is for the provisioner to judge.
    async fn look_at_request(&self, id: &RequestId, now: Timestamp) -> Result<Look, CallError> {
        let record = match self.requests.load(id).await {
            Err(failure) if failure.is_transient() => return Err(failure),
            found => found.ok().flatten(),
        };
        let Some(record) = record else {
            return Ok(Look::Missed(None));
        };
        let missed = || Look::Missed(Some(record.turn_key()));
        let is_fresh = (now - LATER..=now).contains(&record.since());
        Ok(match (record.state(), record.ends_at()) {
            _ if record.is_abandoned() => Look::Later(now + ABANDONED),
            _ if record.trail_fault().is_some() => missed(),
            (State::Active, Some(end)) if !record.is_over(now) => Look::Later(end),
            // It is about to go on by itself.
            (State::Provisioning, _) if is_fresh => Look::Later(now + LATER),
            (State::Revoking, _) if record.is_parked() => match record.due_at() {
                Some(due) if is_daily(due, now) => Look::Later(due + PATIENCE),
                _ => missed(),
            },
            _ => missed(),
        })
    }

    async fn later(&self, effect: &EndedEffect, at: Timestamp) -> Result<(), CallError> {
        self.index.put_end(&effect.key, at).await.map(|_| ())
    }

    /// Wakes the provisioner for all that is to end on a principal: once in a quarter of an hour,
    /// however many effects it has, and in the turn of the request that led there.
    async fn wake_for(
        &self,
        principal: &PrincipalKey,
        turn: &PrincipalKey,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let wake = WakeUp {
            aggregate: Aggregate::Principal(principal.clone()),
            version: u64::try_from(now.as_second() / 600).unwrap_or_default(),
            attempt: 0,
        };
        self.queues.wake_provisioner(&wake, turn).await
    }
}

/// Whether a parked removal is looked at in time: it is due within a day, or was a moment ago.
fn is_daily(due: Timestamp, now: Timestamp) -> bool {
    // A try that ends while this run lasts is put off from then on.
    (now - PATIENCE..=now + PARKED_EVERY + PATIENCE).contains(&due)
}
