use proptest::prelude::*;

use super::*;
use crate::condition::{Context, ContextValue};
use crate::document::{Document, PolicyType};

fn ruleset(statements: &str, policy_type: PolicyType) -> Ruleset {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    match Document::parse(&text, policy_type) {
        Ok(document) => Ruleset::compile(&document),
        Err(error) => panic!("{error}: {text}"),
    }
}

fn identity(statements: &str) -> Ruleset {
    ruleset(statements, PolicyType::Identity)
}

fn check(reference: &str, candidate: &str) -> &'static str {
    let (reference, candidate) = (identity(reference), identity(candidate));
    match check_no_new_access(&reference, &candidate) {
        Verdict::Pass => "pass",
        Verdict::Undecided { .. } => "undecided",
        Verdict::Fail { witness, .. } => {
            assert!(
                candidate.allows(&witness) && !reference.allows(&witness),
                "{witness:?}"
            );
            "fail"
        }
    }
}

fn allow(action: &str, resource: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Action":{action},"Resource":{resource},"Condition":{{{condition}}}}}"#
    )
}

#[test]
fn products_and_unions() {
    let read = r#"{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}"#;
    let all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let keep = r#"{"Effect":"Deny","Action":"s3:Delete*","Resource":"arn:aws:s3:::keep/*"}"#;
    assert_eq!(check(all, read), "pass");
    assert_eq!(check(read, all), "fail");
    assert_eq!(
        check(
            all,
            r#"{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}"#
        ),
        "pass"
    );
    let halves = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}"#;
    assert_eq!(check(halves, all), "pass");
    assert_eq!(check(&format!("{all},{keep}"), all), "fail");
    assert_eq!(
        check(&format!("{all},{keep}"), &format!("{all},{keep}")),
        "pass"
    );
    let stricter = r#"{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::k*"}"#;
    assert_eq!(
        check(&format!("{all},{keep}"), &format!("{all},{stricter}")),
        "pass"
    );
    assert_eq!(
        check(&format!("{all},{stricter}"), &format!("{all},{keep}")),
        "fail"
    );
    let outside =
        r#"{"Effect":"Allow","Action":"s3:DeleteObject","NotResource":"arn:aws:s3:::keep/*"}"#;
    assert_eq!(check(&format!("{all},{keep}"), outside), "pass");
}

#[test]
fn conditions_are_compared_by_what_they_mean() {
    for (reference, candidate, expected) in [
        (
            r#""StringEquals":{"a:b":["x","y"]}"#,
            r#""StringEquals":{"a:b":"x"}"#,
            "pass",
        ),
        (
            r#""StringLike":{"a:b":"x*"}"#,
            r#""StringEquals":{"A:B":["x","xy"]}"#,
            "pass",
        ),
        (
            r#""StringEquals":{"a:b":"x"}"#,
            r#""StringLike":{"a:b":"x*"}"#,
            "fail",
        ),
        (
            r#""StringEqualsIgnoreCase":{"a:b":"X"}"#,
            r#""StringEquals":{"a:b":"x"}"#,
            "pass",
        ),
        (
            r#""Null":{"a:b":"false"}"#,
            r#""StringEquals":{"a:b":"x"}"#,
            "pass",
        ),
        (
            r#""Null":{"a:b":"false"}"#,
            r#""StringNotEquals":{"a:b":"x"}"#,
            "fail",
        ),
        (
            r#""StringEqualsIfExists":{"a:b":"x"}"#,
            r#""StringEquals":{"a:b":"x"}"#,
            "pass",
        ),
        (
            r#""StringEquals":{"a:b":"x"}"#,
            r#""StringEqualsIfExists":{"a:b":"x"}"#,
            "fail",
        ),
        (
            r#""StringNotLike":{"a:b":"x"}"#,
            r#""StringNotLike":{"a:b":"x*"}"#,
            "pass",
        ),
        (
            r#""NumericLessThan":{"a:b":"10"}"#,
            r#""NumericLessThanEquals":{"a:b":"9.5"}"#,
            "pass",
        ),
        (
            r#""NumericLessThan":{"a:b":"10"}"#,
            r#""NumericLessThanEquals":{"a:b":"10"}"#,
            "fail",
        ),
        (
            r#""DateLessThan":{"a:b":"2026-05-02"}"#,
            r#""DateLessThan":{"a:b":"2026-05-01T23:00:00Z"}"#,
            "pass",
        ),
        (
            r#""DateLessThan":{"a:b":"2026-05-02"}"#,
            r#""DateLessThanEquals":{"a:b":"2026-05-02"}"#,
            "fail",
        ),
        (
            r#""IpAddress":{"a:b":"10.0.0.0/8"}"#,
            r#""IpAddress":{"a:b":["10.1.0.0/16","10.2.3.4"]}"#,
            "pass",
        ),
        (
            r#""IpAddress":{"a:b":["10.0.0.0/9","10.128.0.0/9"]}"#,
            r#""IpAddress":{"a:b":"10.0.0.0/8"}"#,
            "pass",
        ),
        (
            r#""NotIpAddress":{"a:b":"10.0.0.0/8"}"#,
            r#""NotIpAddress":{"a:b":"10.1.0.0/16"}"#,
            "fail",
        ),
        (
            r#""Bool":{"a:b":"true"}"#,
            r#""StringEquals":{"a:b":"true"}"#,
            "pass",
        ),
        (
            r#""ArnLike":{"a:b":"arn:aws:iam::*:role/*"}"#,
            r#""ArnEquals":{"a:b":"arn:aws:iam::1:role/x"}"#,
            "pass",
        ),
        (
            r#""ArnLike":{"a:b":"arn:aws:iam::1:*"}"#,
            r#""StringLike":{"a:b":"arn:aws:iam::*:role/x"}"#,
            "fail",
        ),
        (
            r#""ForAllValues:StringLike":{"a:b":["x*","y"]}"#,
            r#""ForAllValues:StringEquals":{"a:b":["x1","y"]}"#,
            "pass",
        ),
        (
            r#""ForAnyValue:StringEquals":{"a:b":"x"}"#,
            r#""ForAllValues:StringEquals":{"a:b":"x"}"#,
            "fail",
        ),
        (
            r#""ForAnyValue:StringLike":{"a:b":"x*"}"#,
            r#""ForAllValues:StringEquals":{"a:b":"x"},"Null":{"a:b":"false"}"#,
            "pass",
        ),
        (
            r#""StringEquals":{"a:b":"${aws:username}"}"#,
            r#""StringEquals":{"a:b":"${aws:username}"}"#,
            "pass",
        ),
        (
            r#""StringEquals":{"a:b":"${aws:username}"}"#,
            r#""StringEquals":{"a:b":"${aws:userid}"}"#,
            "fail",
        ),
        (
            r#""StringEquals":{"a:b":"x"}"#,
            r#""StringEquals":{"a:b":"${aws:username}"}"#,
            "fail",
        ),
        (
            r#""StringEquals":{"a:b":"x"},"Bool":{"c:d":"true"}"#,
            r#""StringEquals":{"a:b":"x"}"#,
            "fail",
        ),
        (
            r#""StringFuzzy":{"a:b":"x"}"#,
            r#""StringFuzzy":{"a:b":"x"}"#,
            "pass",
        ),
        (
            r#""StringFuzzy":{"a:b":"x"}"#,
            r#""StringFuzzy":{"a:b":"y"}"#,
            "undecided",
        ),
        (
            r#""IpAddress":{"a:b":"10.0.0.0/8"}"#,
            r#""StringLike":{"a:b":"10.*"}"#,
            "undecided",
        ),
    ] {
        let (reference, candidate) = (
            allow(r#""*""#, r#""*""#, reference),
            allow(r#""*""#, r#""*""#, candidate),
        );
        assert_eq!(
            check(&reference, &candidate),
            expected,
            "{reference}\n{candidate}"
        );
    }
}

#[test]
fn conditions_may_be_covered_by_several_statements() {
    let one = |condition| allow(r#""*""#, r#""*""#, condition);
    let both = format!(
        "{},{}",
        one(r#""StringLike":{"a:b":"x*"}"#),
        one(r#""StringNotLike":{"a:b":"x*"}"#)
    );
    assert_eq!(check(&both, &one("")), "pass");
    let denied = format!(
        r#"{},{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"BoolIfExists":{{"aws:MultiFactorAuthPresent":"false"}}}}}}"#,
        one("")
    );
    assert_eq!(
        check(
            &denied,
            &one(r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#)
        ),
        "pass"
    );
    assert_eq!(
        check(&denied, &one(r#""Bool":{"aws:SecureTransport":"true"}"#)),
        "fail"
    );
    assert_eq!(check(&denied, &denied), "pass");
    // A key that one statement reckons to have several values has them for all.
    let several = one(r#""ForAnyValue:StringEquals":{"a:b":"z"}"#);
    assert_eq!(check(&format!("{both},{several}"), &one("")), "fail");
    // A key with several values is matched by no plain operator.
    let tags = format!(
        "{},{}",
        one(r#""StringEquals":{"aws:TagKeys":"x"}"#),
        one(r#""StringNotEquals":{"aws:TagKeys":"x"}"#)
    );
    assert_eq!(check(&tags, &one("")), "fail");
}

#[test]
fn variables_in_resources() {
    let on = |resource: &str| allow(r#""s3:*""#, &format!(r#""arn:aws:s3:::{resource}""#), "");
    for (reference, candidate, expected) in [
        ("b/*", "b/${aws:username}/*", "pass"),
        ("b/${aws:username}/*", "b/${aws:username}/*", "pass"),
        ("b/${aws:username}*", "b/${aws:username}/x", "pass"),
        ("b/${aws:username}/*", "b/*", "fail"),
        ("b/${aws:username}/*", "b/bob/*", "fail"),
        ("b/bob/*", "b/${aws:username}/*", "fail"),
        ("b/${aws:userid}/*", "b/${aws:username}/*", "fail"),
    ] {
        assert_eq!(
            check(&on(reference), &on(candidate)),
            expected,
            "{reference} {candidate}"
        );
    }
    let all = allow(r#""*""#, r#""*""#, "");
    let keep = r#"{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::b/bob/*"}"#;
    assert_eq!(
        check(&format!("{all},{keep}"), &on("b/${aws:username}/*")),
        "fail"
    );
    let own = r#"{"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::b/${aws:username}/*"}"#;
    assert_eq!(
        check(&format!("{all},{own}"), &format!("{all},{own}")),
        "pass"
    );
    assert_eq!(
        check(&format!("{all},{own}"), &on("b/${aws:username}/*")),
        "undecided"
    );
}

#[test]
fn patterns_that_can_be_read_in_two_ways_pass_only_when_both_agree() {
    let on = |resource: &str| allow(r#""ec2:*""#, &format!(r#""{resource}""#), "");
    let wild = on("arn:aws:ec2:*:*:*/i-1");
    assert_eq!(check(&wild, &wild), "pass");
    assert_eq!(
        check(&on("arn:aws:ec2:*:*:instance/i-1"), &wild),
        "undecided"
    );
    assert_eq!(check(&on("arn:aws:ec2:*:*:*"), &wild), "pass");
    assert_eq!(check(&wild, &on("arn:aws:ec2:*:*:instance/i-1")), "fail");
}

#[test]
fn principals() {
    let on = |principal: &str| {
        let text = format!(
            r#"{{"Effect":"Allow","Principal":{principal},"Action":"s3:*","Resource":"*"}}"#
        );
        ruleset(&text, PolicyType::Resource)
    };
    let role = r#"{"AWS":"arn:aws:iam::111111111111:role/r"}"#;
    for (reference, candidate, expected) in [
        (r#"{"AWS":"111111111111"}"#, role, true),
        (
            role,
            r#"{"AWS":"arn:aws:sts::111111111111:assumed-role/r/s"}"#,
            true,
        ),
        (role, r#"{"AWS":"111111111111"}"#, false),
        (
            r#""*""#,
            r#"{"Service":"ec2.amazonaws.com","AWS":"*"}"#,
            true,
        ),
        (r#"{"AWS":"222222222222"}"#, role, false),
    ] {
        let verdict = check_no_new_access(&on(reference), &on(candidate));
        assert_eq!(
            verdict.is_pass(),
            expected,
            "{reference} {candidate} {verdict:?}"
        );
    }
}

#[test]
fn access_that_must_not_be_granted() {
    let access = |action: &str, resource: &str| Access {
        actions: if action.is_empty() {
            vec![]
        } else {
            vec![action.to_owned()]
        },
        resources: if resource.is_empty() {
            vec![]
        } else {
            vec![resource.to_owned()]
        },
    };
    let policy = identity(
        r#"{"Sid":"R","Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::a/*"},
           {"Effect":"Deny","Action":"s3:GetObjectAcl","Resource":"*"}"#,
    );
    for (action, resource, expected) in [
        ("s3:GetObject", "", false),
        ("s3:GetObjectAcl", "", true),
        ("s3:PutObject", "", true),
        ("", "arn:aws:s3:::a/x", false),
        ("", "arn:aws:s3:::b/*", true),
        ("s3:GetObject", "arn:aws:s3:::b/*", true),
        ("s3:*", "arn:aws:s3:::*", false),
        ("", "", false),
    ] {
        let verdict = check_access_not_granted(&policy, &[access(action, resource)]);
        assert_eq!(verdict.is_pass(), expected, "{action} {resource}");
    }
    let Verdict::Fail { statement, witness } = check_access_not_granted(&policy, &[access("", "")])
    else {
        panic!("granted")
    };
    assert_eq!(statement.sid.as_deref(), Some("R"));
    assert!(policy.allows(&witness));
}

#[test]
fn verdicts_are_written_as_the_command_promises() {
    let (small, big) = (
        allow(r#""s3:GetObject""#, r#""*""#, ""),
        allow(r#""*""#, r#""*""#, ""),
    );
    let verdict = check_no_new_access(&identity(&big), &identity(&small));
    let text = serde_json::to_string(&verdict).unwrap();
    assert_eq!(
        text,
        r#"{"result":"pass","undecided":false,"witness":null,"statement":null}"#
    );
    let verdict = check_no_new_access(&identity(&small), &identity(&big));
    let json: serde_json::Value = serde_json::to_value(&verdict).unwrap();
    assert_eq!(json["result"], "fail");
    assert_eq!(json["statement"]["index"], 0);
    let request: Request = serde_json::from_value(json["witness"].clone()).unwrap();
    assert!(identity(&big).allows(&request));
    assert_eq!(json["witness"]["action"], "iam:CreateAccessKey");
    assert_eq!(
        json["witness"]["resource"],
        "arn:aws:iam::999999999999:user/example"
    );
}

#[test]
fn adversarial_policies_end_undecided() {
    let star = format!("arn:aws:s3:::{}b", "*a".repeat(1500));
    let other = format!("arn:aws:s3:::{}c", "*b?a".repeat(700));
    let (one, two) = (
        identity(&allow(r#""*""#, &format!("\"{star}\""), "")),
        identity(&allow(r#""*""#, &format!("\"{other}\""), "")),
    );
    assert!(!check_no_new_access(&one, &two).is_pass());
    assert!(check_no_new_access(&one, &one).is_pass());
}

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

fn statement(conditions: bool) -> impl Strategy<Value = String> {
    let resources = if conditions {
        prop_oneof![4 => pattern_list(RESOURCES), 1 => pattern_list(VARIABLE_RESOURCES)].boxed()
    } else {
        pattern_list(RESOURCES).boxed()
    };
    let condition = if conditions {
        prop_oneof![Just(""), prop::sample::select(CONDITIONS)].boxed()
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

/// The key is used with quantified operators, so that several values are reckoned with.
fn reckons_with_several(policy: &str) -> bool {
    policy.contains("ForA")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn without_conditions_every_answer_is_decided_and_right(
        reference in policy(false), candidate in policy(false), requests in prop::collection::vec(request(), 12),
    ) {
        let (reference, candidate) = (identity(&reference), identity(&candidate));
        match check_no_new_access(&reference, &candidate) {
            Verdict::Pass => for request in &requests {
                prop_assert!(!candidate.allows(request) || reference.allows(request), "{:?}", request);
            },
            Verdict::Fail { witness, .. } => {
                prop_assert!(candidate.allows(&witness) && !reference.allows(&witness));
            }
            Verdict::Undecided { .. } => prop_assert!(false, "undecided"),
        }
    }

    #[test]
    fn with_conditions_every_pass_is_right_and_every_failure_shown(
        reference in policy(true), candidate in policy(true), requests in prop::collection::vec(request(), 30),
    ) {
        let several = reckons_with_several(&reference) || reckons_with_several(&candidate);
        let (reference, candidate) = (identity(&reference), identity(&candidate));
        match check_no_new_access(&reference, &candidate) {
            Verdict::Pass => for request in &requests {
                let plain = !request.context().iter().any(|(_, value)| matches!(value, ContextValue::Many(_)));
                if plain || several {
                    prop_assert!(!candidate.allows(request) || reference.allows(request), "{:?}", request);
                }
            },
            Verdict::Fail { witness, .. } => {
                prop_assert!(candidate.allows(&witness) && !reference.allows(&witness));
            }
            Verdict::Undecided { .. } => {}
        }
    }

    #[test]
    fn every_policy_is_within_itself(policy in policy(true)) {
        let policy = identity(&policy);
        prop_assert!(check_no_new_access(&policy, &policy).is_pass());
    }
}
