//! Records that their trails do not bear out, and what the rows of these trails still say.

use serde_json::{Value, json};
use snowgate_core::approval::Verdict;
use snowgate_core::audit::StoredRow;
use snowgate_core::effect::{EffectChange, RecordedEffect};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::plan;
use snowgate_core::record::{
    BlockedBecause, Deviation, Event, FailureCode, RequestRecord, RevokedBy,
};
use testkit::world::{OWNER, World, at, principal_facts};
use testkit::{FakeKeys, samples};

use super::put_back::approved;
use super::{active, approved_with, attached, end, end_all, provision};

pub(super) const DAY: i64 = 24 * 3600;

pub(super) fn forge(world: &World, record: &RequestRecord, forge: impl FnOnce(&mut Value)) {
    world.ledger.overwrite(samples::tampered(record, forge));
}

pub(super) fn part<'a>(body: &'a mut Value, pointer: &str) -> &'a mut Value {
    body.pointer_mut(pointer).unwrap()
}

/// Makes record and effects say that the policy was there before the request.
fn said_to_be_there_before(world: &World, record: &RequestRecord, is_spoilt: bool) {
    let change = EffectChange::PolicyAttached {
        policy_arn: samples::policy(),
    };
    forge(world, record, |body| {
        let head = body.pointer_mut("/head").and_then(Value::as_object_mut);
        head.unwrap()
            .insert("preexisting".to_owned(), json!([change]));
    });
    for mut row in world.ledger.all_effects() {
        row.preexisting = true;
        match is_spoilt {
            true => world.ledger.spoil_effect(&row),
            false => world.ledger.put_effect(row),
        }
    }
}

#[test]
fn what_is_said_to_have_been_there_is_neither_removed_nor_passed_for_it() {
    for is_spoilt in [false, true] {
        let world = World::default();
        let record = active(&world, 0);
        said_to_be_there_before(&world, &record, is_spoilt);
        let after = provision(&world, &record, end(&record));
        assert_eq!(after.state(), State::Revoking, "a person decides");
        let found: Vec<_> = after.deviations().collect();
        assert!(
            matches!(
                found.as_slice(),
                [Deviation::StillThere {
                    because: BlockedBecause::Unproven,
                    ..
                }]
            ),
            "{found:?}"
        );
    }
}

/// The same of a request that is also said to have ended: its trail says what was there.
#[test]
fn what_is_said_to_have_been_there_of_a_request_that_ended_is_removed() {
    let world = World::default();
    let record = active(&world, 0);
    said_to_be_there_before(&world, &record, false);
    forge(&world, &world.load(record.id()), |body| {
        let access = body["phase"]["access"].take();
        let ending = json!({"type": "revoked", "access": access, "retained": []});
        body["phase"] = json!({"type": "ended", "ending": ending});
    });
    end_all(&world, end(&record) + DAY + 60);
    assert!(!attached(&world, &world.target));
}

/// A row that follows from none, which says that all was undone.
#[test]
fn a_row_that_follows_from_none_undoes_nothing() {
    let world = World::default();
    let record = active(&world, 0);
    let failed = Event::Failed {
        code: FailureCode::BrokenTrail,
    };
    world.ledger.rewrite_trail(record.id(), |rows| {
        let mut row = rows.last().unwrap().read::<RequestRecord>().unwrap();
        row.n = 9_999;
        row.event = failed;
        rows.push(row.stored().unwrap());
    });
    forge(&world, &record, approved);
    assert!(world.load(record.id()).was_put_back());
    let after = provision(&world, &record, 60);
    assert_eq!(after.state(), State::Approved, "a person decides");
}

/// Another request that says that it gives the same for a year, whole in itself, and of which no
/// signature verifies.
fn made_up(world: &World, second: i64) {
    let (pending, _) = world.pending(&[OWNER], at(second));
    let keys = FakeKeys::new([9; 32]);
    let approved = world.decide(&pending, OWNER, Verdict::Approve, &keys, at(second));
    let started = Event::ProvisioningStarted {
        preexisting: Vec::new(),
    };
    let begun = world.apply(&approved, started, Actor::Provisioner, at(second));
    let until = at(second + 8 * 3600);
    let activated = Event::Activated { until };
    let active = world.apply(&begun, activated, Actor::Provisioner, at(second));
    for row in plan::effects_of_begun(&active) {
        world.ledger.put_effect(row);
    }
}

#[test]
fn who_proves_nothing_keeps_nothing_of_a_lost_request() {
    for is_lost in [true, false] {
        let world = World::default();
        let record = active(&world, 0);
        let late = end(&record) + DAY + 60;
        made_up(&world, late - 30);
        if is_lost {
            world.ledger.garble(record.id());
            end_all(&world, late);
        } else {
            forge(&world, &record, approved);
            assert_eq!(provision(&world, &record, 60).state(), State::Approved);
        }
        let rows = world.ledger.all_effects();
        let mine = rows.iter().any(|row| row.request == *record.id());
        assert!(mine, "it is not forgotten: a person decides");
    }
}

/// What only such a request gives was neither there before nor is it sure that it was not.
#[test]
fn what_is_given_by_who_proves_nothing_is_waited_for() {
    let world = World::default();
    let mut facts = world.directory.facts(&world.target).unwrap();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
    made_up(&world, 0);
    let record = world.approved(at(10));
    let waits = provision(&world, &record, 20);
    assert_eq!(waits.state(), State::Approved);
}

/// An ended request, a row that breaks its trail, its effect put back, and a policy attached by hand
/// since.
#[test]
fn a_broken_trail_takes_nothing_that_was_given_since_the_end() {
    let world = World::default();
    let record = active(&world, 0);
    let row = world.ledger.all_effects().remove(0);
    let ended = provision(&world, &record, end(&record));
    assert_eq!(ended.state(), State::Revoked);
    let mut facts = world.directory.facts(&world.target).unwrap();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
    world.ledger.put_effect(row);
    world.ledger.rewrite_trail(record.id(), |rows| {
        rows.push(StoredRow {
            place: Some(9_999),
            bytes: "?".to_owned(),
            hash: None,
        });
    });
    end_all(&world, end(&record) + DAY + 60);
    assert!(attached(&world, &world.target));
}

/// One row that makes the trail no whole, and a record that cannot be read.
#[test]
fn a_stray_row_hides_no_end_of_a_lost_request() {
    let world = World::default();
    let record = active(&world, 0);
    world.ledger.rewrite_trail(record.id(), |rows| {
        rows.push(StoredRow {
            place: Some(9_999),
            bytes: "?".to_owned(),
            hash: None,
        });
    });
    world.ledger.garble(record.id());
    end_all(&world, end(&record) + DAY + 60);
    assert!(!attached(&world, &world.target));
    assert_eq!(world.ledger.all_effects(), []);
}

#[test]
fn an_early_end_that_was_struck_out_is_an_end() {
    let world = World::default();
    let record = active(&world, 0);
    let early = Event::RevocationRequested {
        by: RevokedBy::Client,
        reason: None,
        signature: None,
    };
    let _ = world.apply(&record, early, Actor::Provisioner, at(100));
    forge(&world, &world.load(record.id()), |body| {
        body["phase"]["access"]["revocation"] = Value::Null;
        body["phase"]["access"]["until"] = json!(record.until().unwrap().to_string());
    });
    assert_eq!(world.load(record.id()).state(), State::Active);
    let after = provision(&world, &record, 200);
    assert_eq!(after.state(), State::Revoked);
    assert!(!attached(&world, &world.target));
}

/// The other request gives the policy, and one row breaks its trail.
#[test]
fn what_a_request_with_a_broken_trail_gives_is_not_found_there() {
    let world = World::default();
    let broken = active(&world, 0);
    world.ledger.rewrite_trail(broken.id(), |rows| {
        rows.push(StoredRow {
            place: Some(9_999),
            bytes: "?".to_owned(),
            hash: None,
        });
    });
    let grants = json!([{"type": "attach_managed_policy", "policy_arn": samples::policy()}]);
    let record = approved_with(&world, grants);
    let waits = provision(&world, &record, 60);
    assert_eq!(waits.state(), State::Approved, "what is there may go");
    let ended = end(&broken);
    assert_eq!(provision(&world, &broken, ended).state(), State::Revoked);
    assert_eq!(world.ledger.effects_on(&world.key()), []);
}

/// The request has ended; somebody attaches the same policy by hand, makes an effect up and spoils the
/// trail, in front or in the middle of it. What we did not give is not taken.
#[test]
fn a_spoilt_trail_takes_nothing_that_is_not_ours() {
    let spoil: [fn(&mut Vec<StoredRow>); 2] = [
        |rows| {
            rows.push(StoredRow {
                place: None,
                bytes: "?".to_owned(),
                hash: None,
            });
        },
        |rows| rows[2].bytes.push('?'),
    ];
    for spoil in spoil {
        let world = World::default();
        let record = active(&world, 0);
        let made_up = world.ledger.effects_on(&world.key());
        assert_eq!(
            provision(&world, &record, end(&record)).state(),
            State::Revoked
        );
        let mut facts = principal_facts();
        facts.attached.push(samples::policy().to_string());
        world.directory.put_principal(&world.target, facts);
        for effect in made_up {
            world.ledger.put_effect(effect);
        }
        world.ledger.rewrite_trail(record.id(), spoil);
        assert!(world.load(record.id()).trail_fault().is_some());
        end_all(&world, end(&record) + 2 * DAY);
        assert!(attached(&world, &world.target));
    }
}

/// A policy that two requests give, one after the other: the end of the first removes nothing, and so the
/// second, said to have ended, keeps nothing either.
#[test]
fn what_an_earlier_request_gave_too_keeps_no_end_back() {
    let world = World::default();
    let first = active(&world, 0);
    let second = active(&world, 100);
    let ended = provision(&world, &first, end(&first));
    assert_eq!((ended.state(), ended.retained().len()), (State::Revoked, 1));
    forge(&world, &second, |body| {
        let access = body["phase"]["access"].take();
        let ending = json!({"type": "revoked", "access": access, "retained": []});
        body["phase"] = json!({"type": "ended", "ending": ending});
    });
    end_all(&world, end(&second) + DAY);
    assert!(!attached(&world, &world.target));
}

/// Effects that somebody made up under the request's own id: as many as are read, and one of something
/// that nobody asked for.
#[test]
fn effects_made_up_for_a_lost_request_keep_no_end_back() {
    let world = World::default();
    let record = active(&world, 0);
    let like = world.ledger.effects_on(&world.key()).remove(0);
    for n in 0..30 {
        let policy_arn = format!("arn:aws:iam::aws:policy/A{n}").parse().unwrap();
        let made_up = RecordedEffect {
            change: EffectChange::PolicyAttached { policy_arn },
            preexisting: true,
            ..like.clone()
        };
        match n {
            0 => world.ledger.put_effect(made_up),
            _ => world.ledger.spoil_effect(&made_up),
        }
    }
    world.ledger.garble(record.id());
    end_all(&world, end(&record) + 2 * DAY);
    assert!(!attached(&world, &world.target));
}
