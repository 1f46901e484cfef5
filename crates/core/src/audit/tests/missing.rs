//! Rows that are missing, garbled or beside the places of a trail.

use super::*;

/// A stray item sorts in front of all rows, or among them: the rows follow from each other all the same.
#[test]
fn what_stands_beside_the_places_cuts_no_trail_short() {
    let (record, rows) = last();
    let all = chained::<RequestRecord>(&rows, record.id());
    assert_eq!(all.len(), rows.len());
    let stray = StoredRow {
        place: None,
        bytes: "?".to_owned(),
        hash: None,
    };
    for n in 0..=rows.len() {
        let mut with = rows.clone();
        with.insert(n, stray.clone());
        assert_eq!(
            chained::<RequestRecord>(&with, record.id()),
            all,
            "in front of row {n}"
        );
        assert!(verify(&with, &record).is_err());
    }
}

/// A record that was put back to before it was begun. Where a row cannot be read, or is missing, it may be
/// the one that says so; where all are there, they tell.
#[test]
fn rows_that_are_missing_may_say_that_it_was_begun() {
    let (records, rows) = granted();
    let junk = |row: &StoredRow| StoredRow {
        bytes: "?".to_owned(),
        ..row.clone()
    };
    let may_be_begun = |record: &RequestRecord, rows: &[StoredRow]| {
        let (found, error) = examine(rows, record.clone());
        assert!(error.is_some());
        assert_eq!(found.was_put_back(), found.evidence().may_be_begun);
        found.was_put_back()
    };
    let begun_at = rows
        .iter()
        .position(|row| begins(&row.read().unwrap()))
        .unwrap();
    for (n, record) in records.iter().enumerate().take(begun_at) {
        assert!(
            may_be_begun(record, &rows),
            "put back to {}",
            record.state()
        );
        let mut garbled = rows.clone();
        for row in garbled.iter_mut().skip(begun_at) {
            *row = junk(row);
        }
        assert!(may_be_begun(record, &garbled), "all that follow are junk");
        // It says something else than what was hashed, and is the last one.
        let mut edited = rows.get(..=begun_at).unwrap().to_vec();
        let other = rewritten(&rows[begun_at], |row| {
            row.event = claim(review_request(2));
            row.state = State::Approved;
        });
        edited[begun_at].bytes = other.bytes;
        assert!(may_be_begun(record, &edited));
        // Only that row is missing, and the next ones tell.
        let mut without = rows.clone();
        without.remove(begun_at);
        assert!(may_be_begun(record, &without));
        if n > 0 {
            let mut hole = rows.get(..=n).unwrap().to_vec();
            hole.remove(0);
            assert!(may_be_begun(record, &hole), "a hole before it");
        }
    }
    // Every row is there and can be read, and the last one bears the record out.
    let record = records.get(begun_at - 1).unwrap();
    let there = rows.get(..begun_at).unwrap();
    let mut other = record.clone();
    other.head.preexisting = vec![crate::effect::EffectChange::PolicyAttached {
        policy_arn: "arn:aws:iam::210987654321:policy/x".parse().unwrap(),
    }];
    assert!(!may_be_begun(&other, there), "nothing was begun");
}

fn begins(row: &AuditRow) -> bool {
    matches!(row.event, Event::ProvisioningStarted { .. })
}
