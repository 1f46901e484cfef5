//! What a row of the guardrails accepts is accepted of its grants alone.

use super::*;
use crate::finding::Evidence;
use crate::request::Grant;

const BROAD: &str = "arn:aws:iam::aws:policy/PowerUserAccess";

/// Guardrails whose second row, that of [`BROAD`], accepts what the first does not.
fn guardrails() -> Guardrails {
    let text = TEXT
        .replace("Action = [\"s3:Get*\", \"s3:List*\"]", "Action = \"*\"")
        .replacen(
            "risk = \"high\"",
            "risk = \"high\"\naccepted_exposures = [\"secretsmanager:GetSecretValue\", \
             \"s3:PutBucketPolicy\"]",
            1,
        );
    Guardrails::parse(&text).unwrap()
}

/// What refuses a request of these grants, by the policy that it is about.
fn refused(grants: &[(serde_json::Value, GrantFacts)]) -> Vec<(String, FindingCode)> {
    let mut found = found_beside(grants, &[]);
    found.retain(|(_, code)| code.refusal().is_some());
    found
}

/// What is found of a request of these grants by a principal that holds some documents, by the policy
/// that it is about.
fn found_beside(
    grants: &[(serde_json::Value, GrantFacts)],
    held: &[String],
) -> Vec<(String, FindingCode)> {
    let asked: Vec<_> = grants.iter().map(|(asked, _)| asked).collect();
    let body = json!({
        "source": {"table": "sc_req_item", "sys_id": "aa".repeat(16), "number": "RITM0010001"},
        "requested_by": {"sys_id": "bb".repeat(16)},
        "target": {
            "account_id": "210987654321", "principal": {"type": "user", "name": "rita.chen"}
        },
        "grants": asked,
        "duration": "PT1H",
        "justification": "Quarter-end reports"
    });
    let request = AccessRequest::parse(body.to_string().as_bytes()).unwrap();
    let facts = request.grants.iter().map(|grant| {
        let mut facts = grants.iter().map(|(_, facts)| facts);
        let of = |facts: &&GrantFacts| match (grant, facts) {
            (Grant::AttachManagedPolicy { policy_arn }, GrantFacts::Policy(policy)) => {
                policy.arn == *policy_arn
            }
            (Grant::InlinePolicy { .. }, GrantFacts::InRequest) => true,
            _ => false,
        };
        facts.find(of).unwrap().clone()
    });
    let mut survey = survey(facts.collect());
    let held = held.iter().map(|held| policy(HELD, held.clone()));
    survey.held = held.collect();
    let found = guardrails().evaluate_facts(&request, &survey);
    let about = found.into_iter().filter(|one| one.evidence.is_some());
    let by = about.map(|one| (one.evidence.unwrap().policy, one.code));
    by.collect()
}

const HELD: &str = "arn:aws:iam::210987654321:policy/held";

fn attached(arn: &str, document: String) -> (serde_json::Value, GrantFacts) {
    let grant = json!({"type": "attach_managed_policy", "policy_arn": arn});
    (grant, GrantFacts::Policy(policy(arn, document)))
}

#[test]
fn what_one_grant_may_expose_another_may_not() {
    let secret =
        |name: &str| format!("arn:aws:secretsmanager:eu-west-1:210987654321:secret:{name}");
    for (action, one, other, code) in [
        (
            "secretsmanager:GetSecretValue",
            secret("one-a1b2c3"),
            secret("other-a1b2c3"),
            FindingCode::ExposesCredentials,
        ),
        (
            "s3:PutBucketPolicy",
            "arn:aws:s3:::one".to_owned(),
            "arn:aws:s3:::other".to_owned(),
            FindingCode::ExposesResources,
        ),
    ] {
        for resources in [
            [one.as_str(), other.as_str()],
            [one.as_str(), "*"],
            ["*", other.as_str()],
            ["*", "*"],
        ] {
            let accepted = attached(BROAD, allowing(action, resources[0]));
            let managed = attached(READ, allowing(action, resources[1]));
            let inline = (
                json!({
                    "type": "inline_policy",
                    "document": serde_json::from_str::<serde_json::Value>(
                        &allowing(action, resources[1])
                    ).unwrap(),
                }),
                GrantFacts::InRequest,
            );
            assert_eq!(refused(std::slice::from_ref(&accepted)), [], "{action}");
            for (grant, name) in [(managed, READ), (inline, Evidence::INLINE_POLICY)] {
                let refusal = [(name.to_owned(), code)];
                assert_eq!(refused(std::slice::from_ref(&grant)), refusal, "{action}");
                for both in [[grant.clone(), accepted.clone()], [accepted.clone(), grant]] {
                    assert_eq!(refused(&both), refusal, "{action} {resources:?}");
                }
            }
        }
    }
}

/// No request for the action is about such a resource.
#[test]
fn what_is_granted_without_effect_is_neither_refused_nor_told() {
    let queue = "arn:aws:sqs:eu-west-1:210987654321:jobs";
    for action in ["secretsmanager:GetSecretValue", "s3:PutBucketPolicy"] {
        for arn in [READ, BROAD] {
            let grant = [attached(arn, allowing(action, queue))];
            assert_eq!(found_beside(&grant, &[]), [], "{action} {arn}");
        }
    }
}

/// What a principal holds may be taken from it while it has what is granted, and may be wider or
/// narrower than that: it says nothing of what the grant exposes.
#[test]
fn what_is_held_hides_nothing_that_is_granted() {
    let conditional = |action: &str, resource: &str| {
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": action, "Resource": resource,
            "Condition": {"StringEquals": {"aws:PrincipalTag/team": "a"}}
        }]})
        .to_string()
    };
    let denying = |action: &str| allowing(action, "*").replace("Allow", "Deny");
    for (action, resource, refusal, accepted) in [
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:eu-west-1:210987654321:secret:one-a1b2c3",
            FindingCode::ExposesCredentials,
            FindingCode::ReadsSecrets,
        ),
        (
            "s3:PutBucketPolicy",
            "arn:aws:s3:::one",
            FindingCode::ExposesResources,
            FindingCode::OpensResources,
        ),
        (
            "s3:GetObject",
            "arn:aws:s3:::one/*",
            FindingCode::ReadsData,
            FindingCode::ReadsData,
        ),
    ] {
        for held in [
            allowing(action, "*"),
            allowing("*", "*"),
            allowing(action, resource),
            denying(action),
            denying("*"),
        ] {
            let held = [held];
            for granted in [allowing(action, resource), conditional(action, resource)] {
                for (arn, code) in [(READ, refusal), (BROAD, accepted)] {
                    let grant = [attached(arn, granted.clone())];
                    let found = found_beside(&grant, &held);
                    let expected = (arn.to_owned(), code);
                    assert!(
                        found.contains(&expected),
                        "{arn} {granted} {held:?}: {found:?}"
                    );
                }
            }
        }
    }
}

/// A step up that is granted is one, whatever else leads there.
#[test]
fn a_step_that_is_granted_is_told_though_it_is_held() {
    let user = "arn:aws:iam::210987654321:user/enrolled/rita.chen";
    let step = allowing("iam:AttachUserPolicy", user);
    let all_users = allowing("iam:AttachUserPolicy", "arn:aws:iam::*:user/*");
    let create = allowing("iam:CreatePolicyVersion", "*");
    let pass = allowing("iam:PassRole", "arn:aws:iam::210987654321:role/app");
    let (pass_all, run) = (
        allowing("iam:PassRole", "*"),
        allowing("ec2:RunInstances", "*"),
    );
    let deny = allowing("iam:*", "*").replace("Allow", "Deny");
    for (granted, held, code) in [
        (&step, vec![], FindingCode::MayEscalate),
        (&all_users, vec![], FindingCode::Escalates),
        (&step, vec![allowing("*", "*")], FindingCode::Escalates),
        (&step, vec![deny.clone()], FindingCode::MayEscalate),
        (&create, vec![deny], FindingCode::Escalates),
        (&pass, vec![run.clone()], FindingCode::MayEscalate),
        (&pass, vec![pass_all.clone(), run], FindingCode::MayEscalate),
    ] {
        let found = found_beside(&[attached(READ, granted.clone())], &held);
        let expected = (READ.to_owned(), code);
        assert!(found.contains(&expected), "{granted} {held:?}: {found:?}");
    }
    let nothing = found_beside(
        &[attached(READ, allowing("s3:ListBucket", "*"))],
        &[pass_all],
    );
    assert!(
        nothing
            .iter()
            .all(|(_, code)| *code != FindingCode::MayEscalate),
        "{nothing:?}"
    );
}
