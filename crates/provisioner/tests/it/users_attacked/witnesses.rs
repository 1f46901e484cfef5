//! Where records and rows are forged or lost, IAM, signatures and the user's own record say what is so.

use super::*;
use crate::approved_with;

/// Rows that say that all is over, appended so that record and trail bear each other out: that it is over no
/// signature says, and deleting cannot be undone.
#[test]
fn appended_rows_delete_nobody_before_the_signed_end() {
    let world = World::with_users();
    let record = active(&world);
    let mut over = record.clone();
    for event in [
        Event::RevocationStarted,
        Event::Revoked {
            retained: Vec::new(),
        },
    ] {
        over = world.apply(&over, event, Actor::Provisioner, at(HOUR));
    }
    let held = identity(&world, &record).unwrap();
    let mut rows: Vec<StoredRow> = ready(world.ledger.identity_trail(held.id())).unwrap();
    let mut user = held;
    let grace_until = at(HOUR + 1);
    let because = DeletedBecause::GraceOver;
    for (second, event) in [
        (HOUR, IdentityEvent::EndingStarted),
        (HOUR, IdentityEvent::Ended { grace_until }),
        (HOUR + 2, IdentityEvent::DeletionStarted { because }),
    ] {
        let change = user.apply(event, Actor::Provisioner, at(second)).unwrap();
        rows.push(change.row.stored().unwrap());
        user = change.record;
        world.ledger.put_identity(user.clone(), rows.clone());
        look_at_user(&world, &record, HOUR + 3);
        assert!(facts(&world).is_some(), "{}", user.state());
    }
}

/// A whole extension that nobody signed, of a user that Snowgate never made.
#[test]
fn an_extension_that_nobody_signed_denies_nobody() {
    let world = World::with_users();
    let first = active(&world);
    let rita = World {
        target: samples::user(),
        ..world.clone()
    };
    rita.directory
        .put_principal(&rita.target, principal_facts());
    rita.directory.give_to(&rita.target, Given::AccessKey);
    let mut request = rita.request_for(World::new_user_grants());
    request.extends = first.extension();
    let received = rita.receive(request, at(HOUR));
    let (pending, _) = rita.pend(received, &[OWNER], at(HOUR));
    let nobodys = FakeKeys::new([9; 32]);
    let mut forged = rita.decide(&pending, OWNER, Verdict::Approve, &nobodys, at(HOUR));
    let preexisting = Vec::new();
    let until = at(2 * HOUR);
    for event in [
        Event::ProvisioningStarted { preexisting },
        Event::Activated { until },
    ] {
        forged = rita.apply(&forged, event, Actor::Provisioner, at(HOUR));
    }
    for effect in plan::effects_of_begun(&forged) {
        rita.ledger.put_effect(effect);
    }
    let before = rita.directory.facts(&rita.target);
    let after = provision(&rita, &forged, 3 * HOUR);
    assert_eq!(rita.directory.facts(&rita.target), before);
    let keys = rita.directory.credentials_of(&rita.target).unwrap().keys;
    assert!(keys.iter().all(|key| key.is_active));
    assert!(still_there(&after, BlockedBecause::Unproven));
}

/// The record says that the user was there before.
#[test]
fn a_record_that_says_that_the_user_was_there_before_keeps_nobody_in() {
    let user = |world: &World| EffectChange::UserCreated {
        name: world.target.name.clone(),
        ends_at: at(HOUR),
    };
    let says = |world: &World, record: &RequestRecord| {
        let change = serde_json::to_value(user(world)).unwrap();
        forge(world, record, |body| {
            let head = part(body, "/head").as_object_mut().unwrap();
            head.insert("preexisting".to_owned(), json!([change]));
        });
    };
    let world = World::with_users();
    let record = active(&world);
    says(&world, &record);
    revoke_early(&world, &world.load(record.id()), HOUR);
    assert!(is_shut_out(&world));
    // Nor does it take the user from whom it still gives it.
    let world = World::with_users();
    let first = active(&world);
    let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
    says(&world, &first);
    revoke_early(&world, &second, 2 * HOUR);
    assert_ne!(life(&world), Some(LifePolicy::Over.document()));
}

/// Who took the life policy away is denied nothing by that: it is told as long as it cannot be put.
#[test]
fn a_user_that_cannot_be_denied_everything_is_not_said_to_be() {
    let world = World::with_users();
    let record = active(&world);
    world.directory.remove_life(&world.target);
    let change = EffectChange::UserCreated {
        name: world.target.name.clone(),
        ends_at: at(HOUR),
    };
    world.directory.keep(&change);
    let after = provision(&world, &record, end(&record) + 1);
    assert_eq!(after.state(), State::Revoking);
    assert!(
        still_there(&after, BlockedBecause::Denied),
        "{:?}",
        after.deviation_reports()
    );
}

/// A whole request that says that it created somebody ends no access of theirs.
#[test]
fn a_request_that_says_that_it_created_somebody_ends_nothing_of_theirs() {
    let world = World::with_users();
    let record = active(&world);
    let rita = World {
        target: samples::user(),
        ..world.clone()
    };
    let mut hers = principal_facts();
    let (path, _) = hers.arn.rsplit_once('/').unwrap();
    hers.arn = format!("{path}/{}", rita.target.name);
    rita.directory.put_principal(&rita.target, hers.clone());
    let other = rita.approved(at(HOUR));
    let other = provision(&rita, &other, HOUR);
    assert_eq!(other.state(), State::Active);
    let names = |row: &mut AuditRow| {
        if let Event::UserCreated { unique_id } = &mut row.event {
            unique_id.clone_from(&hers.unique_id);
        }
    };
    rewrite(&world, &record, names, |body| {
        *part(body, "/head/created_user") = json!(hers.unique_id);
    });
    revoke_early(&world, &world.load(record.id()), 2 * HOUR);
    let other = world.load(other.id());
    assert_eq!((other.state(), other.revocation()), (State::Active, None));
}

/// What an administrator tags as theirs while it is not known whose it is, is not said to be ours.
#[test]
fn a_namesake_is_not_said_to_be_ours() {
    let (world, record) = just_created();
    for key in [
        "team",
        "snowgate:made",
        "snowgate:owner",
        "snowgate:request",
    ] {
        world.directory.tag(&world.target, key, None);
    }
    world.put_policy(samples::policy(), "v2", &document("s3:GetObject"));
    let told = provision(&world, &record, 300);
    assert!(still_there(&told, BlockedBecause::Unproven));
    world.directory.tag(&world.target, "team", Some("theirs"));
    let after = provision(&world, &record, 600);
    assert_eq!(after.state(), State::Failed);
    assert!(!still_there(&after, BlockedBecause::UserLeft));
    assert!(facts(&world).is_some());
}

/// A rollback that cannot be done says so.
#[test]
fn a_roll_back_in_a_closed_account_is_told() {
    let world = World::with_users();
    world.directory.create_none("LimitExceeded");
    let record = approved(&world);
    let _ = run(&provisioner(&world), record.id(), 1);
    let account = world.target.account_id.clone();
    world
        .directory
        .set_fault(&account, Some(AccountFault::NotPrepared));
    let after = provision(&world, &record, 2 * DAY);
    assert!(
        still_there(&after, BlockedBecause::NotPrepared),
        "{:?}",
        after.deviation_reports()
    );
}

/// Of an extension neither a row nor the user's record tells any more. IAM does.
#[test]
fn a_user_whose_record_forgot_an_extension_lives_as_long_as_its_life_policy() {
    let world = World::with_users();
    let first = active(&world);
    let held = identity(&world, &first).unwrap();
    let rows = ready(world.ledger.identity_trail(held.id())).unwrap();
    let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
    provision(&world, &first, end(&first) + 1);
    world.ledger.put_identity(held, rows);
    for row in world.ledger.all_effects() {
        world.ledger.delete_effect(&row);
    }
    look_at_user(&world, &first, end(&first) + 60);
    assert_eq!(life(&world), until(&second));
}

/// IAM lets nothing be put: an extension that changed nothing fails, and that is all.
#[test]
fn an_extension_that_changed_nothing_fails() {
    let world = World::with_users();
    let first = active(&world);
    world.directory.keep_life(true);
    world.directory.refuse(&EffectChange::UserCreated {
        name: world.target.name.clone(),
        ends_at: at(HOUR),
    });
    let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
    let code = FailureCode::IamRefused;
    assert_eq!(second.end_reason(), Some(EndReason::Failed { code }));
    assert!(is_untouched(&world, &first));
}

/// A request of a user keeps its turn, whatever is written to it.
#[test]
fn a_spoilt_request_keeps_its_turn_when_it_is_written_to() {
    let world = World::with_users();
    let record = active(&world);
    spoil_below(&world, &record);
    let event = Event::RevocationRequested {
        by: RevokedBy::Client,
        reason: None,
        signature: None,
    };
    let broken = world.load(record.id());
    let client = broken.client().clone();
    let _ = world.apply(&broken, event, Actor::Client { client }, at(HOUR));
    let written = world.load(record.id());
    assert_eq!(written.turn_key(), record.principal_key());
    assert_eq!(written.unique_id(), None, "and is not believed more");
}

/// Nobody says which user it is; its life policy does say when it ends.
#[test]
fn access_does_not_outlive_a_user_that_nobody_knows() {
    let world = World::with_users();
    let first = active(&world);
    world.ledger.garble_pointer(&first.principal_key());
    let policy = json!([
        {"type": "attach_managed_policy", "policy_arn": testkit::world::other_policy()},
    ]);
    let other = approved_with(&world, policy);
    let after = provision(&world, &other, HOUR);
    let code = FailureCode::OutlivesUser;
    assert_eq!(after.end_reason(), Some(EndReason::Failed { code }));
}

/// The record of a user says that it has ended, or is deleted, and a proved extension is forgotten: IAM still
/// says that it lives.
#[test]
fn a_user_that_lives_on_in_iam_is_neither_denied_nor_deleted_by_its_record() {
    for is_deleting in [false, true] {
        let world = World::with_users();
        let first = active(&world);
        let held = identity(&world, &first).unwrap();
        let mut rows = ready(world.ledger.identity_trail(held.id())).unwrap();
        let second = provision(&world, &extension(&world, &first, 48, HOUR), HOUR);
        let over = end(&first);
        provision(&world, &first, over + 1);
        let (ended, grace_until) = (over + 2, at(over + 3));
        let because = DeletedBecause::GraceOver;
        let mut events = vec![
            (ended, IdentityEvent::EndingStarted),
            (ended, IdentityEvent::Ended { grace_until }),
        ];
        if is_deleting {
            events.push((over + 4, IdentityEvent::DeletionStarted { because }));
        }
        let mut user = held;
        for (second, event) in events {
            let change = user.apply(event, Actor::Provisioner, at(second)).unwrap();
            rows.push(change.row.stored().unwrap());
            user = change.record;
        }
        world.ledger.put_identity(user, rows);
        for row in world.ledger.all_effects() {
            world.ledger.delete_effect(&row);
        }
        look_at_user(&world, &first, 40 * HOUR);
        assert_eq!(life(&world), until(&second), "{is_deleting}");
    }
}

/// IAM lets no life policy be put: the user that was just created goes all the same.
#[test]
fn a_user_that_can_be_given_no_life_policy_is_deleted() {
    let world = World::with_users();
    let change = EffectChange::user(world.target.name.clone(), at(HOUR));
    world.directory.refuse(&change);
    world.directory.keep(&change);
    world.directory.keep_life(true);
    let after = provision(&world, &approved(&world), 10);
    let code = FailureCode::IamRefused;
    assert_eq!(after.end_reason(), Some(EndReason::Failed { code }));
    assert_eq!(facts(&world), None);
    assert_eq!(state(&world, &after), Some(IdentityState::Deleted));
}

/// Who is let in again during the grace period is denied everything again, and kept as long once more.
#[test]
fn grace_begins_again_where_a_user_was_let_in() {
    let world = World::with_users();
    let record = active(&world);
    let over = end(&record);
    provision(&world, &record, over + 1);
    world.directory.remove_life(&world.target);
    world.directory.give_to(&world.target, Given::AccessKey);
    let late = over + GRACE + 2;
    for again in [0, 1, 60] {
        look_at_user(&world, &record, late + again);
        assert!(is_shut_out(&world));
    }
    look_at_user(&world, &record, late + GRACE + 100);
    assert_eq!(facts(&world), None);
}

/// Of the request that created the user a row is spoilt, and nobody says which user a principal is.
#[test]
fn the_tag_says_which_user_a_spoilt_request_created() {
    let world = World::with_users();
    let first = active(&world);
    let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
    spoil_below(&world, &first);
    world.ledger.garble_pointer(&second.principal_key());
    revoke_early(&world, &second, 2 * HOUR);
    assert_ne!(life(&world), Some(LifePolicy::Over.document()));
}

/// A look may be older than an extension that was just read back.
#[test]
fn access_that_an_extension_made_room_for_is_not_refused_by_an_old_look() {
    let world = World::with_users();
    let first = active(&world);
    let old = facts(&world).unwrap();
    provision(&world, &extension(&world, &first, 20, HOUR), HOUR);
    let policy = json!([
        {"type": "attach_managed_policy", "policy_arn": testkit::world::other_policy()},
    ]);
    let other = approved_with(&world, policy);
    world.directory.read_as(&world.target, Some(old));
    let other = provision(&world, &other, HOUR + 5);
    assert_ne!(other.state(), State::Failed);
    world.directory.read_as(&world.target, None);
    assert_eq!(provision(&world, &other, HOUR + 200).state(), State::Active);
}

/// Whoever brings the end of a user forward by hand is told of, though a request ends then.
#[test]
fn a_life_policy_that_was_changed_to_the_end_of_another_request_is_told() {
    let world = World::with_users();
    let first = active(&world);
    let second = provision(&world, &extension(&world, &first, 12, HOUR), HOUR);
    let change = EffectChange::UserCreated {
        name: world.target.name.clone(),
        ends_at: first.until().unwrap(),
    };
    world.directory.give(&world.target, &change);
    let compared = provision(&world, &second, 2 * HOUR + 10);
    assert_eq!(compared.deviation_reports().len(), 1);
}

/// What was recorded under a name that nobody came to have is forgotten with the user.
#[test]
fn effects_of_a_user_that_never_was_are_forgotten() {
    let world = World::with_users();
    world.directory.create_none("LimitExceeded");
    let record = approved(&world);
    let _ = run(&provisioner(&world), record.id(), 10);
    world.ledger.garble(record.id());
    look_at_user(&world, &record, 1_000);
    end_all_on(&world, world.target.key_by_name(), 2_000);
    assert_eq!(world.ledger.all_effects(), []);
}
