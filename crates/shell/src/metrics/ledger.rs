//! The one place where requests are measured: around the ledger, which every change goes through.

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{Commit, CommitError, Created, IdempotencyKey, NewRequest, Requests};
use snowgate_core::audit::StoredRow;
use snowgate_core::id::{ClientId, RequestId};
use snowgate_core::lifecycle::State;
use snowgate_core::record::{Change, Event, FailureCode, Message, RequestRecord};
use tracing::error;

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
        self.0.commit(commit).await?;
        measure(&commit.change);
        Ok(())
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
        | Message::EndsSoon => None,
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
    broken.into_iter().chain(overdue(record, now)).collect()
}

/// How long the access should have been gone, where it should.
fn overdue(record: &RequestRecord, now: Timestamp) -> Option<Point> {
    let end = match record.state() {
        State::Active => record.ends_at()?,
        State::Revoking => record.since(),
        _ => return None,
    };
    (now > end).then(|| Point::seconds(Metric::RemovalOverdue, end, now))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use snowgate_core::approval::Verdict;
    use snowgate_core::lifecycle::Actor;
    use snowgate_core::request::AccessRequest;
    use testkit::FakeLedger;
    use testkit::samples;
    use testkit::world::{OWNER, World, at};

    use super::*;
    use crate::metrics::Emitter;

    /// A word that only people could have typed.
    const CANARY: &str = "canary-typed-by-people";

    /// Everything that happens to a request that is granted and ends, change by change.
    fn life() -> Vec<Change> {
        let world = World::default();
        let mut body = samples::body(&world.ticket(), &world.target);
        body["justification"] = json!(CANARY);
        let request = AccessRequest::parse(body.to_string().as_bytes()).unwrap();
        let received =
            RequestRecord::receive(samples::request_id(), samples::client(), request, at(0))
                .unwrap();
        let approver = testkit::world::id(OWNER);
        let asked = samples::asked(
            received.record.request(),
            std::slice::from_ref(&approver),
            at(9_000),
        );
        let mut changes = vec![received];
        let mut then = |event: Event, actor: Actor, second: i64| {
            let change = changes
                .last()
                .unwrap()
                .record
                .apply(event, actor, at(second))
                .unwrap();
            changes.push(change);
            changes.last().unwrap().record.clone()
        };
        then(
            Event::ApprovalRequested { round: asked },
            Actor::Dispatcher,
            5,
        );
        // With the same time as the step before, as the dispatcher does it.
        then(
            Event::DeliveryClaimed {
                message: Message::ReviewRequest {
                    approver: approver.clone(),
                },
            },
            Actor::Dispatcher,
            5,
        );
        let record = then(
            Event::DeliverySent {
                message: Message::ReviewRequest {
                    approver: approver.clone(),
                },
                message_id: None,
            },
            Actor::Dispatcher,
            5,
        );
        let mut decided = world.sign(&record, OWNER, Verdict::Approve, &world.keys, at(65));
        decided.reason = CANARY.parse().unwrap();
        then(
            Event::Decided { decision: decided },
            Actor::Approver { sys_id: approver },
            65,
        );
        then(
            Event::ProvisioningStarted {
                preexisting: Vec::new(),
            },
            Actor::Provisioner,
            66,
        );
        then(
            Event::Activated { until: at(1_000) },
            Actor::Provisioner,
            75,
        );
        let state = State::Active;
        let message = Message::TicketNote { state };
        then(
            Event::DeliveryClaimed {
                message: message.clone(),
            },
            Actor::Reporter,
            76,
        );
        then(
            Event::DeliverySent {
                message,
                message_id: None,
            },
            Actor::Reporter,
            76,
        );
        then(Event::RevocationStarted, Actor::Provisioner, 1_001);
        then(
            Event::Revoked {
                retained: Vec::new(),
            },
            Actor::Provisioner,
            1_030,
        );
        changes
    }

    #[test]
    fn every_step_of_a_life_is_measured_once() {
        let time = |metric, seconds| Point::seconds(metric, at(0), at(seconds));
        let expected = [
            vec![Point::state(State::Received), Point::once(Metric::Requests)],
            vec![Point::state(State::Pending)],
            vec![],
            vec![Point::once(Metric::ApprovalEmails)],
            vec![
                Point::state(State::Approved),
                Point::decision(Verdict::Approve),
                time(Metric::TimeToDecision, 65),
            ],
            vec![Point::state(State::Provisioning)],
            vec![
                Point::state(State::Active),
                time(Metric::TotalTimeToAccess, 75),
                time(Metric::TimeToAccess, 10),
            ],
            vec![],
            vec![Point::once(Metric::TicketUpdates)],
            vec![Point::state(State::Revoking)],
            vec![Point::state(State::Revoked), time(Metric::RemovalDelay, 30)],
        ];
        let found: Vec<_> = life().iter().map(points).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_forged_decision_is_counted_by_itself() {
        let record = life().swap_remove(4).record;
        let event = Event::Failed {
            code: FailureCode::UnprovenDecision,
        };
        let change = record.apply(event, Actor::Provisioner, at(70)).unwrap();
        assert_eq!(
            points(&change),
            [
                Point::state(State::Failed),
                Point::once(Metric::UnprovenDecisions)
            ]
        );
    }

    #[test]
    fn what_should_be_gone_is_seen() {
        let changes = life();
        let (active, revoking) = (&changes[8].record, &changes[9].record);
        assert_eq!(overdue(active, at(1_000)), None);
        let late = |seconds| Some(Point::seconds(Metric::RemovalOverdue, at(0), at(seconds)));
        assert_eq!(overdue(active, at(1_090)), late(90));
        assert_eq!(overdue(revoking, at(1_901)), late(900));
        assert_eq!(overdue(&changes[1].record, at(999_999)), None);
        assert_eq!(overdue(&changes[10].record, at(999_999)), None);
    }

    #[test]
    fn a_line_with_metrics_says_nothing_about_people() {
        let emitter = Emitter::new("snowgate".to_owned(), "snowgate-approval");
        for change in life() {
            let record = &change.record;
            let line = emitter.line(&points(&change), Some(record.id()), change.row.at);
            let whole = snowgate_core::stored::write(record).unwrap();
            let whole: Value = serde_json::from_str(&whole).unwrap();
            let mut held = Vec::new();
            texts(&whole["body"]["head"]["request"], &mut held);
            texts(&whole["body"]["phase"], &mut held);
            // Times and the request's id are what a line is for.
            held.retain(|text| text.len() > 7 && text != record.id().as_str());
            held.retain(|text| text.parse::<Timestamp>().is_err());
            assert!(held.iter().any(|text| text == CANARY));
            for text in held {
                assert!(!line.contains(&text), "`{text}` is in {line}");
            }
        }
    }

    /// All texts of a value.
    fn texts(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) => into.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
            Value::Object(members) => members.values().for_each(|item| texts(item, into)),
            _ => {}
        }
    }

    /// All operations pass through, whatever is measured.
    #[test]
    fn metered_requests_keep_the_contract() {
        let metered = Metered(FakeLedger::default());
        testkit::world::ready(testkit::contract::requests(&metered));
    }
}
