//! Users whose own record is lost, or whose request does not say any more which user it made: they end all
//! the same, and nobody is told that they are gone.

use snowgate_core::id::IdentityId;
use snowgate_core::identity::{IdentityState, LifePolicy};
use snowgate_core::lifecycle::State;
use snowgate_core::record::{BlockedBecause, Deviation, Event, RequestRecord};
use testkit::contract::Given;
use testkit::world::World;

use super::creating::{GRACE, approved, facts, identity, life, look_at_user, state};
use super::evidence::{forge, part};
use super::put_back::approved as put_back;
use super::{end, provision, provisioner, run};

/// A user with a key and a policy, of a request that is active.
fn active(world: &World) -> RequestRecord {
    let active = provision(world, &approved(world), 10);
    assert_eq!(active.state(), State::Active);
    world.directory.give_to(&world.target, Given::AccessKey);
    active
}

pub(super) fn is_shut_out(world: &World) -> bool {
    let keys = world.directory.credentials_of(&world.target).unwrap().keys;
    life(world) == Some(LifePolicy::Over.document()) && keys.iter().all(|key| !key.is_active)
}

/// Spoils the row of a trail before the one that names the user.
pub(super) fn spoil_below(world: &World, record: &RequestRecord) {
    world.ledger.rewrite_trail(record.id(), |rows| {
        let names = rows.iter().position(|row| {
            let read = row.read::<RequestRecord>();
            read.is_ok_and(|row| matches!(row.event, Event::UserCreated { .. }))
        });
        let before = names.unwrap() - 1;
        rows.get_mut(before).unwrap().bytes.push(' ');
    });
    let broken = world.load(record.id());
    assert_eq!(
        (broken.unique_id(), broken.trail_fault().is_some()),
        (None, true)
    );
    let turn = broken.turn_key();
    assert_eq!(turn, record.principal_key(), "it has the turn of its user");
}

pub(super) fn still_there(record: &RequestRecord, why: BlockedBecause) -> bool {
    record.deviations().any(|one| {
        matches!(one, Deviation::StillThere { change, because }
            if change.is_of_user() && *because == why)
    })
}

#[test]
fn a_trail_that_does_not_say_which_user_it_made_ends_the_one_whose_record_does() {
    let world = World::with_users();
    let record = active(&world);
    spoil_below(&world, &record);
    let after = provision(&world, &record, end(&record) + 1);
    assert!(is_shut_out(&world));
    assert_eq!(facts(&world).unwrap().attached, Vec::<String>::new());
    assert_eq!(after.state(), State::Revoked);
    assert!(!after.deviations().any(|one| *one == Deviation::Gone));
    assert_eq!(state(&world, &record), Some(IdentityState::Ended));
    assert_eq!(world.ledger.all_effects(), []);
}

/// Neither says so: that is told, and nobody is said to be gone.
#[test]
fn a_user_that_no_record_names_is_not_said_to_be_gone() {
    let world = World::with_users();
    let record = active(&world);
    spoil_below(&world, &record);
    world.ledger.remove_identity(&IdentityId::of(record.id()));
    let _ = run(&provisioner(&world), record.id(), end(&record) + 1);
    let after = world.load(record.id());
    assert_eq!(after.state(), State::Revoking);
    assert!(
        still_there(&after, BlockedBecause::Unproven),
        "{:?}",
        after.deviation_reports()
    );
}

/// A record of a user that names another one is not believed either.
#[test]
fn a_user_that_was_made_for_another_request_is_not_ended_for_this_one() {
    let world = World::with_users();
    let record = active(&world);
    spoil_below(&world, &record);
    let other = testkit::samples::request_id();
    world
        .directory
        .tag(&world.target, "snowgate:request", Some(other.as_str()));
    let before = life(&world);
    let _ = run(&provisioner(&world), record.id(), end(&record) + 1);
    assert_eq!(life(&world), before);
    let after = world.load(record.id());
    assert!(still_there(&after, BlockedBecause::Unproven));
}

#[test]
fn keys_are_made_inactive_whatever_became_of_the_record_of_the_user() {
    let world = World::with_users();
    let record = active(&world);
    world.ledger.remove_identity(&IdentityId::of(record.id()));
    let after = provision(&world, &record, end(&record) + 1);
    assert!(is_shut_out(&world));
    assert_eq!(after.state(), State::Revoked);
}

#[test]
fn keys_that_stay_active_are_told_and_tried_again() {
    let world = World::with_users();
    let record = active(&world);
    world.directory.keep_keys(true);
    let over = end(&record);
    let after = provision(&world, &record, over + 1);
    assert_eq!(after.state(), State::Revoking);
    assert!(still_there(&after, BlockedBecause::KeysStayActive));
    assert_eq!(
        facts(&world).unwrap().attached,
        Vec::<String>::new(),
        "the rest is removed"
    );
    world.directory.keep_keys(false);
    let after = provision(&world, &record, over + 600);
    assert_eq!(after.state(), State::Revoked);
    assert!(is_shut_out(&world));
}

/// A record that was put back to before its grant ends nothing any more: the user ends by its own.
#[test]
fn a_request_that_was_put_back_keeps_no_user_alive() {
    let world = World::with_users();
    let record = active(&world);
    forge(&world, &record, |body| {
        put_back(body);
        *part(body, "/head/since") = serde_json::json!("2090-01-01T00:00:00Z");
    });
    let over = end(&record);
    look_at_user(&world, &record, over + 1);
    assert!(is_shut_out(&world));
    assert_eq!(state(&world, &record), Some(IdentityState::Ended));
    look_at_user(&world, &record, over + GRACE + 10);
    assert!(
        facts(&world).is_some(),
        "nothing proves that it may be deleted"
    );
    assert!(identity(&world, &record).is_some());
}
