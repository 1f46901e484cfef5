//! The one place where requests are measured: around the ledger, which every change goes through.

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{Commit, CommitError, Created, IdempotencyKey, NewRequest, Requests};
use snowgate_core::audit::StoredRow;
use snowgate_core::id::{ClientId, RequestId};
use snowgate_core::lifecycle::State;
use snowgate_core::record::{Change, Event, FailureCode, Message, RequestRecord};
use snowgate_core::volume::{VolumeOf, VolumeWindows};
use tracing::{error, warn};

use super::{Metric, Point, emit};

/// Requests whose changes are measured, after they are written.
#[derive(Debug, Clone)]
pub struct Metered<R>(
    /// The requests themselves.
    pub R,
);

impl<R: Requests> Requests for Metered<R> {
    async fn create(&self, new: &NewRequest) -> Result<Created, CallError> {
        let created = self.0.create(new).await?;
        if created == Created::New {
            measure(&new.change);
        }
        Ok(created)
    }

    async fn made_by(
        &self,
        client: &ClientId,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<Created>, CallError> {
        self.0.made_by(client, key, now).await
    }

    async fn load(&self, id: &RequestId) -> Result<Option<RequestRecord>, CallError> {
        let record = self.0.load(id).await?;
        if let Some(record) = &record {
            let now = crate::now();
            if let Some(fault) = record.trail_fault() {
                error!(request_id = %id, %fault, "the audit trail of a request is broken");
            }
            emit(&seen(record, now), id, now);
        }
        Ok(record)
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        // Told before it is counted: a crash between the two tells it twice, and never keeps it back.
        tell_unusual(commit);
        self.0.commit(commit).await?;
        measure(&commit.change);
        Ok(())
    }

    async fn counted(&self, of: &VolumeOf) -> Result<VolumeWindows, CallError> {
        self.0.counted(of).await
    }

    async fn postpone(
        &self,
        id: &RequestId,
        version: u64,
        due_at: Timestamp,
        attempts: u32,
    ) -> Result<bool, CallError> {
        let done = self.0.postpone(id, version, due_at, attempts).await?;
        if done {
            emit(&[Point::once(Metric::Retries)], id, crate::now());
        }
        Ok(done)
    }

    async fn peek(&self, ids: &[RequestId]) -> Result<Vec<RequestRecord>, CallError> {
        self.0.peek(ids).await
    }

    async fn trail(&self, id: &RequestId) -> Result<Vec<StoredRow>, CallError> {
        self.0.trail(id).await
    }

    async fn first_rows(&self, id: &RequestId) -> Result<Vec<StoredRow>, CallError> {
        self.0.first_rows(id).await
    }

    async fn documents(&self, id: &RequestId) -> Result<Vec<String>, CallError> {
        self.0.documents(id).await
    }
}

/// Says which kind of grant is asked for more than is usual, or that one requester asks for more. Who
/// that is stands as a `sys_id` in the log and in no metric.
fn tell_unusual(commit: &Commit) {
    let record = &commit.change.record;
    let points = unusual(commit);
    if points.is_empty() {
        return;
    }
    for count in commit.volume.iter().filter(|count| count.is_unusual()) {
        let (total, limit) = (count.total, count.share.limit);
        let (what, requester) = (count.share.of.name(), &record.request().requested_by);
        warn!(
            request_id = %record.id(), volume_of = what, %requester, total, limit,
            "more is asked for than is usual"
        );
    }
    emit(&points, record.id(), commit.change.row.at);
}

fn unusual(commit: &Commit) -> Vec<Point> {
    let counts = commit.volume.iter().filter(|count| count.is_unusual());
    match counts.count() {
        0 => Vec::new(),
        _ => vec![Point::once(Metric::UnusualVolume)],
    }
}

fn measure(change: &Change) {
    emit(&points(change), change.record.id(), change.row.at);
}

/// What a change that was written says.
fn points(change: &Change) -> Vec<Point> {
    let (record, at) = (&change.record, change.row.at);
    let mut points = Vec::new();
    if moved(change) {
        points.push(Point::state(record.state()));
    }
    match &change.row.event {
        Event::Received { .. } => points.push(Point::once(Metric::Requests)),
        Event::DeliverySent { message, .. } => points.extend(sent(message)),
        Event::Decided { decision: decided } => {
            points.push(Point::decision(decided.signed.decision.verdict));
            if record.state() != State::Pending {
                points.push(Point::seconds(
                    Metric::TimeToDecision,
                    record.created_at(),
                    at,
                ));
            }
        }
        Event::Activated { .. } => {
            points.push(Point::seconds(
                Metric::TotalTimeToAccess,
                record.created_at(),
                at,
            ));
            points.extend(
                decided_at(record).map(|from| Point::seconds(Metric::TimeToAccess, from, at)),
            );
        }
        Event::Revoked { .. } => {
            points.extend(
                record
                    .until()
                    .map(|end| Point::seconds(Metric::RemovalDelay, end, at)),
            );
        }
        Event::Abandoned { .. } => points.push(Point::once(Metric::AbandonedRemovals)),
        Event::Failed {
            code: FailureCode::UnprovenDecision,
        } => {
            points.push(Point::once(Metric::UnprovenDecisions));
        }
        _ => {}
    }
    points
}

/// What is counted of a message that was sent.
const fn sent(message: &Message) -> Option<Point> {
    match message {
        Message::ReviewRequest { .. } => Some(Point::once(Metric::ApprovalEmails)),
        Message::TicketNote { .. } | Message::Deviation { .. } => {
            Some(Point::once(Metric::TicketUpdates))
        }
        Message::Reminder { .. }
        | Message::Handled { .. }
        | Message::Outcome { .. }
        | Message::EndsSoon
        | Message::ManagerNotice { .. } => None,
    }
}

/// Whether the request came to another state.
fn moved(change: &Change) -> bool {
    let stays = match &change.row.event {
        Event::DeliveryClaimed { .. }
        | Event::DeliverySent { .. }
        | Event::DeliverySkipped { .. }
        | Event::RevocationRequested { .. }
        | Event::DeviationsFound { .. } => true,
        Event::Decided { .. } => change.record.state() == State::Pending,
        _ => false,
    };
    !stays && change.record.since() == change.row.at
}

fn decided_at(record: &RequestRecord) -> Option<Timestamp> {
    let last = record.decisions().last()?;
    Timestamp::from_second(last.signed.decision.at).ok()
}

/// What a record that is read says.
fn seen(record: &RequestRecord, now: Timestamp) -> Vec<Point> {
    let broken = record
        .trail_fault()
        .map(|_| Point::once(Metric::BrokenTrails));
    let late = match record.is_parked() {
        true => Some(Point::once(Metric::ParkedRemovals)),
        false => overdue(record, now),
    };
    broken.into_iter().chain(late).collect()
}

/// How long the access should have been gone, where it should. A removal that is parked has an alarm of
/// its own, so that it hides no other.
fn overdue(record: &RequestRecord, now: Timestamp) -> Option<Point> {
    let end = match record.state() {
        State::Active => record.ends_at()?,
        State::Revoking => record.since(),
        _ => return None,
    };
    (now > end).then(|| Point::seconds(Metric::RemovalOverdue, end, now))
}

#[cfg(test)]
mod tests;
