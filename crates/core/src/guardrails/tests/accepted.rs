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
            (Grant::InlinePolicy { .. }, GrantFacts::Inline) => true,
            _ => false,
        };
        facts.find(of).unwrap().clone()
    });
    let survey = survey(facts.collect());
    let found = guardrails().evaluate_facts(&request, &survey);
    let refusing = found.into_iter().filter(|one| one.code.refusal().is_some());
    let by = refusing.map(|one| (one.evidence.unwrap().policy, one.code));
    by.collect()
}

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
                GrantFacts::Inline,
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
