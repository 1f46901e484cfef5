//! More than can be read or written.

use ports::CallError;
use ports::ledger::{Commit, CommitError, MAX_TRAIL_BYTES, Requests};
use serde_json::{Value, json};
use snowgate_core::audit::TrailFault;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{AuditRow, Change, Deviation, Event, FailureCode, RequestRecord};

use super::{commit, held, read};
use crate::samples::{self, at, sys_id};

/// About as many bytes as an item may have.
const BIG: usize = 380_000;

async fn asked(ledger: &impl Requests) -> RequestRecord {
    let record = held(ledger, &sys_id(), at(0)).await;
    commit(ledger, samples::ask(&record, &[sys_id()], at(1))).await
}

/// A row in this place that says so much.
fn row(record: &RequestRecord, n: u64, bytes: usize) -> AuditRow {
    let renamed = |n| Deviation::Renamed {
        name: format!("{n:064}").parse().unwrap(),
    };
    let event = Event::DeviationsFound {
        found: (0..bytes / 95).map(renamed).collect(),
    };
    AuditRow {
        of: record.id().clone(),
        n,
        at: at(2),
        actor: Actor::Sweeper,
        event,
        state: record.state(),
        previous: None,
        trail_fault: None,
    }
}

/// The same record, with this row beside it.
fn beside(record: &RequestRecord, row: AuditRow) -> Commit {
    Commit::from(Change {
        replaces: Some(record.version()),
        record: record.clone(),
        row,
    })
}

/// A trail of more than is read is said to be that, and its record can be ended all the same.
pub async fn a_trail_too_long_is_not_read(ledger: &impl Requests) {
    let record = asked(ledger).await;
    let next = record.audit().count;
    for n in 0..=(MAX_TRAIL_BYTES / BIG) as u64 {
        let row = row(&record, next + n, BIG);
        ledger.commit(&beside(&record, row)).await.unwrap();
    }
    let long = read(ledger, record.id()).await;
    assert_eq!(long.trail_fault(), Some(TrailFault::TooLong));
    let unread = ledger.trail(record.id()).await;
    let code = |error: CallError| (error.is_transient(), error.code);
    assert_eq!(
        unread.map_err(code),
        Err((false, "TrailTooLong".to_owned()))
    );
    // Its first rows say what may be in IAM, whatever stands in front of them.
    let first = ledger.first_rows(record.id()).await.unwrap();
    let places: Vec<Option<u64>> = first.iter().take(3).map(|row| row.place).collect();
    assert_eq!(places, [Some(0), Some(1), Some(2)]);
    assert!(
        long.was_put_back(),
        "no row that is read says that nothing was begun"
    );
    let code = FailureCode::BrokenTrail;
    let failed = long.apply(Event::Failed { code }, Actor::Provisioner, at(3));
    commit(ledger, failed.unwrap()).await;
    let ended = read(ledger, record.id()).await;
    assert_eq!(
        (ended.state(), ended.trail_fault()),
        (State::Failed, Some(TrailFault::TooLong)),
        "its end is borne out by the last row"
    );
}

/// What is bigger than an item may be is refused for good, and nothing of it is written.
pub async fn what_is_too_big_is_refused_for_good(ledger: &impl Requests) {
    let record = asked(ledger).await;
    let change = samples::withdraw(&record, at(2));
    let padded = samples::tampered(&change.record, |body| {
        let found = vec![json!({"type": "gone"}); 420_000 / 15];
        let reports = json!([{"at": "2026-11-01T08:00:00Z", "found": found}]);
        let head = body.get_mut("head").and_then(Value::as_object_mut).unwrap();
        head.insert("deviations".to_owned(), reports);
    });
    let change = Change {
        record: padded,
        ..change
    };
    let refused = ledger.commit(&change.into()).await;
    assert!(
        matches!(&refused, Err(CommitError::Call(call)) if !call.is_transient()),
        "{refused:?}"
    );
    assert_eq!(read(ledger, record.id()).await, record);
}

/// Requests are peeked at many at once, without their trails; those that are not there are left out.
pub async fn requests_are_peeked_at(ledger: &impl Requests) {
    let one = asked(ledger).await;
    let other = asked(ledger).await;
    let ids = [one.id().clone(), samples::request_id(), other.id().clone()];
    let mut found = ledger.peek(&ids).await.unwrap();
    found.sort_by_key(|record| record.id() != one.id());
    assert_eq!(found, [one, other]);
    assert_eq!(ledger.peek(&[]).await.unwrap(), []);
}
