//! What is removed, and what stays.

use ports::CallError;
use ports::signature::Verifier;
use provisioner::{Provisioner, ProvisionerPorts};
use snowgate_core::account::PrincipalFacts;
use snowgate_core::approval::MacTag;
use snowgate_core::lifecycle::State;
use snowgate_core::record::RequestRecord;
use testkit::samples;
use testkit::world::{World, at, principal_facts};
use testkit::{Aftermath, Failing, FakeDirectory, FakeLedger, FakeQueues, Moment};

use super::{active, approved_with, attached, end, provision, provisioner, run};

#[test]
fn access_is_taken_back_at_its_end_and_not_before() {
    let world = World::default();
    let active = active(&world, 0);
    let early = provision(&world, &active, end(&active) - 1);
    assert_eq!(early, active);
    assert!(attached(&world, &world.target));
    let after = provision(&world, &active, end(&active));
    assert_eq!(after.state(), State::Revoked);
    assert!(!attached(&world, &world.target));
    assert_eq!(world.ledger.effects_on(&world.key()), []);
    assert_eq!(after.unreported(), Some(State::Revoked));
    assert_eq!(provision(&world, &active, end(&active) + 9), after);
    assert_eq!(world.directory.changes().len(), 2);
}

#[test]
fn what_was_there_before_us_stays() {
    let world = World::default();
    let mut facts = principal_facts();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
    let first = active(&world, 0);
    let second = active(&world, 10);
    for record in [first, second] {
        let after = provision(&world, &record, end(&record));
        assert_eq!(after.state(), State::Revoked);
    }
    assert!(attached(&world, &world.target));
    assert_eq!(world.directory.changes(), Vec::<String>::new());
}

#[test]
fn of_two_requests_the_last_to_end_takes_it_back() {
    for swapped in [false, true] {
        let world = World::default();
        let mut both = [active(&world, 0), active(&world, 100)];
        if swapped {
            both.reverse();
        }
        let [one, other] = both;
        assert_eq!(world.directory.changes().len(), 1, "attached once");
        if swapped {
            // Woken for the later one at its end, the provisioner ends the earlier one too.
            let after = provision(&world, &one, end(&one));
            assert_eq!(after.state(), State::Revoked);
            assert_eq!(world.load(other.id()).state(), State::Revoked);
        } else {
            assert_eq!(provision(&world, &one, end(&one)).state(), State::Revoked);
            assert!(
                attached(&world, &world.target),
                "the other one still gives it"
            );
            assert_eq!(
                provision(&world, &other, end(&other)).state(),
                State::Revoked
            );
        }
        assert!(!attached(&world, &world.target));
        assert_eq!(world.directory.changes().len(), 2);
    }
}

#[test]
fn a_principal_that_is_gone_has_nothing_to_take_back() {
    let world = World::default();
    let record = active(&world, 0);
    world.directory.remove_principal(&world.target);
    assert_eq!(
        provision(&world, &record, end(&record)).state(),
        State::Revoked
    );
}

#[test]
fn another_principal_of_the_same_name_is_left_alone() {
    let world = World::default();
    let record = active(&world, 0);
    let mut facts = principal_facts();
    facts.unique_id = "AIDAOTHER".to_owned();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
    assert_eq!(
        provision(&world, &record, end(&record)).state(),
        State::Revoked
    );
    assert!(attached(&world, &world.target));
}

#[test]
fn taking_back_goes_on_until_it_is_done() {
    let mut nth = 1_u64;
    loop {
        let world = World::default();
        let record = active(&world, 0);
        world.fault.mend();
        let moment = if nth.is_multiple_of(2) {
            Moment::Before
        } else {
            Moment::After
        };
        world.fault.at(nth.div_ceil(2), moment, Aftermath::Dead);
        let second = end(&record);
        let sound = run(&provisioner(&world), record.id(), second).is_ok();
        let calls = world.fault.calls();
        world.fault.mend();
        let after = provision(&world, &record, second + 200);
        assert_eq!(after.state(), State::Revoked, "{moment:?} call {nth}");
        assert!(!attached(&world, &world.target));
        assert_eq!(world.ledger.effects_on(&world.key()), []);
        assert_eq!(world.directory.changes().len(), 2);
        if sound && calls < nth.div_ceil(2) {
            break;
        }
        nth += 1;
    }
    assert!(nth > 10, "every call was tried: {nth}");
}

/// IAM may list for a while what was removed. It is no sign that somebody else gave it.
#[test]
fn what_was_just_removed_does_not_count_as_there_before() {
    let world = World::default();
    let first = active(&world, 0);
    let ended = end(&first);
    let second = world.approved(at(ended - 10));
    assert_eq!(provision(&world, &first, ended).state(), State::Revoked);
    world.directory.read_as(&world.target, Some(with_policy()));
    let waits = provision(&world, &second, ended + 1);
    assert_eq!((waits.state(), waits.attempts()), (State::Approved, 1));
    world.directory.read_as(&world.target, None);
    let given = provision(&world, &second, ended + 121);
    assert_eq!(given.state(), State::Active);
    assert_eq!(given.preexisting(), []);
    assert!(attached(&world, &world.target));
    let after = provision(&world, &given, end(&given));
    assert_eq!(after.state(), State::Revoked);
    assert!(!attached(&world, &world.target));
}

/// What is still listed when it must have settled was given by somebody else, and stays.
#[test]
fn what_somebody_gave_since_counts_as_there_before() {
    let world = World::default();
    let first = active(&world, 0);
    let ended = end(&first);
    let second = world.approved(at(ended - 10));
    assert_eq!(provision(&world, &first, ended).state(), State::Revoked);
    world.directory.put_principal(&world.target, with_policy());
    assert_eq!(
        provision(&world, &second, ended + 1).state(),
        State::Approved
    );
    let given = provision(&world, &second, ended + 301);
    assert_eq!(
        (given.state(), given.preexisting().len()),
        (State::Active, 1)
    );
    let after = provision(&world, &given, end(&given));
    assert_eq!(after.state(), State::Revoked);
    assert!(attached(&world, &world.target));
}

/// A user that has the policy already.
fn with_policy() -> PrincipalFacts {
    let mut facts = principal_facts();
    facts.attached.push(samples::policy().to_string());
    facts
}

/// The approval key does not answer.
struct Silent;

impl Verifier for Silent {
    async fn verify(&self, _message: &[u8], _mac: &MacTag) -> Result<bool, CallError> {
        Err(CallError::permanent("kms:VerifyMac", "DisabledException"))
    }
}

/// Everything in memory but the approval key.
struct WithoutKey;

impl ProvisionerPorts for WithoutKey {
    type Requests = Failing<FakeLedger>;
    type Effects = Failing<FakeLedger>;
    type Identities = Failing<FakeLedger>;
    type Member = Failing<FakeDirectory>;
    type Verifier = Silent;
    type Outcomes = Failing<FakeQueues>;
}

fn without_key(world: &World) -> Provisioner<WithoutKey> {
    let provisioner = provisioner(world);
    Provisioner {
        requests: provisioner.requests,
        effects: provisioner.effects,
        identities: provisioner.identities,
        member: provisioner.member,
        verifier: Silent,
        outcomes: provisioner.outcomes,
        guardrails: provisioner.guardrails,
        hold: provisioner.hold,
        look_again: provisioner.look_again,
        clock: provisioner.clock,
    }
}

/// What record, effects and IAM agree on ends while no signature can be verified; what another request
/// may give waits, and keeps nothing else back.
#[test]
fn access_ends_while_the_approval_key_does_not_answer() {
    let world = World::default();
    let record = active(&world, 0);
    ready_on(&without_key(&world), &record, end(&record));
    assert_eq!(world.load(record.id()).state(), State::Revoked);
    assert!(!attached(&world, &world.target));

    let world = World::default();
    let grants = serde_json::json!([
        {"type": "attach_managed_policy", "policy_arn": samples::policy()},
        {"type": "group_membership", "group": "analysts"},
    ]);
    let both = provision(&world, &approved_with(&world, grants), 1);
    let other = active(&world, 100);
    assert_eq!(
        (both.state(), other.state()),
        (State::Active, State::Active)
    );
    ready_on(&without_key(&world), &both, end(&both));
    assert_eq!(
        world.load(both.id()).state(),
        State::Revoking,
        "tried again"
    );
    let facts = world.directory.facts(&world.target).unwrap();
    assert_eq!(facts.groups, []);
    assert!(attached(&world, &world.target));
    let after = provision(&world, &both, end(&both) + 60);
    assert_eq!((after.state(), after.retained().len()), (State::Revoked, 1));
}

fn ready_on(provisioner: &Provisioner<WithoutKey>, record: &RequestRecord, second: i64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let run = provisioner.handle(record.id(), at(second));
    runtime.unwrap().block_on(run).unwrap();
}
