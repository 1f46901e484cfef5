//! Every way in which rows or the record can be changed by somebody with access to the table.

mod abandoned;
mod clauses;
mod missing;

use serde_json::{Value, json};

use super::*;
use crate::approval::Verdict;
use crate::id::RequestId;
use crate::lifecycle::{Actor, State};
use crate::record::tests::{
    ONE, approver, asked, at, claim, decide, received, request, review_request, slot,
};
use crate::record::{AuditRow, Change, ChangeError, Event, FailureCode, RequestRecord, RevokedBy};
use crate::stored;

/// A request that was granted, with its trail, and the record after each row.
fn granted() -> (Vec<RequestRecord>, Vec<StoredRow>) {
    let mut change = received();
    let mut records = vec![change.record.clone()];
    let mut rows = vec![change.row.stored().unwrap()];
    let mut then = |event: fn(&RequestRecord) -> Event, actor: Actor| {
        let record = &change.record;
        change = record.apply(event(record), actor, at(20)).unwrap();
        records.push(change.record.clone());
        rows.push(change.row.stored().unwrap());
    };
    let round = |_: &RequestRecord| Event::ApprovalRequested {
        round: asked(vec![slot("210987654321", &[2])]),
    };
    then(round, Actor::Dispatcher);
    then(|_| claim(review_request(2)), Actor::Dispatcher);
    then(
        |record| decide(record, ONE, 2, Verdict::Approve),
        approver(2),
    );
    then(
        |_| Event::ProvisioningStarted {
            preexisting: Vec::new(),
        },
        Actor::Provisioner,
    );
    then(|_| Event::Activated { until: at(9000) }, Actor::Provisioner);
    (records, rows)
}

fn last() -> (RequestRecord, Vec<StoredRow>) {
    let (mut records, rows) = granted();
    (records.pop().unwrap(), rows)
}

fn fault(rows: &[StoredRow], record: &RequestRecord) -> Option<(TrailFault, u64)> {
    let error = verify(rows, record).err()?;
    Some((error.fault, error.row))
}

/// The row with something else in it, hashed anew.
fn rewritten(row: &StoredRow, rewrite: impl FnOnce(&mut AuditRow)) -> StoredRow {
    let mut read = row.read::<RequestRecord>().unwrap();
    rewrite(&mut read);
    read.stored().unwrap()
}

#[test]
fn a_trail_bears_out_the_record_after_each_row() {
    let (records, rows) = granted();
    for (n, record) in records.iter().enumerate() {
        let there = rows.get(..=n).unwrap();
        assert_eq!(verify(there, record).unwrap().len(), n + 1);
        assert_eq!(examine(there, record.clone()), (record.clone(), None));
    }
}

#[test]
fn every_change_of_a_row_is_found() {
    let (record, rows) = last();
    for n in 0..rows.len() {
        let place = n as u64;
        let is_last = n + 1 == rows.len();
        let end = (TrailFault::Head, rows.len() as u64 - 1);
        let or_end = |fault, row| Some(if is_last { end } else { (fault, row) });
        let with = |row: StoredRow| {
            let mut with = rows.clone();
            with[n] = row;
            with
        };
        let row = &rows[n];
        // Bytes that say the same are other bytes.
        let spaced = StoredRow {
            bytes: format!("{} ", row.bytes),
            ..row.clone()
        };
        assert_eq!(
            fault(&with(spaced), &record),
            or_end(TrailFault::Changed, place)
        );
        for hash in [None, rows[(n + 1) % rows.len()].hash.clone()] {
            let unhashed = StoredRow {
                hash,
                ..row.clone()
            };
            assert_eq!(
                fault(&with(unhashed), &record),
                or_end(TrailFault::Changed, place)
            );
        }
        let later = rewritten(row, |row| row.at = at(99));
        assert_eq!(
            fault(&with(later), &record),
            or_end(TrailFault::Changed, place + 1)
        );
        let strange = "canary".to_owned();
        let hash = Some(StoredRow::hash_of::<RequestRecord>(&strange));
        let strange = StoredRow {
            bytes: strange,
            hash,
            ..row.clone()
        };
        assert_eq!(
            fault(&with(strange), &record),
            or_end(TrailFault::Unreadable, place)
        );
        let nowhere = StoredRow {
            place: None,
            ..row.clone()
        };
        assert_eq!(
            fault(&with(nowhere), &record),
            or_end(TrailFault::Order, place)
        );
        let mut cut = rows.clone();
        let _ = cut.remove(n);
        assert_eq!(fault(&cut, &record), or_end(TrailFault::Order, place));
        assert!(
            fault(rows.get(..n).unwrap(), &record).is_some(),
            "cut at {n}"
        );
        let mut swapped = rows.clone();
        swapped.swap(n, (n + 1) % rows.len());
        assert!(fault(&swapped, &record).is_some(), "swapped {n}");
    }
}

#[test]
fn a_row_that_the_record_does_not_know_is_found() {
    let (record, rows) = last();
    let next = record.audit().count;
    let foreign = StoredRow {
        place: Some(next),
        bytes: String::new(),
        hash: None,
    };
    let mut more = rows.clone();
    more.push(foreign.clone());
    assert_eq!(fault(&more, &record), Some((TrailFault::InTheWay, next)));
    more.push(StoredRow {
        place: Some(next + 5),
        ..foreign
    });
    let (broken, error) = examine(&more, record);
    assert_eq!(error.unwrap().fault, TrailFault::InTheWay);
    assert_eq!(
        broken.audit().count,
        next + 1,
        "the next one goes where none is"
    );
    // All of the trail of another request, end and all.
    let (id, client) = (
        RequestId::from_random([2; 16]),
        "servicenow".parse().unwrap(),
    );
    let other = RequestRecord::receive(id, client, request(), at(0)).unwrap();
    let theirs = [other.row.stored().unwrap()];
    assert_eq!(fault(&theirs, &other.record), None);
    let mut mine = received().record;
    mine.head.audit = other.record.audit().clone();
    assert!(fault(&theirs, &mine).is_some());
}

/// The record with its stored form changed.
fn forged(record: &RequestRecord, forge: impl FnOnce(&mut Value)) -> RequestRecord {
    let mut document: Value = serde_json::from_str(&stored::write(record).unwrap()).unwrap();
    forge(&mut document["body"]);
    stored::read(&document.to_string()).unwrap()
}

#[test]
fn a_record_that_says_something_else_than_its_trail_is_found() {
    type Forge = fn(&mut Value);
    let forges: [(&str, Forge, TrailFault); 13] = [
        (
            "another state",
            |body| {
                let round = body["phase"]["access"]["round"].take();
                body["phase"] = json!({"type": "approved", "round": round});
            },
            TrailFault::Head,
        ),
        (
            "ended",
            |body| {
                let access = body["phase"]["access"].take();
                let ending = json!({"type": "revoked", "access": access, "retained": []});
                body["phase"] = json!({"type": "ended", "ending": ending});
            },
            TrailFault::Head,
        ),
        (
            "for ever",
            |body| {
                body["phase"]["access"]["until"] = json!("9999-01-01T00:00:00Z");
            },
            TrailFault::Disagrees,
        ),
        (
            "another request",
            |body| {
                body["head"]["request"]["duration"] = json!("PT9H");
            },
            TrailFault::Disagrees,
        ),
        (
            "another client",
            |body| body["head"]["client"] = json!("other"),
            TrailFault::Disagrees,
        ),
        (
            "received at another time",
            |body| body["head"]["created_at"] = json!("2026-01-01T00:00:00Z"),
            TrailFault::Disagrees,
        ),
        (
            "since another time",
            |body| body["head"]["since"] = json!("9999-12-30T22:00:00Z"),
            TrailFault::Disagrees,
        ),
        (
            "a report that nobody made",
            |body| {
                let report = json!({"at": body["head"]["since"], "found": [{"type": "gone"}]});
                body["head"]["deviations"] = json!([report]);
            },
            TrailFault::Disagrees,
        ),
        (
            "a message that nobody sent",
            |body| {
                let sent = json!({"type": "sent", "at": body["head"]["since"], "message_id": null});
                body["deliveries"][0]["outcome"] = sent;
            },
            TrailFault::Disagrees,
        ),
        (
            "a claim that nobody made",
            |body| body["deliveries"][0]["claimed_at"] = json!("2026-01-01T00:00:00Z"),
            TrailFault::Disagrees,
        ),
        (
            "revoked by somebody",
            |body| {
                let until = body["phase"]["access"]["until"].clone();
                body["phase"]["access"]["revocation"] = json!({
                    "by": {"type": "client"}, "reason": null, "at": until, "instead_of": until,
                });
            },
            TrailFault::Disagrees,
        ),
        (
            "no decision",
            |body| {
                body["phase"]["access"]["round"]["decisions"] = json!([]);
            },
            TrailFault::Disagrees,
        ),
        (
            "another principal",
            |body| {
                let round = &mut body["phase"]["access"]["round"];
                round["binding"]["principal"]["unique_id"] = json!("AIDAOTHER");
            },
            TrailFault::Disagrees,
        ),
    ];
    let (record, rows) = last();
    for (name, forge, expected) in forges {
        let forged = forged(&record, forge);
        assert_eq!(
            fault(&rows, &forged).map(|found| found.0),
            Some(expected),
            "{name}"
        );
    }
}

#[test]
fn with_a_broken_trail_nothing_is_given_and_everything_ends() {
    let (records, _) = granted();
    let broken = |n: usize, fault| {
        records[n]
            .clone()
            .with_broken_trail(fault, 40, TrailEvidence::default())
    };
    let end = |record: &RequestRecord, event: Event| -> Change {
        let change = record.apply(event, Actor::Provisioner, at(9000)).unwrap();
        assert_eq!(
            (change.row.n, change.row.trail_fault),
            (40, record.trail_fault())
        );
        assert!(change.record.trail_fault().is_some(), "it stays known");
        change
    };
    let revocation = Event::RevocationRequested {
        by: RevokedBy::Client,
        reason: None,
        signature: None,
    };
    let failed = Event::Failed {
        code: FailureCode::BrokenTrail,
    };
    let ends = [
        (0, Event::Expired, State::Expired),
        (1, Event::Withdrawn { reason: None }, State::Withdrawn),
        (3, failed.clone(), State::Failed),
        (4, failed, State::Failed),
        (5, revocation, State::Active),
        (5, Event::RevocationStarted, State::Revoking),
    ];
    for fault in [TrailFault::Head, TrailFault::Changed, TrailFault::InTheWay] {
        for (n, event, state) in ends.clone() {
            assert_eq!(end(&broken(n, fault), event).record.state(), state);
        }
        let yes = decide(&records[2], ONE, 2, Verdict::Approve);
        let gives = [
            (1, claim(review_request(2))),
            (2, yes),
            (
                3,
                Event::ProvisioningStarted {
                    preexisting: Vec::new(),
                },
            ),
            (4, Event::Activated { until: at(9000) }),
        ];
        for (n, event) in gives {
            let refused = broken(n, fault).apply(event, approver(2), at(20));
            assert!(matches!(refused, Err(ChangeError::BrokenTrail(found)) if found == fault));
        }
        assert_eq!(
            broken(2, fault).due_deliveries(at(20)),
            [],
            "nobody is written to"
        );
    }
}

#[test]
fn an_end_is_told_where_the_last_row_bears_it_out() {
    let (record, mut rows) = last();
    let foreign = StoredRow {
        place: Some(6),
        bytes: String::new(),
        hash: None,
    };
    rows.push(foreign);
    let (broken, _) = examine(&rows, record);
    let revoking = broken
        .apply(Event::RevocationStarted, Actor::Provisioner, at(9000))
        .unwrap();
    rows.push(revoking.row.stored().unwrap());
    let retained = Vec::new();
    let ended = revoking
        .record
        .apply(Event::Revoked { retained }, Actor::Provisioner, at(9001));
    let ended = ended.unwrap();
    rows.push(ended.row.stored().unwrap());
    let (read, error) = examine(&rows, ended.record.clone());
    assert_eq!(error.unwrap().row, 6);
    assert_eq!(
        read.audit().count,
        ended.record.audit().count,
        "it goes on where it ends"
    );
    assert_eq!(read.unreported(), Some(State::Revoked));
    let note = read.due_deliveries(at(9002)).remove(0);
    let claimed = read.apply(claim(note), Actor::Reporter, at(9002)).unwrap();
    assert_eq!(claimed.row.n, 9);
    // Whoever only writes the word `Revoked` into the record is not believed.
    let _ = rows.pop();
    let (read, error) = examine(&rows, ended.record);
    assert_eq!(error.unwrap().fault, TrailFault::Head);
    assert_eq!(
        (read.unreported(), read.due_deliveries(at(9002))),
        (None, Vec::new())
    );
}
