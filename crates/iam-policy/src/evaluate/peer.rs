//! `iam-rs` asked the same questions. It knows policies of identities only, so single
//! statements on identities are compared.
//!
//! Where it answers otherwise, and why this crate does not:
//!
//! - It takes `${…}` in values of conditions literally. AWS replaces variables there
//!   (*IAM policy elements: Variables and tags*, "Where you can use policy variables").
//! - It lets `NotResource` match when a variable in it has no value. AWS then takes the
//!   statement as not applying (same page: "this might cause the entire statement to be invalid").

use proptest::prelude::*;

use super::{Outcome, Policies, Request, Ruleset, evaluate};
use crate::condition::{Context, ContextValue};
use crate::document::{Document, PolicyType};

const USER: &str = "arn:aws:iam::111111111111:user/alice";

const ACTIONS: &[&str] = &[
    "*",
    "s3:*",
    "s3:Get*",
    "s3:*Object",
    "s3:GetObject",
    "ec2:*",
    "s3:PutObject",
];
const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::a*",
    "arn:aws:s3:::*/x",
    "arn:aws:s3:::a/x",
    "arn:aws:s3:::?/*",
    "arn:aws:sqs:*:*:a",
    "arn:aws:sqs:*:111111111111:*",
];
const OWN: &str = "arn:aws:s3:::${aws:username}/*";
const CONDITIONS: &[&str] = &[
    "",
    r#""StringEquals":{"aws:username":"x"}"#,
    r#""StringNotEquals":{"aws:username":["x","y"]}"#,
    r#""StringLike":{"aws:username":["x*","y"]}"#,
    r#""StringEqualsIgnoreCase":{"aws:username":"X"}"#,
    r#""StringNotLikeIfExists":{"aws:username":"*y"}"#,
    r#""Null":{"aws:username":"true"}"#,
    r#""Null":{"aws:username":"false"}"#,
    r#""ForAllValues:StringEquals":{"aws:TagKeys":["x","y"]}"#,
    r#""ForAnyValue:StringLike":{"aws:TagKeys":"x*"}"#,
    r#""ForAnyValue:StringNotEquals":{"aws:TagKeys":"y"}"#,
    r#""NumericLessThan":{"aws:MultiFactorAuthAge":"5"}"#,
    r#""NumericNotEquals":{"aws:MultiFactorAuthAge":"4"}"#,
    r#""Bool":{"aws:SecureTransport":"true"}"#,
    r#""BoolIfExists":{"aws:SecureTransport":"false"}"#,
    r#""IpAddress":{"aws:SourceIp":"10.0.0.0/8"}"#,
    r#""NotIpAddress":{"aws:SourceIp":["10.0.0.0/9"]}"#,
    r#""ArnLike":{"aws:SourceArn":"arn:aws:iam::*:role/*"}"#,
    r#""ArnNotEquals":{"aws:SourceArn":"arn:aws:iam::1:role/r"}"#,
    r#""DateLessThan":{"aws:CurrentTime":"2026-05-02T00:00:00Z"}"#,
];

const KEYS: [(&str, &[&str]); 6] = [
    ("aws:username", &["x", "y", "xy", "X"]),
    ("aws:MultiFactorAuthAge", &["4", "5", "2.5"]),
    ("aws:SecureTransport", &["true", "false"]),
    ("aws:SourceIp", &["10.1.1.1", "10.200.0.1", "11.0.0.1"]),
    (
        "aws:SourceArn",
        &["arn:aws:iam::1:role/r", "arn:aws:s3:::x"],
    ),
    (
        "aws:CurrentTime",
        &["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"],
    ),
];

fn list(pool: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(pool), 1..3)
}

fn statement() -> impl Strategy<Value = String> {
    let negated = (
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        any::<bool>(),
    );
    (negated, list(ACTIONS), list(RESOURCES), prop::sample::select(CONDITIONS)).prop_map(
        |((not_action, not_resource, own), actions, mut resources, condition)| {
            if own && !not_resource {
                resources.push(OWN);
            }
            format!(
                r#"{{"Effect":"Allow","{}":{actions:?},"{}":{resources:?},"Condition":{{{condition}}}}}"#,
                if not_action { "NotAction" } else { "Action" },
                if not_resource { "NotResource" } else { "Resource" },
            )
        },
    )
}

fn context() -> impl Strategy<Value = Context> {
    let one = |nth: usize| {
        let (key, values) = KEYS[nth];
        prop::option::weighted(0.7, prop::sample::select(values))
            .prop_map(move |value| (key, value))
    };
    let tags = prop::option::of(prop::collection::vec(
        prop::sample::select(&["x", "y", "xz"][..]),
        1..3,
    ));
    ((one(0), one(1), one(2), one(3), one(4), one(5)), tags).prop_map(
        |((a, b, c, d, e, f), tags)| {
            let mut context = Context::new();
            for (key, value) in [a, b, c, d, e, f] {
                if let Some(value) = value {
                    context.set(key, ContextValue::One(value.to_owned()));
                }
            }
            if let Some(tags) = tags {
                context.set(
                    "aws:TagKeys",
                    ContextValue::Many(tags.into_iter().map(str::to_owned).collect()),
                );
            }
            context
        },
    )
}

/// The context in the peer's types.
fn for_peer(context: &Context) -> iam_rs::Context {
    let mut converted = iam_rs::Context::new();
    for (key, value) in context.iter() {
        let value = match value {
            ContextValue::Many(values) => iam_rs::ContextValue::StringList(values.clone()),
            ContextValue::One(text) => match key {
                "aws:MultiFactorAuthAge" => iam_rs::ContextValue::Number(text.parse().unwrap()),
                "aws:SecureTransport" => iam_rs::ContextValue::Boolean(text == "true"),
                "aws:CurrentTime" => iam_rs::ContextValue::DateTime(text.parse().unwrap()),
                _ => iam_rs::ContextValue::String(text.clone()),
            },
        };
        converted.insert(key.to_owned(), value);
    }
    converted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_peer_agrees(
        statement in statement(),
        context in context(),
        action in prop::sample::select(&["s3:GetObject", "s3:PutObject", "ec2:RunInstances"][..]),
        resource in prop::sample::select(&["arn:aws:s3:::a/x", "arn:aws:s3:::b/x", "arn:aws:s3:::ab", "arn:aws:s3:::x/k", "arn:aws:sqs:eu-west-1:111111111111:a"][..]),
    ) {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let policies = Policies {
            identity: vec![Ruleset::compile(&Document::parse(&text, PolicyType::Identity).unwrap())],
            ..Policies::default()
        };
        let request = Request::new(action, resource, USER.parse().unwrap(), context.clone());
        let ours = evaluate(&request.to_account("111111111111"), &policies).outcome;
        let policy: iam_rs::IAMPolicy = serde_json::from_str(&text).unwrap();
        let asked = iam_rs::IAMRequest::new_with_context(
            iam_rs::Principal::Aws(iam_rs::PrincipalId::String(USER.to_owned())),
            action,
            iam_rs::Arn::parse(resource).unwrap(),
            for_peer(&context),
        );
        let theirs = iam_rs::evaluate_policy(&policy, &asked).unwrap();
        prop_assert_eq!(ours == Outcome::Allowed, matches!(theirs, iam_rs::Decision::Allow), "{} {:?}", text, context);
    }
}
