//! Requests that their audit trail does not bear out: nobody is asked about them.

use snowgate_core::lifecycle::State;
use testkit::tampering::TAMPERINGS;
use testkit::world::{MANAGER, OWNER, World, at};

use super::{dispatcher, handle};

#[test]
fn nobody_is_asked_with_a_broken_trail() {
    for tampering in TAMPERINGS {
        let world = World::default();
        let received = world.received(at(0));
        (tampering.tamper)(&world, &received);
        handle(&dispatcher(&world, &[]), received.id(), 5).unwrap();
        assert_eq!(
            world.load(received.id()).state(),
            State::Received,
            "{}",
            tampering.name
        );
        assert!(world.mailer.sent().is_empty(), "{}", tampering.name);
        assert_eq!(world.ledger.tokens(), [], "{}", tampering.name);
    }
}

#[test]
fn nobody_is_reminded_with_a_broken_trail() {
    for tampering in TAMPERINGS {
        let world = World::default();
        let (pending, links) = world.pending(&[OWNER, MANAGER], at(0));
        (tampering.tamper)(&world, &pending);
        let before = world.load(pending.id());
        handle(&dispatcher(&world, &[]), pending.id(), 60 * 3600).unwrap();
        assert_eq!(world.load(pending.id()), before, "{}", tampering.name);
        assert!(world.mailer.sent().is_empty(), "{}", tampering.name);
        assert_eq!(
            world.ledger.tokens().len(),
            links.len(),
            "{}",
            tampering.name
        );
    }
}
