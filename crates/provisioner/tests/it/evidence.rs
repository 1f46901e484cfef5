//! Records that their trails do not bear out, and what the rows of these trails still say.

use serde_json::{Value, json};
use snowgate_core::audit::StoredRow;
use snowgate_core::effect::EffectChange;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{
    BlockedBecause, ChangeError, Deviation, Event, RequestRecord, RevokedBy,
};
use testkit::samples;
use testkit::world::{World, at, ready};

use super::{active, approved_with, attached, end, end_all, provision};

const DAY: i64 = 24 * 3600;

fn forge(world: &World, record: &RequestRecord, forge: impl FnOnce(&mut Value)) {
    world.ledger.overwrite(samples::tampered(record, forge));
}

fn part<'a>(body: &'a mut Value, pointer: &str) -> &'a mut Value {
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

/// A way to put a record back before its grant.
type PutBack = fn(&mut Value);

fn approved(body: &mut Value) {
    let round = part(body, "/phase/access/round").take();
    *part(body, "/phase") = json!({"type": "approved", "round": round});
}

fn approved_by_nobody(body: &mut Value) {
    approved(body);
    *part(body, "/phase/round/decisions") = json!([]);
}

fn approved_long_ago(body: &mut Value) {
    approved(body);
    *part(body, "/head/since") = json!("2020-01-01T00:00:00Z");
}

const PUT_BACK: [(&str, PutBack); 3] = [
    ("approved", approved),
    ("approved by nobody", approved_by_nobody),
    ("approved long ago", approved_long_ago),
];

#[test]
fn a_record_put_back_before_its_grant_does_not_end_as_one_that_never_was_granted() {
    for (name, put_back) in PUT_BACK {
        let world = World::default();
        let record = active(&world, 0);
        forge(&world, &record, put_back);
        let waiting = world.load(record.id());
        for event in [Event::Expired, Event::Withdrawn { reason: None }] {
            let refused = waiting.apply(event, Actor::Sweeper, at(60)).unwrap_err();
            assert!(matches!(refused, ChangeError::BrokenTrail(_)), "{refused}");
        }
        let after = provision(&world, &record, 60);
        assert_eq!(after.state(), State::Failed, "{name}");
        assert!(!attached(&world, &world.target), "{name}");
        assert_eq!(world.ledger.all_effects(), [], "{name}");
    }
}

/// Where nothing tells what was given, nothing is said to be over.
#[test]
fn a_record_put_back_whose_effects_are_gone_stays_for_a_person() {
    let world = World::default();
    let record = active(&world, 0);
    for row in world.ledger.all_effects() {
        world.ledger.delete_effect(&row);
    }
    forge(&world, &record, approved);
    let after = provision(&world, &record, 60);
    assert_eq!(after.state(), State::Approved);
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
    let effects = ready(ports::ledger::Effects::effects(&world.ledger, &world.key())).unwrap();
    assert_eq!(effects, ports::ledger::EffectRows::default());
}
