//! Requests for longer: only for what is there, and as it is there.

use snowgate_core::approval::Verdict;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{EndReason, Event, RefusalCode, RequestRecord};
use snowgate_core::request::AccessRequest;
use testkit::world::{OWNER, World, at, id};

use super::{dispatcher, handle};

/// Access that is there, and a request for longer, as it would be taken in.
fn world() -> (World, RequestRecord, AccessRequest) {
    let world = World::default();
    let (first, request) = active(&world);
    (world, first, request)
}

/// Access that is there in this world, and a request for longer.
pub(super) fn active(world: &World) -> (RequestRecord, AccessRequest) {
    let (pending, _) = world.pend(world.received(at(0)), &[OWNER], at(0));
    let approved = world.decide(&pending, OWNER, Verdict::Approve, &world.keys, at(1));
    let by_us =
        |record: &RequestRecord, event| world.apply(record, event, Actor::Provisioner, at(2));
    let started = by_us(
        &approved,
        Event::ProvisioningStarted {
            preexisting: Vec::new(),
        },
    );
    let until = at(2) + started.request().duration.as_signed();
    let first = by_us(&started, Event::Activated { until });
    let mut request = world.request();
    request.extends = first.extension();
    (first, request)
}

fn looked_into(world: &World, request: AccessRequest) -> RequestRecord {
    let record = world.receive(request, at(10));
    handle(&dispatcher(world, &[]), record.id(), 11).unwrap();
    world.load(record.id())
}

#[test]
fn the_owner_is_asked_and_told_what_is_extended() {
    let (world, first, request) = world();
    let record = looked_into(&world, request);
    assert_eq!(record.state(), State::Pending, "{:?}", record.end_reason());
    let letters = world.mailer.sent();
    let text = letters[0].email.text.replace('\n', " ");
    let words = format!("extends request {}, active since", first.id());
    assert!(
        text.contains(&words) && text.contains("16 hours in total"),
        "{text}"
    );
    assert!(letters[0].email.html.contains(&words));
    assert!(record.content().is_some());
    let other = testkit::samples::tampered(&record, |stored| {
        stored["head"]["request"]["extends"].take();
    });
    assert_eq!(other.content(), None, "what is signed says that it extends");
}

#[test]
fn what_is_not_there_or_is_another_is_not_extended() {
    type Tamper = fn(&World, &RequestRecord, &mut AccessRequest);
    let tampers: [(&str, Tamper); 7] = [
        ("no such request", |_, _, request| {
            request.extends.as_mut().unwrap().request = testkit::samples::request_id();
        }),
        ("less before", |_, _, request| {
            request.extends.as_mut().unwrap().before = "PT15M".parse().unwrap();
        }),
        ("since later", |_, _, request| {
            request.extends.as_mut().unwrap().since = at(5);
        }),
        ("another item", |_, _, request| {
            let sys_id = id(0x70);
            request.resource = Some(snowgate_core::request::Resource { sys_id });
        }),
        ("a broken trail", |world, first, _| {
            world.ledger.rewrite_trail(first.id(), |rows| {
                rows.first_mut().unwrap().bytes.push(' ');
            });
        }),
        ("being ended", |world, first, _| {
            let by = snowgate_core::record::RevokedBy::Client;
            let event = Event::RevocationRequested {
                by,
                reason: None,
                signature: None,
            };
            let client = testkit::samples::client();
            let _ = world.apply(first, event, Actor::Client { client }, at(9));
        }),
        ("ended", |world, first, _| {
            let by_us = |record: &RequestRecord, event| {
                world.apply(record, event, Actor::Provisioner, at(9))
            };
            let revoking = by_us(first, Event::RevocationStarted);
            let _ = by_us(
                &revoking,
                Event::Revoked {
                    retained: Vec::new(),
                },
            );
        }),
    ];
    for (name, tamper) in tampers {
        let (world, first, mut request) = world();
        tamper(&world, &first, &mut request);
        let record = looked_into(&world, request);
        let refused = matches!(
            record.end_reason(),
            Some(EndReason::Refused {
                code: RefusalCode::NotExtendable,
                ..
            })
        );
        assert!(refused, "{name}: {:?}", record.end_reason());
        assert_eq!(world.mailer.sent(), [], "{name}");
        assert!(
            record.unreported().is_some(),
            "{name}: the ticket is updated"
        );
    }
}
