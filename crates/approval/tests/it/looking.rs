//! GET and HEAD: mail scanners, previews and people who look.

use serde_json::json;
use snowgate_core::approval::{ReviewToken, Verdict};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Event, RequestRecord};
use testkit::samples;
use testkit::world::{BENEFICIARY, COLLEAGUE, OWNER, PENDING_FOR, World, at, id};
use testkit::{Aftermath, Fault, Moment};

use super::{approval, look, send, snapshot};

/// Every state a page can be in: its name, the status, and how a request comes there.
type Stage = (
    &'static str,
    i64,
    fn(&World) -> (RequestRecord, ReviewToken),
);

fn pending(world: &World) -> (RequestRecord, ReviewToken) {
    let (record, mut links) = world.pending(&[OWNER, COLLEAGUE], at(0));
    (record, links.remove(0))
}

fn after(world: &World, event: Event, actor: Actor) -> (RequestRecord, ReviewToken) {
    let (record, link) = pending(world);
    (world.apply(&record, event, actor, at(1)), link)
}

fn approved(world: &World) -> (RequestRecord, ReviewToken) {
    let (record, link) = pending(world);
    let record = world.decide(&record, COLLEAGUE, Verdict::Approve, &world.keys, at(1));
    (record, link)
}

const STAGES: [Stage; 8] = [
    ("form", 200, pending),
    ("approved by a colleague", 200, approved),
    ("denied", 200, |world| {
        let (record, link) = pending(world);
        (
            world.decide(&record, OWNER, Verdict::Deny, &world.keys, at(1)),
            link,
        )
    }),
    ("withdrawn", 410, |world| {
        after(
            world,
            Event::Withdrawn { reason: None },
            Actor::Client {
                client: samples::client(),
            },
        )
    }),
    ("expired", 410, |world| {
        after(world, Event::Expired, Actor::Sweeper)
    }),
    ("provisioning", 200, |world| {
        let (record, link) = approved(world);
        let started = Event::ProvisioningStarted {
            preexisting: Vec::new(),
        };
        (
            world.apply(&record, started, Actor::Provisioner, at(2)),
            link,
        )
    }),
    ("active", 200, |world| {
        let (record, link) = approved(world);
        let record = world.apply(
            &record,
            Event::ProvisioningStarted {
                preexisting: Vec::new(),
            },
            Actor::Provisioner,
            at(2),
        );
        let until = at(9000);
        let active = Event::Activated { until };
        (
            world.apply(&record, active, Actor::Provisioner, at(3)),
            link,
        )
    }),
    ("undeliverable", 410, |world| {
        let slot = String::new();
        after(world, Event::Undeliverable { slot }, Actor::Dispatcher)
    }),
];

#[test]
fn looking_changes_nothing_wherever_the_request_stands() {
    for (name, status, stage) in STAGES {
        let world = World::default();
        let (_, link) = stage(&world);
        let approval = approval(&world, &Fault::none());
        let before = snapshot(&world);
        let shown = send(&approval, look("GET", &link.expose()), 10);
        assert_eq!(shown.status, status, "{name}");
        let has_form = shown.html.contains("<form");
        let expected = ["form", "active"].contains(&name);
        assert_eq!(has_form, expected, "{name}");
        for _ in 0..3 {
            let again = send(&approval, look("GET", &link.expose()), 10);
            assert_eq!(again.html, shown.html, "{name}");
        }
        let head = send(&approval, look("HEAD", &link.expose()), 10);
        assert_eq!((head.status, head.html.as_str()), (status, ""), "{name}");
        assert_eq!(head.headers, shown.headers, "{name}");
        // A scanner that sends what it finds in the link's query or body decides nothing.
        for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let mut event = super::decision(&world, &link, "approve", 10);
            event["httpMethod"] = json!(method);
            event["queryStringParameters"] = json!({"decision": "approve", "reason": "yes yes"});
            send(&approval, event, 10);
        }
        assert_eq!(snapshot(&world), before, "{name}");
    }
}

#[test]
fn every_page_is_private() {
    let world = World::default();
    let (_, link) = pending(&world);
    let approval = approval(&world, &Fault::none());
    for token in [link.expose(), "x".to_owned()] {
        let headers = send(&approval, look("GET", &token), 10).headers;
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["referrer-policy"], "same-origin");
        assert_eq!(headers["x-robots-tag"], "noindex, nofollow");
        let policy = headers["content-security-policy"].as_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"));
        assert!(!policy.contains("script"));
    }
}

#[test]
fn other_methods_are_named_as_such() {
    let world = World::default();
    let (_, link) = pending(&world);
    let answer = send(
        &approval(&world, &Fault::none()),
        look("DELETE", &link.expose()),
        10,
    );
    assert_eq!(answer.status, 405);
    assert_eq!(answer.headers["allow"], "GET, HEAD, POST");
}

#[test]
fn links_that_open_nothing() {
    let world = World::default();
    let (_, link) = pending(&world);
    let approval = approval(&world, &Fault::none());
    let before = snapshot(&world);
    let good = link.expose();
    let other = if good.starts_with('A') { "B" } else { "A" };
    let tampered = format!("{other}{}", good.get(1..).unwrap());
    let unknown = ReviewToken::from_random([5; 32]);
    let cut = good.get(..42).unwrap().to_owned();
    for token in [
        tampered,
        unknown.expose(),
        cut,
        String::new(),
        "../..".to_owned(),
    ] {
        for method in ["GET", "HEAD"] {
            assert_eq!(send(&approval, look(method, &token), 10).status, 404);
        }
        let mut event = super::decision(&world, &link, "approve", 10);
        event["pathParameters"]["token"] = json!(token);
        assert_eq!(send(&approval, event, 10).status, 404);
    }
    assert_eq!(snapshot(&world), before);
}

#[test]
fn a_link_ends_when_its_time_is_over() {
    let world = World::default();
    let (record, link) = pending(&world);
    let approval = approval(&world, &Fault::none());
    let end = PENDING_FOR.as_secs();
    assert_eq!(
        send(&approval, look("GET", &link.expose()), end - 1).status,
        200
    );
    assert_eq!(
        send(&approval, look("GET", &link.expose()), end).status,
        410
    );
    let answer = send(
        &approval,
        super::decision(&world, &link, "approve", end),
        end,
    );
    assert_eq!(answer.status, 410);
    assert_eq!(world.load(record.id()).state(), State::Pending);
}

/// Whose record is hidden is not told as the requester: who decides must see for whom it is.
#[test]
fn a_beneficiary_who_cannot_be_read_is_not_taken_for_the_requester() {
    let world = World::default();
    let (_, link) = pending(&world);
    let approval = approval(&world, &Fault::none());
    let shown = send(&approval, look("GET", &link.expose()), 10);
    assert_eq!(shown.status, 200);
    world.servicenow.remove_person(&id(BENEFICIARY));
    let before = snapshot(&world);
    assert_eq!(send(&approval, look("GET", &link.expose()), 10).status, 503);
    assert_eq!(snapshot(&world), before);
}

#[test]
fn looking_without_servicenow_or_ledger_asks_to_come_back() {
    let world = World::default();
    let (_, link) = pending(&world);
    let approval = approval(&world, &Fault::none());
    let before = snapshot(&world);
    let mut nth = 1;
    loop {
        world.fault.mend();
        world.fault.at(nth, Moment::Before, Aftermath::Alive);
        let status = send(&approval, look("GET", &link.expose()), 10).status;
        if status == 200 {
            break;
        }
        assert_eq!(status, 503, "call {nth}");
        nth += 1;
        assert!(nth < 60, "it never gets through");
    }
    assert!(nth > 3, "every call was tried: {nth}");
    assert_eq!(snapshot(&world), before);
}
