//! Evaluating, proving and minimising, in time per call; `iam-rs` evaluates the same requests.
//!
//! Ratios within one run are what counts: times depend on the machine.

#![expect(clippy::unwrap_used, reason = "the texts are written here")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use iam_policy::condition::Context;
use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::{Policies, Request, Ruleset, evaluate};
use iam_policy::explain::explain;
use iam_policy::minimise::{MANAGED_POLICY_QUOTA, minimise};
use iam_policy::prove::check_no_new_access;

const USER: &str = "arn:aws:iam::111111111111:user/alice";
const SERVICES: [&str; 10] = [
    "s3", "ec2", "sqs", "sns", "dynamodb", "lambda", "kms", "logs", "iam", "rds",
];

/// 20 statements with four patterns of actions and two of resources each.
fn twenty_statements() -> String {
    let statements = (0..20).zip(SERVICES.iter().cycle()).map(|(nth, service)| {
        format!(
            r#"{{"Effect":"Allow","Action":["{service}:Get*","{service}:List*","{service}:Describe{nth}*","{service}:Put{nth}"],
                "Resource":["arn:aws:{service}:*:*:app{nth}/*","arn:aws:{service}:*:*:app{nth}"]}}"#
        )
    });
    document(&statements.collect::<Vec<_>>().join(","))
}

/// Everything but 50 patterns.
fn fifty_denials(element: &str, rest: &str, pattern: impl Fn(usize) -> String) -> String {
    let patterns: Vec<String> = (0..50).map(|nth| format!("\"{}\"", pattern(nth))).collect();
    document(&format!(
        r#"{{"Effect":"Allow","Action":"*","Resource":"*"}},{{"Effect":"Deny","{element}":[{}],{rest}}}"#,
        patterns.join(",")
    ))
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

fn ruleset(text: &str) -> Ruleset {
    Ruleset::compile(&Document::parse(text, PolicyType::Identity).unwrap())
}

fn evaluating(criterion: &mut Criterion) {
    let text = twenty_statements();
    let policies = Policies {
        identity: vec![ruleset(&text)],
        ..Policies::default()
    };
    let (action, resource) = ("rds:GetThing", "arn:aws:rds:eu-west-1:111111111111:app19/x");
    let request = Request::new(action, resource, USER.parse().unwrap(), Context::new());
    let mut group = criterion.benchmark_group("evaluate, 20 statements");
    group.bench_function("iam-policy", |bencher| {
        bencher.iter(|| evaluate(black_box(&request), black_box(&policies)));
    });
    let theirs: iam_rs::IAMPolicy = serde_json::from_str(&text).unwrap();
    let asked = iam_rs::IAMRequest::new(
        iam_rs::Principal::Aws(iam_rs::PrincipalId::String(USER.to_owned())),
        action,
        iam_rs::Arn::parse(resource).unwrap(),
    );
    group.bench_function("iam-rs", |bencher| {
        bencher.iter(|| iam_rs::evaluate_policy(black_box(&theirs), black_box(&asked)));
    });
    group.finish();
}

fn proving(criterion: &mut Criterion) {
    let candidate = ruleset(&twenty_statements());
    let actions = fifty_denials("Action", r#""Resource":"*""#, |nth| {
        format!("iam:Delete{nth}*")
    });
    let resources = fifty_denials("Resource", r#""Action":"*""#, |nth| {
        format!("arn:aws:s3:::secret{nth}*")
    });
    let mut group = criterion.benchmark_group("prove, 20 statements");
    for (name, reference) in [
        ("against 50 denied actions", ruleset(&actions)),
        ("against 50 denied resources", ruleset(&resources)),
        ("against itself", candidate.clone()),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| check_no_new_access(black_box(&reference), black_box(&candidate)));
        });
    }
    group.finish();
}

fn writing(criterion: &mut Criterion) {
    let text = twenty_statements();
    let document = Document::parse(&text, PolicyType::Identity).unwrap();
    criterion.bench_function("minimise, 20 statements", |bencher| {
        bencher.iter(|| minimise(black_box(&document), MANAGED_POLICY_QUOTA));
    });
    criterion.bench_function("explain, 20 statements", |bencher| {
        bencher.iter(|| explain(black_box(&document)));
    });
}

criterion_group!(benches, evaluating, proving, writing);
criterion_main!(benches);
