//! Who appends rows that abandon access appends the day in which it could not be removed, too.

use super::*;
use crate::effect::EffectChange;
use crate::record::{AuditRow, BlockedBecause, Deviation, Ending, Phase, RequestRecord};

const DAY: i64 = 24 * 3600;

/// A request whose access is being removed, after these findings, with its trail.
fn revoking(found: &[(i64, Deviation)]) -> (RequestRecord, Vec<StoredRow>) {
    let (mut record, mut rows) = last();
    let started = (9000, Event::RevocationStarted);
    let found = found.iter().map(|(second, found)| {
        let found = vec![found.clone()];
        (*second, Event::DeviationsFound { found })
    });
    for (second, event) in std::iter::once(started).chain(found) {
        let change = record.apply(event, Actor::Provisioner, at(second)).unwrap();
        rows.push(change.row.stored().unwrap());
        record = change.record;
    }
    (record, rows)
}

/// The same with a row that abandons it, and a record that agrees; what is wrong with the trail then.
fn abandoned(found: &[(i64, Deviation)]) -> Option<TrailFault> {
    let (mut record, mut rows) = revoking(found);
    let reason: crate::prose::Reason = "The account is closed".parse().unwrap();
    let row = AuditRow {
        of: record.id().clone(),
        n: record.audit().count,
        at: at(9 * DAY),
        actor: Actor::Provisioner,
        event: Event::Abandoned {
            reason: reason.clone(),
        },
        state: State::Abandoned,
        previous: Some(record.audit().hash.clone()),
        trail_fault: None,
    };
    let Phase::Revoking(access) = record.phase.clone() else {
        panic!("its access is being removed");
    };
    record.phase = Phase::Ended(Ending::Abandoned { access, reason });
    record.head.since = row.at;
    record.head.version += 1;
    record.head.audit = record.head.audit.with(&row).unwrap();
    rows.push(row.stored().unwrap());
    verify(&rows, &record).err().map(|error| error.fault)
}

#[test]
fn an_abandonment_that_skips_the_day_breaks_the_trail() {
    let policy_arn = "arn:aws:iam::210987654321:policy/reports-read";
    let still_there = Deviation::StillThere {
        change: EffectChange::PolicyAttached {
            policy_arn: policy_arn.parse().unwrap(),
        },
        because: BlockedBecause::NotPrepared,
    };
    let (blocked, parked) = ((9001, still_there), |second| (second, Deviation::Parked));
    assert_eq!(abandoned(&[blocked.clone(), parked(9001 + DAY)]), None);
    for skipped in [
        vec![],
        vec![blocked.clone()],
        vec![parked(9001 + DAY)],
        vec![blocked.clone(), parked(9000 + DAY)],
        vec![parked(9001), blocked],
    ] {
        assert_eq!(
            abandoned(&skipped),
            Some(TrailFault::Disagrees),
            "{skipped:?}"
        );
    }
}
