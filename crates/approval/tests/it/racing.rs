//! Many decisions at once.

use ports::ledger::Requests as _;
use snowgate_core::approval::ReviewToken;
use snowgate_core::lifecycle::State;
use snowgate_core::record::{Event, RequestRecord};
use testkit::world::{COLLEAGUE, MEMBER, World, at};
use testkit::{Fault, QueueName};

use super::{approval, decision, event_of};

const CALLS: usize = 64;

/// Starts all calls before any of them is answered.
async fn race(world: &World, links: &[ReviewToken]) {
    let calls: Vec<_> = (0..CALLS)
        .map(|n| {
            let approval = approval(world, &Fault::none());
            let choice = if n % 3 == 0 { "approve" } else { "deny" };
            let event = event_of(decision(world, &links[n % links.len()], choice, 10));
            tokio::spawn(async move { approval.handle(&event, at(10)).await.status_code })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), 200, "everybody gets an honest page");
    }
}

async fn one_winner(world: &World, record: &RequestRecord) -> State {
    let after = world.load(record.id());
    assert_eq!(after.decisions().len(), 1);
    let trail = world.ledger.trail(record.id()).await.unwrap();
    let decided = trail
        .iter()
        .filter(|row| {
            matches!(
                row.read::<RequestRecord>().unwrap().event,
                Event::Decided { .. }
            )
        })
        .count();
    assert_eq!(decided, 1, "one audit row");
    let woken: Vec<QueueName> = world.queues.sent().iter().map(|one| one.queue).collect();
    // After an approval the colleague, too, is notified that nothing is left to do.
    let expected = match after.state() {
        State::Approved => &[QueueName::Work, QueueName::Outcomes][..],
        _ => &[QueueName::Outcomes],
    };
    assert_eq!(woken, expected, "one wakes the next");
    after.state()
}

/// Every call waits for a turn before each step, so that all of them read before any writes.
#[tokio::test]
async fn of_64_alternating_calls_one_wins() {
    for _ in 0..20 {
        let world = World::default();
        let (record, links) = world.pending(&[MEMBER, COLLEAGUE], at(0));
        world.fault.interleave();
        race(&world, &links).await;
        let state = one_winner(&world, &record).await;
        assert!([State::Approved, State::Denied].contains(&state));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_parallel_calls_one_wins() {
    for _ in 0..50 {
        let world = World::default();
        let (record, links) = world.pending(&[MEMBER, COLLEAGUE], at(0));
        race(&world, &links).await;
        let state = one_winner(&world, &record).await;
        assert!([State::Approved, State::Denied].contains(&state));
    }
}
