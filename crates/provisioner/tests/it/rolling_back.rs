//! Requests that fail after their user was created, or may have been.

use ports::identities::Identities as _;
use snowgate_core::effect::EffectChange;
use snowgate_core::id::IdentityId;
use snowgate_core::identity::{IdentityState, LifePolicy};
use snowgate_core::lifecycle::State;
use snowgate_core::record::{BlockedBecause, Deviation, EndReason, FailureCode, RequestRecord};
use testkit::contract::Given;
use testkit::samples;
use testkit::world::{World, at, ready};
use testkit::{Aftermath, Moment};

use super::creating::{approved, created, facts, identity, life, look_at_user, state};
use super::{provision, provisioner, run};

/// Breaks the run off that begins to provision a request; whether it got as far.
fn break_off(world: &World, record: &RequestRecord, nth: u64, moment: Moment) -> bool {
    world.fault.at(nth, moment, Aftermath::Dead);
    let _ = run(&provisioner(world), record.id(), 1);
    let reached = world.fault.calls() >= nth;
    world.fault.mend();
    world.directory.set_now(at(200));
    reached
}

/// A run that breaks off just after the user was created, and before that was written down.
pub(super) fn just_created() -> (World, RequestRecord) {
    for nth in 1..40 {
        let world = World::with_users();
        let record = approved(&world);
        break_off(&world, &record, nth, Moment::After);
        if facts(&world).is_some() {
            assert_eq!(identity(&world, &record).unwrap().unique_id(), None);
            return (world, record);
        }
    }
    unreachable!("it is created");
}

/// What was approved is not there any more when the next run looks.
#[test]
fn a_user_that_was_created_goes_with_a_request_that_fails_then() {
    for moment in [Moment::Before, Moment::After] {
        for nth in 1..60 {
            let world = World::with_users();
            let record = approved(&world);
            let reached = break_off(&world, &record, nth, moment);
            if world.load(record.id()).state() == State::Active {
                break;
            }
            world
                .directory
                .remove_policy(&world.target.account_id, &samples::policy());
            let after = provision(&world, &record, 200);
            let code = FailureCode::ContentChanged;
            let reason = Some(EndReason::Failed { code });
            assert_eq!(after.end_reason(), reason, "{moment:?} call {nth}");
            assert_eq!(facts(&world), None, "{moment:?} call {nth}");
            let state = state(&world, &after);
            assert!(
                state.is_none_or(IdentityState::is_terminal),
                "{moment:?} call {nth}: {state:?}"
            );
            assert_eq!(world.ledger.all_effects(), []);
            if !reached {
                break;
            }
            assert!(nth < 50, "a run makes fewer calls");
        }
    }
}

/// What is there has no tag that says whose it is, however long one waits.
#[test]
fn who_may_be_ours_and_stays_so_is_told_to_the_ticket() {
    let (world, record) = just_created();
    for key in [
        "team",
        "snowgate:made",
        "snowgate:owner",
        "snowgate:request",
    ] {
        world.directory.tag(&world.target, key, None);
    }
    world
        .directory
        .remove_policy(&world.target.account_id, &samples::policy());
    let early = provision(&world, &record, 60);
    assert_eq!(early.deviation_reports(), [], "tags may come yet");
    let after = provision(&world, &record, 300);
    assert_eq!(after.state(), State::Provisioning);
    let told = after.deviations().any(|one| {
        matches!(one, Deviation::StillThere { change, because }
            if change.is_of_user() && *because == BlockedBecause::Unproven)
    });
    assert!(told, "{:?}", after.deviation_reports());
    assert!(facts(&world).is_some(), "whose it is a person says");
}

/// Once deleting has begun, nothing is granted again, whatever IAM takes by then.
#[test]
fn a_roll_back_that_broke_off_is_gone_on_with() {
    let refused = EffectChange::PolicyAttached {
        policy_arn: samples::policy(),
    };
    let mut went_on = 0;
    for nth in 1..80 {
        let world = World::with_users();
        world.directory.refuse(&refused);
        let record = approved(&world);
        let reached = break_off(&world, &record, nth, Moment::After);
        let begun = state(&world, &record) == Some(IdentityState::Deleting);
        world.directory.allow_again(&refused);
        let after = provision(&world, &record, 200);
        if begun {
            went_on += 1;
            let code = FailureCode::IamRefused;
            assert_eq!(
                after.end_reason(),
                Some(EndReason::Failed { code }),
                "call {nth}"
            );
            assert_eq!(facts(&world), None, "call {nth}");
            assert_eq!(state(&world, &after), Some(IdentityState::Deleted));
            assert_eq!(created(&world), 1);
        } else if after.state() != State::Failed {
            assert_eq!(after.state(), State::Active, "call {nth}");
        }
        if !reached {
            assert!(went_on > 2, "{went_on}");
            return;
        }
    }
    panic!("a run makes fewer calls");
}

#[test]
fn what_iam_never_creates_fails_the_request() {
    let world = World::with_users();
    world.directory.create_none("LimitExceeded");
    let record = approved(&world);
    let after = provision(&world, &record, 10);
    assert_eq!(
        after.state(),
        State::Provisioning,
        "an answer may have been lost"
    );
    let after = provision(&world, &after, 200);
    let code = FailureCode::IamRefused;
    assert_eq!(after.end_reason(), Some(EndReason::Failed { code }));
    assert_eq!(state(&world, &after), Some(IdentityState::Discarded));
}

/// The record of the user is not there any more. Deleting cannot be undone: it is shut out, and told of.
#[test]
fn a_user_without_a_record_is_shut_out_by_the_request_that_made_it() {
    let mut gone = 0;
    for nth in 1..60 {
        let world = World::with_users();
        let record = approved(&world);
        let reached = break_off(&world, &record, nth, Moment::After);
        if !reached {
            assert!(gone > 3, "{gone}");
            return;
        }
        if world.load(record.id()).state() != State::Provisioning || facts(&world).is_none() {
            continue;
        }
        gone += 1;
        world.ledger.remove_identity(&IdentityId::of(record.id()));
        let after = provision(&world, &record, 300);
        assert_eq!(after.state(), State::Failed, "call {nth}");
        assert_eq!(
            life(&world),
            Some(LifePolicy::Over.document()),
            "call {nth}"
        );
        assert_eq!(facts(&world).unwrap().attached, Vec::<String>::new());
        assert!(after.deviations().any(Deviation::is_still_there));
        assert_eq!(world.ledger.all_effects(), []);
    }
    panic!("a run makes fewer calls");
}

/// Its request is lost before it was written down which user it is.
#[test]
fn a_user_whose_request_is_lost_while_it_is_created_ends() {
    let (world, record) = just_created();
    world.directory.give_to(&world.target, Given::AccessKey);
    world.ledger.garble(record.id());
    look_at_user(&world, &record, 1_000);
    assert_eq!(life(&world), Some(LifePolicy::Over.document()));
    assert_eq!(state(&world, &record), Some(IdentityState::Ended));
    let keys = world.directory.credentials_of(&world.target).unwrap().keys;
    assert!(keys.iter().all(|key| !key.is_active));
}

/// The same where nothing was created.
#[test]
fn a_user_that_was_never_created_is_forgotten_with_its_lost_request() {
    let world = World::with_users();
    world.directory.create_none("LimitExceeded");
    let record = approved(&world);
    let _ = run(&provisioner(&world), record.id(), 10);
    world.ledger.garble(record.id());
    look_at_user(&world, &record, 20);
    assert_eq!(state(&world, &record), Some(IdentityState::Creating));
    look_at_user(&world, &record, 1_000);
    assert_eq!(state(&world, &record), Some(IdentityState::Discarded));
    let held = ready(world.ledger.held_name(&world.target)).unwrap();
    assert!(
        held.is_some_and(|held| held.identity.is_none()),
        "its name is free"
    );
}

/// Who can sign in may be in use, whatever it is called by now: it is shut out, and a person looks.
#[test]
fn a_user_that_can_sign_in_is_not_deleted_by_a_roll_back() {
    for is_renamed in [false, true] {
        let (world, record) = just_created();
        // Until it is written down which user it is, a renamed one is not known to anybody.
        let mut nth = 1;
        while world.load(record.id()).unique_id().is_none() {
            world.fault.at(nth, Moment::After, Aftermath::Dead);
            let _ = run(&provisioner(&world), record.id(), 2);
            world.fault.mend();
            nth += 1;
        }
        assert_eq!(world.load(record.id()).state(), State::Provisioning);
        world.directory.give_to(&world.target, Given::AccessKey);
        let user = match is_renamed {
            true => world.directory.rename(&world.target, "called-otherwise"),
            false => world.target.clone(),
        };
        let (account, policy) = (&world.target.account_id, samples::policy());
        world.directory.remove_policy(account, &policy);
        let after = provision(&world, &record, 300);
        assert_eq!(after.state(), State::Failed, "{is_renamed}");
        assert!(world.directory.facts(&user).is_some(), "{is_renamed}");
        let keys = world.directory.credentials_of(&user).unwrap().keys;
        assert!(keys.iter().all(|key| !key.is_active));
        assert_eq!(state(&world, &after), Some(IdentityState::Ended));
        // It is a person's to delete; once it is gone, so is its record.
        look_at_user(&world, &after, 400 * 86_400);
        assert!(world.directory.facts(&user).is_some());
        world.directory.remove_principal(&user);
        look_at_user(&world, &after, 401 * 86_400);
        assert_eq!(state(&world, &after), Some(IdentityState::Deleted));
    }
}
