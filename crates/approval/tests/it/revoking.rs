//! Ending access early, through a link that was used.

use serde_json::{Value, json};
use snowgate_core::approval::{ReviewToken, Verdict};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::page::RevokeForm;
use snowgate_core::record::{Event, RequestRecord, RevokedBy};
use snowgate_core::slots::{ApproverRole, OwnedResourceKind};
use snowgate_core::ticket::Ticket;
use testkit::world::{COLLEAGUE, OWNER, World, account, at, id};
use testkit::{Aftermath, Fault, Moment, QueueName};

use super::{REASON, Tested, approval, decision, form, look, post, send, snapshot};

/// Access that the owner approved, with the links of owner and colleague.
fn active(world: &World) -> (RequestRecord, Vec<ReviewToken>) {
    let (record, links) = world.pending(&[OWNER, COLLEAGUE], at(0));
    let approved = world.decide(&record, OWNER, Verdict::Approve, &world.keys, at(1));
    let by_us =
        |record: &RequestRecord, event| world.apply(record, event, Actor::Provisioner, at(2));
    let started = by_us(
        &approved,
        Event::ProvisioningStarted {
            preexisting: Vec::new(),
        },
    );
    let until = Event::Activated { until: at(90_000) };
    // Its ticket is closed when the access is granted.
    world.put_ticket(Ticket {
        sys_id: record.request().source.sys_id.clone(),
        number: record.request().source.number.clone(),
        active: false,
        opened_by: Some(record.request().requested_by.clone()),
        opened_for: None,
        also_named: Vec::new(),
    });
    (by_us(&started, until), links)
}

fn end(world: &World, token: &ReviewToken, reason: &str, second: i64) -> Value {
    let rows = world.ledger.tokens();
    let row = rows.iter().find(|row| row.digest == token.digest());
    let asked = world.load(&row.unwrap().request).round().unwrap().clone();
    let nonce = token.nonce(&RevokeForm::purpose(&asked.content), at(second - 1));
    post(token, &form(&nonce, "revoke", reason))
}

fn tested(world: &World) -> Tested {
    approval(world, &Fault::none())
}

#[test]
fn a_used_link_shows_until_when_and_ends_it() {
    for (link, role) in [(0, ApproverRole::Owner), (1, ApproverRole::GroupMember)] {
        let world = World::default();
        let (record, links) = active(&world);
        // Long after the time to decide is over.
        let shown = send(&tested(&world), look("GET", &links[link].expose()), 80_000);
        assert_eq!(shown.status, 200);
        assert!(shown.html.contains("Access is active until"));
        assert!(shown.html.contains("value=\"revoke\""));
        let event = end(&world, &links[link], REASON, 80_000);
        let ended = send(&tested(&world), event.clone(), 80_000);
        assert_eq!(ended.status, 200, "{}", ended.html);
        let after = world.load(record.id());
        assert!(after.is_over(at(80_000)));
        let revocation = after.revocation().unwrap();
        let by = RevokedBy::Approver {
            role,
            resource: OwnedResourceKind::Account,
            delegate: false,
        };
        assert_eq!(revocation.by, by);
        assert_eq!(revocation.reason.as_ref().unwrap().as_str(), REASON);
        let sent = world.queues.sent();
        assert_eq!(sent.len(), 1);
        assert_eq!(
            (sent[0].queue, &sent[0].principal),
            (QueueName::Work, &Some(world.key()))
        );
        let again = send(&tested(&world), event, 80_010);
        assert_eq!(again.status, 200, "an honest page");
        assert!(!again.html.contains("<form"));
        assert_eq!(world.load(record.id()), after, "once");
        assert_eq!(world.queues.sent(), sent, "nobody is woken again");
    }
}

#[test]
fn looking_changes_nothing() {
    let world = World::default();
    let (_, links) = active(&world);
    let before = snapshot(&world);
    for method in ["GET", "HEAD", "GET"] {
        assert_eq!(
            send(&tested(&world), look(method, &links[0].expose()), 10).status,
            200
        );
    }
    assert_eq!(snapshot(&world), before);
}

#[test]
fn only_our_own_form_for_this_purpose_counts() {
    let world = World::default();
    let (record, links) = active(&world);
    let content = record.round().unwrap().content.clone();
    let nonce = links[0].nonce(&RevokeForm::purpose(&content), at(9));
    let mut foreign = end(&world, &links[0], REASON, 10);
    foreign["headers"]["Origin"] = json!("https://evil.example");
    let of = |nonce: &str, reason| post(&links[0], &form(nonce, "revoke", reason));
    let other = links[1].nonce(&RevokeForm::purpose(&content), at(9));
    let cases = [
        (foreign, 403, "another site"),
        (
            of(&links[0].nonce(&content, at(9)), REASON),
            422,
            "the nonce of a decision",
        ),
        (of(&other, REASON), 422, "the nonce of another link"),
        (of("", REASON), 422, "no nonce"),
        (of(&nonce, " "), 422, "no reason"),
        (
            post(&links[0], &(form(&nonce, "revoke", REASON) + "&by=owner")),
            422,
            "another field",
        ),
    ];
    let before = snapshot(&world);
    for (event, status, what) in cases {
        let answer = send(&tested(&world), event, 10);
        assert_eq!(answer.status, status, "{what}");
        assert_eq!(snapshot(&world), before, "{what}");
        if status == 422 && what != "no reason" {
            assert!(answer.html.contains(REASON), "what was typed is kept");
        }
    }
    let mut held = tested(&world);
    held.hold = true;
    assert_eq!(send(&held, of(&nonce, REASON), 10).status, 503);
    assert_eq!(snapshot(&world), before);
}

#[test]
fn whoever_lost_their_standing_ends_nothing() {
    let world = World::default();
    let (_, links) = active(&world);
    let mut sold = account();
    sold.owned_by = Some(id(0x77));
    world.put_account(sold);
    let before = snapshot(&world);
    let answer = send(&tested(&world), end(&world, &links[0], REASON, 10), 10);
    assert_eq!(answer.status, 403);
    assert_eq!(snapshot(&world), before);
}

#[test]
fn without_servicenow_the_reason_is_kept() {
    let world = World::default();
    let (_, links) = active(&world);
    world
        .servicenow
        .set_failure(Some(ports::Failure::Transient));
    let before = snapshot(&world);
    let answer = send(&tested(&world), end(&world, &links[0], REASON, 10), 10);
    assert_eq!(answer.status, 503);
    assert!(answer.html.contains(REASON));
    assert!(
        answer.html.contains("value=\"revoke\""),
        "the form is there"
    );
    assert_eq!(snapshot(&world), before);
}

#[test]
fn what_is_not_active_is_not_ended() {
    let world = World::default();
    let (waiting, links) = world.pending(&[OWNER], at(0));
    let answer = send(&tested(&world), end(&world, &links[0], REASON, 10), 10);
    assert_eq!(answer.status, 200);
    assert!(
        answer.html.contains("value=\"approve\""),
        "the form to decide"
    );
    assert_eq!(world.load(waiting.id()), waiting);
    // And a decision that comes when the access is there decides nothing.
    let (record, links) = active(&world);
    let answer = send(&tested(&world), decision(&world, &links[1], "deny", 20), 20);
    assert_eq!(answer.status, 200);
    assert_eq!(world.load(record.id()), record);
}

/// Wherever a call breaks off, sending the form again comes to one end.
#[test]
fn a_call_that_breaks_off_can_be_made_again() {
    for moment in [Moment::Before, Moment::After] {
        let mut nth = 1;
        loop {
            let world = World::default();
            let approval = approval(&world, &world.fault);
            let (record, links) = active(&world);
            let event = end(&world, &links[0], REASON, 10);
            world.fault.at(nth, moment, Aftermath::Dead);
            let first = send(&approval, event.clone(), 10);
            assert!([200, 503].contains(&first.status), "{moment:?} call {nth}");
            let reached = world.fault.calls() >= nth;
            world.fault.mend();
            assert_eq!(send(&approval, event, 20).status, 200);
            let after = world.load(record.id());
            assert_eq!(
                (after.state(), after.version()),
                (State::Active, record.version() + 1)
            );
            assert!(
                after.due_at().unwrap() <= at(20),
                "the sweeper finds it at once"
            );
            if !reached {
                break;
            }
            nth += 1;
        }
        assert!(nth > 5, "every call was tried: {nth}");
    }
}
