//! Times and numbers that somebody with access to the table may write: what nothing can be reckoned
//! with is not read, and whatever is read is no reason to stop.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::*;
use crate::plan;
use crate::record::tests::at;
use crate::record::{Event, Message, Worker};

/// A second of the year 9999, the last but one that can be told.
const LATE: i64 = 253_402_207_199;
/// The second that can be told.
const EARLY: i64 = -377_705_023_200;

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Puts every time of a document there.
fn put_off(value: &mut Value, to: Timestamp) {
    match value {
        Value::String(text) if text.parse::<Timestamp>().is_ok() => *text = to.to_string(),
        Value::Array(items) => items.iter_mut().for_each(|item| put_off(item, to)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    // When a decision was signed.
                    Value::Number(_) if name == "at" => *member = to.as_second().into(),
                    _ => put_off(member, to),
                }
            }
        }
        _ => {}
    }
}

/// A record of every state, all of whose times are this.
fn all_at(time: Timestamp) -> Vec<RequestRecord> {
    let records = samples::records().into_iter().map(|record| {
        let mut document: Value = serde_json::from_str(&write(&record).unwrap()).unwrap();
        put_off(&mut document, time);
        read(&document.to_string()).unwrap()
    });
    records.collect()
}

#[test]
fn no_time_in_a_record_is_a_reason_to_stop() {
    let awaited = SignedDuration::from_hours(72);
    for (time, end) in [(LATE, Timestamp::MAX), (EARLY, Timestamp::MIN)] {
        for record in all_at(second(time)) {
            let state = record.state();
            assert_eq!(record.since(), second(time), "{state}");
            let latest = record.latest_end();
            let is_decided = !record.decisions().is_empty();
            assert_eq!(latest.is_some(), is_decided, "{state}");
            if let Some(latest) = latest.filter(|_| time == LATE) {
                assert_eq!(latest, end, "{state}");
            }
            if let Some(extension) = record.extension().filter(|_| time == EARLY) {
                assert_eq!(extension.since, end, "{state}");
            }
            let ends = record.ends_at();
            assert_eq!(ends, record.until(), "{state}");
            let _ = record.overdue(at(0), awaited);
            let _ = Worker::ALL.map(|worker| record.waits_for(worker, at(0)));
            let _ = (record.next_try(at(0)), record.scheduled(at(0)));
            let _ = record.due_deliveries(at(0));
            let _ = plan::effects_of_ended(&record);
            let begun = plan::effects_of_begun(&record);
            let is_begun = ["Provisioning", "Active", "Revoking"].contains(&state.name());
            assert_eq!(!begun.is_empty(), is_begun, "{state}");
        }
    }
}

#[test]
fn access_that_ends_before_all_times_ends_soon() {
    let mut all = all_at(second(EARLY)).into_iter();
    let active = all.find(|record| record.state().name() == "Active");
    let due = active.unwrap().due_deliveries(at(0));
    assert!(due.contains(&Message::EndsSoon), "{due:?}");
}

#[test]
fn a_lost_request_that_was_decided_or_active_at_the_end_of_time_has_an_end() {
    let mut decision = samples::decision();
    decision.signed.decision.at = LATE;
    let until = second(LATE);
    for event in [Event::Decided { decision }, Event::Activated { until }] {
        let trail = [samples::row(event)];
        assert_eq!(plan::latest_end_of(&trail), Timestamp::MAX);
    }
}

/// One more change can always be counted.
#[test]
fn what_cannot_be_counted_on_is_not_read() {
    let record = samples::records().pop().unwrap();
    let with = |member: &str, count: u64| {
        let mut document: Value = serde_json::from_str(&write(&record).unwrap()).unwrap();
        *document.pointer_mut(member).unwrap() = count.into();
        read::<RequestRecord>(&document.to_string())
    };
    for member in ["/body/head/version", "/body/head/audit/count"] {
        assert!(with(member, 9_999_999_998).is_ok(), "{member}");
        for too_many in [9_999_999_999, u64::MAX] {
            let refused = with(member, too_many);
            assert!(matches!(refused, Err(ReadError::Json { .. })), "{member}");
        }
    }
}
