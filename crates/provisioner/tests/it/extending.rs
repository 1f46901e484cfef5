//! Users that are given more time: by the latest end of all that gives it, and by no other.

use snowgate_core::approval::Verdict;
use snowgate_core::effect::EffectChange;
use snowgate_core::identity::{IdentityPhase, IdentityState, LifePolicy};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{
    EndReason, Event, FailureCode, RequestRecord, RetainedBecause, RevokedBy,
};
use testkit::contract::Given;
use testkit::samples;
use testkit::world::{OWNER, World, at};
use testkit::{Aftermath, Moment};

use super::creating::{GRACE, approved, facts, identity, life, look_at_user, state};
use super::{approved_with, end, provision, provisioner, run};

const HOUR: i64 = 3600;

/// An approved request that gives the user of another one so much time from this second.
pub(super) fn extension(
    world: &World,
    before: &RequestRecord,
    hours: u8,
    second: i64,
) -> RequestRecord {
    let mut request = world.request_for(World::new_user_grants());
    request.duration = format!("PT{hours}H").parse().unwrap();
    request.extends = before.extension();
    let received = world.receive(request, at(second));
    let (pending, _) = world.pend(received, &[OWNER], at(second));
    world.decide(&pending, OWNER, Verdict::Approve, &world.keys, at(second))
}

/// A user of a request that is over after eight hours.
fn active(world: &World) -> RequestRecord {
    let active = provision(world, &approved(world), 10);
    assert_eq!(active.state(), State::Active);
    active
}

pub(super) fn until(record: &RequestRecord) -> Option<String> {
    let end = record.until().or_else(|| record.ends_at());
    end.map(|end| LifePolicy::Until(end).document())
}

/// When the user of a request ends by its own record.
fn ends_at(world: &World, record: &RequestRecord) -> Option<jiff::Timestamp> {
    match identity(world, record)?.phase() {
        IdentityPhase::Live { until } => Some(*until),
        _ => None,
    }
}

pub(super) fn revoke_early(world: &World, record: &RequestRecord, second: i64) -> RequestRecord {
    let event = Event::RevocationRequested {
        by: RevokedBy::Client,
        reason: None,
        signature: None,
    };
    let client = record.client().clone();
    let ending = world.apply(record, event, Actor::Client { client }, at(second));
    provision(world, &ending, second)
}

#[test]
fn an_extended_user_lives_until_the_later_end() {
    let world = World::with_users();
    let first = active(&world);
    let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
    assert_eq!(second.state(), State::Active);
    assert_eq!(life(&world), until(&second));
    assert_eq!(ends_at(&world, &first), second.until());
    let compared = provision(&world, &first, 2 * HOUR);
    assert_eq!(compared.deviation_reports(), [], "nobody changed it");

    let over = end(&first);
    let ended = provision(&world, &first, over + 1);
    assert_eq!(ended.state(), State::Revoked);
    assert!(
        ended
            .retained()
            .iter()
            .any(|one| one.change.is_of_user() && one.because == RetainedBecause::StillGranted)
    );
    look_at_user(&world, &first, over + 2);
    assert_eq!(life(&world), until(&second));
    assert_eq!(state(&world, &first), Some(IdentityState::Live));

    let over = end(&second);
    let ended = provision(&world, &second, over + 1);
    assert_eq!(ended.state(), State::Revoked);
    assert_eq!(life(&world), Some(LifePolicy::Over.document()));
    assert_eq!(state(&world, &first), Some(IdentityState::Ended));
    look_at_user(&world, &first, over + GRACE + 2);
    assert_eq!(facts(&world), None);
}

/// A user has one end: what would bring it forward is no extension.
#[test]
fn an_extension_that_would_end_sooner_than_another_is_none() {
    let world = World::with_users();
    let first = active(&world);
    let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
    let third = extension(&world, &first, 9, 2 * HOUR);
    let third = provision(&world, &third, 2 * HOUR);
    let code = FailureCode::OutlivesUser;
    assert_eq!(third.end_reason(), Some(EndReason::Failed { code }));
    assert_eq!(life(&world), until(&second));
    assert_eq!(ends_at(&world, &first), second.until());
}

#[test]
fn an_extension_that_ends_early_gives_the_end_back() {
    for nth in 0..100 {
        let world = World::with_users();
        let first = active(&world);
        let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
        if nth > 0 {
            world.fault.at(nth, Moment::After, Aftermath::Dead);
        }
        let _ = revoke(&world, &second, 2 * HOUR);
        let reached = nth == 0 || world.fault.calls() >= nth;
        world.fault.mend();
        let ended = provision(&world, &second, 2 * HOUR + 600);
        assert_eq!(ended.state(), State::Revoked, "call {nth}");
        assert_eq!(life(&world), until(&first), "call {nth}");
        assert_eq!(ends_at(&world, &first), first.until(), "call {nth}");
        let over = end(&first);
        let after = provision(&world, &first, over + 1);
        assert_eq!(after.state(), State::Revoked);
        assert_eq!(life(&world), Some(LifePolicy::Over.document()));
        if !reached {
            return;
        }
    }
    panic!("a run makes fewer calls");
}

/// Asks for the end, which nobody fails at, and begins it.
fn revoke(world: &World, record: &RequestRecord, second: i64) -> Result<(), String> {
    let event = Event::RevocationRequested {
        by: RevokedBy::Client,
        reason: None,
        signature: None,
    };
    let client = record.client().clone();
    let ending = world.apply(record, event, Actor::Client { client }, at(second));
    run(&provisioner(world), ending.id(), second).map_err(|error| error.to_string())
}

#[test]
fn an_extension_that_fails_gives_the_end_back() {
    let world = World::with_users();
    let first = active(&world);
    world.directory.refuse(&EffectChange::PolicyAttached {
        policy_arn: samples::policy(),
    });
    let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
    let code = FailureCode::IamRefused;
    assert_eq!(second.end_reason(), Some(EndReason::Failed { code }));
    assert_eq!(life(&world), until(&first));
    assert_eq!(ends_at(&world, &first), first.until());
    let compared = provision(&world, &first, 2 * HOUR);
    assert_eq!(compared.deviation_reports(), []);
}

/// It was begun before the first end, and is not done with when that comes.
#[test]
fn an_extension_that_is_under_way_at_the_end_keeps_the_user() {
    let mut kept = 0;
    for nth in 1..60 {
        let world = World::with_users();
        let first = active(&world);
        world.directory.give_to(&world.target, Given::AccessKey);
        let (over, before) = (end(&first), end(&first) - 60);
        let second = extension(&world, &first, 12, before);
        world.fault.at(nth, Moment::After, Aftermath::Dead);
        let _ = run(&provisioner(&world), second.id(), before);
        let reached = world.fault.calls() >= nth;
        world.fault.mend();
        let _ = run(&provisioner(&world), first.id(), over + 1);
        look_at_user(&world, &first, over + 2);
        let after = provision(&world, &second, over + 60);
        let keys = world.directory.credentials_of(&world.target).unwrap().keys;
        let is_active = keys.iter().all(|key| key.is_active);
        match after.state() {
            State::Active => {
                kept += 1;
                assert_eq!(life(&world), until(&after), "call {nth}");
                assert_eq!(
                    state(&world, &first),
                    Some(IdentityState::Live),
                    "call {nth}"
                );
                assert!(is_active, "call {nth}");
                let later = over + 1_000;
                look_at_user(&world, &first, later);
                assert_eq!(life(&world), until(&after), "call {nth}");
            }
            State::Failed => {
                let code = FailureCode::UserEnded;
                assert_eq!(after.end_reason(), Some(EndReason::Failed { code }));
                assert_eq!(
                    life(&world),
                    Some(LifePolicy::Over.document()),
                    "call {nth}"
                );
                assert!(!is_active, "call {nth}");
            }
            state => panic!("call {nth}: {state}"),
        }
        if !reached {
            assert!(kept > 3, "{kept}");
            return;
        }
    }
    panic!("a run makes fewer calls");
}

/// Other access of a user ends no later than the user.
#[test]
fn access_that_would_outlive_a_user_is_not_given() {
    let world = World::with_users();
    let first = active(&world);
    let policy = serde_json::json!([
        {"type": "attach_managed_policy", "policy_arn": testkit::world::other_policy()},
    ]);
    // Approved at 0 and provisioned an hour later, for eight hours.
    let other = approved_with(&world, policy.clone());
    let after = provision(&world, &other, HOUR);
    let code = FailureCode::OutlivesUser;
    assert_eq!(after.end_reason(), Some(EndReason::Failed { code }));
    let over = end(&first);
    provision(&world, &first, over + 1);
    let other = approved_with(&world, policy);
    let after = provision(&world, &other, over + 60);
    let code = FailureCode::UserEnded;
    assert_eq!(after.end_reason(), Some(EndReason::Failed { code }));
}

/// A user that ends early takes all access of its with it, and the tickets of that are told why.
#[test]
fn other_access_ends_with_the_user() {
    let policy = testkit::world::other_policy();
    for nth in 0..120 {
        let world = World::with_users();
        let first = active(&world);
        let mut request = world.request_for(serde_json::json!([
            {"type": "attach_managed_policy", "policy_arn": policy},
        ]));
        request.duration = "PT2H".parse().unwrap();
        let received = world.receive(request, at(HOUR));
        let (pending, _) = world.pend(received, &[OWNER], at(HOUR));
        let other = world.decide(&pending, OWNER, Verdict::Approve, &world.keys, at(HOUR));
        let other = provision(&world, &other, HOUR);
        assert_eq!(other.state(), State::Active);
        if nth > 0 {
            world.fault.at(nth, Moment::After, Aftermath::Dead);
        }
        let _ = revoke(&world, &first, 2 * HOUR);
        let reached = nth == 0 || world.fault.calls() >= nth;
        world.fault.mend();
        let ended = provision(&world, &first, 2 * HOUR + 600);
        assert_eq!(ended.state(), State::Revoked, "call {nth}");
        // What is due wakes by itself.
        let other = provision(&world, &other, 2 * HOUR + 601);
        assert_eq!(other.state(), State::Revoked, "call {nth}");
        let by = other.revocation().map(|revocation| revocation.by);
        assert_eq!(by, Some(RevokedBy::UserEnded), "call {nth}");
        assert_eq!(facts(&world).unwrap().attached, Vec::<String>::new());
        if !reached {
            return;
        }
    }
    panic!("a run makes fewer calls");
}

#[test]
fn an_extension_that_ended_is_not_told_as_a_change_of_the_first() {
    let world = World::with_users();
    let first = active(&world);
    let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
    let ended = revoke_early(&world, &second, 2 * HOUR);
    assert_eq!(ended.state(), State::Revoked);
    let compared = provision(&world, &first, 3 * HOUR);
    assert_eq!(compared.deviation_reports(), []);
    // Whoever removes the end of a user is told of.
    world.directory.remove_life(&world.target);
    let compared = provision(&world, &first, 4 * HOUR + 10);
    assert_eq!(compared.deviation_reports().len(), 1);
}
