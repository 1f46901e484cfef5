//! More than can be written or read: what somebody with access to the table puts there keeps no access
//! from ending.

use ports::ledger::PEEKED;
use snowgate_core::effect::{EffectChange, RecordedEffect};
use snowgate_core::lifecycle::State;
use snowgate_core::record::RequestRecord;
use testkit::tampering::pad;
use testkit::world::{World, at, other_policy, principal_facts};
use testkit::{Aftermath, Moment, samples};

use super::{active, attached, end, end_all, provision};

/// A record as big as an item may be: nothing longer can be written to it.
#[test]
fn what_cannot_be_written_is_removed_all_the_same() {
    let world = World::default();
    let record = active(&world, 0);
    pad(&world, &record);
    let after = provision(&world, &record, end(&record));
    assert_eq!(after.state(), State::Active, "that cannot be written");
    assert!(!attached(&world, &world.target));
    let again = after.due_at().unwrap();
    assert!(again > at(end(&record)) && again <= at(end(&record) + 240));
    // Put right by a person, it ends.
    world.ledger.overwrite(record.clone());
    let after = provision(&world, &record, end(&record) + 300);
    assert_eq!(after.state(), State::Revoked);
}

/// Effects that somebody made up, each of a request of its own that is not there.
fn phantoms(world: &World, like: &RecordedEffect) {
    for _ in 0..1_000 {
        world.ledger.put_effect(RecordedEffect {
            request: samples::request_id(),
            ..like.clone()
        });
    }
}

/// The calls that it takes to end access.
fn calls_of_end(world: &World, record: &RequestRecord) -> u64 {
    world.fault.mend();
    let after = provision(world, record, end(record));
    assert_eq!((after.state(), after.retained()), (State::Revoked, &[][..]));
    assert!(!attached(world, &world.target));
    world.fault.calls()
}

#[test]
fn made_up_effects_keep_no_removal_back() {
    let world = World::default();
    let record = active(&world, 0);
    let alone = calls_of_end(&world, &record);
    // About the same policy, and about another.
    for is_same in [true, false] {
        let world = World::default();
        let record = active(&world, 0);
        let mut like = world.ledger.effects_on(&world.key()).remove(0);
        if !is_same {
            like.change = EffectChange::PolicyAttached {
                policy_arn: other_policy(),
            };
        }
        phantoms(&world, &like);
        let calls = calls_of_end(&world, &record);
        // They are sorted out twice: for what is over, and for what another request gives.
        let most = alone + 2 * (1_000 / PEEKED as u64 + 1);
        assert!(calls <= most, "{calls} calls instead of {alone}");
    }
}

/// Access that another request gives stays, however many made-up effects stand beside it.
#[test]
fn what_another_request_gives_stays_beside_made_up_effects() {
    let world = World::default();
    let record = active(&world, 0);
    let other = active(&world, 100);
    let like = world.ledger.effects_on(&world.key()).remove(0);
    phantoms(&world, &like);
    let after = provision(&world, &record, end(&record));
    assert_eq!((after.state(), after.retained().len()), (State::Revoked, 1));
    assert!(attached(&world, &world.target));
    assert_eq!(world.load(other.id()).state(), State::Active);
}

/// Ends all on the principal, and breaks off after so many calls: the access was removed by then.
#[track_caller]
fn ends_first(world: &World, record: &RequestRecord, calls: u64) {
    world.fault.mend();
    world.fault.at(calls, Moment::Before, Aftermath::Dead);
    end_all(world, end(record));
    assert!(!attached(world, &world.target));
    assert_eq!(world.fault.calls(), calls, "and they were looked at");
}

/// What is left on the principal is ended before those are looked at that nobody asked for.
#[test]
fn made_up_effects_come_after_what_was_given() {
    let world = World::default();
    let record = active(&world, 0);
    let like = world.ledger.effects_on(&world.key());
    phantoms(&world, &like[0]);
    ends_first(&world, &record, 200);
}

/// So are those of requests that are there, of which others asked for other principals.
#[test]
fn requests_on_other_principals_come_after_those_on_this_one() {
    let world = World::default();
    let record = active(&world, 0);
    let like = world.ledger.effects_on(&world.key());
    for _ in 0..4 * PEEKED {
        let target = samples::user();
        let request = samples::request(&world.ticket(), &target);
        world.ledger.put_effect(RecordedEffect {
            request: world.receive(request, at(0)).id().clone(),
            ..like[0].clone()
        });
    }
    ends_first(&world, &record, 100);
}

/// The calls of a run that is to grant what somebody attached by hand, beside effects of other requests
/// under the key of the same policy.
fn calls_of_grant(effects: usize) -> (RequestRecord, u64) {
    let world = World::default();
    let mut facts = principal_facts();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
    let record = world.approved(at(0));
    let like = RecordedEffect {
        request: record.id().clone(),
        principal_key: world.key(),
        principal: world.target.clone(),
        change: EffectChange::PolicyAttached {
            policy_arn: samples::policy(),
        },
        preexisting: false,
        since: at(0),
        latest_end: None,
        signature: None,
    };
    for _ in 0..effects {
        world.ledger.put_effect(RecordedEffect {
            request: samples::request_id(),
            ..like.clone()
        });
    }
    world.fault.mend();
    let after = provision(&world, &record, 1);
    assert!(attached(&world, &world.target), "it is not ours");
    (after, world.fault.calls())
}

/// Before something counts as there before, the requests are read that effects name for it. Of thousands
/// that somebody made up none is: the grant waits.
#[test]
fn made_up_effects_put_a_grant_off_before_they_are_read() {
    let (alone, normal) = calls_of_grant(0);
    assert_eq!(
        (alone.state(), alone.preexisting().len()),
        (State::Active, 1)
    );
    let (few, calls) = calls_of_grant(PEEKED);
    assert_eq!((few.state(), few.preexisting().len()), (State::Active, 1));
    assert!(calls <= normal + PEEKED as u64 + 3, "{calls} calls");
    let (waits, calls) = calls_of_grant(1_000);
    assert_eq!(
        (waits.state(), waits.preexisting()),
        (State::Approved, &[][..])
    );
    assert!(
        waits.due_at().is_some_and(|due| due > at(1)),
        "and is tried again"
    );
    // They are sorted out twice, for what is over and for what another request gives; to see that there are
    // too many takes two calls.
    let most = normal + 2 * (1_000 / PEEKED as u64) + 2;
    assert!(calls <= most, "{calls} calls instead of {normal}");
}

/// Effects under the key of one request beyond those that any has: some are read, and all are forgotten
/// in the end.
#[test]
fn made_up_effects_of_one_request_are_taken_in_shares() {
    let world = World::default();
    let record = active(&world, 0);
    let like = world.ledger.effects_on(&world.key());
    let ended = provision(&world, &record, end(&record));
    assert_eq!(ended.state(), State::Revoked);
    for n in 0..2 * PEEKED {
        let policy_arn = format!("arn:aws:iam::aws:policy/MadeUp{n}")
            .parse()
            .unwrap();
        world.ledger.put_effect(RecordedEffect {
            change: EffectChange::PolicyAttached { policy_arn },
            ..like[0].clone()
        });
    }
    for left in [PEEKED, 0] {
        end_all(&world, end(&record) + 60);
        assert_eq!(world.ledger.effects_on(&world.key()).len(), left);
    }
}
