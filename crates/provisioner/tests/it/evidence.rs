//! Records that their trails do not bear out, and what the rows of these trails still say.

use serde_json::{Value, json};
use snowgate_core::approval::Verdict;
use snowgate_core::audit::StoredRow;
use snowgate_core::effect::EffectChange;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::plan;
use snowgate_core::record::{
    BlockedBecause, ChangeError, Deviation, Event, FailureCode, Overdue, RequestRecord, RevokedBy,
    Worker,
};
use testkit::world::{OWNER, World, at, ready};
use testkit::{FakeKeys, samples};

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

/// The same of one put back to before anybody was asked: what it gave is removed, and a person decides
/// what becomes of it.
#[test]
fn a_record_put_back_to_before_it_was_decided_keeps_no_access() {
    let pending = |body: &mut Value| {
        let mut round = part(body, "/phase/access/round").take();
        *part(&mut round, "/decisions") = json!([]);
        *part(body, "/phase") = json!({"type": "pending", "round": round});
    };
    let received = |body: &mut Value| *part(body, "/phase") = json!({"type": "received"});
    let put_back: [PutBack; 2] = [pending, received];
    for put_back in put_back {
        let world = World::default();
        let record = active(&world, 0);
        forge(&world, &record, put_back);
        let waiting = world.load(record.id());
        assert!(waiting.was_put_back());
        assert!(waiting.waits_for(Worker::Provisioner, at(60)));
        let late = waiting.rescheduled(Some(at(60)), 0);
        let pending_for = jiff::SignedDuration::from_hours(72);
        assert_eq!(late.overdue(at(400 * DAY), pending_for), Overdue::Wake);
        let after = provision(&world, &record, 60);
        assert!(!after.state().is_terminal());
        end_all(&world, 120);
        assert!(!attached(&world, &world.target));
        assert_eq!(world.ledger.all_effects(), []);
    }
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
        let mut row = rows.last().unwrap().read().unwrap();
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
