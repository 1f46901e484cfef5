use serde_json::{Value, json};
use snowgate_core::approval::Verdict;
use snowgate_core::kind::GrantKind;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::Deviation;
use snowgate_core::request::AccessRequest;
use snowgate_core::volume::{VolumeCount, VolumeShare};
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
        RequestRecord::receive(samples::request_id(), samples::client(), request, at(0)).unwrap();
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

/// A parked removal has a metric of its own, and hides no other that is overdue.
#[test]
fn what_cannot_be_removed_is_seen_by_itself() {
    let revoking = life().swap_remove(9).record;
    let found = vec![Deviation::Parked];
    let found = Event::DeviationsFound { found };
    let parked = revoking
        .apply(found, Actor::Provisioner, at(99_999))
        .unwrap();
    assert_eq!(points(&parked), []);
    let parked = parked.record;
    assert_eq!(
        seen(&parked, at(999_999)),
        [Point::once(Metric::ParkedRemovals)]
    );
    let reason = "The account is closed".parse().unwrap();
    let reason = Event::Abandoned { reason };
    let ended = parked
        .apply(reason, Actor::Provisioner, at(999_999))
        .unwrap();
    assert_eq!(
        points(&ended),
        [
            Point::state(State::Abandoned),
            Point::once(Metric::AbandonedRemovals)
        ]
    );
    assert_eq!(seen(&ended.record, at(9_999_999)), []);
}

/// Whatever is counted, one request is told once, and nobody in it.
#[test]
fn more_than_is_usual_is_told_once_for_each_request() {
    let change = life().swap_remove(1);
    let count = |of: VolumeOf, total: u32| VolumeCount {
        share: VolumeShare {
            of,
            grants: 1,
            limit: 5,
        },
        window: 0,
        over: Vec::new(),
        total,
    };
    let kind = |total| count(VolumeOf::Kind(GrantKind::AssumeRole), total);
    let requester = testkit::world::requester().sys_id;
    let person = |total| count(VolumeOf::Requester(requester.clone()), total);
    let told = |volume| {
        let commit = Commit {
            volume,
            ..Commit::from(change.clone())
        };
        unusual(&commit)
    };
    assert_eq!(told(vec![]), []);
    assert_eq!(told(vec![kind(5), person(5)]), []);
    let once = [Point::once(Metric::UnusualVolume)];
    assert_eq!(told(vec![kind(6), person(5)]), once);
    assert_eq!(told(vec![kind(5), person(6)]), once);
    assert_eq!(told(vec![kind(6), person(7)]), once);
    let emitter = Emitter::new("snowgate".to_owned(), "snowgate-dispatcher");
    let line = emitter.line(&once, Some(change.record.id()), change.row.at);
    assert!(!line.contains(requester.as_str()), "{line}");
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
