//! Records that say that nothing was begun yet, and trails that do not bear that out.

use ports::ledger::MAX_TRAIL_ROWS;
use serde_json::{Value, json};
use snowgate_core::audit::StoredRow;
use snowgate_core::effect::RecordedEffect;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{ChangeError, Event, FailureCode, Overdue, RequestRecord, Worker};
use testkit::samples;
use testkit::world::{OWNER, World, at, principal_facts};

use super::evidence::{DAY, forge, part};
use super::{active, attached, end, end_all, provision};

/// A way to put a record back before its grant.
type PutBack = fn(&mut Value);

pub(super) fn approved(body: &mut Value) {
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

/// The same of one put back to before anybody was asked or has decided.
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
        let late = waiting.clone().rescheduled(Some(at(60)), 0);
        let pending_for = jiff::SignedDuration::from_hours(72);
        assert_eq!(late.overdue(at(400 * DAY), pending_for), Overdue::Wake);
        let after = provision(&world, &record, 60);
        // One that nobody was asked about, by its record, is left to a person.
        let is_left = matches!(waiting.state(), State::Received);
        let state = if is_left {
            State::Received
        } else {
            State::Failed
        };
        assert_eq!(after.state(), state);
        assert!(!attached(&world, &world.target));
        assert_eq!(world.ledger.all_effects(), []);
    }
}

/// Bytes that are no row.
fn junk(place: Option<u64>) -> StoredRow {
    StoredRow {
        place,
        bytes: "?".to_owned(),
        hash: None,
    }
}

/// A way to spoil the row of an effect.
type Spoil = fn(&World, &RecordedEffect);

/// What was given follows from what was bound and decided, whatever an effect says; but one must lead there,
/// for they are deleted with the end of their request.
#[test]
fn a_record_put_back_is_rolled_back_though_its_effects_are_spoilt() {
    let without: [(Spoil, State); 2] = [
        (|world, row| world.ledger.spoil_effect(row), State::Failed),
        (
            |world, row| world.ledger.delete_effect(row),
            State::Approved,
        ),
    ];
    for (spoil, state) in without {
        let world = World::default();
        let record = active(&world, 0);
        for row in world.ledger.all_effects() {
            spoil(&world, &row);
        }
        forge(&world, &record, approved);
        let after = provision(&world, &record, 60);
        assert_eq!(after.state(), state);
        assert_eq!(attached(&world, &world.target), state == State::Approved);
    }
}

/// The record names something else than was asked for: its trail ends what was given, at its latest end.
#[test]
fn what_a_record_that_was_put_back_hides_ends_by_its_trail() {
    let world = World::default();
    let record = active(&world, 0);
    forge(&world, &record, |body| {
        approved(body);
        *part(body, "/head/request/justification") = json!("Another reason altogether");
    });
    assert_eq!(provision(&world, &record, 60).state(), State::Approved);
    assert!(attached(&world, &world.target), "a person decides");
    end_all(&world, end(&record) + 2 * 24 * 3600);
    assert!(!attached(&world, &world.target));
    assert_eq!(world.ledger.all_effects(), []);
}

/// The row that says that IAM was to be changed is junk, and so are, or are not, those after it. What was
/// there before is not known then: access is neither taken nor said not to be there.
#[test]
fn where_rows_may_be_missing_nothing_is_said_to_be_over() {
    for is_all in [false, true] {
        for effects_are_there in [true, false] {
            let world = World::default();
            let record = active(&world, 0);
            world.ledger.rewrite_trail(record.id(), |rows| {
                let is_begun = |row: &StoredRow| {
                    let event = row.read::<RequestRecord>().unwrap().event;
                    matches!(event, Event::ProvisioningStarted { .. })
                };
                let begun = rows.iter().position(is_begun).unwrap();
                let last = if is_all { rows.len() } else { begun + 1 };
                for row in &mut rows[begun..last] {
                    *row = junk(row.place);
                }
            });
            if !effects_are_there {
                for row in world.ledger.all_effects() {
                    world.ledger.delete_effect(&row);
                }
            }
            forge(&world, &record, approved);
            let after = provision(&world, &record, 60);
            assert_eq!(after.state(), State::Approved, "a person decides");
            assert!(attached(&world, &world.target));
        }
    }
}

/// Items in front of all rows, more than are read.
#[test]
fn what_is_put_in_front_of_a_trail_does_not_hide_what_it_says() {
    for many in [1, MAX_TRAIL_ROWS] {
        let world = World::default();
        let record = active(&world, 0);
        world.ledger.rewrite_trail(record.id(), |rows| {
            rows.extend((0..many).map(|_| junk(None)));
        });
        forge(&world, &record, approved);
        let after = provision(&world, &record, 60);
        assert_eq!(after.state(), State::Failed, "{many}");
        assert!(!attached(&world, &world.target), "{many}");
    }
}

/// As many rows as it takes to begin stand in the next places and cannot be read: one may say that IAM was
/// changed. But nothing is there.
#[test]
fn a_request_of_which_nothing_is_there_comes_to_its_end() {
    let waiting: [fn(&World) -> RequestRecord; 2] = [
        |world| world.pending(&[OWNER], at(0)).0,
        |world| world.approved(at(0)),
    ];
    for waiting in waiting {
        let world = World::default();
        let record = waiting(&world);
        if record.state() == State::Pending {
            in_the_way(&world, &record);
            let found = world.load(record.id());
            assert!(!found.was_put_back(), "a decision would come first");
        }
        in_the_way(&world, &record);
        assert!(world.load(record.id()).was_put_back());
        let after = provision(&world, &record, 60);
        assert_eq!(after.state(), State::Failed);
    }
}

fn in_the_way(world: &World, record: &RequestRecord) {
    world.ledger.rewrite_trail(record.id(), |rows| {
        let next = rows.len() as u64;
        rows.push(junk(Some(next)));
    });
}

/// What stands elsewhere is no row that was written: rows have no gaps, and nobody deletes them.
#[test]
fn a_stray_row_puts_nothing_back() {
    let world = World::default();
    let (record, _) = world.pending(&[OWNER], at(0));
    world
        .ledger
        .rewrite_trail(record.id(), |rows| rows.push(junk(Some(9_999))));
    let broken = world.load(record.id());
    assert!(broken.trail_fault().is_some() && !broken.was_put_back());
}

/// What is asked for is there, given by hand: who gave it is not known. Where another request gives it,
/// that is known.
#[test]
fn a_request_of_which_something_may_be_there_stays_for_a_person() {
    let world = World::default();
    let record = world.approved(at(0));
    in_the_way(&world, &record);
    attach(&world);
    let after = provision(&world, &record, 60);
    assert_eq!(after.state(), State::Approved);
    assert!(attached(&world, &world.target));

    let world = World::default();
    let other = active(&world, 0);
    let record = world.approved(at(0));
    in_the_way(&world, &record);
    let after = provision(&world, &record, 60);
    assert_eq!(after.state(), State::Failed);
    assert!(attached(&world, &world.target));
    assert_eq!(world.load(other.id()).state(), State::Active);
}

fn attach(world: &World) {
    let mut facts = principal_facts();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
}

/// The record says that it was for another account, principal or policy.
#[test]
fn what_the_record_says_of_another_principal_or_policy_is_not_believed() {
    let others: [PutBack; 3] = [
        |body| *part(body, "/head/request/target/account_id") = json!("320987654321"),
        |body| *part(body, "/phase/round/binding/principal/unique_id") = json!("AIDAOTHER"),
        |body| {
            let other = "arn:aws:iam::210987654321:policy/other";
            *part(body, "/head/request/grants/0/policy_arn") = json!(other);
        },
    ];
    for other in others {
        for is_junk in [false, true] {
            let world = World::default();
            let record = active(&world, 0);
            if is_junk {
                world
                    .ledger
                    .rewrite_trail(record.id(), |rows| rows[1] = junk(Some(1)));
            }
            forge(&world, &record, |body| {
                approved(body);
                other(body);
            });
            let after = provision(&world, &record, 60);
            let is_there = attached(&world, &world.target);
            assert_eq!(is_there, after.state() == State::Approved);
        }
    }
}

/// A row that follows from the others says that all was undone.
#[test]
fn a_made_up_end_ends_no_request_whose_access_is_there() {
    let world = World::default();
    let record = active(&world, 0);
    world.ledger.rewrite_trail(record.id(), |rows| {
        let last = rows.last().unwrap();
        let mut row = last.read::<RequestRecord>().unwrap();
        row.previous = last.hash.clone();
        row.n += 1;
        row.event = Event::Failed {
            code: FailureCode::BrokenTrail,
        };
        row.state = State::Failed;
        rows.push(row.stored().unwrap());
    });
    forge(&world, &record, approved);
    let after = provision(&world, &record, 60);
    assert_eq!(after.state(), State::Approved);
    assert!(attached(&world, &world.target));
}

/// The request has ended, and somebody attaches the same policy by hand; its last row is spoilt, and its
/// record put back.
#[test]
fn what_was_given_since_the_end_is_not_taken() {
    let world = World::default();
    let record = active(&world, 0);
    let ended = provision(&world, &record, end(&record));
    assert_eq!(ended.state(), State::Revoked);
    attach(&world);
    world.ledger.rewrite_trail(record.id(), |rows| {
        let last = rows.last_mut().unwrap();
        *last = junk(last.place);
    });
    forge(&world, &record, approved);
    let _ = provision(&world, &record, end(&record) + 3600);
    assert!(attached(&world, &world.target));
}

/// While a request that was put back still has its access, it does not count as there before.
#[test]
fn what_a_request_that_was_put_back_gives_is_not_found_there() {
    let pending = |body: &mut Value| {
        let mut round = part(body, "/phase/access/round").take();
        *part(&mut round, "/decisions") = json!([]);
        *part(body, "/phase") = json!({"type": "pending", "round": round});
    };
    let revoked = |body: &mut Value| {
        let access = body["phase"]["access"].take();
        let ending = json!({"type": "revoked", "access": access, "retained": []});
        body["phase"] = json!({"type": "ended", "ending": ending});
    };
    let hidden: [PutBack; 2] = [pending, revoked];
    for hide in hidden {
        let world = World::default();
        let record = active(&world, 0);
        forge(&world, &record, hide);
        let next = provision(&world, &world.approved(at(60)), 61);
        assert_eq!(next.state(), State::Approved, "it waits");
    }
}
