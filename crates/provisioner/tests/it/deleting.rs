//! Users that are deleted with all that they have, wherever a run breaks off.

use provisioner::ProvisionError;
use snowgate_core::identity::{LIFE_POLICY_NAME, LifePolicy, NewUser, UserPart, parts_in_order};
use snowgate_core::principal::Principal;
use testkit::contract::Given;
use testkit::world::{World, at};
use testkit::{Aftermath, Moment, samples};

use ports::users::{Creation, Users as _};

use super::provisioner;

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(work)
}

/// A user who was made in the account of the world, and its unique id.
fn made(world: &World) -> (Principal, String) {
    let user = NewUser {
        account_id: world.target.account_id.clone(),
        ..samples::new_user()
    };
    let created = block_on(world.directory.create(&user, &samples::request_id()));
    assert!(matches!(created, Ok(Creation::Made { .. })), "{created:?}");
    let principal = user.principal();
    let made = block_on(world.directory.made(&principal)).unwrap();
    (principal, made.unwrap().unique_id)
}

/// The same with two of everything, and its end written down.
fn made_with_everything(world: &World) -> (Principal, String) {
    let (user, unique_id) = made(world);
    for given in Given::ALL {
        world.directory.give_to(&user, given);
        if given != Given::LoginProfile {
            world.directory.give_to(&user, given);
        }
    }
    let life = world
        .directory
        .put_life(&user, LifePolicy::Until(at(9_000)));
    block_on(life).unwrap();
    (user, unique_id)
}

fn delete(world: &World, (user, unique_id): &(Principal, String)) -> Result<(), ProvisionError> {
    block_on(provisioner(world).delete_user(user, unique_id))
}

/// What a user still has.
fn parts(world: &World, user: &Principal) -> Vec<UserPart> {
    let facts = world.directory.facts(user);
    let credentials = world.directory.credentials_of(user);
    let both = facts.zip(credentials);
    both.map_or_else(Vec::new, |(facts, credentials)| {
        parts_in_order(&facts, &credentials)
    })
}

/// Whether a user is denied everything from now on.
fn is_denied_everything(world: &World, user: &Principal) -> bool {
    let facts = world.directory.facts(user);
    let inline = facts.map(|facts| facts.inline).unwrap_or_default();
    let over = LifePolicy::Over.document();
    let mut inline = inline.iter();
    inline.any(|one| one.name == LIFE_POLICY_NAME && one.document == over)
}

/// What was done to a user, after what prepared it.
fn done(world: &World, user: &Principal, before: usize) -> Vec<String> {
    let key = format!(" {}", user.key_by_name());
    let changes = world.directory.changes().split_off(before);
    let of_it = changes.into_iter().filter_map(|line| {
        let what = line.strip_suffix(&key);
        what.map(str::to_owned)
    });
    of_it.collect()
}

#[test]
fn a_user_goes_with_all_that_it_has_in_order_and_nobody_else_loses_anything() {
    let world = World::default();
    let (bystander, user) = (made_with_everything(&world), made_with_everything(&world));
    let others = (
        world.directory.facts(&bystander.0),
        parts(&world, &bystander.0),
    );
    let before = world.directory.changes().len();
    delete(&world, &user).unwrap();
    assert_eq!(world.directory.facts(&user.0), None);
    let two = |what: &str| vec![format!("remove {what}"); 2];
    let one = |what: &str| vec![what.to_owned()];
    let wanted = [
        one("put-life"),
        two("access-key"),
        one("remove login-profile"),
        two("mfa-device"),
        two("ssh-key"),
        two("signing-certificate"),
        two("service-credential"),
        two("group"),
        two("attached-policy"),
        two("inline-policy"),
        one("remove inline-policy"),
        one("delete-user"),
    ]
    .concat();
    assert_eq!(done(&world, &user.0, before), wanted);
    assert_eq!(world.directory.changes().len() - before, wanted.len());
    let after = (
        world.directory.facts(&bystander.0),
        parts(&world, &bystander.0),
    );
    assert_eq!(after, others);
    // Again, and of one who never was there.
    delete(&world, &user).unwrap();
    delete(&world, &(user.0, "AIDANOBODY".to_owned())).unwrap();
    assert_eq!(world.directory.changes().len() - before, wanted.len());
}

/// Wherever a run breaks off, the next one ends what is left: nothing is removed twice, and as long as the
/// user has anything it is denied everything.
#[test]
fn a_run_that_breaks_off_is_taken_up() {
    for aftermath in [Aftermath::Dead, Aftermath::Alive] {
        for moment in [Moment::Before, Moment::After] {
            let mut nth = 1;
            loop {
                let world = World::default();
                let user = made_with_everything(&world);
                let all = parts(&world, &user.0).len();
                let before = world.directory.changes().len();
                world.fault.at(nth, moment, aftermath);
                let broken_off = delete(&world, &user);
                let reached = world.fault.calls() >= nth;
                assert_eq!(broken_off.is_err(), reached, "{moment:?} call {nth}");
                world.fault.mend();
                let left = parts(&world, &user.0).len();
                let is_denied = is_denied_everything(&world, &user.0);
                assert!(
                    is_denied || left == all || left == 0,
                    "{moment:?} call {nth}"
                );
                delete(&world, &user).unwrap();
                assert_eq!(world.directory.facts(&user.0), None);
                let done = done(&world, &user.0, before);
                let removed = done.iter().filter(|one| one.starts_with("remove "));
                let put = done.iter().filter(|one| *one == "put-life").count();
                // A life policy that was removed already is put and removed once more.
                assert!(put <= 2, "{done:?}");
                assert_eq!(removed.count(), all + put - 1, "{moment:?} call {nth}");
                let deleted = done.iter().filter(|one| *one == "delete-user");
                assert_eq!(deleted.count(), 1);
                if !reached {
                    break;
                }
                nth += 1;
            }
            assert!(nth > 25, "every call was tried: {nth}");
        }
    }
}

/// Somebody gives the user something between any two changes: it goes as well.
#[test]
fn what_is_given_meanwhile_is_removed_too() {
    for nth in 0..22 {
        for given in Given::ALL {
            let world = World::default();
            let user = made_with_everything(&world);
            give_before(&world.directory, nth, user.0.clone(), given);
            delete(&world, &user).unwrap();
            assert_eq!(world.directory.facts(&user.0), None, "{given:?} at {nth}");
        }
    }
}

/// Gives a user something before the change after so many more.
fn give_before(directory: &testkit::FakeDirectory, nth: u32, user: Principal, given: Given) {
    directory.before_next_change(move |directory| match nth.checked_sub(1) {
        Some(fewer) => give_before(directory, fewer, user, given),
        None if directory.facts(&user).is_some() => directory.give_to(&user, given),
        None => {}
    });
}

/// It is held by its unique id: whoever has its old name now keeps everything.
#[test]
fn a_user_that_was_renamed_is_deleted_and_not_its_namesake() {
    let world = World::default();
    let user = made_with_everything(&world);
    let renamed = world.directory.rename(&user.0, "called-otherwise");
    let namesake = NewUser {
        account_id: user.0.account_id.clone(),
        name: user.0.name.clone(),
        ..samples::new_user()
    };
    let created = block_on(world.directory.create(&namesake, &samples::request_id()));
    assert!(matches!(created, Ok(Creation::Made { .. })));
    world.directory.give_to(&user.0, Given::AccessKey);
    delete(&world, &user).unwrap();
    assert_eq!(world.directory.facts(&renamed), None);
    assert_eq!(parts(&world, &user.0).len(), 1);
}

/// What IAM denies leaves the user as it is, and is told.
#[test]
fn a_user_out_of_reach_stays_and_that_is_an_error() {
    let world = World::default();
    let user = made_with_everything(&world);
    let all = parts(&world, &user.0);
    world.directory.move_to(&user.0, "/elsewhere/", false);
    let refused = delete(&world, &user).unwrap_err();
    assert!(matches!(&refused, ProvisionError::Account(_)), "{refused}");
    assert_eq!(parts(&world, &user.0), all);
    world.directory.move_to(&user.0, "/snowgate/", true);
    delete(&world, &user).unwrap();
    assert_eq!(world.directory.facts(&user.0), None);
}
