//! What is removed, and what stays.

use ports::ledger::Effects as _;
use snowgate_core::lifecycle::State;
use testkit::samples;
use testkit::world::{World, principal_facts, ready};
use testkit::{Aftermath, Moment};

use super::{active, attached, end, provision, provisioner, run};

#[test]
fn access_is_taken_back_at_its_end_and_not_before() {
    let world = World::default();
    let active = active(&world, 0);
    let early = provision(&world, &active, end(&active) - 1);
    assert_eq!(early, active);
    assert!(attached(&world, &world.target));
    let after = provision(&world, &active, end(&active));
    assert_eq!(after.state(), State::Revoked);
    assert!(!attached(&world, &world.target));
    assert_eq!(
        ready(world.ledger.effects(&world.key())).unwrap().effects,
        []
    );
    assert_eq!(after.unreported(), Some(State::Revoked));
    assert_eq!(provision(&world, &active, end(&active) + 9), after);
    assert_eq!(world.directory.changes().len(), 2);
}

#[test]
fn what_was_there_before_us_stays() {
    let world = World::default();
    let mut facts = principal_facts();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
    let first = active(&world, 0);
    let second = active(&world, 10);
    for record in [first, second] {
        let after = provision(&world, &record, end(&record));
        assert_eq!(after.state(), State::Revoked);
    }
    assert!(attached(&world, &world.target));
    assert_eq!(world.directory.changes(), Vec::<String>::new());
}

#[test]
fn of_two_requests_the_last_to_end_takes_it_back() {
    for swapped in [false, true] {
        let world = World::default();
        let mut both = [active(&world, 0), active(&world, 100)];
        if swapped {
            both.reverse();
        }
        let [one, other] = both;
        assert_eq!(world.directory.changes().len(), 1, "attached once");
        if swapped {
            // Woken for the later one at its end, the provisioner ends the earlier one too.
            let after = provision(&world, &one, end(&one));
            assert_eq!(after.state(), State::Revoked);
            assert_eq!(world.load(other.id()).state(), State::Revoked);
        } else {
            assert_eq!(provision(&world, &one, end(&one)).state(), State::Revoked);
            assert!(
                attached(&world, &world.target),
                "the other one still gives it"
            );
            assert_eq!(
                provision(&world, &other, end(&other)).state(),
                State::Revoked
            );
        }
        assert!(!attached(&world, &world.target));
        assert_eq!(world.directory.changes().len(), 2);
    }
}

#[test]
fn a_principal_that_is_gone_has_nothing_to_take_back() {
    let world = World::default();
    let record = active(&world, 0);
    world.directory.remove_principal(&world.target);
    assert_eq!(
        provision(&world, &record, end(&record)).state(),
        State::Revoked
    );
}

#[test]
fn another_principal_of_the_same_name_is_left_alone() {
    let world = World::default();
    let record = active(&world, 0);
    let mut facts = principal_facts();
    facts.unique_id = "AIDAOTHER".to_owned();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
    assert_eq!(
        provision(&world, &record, end(&record)).state(),
        State::Revoked
    );
    assert!(attached(&world, &world.target));
}

#[test]
fn taking_back_goes_on_until_it_is_done() {
    let mut nth = 1_u64;
    loop {
        let world = World::default();
        let record = active(&world, 0);
        world.fault.mend();
        let moment = if nth.is_multiple_of(2) {
            Moment::Before
        } else {
            Moment::After
        };
        world.fault.at(nth.div_ceil(2), moment, Aftermath::Dead);
        let second = end(&record);
        let sound = run(&provisioner(&world), record.id(), second).is_ok();
        let calls = world.fault.calls();
        world.fault.mend();
        let after = provision(&world, &record, second + 200);
        assert_eq!(after.state(), State::Revoked, "{moment:?} call {nth}");
        assert!(!attached(&world, &world.target));
        assert_eq!(
            ready(world.ledger.effects(&world.key())).unwrap().effects,
            []
        );
        assert_eq!(world.directory.changes().len(), 2);
        if sound && calls < nth.div_ceil(2) {
            break;
        }
        nth += 1;
    }
    assert!(nth > 10, "every call was tried: {nth}");
}
