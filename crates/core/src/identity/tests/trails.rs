//! What a trail bears out, and what is done where it does not.

use super::*;

#[test]
fn its_trail_bears_out_each_record() {
    let mut states = Vec::new();
    for way in ways() {
        let (record, rows) = after(&way);
        states.push(record.state());
        assert_eq!(
            audit::examine(&rows, record.clone()),
            (record.clone(), None)
        );
        // Of a trail that was cut the record says more than its rows.
        let cut = rows.get(..rows.len() - 1).unwrap();
        let (examined, _) = audit::examine(cut, record);
        assert_eq!(examined.trail_fault(), Some(TrailFault::Head));
    }
    assert_eq!(states, IdentityState::ALL);
}

#[test]
fn whatever_a_record_says_otherwise_is_found() {
    type Forge = fn(&mut IdentityRecord);
    let forgeries: [(&str, Forge); 9] = [
        ("name", |record| {
            record.head.user.name = "root-admin".parse().unwrap()
        }),
        ("tags", |record| record.head.user.tags.clear()),
        ("created by", |record| record.head.created_by = request(9)),
        ("begun at", |record| record.head.begun_at = at(-60)),
        ("unique id", |record| {
            record.head.unique_id = Some("AIDAOTHER".to_owned())
        }),
        ("requests", |record| record.head.requests.push(request(9))),
        ("version", |record| record.head.version += 1),
        ("since", |record| record.head.since = at(-60)),
        ("phase", |record| {
            record.phase = IdentityPhase::Live { until: at(99_999) }
        }),
    ];
    let (record, rows) = after(&LIVE);
    for (what, forge) in forgeries {
        let mut forged = record.clone();
        forge(&mut forged);
        let (examined, error) = audit::examine(&rows, forged);
        assert!(error.is_some(), "{what}");
        assert_eq!(
            examined.trail_fault(),
            Some(TrailFault::Disagrees),
            "{what}"
        );
        let names_another = ["name", "tags", "created by", "begun at", "unique id"].contains(&what);
        assert_eq!(examined.is_unproven(), names_another, "{what}");
    }
}

/// Rows that no events of ours lead to are no trail, however well they are hashed.
#[test]
fn rows_that_skip_a_rule_are_no_trail() {
    let (record, rows) = after(&LIVE);
    let rewritten = |names: &[&str]| {
        let mut previous: Option<IdentityRow> = None;
        let mut written = Vec::new();
        for (n, name) in (0_u64..).zip(names) {
            let first: IdentityRow = rows.first().unwrap().read().unwrap();
            let row = IdentityRow {
                n,
                event: event(name),
                state: match *name {
                    "went_live" => IdentityState::Live,
                    _ => IdentityState::Creating,
                },
                previous: previous.as_ref().map(|row| row.hash().unwrap()),
                ..first
            };
            written.push(row.stored().unwrap());
            previous = Some(row);
        }
        let mut record = record.clone();
        let last = previous.unwrap();
        record.head.audit.count = written.len() as u64;
        record.head.audit.hash = last.hash().unwrap();
        record.head.version = written.len() as u64 - 1;
        record.head.since = last.at;
        audit::verify(&written, &record).is_ok()
    };
    assert!(rewritten(&["begun", "user_created", "went_live"]));
    assert!(!rewritten(&[
        "begun",
        "user_created",
        "user_created",
        "went_live"
    ]));
    assert!(!rewritten(&["begun", "went_live"]), "it was never seen");
    assert!(!rewritten(&["user_created", "went_live"]));
}

#[test]
fn a_row_of_a_request_is_none_of_a_user() {
    let (record, mut rows) = after(&LIVE);
    let last = rows.last_mut().unwrap();
    let hashed_as_a_request = [b"snowgate/audit/1\n", last.bytes.as_bytes()].concat();
    last.hash = Some(crate::id::Digest::of(&hashed_as_a_request));
    assert!(audit::verify(&rows, &record).is_err());
}

#[test]
fn a_broken_trail_takes_access_away_and_deletes_nothing() {
    for way in ways() {
        let (record, mut rows) = after(&way);
        let mut stray = rows.last().unwrap().clone();
        stray.place = Some(77);
        rows.push(stray);
        let (broken, _) = audit::examine(&rows, record.clone());
        assert_eq!(broken.trail_fault(), Some(TrailFault::InTheWay));
        assert!(!broken.is_unproven());
        for (name, event) in events() {
            let whole = apply(&record, event.clone(), 100);
            let taken = apply(&broken, event, 100);
            let ends = ["ending_started", "ended", "disabled", "abandoned"].contains(&name);
            assert_eq!(taken.is_ok(), ends && whole.is_ok(), "{name} after {way:?}");
        }
    }
}

/// Whoever writes the table makes up a record of a user that Snowgate never created.
#[test]
fn a_record_without_its_rows_leads_to_no_user() {
    let (record, rows) = after(&LIVE);
    let first = rows.get(..1).unwrap();
    for rows in [&[][..], first] {
        let (made_up, _) = audit::examine(rows, record.clone());
        assert!(made_up.is_unproven() && made_up.unique_id().is_none());
        for (name, event) in events() {
            assert!(apply(&made_up, event, 100).is_err(), "{name}");
        }
    }
    let (creating, _) = after(&[]);
    let (made_up, _) = audit::examine(&[], creating);
    let given_up = apply(&made_up, event("abandoned"), 100).unwrap();
    assert_eq!(given_up.state(), IdentityState::Abandoned);
}
