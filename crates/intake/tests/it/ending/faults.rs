//! Endings that meet the provisioner, or break off.

use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::Event;
use testkit::world::{OWNER, at};
use testkit::{Aftermath, Moment};

use super::{active, end, event};
use crate::setup;

#[test]
fn an_ending_counts_although_the_queues_are_down() {
    let setup = setup();
    setup.queue.at(1, Moment::Before, Aftermath::Dead);
    let record = active(&setup.world);
    assert_eq!(
        end(&setup, "revoke", record.id().as_str(), "", 10).status,
        200
    );
    let after = setup.world.load(record.id());
    assert_eq!(after.due_at(), Some(at(10)), "the sweeper finds it at once");
}

/// The provisioner and the client meet: whoever writes first wins.
#[tokio::test]
async fn a_withdrawal_that_races_the_provisioner_is_decided_by_the_ledger() {
    for waits in 0..6 {
        let setup = setup();
        let record = setup.world.approved(at(0));
        setup.world.fault.interleave();
        let (beside, before) = (setup.world.clone(), record.clone());
        let begin = tokio::spawn(async move {
            for _ in 0..waits {
                testkit::turn().await;
            }
            let change = before.apply(
                Event::ProvisioningStarted {
                    preexisting: Vec::new(),
                },
                Actor::Provisioner,
                at(10),
            );
            let change = change.unwrap();
            ports::ledger::Requests::commit(&beside.ledger, &change.into())
                .await
                .is_ok()
        });
        let event =
            serde_json::from_value(event("withdraw", record.id().as_str(), "", "servicenow"));
        let status = setup
            .intake
            .handle(&event.unwrap(), at(10))
            .await
            .status_code;
        let begun = begin.await.unwrap();
        let state = setup.world.load(record.id()).state();
        let expected = if begun {
            (409, State::Provisioning)
        } else {
            (200, State::Withdrawn)
        };
        assert_eq!((status, state), expected, "after {waits} turns");
    }
}

/// Wherever a call breaks off, making it again comes to one ending.
#[test]
fn a_call_that_breaks_off_can_be_made_again() {
    for (how, state) in [("withdraw", State::Withdrawn), ("revoke", State::Active)] {
        for moment in [Moment::Before, Moment::After] {
            let mut nth = 1;
            loop {
                let setup = setup();
                let world = &setup.world;
                let record = match how {
                    "withdraw" => world.pending(&[OWNER], at(0)).0,
                    _ => active(world),
                };
                world.fault.at(nth, moment, Aftermath::Dead);
                let first = end(&setup, how, record.id().as_str(), "", 10);
                assert!([200, 503].contains(&first.status), "{how} call {nth}");
                let reached = world.fault.calls() >= nth;
                world.fault.mend();
                let again = end(&setup, how, record.id().as_str(), "", 20);
                assert_eq!(again.status, 200, "{how} {moment:?} call {nth}");
                let after = world.load(record.id());
                assert_eq!(
                    (after.state(), after.version()),
                    (state, record.version() + 1)
                );
                assert!(after.due_at().is_some());
                if !reached {
                    break;
                }
                nth += 1;
            }
            assert!(nth > 3, "every call was tried: {nth}");
        }
    }
}
