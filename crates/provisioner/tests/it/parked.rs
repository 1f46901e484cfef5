//! Removals that do not work: parked after a day, tried once a day without end, and abandoned by a person.

use ports::ledger::{Commit, Requests as _};
use serde_json::json;
use snowgate_core::audit::StoredRow;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Deviation, Event, Message, RequestRecord};
use testkit::world::{World, at, principal_facts, ready};
use testkit::{AccountFault, Aftermath, Moment, QueueName, samples};

use super::evidence::{DAY, forge};
use super::{active, attached, end, end_all, provision, provisioner, run};

/// Closes the account, or opens it again: the member role cannot be assumed meanwhile.
fn close(world: &World, is_closed: bool) {
    let fault = is_closed.then_some(AccountFault::NotPrepared);
    let account = &world.target.account_id;
    world.directory.set_fault(account, fault);
}

/// Tells the ticket all that it is to hear.
fn told(world: &World, record: &RequestRecord, second: i64) -> RequestRecord {
    let mut record = record.clone();
    for message in record.due_deliveries(at(second)) {
        record = world.deliver(&record, &message, Actor::Reporter, at(second));
    }
    record
}

/// A request whose access should have ended at this second, in an account that was closed then; parked a day
/// later.
fn parked(world: &World) -> (RequestRecord, i64) {
    let record = active(world, 0);
    let end = end(&record);
    close(world, true);
    let stuck = told(world, &provision(world, &record, end), end);
    assert_eq!((stuck.state(), stuck.is_parked()), (State::Revoking, false));
    let parked = provision(world, &stuck, end + DAY);
    assert!(parked.is_parked());
    (parked, end)
}

fn given_up() -> Event {
    Event::Abandoned {
        reason: "The account is closed".parse().unwrap(),
    }
}

fn security() -> Actor {
    Actor::Client {
        client: "watch".parse().unwrap(),
    }
}

fn abandoned(world: &World) -> (RequestRecord, i64) {
    let (parked, end) = parked(world);
    let ended = world.apply(&parked, given_up(), security(), at(end + 2 * DAY));
    (ended, end)
}

#[test]
fn a_removal_that_does_not_work_is_parked_and_tried_once_a_day() {
    let world = World::default();
    let record = active(&world, 0);
    let end = end(&record);
    close(&world, true);
    let mut stuck = told(&world, &provision(&world, &record, end), end);
    for second in [end + 240, end + 3600, end + DAY - 1] {
        stuck = provision(&world, &stuck, second);
        assert!(!stuck.is_parked());
        assert!(stuck.due_at().unwrap() <= at(second + 240));
    }
    let _ = world.queues.take(QueueName::Outcomes);
    let parked = provision(&world, &stuck, end + DAY);
    assert_eq!(
        (parked.state(), parked.is_parked()),
        (State::Revoking, true)
    );
    let note = Message::Deviation { report: 1 };
    assert_eq!(parked.due_deliveries(at(end + DAY)), [note]);
    assert!(!world.queues.take(QueueName::Outcomes).is_empty());
    let mut parked = told(&world, &parked, end + DAY + 1);
    for days in 2..9 {
        let now = end + days * DAY;
        parked = provision(&world, &parked, now);
        assert_eq!(parked.due_at(), Some(at(now + DAY)));
        assert_eq!(parked.deviation_reports().len(), 2, "it is told once");
    }
    // The account is there again.
    close(&world, false);
    let after = provision(&world, &parked, end + 9 * DAY);
    assert_eq!((after.state(), after.retained()), (State::Revoked, &[][..]));
    assert_eq!(after.unreported(), Some(State::Revoked));
    assert!(!attached(&world, &world.target));
    assert_eq!(world.ledger.all_effects(), []);
}

/// Wherever the run breaks off that parks it, the next comes to the same.
#[test]
fn a_run_that_breaks_off_parks_once() {
    for moment in [Moment::Before, Moment::After] {
        for nth in 1.. {
            let world = World::default();
            let record = active(&world, 0);
            let end = end(&record);
            close(&world, true);
            let _ = provision(&world, &record, end);
            world.fault.mend();
            world.fault.at(nth, moment, Aftermath::Dead);
            let _ = run(&provisioner(&world), record.id(), end + DAY);
            let reached = world.fault.calls() >= nth;
            world.fault.mend();
            let after = provision(&world, &record, end + DAY + 60);
            let notes = after.deviations().filter(|one| **one == Deviation::Parked);
            assert_eq!(notes.count(), 1, "{moment:?} call {nth}");
            if !reached {
                assert!(nth > 5, "every call was tried: {nth}");
                break;
            }
        }
    }
}

/// What was abandoned is a person's: it is neither tried any more nor forgotten.
#[test]
fn what_was_abandoned_is_left_alone() {
    let world = World::default();
    let (ended, end) = abandoned(&world);
    close(&world, false);
    let changes = world.directory.changes();
    let after = provision(&world, &ended, end + 3 * DAY);
    assert_eq!(after, ended);
    end_all(&world, end + 3 * DAY);
    assert_eq!(world.load(ended.id()), ended);
    assert_eq!(world.directory.changes(), changes);
    assert_eq!(world.ledger.effects_on(&world.key()).len(), 1);
}

/// It was given by us, so its next request gives it, and takes it away at its end. What somebody puts there
/// afterwards is theirs.
#[test]
fn what_was_abandoned_was_not_there_before() {
    let world = World::default();
    let (_, first_end) = abandoned(&world);
    close(&world, false);
    let next = active(&world, first_end + 3 * DAY);
    assert_eq!(next.preexisting(), []);
    let after = provision(&world, &next, end(&next));
    assert_eq!((after.state(), after.retained()), (State::Revoked, &[][..]));
    assert!(!attached(&world, &world.target));
    assert_eq!(world.ledger.all_effects(), [], "what is gone is forgotten");
    let mut facts = principal_facts();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
    let third = active(&world, end(&next) + 3600);
    assert_eq!(third.preexisting().len(), 1);
}

/// Wherever the run breaks off that removes what was abandoned, the next forgets it.
#[test]
fn a_run_that_breaks_off_forgets_what_was_abandoned() {
    for moment in [Moment::Before, Moment::After] {
        for nth in 1.. {
            let world = World::default();
            let (_, first_end) = abandoned(&world);
            close(&world, false);
            let next = active(&world, first_end + 3 * DAY);
            world.fault.mend();
            world.fault.at(nth, moment, Aftermath::Dead);
            let _ = run(&provisioner(&world), next.id(), end(&next));
            let reached = world.fault.calls() >= nth;
            world.fault.mend();
            let after = provision(&world, &next, end(&next) + 400);
            assert_eq!(after.state(), State::Revoked, "{moment:?} call {nth}");
            assert!(!attached(&world, &world.target));
            assert_eq!(world.ledger.all_effects(), [], "{moment:?} call {nth}");
            if !reached {
                assert!(nth > 8, "every call was tried: {nth}");
                break;
            }
        }
    }
}

/// The account comes back and a removal is under way when somebody abandons it.
#[test]
fn of_a_removal_and_its_abandonment_one_wins() {
    let world = World::default();
    let (parked, end) = parked(&world);
    close(&world, false);
    let change = parked.apply(given_up(), security(), at(end + 2 * DAY));
    let (commit, ledger) = (Commit::from(change.unwrap()), world.ledger.clone());
    world.directory.before_next_change(move |_| {
        ready(ledger.commit(&commit)).unwrap();
    });
    let after = provision(&world, &parked, end + 2 * DAY);
    assert_eq!(after.state(), State::Abandoned);
    assert!(!attached(&world, &world.target));
    assert_eq!(world.ledger.all_effects(), [], "nothing is left");
}

/// Somebody with access to the table makes access end as abandoned.
#[test]
fn a_forged_abandonment_keeps_no_access() {
    let world = World::default();
    let record = active(&world, 0);
    forge(&world, &record, |body| {
        let access = body["phase"]["access"].take();
        let ending = json!({"type": "abandoned", "access": access, "reason": "Made up"});
        body["phase"] = json!({"type": "ended", "ending": ending});
    });
    let next = provision(&world, &world.approved(at(60)), 61);
    assert_eq!(next.state(), State::Approved, "it waits");
    end_all(&world, end(&record) + 2 * DAY);
    assert!(!attached(&world, &world.target));
    assert_eq!(world.ledger.all_effects(), []);
}

/// A removal is abandoned though its trail is broken; what is left then counts neither as there before nor
/// as ours: the next request waits for a person.
#[test]
fn a_removal_is_abandoned_despite_a_broken_trail() {
    let world = World::default();
    let (parked, end) = parked(&world);
    world.ledger.rewrite_trail(parked.id(), |rows| {
        rows[0] = StoredRow {
            place: Some(0),
            bytes: "?".to_owned(),
            hash: None,
        };
    });
    let broken = world.load(parked.id());
    assert!(broken.trail_fault().is_some());
    let ended = world.apply(&broken, given_up(), security(), at(end + 2 * DAY));
    assert_eq!(
        ended.unreported(),
        Some(State::Abandoned),
        "the ticket is told"
    );
    close(&world, false);
    end_all(&world, end + 3 * DAY);
    assert!(attached(&world, &world.target));
    let next = provision(&world, &world.approved(at(end + 3 * DAY)), end + 3 * DAY);
    assert_eq!(next.state(), State::Approved);
}
