//! Decisions that count.

use ports::signature::Verifier as _;
use snowgate_core::approval::Verdict;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::Event;
use testkit::world::{COLLEAGUE, OWNER, World, at, id, ready};
use testkit::{Aftermath, Fault, Moment, QueueName};

use super::{REASON, approval, decision, form, nonce, post, send};

#[test]
fn an_approval_is_signed_and_wakes_the_provisioner() {
    let world = World::default();
    let (record, links) = world.pending(&[OWNER], at(0));
    let answer = send(
        &approval(&world, &Fault::none()),
        decision(&world, &links[0], "approve", 10),
        10,
    );
    assert_eq!(answer.status, 200);
    let after = world.load(record.id());
    assert_eq!(after.state(), State::Approved);
    let decided = &after.decisions()[0];
    let said = &decided.signed.decision;
    assert_eq!(
        (said.verdict, &said.approver, decided.reason.as_str()),
        (Verdict::Approve, &id(OWNER), REASON)
    );
    let message = said.signed_bytes().unwrap();
    assert!(ready(world.keys.verify(&message, &decided.signed.mac)).unwrap());
    let sent = world.queues.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (sent[0].queue, sent[0].request(), &sent[0].principal),
        (QueueName::Work, record.id(), &Some(world.key()))
    );
}

#[test]
fn a_denial_wakes_the_reporter() {
    let world = World::default();
    let (record, links) = world.pending(&[OWNER], at(0));
    let answer = send(
        &approval(&world, &Fault::none()),
        decision(&world, &links[0], "deny", 10),
        10,
    );
    assert_eq!(answer.status, 200);
    assert_eq!(world.load(record.id()).state(), State::Denied);
    let sent = world.queues.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (sent[0].queue, sent[0].request()),
        (QueueName::Outcomes, record.id())
    );
}

#[test]
fn a_decision_counts_although_the_queues_are_down() {
    for (choice, state) in [("approve", State::Approved), ("deny", State::Denied)] {
        let (world, queues) = (World::default(), Fault::none());
        queues.at(1, Moment::Before, Aftermath::Dead);
        let (record, links) = world.pending(&[OWNER], at(0));
        let answer = send(
            &approval(&world, &queues),
            decision(&world, &links[0], choice, 10),
            10,
        );
        assert_eq!(answer.status, 200);
        let after = world.load(record.id());
        assert_eq!(after.state(), state);
        assert!(after.due_at().is_some(), "the sweeper comes back to it");
        assert_eq!(world.queues.sent(), []);
    }
}

#[test]
fn of_two_decisions_the_first_counts() {
    for (first, second, state) in [
        ("approve", "deny", State::Approved),
        ("deny", "approve", State::Denied),
    ] {
        let world = World::default();
        let approval = approval(&world, &Fault::none());
        let (record, links) = world.pending(&[OWNER, COLLEAGUE], at(0));
        let owner = |choice| decision(&world, &links[0], choice, 10);
        assert_eq!(send(&approval, owner(first), 10).status, 200);
        let after = world.load(record.id());
        assert_eq!(after.state(), state);
        let woken = world.queues.sent();
        // The same person again, and a colleague with a form that was open.
        for event in [
            owner(first),
            owner(second),
            decision(&world, &links[1], second, 10),
        ] {
            let answer = send(&approval, event, 20);
            assert_eq!(answer.status, 200, "an honest page, not an error");
            assert!(!answer.html.contains("<form"));
            assert_eq!(world.load(record.id()), after);
        }
        assert_eq!(world.queues.sent(), woken, "nobody is woken again");
    }
}

#[test]
fn a_decision_gets_through_beside_other_changes() {
    let world = World::default();
    let (record, links) = world.pending(&[OWNER, COLLEAGUE], at(0));
    world.fault.interleave();
    let approval = approval(&world, &Fault::none());
    super::runtime().block_on(async {
        let event = super::event_of(decision(&world, &links[0], "approve", 10));
        let decide = tokio::spawn(async move { approval.handle(&event, at(10)).await });
        // Somebody marks e-mails as sent, again and again, while the decision is made.
        let (beside, id_of) = (world.clone(), record.id().clone());
        let mark = tokio::spawn(async move {
            let mut marked = 0;
            loop {
                let now = beside.load(&id_of);
                if now.state() != State::Pending {
                    return marked;
                }
                if marked < 3 {
                    let open = now.open_slots().next().unwrap();
                    let event = Event::SlotReassigned {
                        slot: open.id.clone(),
                        approvers: open.approvers.clone(),
                    };
                    let _ = beside.apply(&now, event, Actor::Dispatcher, at(3));
                    marked += 1;
                }
                for _ in 0..4 {
                    testkit::turn().await;
                }
            }
        });
        assert_eq!(mark.await.unwrap(), 3, "the request changed meanwhile");
        assert_eq!(decide.await.unwrap().status_code, 200);
    });
    assert_eq!(world.load(record.id()).state(), State::Approved);
}

/// Wherever a call breaks off, sending the form again comes to one decision.
#[test]
fn a_call_that_breaks_off_can_be_made_again() {
    for moment in [Moment::Before, Moment::After] {
        let mut nth = 1;
        loop {
            let world = World::default();
            let approval = approval(&world, &world.fault);
            let (record, links) = world.pending(&[OWNER], at(0));
            world.fault.at(nth, moment, Aftermath::Dead);
            let first = send(&approval, decision(&world, &links[0], "approve", 10), 10);
            let reached = world.fault.calls() >= nth;
            let expected = if first.status == 200 {
                &[200][..]
            } else {
                &[503]
            };
            assert!(expected.contains(&first.status), "{moment:?} call {nth}");
            world.fault.mend();
            let again = send(&approval, decision(&world, &links[0], "approve", 20), 20);
            assert_eq!(again.status, 200, "{moment:?} call {nth}");
            let after = world.load(record.id());
            assert_eq!(
                (after.state(), after.decisions().len()),
                (State::Approved, 1)
            );
            assert!(after.due_at().is_some());
            if !reached {
                break;
            }
            nth += 1;
            assert!(nth < 60, "it never gets through");
        }
        assert!(nth > 6, "every call was tried: {nth}");
    }
}

#[test]
fn a_form_may_carry_line_breaks_and_any_script() {
    let world = World::default();
    let (record, links) = world.pending(&[OWNER], at(0));
    let body = form(
        &nonce(&world, &links[0], 9),
        "deny",
        "Nein, wird nicht gebraucht:\r\n理由なし",
    );
    let answer = send(
        &approval(&world, &Fault::none()),
        post(&links[0], &body),
        10,
    );
    assert_eq!(answer.status, 200);
    let reason = world.load(record.id()).decisions()[0].reason.clone();
    assert_eq!(reason.as_str(), "Nein, wird nicht gebraucht:\n理由なし");
}
