//! What somebody with access to the table could do to a user that Snowgate made, and to its request. They
//! can neither sign nor change IAM.

mod witnesses;

use ports::identities::Identities as _;
use ports::ledger::Requests as _;
use serde_json::{Value, json};
use snowgate_core::account::PrincipalFacts;
use snowgate_core::approval::Verdict;
use snowgate_core::audit::StoredRow;
use snowgate_core::effect::EffectChange;
use snowgate_core::id::IdentityId;
use snowgate_core::identity::{DeletedBecause, IdentityEvent, IdentityState, LifePolicy};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::plan;
use snowgate_core::record::{
    AuditRow, BlockedBecause, Deviation, EndReason, Event, FailureCode, RequestRecord, RevokedBy,
};
use testkit::contract::Given;
use testkit::samples;
use testkit::world::{OWNER, World, at, document, principal_facts, ready};
use testkit::{AccountFault, Aftermath, FakeKeys, Moment};

use super::creating::{GRACE, approved, facts, identity, life, look_at_user, state};
use super::evidence::{DAY, forge, part};
use super::extending::{extension, revoke_early, until};
use super::lost_users::{is_shut_out, spoil_below, still_there};
use super::rolling_back::just_created;
use super::{end, end_all_on, provision, provisioner, run};

const HOUR: i64 = 3600;

/// A user with a key, of a request that is active for eight hours.
fn active(world: &World) -> RequestRecord {
    let active = provision(world, &approved(world), 10);
    assert_eq!(active.state(), State::Active);
    world.directory.give_to(&world.target, Given::AccessKey);
    active
}

/// Spoils a row of the trail of a user.
fn spoil_identity(world: &World, record: &RequestRecord) {
    let held = identity(world, record).unwrap();
    let mut rows: Vec<StoredRow> = ready(world.ledger.identity_trail(held.id())).unwrap();
    rows.last_mut().unwrap().bytes.push(' ');
    world.ledger.put_identity(held, rows);
    assert!(identity(world, record).unwrap().trail_fault().is_some());
}

/// Rewrites a record and all its rows, so that they bear each other out.
fn rewrite(
    world: &World,
    record: &RequestRecord,
    row: impl Fn(&mut AuditRow),
    body: impl FnOnce(&mut Value),
) {
    let stored = ready(world.ledger.trail(record.id())).unwrap();
    let mut previous = None;
    let mut rows: Vec<StoredRow> = Vec::new();
    for one in stored {
        let mut read: AuditRow = one.read().unwrap();
        row(&mut read);
        read.previous = previous.take();
        let written = read.stored().unwrap();
        previous.clone_from(&written.hash);
        rows.push(written);
    }
    let count = rows.len();
    world
        .ledger
        .rewrite_trail(record.id(), |there| *there = rows);
    forge(world, record, |written| {
        body(written);
        *part(written, "/head/audit") = json!({"count": count, "hash": previous});
    });
    assert_eq!(world.load(record.id()).trail_fault(), None);
}

fn to_provisioning(body: &mut Value) {
    let round = part(body, "/phase/access/round").take();
    *part(body, "/phase") = json!({"type": "provisioning", "round": round});
}

fn is_untouched(world: &World, record: &RequestRecord) -> bool {
    let keys = world.directory.credentials_of(&world.target).unwrap().keys;
    life(world) == until(record) && keys.iter().all(|key| key.is_active)
}

#[test]
fn a_record_that_was_put_back_to_provisioning_deletes_nobody() {
    for is_lost in [false, true] {
        let world = World::with_users();
        let record = active(&world);
        forge(&world, &record, to_provisioning);
        if is_lost {
            world.ledger.remove_identity(&IdentityId::of(record.id()));
        }
        let after = provision(&world, &record, HOUR);
        assert!(facts(&world).is_some(), "it cannot be undone");
        let code = FailureCode::BrokenTrail;
        assert_eq!(after.end_reason(), Some(EndReason::Failed { code }));
        assert!(is_shut_out(&world));
        assert!(still_there(&after, BlockedBecause::UserLeft), "it is told");
        look_at_user(&world, &record, HOUR + GRACE * 2);
        assert!(facts(&world).is_some());
    }
}

/// Record and trail bear each other out, and name a user that was never made for the request.
#[test]
fn a_record_that_names_another_user_takes_nothing_from_them() {
    let world = World::with_users();
    let record = active(&world);
    let alice = samples::user();
    let mut hers: PrincipalFacts = principal_facts();
    hers.unique_id = "AIDAALICE".to_owned();
    hers.arn = hers.arn.replace("rita.chen", alice.name.as_str());
    hers.attached.push(samples::policy().to_string());
    world.directory.put_principal(&alice, hers.clone());
    let names = |row: &mut AuditRow| {
        if let Event::UserCreated { unique_id } = &mut row.event {
            "AIDAALICE".clone_into(unique_id);
        }
    };
    rewrite(&world, &record, names, |body| {
        *part(body, "/head/created_user") = json!("AIDAALICE");
    });
    let over = end(&record);
    let after = provision(&world, &record, over + 1);
    assert_eq!(world.directory.facts(&alice), Some(hers));
    assert!(still_there(&after, BlockedBecause::Unproven));
    // The user ends by its own record.
    look_at_user(&world, &record, over + DAY);
    assert_eq!(after.state(), State::Revoking);
    assert!(is_shut_out(&world));
}

/// What is given by a request of which a row was spoilt is disputed, and not taken.
#[test]
fn a_spoilt_row_takes_nothing_from_whom_another_request_ends_for() {
    let world = World::with_users();
    let first = active(&world);
    let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
    spoil_below(&world, &first);
    let ended = revoke_early(&world, &second, 2 * HOUR);
    assert_eq!(life(&world), until(&second), "the first gives it time, too");
    assert!(still_there(&ended, BlockedBecause::Unproven));
}

#[test]
fn a_user_whose_record_was_spoilt_is_given_nothing() {
    let world = World::with_users();
    let first = active(&world);
    spoil_identity(&world, &first);
    let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
    let code = FailureCode::BrokenTrail;
    assert_eq!(second.end_reason(), Some(EndReason::Failed { code }));
    assert!(is_untouched(&world, &first));
}

/// The same of one that is being created.
#[test]
fn a_user_whose_record_was_spoilt_goes_live_with_nothing() {
    for nth in 1..60 {
        let world = World::with_users();
        let record = approved(&world);
        world.fault.at(nth, Moment::After, Aftermath::Dead);
        let _ = run(&provisioner(&world), record.id(), 1);
        let reached = world.fault.calls() >= nth;
        world.fault.mend();
        if world.load(record.id()).state() == State::Provisioning {
            spoil_identity(&world, &record);
            world.directory.set_now(at(200));
            let after = provision(&world, &record, 200);
            assert_eq!(after.state(), State::Failed, "call {nth}");
            if facts(&world).is_some() {
                assert_eq!(
                    life(&world),
                    Some(LifePolicy::Over.document()),
                    "call {nth}"
                );
                assert_eq!(facts(&world).unwrap().attached, Vec::<String>::new());
            }
            assert_eq!(world.ledger.all_effects(), []);
        }
        if !reached {
            return;
        }
    }
    panic!("a run makes fewer calls");
}

#[test]
fn a_request_whose_user_was_never_created_ends_whatever_became_of_its_record() {
    let world = World::with_users();
    world.directory.create_none("LimitExceeded");
    let record = approved(&world);
    let _ = run(&provisioner(&world), record.id(), 1);
    spoil_identity(&world, &record);
    let after = provision(&world, &record, 200);
    assert_eq!(after.state(), State::Failed);
    assert_eq!(world.ledger.all_effects(), []);
}

/// A user is never there before it is created: no row says so of it.
#[test]
fn a_row_that_says_that_the_user_was_there_before_keeps_nobody_in() {
    let world = World::with_users();
    let record = active(&world);
    for mut row in world.ledger.all_effects() {
        row.preexisting = row.change.is_of_user();
        world.ledger.put_effect(row);
    }
    revoke_early(&world, &record, HOUR);
    assert!(is_shut_out(&world));
}

/// A run of the rollback breaks off between what it writes, and the request could be granted again.
#[test]
fn a_roll_back_that_broke_off_early_comes_to_an_end() {
    for nth in 1..60 {
        let world = World::with_users();
        let record = approved(&world);
        let mut created = 0;
        while facts(&world).is_none() {
            created += 1;
            world.fault.at(created, Moment::After, Aftermath::Dead);
            let _ = run(&provisioner(&world), record.id(), 1);
            world.fault.mend();
        }
        world.directory.set_now(at(200));
        let account = world.target.account_id.clone();
        world.directory.remove_policy(&account, &samples::policy());
        world.fault.at(nth, Moment::After, Aftermath::Dead);
        let _ = run(&provisioner(&world), record.id(), 200);
        let reached = world.fault.calls() >= nth;
        world.fault.mend();
        world.put_policy(samples::policy(), "v1", &document("s3:GetObject"));
        let after = provision(&world, &record, 500);
        match after.state() {
            State::Active => assert_eq!(state(&world, &after), Some(IdentityState::Live)),
            State::Failed => {
                assert_eq!(facts(&world), None, "call {nth}");
                assert_eq!(state(&world, &after), Some(IdentityState::Deleted));
            }
            state => panic!("call {nth}: {state}"),
        }
        if !reached {
            return;
        }
    }
    panic!("a run makes fewer calls");
}

/// Nobody removes what was abandoned: it keeps no user from being deleted.
#[test]
fn an_abandoned_extension_keeps_no_user() {
    let world = World::with_users();
    let first = active(&world);
    let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
    let over = end(&second);
    provision(&world, &first, over - HOUR);
    let account = world.target.account_id.clone();
    world
        .directory
        .set_fault(&account, Some(AccountFault::NotPrepared));
    provision(&world, &second, over + 1);
    let parked = provision(&world, &second, over + DAY + 10);
    assert!(parked.is_parked());
    let given_up = Event::Abandoned {
        reason: "The account is closed".parse().unwrap(),
    };
    let actor = Actor::Provisioner;
    let abandoned = world.apply(&parked, given_up, actor, at(over + DAY + 20));
    assert_eq!(abandoned.state(), State::Abandoned);
    world.directory.set_fault(&account, None);
    look_at_user(&world, &first, over + DAY + 30);
    assert_eq!(state(&world, &first), Some(IdentityState::Ended));
    look_at_user(&world, &first, over + 2 * DAY + GRACE);
    assert_eq!(facts(&world), None);
}

#[test]
fn an_end_that_nothing_gives_any_more_is_no_end() {
    let world = World::with_users();
    let first = active(&world);
    let second = provision(&world, &extension(&world, &first, 13, HOUR), HOUR);
    let third = extension(&world, &second, 20, HOUR + 60);
    for nth in 1..60 {
        world.fault.at(nth, Moment::After, Aftermath::Dead);
        let _ = run(&provisioner(&world), third.id(), HOUR + 60);
        world.fault.mend();
        if world.load(third.id()).state() == State::Provisioning {
            break;
        }
    }
    revoke_early(&world, &second, 2 * HOUR);
    let account = world.target.account_id.clone();
    world.directory.remove_policy(&account, &samples::policy());
    let third = provision(&world, &third, 3 * HOUR);
    assert_eq!(third.state(), State::Failed);
    assert_eq!(life(&world), until(&first));
    let held = identity(&world, &first).unwrap();
    assert_eq!(held.until(), first.until());
}

/// Record, trail and decisions say that it lasts for years, and no signature does.
#[test]
fn a_request_that_proves_nothing_keeps_no_user_alive() {
    let world = World::with_users();
    let record = active(&world);
    let far = at(9 * 365 * DAY);
    let decided = far.as_second();
    let prolong = |row: &mut AuditRow| match &mut row.event {
        Event::Activated { until } => *until = far,
        Event::Decided { decision } => decision.signed.decision.at = decided,
        _ => {}
    };
    rewrite(&world, &record, prolong, |body| {
        *part(body, "/phase/access/until") = json!(far);
        *part(body, "/phase/access/round/decisions/0/signed/decision/at") = json!(decided);
    });
    look_at_user(&world, &record, end(&record).min(9 * HOUR) + 1);
    look_at_user(&world, &record, 9 * HOUR);
    assert!(is_shut_out(&world));
}

#[test]
fn an_end_needs_no_pointer_to_the_user() {
    let world = World::with_users();
    let first = active(&world);
    let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
    let over = end(&second);
    provision(&world, &first, over - HOUR);
    world.ledger.garble_pointer(&second.principal_key());
    let ended = provision(&world, &second, over + 1);
    assert_eq!(ended.state(), State::Revoked);
    assert!(is_shut_out(&world));
}

#[test]
fn a_spoilt_request_in_a_closed_account_is_told_and_keeps_nobody_back() {
    let world = World::with_users();
    let record = active(&world);
    spoil_below(&world, &record);
    let account = world.target.account_id.clone();
    world
        .directory
        .set_fault(&account, Some(AccountFault::NotPrepared));
    let over = end(&record);
    run(&provisioner(&world), record.id(), over + 1).unwrap();
    let after = world.load(record.id());
    assert!(after.deviations().any(Deviation::is_still_there));
    // What may pass is waited for.
    world
        .directory
        .set_fault(&account, Some(AccountFault::Throttled));
    run(&provisioner(&world), record.id(), over + 100).unwrap();
    assert!(world.load(record.id()).due_at() > Some(at(over + 100)));
}

/// Of the effect of an extension there is no row any more; the user's own record names the extension.
#[test]
fn a_row_that_was_deleted_ends_no_user() {
    let world = World::with_users();
    let first = active(&world);
    let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
    let rows = world.ledger.all_effects().into_iter();
    for row in rows.filter(|row| row.request == *second.id() && row.change.is_of_user()) {
        world.ledger.delete_effect(&row);
    }
    provision(&world, &first, end(&first) + 1);
    assert_eq!(life(&world), until(&second));
    assert_eq!(state(&world, &first), Some(IdentityState::Live));
}

/// IAM does not show a user yet that was just created: it is not taken for gone.
#[test]
fn a_user_that_is_not_to_be_seen_yet_is_not_said_to_be_deleted() {
    let world = World::with_users();
    let record = approved(&world);
    let mut nth = 1;
    while identity(&world, &record).is_none_or(|held| held.unique_id().is_none()) {
        world.fault.at(nth, Moment::After, Aftermath::Dead);
        let _ = run(&provisioner(&world), record.id(), 1);
        world.fault.mend();
        nth += 1;
    }
    assert_eq!(world.load(record.id()).state(), State::Provisioning);
    let account = world.target.account_id.clone();
    world.directory.remove_policy(&account, &samples::policy());
    world.directory.hide_for(&world.target, 1_000);
    let after = provision(&world, &record, 20);
    assert_eq!(after.state(), State::Provisioning);
    world.directory.hide_for(&world.target, 0);
    let after = provision(&world, &record, 300);
    assert_eq!(after.state(), State::Failed);
    assert_eq!(facts(&world), None);
}
