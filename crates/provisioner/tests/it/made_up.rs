//! Records of users that somebody with access to the table made up: they end and delete nobody.

use jiff::Timestamp;
use ports::ledger::Requests as _;
use snowgate_core::approval::Verdict;
use snowgate_core::audit::StoredRow;
use snowgate_core::id::RequestId;
use snowgate_core::identity::{
    DeletedBecause, IdentityEvent, IdentityRecord, IdentityState, NewUser,
};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{FailureCode, RequestRecord};
use testkit::contract::Given;
use testkit::samples;
use testkit::world::{OWNER, World, at, principal_facts, ready};

use super::creating::{approved, facts, identity, life, look_at_user};
use super::{end, provision};

/// Far beyond every grace.
const LATE: i64 = 400 * 86_400;

/// Puts a record with a whole trail of its own.
fn put(world: &World, by: &RequestId, user: &NewUser, events: Vec<(i64, IdentityEvent)>) {
    let begun = IdentityRecord::begin(by.clone(), user.clone(), Actor::Provisioner, at(0));
    let begun = begun.unwrap();
    let mut rows: Vec<StoredRow> = vec![begun.row.stored().unwrap()];
    let mut record = begun.record;
    for (second, event) in events {
        let change = record.apply(event, Actor::Provisioner, at(second)).unwrap();
        rows.push(change.row.stored().unwrap());
        record = change.record;
    }
    world.ledger.put_identity(record, rows);
}

/// What a made-up record may say of a user of this unique id.
fn stories(unique_id: &str) -> Vec<Vec<(i64, IdentityEvent)>> {
    let unique_id = unique_id.to_owned();
    let created = (1, IdentityEvent::UserCreated { unique_id });
    let until = at(100);
    let live = (2, IdentityEvent::WentLive { until });
    let ending = (3, IdentityEvent::EndingStarted);
    let grace_until = at(101);
    let ended = (4, IdentityEvent::Ended { grace_until });
    let deleting = |because| (200, IdentityEvent::DeletionStarted { because });
    let code = FailureCode::IamRefused;
    let request = samples::request_id();
    let told = |events: &[&(i64, IdentityEvent)]| -> Vec<(i64, IdentityEvent)> {
        events.iter().map(|&event| event.clone()).collect()
    };
    let (grace, rollback, asked) = (
        deleting(DeletedBecause::GraceOver),
        deleting(DeletedBecause::Rollback { code }),
        deleting(DeletedBecause::Request { request }),
    );
    vec![
        told(&[&created]),
        told(&[&created, &live]),
        told(&[&created, &live, &ending]),
        told(&[&created, &live, &ending, &ended]),
        told(&[&created, &live, &ending, &ended, &grace]),
        told(&[&created, &live, &asked]),
        told(&[&created, &rollback]),
    ]
}

/// All that IAM has of the user of the world.
fn all(world: &World) -> impl PartialEq + std::fmt::Debug + use<> {
    let user = &world.target;
    (
        facts(world),
        world.directory.credentials_of(user).map(|one| one.keys),
    )
}

/// A user with a key, of a request that is active for eight hours.
fn active(world: &World) -> RequestRecord {
    let active = provision(world, &approved(world), 10);
    assert_eq!(active.state(), State::Active);
    world.directory.give_to(&world.target, Given::AccessKey);
    active
}

#[test]
fn a_record_of_no_request_that_made_the_user_does_nothing_to_it() {
    let world = World::with_users();
    let record = active(&world);
    let user = identity(&world, &record).unwrap();
    let unique_id = user.unique_id().unwrap().to_owned();
    let before = all(&world);
    for (n, story) in stories(&unique_id).into_iter().enumerate() {
        let (other, tell) = (samples::request_id(), story);
        put(&world, &other, user.user(), tell);
        let other = wake(&world, &other);
        look_at_user(&world, &other, 1_000);
        look_at_user(&world, &other, LATE);
        assert_eq!(all(&world), before, "story {n}");
    }
}

#[test]
fn the_own_record_of_a_user_does_nothing_to_it_while_a_request_gives_it_time() {
    let world = World::with_users();
    let record = active(&world);
    let user = identity(&world, &record).unwrap();
    let unique_id = user.unique_id().unwrap().to_owned();
    let before = all(&world);
    for (n, story) in stories(&unique_id).into_iter().enumerate() {
        put(&world, record.id(), user.user(), story);
        look_at_user(&world, &record, 1_000);
        look_at_user(&world, &record, 2_000);
        assert_eq!(all(&world), before, "story {n}");
    }
}

/// The request that made it is over: what is made up names another user as its own.
#[test]
fn a_user_is_deleted_by_the_request_that_made_this_very_one() {
    let world = World::with_users();
    let gone = provision(&world, &approved(&world), 10);
    let over = end(&gone);
    provision(&world, &gone, over + 1);
    look_at_user(&world, &gone, over + LATE);
    assert_eq!(facts(&world), None);
    // Another user of the name, made for another request.
    let then = over + LATE;
    world.directory.set_now(at(then));
    let asked = world.request_for(World::new_user_grants());
    let (pending, _) = world.pend(world.receive(asked, at(then)), &[OWNER], at(then));
    let again = world.decide(&pending, OWNER, Verdict::Approve, &world.keys, at(then));
    let live = provision(&world, &again, then + 1);
    assert_eq!(live.state(), State::Active);
    let user = identity(&world, &live).unwrap();
    let unique_id = user.unique_id().unwrap().to_owned();
    let before = all(&world);
    for (n, story) in stories(&unique_id).into_iter().enumerate() {
        put(&world, gone.id(), user.user(), story);
        look_at_user(&world, &gone, then + 100);
        look_at_user(&world, &gone, then + 200);
        assert_eq!(all(&world), before, "story {n}");
    }
}

/// A request of this id, to wake for; the ledger need not have it.
fn wake(world: &World, id: &RequestId) -> RequestRecord {
    let request = world.request_for(World::new_user_grants());
    let now: Timestamp = at(0);
    let received = RequestRecord::receive(id.clone(), samples::client(), request, now);
    let received = received.unwrap().record;
    assert!(ready(world.ledger.load(id)).unwrap().is_none());
    received
}

/// The life policy of a user who was tagged as another's is not touched by a record that says otherwise.
#[test]
fn a_user_that_somebody_enrolled_is_nobodys_to_end() {
    let world = World::with_users();
    let world = World {
        target: samples::user(),
        ..world
    };
    world
        .directory
        .put_principal(&world.target, principal_facts());
    world.directory.give_to(&world.target, Given::AccessKey);
    let before = all(&world);
    let user = NewUser {
        name: world.target.name.clone(),
        path: "/enrolled/".to_owned(),
        ..samples::new_user()
    };
    let unique_id = principal_facts().unique_id;
    for (n, story) in stories(&unique_id).into_iter().enumerate() {
        let by = samples::request_id();
        put(&world, &by, &user, story);
        let by = wake(&world, &by);
        look_at_user(&world, &by, 1_000);
        look_at_user(&world, &by, LATE);
        assert_eq!(all(&world), before, "story {n}");
        assert_eq!(life(&world), None);
        let state = identity(&world, &by).map(|one| one.state());
        assert_ne!(
            state,
            Some(IdentityState::Deleted),
            "it says what is not so"
        );
    }
}
