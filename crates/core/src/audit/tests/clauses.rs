//! Each clause of a trail by itself.

use super::*;

/// Another request with the digest of what it says.
#[test]
fn another_request_than_was_received_is_found() {
    let (record, rows) = last();
    let other = forged(&record, |body| {
        body["head"]["request"]["duration"] = json!("PT9H");
    });
    let digest = other.request().digest().unwrap();
    let other = forged(&other, |body| {
        body["head"]["request_digest"] = json!(digest)
    });
    let found = fault(&rows, &other).map(|found| found.0);
    assert_eq!(found, Some(TrailFault::Disagrees));
}

/// All rows are hashed anew, and the record knows the last of them.
#[test]
fn a_row_of_another_place_or_request_is_found_whatever_follows_it() {
    let (record, rows) = last();
    type Rewrite = fn(&mut AuditRow);
    let rewrites: [(Rewrite, TrailFault); 2] = [
        (|row| row.n = 7, TrailFault::Order),
        (
            |row| row.of = RequestId::from_random([9; 16]),
            TrailFault::Changed,
        ),
    ];
    for (rewrite, expected) in rewrites {
        let mut previous = None;
        let anew = rows.iter().zip(0_u64..).map(|(row, place)| {
            let row = rewritten(row, |row| {
                row.previous = previous.take();
                if place == 2 {
                    rewrite(row);
                }
            });
            previous = row.hash.clone();
            let place = Some(place);
            StoredRow { place, ..row }
        });
        let anew: Vec<StoredRow> = anew.collect();
        let forged = forged(&record, |body| {
            body["head"]["audit"]["hash"] = json!(anew.last().unwrap().hash);
        });
        assert_eq!(fault(&anew, &forged), Some((expected, 2)));
    }
}
