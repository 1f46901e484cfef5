//! The provisioner with IAM, ledger and key in memory.
#![expect(
    clippy::unwrap_used,
    reason = "a test that panics is a test that fails"
)]

mod broken;
mod crashes;
mod ending;
mod granting;
mod unknown;

use std::time::Duration;

use ports::Clock;
use provisioner::{Ports, ProvisionError, Provisioner};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::State;
use snowgate_core::record::{EndReason, FailureCode, RequestRecord};
use testkit::world::{World, at};
use testkit::{Failing, FakeDirectory, FakeKeys, FakeLedger, FakeQueues};

/// Everything in memory.
struct Faked;

impl Ports for Faked {
    type Requests = Failing<FakeLedger>;
    type Effects = Failing<FakeLedger>;
    type Member = Failing<FakeDirectory>;
    type Verifier = Failing<FakeKeys>;
    type Outcomes = Failing<FakeQueues>;
}

type Tested = Provisioner<Faked>;

fn provisioner(world: &World) -> Tested {
    Provisioner {
        requests: world.failing(&world.ledger),
        effects: world.failing(&world.ledger),
        member: world.failing(&world.directory),
        verifier: world.failing(&world.keys),
        outcomes: world.failing(&world.queues),
        guardrails: world.guardrails.clone(),
        hold: false,
        look_again: Duration::ZERO,
        clock: Clock::new(|| at(0)),
    }
}

/// Runs a provisioner; it sleeps between two looks.
fn run(provisioner: &Tested, id: &RequestId, second: i64) -> Result<(), ProvisionError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(provisioner.handle(id, at(second)))
}

/// Does what a wake-up for the principal of all requests is about.
fn end_all(world: &World, second: i64) {
    let wake = Aggregate::Principal(world.key());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime
        .unwrap()
        .block_on(provisioner(world).take(&wake, at(second)))
        .unwrap();
}

/// Provisions and answers the record afterwards.
fn provision(world: &World, record: &RequestRecord, second: i64) -> RequestRecord {
    run(&provisioner(world), record.id(), second).unwrap();
    world.load(record.id())
}

/// Asserts that the request failed with this code and that nothing was attached.
#[track_caller]
fn failed_untouched(world: &World, record: &RequestRecord, code: FailureCode) {
    assert_eq!(record.state(), State::Failed);
    assert_eq!(record.end_reason(), Some(EndReason::Failed { code }));
    assert_eq!(world.directory.changes(), Vec::<String>::new());
    let key = record.principal_key();
    let effects = ports::ledger::Effects::effects(&world.ledger, &key);
    assert_eq!(testkit::world::ready(effects).unwrap(), []);
}
