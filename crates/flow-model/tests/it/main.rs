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
use snowgate_core::lifecycle::State;
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
        dry_run: false,
    });
    flow.deliver_all();
    flow.take(&Step::Decide {
        letter: 0,
        approve: true,
        crash: None,
    });
    flow.deliver_all();
    flow.check();
    assert_eq!(flow.states(), [State::Active], "{want:?}");
    flow.come_to_an_end();
    flow.check();
    flow.check_the_end();
    assert_eq!(flow.states(), [State::Revoked]);
    assert_eq!(flow.world.tickets.updates().len(), 2);
}

/// Straight to each ending that a client or an approver brings about.
#[test]
fn the_short_ways() {
    let raise = |dry_run| Step::Raise {
        other_user: false,
        wants: Want::ALL.to_vec(),
        dry_run,
    };
    let approve = Step::Decide {
        letter: 0,
        approve: true,
        crash: None,
    };
    let end = |revoke| Step::End {
        pick: 0,
        revoke,
        crash: None,
    };
    let by_link = Step::EndByLink {
        letter: 0,
        crash: None,
    };
    let ways = [
        (vec![raise(true)], State::Previewed, 1),
        (vec![raise(false), end(false)], State::Withdrawn, 1),
        (
            vec![raise(false), approve.clone(), end(true)],
            State::Revoked,
            2,
        ),
        (vec![raise(false), approve, by_link], State::Revoked, 2),
    ];
    for (steps, state, notes) in ways {
        let mut flow = Flow::new(false);
        for step in &steps {
            flow.take(step);
            flow.deliver_all();
            flow.check();
        }
        assert_eq!(flow.states(), [state], "without waiting for any time");
        flow.come_to_an_end();
        flow.check();
        flow.check_the_end();
        assert_eq!(flow.world.tickets.updates().len(), notes);
    }
}
