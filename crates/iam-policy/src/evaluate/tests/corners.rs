//! Corners that AWS documents in one sentence each.

use super::*;
use crate::condition::Context;

fn asks(action: &str, resource: &str, principal: &str, context: Context) -> Request {
    Request::new(action, resource, principal.parse().unwrap(), context)
}

fn by_identity(statements: &str) -> Policies {
    Policies {
        identity: vec![identity(statements)],
        ..Policies::default()
    }
}

fn outcome(request: &Request, policies: &Policies) -> Outcome {
    evaluate(request, policies).outcome
}

const ALL: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;

#[test]
fn inverted_operators_hold_for_variables_without_value() {
    let deny = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotLike":{"aws:ResourceTag/unit":"${aws:PrincipalTag/unit}"}}}"#;
    let policies = by_identity(&format!("{ALL},{deny}"));
    let tagged = Context::new().with("aws:ResourceTag/unit", "x");
    let request = asks(
        "sqs:SendMessage",
        "arn:aws:sqs:r:111111111111:q",
        USER,
        tagged.clone(),
    );
    assert_eq!(outcome(&request, &policies), Outcome::ExplicitlyDenied);
    let own = tagged.with("aws:PrincipalTag/unit", "x");
    let request = asks("sqs:SendMessage", "arn:aws:sqs:r:111111111111:q", USER, own);
    assert_eq!(outcome(&request, &policies), Outcome::Allowed);
}

#[test]
fn an_empty_value_is_no_value() {
    let home = r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::home/${aws:PrincipalTag/unit}*"}"#;
    for (tag, expected) in [("", Outcome::ImplicitlyDenied), ("a", Outcome::Allowed)] {
        let context = Context::new().with("aws:PrincipalTag/unit", tag);
        let request = asks("s3:GetObject", "arn:aws:s3:::home/a/x", USER, context);
        let request = request.to_account("111111111111");
        assert_eq!(outcome(&request, &by_identity(home)), expected, "{tag}");
    }
}

#[test]
fn what_not_resource_leaves_out_must_have_a_value() {
    let rest = |effect: &str| {
        format!(
            r#"{{"Effect":"{effect}","Action":"sqs:*","NotResource":"arn:aws:sqs:*:*:${{aws:username}}"}}"#
        )
    };
    let request = asks(
        "sqs:SendMessage",
        "arn:aws:sqs:r:111111111111:q",
        ROLE,
        Context::new(),
    );
    let denied = by_identity(&format!("{ALL},{}", rest("Deny")));
    let evaluation = evaluate(&request, &denied);
    assert_eq!(evaluation.outcome, Outcome::ExplicitlyDenied);
    assert_eq!(evaluation.missing_context, ["aws:username"]);
    let allowed = by_identity(&rest("Allow"));
    assert_eq!(outcome(&request, &allowed), Outcome::ImplicitlyDenied);
}

#[test]
fn some_questions_need_no_permission() {
    let nothing = by_identity(r#"{"Effect":"Deny","Action":"sts:*","Resource":"*"}"#);
    let ask = |action: &str, who: &str| outcome(&asks(action, "*", who, Context::new()), &nothing);
    for who in [USER, SESSION, "111111111111"] {
        assert_eq!(ask("sts:GetCallerIdentity", who), Outcome::Allowed);
    }
    assert_eq!(ask("sts:GetSessionToken", USER), Outcome::Allowed);
    assert_eq!(
        ask("sts:GetSessionToken", SESSION),
        Outcome::ExplicitlyDenied
    );
    assert_eq!(ask("sts:GetCallerIdentity", "*"), Outcome::ExplicitlyDenied);
}

#[test]
fn a_bucket_of_somebody_unknown_is_not_ours() {
    let policies = by_identity(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#);
    let of = |context: Context| asks("s3:GetObject", OBJECT, USER, context);
    let unknown = evaluate(&of(Context::new()), &policies);
    assert_eq!(unknown.outcome, Outcome::ImplicitlyDenied);
    assert_eq!(unknown.missing_context, ["aws:ResourceAccount"]);
    let owned = |account: &str| of(Context::new().with("aws:ResourceAccount", account));
    assert_eq!(outcome(&owned("111111111111"), &policies), Outcome::Allowed);
    assert_eq!(
        outcome(&owned("222222222222"), &policies),
        Outcome::ImplicitlyDenied
    );
    // Both sides together say enough.
    let both = Policies {
        resource: grants(&format!(r#"{{"AWS":"{USER}"}}"#)),
        ..policies
    };
    assert_eq!(outcome(&of(Context::new()), &both), Outcome::Allowed);
}

#[test]
fn resource_control_policies_only_deny() {
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"sqs:DeleteQueue","Resource":"*"}"#;
    let policies = Policies {
        resource_control: vec![vec![ruleset(deny, PolicyType::ResourceControl)]],
        ..by_identity(ALL)
    };
    let ask = |action: &str| {
        let request = asks(action, "arn:aws:sqs:r:111111111111:q", USER, Context::new());
        outcome(&request, &policies)
    };
    assert_eq!(ask("sqs:SendMessage"), Outcome::Allowed);
    assert_eq!(ask("sqs:DeleteQueue"), Outcome::ExplicitlyDenied);
}

#[test]
fn tags_and_names_of_sessions_need_the_trust_policy() {
    for action in ["sts:TagSession", "sts:SetSourceIdentity", "sts:AssumeRole"] {
        let request = asks(action, ROLE, USER, Context::new());
        let mut policies = by_identity(ALL);
        assert_eq!(outcome(&request, &policies), Outcome::ImplicitlyDenied);
        let trust =
            format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"{USER}"}},"Action":"{action}"}}"#);
        policies.resource = Some(ruleset(&trust, PolicyType::Trust));
        assert_eq!(outcome(&request, &policies), Outcome::Allowed);
    }
}

#[test]
fn federated_users_and_who_made_their_sessions() {
    const FEDERATED: &str = "arn:aws:sts::111111111111:federated-user/guest";
    let request = read(FEDERATED, "111111111111");
    let mut policies = by_identity(ALLOW);
    assert_eq!(
        outcome(&request, &policies),
        Outcome::ImplicitlyDenied,
        "without session policy"
    );
    policies.sessions = vec![identity(ALLOW)];
    assert_eq!(outcome(&request, &policies), Outcome::Allowed);
    // Named by its own ARN it is limited by nothing, named by its user by the session policy.
    for (named, sessions, expected) in [
        (FEDERATED, ALLOW_OTHER, Outcome::Allowed),
        (USER, ALLOW_OTHER, Outcome::ImplicitlyDenied),
        (USER, ALLOW, Outcome::Allowed),
    ] {
        let policies = Policies {
            resource: grants(&format!(r#"{{"AWS":"{named}"}}"#)),
            sessions: vec![identity(sessions)],
            ..Policies::default()
        };
        let request = request.clone().federated_by(USER.parse().unwrap());
        assert_eq!(outcome(&request, &policies), expected, "{named}");
    }
    let deny = r#"{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111111111111:user/guest"},"Action":"s3:*","Resource":"*"}"#;
    policies.resource = resource(deny);
    assert_eq!(outcome(&request, &policies), Outcome::ExplicitlyDenied);
}

#[test]
fn requests_with_unknown_members_are_refused() {
    let text = r#"{"action":"s3:GetObject","resources":"arn:aws:s3:::b"}"#;
    assert!(serde_json::from_str::<Request>(text).is_err());
}
