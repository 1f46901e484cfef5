//! What is changed by hand while access is active, and requests that overlap.

use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Deviation, Event, Message, RequestRecord, RevokedBy};
use testkit::samples;
use testkit::world::{World, at};
use testkit::{AccountFault, QueueName};

use super::{active, attached, end, provision};

fn end_early(world: &World, record: &RequestRecord, second: i64) -> RequestRecord {
    let early = Event::RevocationRequested {
        by: RevokedBy::Client,
        reason: None,
        signature: None,
    };
    let client = Actor::Client {
        client: samples::client(),
    };
    let ending = world.apply(&world.load(record.id()), early, client, at(second));
    let after = provision(world, &ending, second + 1);
    assert_eq!(after.state(), State::Revoked);
    after
}

fn by_hand(world: &World, is_attached: bool) {
    let mut facts = world.directory.facts(&world.target).unwrap();
    facts.attached.clear();
    if is_attached {
        facts.attached.push(samples::policy().to_string());
    }
    world.directory.put_principal(&world.target, facts);
}

/// Attached by hand, found by A, detached by hand, made by B, found by C: it is B's and C's.
#[test]
fn what_a_live_request_gives_was_not_there_before() {
    let world = World::default();
    by_hand(&world, true);
    let a = active(&world, 0);
    by_hand(&world, false);
    let b = active(&world, 10);
    let c = active(&world, 20);
    let b = end_early(&world, &b, 30);
    assert_eq!(b.retained().len(), 1, "still given");
    assert!(attached(&world, &world.target), "C gives it");
    assert_eq!(world.load(c.id()).state(), State::Active);
    end_early(&world, &c, 40);
    assert!(!attached(&world, &world.target), "nobody gives it");
    end_early(&world, &a, 50);
}

#[test]
fn what_two_requests_found_stays_with_both() {
    let world = World::default();
    by_hand(&world, true);
    let (a, b) = (active(&world, 0), active(&world, 10));
    end_early(&world, &a, 20);
    let c = active(&world, 30);
    end_early(&world, &b, 40);
    let c = end_early(&world, &c, 50);
    assert!(attached(&world, &world.target));
    assert_eq!(c.retained().len(), 1);
}

#[test]
fn what_is_detached_by_hand_is_told_once_and_not_attached_again() {
    let world = World::default();
    let record = active(&world, 0);
    by_hand(&world, false);
    let _ = world.queues.take(QueueName::Outcomes);
    let told = provision(&world, &record, 4_000);
    assert_eq!(told.state(), State::Active);
    let found: Vec<&Deviation> = told.deviations().collect();
    assert!(
        matches!(found.as_slice(), [Deviation::Missing { .. }]),
        "{found:?}"
    );
    let note = Message::Deviation { report: 0 };
    assert!(told.due_deliveries(at(4_000)).contains(&note));
    assert!(!world.queues.take(QueueName::Outcomes).is_empty());
    let again = provision(&world, &told, 9_000);
    assert_eq!(again.deviation_reports().len(), 1);
    assert!(!attached(&world, &world.target));
    assert_eq!(world.directory.changes().len(), 1, "IAM is left as it is");
    let after = provision(&world, &again, end(&record));
    assert_eq!(after.state(), State::Revoked);
}

#[test]
fn a_principal_that_was_renamed_or_deleted_is_told_while_access_is_active() {
    let world = World::default();
    let record = active(&world, 0);
    let renamed = world.directory.rename(&world.target, "rita.gupta");
    let told = provision(&world, &record, 4_000);
    let found: Vec<&Deviation> = told.deviations().collect();
    assert!(
        matches!(found.as_slice(), [Deviation::Renamed { .. }]),
        "{found:?}"
    );
    world.directory.remove_principal(&renamed);
    let told = provision(&world, &told, 8_000);
    assert_eq!(told.deviations().last(), Some(&Deviation::Gone));
    assert_eq!(told.state(), State::Active);
}

#[test]
fn active_access_is_compared_every_hour_and_trouble_is_no_drift() {
    let world = World::default();
    let record = active(&world, 0);
    let state = State::Active;
    let record = world.deliver(
        &record,
        &Message::TicketNote { state },
        Actor::Reporter,
        at(2),
    );
    let record = world.deliver(&record, &Message::Outcome { state }, Actor::Reporter, at(3));
    let due = record.due_at().unwrap();
    assert_eq!(due, at(3 + 3600));
    by_hand(&world, false);
    let account = &world.target.account_id;
    world
        .directory
        .set_fault(account, Some(AccountFault::Throttled));
    let unread = provision(&world, &record, 3603);
    assert_eq!(unread.deviations().count(), 0);
    assert_eq!(
        unread.due_at(),
        Some(at(3603 + 3600)),
        "and once more later"
    );
    world.directory.set_fault(account, None);
    let told = provision(&world, &unread, 7_300);
    assert_eq!(told.deviations().count(), 1);
}

/// The calls of IAM and ledger that a look at active access takes.
fn calls_of_look(world: &World, record: &RequestRecord, second: i64) -> u64 {
    world.fault.mend();
    let _ = provision(world, record, second);
    world.fault.calls()
}

#[test]
fn what_is_known_to_be_otherwise_is_looked_at_once() {
    let world = World::default();
    let record = active(&world, 0);
    let as_it_should_be = calls_of_look(&world, &record, 4_000);
    by_hand(&world, false);
    let first = calls_of_look(&world, &record, 8_000);
    assert_eq!(world.load(record.id()).deviations().count(), 1);
    let second = calls_of_look(&world, &record, 12_000);
    assert!(
        first > second && second <= as_it_should_be,
        "{first}, {second}"
    );
    // Gone, too.
    world.directory.remove_principal(&world.target);
    let first = calls_of_look(&world, &record, 16_000);
    assert_eq!(world.load(record.id()).deviations().count(), 2);
    let second = calls_of_look(&world, &record, 20_000);
    assert!(
        first > second && second <= as_it_should_be + 1,
        "{first}, {second}"
    );
}
