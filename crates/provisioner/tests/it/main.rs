//! The provisioner with IAM, ledger and key in memory.
#![expect(
    clippy::unwrap_used,
    reason = "a test that panics is a test that fails"
)]

mod broken;
mod crashes;
mod creating;
mod deleting;
mod drift;
mod elsewhere;
mod ending;
mod evidence;
mod extending;
mod granting;
mod limits;
mod lost_users;
mod made_up;
mod parked;
mod put_back;
mod rolling_back;
mod rows;
mod unknown;
mod users_attacked;

use std::time::Duration;

use ports::Clock;
use provisioner::{ProvisionError, Provisioner, ProvisionerPorts};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::approval::Verdict;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::State;
use snowgate_core::principal::{Principal, PrincipalKey};
use snowgate_core::record::{EndReason, FailureCode, RequestRecord};
use snowgate_core::request::AccessRequest;
use testkit::world::{OWNER, World, at};
use testkit::{
    Aftermath, Failing, FakeDirectory, FakeKeys, FakeLedger, FakeQueues, Moment, samples,
};

/// Everything in memory.
struct Faked;

impl ProvisionerPorts for Faked {
    type Requests = Failing<FakeLedger>;
    type Effects = Failing<FakeLedger>;
    type Identities = Failing<FakeLedger>;
    type Member = Failing<FakeDirectory>;
    type Verifier = Failing<FakeKeys>;
    type Outcomes = Failing<FakeQueues>;
}

type Tested = Provisioner<Faked>;

fn provisioner(world: &World) -> Tested {
    Provisioner {
        requests: world.failing(&world.ledger),
        effects: world.failing(&world.ledger),
        identities: world.failing(&world.ledger),
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
    end_all_on(world, world.key(), second);
}

/// The same for this principal.
fn end_all_on(world: &World, key: PrincipalKey, second: i64) {
    let wake = Aggregate::Principal(key);
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

/// An approved request for these grants.
fn approved_with(world: &World, grants: serde_json::Value) -> RequestRecord {
    let mut body = samples::body(&world.ticket(), &world.target);
    let fields = body.as_object_mut().unwrap();
    fields.insert("grants".to_owned(), grants);
    let request = AccessRequest::parse(body.to_string().as_bytes()).unwrap();
    let (pending, _) = world.pend(world.receive(request, at(0)), &[OWNER], at(0));
    world.decide(&pending, OWNER, Verdict::Approve, &world.keys, at(0))
}

/// A request whose access is there, approved and provisioned about this second.
fn active(world: &World, second: i64) -> RequestRecord {
    let approved = world.approved(at(second));
    let active = provision(world, &approved, second + 1);
    assert_eq!(active.state(), State::Active);
    active
}

/// The second at which the access of a request has ended.
fn end(record: &RequestRecord) -> i64 {
    record.until().unwrap().as_second() - at(0).as_second()
}

/// Whether a principal has the policy that everybody asks for.
fn attached(world: &World, principal: &Principal) -> bool {
    let attached = world.directory.attached(principal);
    attached.contains(&samples::policy().to_string())
}

/// A request of which a run broke off after it changed IAM, before it wrote that down.
fn broken_off() -> (World, RequestRecord) {
    all_broken_off().next().unwrap()
}

/// The same, for each call at which a run can break off so.
fn all_broken_off() -> impl Iterator<Item = (World, RequestRecord)> {
    (1..30).filter_map(|nth| {
        let world = World::default();
        let approved = world.approved(at(0));
        world.fault.at(nth, Moment::After, Aftermath::Dead);
        let _ = run(&provisioner(&world), approved.id(), 1);
        world.fault.mend();
        let record = world.load(approved.id());
        let is_it = record.state() == State::Provisioning && attached(&world, &world.target);
        is_it.then_some((world, record))
    })
}

/// Asserts that the request failed with this code and that nothing was attached.
#[track_caller]
fn failed_untouched(world: &World, record: &RequestRecord, code: FailureCode) {
    assert_eq!(record.state(), State::Failed);
    assert_eq!(record.end_reason(), Some(EndReason::Failed { code }));
    assert_eq!(world.directory.changes(), Vec::<String>::new());
    assert_eq!(world.ledger.effects_on(&record.principal_key()), []);
}
