//! Decisions that do not count, and what the page keeps of them.

use serde_json::{Value, json};
use snowgate_core::approval::ReviewToken;
use snowgate_core::id::SysId;
use snowgate_core::record::RequestRecord;
use snowgate_core::ticket::Ticket;
use testkit::world::{OWNER, World, at, requester};
use testkit::{Aftermath, Fault, Moment};

use super::{REASON, approval, decision, form, look, nonce, post, send, snapshot};

/// Sends this and asserts the status, that nothing changed, and whether the reason was kept.
#[track_caller]
pub(super) fn refused(world: &World, event: Value, status: i64, retained: bool) {
    let before = snapshot(world);
    let answer = send(&approval(world, &Fault::none()), event, 10);
    assert_eq!(answer.status, status);
    assert_eq!(answer.html.contains(REASON), retained);
    assert_eq!(snapshot(world), before);
}

pub(super) fn pending(world: &World) -> (RequestRecord, ReviewToken) {
    let (record, mut links) = world.pending(&[OWNER], at(0));
    (record, links.remove(0))
}

#[test]
fn forms_from_elsewhere() {
    let world = World::default();
    let (record, link) = pending(&world);
    for origin in [
        "null",
        "https://evil.example",
        "http://review.example",
        "https://review.example:444",
        "https://review.example.evil.example",
        "https://REVIEW.example",
        "",
    ] {
        let mut event = decision(&world, &link, "approve", 10);
        event["headers"]["Origin"] = json!(origin);
        refused(&world, event, 403, false);
    }
    let mut event = decision(&world, &link, "approve", 10);
    event["headers"].as_object_mut().unwrap().remove("Origin");
    refused(&world, event.clone(), 403, false);
    let page = send(&approval(&world, &Fault::none()), event, 10).html;
    let number = record.request().source.number.as_str();
    assert!(page.contains(number), "the page names its request");
    let mut event = decision(&world, &link, "approve", 10);
    event["multiValueHeaders"] = json!({"Origin": [super::ORIGIN, "https://evil.example"]});
    refused(&world, event, 403, false);
}

#[test]
fn without_a_configured_origin_the_domain_that_was_called_counts() {
    let world = World::default();
    let (record, link) = pending(&world);
    let mut approval = approval(&world, &Fault::none());
    approval.origins.clear();
    let mut event = decision(&world, &link, "approve", 10);
    assert_eq!(send(&approval, event.clone(), 10).status, 403);
    event["headers"]["Origin"] = json!("https://ignored.example");
    let mut nowhere = event.clone();
    nowhere["requestContext"]["domainName"] = json!(null);
    assert_eq!(send(&approval, nowhere, 10).status, 403);
    assert_eq!(world.load(record.id()).decisions(), []);
    assert_eq!(send(&approval, event, 10).status, 200);
    assert_eq!(world.load(record.id()).decisions().len(), 1);
}

/// Links that went out before the address changed lead to pages of the address before.
#[test]
fn forms_of_links_that_were_out_when_the_address_changed() {
    for origin in [
        "https://old.example",
        "https://ignored.example",
        super::ORIGIN,
    ] {
        let world = World::default();
        let (record, link) = pending(&world);
        let mut approval = approval(&world, &Fault::none());
        let mut event = decision(&world, &link, "approve", 10);
        event["headers"]["Origin"] = json!(origin);
        if origin == "https://old.example" {
            assert_eq!(send(&approval, event.clone(), 10).status, 403);
            approval.origins.push(origin.to_owned());
        }
        assert_eq!(send(&approval, event, 10).status, 200, "{origin}");
        assert_eq!(world.load(record.id()).decisions().len(), 1);
    }
}

#[test]
fn headers_that_http_does_not_allow() {
    let world = World::default();
    let (_, link) = pending(&world);
    let before = snapshot(&world);
    let mut event = decision(&world, &link, "approve", 10);
    event["headers"]["X-Name"] = json!("Zo\u{eb}");
    let received = serde_json::from_value(event).unwrap();
    let approval = approval(&world, &Fault::none());
    let answer = super::runtime().block_on(approval.receive(&received, at(10)));
    assert_eq!(answer.status_code, 400);
    assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(snapshot(&world), before);
}

#[test]
fn bodies_of_other_types() {
    let world = World::default();
    let (_, link) = pending(&world);
    for media in [
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/json",
    ] {
        let mut event = decision(&world, &link, "approve", 10);
        event["headers"]["Content-Type"] = json!(media);
        refused(&world, event, 403, false);
    }
}

#[test]
fn forms_that_are_not_filled_in_are_shown_again_with_what_was_typed() {
    let world = World::default();
    let (record, link) = pending(&world);
    let good = nonce(&world, &link, 9);
    let other = ReviewToken::from_random([3; 32]);
    let table = [
        (form(&good, "", REASON), true),
        (form(&good, "maybe", REASON), true),
        (
            form(&nonce(&world, &link, 10 - 13 * 3600), "approve", REASON),
            true,
        ),
        (
            form(
                &other.nonce(&record.round().unwrap().content, at(9)),
                "approve",
                REASON,
            ),
            true,
        ),
        (form("", "approve", REASON), true),
        // Shown longer ago than can be counted.
        (form("-9223372036854775808.AAAA", "approve", REASON), true),
        (
            format!("{}&approver=me", form(&good, "approve", REASON)),
            true,
        ),
        (
            format!("{}&decision=deny", form(&good, "approve", REASON)),
            true,
        ),
        (form(&good, "approve", "ok"), false),
        (form(&good, "approve", "   "), false),
        (form(&good, "approve", &"x".repeat(1001)), false),
        (String::new(), false),
        ("x".repeat(20_000), false),
    ];
    for (body, retained) in table {
        refused(&world, post(&link, &body), 422, retained);
    }
    let short = send(
        &approval(&world, &Fault::none()),
        post(&link, &form(&good, "approve", "no")),
        10,
    );
    assert!(short.html.contains(">no</textarea>"), "kept for correction");
}

#[test]
fn while_decisions_are_stopped() {
    let world = World::default();
    let (_, link) = pending(&world);
    let mut approval = approval(&world, &Fault::none());
    approval.hold = true;
    let before = snapshot(&world);
    let answer = send(&approval, decision(&world, &link, "approve", 10), 10);
    assert_eq!(answer.status, 503);
    assert!(answer.html.contains(REASON));
    assert_eq!(send(&approval, look("GET", &link.expose()), 10).status, 200);
    assert_eq!(snapshot(&world), before);
}

pub(super) fn put_ticket(
    world: &World,
    record: &RequestRecord,
    active: bool,
    opened_for: Option<SysId>,
) {
    world.put_ticket(Ticket {
        sys_id: record.request().source.sys_id.clone(),
        number: record.request().source.number.clone(),
        active,
        opened_by: Some(requester().sys_id),
        opened_for,
        also_named: Vec::new(),
    });
}

#[test]
fn a_closed_ticket_is_not_decided_on() {
    let world = World::default();
    let (record, link) = pending(&world);
    let open = decision(&world, &link, "approve", 10);
    put_ticket(&world, &record, false, None);
    refused(&world, open, 410, false);
    let before = snapshot(&world);
    for method in ["GET", "HEAD"] {
        let looked = send(
            &approval(&world, &Fault::none()),
            look(method, &link.expose()),
            10,
        );
        assert_eq!(looked.status, 410, "{method}: seen when the link is opened");
    }
    assert_eq!(snapshot(&world), before, "and nothing is written");
}

/// The form that comes back can be sent again as it is; one that came from elsewhere does not.
#[test]
fn what_could_not_be_taken_comes_back_as_it_was_filled_in() {
    let world = World::default();
    let (record, link) = pending(&world);
    let mut event = decision(&world, &link, "deny", 10);
    let unavailable = Some(ports::Failure::Transient);
    world.servicenow.set_failure(unavailable);
    let answer = send(&approval(&world, &Fault::none()), event.clone(), 10);
    assert_eq!(answer.status, 503);
    assert!(answer.html.contains("value=\"deny\" required checked"));
    assert!(!answer.html.contains("value=\"approve\" required checked"));
    let (_, rest) = answer.html.split_once("name=\"nonce\" value=\"").unwrap();
    let nonce = rest.split_once('"').unwrap().0;
    event["headers"]["Origin"] = json!("https://evil.example");
    let foreign = send(&approval(&world, &Fault::none()), event, 10);
    assert!(!foreign.html.contains(REASON), "{}", foreign.status);
    world.servicenow.set_failure(None);
    let again = post(&link, &form(nonce, "deny", REASON));
    let again = send(&approval(&world, &Fault::none()), again, 11);
    assert_eq!(again.status, 200);
    assert_eq!(world.load(record.id()).decisions().len(), 1);
}

/// Without any one answer of ServiceNow, ledger or key nothing is decided, and the reason is kept.
#[test]
fn without_an_answer_nothing_is_decided() {
    let mut nth = 1;
    loop {
        let world = World::default();
        let (_, link) = pending(&world);
        let before = snapshot(&world);
        world.fault.at(nth, Moment::Before, Aftermath::Dead);
        let approval = approval(&world, &Fault::none());
        let answer = send(&approval, decision(&world, &link, "approve", 10), 10);
        if answer.status == 200 {
            break;
        }
        assert_eq!(answer.status, 503, "call {nth}");
        assert!(answer.html.contains(REASON), "call {nth}");
        assert!(!answer.html.contains("Injected"), "names nothing inside");
        assert_eq!(snapshot(&world), before, "call {nth}");
        nth += 1;
        assert!(nth < 60, "it never gets through");
    }
    assert!(nth > 6, "every call was tried: {nth}");
}
