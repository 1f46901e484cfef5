//! The buckets of what is due take turns, and a run is measured.

use super::*;

/// A flood in one bucket is worked off run by run, keeps no other bucket back, and is reported.
#[test]
fn a_flood_is_worked_off_and_keeps_no_other_bucket_back() {
    let world = World::default();
    let received = world.received(at(0));
    let flooded = (bucket_of(received.id()) + 1) % ports::ledger::DUE_BUCKETS;
    for n in 0..1000 {
        world
            .ledger
            .put_stray(flooded, DueKind::Stray, at(-5000 + n));
    }
    let first = sweep(&world, 120);
    assert_eq!((first.woken, first.settled, first.cut), (1, 400, 1));
    let second = sweep(&world, 180);
    assert_eq!((second.settled, second.cut), (400, 1));
    assert_eq!(
        (sweep(&world, 240).settled, world.ledger.strays()),
        (200, Vec::new())
    );
}

/// What follows the first page of a flooded bucket waits until the others had their turn.
#[test]
fn buckets_take_turns() {
    let world = World::default();
    let one = world.received(at(0));
    let mut other = world.received(at(0));
    while bucket_of(other.id()) == bucket_of(one.id()) {
        other = world.received(at(0));
    }
    let mut both = [one, other];
    both.sort_by_key(|record| bucket_of(record.id()));
    let [flooded, quiet] = both.map(|record| record.id().clone());
    for n in 0..150 {
        let bucket = bucket_of(&flooded);
        world
            .ledger
            .put_stray(bucket, DueKind::Stray, at(-1000 + n));
    }
    let _ = sweep(&world, 120);
    let woken: Vec<String> = woken(&world).into_iter().map(|(_, id)| id).collect();
    let place = |id: &RequestId| woken.iter().position(|one| one == id.as_str());
    assert!(place(&quiet).is_some() && place(&quiet) < place(&flooded));
}

#[test]
fn a_bucket_that_cannot_be_read_keeps_no_other_back() {
    let world = World::default();
    let mut received = world.received(at(0));
    while bucket_of(received.id()) == 0 {
        received = world.received(at(0));
    }
    world.fault.at(1, Moment::Before, Aftermath::Alive);
    let swept = ready(sweeper(&world, &Fault::none()).sweep(at(120)));
    assert!(swept.is_err(), "the first bucket");
    let woken = woken(&world);
    assert!(woken.contains(&(QueueName::Requests, received.id().to_string())));
}

/// The index names a request that the ledger does not have.
#[test]
fn what_names_no_request_is_taken_out() {
    let world = World::default();
    let nothing = Aggregate::Request(samples::request_id());
    world.ledger.put_stray(0, DueKind::Known(nothing), at(5));
    let swept = sweep(&world, 10);
    assert_eq!((swept.settled, swept.failed), (1, 0));
    assert_eq!(world.ledger.strays(), Vec::new());
}

/// What the alarms look at.
#[test]
fn runs_are_measured() {
    let swept = Swept {
        oldest: 600,
        cut: 2,
        unreadable: 3,
        ..Swept::default()
    };
    let expected = [
        Point::times(Metric::OldestDue, 600),
        Point::times(Metric::SweepsCut, 2),
        Point::times(Metric::UnreadableDue, 3),
    ];
    assert_eq!(swept.measured(), expected);
    let found = Reconciled {
        missed: 4,
        cut: 5,
        ..Reconciled::default()
    };
    let expected = [
        Point::times(Metric::MissedEnds, 4),
        Point::times(Metric::SweepsCut, 5),
    ];
    assert_eq!(found.measured(), expected);
}
