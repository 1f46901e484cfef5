//! What is checked before IAM is changed, and what is undone.

use super::*;
use crate::guardrails::tests::TEXT;
use crate::lifecycle::Actor;
use crate::record::tests::{ONE, at, decide, person, received, request, slot};
use crate::record::{Asked, Event};

const DOCUMENT: &str = r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;

fn principal() -> PrincipalFacts {
    PrincipalFacts {
        unique_id: "AIDAEXAMPLE".to_owned(),
        path: "/enrolled/".to_owned(),
        boundary: Some("arn:aws:iam::210987654321:policy/SnowgateBoundary".to_owned()),
        owner_tag: Some(person(1).to_string()),
        attached: vec![],
    }
}

fn policies() -> Vec<PolicyFacts> {
    let Grant::AttachManagedPolicy { policy_arn } = request().grants[0].clone();
    vec![PolicyFacts {
        arn: policy_arn,
        version: "v1".to_owned(),
        document: DOCUMENT.to_owned(),
    }]
}

fn guardrails() -> Guardrails {
    Guardrails::parse(TEXT).unwrap()
}

fn approved() -> RequestRecord {
    let slots = vec![slot("210987654321", &[2])];
    let binding = Binding {
        principal: principal().bound(),
        policies: policies().iter().map(PolicyFacts::bound).collect(),
        guardrails: guardrails().digest().clone(),
    };
    let content = content_digest(&request(), &binding, &slots).unwrap();
    let asked = Asked::new(slots, binding, content, at(72 * 3600));
    let pending = received()
        .record
        .apply(Event::Asked { asked }, Actor::Dispatcher, at(1))
        .unwrap()
        .record;
    let mut yes = decide(&pending, ONE, 2, Verdict::Approve);
    if let Event::Decided { decided } = &mut yes {
        decided.signed.decision.reason = Digest::of(decided.reason.as_str().as_bytes());
    }
    pending
        .apply(yes, Actor::Approver { sys_id: person(2) }, at(2))
        .unwrap()
        .record
}

#[test]
fn what_was_approved_is_what_is_there() {
    assert_eq!(
        check(
            &approved(),
            &principal(),
            &policies(),
            &guardrails(),
            at(20)
        ),
        Ok(())
    );
}

/// A way to tamper with what is checked.
type Tamper = fn(&mut RequestRecord, &mut PrincipalFacts, &mut Vec<PolicyFacts>);

#[test]
fn every_change_after_the_approval_is_found() {
    let tampers: [(&str, Tamper, FailureCode); 16] = [
        (
            "another user of that name",
            |_, p, _| p.unique_id = "AIDAOTHER".into(),
            FailureCode::ContentChanged,
        ),
        (
            "moved",
            |_, p, _| p.path = "/".into(),
            FailureCode::ContentChanged,
        ),
        (
            "boundary gone",
            |_, p, _| p.boundary = None,
            FailureCode::ContentChanged,
        ),
        (
            "another owner",
            |_, p, _| p.owner_tag = Some(person(9).to_string()),
            FailureCode::ContentChanged,
        ),
        (
            "another version",
            |_, _, d| d[0].version = "v2".into(),
            FailureCode::ContentChanged,
        ),
        (
            "another document",
            |_, _, d| d[0].document.push(' '),
            FailureCode::ContentChanged,
        ),
        (
            "a policy less",
            |_, _, d| d.clear(),
            FailureCode::ContentChanged,
        ),
        (
            "another duration",
            |r, _, _| r.request.duration = "PT9H".parse().unwrap(),
            FailureCode::ContentChanged,
        ),
        (
            "another requester",
            |r, _, _| r.request.requested_by = person(8),
            FailureCode::ContentChanged,
        ),
        (
            "another account",
            |r, _, _| r.request.target.account_id = "320987654321".parse().unwrap(),
            FailureCode::ContentChanged,
        ),
        (
            "a slot less",
            |r, _, _| r.asked.as_mut().unwrap().slots.clear(),
            FailureCode::ContentChanged,
        ),
        (
            "nothing asked",
            |r, _, _| r.asked = None,
            FailureCode::UnprovenDecision,
        ),
        (
            "no decision",
            |r, _, _| r.decisions.clear(),
            FailureCode::UnprovenDecision,
        ),
        (
            "a denial",
            |r, _, _| r.decisions[0].signed.decision.verdict = Verdict::Deny,
            FailureCode::UnprovenDecision,
        ),
        (
            "by somebody else",
            |r, _, _| r.decisions[0].signed.decision.approver = person(7),
            FailureCode::UnprovenDecision,
        ),
        (
            "another reason",
            |r, _, _| r.decisions[0].reason = "Not what I said".parse().unwrap(),
            FailureCode::UnprovenDecision,
        ),
    ];
    for (name, tamper, code) in tampers {
        let (mut record, mut principal, mut policies) = (approved(), principal(), policies());
        tamper(&mut record, &mut principal, &mut policies);
        assert_eq!(
            check(&record, &principal, &policies, &guardrails(), at(20)),
            Err(code),
            "{name}"
        );
    }
    let other = Guardrails::parse(&format!("{TEXT}\n# changed")).unwrap();
    let changed = check(&approved(), &principal(), &policies(), &other, at(20));
    assert_eq!(changed, Err(FailureCode::ContentChanged));
}

fn effect(request: u8, preexisting: bool) -> Effect {
    let Grant::AttachManagedPolicy { policy_arn } = super::tests::request().grants[0].clone();
    Effect {
        request: RequestId::from_random([request; 16]),
        principal: super::tests::request().target,
        change: EffectChange::PolicyAttached { policy_arn },
        preexisting,
        since: at(0),
    }
}

#[test]
fn what_was_there_before_us_is_remembered() {
    let record = approved();
    let attached = PrincipalFacts {
        attached: vec![policies()[0].arn.to_string()],
        ..principal()
    };
    let preexisting = |facts: &PrincipalFacts, live: &[Effect]| {
        effects(&record, facts, live, at(5))[0].preexisting
    };
    assert!(!preexisting(&principal(), &[]));
    assert!(preexisting(&attached, &[]));
    // Another request gives it: then it is there through us.
    assert!(!preexisting(&attached, &[effect(7, false)]));
    // Another request found it there, and somebody has taken it away since.
    assert!(!preexisting(&principal(), &[effect(7, true)]));
    // Unless that request found it there, and it still is.
    assert!(preexisting(&attached, &[effect(7, true)]));
    // What the request itself recorded before a crash stays, although the policy is there now.
    assert!(!preexisting(&attached, &[effect(1, false)]));
}

#[test]
fn only_the_last_request_takes_it_back() {
    let mine = effect(1, false);
    assert_eq!(undo(&mine, std::slice::from_ref(&mine)), Undo::Remove);
    assert_eq!(
        undo(&mine, &[mine.clone(), effect(2, false)]),
        Undo::StillGiven
    );
    assert_eq!(
        undo(&effect(1, true), &[effect(1, true)]),
        Undo::StaysAsItWas
    );
    // A request that found it there does not give it.
    assert_eq!(undo(&mine, &[mine.clone(), effect(2, true)]), Undo::Remove);
}
