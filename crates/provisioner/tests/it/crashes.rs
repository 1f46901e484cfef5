//! Runs that break off at every call, and messages that come again.

use serde_json::json;
use snowgate_core::lifecycle::State;
use testkit::samples;
use testkit::world::{World, at};
use testkit::{Aftermath, Moment};

use super::{approved_with, broken_off, provision, provisioner, run};

/// Wherever a run breaks off, redelivery comes to one attachment, one effect and `Active`.
#[test]
fn a_run_that_breaks_off_is_taken_up() {
    for aftermath in [Aftermath::Dead, Aftermath::Alive] {
        for moment in [Moment::Before, Moment::After] {
            let mut nth = 1;
            loop {
                let world = World::default();
                let approved = world.approved(at(0));
                world.fault.at(nth, moment, aftermath);
                let _ = run(&provisioner(&world), approved.id(), 1);
                let reached = world.fault.calls() >= nth;
                world.fault.mend();
                let after = provision(&world, &approved, 200);
                assert_eq!(after.state(), State::Active, "{moment:?} call {nth}");
                assert_eq!(
                    world.directory.attached(&world.target),
                    [samples::policy().to_string()]
                );
                assert_eq!(world.directory.changes().len(), 1);
                let effects = world.ledger.effects_on(&world.key());
                assert_eq!(effects.len(), 1);
                assert!(!effects[0].preexisting, "it is ours, whenever we look");
                assert_eq!(after.unreported(), Some(State::Active));
                assert!(after.due_at().is_some(), "the ticket will be updated");
                if !reached {
                    break;
                }
                nth += 1;
            }
            assert!(nth > 8, "every call was tried: {nth}");
        }
    }
}

/// An inline policy that takes more than half of what a user may have: a second try of the same request
/// does not count it twice.
#[test]
fn what_an_earlier_try_put_there_takes_no_room_from_the_next() {
    let folders: Vec<String> = (0..24)
        .map(|nth| format!("arn:aws:s3:::example-reports/quarter-{nth:02}/of-the-year/*"))
        .collect();
    let document = json!({"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": folders}});
    assert!(document.to_string().len() > 1_200);
    let grants = json!([{"type": "inline_policy", "document": document}]);
    let mut broke_off_with_policy = 0;
    for nth in 1..30 {
        let world = World::default();
        let approved = approved_with(&world, grants.clone());
        world.fault.at(nth, Moment::After, Aftermath::Dead);
        let _ = run(&provisioner(&world), approved.id(), 1);
        world.fault.mend();
        let inline = world.directory.facts(&world.target).unwrap().inline;
        broke_off_with_policy += usize::from(!inline.is_empty());
        let after = provision(&world, &approved, 200);
        assert_eq!(
            after.state(),
            State::Active,
            "{nth}: {:?}",
            after.end_reason()
        );
    }
    assert!(broke_off_with_policy > 1);
}

/// A crash of one request does not make its attachment count as there before another one.
#[test]
fn an_attachment_of_a_crashed_run_is_not_taken_for_foreign() {
    let (world, one) = broken_off();
    let other = provision(&world, &world.approved(at(2)), 3);
    assert_eq!(other.state(), State::Active);
    let end = |until: Option<jiff::Timestamp>| until.unwrap().as_second() - at(0).as_second();
    assert_eq!(
        provision(&world, &other, end(other.until())).state(),
        State::Revoked
    );
    assert!(!world.directory.attached(&world.target).is_empty());
    let one = provision(&world, &one, 400);
    assert_eq!(one.state(), State::Active);
    assert_eq!(
        provision(&world, &one, end(one.until())).state(),
        State::Revoked
    );
    assert_eq!(
        world.directory.attached(&world.target),
        Vec::<String>::new()
    );
}

#[test]
fn a_request_that_does_not_exist_is_an_error() {
    let world = World::default();
    assert!(run(&provisioner(&world), &samples::request_id(), 0).is_err());
}
