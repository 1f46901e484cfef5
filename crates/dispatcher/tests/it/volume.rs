//! What is asked for is counted, once, and more than is usual is asked all the same.

use ports::ledger::Requests as _;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::kind::GrantKind;
use snowgate_core::lifecycle::State;
use snowgate_core::volume::{VolumeOf, VolumeWindows};
use testkit::world::{GUARDRAILS, World, at, ready, requester};
use testkit::{Aftermath, Moment};

use super::{ALL, dispatcher, handle};

fn world() -> World {
    let volume = "[volume]\nwindow = \"PT1H\"\nper_requester = 1\n\
        per_kind = { attach_managed_policy = 1, assume_role = 1 }\n";
    World {
        guardrails: Guardrails::parse(&format!("{GUARDRAILS}\n{volume}")).unwrap(),
        ..World::default()
    }
}

fn counted(world: &World, of: &VolumeOf) -> Vec<u32> {
    let counted = ready(world.ledger.counted(of)).unwrap();
    counted.into_values().collect()
}

/// How many managed policies, and grants by the requester, were counted in all.
fn all(world: &World) -> (Vec<u32>, Vec<u32>) {
    let policies = VolumeOf::Kind(GrantKind::AttachManagedPolicy);
    let requester = VolumeOf::Requester(requester().sys_id);
    (counted(world, &policies), counted(world, &requester))
}

#[test]
fn requests_that_are_asked_are_counted_and_none_is_refused() {
    let world = world();
    for n in 1..=3 {
        let record = world.received(at(0));
        for second in [1, 1, 30, 200] {
            handle(&dispatcher(&world, &[]), record.id(), second).unwrap();
        }
        assert_eq!(world.load(record.id()).state(), State::Pending);
        assert_eq!(all(&world), (vec![n], vec![n]), "each once");
    }
    let roles = VolumeOf::Kind(GrantKind::AssumeRole);
    assert_eq!(
        ready(world.ledger.counted(&roles)).unwrap(),
        VolumeWindows::new()
    );
}

#[test]
fn what_asks_nobody_counts_nothing() {
    let world = world();
    let mut request = world.request();
    request.dry_run = true;
    let dry = world.receive(request, at(0));
    handle(&dispatcher(&world, &[]), dry.id(), 1).unwrap();
    let unknown = world.received(at(0));
    world.directory.remove_principal(&world.target);
    handle(&dispatcher(&world, &[]), unknown.id(), 1).unwrap();
    assert_eq!(world.load(unknown.id()).state(), State::Refused);
    assert_eq!(all(&world), (vec![], vec![]));
    let without = World::default();
    let record = without.received(at(0));
    handle(&dispatcher(&without, &[]), record.id(), 1).unwrap();
    assert_eq!(all(&without), (vec![], vec![]), "where nothing is usual");
}

/// Whatever breaks off, and wherever: it is counted with the request, once.
#[test]
fn a_crash_counts_nothing_twice_and_leaves_nothing_out() {
    let mut nth = 1;
    loop {
        let mut broke = false;
        for moment in [Moment::Before, Moment::After] {
            let world = world();
            let record = world.received(at(0));
            world.fault.at(nth, moment, Aftermath::Dead);
            broke |= handle(&dispatcher(&world, &ALL), record.id(), 1).is_err();
            world.fault.mend();
            let asked = world.load(record.id()).state() == State::Pending;
            let expected = Vec::from_iter(asked.then_some(1));
            assert_eq!(all(&world), (expected.clone(), expected), "call {nth}");
            handle(&dispatcher(&world, &[]), record.id(), 400).unwrap();
            assert_eq!(all(&world), (vec![1], vec![1]), "call {nth}");
        }
        if !broke {
            break;
        }
        nth += 1;
    }
    assert!(nth > 8, "every call was tried: {nth}");
}
