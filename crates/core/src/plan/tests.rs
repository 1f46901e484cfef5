//! What is checked before IAM is changed, and what is undone.

mod identities;
mod kinds;
mod managers;
mod rows;

use super::*;
use crate::account::{InlineFacts, PolicyFacts};
use crate::facts::GrantFacts;
use crate::guardrails::tests::{TEXT, survey};
use crate::lifecycle::Actor;
use crate::record::tests::{ONE, at, decide, person, received, request, slot};
use crate::record::{ApprovalRound, Event};

mod clocks;

const DOCUMENT: &str = r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;

fn surveyed() -> IamFacts {
    let Grant::AttachManagedPolicy { policy_arn } = request().grants[0].clone() else {
        panic!("another grant")
    };
    let mut survey = survey(vec![GrantFacts::Policy(PolicyFacts {
        arn: policy_arn,
        version: "v1".to_owned(),
        document: DOCUMENT.to_owned(),
    })]);
    survey.principal.owner_tag = Some(person(1).to_string());
    survey
}

pub(super) fn principal() -> PrincipalFacts {
    surveyed().principal
}

fn guardrails() -> Guardrails {
    Guardrails::parse(TEXT).unwrap()
}

pub(crate) fn approved() -> RequestRecord {
    let slots = vec![slot("210987654321", &[2])];
    let binding = surveyed().binding(guardrails().digest());
    let content = binding.content_digest(&request(), &slots).unwrap();
    let asked = ApprovalRound::new(slots, binding, content, at(72 * 3600));
    let pending = received()
        .record
        .apply(
            Event::ApprovalRequested { round: asked },
            Actor::Dispatcher,
            at(1),
        )
        .unwrap()
        .record;
    let yes = identities::proved(decide(&pending, ONE, 2, Verdict::Approve));
    pending
        .apply(yes, Actor::Approver { sys_id: person(2) }, at(2))
        .unwrap()
        .record
}

#[test]
fn what_was_approved_is_what_is_there() {
    assert_eq!(
        check(&approved(), &surveyed(), &guardrails(), at(20)),
        Ok(())
    );
}

/// A way to tamper with what is checked.
type Tamper = fn(&mut RequestRecord, &mut IamFacts);

fn policy(survey: &mut IamFacts) -> &mut PolicyFacts {
    match &mut survey.grants[0] {
        GrantFacts::Policy(policy) => policy,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_change_after_the_approval_is_found() {
    let tampers: [(&str, Tamper, FailureCode); 16] = [
        (
            "another user of that name",
            |_, s| s.principal.unique_id = "AIDAOTHER".into(),
            FailureCode::ContentChanged,
        ),
        (
            "moved",
            |_, s| s.principal.path = "/".into(),
            FailureCode::ContentChanged,
        ),
        (
            "boundary gone",
            |_, s| s.principal.boundary = None,
            FailureCode::ContentChanged,
        ),
        (
            "another owner",
            |_, s| s.principal.owner_tag = Some(person(9).to_string()),
            FailureCode::ContentChanged,
        ),
        (
            "another version",
            |_, s| policy(s).version = "v2".into(),
            FailureCode::ContentChanged,
        ),
        (
            "another document",
            |_, s| policy(s).document = DOCUMENT.replace("GetObject", "GetObjectTagging"),
            FailureCode::ContentChanged,
        ),
        (
            "a policy less",
            |_, s| s.grants.clear(),
            FailureCode::ContentChanged,
        ),
        (
            "another duration",
            |r, _| r.request_mut().duration = "PT9H".parse().unwrap(),
            FailureCode::ContentChanged,
        ),
        (
            "another requester",
            |r, _| r.request_mut().requested_by = person(8),
            FailureCode::ContentChanged,
        ),
        (
            "another account",
            |r, _| r.request_mut().target.account_id = "320987654321".parse().unwrap(),
            FailureCode::ContentChanged,
        ),
        (
            "a slot less",
            |r, _| r.round_mut().slots.clear(),
            FailureCode::ContentChanged,
        ),
        (
            "nothing asked",
            |r, _| *r.phase_mut() = crate::record::Phase::Received,
            FailureCode::UnprovenDecision,
        ),
        (
            "no decision",
            |r, _| r.decisions_mut().clear(),
            FailureCode::UnprovenDecision,
        ),
        (
            "a denial",
            |r, _| r.decisions_mut()[0].signed.decision.verdict = Verdict::Deny,
            FailureCode::UnprovenDecision,
        ),
        (
            "by somebody else",
            |r, _| r.decisions_mut()[0].signed.decision.approver = person(7),
            FailureCode::UnprovenDecision,
        ),
        (
            "another reason",
            |r, _| r.decisions_mut()[0].reason = "Not what I said".parse().unwrap(),
            FailureCode::UnprovenDecision,
        ),
    ];
    for (name, tamper, code) in tampers {
        let (mut record, mut survey) = (approved(), surveyed());
        tamper(&mut record, &mut survey);
        assert_eq!(
            check(&record, &survey, &guardrails(), at(20)),
            Err(code),
            "{name}"
        );
    }
    // The same policy, as another program writes it, is what was approved.
    let mut rewritten = surveyed();
    policy(&mut rewritten).document = r#"{"Statement": [{"Resource": ["*"],
        "Action": ["s3:GetObject"], "Effect": "Allow"}]}"#
        .to_owned();
    let checked = check(&approved(), &rewritten, &guardrails(), at(20));
    assert_eq!(checked, Ok(()));
    let other = Guardrails::parse(&format!("{TEXT}\n# changed")).unwrap();
    let changed = check(&approved(), &surveyed(), &other, at(20));
    assert_eq!(changed, Err(FailureCode::ContentChanged));
}

fn effect(request: u8, preexisting: bool) -> RecordedEffect {
    let Grant::AttachManagedPolicy { policy_arn } = super::tests::request().grants[0].clone()
    else {
        panic!("another grant")
    };
    RecordedEffect {
        request: RequestId::from_random([request; 16]),
        principal_key: super::tests::request().target.key_by_id("AIDAEXAMPLE"),
        principal: super::tests::request().target,
        change: EffectChange::PolicyAttached { policy_arn },
        preexisting,
        since: at(0),
        latest_end: None,
        signature: None,
    }
}

#[test]
fn what_was_there_before_us_is_remembered() {
    let record = approved();
    let attached = PrincipalFacts {
        attached: vec![policy(&mut surveyed()).arn.to_string()],
        ..principal()
    };
    let preexisting = |facts: &PrincipalFacts, live: &[RecordedEffect]| {
        effects(&record, facts, live, at(5)).unwrap()[0].preexisting
    };
    assert!(!preexisting(&principal(), &[]));
    assert!(preexisting(&attached, &[]));
    // Another request gives it: then it is there through us.
    assert!(!preexisting(&attached, &[effect(7, false)]));
    // Another request found it there, and somebody has taken it away since.
    assert!(!preexisting(&principal(), &[effect(7, true)]));
    // Unless that request found it there, and it still is.
    assert!(preexisting(&attached, &[effect(7, true)]));
    // One request found it there; it was taken away, and another one gives it since.
    assert!(!preexisting(
        &attached,
        &[effect(7, true), effect(8, false)]
    ));
    // An effect of its own counts for nothing: it was not begun.
    assert!(preexisting(&attached, &[effect(1, false)]));
}

#[test]
fn only_the_last_request_takes_it_back() {
    let mine = effect(1, false);
    assert_eq!(undo(&mine, std::slice::from_ref(&mine)), Undo::Remove);
    assert_eq!(
        undo(&mine, &[mine.clone(), effect(2, false)]),
        Undo::StillGranted
    );
    assert_eq!(
        undo(&effect(1, true), &[effect(1, true)]),
        Undo::StaysAsItWas
    );
    // A request that found it there does not give it.
    assert_eq!(undo(&mine, &[mine.clone(), effect(2, true)]), Undo::Remove);
}

/// The approved request with an inline policy, a role and a group instead.
pub(super) fn of_three_kinds() -> RequestRecord {
    let mut record = approved();
    let grants = serde_json::json!([
        {"type": "inline_policy", "document": {"Version": "2012-10-17", "Statement":
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}},
        {"type": "assume_role", "role_arn": "arn:aws:iam::320987654321:role/assumable/reader"},
        {"type": "group_membership", "group": "Analysts"}
    ]);
    record.request_mut().grants = serde_json::from_value(grants).unwrap();
    record
}

#[test]
fn grants_come_to_one_inline_policy_and_the_rest() {
    let record = of_three_kinds();
    let made = effects(&record, &principal(), &[], at(5)).unwrap();
    let keys: Vec<String> = made.iter().map(|effect| effect.change.key()).collect();
    let name = inline_policy_name(record.id());
    assert_eq!(
        keys,
        [
            "group-joined#analysts".to_owned(),
            format!("inline-policy#{name}")
        ]
    );
    let end = at(5) + record.request().duration.as_signed();
    assert_eq!(
        until(&record, &made, at(500)),
        end,
        "the policy ends when it says"
    );
    assert!(made.iter().all(|effect| !effect.preexisting));
}

#[test]
fn a_policy_of_our_name_that_we_did_not_record_is_not_ours() {
    let record = of_three_kinds();
    let squatted = PrincipalFacts {
        inline: vec![InlineFacts {
            name: inline_policy_name(record.id()),
            document: "{}".to_owned(),
        }],
        groups: vec![crate::account::Membership {
            name: "analysts".to_owned(),
            unique_id: "AGPAEXAMPLE".to_owned(),
        }],
        ..principal()
    };
    assert_eq!(
        effects(&record, &squatted, &[], at(5)),
        Err(FailureCode::ContentChanged)
    );
}

/// The guardrails with an item that is in charge of reports, and what grants no more than that.
fn in_charge() -> (Guardrails, IamFacts, crate::request::Resource) {
    let sys_id = "cc".repeat(16);
    let items = format!(
        "[[items]]\nsys_id = \"{sys_id}\"\naccounts = [\"210987654321\"]\nresources = [\"arn:aws:s3:::reports/*\"]\n"
    );
    let mut survey = surveyed();
    policy(&mut survey).document =
        crate::guardrails::tests::allowing("s3:GetObject", "arn:aws:s3:::reports/2026/*");
    let resource = crate::request::Resource {
        sys_id: sys_id.parse().unwrap(),
    };
    (
        Guardrails::parse(&format!("{TEXT}\n{items}")).unwrap(),
        survey,
        resource,
    )
}

/// A request that names the item, approved in these slots by person 2.
fn approved_in(owned: Vec<OwnedResource>) -> RequestRecord {
    let (guardrails, survey, resource) = in_charge();
    let mut record = received().record;
    record.request_mut().resource = Some(resource);
    let approvers = vec![crate::slots::Approver::own(
        person(2),
        crate::slots::ApproverRole::Owner,
    )];
    let slots = owned.into_iter();
    let slots: Vec<_> = slots
        .map(|resource| crate::slots::Slot::new(resource, approvers.clone()))
        .collect();
    let binding = survey.binding(guardrails.digest());
    let content = binding.content_digest(record.request(), &slots).unwrap();
    let asked = ApprovalRound::new(slots.clone(), binding, content, at(72 * 3600));
    let event = Event::ApprovalRequested { round: asked };
    let mut record = record
        .apply(event, Actor::Dispatcher, at(1))
        .unwrap()
        .record;
    for slot in slots {
        let yes = identities::proved(decide(&record, &slot.id, 2, Verdict::Approve));
        let actor = Actor::Approver { sys_id: person(2) };
        record = record.apply(yes, actor, at(2)).unwrap().record;
    }
    record
}

#[test]
fn an_item_stands_in_only_while_the_guardrails_and_the_texts_say_so() {
    let (guardrails, survey, resource) = in_charge();
    let account = |id: &str| OwnedResource::Account {
        account_id: id.parse().unwrap(),
    };
    let item = |instead_of: &[&str]| OwnedResource::Item {
        sys_id: resource.sys_id.clone(),
        instead_of: instead_of.iter().map(|id| id.parse().unwrap()).collect(),
    };
    let check_in = |resource: Vec<OwnedResource>, guardrails: &Guardrails| {
        check(&approved_in(resource), &survey, guardrails, at(20))
    };
    let stands_in = || vec![item(&["210987654321"])];
    assert_eq!(check_in(stands_in(), &guardrails), Ok(()));
    // The same bytes, and so the same digest, read by somebody who finds no mapping in them.
    let unmapped = Guardrails {
        items: Vec::new(),
        ..guardrails.clone()
    };
    let unproven = Err(FailureCode::UnprovenDecision);
    assert_eq!(check_in(stands_in(), &unmapped), unproven);
    let here = || account("210987654321");
    assert_eq!(check_in(vec![here(), item(&[])], &unmapped), Ok(()));
    // Slots that somebody wrote into the ledger and had approved.
    for slots in [
        vec![item(&[])],
        vec![item(&["320987654321"])],
        vec![item(&["210987654321", "320987654321"])],
        vec![here()],
        vec![here(), item(&["210987654321"])],
    ] {
        assert_eq!(check_in(slots.clone(), &guardrails), unproven, "{slots:?}");
        if slots.len() == 1 {
            assert_eq!(check_in(slots.clone(), &unmapped), unproven, "{slots:?}");
        }
    }
    // Another mapping, or a text that reaches further, is other content.
    let record = approved_in(stands_in());
    let changed = Err(FailureCode::ContentChanged);
    assert_eq!(
        check(&record, &survey, &super::tests::guardrails(), at(20)),
        changed
    );
    let mut further = survey.clone();
    policy(&mut further).document = crate::guardrails::tests::allowing("s3:GetObject", "*");
    assert_eq!(check(&record, &further, &guardrails, at(20)), changed);
}
