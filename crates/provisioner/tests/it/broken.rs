//! Requests that their audit trail does not bear out: nothing is given, and everything ends.

mod ended;
mod lost;

use snowgate_core::account::InlineFacts;
use snowgate_core::approval::MacTag;
use snowgate_core::audit::TrailFault;
use snowgate_core::effect::{EffectChange, RecordedEffect};
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::State;
use snowgate_core::plan;
use snowgate_core::principal::{Principal, PrincipalKey};
use snowgate_core::record::{AuditRow, EndReason, Event, FailureCode, RequestRecord};
use testkit::samples;
use testkit::tampering::TAMPERINGS;
use testkit::world::{World, at, principal_facts};

use super::{all_broken_off, end_all, end_all_on, failed_untouched, provision};

const END: i64 = 8 * 3600;

fn attached(world: &World) -> bool {
    let attached = world.directory.attached(&world.target);
    attached.contains(&samples::policy().to_string())
}

fn rows(world: &World) -> Vec<RecordedEffect> {
    world.ledger.effects_on(&world.key())
}

/// Another user, who has the same policy from somebody else, and their key.
fn other_with_the_policy(world: &World) -> (Principal, PrincipalKey) {
    let other = samples::user();
    let mut facts = principal_facts();
    facts.unique_id = "AIDAOTHER".to_owned();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&other, facts);
    let key = other.key_by_id("AIDAOTHER");
    (other, key)
}

fn active(world: &World) -> RequestRecord {
    let active = provision(world, &world.approved(at(0)), 0);
    assert_eq!(active.state(), State::Active);
    active
}

#[test]
fn nothing_is_granted_with_a_broken_trail() {
    for tampering in TAMPERINGS {
        let world = World::default();
        let approved = world.approved(at(0));
        (tampering.tamper)(&world, &approved);
        let after = provision(&world, &approved, 5);
        failed_untouched(&world, &after, FailureCode::BrokenTrail);
    }
}

/// The provisioner stops after it changed IAM; then the trail is broken, and it goes on.
#[test]
fn what_was_begun_is_rolled_back_with_a_broken_trail() {
    for tampering in TAMPERINGS {
        let mut begun = 0;
        for (world, record) in all_broken_off() {
            begun += 1;
            (tampering.tamper)(&world, &record);
            let after = provision(&world, &record, 5);
            let code = FailureCode::BrokenTrail;
            assert_eq!(
                after.end_reason(),
                Some(EndReason::Failed { code }),
                "{}",
                tampering.name
            );
            assert!(!attached(&world), "{}", tampering.name);
            assert_eq!(rows(&world), []);
        }
        assert!(begun > 0, "{}", tampering.name);
    }
}

#[test]
fn access_ends_with_a_broken_trail_and_the_row_says_so() {
    for tampering in TAMPERINGS {
        let world = World::default();
        let record = active(&world);
        (tampering.tamper)(&world, &record);
        let is_proved = plan::is_self_consistent(&world.load(record.id()));
        let _ = provision(&world, &record, END - 60);
        // What proves nothing ends at once.
        assert_eq!(attached(&world), is_proved, "{}", tampering.name);
        let after = provision(&world, &record, END + 1);
        assert_eq!(after.state(), State::Revoked, "{}", tampering.name);
        assert!(!attached(&world), "{}", tampering.name);
        assert_eq!(rows(&world), []);
        let rows = world.ledger.rows(record.id());
        let last = rows
            .iter()
            .rev()
            .find_map(|row| row.read::<RequestRecord>().ok())
            .unwrap();
        assert_eq!(
            last.event,
            Event::Revoked {
                retained: Vec::new()
            }
        );
        assert!(last.trail_fault.is_some(), "{}", tampering.name);
        assert_eq!(
            after.unreported(),
            Some(State::Revoked),
            "the ticket is told"
        );
    }
}

#[test]
fn a_record_prolonged_in_the_ledger_ends_all_the_same() {
    let world = World::default();
    let record = active(&world);
    world.ledger.overwrite(samples::tampered(&record, |body| {
        body["phase"]["access"]["until"] = "9999-01-01T00:00:00Z".into();
    }));
    let day = 24 * 3600;
    assert_eq!(
        provision(&world, &record, day + END - 60).state(),
        State::Active
    );
    let after = provision(&world, &record, day + END + 60);
    assert_eq!(
        after.state(),
        State::Revoked,
        "a day after its time at the latest"
    );
    assert!(!attached(&world));
}

/// Neither end nor decision in the record is believed where nothing proves them.
#[test]
fn a_record_whose_decisions_were_moved_ends_at_once() {
    let forge: [fn(&mut serde_json::Value); 2] = [
        |round| round["decisions"][0]["signed"]["decision"]["at"] = 253_000_000_000_i64.into(),
        |round| round["decisions"] = serde_json::json!([]),
    ];
    for forge in forge {
        let world = World::default();
        let record = active(&world);
        world.ledger.overwrite(samples::tampered(&record, |body| {
            body["phase"]["access"]["until"] = "9999-01-01T00:00:00Z".into();
            forge(&mut body["phase"]["access"]["round"]);
        }));
        let after = provision(&world, &record, 3600);
        assert_eq!(after.state(), State::Revoked);
        assert!(!attached(&world));
    }
}

/// What makes more of a record than was approved.
type Forge = fn(&World, &RequestRecord);

#[test]
fn what_is_left_of_a_request_ends_whatever_its_record_says() {
    let forge: [(&str, Forge); 5] = [
        ("said to have ended", |world, record| {
            world.ledger.overwrite(samples::tampered(record, |body| {
                let access = body["phase"]["access"].take();
                body["phase"] = serde_json::json!({
                    "type": "ended",
                    "ending": {"type": "revoked", "access": access, "retained": []},
                });
            }));
            assert_eq!(
                world.load(record.id()).trail_fault(),
                Some(TrailFault::Head)
            );
        }),
        ("unreadable", |world, record| {
            world.ledger.garble(record.id())
        }),
        ("said to wait", |world, record| {
            world.ledger.overwrite(samples::tampered(record, |body| {
                let mut round = body["phase"]["access"]["round"].take();
                round["expires_at"] = "9999-01-01T00:00:00Z".into();
                body["phase"] = serde_json::json!({"type": "pending", "round": round});
            }));
        }),
        ("said to be refused", |world, record| {
            world.ledger.overwrite(samples::tampered(record, |body| {
                let ending = serde_json::json!({
                    "type": "refused", "code": "ticket_mismatch", "findings": [],
                });
                body["phase"] = serde_json::json!({"type": "ended", "ending": ending});
            }));
        }),
        ("for ever", |world, record| {
            world.ledger.overwrite(samples::tampered(record, |body| {
                body["phase"]["access"]["until"] = "9999-01-01T00:00:00Z".into();
                body["phase"]["access"]["round"]["decisions"] = serde_json::json!([]);
            }));
        }),
    ];
    for (name, forge) in forge {
        let world = World::default();
        let record = active(&world);
        forge(&world, &record);
        end_all(&world, 24 * 3600 + END + 60);
        assert!(!attached(&world), "{name}");
        assert_eq!(rows(&world), [], "{name}");
    }
}

#[test]
fn what_is_given_stays_when_its_principal_is_looked_at() {
    let world = World::default();
    let record = active(&world);
    end_all(&world, 60);
    assert!(attached(&world));
    assert_eq!(world.load(record.id()), record);
    // Unreadable, and not past its latest end.
    world.ledger.garble(record.id());
    end_all(&world, END + 60);
    assert!(attached(&world));
}

/// A policy that somebody attached by hand, and an effect that somebody made up about it.
fn by_hand(world: &World, request: RequestId) {
    let mut facts = principal_facts();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
    let mut row = samples::effect(&request, &world.target, false);
    row.principal_key = world.key();
    world.ledger.put_effect(row);
}

/// Of a request that never was, of one that was never begun, and of one that cannot be read.
#[test]
fn a_made_up_effect_that_is_looked_at_removes_nothing() {
    let world = World::default();
    by_hand(&world, samples::request_id());
    end_all(&world, 0);
    assert!(attached(&world), "never was");

    for is_readable in [true, false] {
        let world = World::default();
        let approved = world.approved(at(0));
        let failed = provision(&world, &approved, 30 * 3600);
        assert_eq!(failed.state(), State::Failed);
        by_hand(&world, failed.id().clone());
        if !is_readable {
            world.ledger.garble(failed.id());
        }
        end_all(&world, 40 * 3600);
        assert!(attached(&world), "never begun; readable: {is_readable}");
        assert_eq!(rows(&world).len(), 1, "a person decides");
    }
}

/// The request ended and its effect was forgotten; somebody attached the policy by hand since, and
/// the effect is there again.
#[test]
fn an_effect_made_again_takes_nothing_that_was_given_since() {
    for is_readable in [true, false] {
        let world = World::default();
        let record = active(&world);
        let row = rows(&world).remove(0);
        let ended = provision(&world, &record, END + 1);
        assert_eq!(ended.state(), State::Revoked);
        let forgotten = row.clone();
        world.ledger.put_effect(row);
        end_all(&world, 40 * 3600);
        if is_readable {
            assert_eq!(rows(&world), [], "nothing of it is there");
        }
        by_hand(&world, ended.id().clone());
        world.ledger.put_effect(forgotten);
        if !is_readable {
            world.ledger.garble(ended.id());
        }
        end_all(&world, 40 * 3600);
        assert!(attached(&world), "readable: {is_readable}");
        assert_eq!(rows(&world).len(), 1, "a person decides");
    }
}

/// The effect says that it was made; the trail says that it was there before.
#[test]
fn what_was_there_before_a_lost_request_stays() {
    let world = World::default();
    let mut facts = principal_facts();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
    let record = active(&world);
    let mut row = rows(&world).remove(0);
    row.preexisting = false;
    world.ledger.put_effect(row);
    world.ledger.garble(record.id());
    end_all(&world, 24 * 3600 + END + 60);
    assert!(attached(&world));
}

/// The principal has another name by now, and the record of the request cannot be read.
#[test]
fn what_is_left_of_a_lost_request_is_found_under_another_name() {
    let world = World::default();
    let record = active(&world);
    let renamed = world.directory.rename(&world.target, "rita.gupta");
    world.ledger.garble(record.id());
    end_all(&world, 24 * 3600 + END + 60);
    assert!(!super::attached(&world, &renamed));
    assert_eq!(rows(&world), []);
}

/// The sweeper's clock is ahead: it wakes too early, and puts the next look off by its own time.
#[test]
fn an_end_that_was_put_off_by_another_clock_is_kept() {
    let world = World::default();
    let record = active(&world);
    let late = record.clone().rescheduled(Some(at(END + 420)), 3);
    world.ledger.overwrite(late);
    let after = provision(&world, &record, END - 780);
    assert_eq!(
        (after.state(), after.ends_at()),
        (State::Active, Some(at(END)))
    );
    assert!(after.due_at().is_some_and(|due| due <= at(END)));
}
