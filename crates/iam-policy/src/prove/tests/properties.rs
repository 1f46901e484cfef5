//! Random policies: proofs and `evaluate` agree.

use proptest::prelude::*;

use super::*;
use crate::condition::{Context, ContextValue};

fn pattern_list(pool: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(pool), 1..4).prop_map(|list| {
        let quoted: Vec<String> = list.iter().map(|text| format!("\"{text}\"")).collect();
        format!("[{}]", quoted.join(","))
    })
}

const ACTIONS: &[&str] = &[
    "*",
    "s3:*",
    "s3:Get*",
    "s3:*Object",
    "s3:GetObject",
    "s3:?et*",
    "ec2:*",
    "*:*Object",
    "s3:PutObject",
];
const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::a*",
    "arn:aws:s3:::*/x",
    "arn:aws:s3:::a/x",
    "arn:aws:s3:::?/*",
    "arn:*",
    "arn:aws:sqs",
    "arn:aws:sqs:*:*:a/x",
    "arn:aws:sqs:*:1*:*",
];
const VARIABLE_RESOURCES: &[&str] = &[
    "arn:aws:s3:::${aws:username}/*",
    "arn:aws:s3:::${aws:username, 'a'}*",
    "arn:aws:s3:::*/${k:b}",
];
const CONDITIONS: &[&str] = &[
    r#""StringEquals":{"k:a":"x"}"#,
    r#""StringNotEquals":{"k:a":["x","y"]}"#,
    r#""StringLike":{"K:A":["x*","y"]}"#,
    r#""StringEqualsIgnoreCase":{"k:a":"XY"}"#,
    r#""StringNotLikeIfExists":{"k:a":"*y"}"#,
    r#""Null":{"k:a":"true"}"#,
    r#""Null":{"k:a":"false"}"#,
    r#""ForAllValues:StringEquals":{"k:a":["x","y"]}"#,
    r#""ForAnyValue:StringLike":{"k:a":"x*"}"#,
    r#""ForAnyValue:StringNotEquals":{"k:a":"y"}"#,
    r#""NumericLessThan":{"k:n":"5"}"#,
    r#""NumericGreaterThanEquals":{"k:n":"3"},"StringEquals":{"k:a":"x"}"#,
    r#""NumericNotEquals":{"k:n":"4"}"#,
    r#""Bool":{"k:n":"true"}"#,
    r#""IpAddress":{"k:b":"10.0.0.0/8"}"#,
    r#""NotIpAddress":{"k:b":["10.0.0.0/9"]}"#,
    r#""StringEquals":{"k:b":"${aws:username}"}"#,
    r#""StringNotLike":{"k:b":["${aws:username}","z*"]}"#,
    r#""ArnLike":{"k:b":"arn:aws:iam::*:role/*"}"#,
    r#""DateLessThan":{"k:n":"2026-05-02"}"#,
];

/// Conditions that AWS may read in another way, or not at all.
const DOUBTFUL: [&str; 9] = [
    r#""NumericLessThan":{"k:n":"5d"}"#,
    r#""NumericLessThan":{"k:n":["5","5d"]}"#,
    r#""DateLessThan":{"k:n":"10000-01-01"}"#,
    r#""DateGreaterThanIfExists":{"k:n":"2020-1-1"}"#,
    r#""IpAddress":{"k:b":"010.0.0.0/8"}"#,
    r#""ArnNotLike":{"k:b":"*"}"#,
    r#""ForAllValues:ArnLike":{"k:a":"*"}"#,
    r#""StringEquals":{"k:a":[]}"#,
    r#""Bool":{"k:n":"yes"}"#,
];

/// A policy in which these conditions hold for every request, or for none.
fn read_as(policy: &str, holds: [bool; DOUBTFUL.len()]) -> Ruleset {
    let mut text = policy.to_owned();
    for (condition, holds) in DOUBTFUL.into_iter().zip(holds) {
        let read = match holds {
            true => "",
            false => r#""StringEquals":{"k:nobody":"has"}"#,
        };
        text = text.replace(condition, read);
    }
    identity(&text)
}

fn statement(conditions: bool) -> impl Strategy<Value = String> {
    let resources = if conditions {
        prop_oneof![4 => pattern_list(RESOURCES), 1 => pattern_list(VARIABLE_RESOURCES)].boxed()
    } else {
        pattern_list(RESOURCES).boxed()
    };
    let condition = if conditions {
        let doubtful = prop::sample::select(&DOUBTFUL[..]);
        prop_oneof![2 => Just(""), 3 => prop::sample::select(CONDITIONS), 1 => doubtful].boxed()
    } else {
        Just("").boxed()
    };
    let flags = (
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
    );
    (flags, pattern_list(ACTIONS), resources, condition).prop_map(
        |((allow, not_action, not_resource), actions, resources, condition)| {
            format!(
                r#"{{"Effect":"{}","{}":{actions},"{}":{resources},"Condition":{{{condition}}}}}"#,
                if allow { "Allow" } else { "Deny" },
                if not_action { "NotAction" } else { "Action" },
                if not_resource {
                    "NotResource"
                } else {
                    "Resource"
                },
            )
        },
    )
}

fn policy(conditions: bool) -> impl Strategy<Value = String> {
    prop::collection::vec(statement(conditions), 1..4).prop_map(|list| list.join(","))
}

fn request() -> impl Strategy<Value = Request> {
    let actions = prop::sample::select(vec![
        "s3:GetObject",
        "s3:PutObject",
        "s3:GetX",
        "ec2:Run",
        "s3:Object",
        "iam:Object",
    ]);
    let resources = prop::sample::select(vec![
        "*",
        "arn:aws:s3:::a/x",
        "arn:aws:s3:::b/x",
        "arn:aws:s3:::ab",
        "arn:aws:s3:::b/",
        "arn:aws:sqs:r:1:a/x",
        "arn:aws:sqs:r:2:q",
        "arn:aws:s3:::a/x/x",
        "arn:cn:s3:::a/x",
    ]);
    let texts = || {
        prop::sample::select(vec![
            "x",
            "y",
            "xy",
            "XY",
            "z",
            "",
            "4",
            "5",
            "2.5",
            "true",
            "a",
            "10.1.1.1",
            "10.200.0.1",
            "arn:aws:iam::1:role/r",
            "2026-01-01",
        ])
    };
    let value = prop_oneof![
        2 => Just(None),
        3 => texts().prop_map(|text| Some(ContextValue::One(text.to_owned()))),
        1 => prop::collection::vec(texts(), 1..3).prop_map(|list| Some(ContextValue::Many(list.into_iter().map(str::to_owned).collect()))),
    ];
    let single = prop_oneof![
        Just(None),
        texts().prop_map(|text| Some(ContextValue::One(text.to_owned())))
    ];
    (
        actions,
        resources,
        value,
        single.clone(),
        single.clone(),
        single,
    )
        .prop_map(|(action, resource, a, n, b, name)| {
            let mut context = Context::new();
            for (key, value) in [("k:a", a), ("k:n", n), ("k:b", b), ("aws:username", name)] {
                if let Some(value) = value {
                    context.set(key, value);
                }
            }
            Request::new(action, resource, "111111111111".parse().unwrap(), context)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn without_conditions_every_answer_is_decided_and_right(
        reference in policy(false), candidate in policy(false), requests in prop::collection::vec(request(), 12),
    ) {
        let (reference, candidate) = (identity(&reference), identity(&candidate));
        match check_no_new_access(&reference, &candidate) {
            CheckResult::Pass => for request in &requests {
                prop_assert!(!candidate.allows(request) || reference.allows(request), "{:?}", request);
            },
            CheckResult::Fail { witness, .. } => {
                prop_assert!(candidate.allows(&witness) && !reference.allows(&witness));
            }
            CheckResult::Undecided { .. } => prop_assert!(false, "undecided"),
        }
    }

    #[test]
    fn with_conditions_every_pass_is_right_and_every_failure_shown(
        reference in policy(true), candidate in policy(true), requests in prop::collection::vec(request(), 30),
    ) {
        let (reference, candidate) = (identity(&reference), identity(&candidate));
        match check_no_new_access(&reference, &candidate) {
            CheckResult::Pass => for request in &requests {
                prop_assert!(!candidate.allows(request) || reference.allows(request), "{:?}", request);
            },
            CheckResult::Fail { witness, .. } => {
                prop_assert!(candidate.allows(&witness) && !reference.allows(&witness));
            }
            CheckResult::Undecided { .. } => {}
        }
    }

    /// A pass holds however AWS reads what it may read in more than one way.
    #[test]
    fn what_passes_does_so_in_every_reading(
        one in policy(true), other in policy(true), holds in any::<[bool; DOUBTFUL.len()]>(),
        requests in prop::collection::vec(request(), 12),
    ) {
        let both = format!("{one},{other}");
        for (reference, candidate) in [(&one, &other), (&both, &one), (&one, &both)] {
            if !check_no_new_access(&identity(reference), &identity(candidate)).is_pass() {
                continue;
            }
            let (reference, candidate) = (read_as(reference, holds), read_as(candidate, holds));
            for request in &requests {
                prop_assert!(!candidate.allows(request) || reference.allows(request), "{:?}", request);
            }
        }
    }

    #[test]
    fn every_policy_is_within_itself(policy in policy(true)) {
        let policy = identity(&policy);
        prop_assert!(check_no_new_access(&policy, &policy).is_pass());
    }
}
