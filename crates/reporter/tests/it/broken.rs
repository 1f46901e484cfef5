//! Requests that their audit trail does not bear out: nothing is told that may be false, and the end
//! is told where the last row bears it out.

use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::Event;
use testkit::samples;
use testkit::tampering::TAMPERINGS;
use testkit::world::{World, at};

use super::{active, handle};

#[test]
fn nothing_is_told_of_access_with_a_broken_trail() {
    for tampering in TAMPERINGS {
        let world = World::default();
        let record = active(&world, 9000);
        (tampering.tamper)(&world, &record);
        handle(&world, record.id(), 5).unwrap();
        assert!(world.tickets.notes().is_empty(), "{}", tampering.name);
        assert!(world.mailer.take().is_empty(), "{}", tampering.name);
    }
}

#[test]
fn the_end_is_told_with_a_broken_trail() {
    for tampering in TAMPERINGS {
        let world = World::default();
        let record = active(&world, 9000);
        (tampering.tamper)(&world, &record);
        let by = |record, event| world.apply(&record, event, Actor::Provisioner, at(9000));
        let revoking = by(world.load(record.id()), Event::RevocationStarted);
        let retained = Vec::new();
        let ended = by(world.load(revoking.id()), Event::Revoked { retained });
        handle(&world, ended.id(), 9001).unwrap();
        let after = world.load(ended.id());
        assert_eq!(after.reported(), [State::Revoked], "{}", tampering.name);
        let notes = world.tickets.notes();
        let note = notes.last().unwrap();
        assert!(
            note.contains("changed the stored record"),
            "{}: {note}",
            tampering.name
        );
        handle(&world, ended.id(), 9100).unwrap();
        assert_eq!(world.tickets.notes().len(), notes.len(), "once");
    }
}

/// Somebody wrote into the record that the access has ended: the ticket is not told so.
#[test]
fn an_end_that_no_row_bears_out_is_not_told() {
    let world = World::default();
    let record = active(&world, 9000);
    world.ledger.overwrite(samples::tampered(&record, |body| {
        let access = body["phase"]["access"].take();
        body["phase"] = serde_json::json!({
            "type": "ended",
            "ending": {"type": "revoked", "access": access, "retained": []},
        });
    }));
    assert_eq!(world.load(record.id()).state(), State::Revoked);
    handle(&world, record.id(), 5).unwrap();
    assert!(world.tickets.notes().is_empty());
    assert!(world.mailer.take().is_empty());
}
