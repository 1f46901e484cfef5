mod corners;

use super::*;
use crate::document::{Document, PolicyType};

const USER: &str = "arn:aws:iam::111111111111:user/alice";
const ROLE: &str = "arn:aws:iam::111111111111:role/app";
const SESSION: &str = "arn:aws:sts::111111111111:assumed-role/app/run";
const OBJECT: &str = "arn:aws:s3:::reports/a";

fn ruleset(text: &str, policy_type: PolicyType) -> Ruleset {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{text}]}}"#);
    Ruleset::compile(&Document::parse(&text, policy_type).unwrap())
}

fn identity(statements: &str) -> Ruleset {
    ruleset(statements, PolicyType::Identity)
}

fn resource(statements: &str) -> Option<Ruleset> {
    Some(ruleset(statements, PolicyType::Resource))
}

fn read(principal: &str, owner: &str) -> Request {
    Request::new(
        "s3:GetObject",
        OBJECT,
        principal.parse().unwrap(),
        crate::condition::Context::new(),
    )
    .to_account(owner)
}

const ALLOW: &str =
    r#"{"Sid":"A","Effect":"Allow","Action":"s3:get*","Resource":"arn:aws:s3:::reports/*"}"#;
const ALLOW_OTHER: &str = r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#;
const DENY: &str = r#"{"Sid":"D","Effect":"Deny","Action":"s3:*","Resource":"*"}"#;

fn grants(principal: &str) -> Option<Ruleset> {
    resource(&format!(
        r#"{{"Effect":"Allow","Principal":{principal},"Action":"s3:GetObject","Resource":"{OBJECT}"}}"#
    ))
}

#[test]
fn identity_policies_decide_and_are_named() {
    let mut policies = Policies {
        identity: vec![
            identity(ALLOW_OTHER),
            identity(&format!("{ALLOW_OTHER},{ALLOW}")),
        ],
        ..Policies::default()
    };
    let decision = evaluate(&read(USER, "111111111111"), &policies);
    assert_eq!(decision.outcome, Outcome::Allowed);
    let by = decision.decided_by.unwrap();
    assert_eq!(
        (by.policy, by.statement, by.sid.as_deref()),
        (Some(1), Some(1), Some("A"))
    );
    policies.identity.push(identity(DENY));
    let decision = evaluate(&read(USER, "111111111111"), &policies);
    assert_eq!(decision.outcome, Outcome::ExplicitlyDenied);
    let json = serde_json::to_string(&decision).unwrap();
    assert_eq!(
        json,
        r#"{"decision":"ExplicitlyDenied","by":{"layer":"identity_policies","policy":2,"statement":0,"sid":"D"},"missing_context":[]}"#
    );
}

#[test]
fn nothing_is_allowed_by_itself() {
    let decision = evaluate(&read(USER, "111111111111"), &Policies::default());
    assert_eq!(decision.outcome, Outcome::ImplicitlyDenied);
    assert_eq!(decision.decided_by.unwrap().layer, Layer::IdentityPolicies);
}

/// Who is granted by the resource, against a boundary and a session policy that grant nothing.
#[test]
fn what_a_resource_grants_is_limited_by_how_it_names() {
    for (principal, named, with_identity, limited, unlimited) in [
        (USER, format!(r#"{{"AWS":"{USER}"}}"#), false, true, true),
        (
            SESSION,
            format!(r#"{{"AWS":"{SESSION}"}}"#),
            false,
            true,
            true,
        ),
        (
            SESSION,
            format!(r#"{{"AWS":"{ROLE}"}}"#),
            false,
            false,
            true,
        ),
        (ROLE, format!(r#"{{"AWS":"{ROLE}"}}"#), false, false, true),
        (USER, r#""*""#.to_owned(), false, true, true),
        (
            USER,
            r#"{"AWS":"111111111111"}"#.to_owned(),
            false,
            false,
            false,
        ),
        (
            USER,
            r#"{"AWS":"111111111111"}"#.to_owned(),
            true,
            false,
            true,
        ),
        (
            USER,
            r#"{"AWS":"222222222222"}"#.to_owned(),
            false,
            false,
            false,
        ),
    ] {
        for (bound, expected) in [(true, limited), (false, unlimited)] {
            let policies = Policies {
                identity: if with_identity {
                    vec![identity(ALLOW)]
                } else {
                    vec![]
                },
                boundaries: if bound {
                    vec![identity(ALLOW_OTHER)]
                } else {
                    vec![]
                },
                sessions: if bound {
                    vec![identity(ALLOW_OTHER)]
                } else {
                    vec![]
                },
                resource: grants(&named),
                ..Policies::default()
            };
            let outcome = evaluate(&read(principal, "111111111111"), &policies).outcome;
            assert_eq!(
                outcome == Outcome::Allowed,
                expected,
                "{principal} as {named}, bound: {bound}"
            );
        }
    }
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let other = "999999999999";
    let mut policies = Policies {
        resource: grants(&format!(r#"{{"AWS":"{USER}"}}"#)),
        ..Policies::default()
    };
    let by = |policies: &Policies| evaluate(&read(USER, other), policies);
    assert_eq!(
        by(&policies).decided_by.unwrap().layer,
        Layer::IdentityPolicies
    );
    policies.identity = vec![identity(ALLOW)];
    assert_eq!(by(&policies).outcome, Outcome::Allowed);
    policies.boundaries = vec![identity(ALLOW_OTHER)];
    assert_eq!(
        by(&policies).decided_by.unwrap().layer,
        Layer::PermissionBoundaries
    );
    policies.boundaries.clear();
    policies.resource = None;
    assert_eq!(
        by(&policies).decided_by.unwrap().layer,
        Layer::ResourcePolicy
    );
}

#[test]
fn organisations_must_allow_on_every_level() {
    let everything = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let scp = |text: &str| ruleset(text, PolicyType::ServiceControl);
    let mut policies = Policies {
        identity: vec![identity(ALLOW)],
        service_control: vec![vec![scp(everything)], vec![scp(ALLOW_OTHER)]],
        ..Policies::default()
    };
    let decision = evaluate(&read(USER, "111111111111"), &policies);
    assert_eq!(decision.outcome, Outcome::ImplicitlyDenied);
    let by = decision.decided_by.unwrap();
    assert_eq!(
        (by.layer, by.level),
        (Layer::ServiceControlPolicies, Some(1))
    );
    policies.service_control[1].push(scp(everything));
    assert_eq!(
        evaluate(&read(USER, "111111111111"), &policies).outcome,
        Outcome::Allowed
    );
    policies.resource_control = vec![vec![ruleset(
        r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}}"#,
        PolicyType::ResourceControl,
    )]];
    let decision = evaluate(&read(USER, "111111111111"), &policies);
    assert_eq!(decision.outcome, Outcome::ExplicitlyDenied);
    assert_eq!(decision.missing_context, ["aws:PrincipalOrgID"]);
}

#[test]
fn not_principal_hits_everyone_with_a_boundary() {
    let deny = format!(
        r#"{{"Effect":"Deny","NotPrincipal":{{"AWS":["{USER}"]}},"Action":"s3:*","Resource":"*"}}"#
    );
    let mut policies = Policies {
        identity: vec![identity(ALLOW)],
        resource: resource(&deny),
        ..Policies::default()
    };
    assert_eq!(
        evaluate(&read(USER, "111111111111"), &policies).outcome,
        Outcome::Allowed
    );
    policies.boundaries = vec![identity(ALLOW)];
    let outcome = evaluate(&read(USER, "111111111111"), &policies).outcome;
    assert_eq!(outcome, Outcome::ExplicitlyDenied);
}

#[test]
fn roles_are_assumed_only_by_those_they_trust() {
    let ask = Request::new(
        "sts:AssumeRole",
        ROLE,
        USER.parse().unwrap(),
        Default::default(),
    );
    let mut policies = Policies {
        identity: vec![identity(
            r#"{"Effect":"Allow","Action":"sts:*","Resource":"*"}"#,
        )],
        ..Policies::default()
    };
    assert_eq!(
        evaluate(&ask, &policies).decided_by.unwrap().layer,
        Layer::ResourcePolicy
    );
    let trust =
        r#"{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole"}"#;
    policies.resource = Some(ruleset(trust, PolicyType::Trust));
    assert_eq!(evaluate(&ask, &policies).outcome, Outcome::Allowed);
    policies.identity.clear();
    assert_eq!(evaluate(&ask, &policies).outcome, Outcome::ImplicitlyDenied);
}

#[test]
fn services_need_the_resource_only() {
    let policies = Policies {
        resource: grants(r#"{"Service":"logs.amazonaws.com"}"#),
        service_control: vec![vec![]],
        ..Policies::default()
    };
    let outcome = |who: &str| evaluate(&read(who, "111111111111"), &policies).outcome;
    assert_eq!(outcome("logs.amazonaws.com"), Outcome::Allowed);
    assert_eq!(outcome("ec2.amazonaws.com"), Outcome::ImplicitlyDenied);
    assert_eq!(outcome("*"), Outcome::ImplicitlyDenied);
}

#[test]
fn actions_that_cannot_be_limited_need_a_star() {
    let limited =
        r#"{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"arn:aws:s3:::*"}"#;
    let ask = Request::new(
        "s3:ListAllMyBuckets",
        "arn:aws:s3:::x",
        USER.parse().unwrap(),
        Default::default(),
    );
    let mut policies = Policies {
        identity: vec![identity(limited)],
        ..Policies::default()
    };
    assert_eq!(evaluate(&ask, &policies).outcome, Outcome::ImplicitlyDenied);
    policies.identity = vec![identity(
        r#"{"Effect":"Allow","Action":"s3:List*","Resource":"*"}"#,
    )];
    assert_eq!(evaluate(&ask, &policies).outcome, Outcome::Allowed);
}

#[test]
fn missing_keys_are_reported() {
    let statement = r#"{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::${aws:userid}/*","*"],
        "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},"StringEquals":{"aws:PrincipalTag/team":"a"}}}"#;
    let policies = Policies {
        identity: vec![identity(statement)],
        ..Policies::default()
    };
    let decision = evaluate(&read(USER, "111111111111"), &policies);
    assert_eq!(decision.outcome, Outcome::ImplicitlyDenied);
    assert_eq!(
        decision.missing_context,
        [
            "aws:MultiFactorAuthPresent",
            "aws:PrincipalTag/team",
            "aws:userid"
        ]
    );
}
