//! More than can be read or written: what somebody with access to the table puts there hides no end.

use jiff::Timestamp;
use ports::ledger::{NewRequest, Requests as _, bucket_of};
use snowgate_core::audit::TrailFault;
use snowgate_core::lifecycle::State;
use snowgate_core::record::RequestRecord;
use testkit::tampering::{flood, pad};
use testkit::world::{OWNER, PENDING_FOR, World, at, ready};
use testkit::{QueueName, samples};

use super::{active, sweep, told, woken};

/// A request that waits for a decision, in this bucket.
fn pending_in(world: &World, bucket: u8) -> RequestRecord {
    let mut ids = std::iter::repeat_with(samples::request_id);
    let id = ids.find(|id| bucket_of(id) == bucket).unwrap();
    let change = RequestRecord::receive(id, samples::client(), world.request(), at(0)).unwrap();
    let record = change.record.clone();
    ready(world.ledger.create(&NewRequest { change, key: None })).unwrap();
    world.pend(record, &[OWNER], at(0)).0
}

#[test]
fn a_trail_too_long_to_read_hides_no_end() {
    let world = World::default();
    let flooded = told(&world, active(&world, 3600));
    flood(&world, &flooded);
    let fault = world.load(flooded.id()).trail_fault();
    assert_eq!(fault, Some(TrailFault::TooLong));
    let behind = told(&world, active(&world, 3601));
    assert_eq!(sweep(&world, 3601).woken, 2);
    let both = [&flooded, &behind].map(|record| (QueueName::Work, record.id().to_string()));
    let woken = woken(&world);
    assert!(both.iter().all(|one| woken.contains(one)), "{woken:?}");
}

/// As many as a run looks at in a bucket, whose expiry cannot be written, and one behind them.
#[test]
fn what_fails_for_good_keeps_no_place_in_front() {
    let world = World::default();
    world.ledger.hold_no_bigger(10_000);
    let behind = pending_in(&world, 0);
    for _ in 0..400 {
        let stuck = pending_in(&world, 0);
        pad(&world, &stuck.rescheduled(Some(at(1)), 0));
    }
    let end = PENDING_FOR.as_secs();
    assert_eq!(sweep(&world, end).expired, 0, "a flood is cut");
    assert_eq!(sweep(&world, end + 60).expired, 1);
    assert_eq!(world.load(behind.id()).state(), State::Expired);
}

/// Nothing can be written to it, not even another time in the index: it is taken out.
#[test]
fn what_cannot_even_be_put_off_is_taken_out_of_the_index() {
    let world = World::default();
    let stuck = pending_in(&world, 0);
    // Shorter than any time that is written in its place.
    let long_ago = Timestamp::from_second(-1).unwrap();
    pad(&world, &stuck.clone().rescheduled(Some(long_ago), 0));
    let end = PENDING_FOR.as_secs();
    let swept = sweep(&world, end);
    assert_eq!((swept.failed, swept.expired), (1, 0));
    assert_eq!(world.load(stuck.id()).due_at(), None);
    assert_eq!(sweep(&world, end + 60).failed, 0);
}
