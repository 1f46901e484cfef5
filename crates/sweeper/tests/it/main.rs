//! The sweeper with ledger and queues in memory.
#![expect(
    clippy::unwrap_used,
    reason = "a test that panics is a test that fails"
)]

mod limits;
mod reconciling;
mod turns;
mod users;

use ports::ledger::{DueKind, Requests as _, bucket_of};
use shell::metrics::{Metric, Point};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::approval::Verdict;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Event, RequestRecord};
use sweeper::{Reconciled, Sweeper, SweeperPorts, Swept};
use testkit::world::{OWNER, PENDING_FOR, World, at, ready};
use testkit::{Aftermath, Failing, FakeLedger, FakeQueues, Fault, Moment, QueueName, samples};

/// Everything in memory.
struct Faked;

impl SweeperPorts for Faked {
    type Requests = Failing<FakeLedger>;
    type Index = Failing<FakeLedger>;
    type Identities = Failing<FakeLedger>;
    type Queues = Failing<FakeQueues>;
}

type Tested = Sweeper<Faked>;

fn sweeper(world: &World, queues: &Fault) -> Tested {
    Sweeper {
        requests: world.failing(&world.ledger),
        index: world.failing(&world.ledger),
        identities: world.failing(&world.ledger),
        queues: Failing::new(world.queues.clone(), queues),
        pending_for: PENDING_FOR,
    }
}

fn sweep(world: &World, second: i64) -> Swept {
    let swept = ready(sweeper(world, &Fault::none()).sweep(at(second))).unwrap();
    // How long something waited is looked at where it matters.
    Swept { oldest: 0, ..swept }
}

/// Who was woken, and for which requests.
fn woken(world: &World) -> Vec<(QueueName, String)> {
    let mut woken = Vec::new();
    for queue in [QueueName::Requests, QueueName::Work, QueueName::Outcomes] {
        let sent = world.queues.take(queue);
        woken.extend(sent.iter().map(|sent| (queue, sent.request().to_string())));
    }
    woken
}

fn active(world: &World, end: i64) -> RequestRecord {
    let provisioner =
        |record: &RequestRecord, event| world.apply(record, event, Actor::Provisioner, at(2));
    let started = provisioner(
        &world.approved(at(0)),
        Event::ProvisioningStarted {
            preexisting: Vec::new(),
        },
    );
    provisioner(&started, Event::Activated { until: at(end) })
}

#[test]
fn what_is_due_is_woken_and_nothing_else() {
    let world = World::default();
    let received = world.received(at(0));
    let approved = world.approved(at(0));
    let (pending, _) = world.pending(&[OWNER], at(0));
    let denied = world.decide(&pending, OWNER, Verdict::Deny, &world.keys, at(0));
    let (waiting, _) = world.pending(&[OWNER], at(0));
    assert_eq!(sweep(&world, 119), Swept::default());
    assert_eq!(woken(&world), []);
    let swept = sweep(&world, 120);
    assert_eq!((swept.woken, swept.expired, swept.failed), (3, 0, 0));
    let expected = [
        (QueueName::Requests, received.id().to_string()),
        (QueueName::Work, approved.id().to_string()),
        (QueueName::Outcomes, denied.id().to_string()),
    ];
    assert_eq!(woken(&world), expected);
    assert_eq!(world.load(waiting.id()), waiting);
    assert_eq!(sweep(&world, 180), Swept::default(), "not again at once");
    assert_eq!(sweep(&world, 120 + 120).woken, 3, "again a little later");
}

#[test]
fn what_nobody_decided_ends_when_its_time_is_over() {
    let world = World::default();
    let (record, _) = world.pending(&[OWNER], at(0));
    let end = PENDING_FOR.as_secs();
    assert_eq!(sweep(&world, end - 1), Swept::default());
    assert_eq!(sweep(&world, end).expired, 1);
    assert_eq!(world.load(record.id()).state(), State::Expired);
    assert_eq!(
        woken(&world),
        [(QueueName::Outcomes, record.id().to_string())]
    );
    assert_eq!(sweep(&world, end + 1), Swept::default());
}

#[test]
fn what_was_never_looked_at_or_provisioned_ends_too() {
    let world = World::default();
    let received = world.received(at(0));
    let approved = world.approved(at(0));
    let _ = sweep(&world, 24 * 3600);
    assert_eq!(world.load(approved.id()).state(), State::Expired);
    assert_eq!(world.load(received.id()).state(), State::Received);
    let _ = sweep(&world, PENDING_FOR.as_secs());
    let after = world.load(received.id());
    assert_eq!((after.state(), after.due_at()), (State::Expired, None));
}

#[test]
fn the_provisioner_is_woken_at_the_end_of_access() {
    let world = World::default();
    let record = told(&world, active(&world, 3600));
    assert_eq!(sweep(&world, 3599), Swept::default());
    assert_eq!(sweep(&world, 3600).woken, 1);
    assert_eq!(woken(&world), [(QueueName::Work, record.id().to_string())]);
}

/// The ticket and the requester are told; then nothing is left to do but to look.
fn told(world: &World, mut record: RequestRecord) -> RequestRecord {
    for message in record.due_deliveries(at(3)) {
        record = world.deliver(&record, &message, Actor::Reporter, at(3));
    }
    record
}

#[test]
fn the_provisioner_is_woken_every_hour_while_access_is_active() {
    let world = World::default();
    let record = told(&world, active(&world, 9000));
    assert_eq!(sweep(&world, 3602), Swept::default());
    assert_eq!(sweep(&world, 3603).woken, 1);
    assert_eq!(woken(&world), [(QueueName::Work, record.id().to_string())]);
    assert_eq!(world.load(record.id()).state(), State::Active);
}

/// A ticket that cannot be told must not put off the end of the access.
#[test]
fn access_ends_in_time_although_the_ticket_was_never_told() {
    for end in [1000, 3600, 4000, 8000] {
        let world = World::default();
        let record = active(&world, end);
        let mut wakes = Vec::new();
        for second in (0..=end + 60).step_by(60) {
            let _ = sweep(&world, second);
            if woken(&world).contains(&(QueueName::Work, record.id().to_string())) {
                wakes.push(second);
            }
        }
        let in_time = |at: &i64| (end..end + 120).contains(at);
        assert!(wakes.iter().any(in_time), "woken at {wakes:?} for {end}");
        let compared = wakes.iter().any(|at| *at < end);
        assert!(compared || end < 3600, "and compared with IAM before");
    }
}

#[test]
fn a_decision_at_the_last_moment_counts() {
    let world = World::default();
    let (record, _) = world.pending(&[OWNER], at(0));
    world.fault.interleave();
    let end = PENDING_FOR.as_secs();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let sweeper = sweeper(&world, &Fault::none());
        let sweep = tokio::spawn(async move { sweeper.sweep(at(end)).await.unwrap() });
        // It reads the request, somebody decides, and then it comes to write.
        let reads = u32::from(ports::ledger::bucket_of(record.id())) + 2;
        let (beside, record) = (world.clone(), record.clone());
        let decide = tokio::spawn(async move {
            for _ in 0..reads {
                testkit::turn().await;
            }
            beside.decide(&record, OWNER, Verdict::Approve, &beside.keys, at(end - 1))
        });
        assert_eq!(decide.await.unwrap().state(), State::Approved);
        let swept = sweep.await.unwrap();
        assert_eq!((swept.expired, swept.failed), (0, 0));
    });
    assert_eq!(world.load(record.id()).state(), State::Approved);
}

#[test]
fn one_that_fails_keeps_no_other_back() {
    let world = World::default();
    let ids: Vec<_> = (0..20)
        .map(|_| world.received(at(0)).id().clone())
        .collect();
    let queues = Fault::none();
    queues.at(3, Moment::Before, Aftermath::Alive);
    let swept = ready(sweeper(&world, &queues).sweep(at(200))).unwrap();
    assert_eq!((swept.woken, swept.failed), (19, 1));
    assert_eq!(woken(&world).len(), 19);
    let swept = sweep(&world, 201);
    assert_eq!((swept.woken, swept.failed), (1, 0), "it stayed due");
    let mut all: Vec<_> = woken(&world);
    all.dedup();
    assert_eq!(all.len(), 1);
    assert!(ids.iter().any(|id| id.to_string() == all[0].1));
}

#[test]
fn a_failure_anywhere_loses_nothing() {
    for moment in [Moment::Before, Moment::After] {
        for nth in 1..40 {
            let world = World::default();
            let record = world.received(at(0));
            world.fault.at(nth, moment, Aftermath::Dead);
            let _ = ready(sweeper(&world, &world.fault).sweep(at(200)));
            world.fault.mend();
            let _ = sweep(&world, 4000);
            assert!(woken(&world).contains(&(QueueName::Requests, record.id().to_string())));
            assert_eq!(world.load(record.id()).state(), State::Received);
        }
    }
}

#[test]
fn repeated_wake_ups_are_different_messages() {
    let world = World::default();
    let record = world.received(at(0));
    let (mut second, mut seen) = (120, Vec::new());
    for _ in 0..6 {
        assert_eq!(sweep(&world, second).woken, 1);
        let sent = world.queues.take(QueueName::Requests);
        assert!(
            sent[0].wake.attempt > 0,
            "none is taken for the first message"
        );
        assert!(!seen.contains(&sent[0].wake.attempt));
        seen.push(sent[0].wake.attempt);
        let due = world.load(record.id()).due_at().unwrap();
        second = due.as_second() - at(0).as_second();
    }
    let trail = ready(world.ledger.trail(record.id())).unwrap();
    assert_eq!(trail.len(), 1, "being woken is no event");
    assert_eq!(samples::client(), record.client().clone());
}

/// Finished requests that stand in the index all the same, a hundred in each bucket and more: they
/// are taken out, and the one whose access is over is found behind them.
#[test]
fn what_is_finished_hides_no_end() {
    let world = World::default();
    let mut record = active(&world, 9000);
    for message in record.due_deliveries(at(3)) {
        record = world.deliver(&record, &message, Actor::Reporter, at(3));
    }
    for n in 0..900 {
        let finished = world.received(at(0));
        let finished = world.apply(&finished, Event::Expired, Actor::Sweeper, at(1));
        assert_eq!(finished.due_at(), None);
        world.ledger.overwrite(finished.rescheduled(Some(at(n)), 0));
    }
    let swept = ready(sweeper(&world, &Fault::none()).sweep(at(9000))).unwrap();
    assert_eq!(
        (swept.settled, swept.woken, swept.failed, swept.cut),
        (900, 1, 0, 0)
    );
    assert_eq!(swept.oldest, 9000);
    assert_eq!(woken(&world), [(QueueName::Work, record.id().to_string())]);
    let left = world.ledger.records();
    let left = left.iter().filter(|left| left.due_at().is_some()).count();
    assert_eq!(left, 1, "nothing finished stands in the index");
}

/// What is of no known kind, or cannot be read, is in nobody's way: not in its bucket either.
#[test]
fn what_cannot_be_read_hides_nothing() {
    let world = World::default();
    let received = world.received(at(0));
    let bucket = bucket_of(received.id());
    for n in 0..250 {
        let about = if n % 2 == 0 {
            DueKind::Unknown
        } else {
            DueKind::Stray
        };
        world.ledger.put_stray(bucket, about, at(-1000 + n));
    }
    let garbled = world.received(at(0));
    world.ledger.garble(garbled.id());
    let swept = sweep(&world, 120);
    assert_eq!((swept.woken, swept.failed, swept.cut), (1, 0, 0));
    assert_eq!((swept.unreadable, swept.settled), (126, 125));
    assert_eq!(
        woken(&world),
        [(QueueName::Requests, received.id().to_string())]
    );
    // Whoever knows the kind finds it later; what never belongs there is gone.
    let strays = world.ledger.strays();
    assert_eq!(strays.len(), 125);
    assert!(strays.iter().all(|item| item.due_at == Some(at(120 + 900))));
    assert_eq!(sweep(&world, 121), Swept::default());
    assert_eq!(sweep(&world, 120 + 900).unreadable, 126, "reported again");
}

/// A due time that comes too early is put where it belongs.
#[test]
fn what_is_due_too_early_is_put_where_it_belongs() {
    let world = World::default();
    let (record, _) = world.pending(&[OWNER], at(0));
    world
        .ledger
        .overwrite(record.clone().rescheduled(Some(at(5)), 0));
    let swept = sweep(&world, 10);
    assert_eq!((swept.settled, swept.woken), (1, 0));
    assert_eq!(world.load(record.id()).due_at(), record.due_at());
}

#[test]
fn with_a_broken_trail_a_request_ends_and_nobody_is_woken_to_ask() {
    for tampering in testkit::tampering::TAMPERINGS {
        let world = World::default();
        let record = world.received(at(0));
        (tampering.tamper)(&world, &record);
        // Where a row may be missing that says that it was begun, the provisioner ends it.
        let is_sure = !world.load(record.id()).was_put_back();
        let to_end = (QueueName::Work, record.id().to_string());
        let expected = if is_sure { vec![] } else { vec![to_end] };
        let _ = sweep(&world, 120);
        assert_eq!(woken(&world), expected, "{}", tampering.name);
        let _ = sweep(&world, PENDING_FOR.as_secs() + 120);
        let ended = if is_sure {
            State::Expired
        } else {
            State::Received
        };
        let state = world.load(record.id()).state();
        assert_eq!(state, ended, "{}", tampering.name);
    }
}

#[test]
fn access_with_a_broken_trail_is_looked_at_at_its_end() {
    for tampering in testkit::tampering::TAMPERINGS {
        let world = World::default();
        let record = active(&world, 9000);
        (tampering.tamper)(&world, &record);
        let _ = sweep(&world, 8000);
        let is_work = |(queue, _): &(QueueName, String)| *queue == QueueName::Work;
        let nobody_is_told = woken(&world).iter().all(is_work);
        assert!(nobody_is_told, "{}", tampering.name);
        let _ = sweep(&world, 9000);
        let work = (QueueName::Work, record.id().to_string());
        assert_eq!(woken(&world), [work], "{}", tampering.name);
    }
}
