//! Users that requests create: made, given what was asked for, ended by their time, and deleted.

use ports::identities::Identities as _;
use snowgate_core::account::{PrincipalFacts, PrincipalQuotas};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::effect::EffectChange;
use snowgate_core::id::{IdentityId, SysId};
use snowgate_core::identity::{IdentityRecord, IdentityState, LIFE_POLICY_NAME, LifePolicy};
use snowgate_core::lifecycle::State;
use snowgate_core::principal::PrincipalType;
use snowgate_core::record::{EndReason, FailureCode, RequestRecord};
use testkit::samples;
use testkit::world::{World, at, principal_facts, ready, requester};
use testkit::{Aftermath, Moment};

use super::{approved_with, end, provision, provisioner, run};

/// How long users are kept after their end, in seconds.
pub(super) const GRACE: i64 = 7 * 86_400;

/// An approved request for a new user with a policy.
pub(super) fn approved(world: &World) -> RequestRecord {
    approved_with(world, World::new_user_grants())
}

pub(super) fn identity(world: &World, record: &RequestRecord) -> Option<IdentityRecord> {
    ready(world.ledger.identity(&IdentityId::of(record.id()))).unwrap()
}

pub(super) fn state(world: &World, record: &RequestRecord) -> Option<IdentityState> {
    identity(world, record).map(|identity| identity.state())
}

pub(super) fn facts(world: &World) -> Option<PrincipalFacts> {
    world.directory.facts(&world.target)
}

/// What the life policy of the user says.
pub(super) fn life(world: &World) -> Option<String> {
    let inline = facts(world)?.inline;
    let life = inline.into_iter().find(|one| one.name == LIFE_POLICY_NAME);
    life.map(|life| life.document)
}

/// Does what is due about the user of a request.
pub(super) fn look_at_user(world: &World, record: &RequestRecord, second: i64) {
    let wake = Aggregate::Identity(IdentityId::of(record.id()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let taken = runtime
        .unwrap()
        .block_on(provisioner(world).take(&wake, at(second)));
    // What breaks off is taken up.
    let _ = taken;
}

/// How many users were created.
pub(super) fn created(world: &World) -> usize {
    let changes = world.directory.changes();
    let is_creation = |line: &&String| line.starts_with("create ");
    changes.iter().filter(is_creation).count()
}

#[track_caller]
fn is_as_asked(world: &World, record: &RequestRecord) {
    let facts = facts(world).unwrap();
    assert_eq!(facts.path, "/enrolled/");
    assert_eq!(facts.attached, [samples::policy().to_string()]);
    assert_eq!(facts.owner(), Some(requester().sys_id));
    let until = LifePolicy::Until(record.until().unwrap()).document();
    assert_eq!(life(world), Some(until));
    let identity = identity(world, record).unwrap();
    assert_eq!(identity.state(), IdentityState::Live);
    assert_eq!(identity.unique_id(), Some(facts.unique_id.as_str()));
    assert_eq!(record.created_user(), Some(facts.unique_id.as_str()));
    // The policy, and the user itself.
    assert_eq!(world.ledger.effects_on(&record.principal_key()).len(), 2);
    let by_name = world.target.key_by_name();
    assert_eq!(world.ledger.effects_on(&by_name), []);
    assert_eq!(created(world), 1);
}

#[test]
fn a_user_is_created_as_approved_and_given_what_was_asked_for() {
    let world = World::with_users();
    let record = approved(&world);
    let after = provision(&world, &record, 10);
    assert_eq!(after.state(), State::Active);
    is_as_asked(&world, &after);
    assert_eq!(provision(&world, &after, 11), after, "woken again");
    is_as_asked(&world, &after);
}

#[test]
fn a_run_that_breaks_off_while_a_user_is_created_is_taken_up() {
    for aftermath in [Aftermath::Dead, Aftermath::Alive] {
        for moment in [Moment::Before, Moment::After] {
            let mut nth = 1;
            loop {
                let world = World::with_users();
                let record = approved(&world);
                world.fault.at(nth, moment, aftermath);
                let _ = run(&provisioner(&world), record.id(), 1);
                let reached = world.fault.calls() >= nth;
                world.fault.mend();
                world.directory.set_now(at(200));
                let after = provision(&world, &record, 200);
                assert_eq!(after.state(), State::Active, "{moment:?} call {nth}");
                is_as_asked(&world, &after);
                if !reached {
                    break;
                }
                nth += 1;
            }
            assert!(nth > 12, "every call was tried: {nth}");
        }
    }
}

/// The last user that the account may have is no reason to take it back when a run is taken up.
#[test]
fn the_last_user_of_an_account_is_created_too() {
    for nth in 1..60 {
        let world = World::with_users();
        let record = approved(&world);
        // The one that is enrolled, and the one that is created.
        let quotas = PrincipalQuotas {
            users: 2,
            ..PrincipalQuotas::default_of(PrincipalType::User)
        };
        let account = world.target.account_id.clone();
        world.directory.set_user_quotas(&account, quotas);
        world.fault.at(nth, Moment::After, Aftermath::Dead);
        let _ = run(&provisioner(&world), record.id(), 1);
        let reached = world.fault.calls() >= nth;
        world.fault.mend();
        world.directory.set_now(at(200));
        let after = provision(&world, &record, 200);
        assert_eq!(after.state(), State::Active, "call {nth}");
        if !reached {
            return;
        }
    }
    panic!("a run makes fewer calls");
}

#[test]
fn a_user_ends_with_its_access_is_kept_for_a_while_and_deleted() {
    let world = World::with_users();
    let active = provision(&world, &approved(&world), 10);
    let over = end(&active);
    let after = provision(&world, &active, over + 1);
    assert_eq!(after.state(), State::Revoked);
    assert_eq!(life(&world), Some(LifePolicy::Over.document()));
    assert_eq!(facts(&world).unwrap().attached, Vec::<String>::new());
    assert_eq!(state(&world, &after), Some(IdentityState::Ended));
    assert_eq!(world.ledger.effects_on(&after.principal_key()), []);
    look_at_user(&world, &after, over + GRACE - 60);
    assert_eq!(state(&world, &after), Some(IdentityState::Ended));
    look_at_user(&world, &after, over + GRACE + 2);
    assert_eq!(facts(&world), None);
    assert_eq!(state(&world, &after), Some(IdentityState::Deleted));
    // Its name stays its owner's.
    let held = ready(world.ledger.held_name(&world.target))
        .unwrap()
        .unwrap();
    let other: SysId = "ee".repeat(16).parse().unwrap();
    let later = at(over + GRACE + 86_400);
    assert!(held.is_free_for(&requester().sys_id, later) && !held.is_free_for(&other, later));
}

#[test]
fn a_run_that_breaks_off_while_a_user_ends_or_is_deleted_is_taken_up() {
    for moment in [Moment::Before, Moment::After] {
        let (mut nth, mut reached_any) = (1, true);
        while reached_any {
            let world = World::with_users();
            let active = provision(&world, &approved(&world), 10);
            let over = end(&active);
            world.fault.at(nth, moment, Aftermath::Dead);
            let _ = run(&provisioner(&world), active.id(), over + 1);
            let reached = world.fault.calls() >= nth;
            world.fault.mend();
            let after = provision(&world, &active, over + 200);
            assert_eq!(after.state(), State::Revoked, "{moment:?} call {nth}");
            assert_eq!(life(&world), Some(LifePolicy::Over.document()));
            assert_eq!(state(&world, &after), Some(IdentityState::Ended));
            world.fault.at(nth, moment, Aftermath::Dead);
            look_at_user(&world, &after, over + GRACE + 300);
            reached_any = reached || world.fault.calls() >= nth;
            world.fault.mend();
            look_at_user(&world, &after, over + GRACE + 2_000);
            assert_eq!(facts(&world), None, "{moment:?} call {nth}");
            assert_eq!(state(&world, &after), Some(IdentityState::Deleted));
            nth += 1;
        }
        assert!(nth > 10, "every call was tried: {nth}");
    }
}

#[test]
fn whoever_took_the_name_after_the_approval_keeps_it() {
    let world = World::with_users();
    let record = approved(&world);
    let mut others = principal_facts();
    others.arn = others.arn.replace("rita.chen", "ci-billing");
    others.unique_id = "AIDAOTHER".to_owned();
    world.directory.put_principal(&world.target, others.clone());
    let after = provision(&world, &record, 10);
    assert_eq!(after.state(), State::Provisioning, "it may be ours");
    let after = provision(&world, &after, 200);
    let code = FailureCode::NameTaken;
    assert_eq!(after.end_reason(), Some(EndReason::Failed { code }));
    assert_eq!(facts(&world), Some(others), "nobody touched it");
    assert_eq!(state(&world, &after), Some(IdentityState::Discarded));
}

#[test]
fn what_iam_refuses_takes_the_user_with_it() {
    for nth in 1..60 {
        let world = World::with_users();
        world.directory.refuse(&EffectChange::PolicyAttached {
            policy_arn: samples::policy(),
        });
        let record = approved(&world);
        world.fault.at(nth, Moment::After, Aftermath::Dead);
        let _ = run(&provisioner(&world), record.id(), 1);
        let reached = world.fault.calls() >= nth;
        world.fault.mend();
        world.directory.set_now(at(200));
        let after = provision(&world, &record, 200);
        let code = FailureCode::IamRefused;
        let reason = Some(EndReason::Failed { code });
        assert_eq!(after.end_reason(), reason, "call {nth}");
        assert_eq!(facts(&world), None, "call {nth}");
        assert_eq!(state(&world, &after), Some(IdentityState::Deleted));
        assert_eq!(world.ledger.effects_on(&after.principal_key()), []);
        if !reached {
            return;
        }
    }
    panic!("a run makes fewer calls");
}

/// The request is lost, or nobody wakes for it: the user ends by its own record all the same.
#[test]
fn a_user_ends_by_its_own_record() {
    let world = World::with_users();
    let active = provision(&world, &approved(&world), 10);
    let over = end(&active);
    world.ledger.garble(active.id());
    look_at_user(&world, &active, over + 1);
    assert_eq!(life(&world), Some(LifePolicy::Over.document()));
    assert_eq!(state(&world, &active), Some(IdentityState::Ended));
    // Nothing proves that it may be deleted.
    look_at_user(&world, &active, over + GRACE + 10);
    assert!(facts(&world).is_some());
}
