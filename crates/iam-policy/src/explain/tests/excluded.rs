//! What is told as denied, or as left out of what is allowed, is denied or left out.

use std::collections::{BTreeSet, HashMap};

use super::*;
use crate::catalogue::{self, Action, wildcard};
use crate::condition::{Context, ContextValue, Operator};

/// The sentence of a denial that stands alone, or of a permission.
fn sentence(effect: &str, element: &str, actions: &[&str]) -> String {
    let statement = json!({"Effect": effect, element: actions, "Resource": "*"});
    described(&statement.to_string(), PolicyType::Identity)
}

/// How actions are told where they are allowed, or denied.
fn deed(effect: &str, actions: &[&str]) -> String {
    let told = sentence(effect, "Action", actions);
    let begin = if effect == "Deny" {
        "May never "
    } else {
        "May "
    };
    told.strip_prefix(begin)
        .unwrap_or_else(|| panic!("{told}"))
        .to_owned()
}

/// Patterns that a service's actions suggest: for each first and each last word of a name.
fn patterns(prefix: &str, actions: &[Action]) -> BTreeSet<String> {
    let mut patterns = BTreeSet::new();
    for action in actions {
        let name = action.name();
        let starts: Vec<usize> = name
            .match_indices(|c: char| c.is_ascii_uppercase())
            .map(|(at, _)| at)
            .collect();
        if let Some(end) = starts.get(1) {
            patterns.insert(format!("{prefix}:{}*", name.split_at(*end).0));
        }
        if let Some(end) = starts.get(2) {
            patterns.insert(format!("{prefix}:{}*", name.split_at(*end).0));
        }
        if let Some(last) = starts.last() {
            patterns.insert(format!("{prefix}:*{}", name.split_at(*last).1));
        }
    }
    patterns
}

#[test]
fn no_action_is_told_as_denied_that_is_not() {
    for service in catalogue::services() {
        let actions: Vec<Action> = service.actions().collect();
        // How each is told where it alone is allowed: whoever reads these words takes them for all of these.
        let mut told: HashMap<String, Vec<&Action>> = HashMap::new();
        for action in &actions {
            told.entry(deed("Allow", &[&action.full_name()]))
                .or_default()
                .push(action);
        }
        for (words, alike) in told.iter().filter(|(_, alike)| alike.len() > 1) {
            let names: Vec<String> = alike.iter().map(|action| action.full_name()).collect();
            for name in &names {
                let denied = deed("Deny", &[name]);
                assert!(
                    denied != *words && denied.contains(name.as_str()),
                    "{name}: {denied}"
                );
            }
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            assert_eq!(&deed("Deny", &names), words);
        }
        let patterns = patterns(service.prefix(), &actions);
        for pattern in patterns.iter().step_by(patterns.len() / 25 + 1) {
            let denied = deed("Deny", &[pattern]);
            let open =
                |action: &&Action| !wildcard::matches_ignoring_case(pattern, &action.full_name());
            if denied.contains(&code(pattern)) {
                continue;
            }
            for action in actions.iter().filter(open) {
                let level = actions::level_phrase(action.access_level());
                let general = format!("{level} things ");
                assert!(
                    !denied.contains(&general),
                    "{pattern}: {denied} {}",
                    action.name()
                );
            }
            for (words, alike) in &told {
                let told = denied == *words;
                assert!(!told || !alike.iter().any(open), "{pattern}: {denied}");
            }
        }
    }
}

#[test]
fn denials_quote_what_has_no_words_of_its_own() {
    for (effect, element, actions, expected) in [
        (
            "Deny",
            "Action",
            &["s3:GetBucket*"] as &[&str],
            "May never use the actions `s3:GetBucket*` anywhere in Amazon S3.",
        ),
        (
            "Deny",
            "Action",
            &["secretsmanager:BatchGetSecretValue"],
            "May never use the action `secretsmanager:BatchGetSecretValue` anywhere in AWS Secrets Manager.",
        ),
        (
            "Deny",
            "Action",
            &[
                "secretsmanager:BatchGetSecretValue",
                "secretsmanager:GetSecretValue",
            ],
            "May never read secret values anywhere in AWS Secrets Manager.",
        ),
        (
            "Deny",
            "Action",
            &["ssm:GetParameters"],
            "May never use the action `ssm:GetParameters` anywhere in AWS Systems Manager.",
        ),
        (
            "Deny",
            "Action",
            &["dynamodb:Scan", "dynamodb:CreateTable"],
            "May never create tables and use the action `dynamodb:Scan` anywhere in Amazon DynamoDB.",
        ),
        (
            "Allow",
            "NotAction",
            &["s3:GetBucket*"],
            "May do anything in every service, also in those to come, except to use the actions `s3:GetBucket*` in Amazon S3.",
        ),
        (
            "Deny",
            "Action",
            &["s3:DeleteObject"],
            "May never delete objects anywhere in Amazon S3.",
        ),
        (
            "Deny",
            "Action",
            &["s3:*"],
            "May never do anything with Amazon S3.",
        ),
        // What is not denied is told as no less than it is.
        (
            "Deny",
            "NotAction",
            &["secretsmanager:BatchGetSecretValue"],
            "May never do anything other than read secret values in AWS Secrets Manager.",
        ),
        (
            "Allow",
            "Action",
            &["secretsmanager:BatchGetSecretValue"],
            "May read secret values anywhere in AWS Secrets Manager.",
        ),
    ] {
        assert_eq!(sentence(effect, element, actions), expected);
    }
}

#[test]
fn a_denial_that_may_be_none_says_so() {
    for (effect, expected) in [
        (
            "Deny",
            "May never read objects anywhere in Amazon S3, under a condition that may never hold (`StringEquals` of the username: no values).",
        ),
        (
            "Allow",
            "May read objects anywhere in Amazon S3, under a condition that may limit nothing (`StringEquals` of the username: no values).",
        ),
    ] {
        let statement = json!({"Effect": effect, "Action": "s3:GetObject", "Resource": "*", "Condition": {"StringEquals": {"aws:username": []}}});
        assert_eq!(
            described(&statement.to_string(), PolicyType::Identity),
            expected
        );
    }
}

/// Keys with words of their own, values of a condition on them, and of requests.
const POOLS: [(&str, &[&str], &[&str]); 7] = [
    (
        "kms:ViaService",
        &[
            "s3.us-east-1.amazonaws.com",
            "s3.amazonaws.com",
            "s3.*.amazonaws.com",
            "s3*",
        ],
        &[
            "s3.us-east-1.amazonaws.com",
            "s3.eu-west-1.amazonaws.com",
            "s3.amazonaws.com",
            "s3.*.amazonaws.com",
        ],
    ),
    (
        "iam:PassedToService",
        &[
            "lambda.amazonaws.com",
            "lambda.x.amazonaws.com",
            "lambda.amazonaws.com*",
            "lambda*",
        ],
        &[
            "lambda.amazonaws.com",
            "lambda.x.amazonaws.com",
            "lambda.amazonaws.com.cn",
            "lambda.amazonaws.com*",
        ],
    ),
    (
        "aws:CalledViaFirst",
        &["athena.amazonaws.com", "athena.x.amazonaws.com"],
        &["athena.amazonaws.com", "athena.x.amazonaws.com"],
    ),
    (
        "aws:SourceIp",
        &["0.0.0.0/0", "10.0.0.0/8", "10.*", "10.1.2.3"],
        &["10.1.2.3", "203.0.113.1", "0.0.0.0/0"],
    ),
    (
        "aws:RequestedRegion",
        &["eu-*", "eu-west-1"],
        &["eu-west-1", "eu-*", "us-east-1"],
    ),
    (
        "s3:prefix",
        &["finance/*", "finance/", "*"],
        &["finance/", "finance/a", "finance/*", ""],
    ),
    ("aws:PrincipalTag/team", &["a*", "a"], &["a", "ab", "a*"]),
];

/// Whether whoever reads the words takes this value for one of those that they name.
fn is_named(told: &str, value: &str) -> bool {
    let ours: String = parts(told)
        .iter()
        .filter_map(|part| match part {
            TextPart::Ours(ours) => Some(*ours),
            _ => None,
        })
        .collect();
    let label = value.split('.').next().unwrap_or_default();
    if catalogue::service(label).is_some_and(|service| ours.contains(service.name())) {
        return true;
    }
    parts(told).iter().any(|part| match part {
        TextPart::Ours(_) => false,
        TextPart::Foreign(name) | TextPart::Whole(name) if ours.contains("exactly") => {
            *name == value
        }
        TextPart::Foreign(name) | TextPart::Whole(name) if ours.contains("address") => {
            let range = *name == "0.0.0.0/0" || *name == "10.0.0.0/8" && value.starts_with("10.");
            range && !value.contains('/')
        }
        TextPart::Foreign(name) | TextPart::Whole(name) => {
            // "Names such as": those that begin so.
            let such = ours.contains("names such as") && value.starts_with(name);
            *name == value || such || wildcard::matches(name, value)
        }
    })
}

#[test]
fn what_is_told_as_left_out_is_left_out() {
    let mut named = 0;
    for (key, values, requests) in POOLS {
        for name in ["String", "StringLike", "IpAddress", "StringIgnoreCase"] {
            for (effect, is_negated) in [("Allow", true), ("Deny", false)] {
                let operator = match (name, is_negated) {
                    ("String", false) => "StringEquals",
                    ("String", true) => "StringNotEquals",
                    ("StringLike", true) => "StringNotLike",
                    ("IpAddress", true) => "NotIpAddress",
                    ("StringIgnoreCase", false) => "StringEqualsIgnoreCase",
                    ("StringIgnoreCase", true) => "StringNotEqualsIgnoreCase",
                    (name, _) => name,
                };
                assert_eq!(
                    operator.parse::<Operator>().unwrap().is_negated(),
                    is_negated
                );
                for value in values {
                    let statement = json!({"Effect": effect, "Action": "*", "Resource": "*", "Condition": {operator: {key: value}}});
                    let told = described(&statement.to_string(), PolicyType::Identity);
                    if told.contains("may limit nothing")
                        || told.contains("may never hold")
                        || told.contains("whatever")
                    {
                        continue;
                    }
                    let clause = Clause::new(operator, key, [*value], true);
                    for request in requests.iter().filter(|request| is_named(&told, request)) {
                        let mut context = Context::new();
                        context.set(key, ContextValue::One((*request).to_owned()));
                        named += 1;
                        // With a permission the condition fails for what it leaves out, with a denial it holds.
                        assert_eq!(clause.holds(&context), !is_negated, "{request}: {told}");
                    }
                }
            }
        }
    }
    assert!(named > 50, "{named}");
}
