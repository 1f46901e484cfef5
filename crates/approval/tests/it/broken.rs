//! Requests that their audit trail does not bear out, and links that are written otherwise.

use serde_json::json;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Event, RequestRecord};
use testkit::tampering::TAMPERINGS;
use testkit::world::{OWNER, World, at};
use testkit::{Fault, QueueName};

use super::{REASON, approval, decision, form, look, nonce, post, send, snapshot};

#[test]
fn nothing_is_shown_or_decided_with_a_broken_trail() {
    for tampering in TAMPERINGS {
        let world = World::default();
        let (record, links) = world.pending(&[OWNER], at(0));
        let yes = decision(&world, &links[0], "approve", 5);
        (tampering.tamper)(&world, &record);
        let before = snapshot(&world);
        let tested = approval(&world, &Fault::none());
        let shown = send(&tested, look("GET", &links[0].expose()), 5);
        let decided = send(&tested, yes, 6);
        for answer in [shown, decided] {
            assert_eq!(answer.status, 409, "{}", tampering.name);
            assert!(!answer.html.contains("<form"), "{}", tampering.name);
            assert!(!answer.html.contains("RITM"), "nothing of the record");
        }
        assert_eq!(snapshot(&world), before, "{}", tampering.name);
    }
}

fn active(world: &World, record: &RequestRecord) -> RequestRecord {
    let approved = world.decide(
        record,
        OWNER,
        snowgate_core::approval::Verdict::Approve,
        &world.keys,
        at(1),
    );
    let by = |record: &RequestRecord, event| world.apply(record, event, Actor::Provisioner, at(2));
    let started = by(
        &approved,
        Event::ProvisioningStarted {
            preexisting: Vec::new(),
        },
    );
    by(&started, Event::Activated { until: at(9000) })
}

#[test]
fn access_can_be_ended_with_a_broken_trail() {
    for tampering in TAMPERINGS {
        let world = World::default();
        let (record, links) = world.pending(&[OWNER], at(0));
        let record = active(&world, &record);
        let content = record.content().unwrap().clone();
        (tampering.tamper)(&world, &record);
        let tested = approval(&world, &Fault::none());
        let shown = send(&tested, look("GET", &links[0].expose()), 50);
        assert_eq!(shown.status, 200, "{}", tampering.name);
        assert!(shown.html.contains("changed the stored record"));
        let purpose = snowgate_core::page::RevokeForm::purpose(&content);
        let body = form(&links[0].nonce(&purpose, at(50)), "revoke", REASON);
        let ended = send(&tested, post(&links[0], &body), 51);
        assert_eq!(ended.status, 200, "{}", tampering.name);
        let after = world.load(record.id());
        assert!(after.revocation().is_some(), "{}", tampering.name);
        assert_eq!(
            (after.state(), after.is_over(at(51))),
            (State::Active, true)
        );
        let woken = world.queues.take(QueueName::Work);
        assert_eq!(woken.len(), 1, "{}", tampering.name);
    }
}

#[test]
fn a_link_is_written_in_one_way() {
    let world = World::default();
    let (_, links) = world.pending(&[OWNER], at(0));
    let tested = approval(&world, &Fault::none());
    let token = links[0].expose();
    let good = look("GET", &token);
    assert_eq!(send(&tested, good.clone(), 5).status, 200);
    let mut based = good.clone();
    based["path"] = json!(format!("/approvals/r/{token}"));
    assert_eq!(
        send(&tested, based, 5).status,
        200,
        "behind a domain's base path"
    );
    let encoded = format!("%{:02X}{}", token.as_bytes()[0], token.get(1..).unwrap());
    for path in [
        format!("/r/{token}/"),
        format!("//r/{token}"),
        format!("/r//{token}"),
        format!("/r/{encoded}"),
        format!("/R/{token}"),
        token.clone(),
        String::new(),
    ] {
        let mut other = good.clone();
        other["path"] = json!(path);
        assert_eq!(send(&tested, other, 5).status, 404, "{path}");
    }
    let shown = nonce(&world, &links[0], 4);
    let (seconds, mac) = shown.split_once('.').unwrap();
    for other in [
        format!("+{seconds}.{mac}"),
        format!("0{seconds}.{mac}"),
        format!("{shown}="),
    ] {
        let body = form(&other, "approve", REASON);
        assert_eq!(
            send(&tested, post(&links[0], &body), 5).status,
            422,
            "{other}"
        );
    }
}
