//! Which resources count as reached, against `evaluate`.

use std::collections::HashSet;

use super::*;
use crate::catalogue;
use crate::condition::Context;
use crate::evaluate::{Request, Ruleset};

fn allowing(action: &str, resource: &str) -> String {
    serde_json::json!({"Effect": "Allow", "Action": action, "Resource": resource}).to_string()
}

fn document(statements: &str, policy_type: PolicyType) -> Document<'static> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Document::parse(&text, policy_type).unwrap().into_owned()
}

/// Whether an identity policy of these statements allows the action on the resource.
fn evaluates(statements: &str, action: &str, resource: &str) -> bool {
    let identity = document(statements, PolicyType::Identity);
    let who = "arn:aws:iam::123456789012:user/somebody".parse().unwrap();
    // What else it takes, such as the policy of a key, is no matter here.
    Ruleset::compile(&identity).allows(&Request::new(action, resource, who, Context::new()))
}

/// Every action that matters, once for each form of its resources, with an ARN of that form.
fn examples() -> Vec<(&'static str, String)> {
    let mut seen = HashSet::new();
    let mut examples = Vec::new();
    for named in facts().named() {
        for (kind, _) in named
            .action
            .iter()
            .flat_map(catalogue::Action::resource_types)
        {
            if seen.insert(kind.arn()) && !kind.arn().contains('*') {
                examples.push((named.name, example(kind.arn())));
            }
        }
    }
    examples
}

fn example(form: &str) -> String {
    let mut arn = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, next) = after.split_once('}').unwrap();
        arn.push_str(before);
        arn.push_str(match variable {
            "Partition" => "aws",
            "Region" => "eu-west-1",
            "Account" => "123456789012",
            _ => "ab-1",
        });
        rest = next;
    }
    arn + rest
}

/// Of so many patterns around an ARN one is tried, of the next ARN the next.
const SOME: usize = 7;

/// Patterns around an ARN: cut short, with wildcards in the place of each field and of several.
fn around(arn: &str) -> Vec<String> {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let mut patterns: Vec<String> = (1..=fields.len())
        .flat_map(|count| {
            let cut = fields[..count].join(":");
            [
                cut.clone(),
                format!("{cut}:"),
                format!("{cut}*"),
                format!("{cut}:*"),
            ]
        })
        .collect();
    for nth in 0..fields.len() {
        for wild in ["*", "?", "??*", "a*", "*1", "aws", "1", ""] {
            let mut other = fields.clone();
            other[nth] = wild;
            patterns.push(other.join(":"));
        }
        for last in nth..fields.len() {
            let beyond = [&fields[..nth], &["*"], &fields[last + 1..]].concat();
            patterns.push(beyond.join(":"));
        }
    }
    patterns.push(arn.replacen(':', "?", 1));
    patterns.push(format!("{}*", arn.trim_end_matches('1')));
    patterns
}

#[test]
fn an_arn_cut_short_is_everything_behind_it() {
    let exposed = |resource: &str| {
        let found = of(&[read(&allowing("s3:PutBucketAcl", resource))]);
        found.resource_exposure
    };
    let ways = |resource: &str| paths(&[read(&allowing("iam:AttachUserPolicy", resource))]);
    for (short, whole) in [
        ("arn:aws:s3", "arn:aws:s3*"),
        ("arn:aws", "arn:aws*"),
        ("arn:", "arn:*"),
    ] {
        assert_eq!(exposed(short), exposed(whole));
        assert!(!exposed(short)[0].unmatched, "{short}");
    }
    for short in [
        "arn:aws:iam",
        "arn:aws:iam::123456789012",
        "arn:aws",
        "arn:",
    ] {
        let expected = [("iam-008".to_owned(), Certainty::Proved)];
        assert_eq!(ways(short), expected, "{short}");
        let pass = [
            allowing("iam:PassRole", short),
            allowing("ec2:RunInstances", "*"),
        ]
        .join(",");
        assert!(!paths(&[read(&pass)]).is_empty(), "{short}");
    }
    assert!(exposed("arn:aws:sqs")[0].unmatched);
    // Service control policies have no short forms.
    let everything = [read(&allowing("*", "*"))];
    for (policy_type, short, open) in [
        (PolicyType::Boundary, "arn:aws:s3", true),
        (PolicyType::Boundary, "arn:aws:sqs", false),
        (PolicyType::ServiceControl, "arn:aws:s3", false),
        (PolicyType::ServiceControl, "arn:aws:s3:*", true),
    ] {
        let limits = [document(&allowing("s3:PutBucketAcl", short), policy_type)];
        let levels = [limits.to_vec()];
        let boundary = policy_type == PolicyType::Boundary;
        let found = classify(PrincipalPolicies {
            policies: &everything,
            boundaries: if boundary { &limits } else { &[] },
            service_control: if boundary { &[] } else { &levels },
            ..PrincipalPolicies::default()
        });
        assert_eq!(
            !found.resource_exposure.is_empty(),
            open,
            "{policy_type:?} {short}"
        );
    }
}

/// Whatever `evaluate` allows on a resource of the catalogue is found, in policies and within
/// boundaries.
#[test]
fn what_is_allowed_is_reached() {
    let everything = [read(&allowing("*", "*"))];
    let mut allowed = 0;
    for (nth, (action, arn)) in examples().into_iter().enumerate() {
        for pattern in around(&arn).into_iter().skip(nth % SOME).step_by(SOME) {
            let statement = allowing(action, &pattern);
            if !evaluates(&statement, action, &arn) {
                continue;
            }
            allowed += 1;
            let granted = |policies: &[Document<'static>], boundaries: &[Document<'static>]| {
                let subject = PrincipalPolicies {
                    policies,
                    boundaries,
                    ..PrincipalPolicies::default()
                };
                let granted = Grants::of(subject).of_named(facts(), usize::MAX);
                let place = facts()
                    .named()
                    .iter()
                    .position(|named| named.name == action);
                granted
                    .get(place.unwrap())
                    .is_some_and(|grant| !grant.is_unmatched())
            };
            let limits = [document(&statement, PolicyType::Boundary)];
            assert!(
                granted(&[read(&statement)], &[]),
                "{action} {arn} {pattern}"
            );
            assert!(
                granted(&everything, &limits),
                "{action} {arn} {pattern}, in a boundary"
            );
        }
    }
    assert!(allowed > 1_000, "{allowed}");
}

/// Of a type that the catalogue lacks nobody knows what can be used on it.
#[test]
fn a_type_that_the_catalogue_lacks_is_possible() {
    for (action, resource, possible) in [
        (
            "s3:PutBucketAcl",
            "arn:aws:s3:eu-west-1:123456789012:novelty/a",
            true,
        ),
        ("s3:PutBucketAcl", "arn:aws:s3:eu-*:*:novelty/*", true),
        (
            "s3:PutBucketAcl",
            "arn:aws:s3:eu-west-1:123456789012:accesspoint/a",
            false,
        ),
        (
            "iam:CreatePolicyVersion",
            "arn:aws:iam::123456789012:novelty/a",
            true,
        ),
        (
            "iam:CreatePolicyVersion",
            "arn:aws:iam::123456789012:role/a",
            false,
        ),
        (
            "iam:CreatePolicyVersion",
            "arn:aws:s3:eu-west-1:123456789012:novelty/a",
            false,
        ),
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:r:1:novelty:a",
            true,
        ),
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:kms:r:1:key/a",
            false,
        ),
    ] {
        let found = of(&[read(&allowing(action, resource))]);
        let ways = found
            .privilege_escalation
            .iter()
            .flat_map(|way| &way.actions);
        let mut all = found
            .resource_exposure
            .iter()
            .chain(&found.credentials_exposure)
            .chain(ways);
        let unmatched = all
            .find(|one| one.action == action)
            .map(|one| one.unmatched);
        assert_eq!(unmatched, Some(!possible), "{action} {resource}");
        let known = catalogue::action(action).unwrap();
        assert_eq!(
            crate::reach::may_reach(known, resource),
            possible,
            "{action} {resource}"
        );
    }
}

/// A denial takes an action away where `evaluate` denies it, and nowhere else: a wildcard where a type
/// stands matches nothing, and one in a field of its own ends there.
#[test]
fn a_denial_takes_what_evaluate_denies_and_no_more() {
    let (mut taken, mut left) = (0, 0);
    for (nth, (action, arn)) in examples().into_iter().enumerate() {
        let (before, _) = arn.rsplit_once("ab-1").unwrap_or((&arn, ""));
        let wide = format!("{before}*");
        for pattern in around(&arn).into_iter().skip(nth % SOME).step_by(SOME) {
            let denial = allowing(action, &pattern).replace("Allow", "Deny");
            let granted = |resource: &str| {
                let statements = format!("{},{denial}", allowing(action, resource));
                let granted = Grants::of(PrincipalPolicies {
                    policies: &[document(&statements, PolicyType::Identity)],
                    ..PrincipalPolicies::default()
                })
                .of_named(facts(), usize::MAX);
                let place = facts()
                    .named()
                    .iter()
                    .position(|named| named.name == action);
                granted.get(place.unwrap()).is_some()
            };
            let allowed = evaluates(
                &format!("{},{denial}", allowing(action, &arn)),
                action,
                &arn,
            );
            assert_eq!(granted(&arn), allowed, "{action} {arn} {pattern}");
            assert!(granted(&wide) || !allowed, "{action} {wide} {pattern}");
            taken += usize::from(!allowed);
            left += usize::from(allowed);
        }
    }
    assert!(taken > 1_000 && left > 1_000, "{taken} {left}");
}
