//! What somebody with access to the table could do to a request: each breaks its trail.

use ports::ledger::MAX_TRAIL_BYTES;
use serde_json::{Value, json};
use snowgate_core::audit::StoredRow;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::RequestRecord;

use crate::world::{World, at};
use crate::{FakeLedger, samples};

/// One way to tamper with a request that is in the ledger.
pub struct Tampering {
    /// What is done.
    pub name: &'static str,
    /// Does it.
    pub tamper: fn(&World, &RequestRecord),
}

/// All of them.
pub const TAMPERINGS: [Tampering; 16] = [
    Tampering {
        name: "a row edited",
        tamper: |world, record| edit(world, record, |rows| first(rows).bytes.push(' ')),
    },
    Tampering {
        name: "a row edited and hashed anew",
        tamper: |world, record| edit(world, record, |rows| rewrite(first(rows))),
    },
    Tampering {
        name: "the last row edited and hashed anew",
        tamper: |world, record| edit(world, record, |rows| rewrite(rows.last_mut().unwrap())),
    },
    Tampering {
        name: "two rows swapped",
        tamper: |world, record| {
            edit(world, record, |rows| {
                let places: Vec<_> = rows.iter().map(|row| row.place).collect();
                let last = rows.len() - 1;
                rows.swap(0, last);
                rows.iter_mut()
                    .zip(places)
                    .for_each(|(row, place)| row.place = place);
                if last == 0 {
                    rows.clear();
                }
            });
        },
    },
    Tampering {
        name: "the first row gone",
        tamper: |world, record| edit(world, record, |rows| drop(rows.remove(0))),
    },
    Tampering {
        name: "the last row gone",
        tamper: |world, record| edit(world, record, |rows| drop(rows.pop())),
    },
    Tampering {
        name: "all rows gone",
        tamper: |world, record| edit(world, record, Vec::clear),
    },
    Tampering {
        name: "a row in the place of the next one",
        tamper: |world, record| {
            edit(world, record, |rows| {
                let foreign = StoredRow {
                    place: Some(rows.len() as u64),
                    ..first(rows).clone()
                };
                rows.push(foreign);
            });
        },
    },
    Tampering {
        name: "something unreadable in the place of the next one",
        tamper: |world, record| {
            edit(world, record, |rows| {
                rows.push(StoredRow {
                    place: Some(rows.len() as u64),
                    bytes: String::new(),
                    hash: None,
                });
            });
        },
    },
    Tampering {
        name: "another duration in the record",
        tamper: |world, record| {
            let duration = "PT4H";
            world.ledger.overwrite(samples::tampered(record, |body| {
                *body.pointer_mut("/head/request/duration").unwrap() = duration.into();
            }));
        },
    },
    Tampering {
        name: "another justification in the record",
        tamper: |world, record| {
            world.ledger.overwrite(samples::tampered(record, |body| {
                *body.pointer_mut("/head/request/justification").unwrap() =
                    "Another reason altogether".into();
            }));
        },
    },
    Tampering {
        name: "a row in the last of all places",
        tamper: |world, record| {
            edit(world, record, |rows| {
                rows.push(StoredRow {
                    place: Some(9_999_999_999),
                    bytes: String::new(),
                    hash: None,
                });
            });
        },
    },
    Tampering {
        name: "more than any trail has",
        tamper: |world, record| flood(world, record),
    },
    Tampering {
        name: "another time at which the state was come to",
        tamper: |world, record| {
            set(world, record, "/head/since", json!("9999-12-30T22:00:00Z"));
        },
    },
    Tampering {
        name: "a report that nobody made",
        tamper: |world, record| {
            let report = json!({"at": "2026-11-01T08:00:00Z", "found": [{"type": "gone"}]});
            set(world, record, "/head/deviations", json!([report]));
        },
    },
    Tampering {
        name: "a message that nobody sent",
        tamper: |world, record| {
            let sent = json!({"type": "sent", "at": "2026-11-01T08:00:00Z", "message_id": null});
            let message = json!({"type": "ticket_note", "state": "Revoked"});
            let delivery = json!({"message": message, "claimed_at": null, "outcome": sent});
            set(world, record, "/deliveries", json!([delivery]));
        },
    },
];

/// Puts a value into the record.
fn set(world: &World, record: &RequestRecord, pointer: &str, value: Value) {
    world.ledger.overwrite(samples::tampered(record, |body| {
        let (members, name) = pointer.rsplit_once('/').unwrap();
        let members = body.pointer_mut(members).unwrap().as_object_mut().unwrap();
        members.insert(name.to_owned(), value);
    }));
}

/// Puts rows as big as an item may be behind the trail of a request, more than is read of any.
pub fn flood(world: &World, record: &RequestRecord) {
    const BIGGEST: usize = 400_000;
    edit(world, record, |rows| {
        for _ in 0..=MAX_TRAIL_BYTES / BIGGEST {
            rows.push(StoredRow {
                place: Some(rows.len() as u64),
                bytes: "x".repeat(BIGGEST),
                hash: None,
            });
        }
    });
}

/// Pads the record until it is as big as an item may be: nothing can be written to it that is longer.
pub fn pad(world: &World, record: &RequestRecord) {
    let padded = |by: usize| {
        samples::tampered(record, |body| {
            let phase = body.get_mut("phase").unwrap();
            let place = match phase.pointer("/access/round") {
                Some(_) => "/access/round/findings",
                None => "/round/findings",
            };
            let finding = json!({
                "pointer": "", "code": "reads_data", "detail": "x".repeat(by), "evidence": null,
            });
            *phase.pointer_mut(place).unwrap() = json!([finding]);
        })
    };
    let size = FakeLedger::size_of;
    let left = world.ledger.biggest_item() - size(&padded(0));
    let padded = padded(left);
    assert_eq!(size(&padded), world.ledger.biggest_item());
    world.ledger.overwrite(padded);
}

fn edit(world: &World, record: &RequestRecord, edit: impl FnOnce(&mut Vec<StoredRow>)) {
    world.ledger.rewrite_trail(record.id(), edit);
}

fn first(rows: &mut [StoredRow]) -> &mut StoredRow {
    rows.first_mut().unwrap()
}

/// The row says something else, and its hash is that of what it says.
fn rewrite(row: &mut StoredRow) {
    let mut read = row.read::<RequestRecord>().unwrap();
    read.at = at(1_000_000);
    read.actor = Actor::Sweeper;
    *row = read.stored().unwrap();
}
