//! What is granted, and what is not.

use ports::Clock;
use serde_json::json;
use snowgate_core::approval::{MacTag, Verdict};
use snowgate_core::effect::EffectChange;
use snowgate_core::email::MailField;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{DecisionRecord, Event, FailureCode};
use snowgate_core::request::AccessRequest;
use snowgate_core::ticket::Person;
use testkit::samples::{self, ACCOUNT};
use testkit::world::{
    BENEFICIARY, COLLEAGUE, GUARDRAILS, OWNER, World, at, document, id, other_policy, person,
    principal_facts, requester,
};
use testkit::{AccountFault, FakeKeys, QueueName};

use super::{failed_untouched, provision, provisioner, run};

#[test]
fn exactly_the_policies_are_attached_and_read_back() {
    let world = World::default();
    let mut body = samples::body(&world.ticket(), &world.target);
    let both = [samples::policy(), other_policy()];
    body["grants"] = json!(
        both.clone()
            .map(|arn| json!({"type": "attach_managed_policy", "policy_arn": arn}))
    );
    let request = AccessRequest::parse(body.to_string().as_bytes()).unwrap();
    let received = world.receive(request, at(0));
    let (pending, _) = world.pend(received, &[OWNER], at(1));
    let approved = world.decide(&pending, OWNER, Verdict::Approve, &world.keys, at(2));
    let after = provision(&world, &approved, 10);
    assert_eq!(after.state(), State::Active);
    assert_eq!(after.until(), Some(at(10 + 8 * 3600)));
    assert_eq!(
        world.directory.attached(&world.target),
        both.map(|p| p.to_string())
    );
    let effects = world.ledger.effects_on(&world.key());
    assert_eq!(effects.len(), 2);
    assert!(
        effects
            .iter()
            .all(|e| e.request == *after.id() && !e.preexisting)
    );
    let woken = world.queues.take(QueueName::Outcomes);
    assert_eq!(woken.len(), 1);
    assert_eq!(woken[0].request(), after.id());

    assert_eq!(provision(&world, &after, 11), after, "woken again");
    assert_eq!(world.directory.changes().len(), 2);
}

#[test]
fn access_lasts_from_when_it_was_read_back() {
    let world = World::default();
    let approved = world.approved(at(0));
    let mut slow = provisioner(&world);
    slow.clock = Clock::new(|| at(70));
    run(&slow, approved.id(), 10).unwrap();
    let after = world.load(approved.id());
    assert_eq!(after.until(), Some(at(70 + 8 * 3600)));
}

#[test]
fn the_effect_is_written_down_before_the_change() {
    let world = World::default();
    let approved = world.approved(at(0));
    let mut seen = 0;
    for nth in 1..40 {
        world.fault.mend();
        world
            .fault
            .at(nth, testkit::Moment::After, testkit::Aftermath::Dead);
        let _ = run(&provisioner(&world), approved.id(), 10);
        let effects = world.ledger.effects_on(&world.key());
        let attached = !world.directory.attached(&world.target).is_empty();
        assert!(!attached || !effects.is_empty(), "after call {nth}");
        seen += usize::from(!effects.is_empty() && !attached);
    }
    assert!(seen > 0, "a moment with the effect and without the change");
}

#[test]
fn what_is_not_approved_changes_nothing() {
    let world = World::default();
    let received = world.received(at(0));
    let (pending, _) = world.pending(&[OWNER], at(0));
    let denied = {
        let (record, _) = world.pending(&[OWNER], at(0));
        world.decide(&record, OWNER, Verdict::Deny, &world.keys, at(1))
    };
    for record in [received, pending, denied] {
        assert_eq!(provision(&world, &record, 10), record);
    }
    assert_eq!(world.directory.changes(), Vec::<String>::new());
}

#[test]
fn a_forged_decision_grants_nothing() {
    let world = World::default();
    let (pending, _) = world.pending(&[OWNER], at(0));
    let forged = FakeKeys::new([9; 32]);
    let record = world.decide(&pending, OWNER, Verdict::Approve, &forged, at(1));
    let after = provision(&world, &record, 10);
    failed_untouched(&world, &after, FailureCode::UnprovenDecision);
}

/// The approval function let somebody decide for themselves: what it signed says so.
#[test]
fn a_decision_by_another_record_of_somebody_involved_grants_nothing() {
    type Twin = fn(&World);
    let twins: [(&str, Twin); 6] = [
        ("the requester's mailbox", |world| {
            let email = requester().email;
            world.servicenow.put_person(Person {
                email,
                ..person(OWNER)
            });
        }),
        ("the beneficiary's mailbox", |world| {
            let email = person(BENEFICIARY).email;
            world.servicenow.put_person(Person {
                email,
                ..person(OWNER)
            });
        }),
        ("the requester's employee number", |world| {
            let mut twin = person(OWNER);
            twin.account.employee_number = requester().account.employee_number;
            world.servicenow.put_person(twin);
        }),
        ("the requester's user name", |world| {
            let mut twin = person(OWNER);
            twin.account.user_name = requester().account.user_name.to_uppercase();
            world.servicenow.put_person(twin);
        }),
        ("the requester's address as a user name", |world| {
            let mut twin = person(OWNER);
            twin.account.user_name = "rita@meridian.example".to_owned();
            world.servicenow.put_person(twin);
        }),
        ("a requester without a mailbox", |world| {
            let email = MailField::Empty;
            world.servicenow.put_person(Person {
                email,
                ..requester()
            });
        }),
    ];
    for (what, twin) in twins {
        let world = World::default();
        twin(&world);
        let record = world.approved(at(0));
        assert_eq!(record.state(), State::Approved, "{what}");
        let after = provision(&world, &record, 10);
        failed_untouched(&world, &after, FailureCode::UnprovenDecision);
    }
}

/// A true signature, on a decision that does not carry this request: whoever can write to the
/// ledger cannot make one fit.
#[test]
fn a_decision_that_was_changed_or_moved_grants_nothing() {
    type Tamper = fn(&mut DecisionRecord);
    let tampers: [(&str, Tamper); 5] = [
        ("approver", |decided| {
            decided.signed.decision.approver = id(COLLEAGUE)
        }),
        ("verdict", |decided| {
            decided.signed.decision.verdict = Verdict::Approve
        }),
        ("reason", |decided| {
            decided.reason = "Another reason".parse().unwrap()
        }),
        ("time", |decided| decided.signed.decision.at += 1),
        ("no code", |decided| {
            decided.signed.mac = MacTag::new(Vec::new());
        }),
    ];
    for (what, tamper) in tampers {
        let world = World::default();
        let (pending, _) = world.pending(&[OWNER, COLLEAGUE], at(0));
        let verdict = if what == "verdict" {
            Verdict::Deny
        } else {
            Verdict::Approve
        };
        let mut event = world.sign(&pending, OWNER, verdict, &world.keys, at(1));
        tamper(&mut event);
        let actor = Actor::Approver { sys_id: id(OWNER) };
        let record = world.apply(&pending, Event::Decided { decision: event }, actor, at(2));
        assert_eq!(record.state(), State::Approved, "{what}");
        let after = provision(&world, &record, 10);
        failed_untouched(&world, &after, FailureCode::UnprovenDecision);
    }
}

#[test]
fn what_changed_since_the_approval_fails() {
    type Change = fn(&World);
    let changes: [(&str, Change); 8] = [
        ("version", |world| {
            world.put_policy(samples::policy(), "v2", &document("s3:GetObject"));
        }),
        ("document", |world| {
            world.put_policy(samples::policy(), "v1", &document("s3:*"));
        }),
        ("policy gone", |world| {
            let account = ACCOUNT.parse().unwrap();
            world.directory.remove_policy(&account, &samples::policy());
        }),
        ("principal gone", |world| {
            world.directory.remove_principal(&world.target)
        }),
        ("another principal", |world| {
            let mut facts = principal_facts();
            facts.unique_id = "AIDAOTHER".to_owned();
            world.directory.put_principal(&world.target, facts);
        }),
        ("boundary", |world| {
            let mut facts = principal_facts();
            facts.boundary = None;
            world.directory.put_principal(&world.target, facts);
        }),
        ("path", |world| {
            let mut facts = principal_facts();
            facts.path = "/".to_owned();
            world.directory.put_principal(&world.target, facts);
        }),
        ("beneficiary", |world| {
            let mut facts = principal_facts();
            facts.owner_tag = Some(id(OWNER).as_str().to_owned());
            world.directory.put_principal(&world.target, facts);
        }),
    ];
    for (what, change) in changes {
        let world = World::default();
        let approved = world.approved(at(0));
        change(&world);
        let after = provision(&world, &approved, 10);
        assert_eq!(after.state(), State::Failed, "{what}");
        failed_untouched(&world, &after, FailureCode::ContentChanged);
    }
}

#[test]
fn other_guardrails_fail() {
    let world = World::default();
    let approved = world.approved(at(0));
    let mut changed = provisioner(&world);
    changed.guardrails = Guardrails::parse(&format!("{GUARDRAILS}\n# reviewed again")).unwrap();
    run(&changed, approved.id(), 10).unwrap();
    let after = world.load(approved.id());
    failed_untouched(&world, &after, FailureCode::ContentChanged);
}

#[test]
fn what_iam_refuses_is_rolled_back() {
    let world = World::default();
    let mut body = samples::body(&world.ticket(), &world.target);
    body["grants"] = json!(
        [samples::policy(), other_policy()]
            .map(|arn| json!({"type": "attach_managed_policy", "policy_arn": arn}))
    );
    let request = AccessRequest::parse(body.to_string().as_bytes()).unwrap();
    let (pending, _) = world.pend(world.receive(request, at(0)), &[OWNER], at(1));
    let approved = world.decide(&pending, OWNER, Verdict::Approve, &world.keys, at(2));
    world.directory.refuse(&EffectChange::PolicyAttached {
        policy_arn: other_policy(),
    });
    let after = provision(&world, &approved, 10);
    assert_eq!(after.state(), State::Failed);
    assert_eq!(
        world.directory.attached(&world.target),
        Vec::<String>::new()
    );
    let key = world.target.key_by_name();
    let policy = samples::policy();
    let expected = [
        format!("attach {key} {policy}"),
        format!("detach {key} {policy}"),
    ];
    assert_eq!(world.directory.changes(), expected);
    assert_eq!(world.ledger.effects_on(&world.key()), []);
    assert_eq!(world.queues.take(QueueName::Outcomes).len(), 1);
}

#[test]
fn transient_errors_put_off_and_keep_nothing_back() {
    let account = ACCOUNT.parse().unwrap();
    for fault in [AccountFault::Throttled, AccountFault::NotPrepared] {
        let world = World::default();
        let approved = world.approved(at(0));
        world.directory.set_fault(&account, Some(fault));
        let after = provision(&world, &approved, 10);
        assert_eq!((after.state(), after.attempts()), (State::Approved, 1));
        assert_eq!(after.due_at(), Some(at(10 + 120)));
        let after = provision(&world, &approved, 130);
        assert_eq!(after.due_at(), Some(at(130 + 240)), "twice as long");
        world.directory.set_fault(&account, None);
        assert_eq!(provision(&world, &approved, 400).state(), State::Active);
    }
}

#[test]
fn what_waited_a_day_is_not_granted_any_more() {
    let world = World::default();
    let approved = world.approved(at(0));
    let after = provision(&world, &approved, 24 * 3600);
    failed_untouched(&world, &after, FailureCode::TimedOut);
}

#[test]
fn hold_changes_nothing_and_loses_nothing() {
    let world = World::default();
    let approved = world.approved(at(0));
    let mut held = provisioner(&world);
    held.hold = true;
    run(&held, approved.id(), 10).unwrap();
    let after = world.load(approved.id());
    assert_eq!(after.state(), State::Approved);
    assert!(after.due_at().is_some());
    assert_eq!(world.directory.changes(), Vec::<String>::new());
    let active = provision(&world, &approved, 20);
    assert_eq!(active.state(), State::Active);
    let end = active.until().unwrap().as_second() - at(0).as_second();
    for second in [30, 40, 50, 60, end - 1] {
        run(&held, active.id(), second).unwrap();
        let due = world.load(active.id()).due_at().unwrap();
        assert!(due <= active.until().unwrap(), "it still ends in time");
    }
    run(&held, active.id(), end + 1).unwrap();
    assert_eq!(world.load(active.id()).state(), State::Active);
    assert_eq!(world.directory.changes().len(), 1);
}
