//! Random sequences of what can happen, on the real handlers: requests, wake-ups that come late,
//! twice or in another order, crashes before and after any call, decisions by anybody with a
//! link, forged decisions, outages, changes in IAM and in the CMDB, and time.
//!
//! After every step the invariants hold, and once everything works again every request ends.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics is a test that fails"
)]

mod functions;
mod invariants;
mod steps;

use proptest::prelude::*;
use steps::{Flow, Step, Want};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_happens_the_promises_hold(
        found_there in any::<bool>(),
        steps in proptest::collection::vec(Step::any(), 1..60),
    ) {
        let mut flow = Flow::new(found_there);
        for step in &steps {
            flow.take(step);
            flow.check();
        }
        flow.come_to_an_end();
        flow.check();
        flow.check_the_end();
    }
}

/// One request, straight through, so that the random ones are known to be able to get there.
#[test]
fn the_straight_way() {
    for want in Want::ALL {
        straight(want);
    }
}

fn straight(want: Want) {
    let mut flow = Flow::new(false);
    flow.take(&Step::Raise {
        other_user: false,
        wants: vec![want],
    });
    flow.deliver_all();
    flow.take(&Step::Decide {
        letter: 0,
        approve: true,
        crash: None,
    });
    flow.deliver_all();
    flow.check();
    let active = [snowgate_core::lifecycle::State::Active];
    assert_eq!(flow.states(), active, "{want:?}");
    flow.come_to_an_end();
    flow.check();
    flow.check_the_end();
    assert_eq!(flow.states(), [snowgate_core::lifecycle::State::Revoked]);
    assert_eq!(flow.world.tickets.updates().len(), 2);
}
