//! Users that Snowgate made: the provisioner is woken for those of which something is due, in their turn.

use ports::identities::Identities as _;
use snowgate_core::aggregate::Aggregate;
use snowgate_core::id::IdentityId;
use snowgate_core::identity::{IdentityEvent, IdentityRecord};
use snowgate_core::lifecycle::Actor;
use snowgate_core::principal::PrincipalKey;
use testkit::world::{World, at, ready};
use testkit::{Aftermath, Moment, QueueName, samples};

use super::{sweep, sweeper};

/// A user of a request that the ledger does not have, after these events.
fn made(world: &World, events: Vec<IdentityEvent>) -> IdentityRecord {
    let request = samples::request_id();
    let begun = IdentityRecord::begin(request, samples::new_user(), Actor::Provisioner, at(0));
    let mut change = begun.unwrap();
    ready(world.ledger.commit_identity(&change.clone().into())).unwrap();
    for event in events {
        change = change
            .record
            .apply(event, Actor::Provisioner, at(0))
            .unwrap();
        ready(world.ledger.commit_identity(&change.clone().into())).unwrap();
    }
    change.record
}

fn live_until(second: i64) -> Vec<IdentityEvent> {
    let unique_id = "AIDAMADE".to_owned();
    let until = at(second);
    vec![
        IdentityEvent::UserCreated { unique_id },
        IdentityEvent::WentLive { until },
    ]
}

/// For whom the provisioner was woken, and in whose turn.
fn woken(world: &World) -> Vec<(IdentityId, PrincipalKey)> {
    let sent = world.queues.take(QueueName::Work).into_iter();
    let woken = sent.map(|sent| match sent.wake.aggregate {
        Aggregate::Identity(id) => (id, sent.principal.unwrap()),
        other => unreachable!("a wake-up for {other}"),
    });
    woken.collect()
}

#[test]
fn a_user_is_woken_for_when_its_end_has_come_and_not_before() {
    let world = World::default();
    let user = made(&world, live_until(5_000));
    sweep(&world, 4_999);
    assert_eq!(woken(&world), []);
    sweep(&world, 5_000);
    let principal = user.user().principal();
    let turn = principal.key_by_id("AIDAMADE");
    assert_eq!(woken(&world), [(user.id().clone(), turn.clone())]);
    sweep(&world, 5_060);
    assert_eq!(woken(&world), [], "it has a while");
    sweep(&world, 5_200);
    assert_eq!(woken(&world), [(user.id().clone(), turn)]);
}

/// While it is created its unique id may not be known to everybody: it is worked on by its name.
#[test]
fn a_user_that_is_created_has_its_turn_by_its_name() {
    let seen = live_until(5_000).remove(0);
    for events in [vec![], vec![seen]] {
        let world = World::default();
        let user = made(&world, events);
        sweep(&world, 200);
        let turn = user.user().principal().key_by_name();
        assert_eq!(woken(&world), [(user.id().clone(), turn)]);
    }
}

#[test]
fn a_failure_anywhere_loses_no_user() {
    for moment in [Moment::Before, Moment::After] {
        for nth in 1..40 {
            let world = World::default();
            let user = made(&world, live_until(5_000));
            world.fault.at(nth, moment, Aftermath::Dead);
            let _ = ready(sweeper(&world, &world.fault).sweep(at(5_000)));
            let reached = world.fault.calls() >= nth;
            world.fault.mend();
            sweep(&world, 6_000);
            let woken = woken(&world);
            assert!(woken.iter().any(|(id, _)| id == user.id()), "call {nth}");
            if !reached {
                break;
            }
            assert!(nth < 39, "a run makes fewer calls");
        }
    }
}
