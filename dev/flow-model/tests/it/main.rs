//! Random sequences of what can happen, on the real handlers: requests, wake-ups that come late,
//! twice or in another order, crashes before and after any call, decisions by anybody with a
//! link, on one approval or on several, of two accounts and of an item; e-mails that bounce, people
//! who leave and who stand in for others, forged decisions, outages, changes in IAM, and time.
//!
//! After every step the invariants hold, and once everything works again every request ends.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics is a test that fails"
)]

mod calls;
mod flow;
mod functions;
mod invariants;
mod mails;
mod steps;
mod users;

use flow::Flow;
use proptest::prelude::*;
use snowgate_core::lifecycle::State;
use steps::{Step, Want};
use testkit::world::{COLLEAGUE, LEAD, MANAGER, MEMBER, OWNER};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_happens_the_promises_hold(
        answered in any::<bool>(),
        steps in proptest::collection::vec(Step::any(), 1..60),
    ) {
        whatever_happens(false, answered, &steps);
    }

    #[test]
    fn whatever_happens_what_was_there_before_stays(
        answered in any::<bool>(),
        steps in proptest::collection::vec(Step::any(), 1..60),
    ) {
        whatever_happens(true, answered, &steps);
    }
}

fn whatever_happens(found_there: bool, answered: bool, steps: &[Step]) {
    let mut flow = Flow::new(found_there);
    for step in steps {
        flow.take(step);
        flow.check();
    }
    flow.come_to_an_end(answered);
    flow.check();
    flow.check_the_end();
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
        user: 0,
        wants: vec![want],
        item: false,
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
    flow.come_to_an_end(false);
    flow.check();
    flow.check_the_end();
    assert_eq!(flow.states(), [State::Revoked]);
    assert_eq!(flow.world.tickets.updates().len(), 2);
}

/// What the owner of the account decides alone.
const ALONE: [Want; 4] = [
    Want::Policy,
    Want::OtherPolicy,
    Want::InlinePolicy,
    Want::Group,
];

/// Straight to each ending that a client or an approver brings about.
#[test]
fn the_short_ways() {
    let raise = |dry_run| Step::Raise {
        user: 0,
        wants: ALONE.to_vec(),
        item: false,
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
        flow.come_to_an_end(false);
        flow.check();
        flow.check_the_end();
        assert_eq!(flow.world.tickets.updates().len(), notes);
    }
}

/// An account, a role of another account and an item: three approvals, by the people who are asked
/// at last. The first owner's e-mail is lost, the item's owner leaves, and somebody stands in for
/// the owner of the role's account.
#[test]
fn three_approvals_whoever_gives_them() {
    let mut flow = Flow::new(false);
    flow.take(&Step::Delegate {
        from: COLLEAGUE,
        to: MEMBER,
    });
    flow.take(&Step::Raise {
        user: 0,
        wants: vec![Want::Policy, Want::Role],
        item: true,
        dry_run: false,
    });
    flow.deliver_all();
    assert_eq!(flow.asked(), [OWNER, COLLEAGUE, MEMBER, MANAGER]);
    flow.take(&Step::Bounce {
        letter: 0,
        lost: true,
        crash: None,
    });
    flow.deliver_all();
    // The manager of the account, who owns the item, too.
    assert_eq!(flow.asked(), [MANAGER, COLLEAGUE, MEMBER]);
    flow.take(&Step::Person {
        who: MANAGER,
        active: false,
    });
    flow.decides(MANAGER, true);
    flow.check();
    assert_eq!(flow.world.ledger.records()[0].decisions(), []);
    flow.take(&Step::Wait { minutes: 3 });
    flow.take(&Step::Sweep { crash: None });
    flow.deliver_all();
    assert_eq!(flow.asked(), [LEAD, COLLEAGUE, MEMBER]);
    flow.decides(LEAD, true);
    flow.check();
    assert_eq!(flow.states(), [State::Pending], "one is missing");
    flow.decides(MEMBER, true);
    flow.deliver_all();
    flow.check();
    assert_eq!(flow.states(), [State::Active]);
    flow.come_to_an_end(false);
    flow.check();
    flow.check_the_end();
}

/// One no among several approvals ends it, also after a yes.
#[test]
fn one_no_is_enough() {
    let mut flow = Flow::new(false);
    flow.take(&Step::Raise {
        user: 0,
        wants: vec![Want::Policy, Want::Role],
        item: false,
        dry_run: false,
    });
    flow.deliver_all();
    flow.decides(OWNER, true);
    flow.decides(COLLEAGUE, false);
    flow.deliver_all();
    flow.check();
    assert_eq!(flow.states(), [State::Denied]);
    flow.check_the_end();
}
