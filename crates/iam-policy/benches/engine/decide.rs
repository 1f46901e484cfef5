//! Evaluating, proving, minimising and explaining, in time per call.

use std::hint::black_box;

use criterion::Criterion;
use iam_policy::condition::Context;
use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::{Policies, Request, Ruleset, evaluate};
use iam_policy::explain::explain;
use iam_policy::minimise::{MANAGED_POLICY_QUOTA, minimise};
use iam_policy::prove::check_no_new_access;

use crate::corpus;

const USER: &str = "arn:aws:iam::111111111111:user/alice";
const ACTION: &str = "rds:GetThing";
const RESOURCE: &str = "arn:aws:rds:eu-west-1:111111111111:app019/x";

pub(crate) fn ruleset(text: &str) -> Ruleset {
    Ruleset::compile(&Document::parse(text, PolicyType::Identity).unwrap())
}

/// Twenty statements, and a request that only the last of them answers.
pub(crate) fn question() -> (Policies, Request) {
    let policies = Policies {
        identity: vec![ruleset(&corpus::statements(20))],
        ..Policies::default()
    };
    let request = Request::new(ACTION, RESOURCE, USER.parse().unwrap(), Context::new());
    (policies, request)
}

fn evaluating(criterion: &mut Criterion) {
    let (policies, request) = question();
    let mut group = criterion.benchmark_group("evaluate");
    group.bench_function("iam-policy", |bencher| {
        bencher.iter(|| evaluate(black_box(&request), black_box(&policies)));
    });
    let theirs: iam_rs::IAMPolicy = serde_json::from_str(&corpus::statements(20)).unwrap();
    let asked = iam_rs::IAMRequest::new(
        iam_rs::Principal::Aws(iam_rs::PrincipalId::String(USER.to_owned())),
        ACTION,
        iam_rs::Arn::parse(RESOURCE).unwrap(),
    );
    group.bench_function("iam-rs", |bencher| {
        bencher.iter(|| iam_rs::evaluate_policy(black_box(&theirs), black_box(&asked)));
    });
    group.finish();
}

fn proving(criterion: &mut Criterion) {
    let candidate = ruleset(&corpus::statements(20));
    let mut group = criterion.benchmark_group("prove");
    for (name, reference) in [
        ("50 denied actions", ruleset(&corpus::denied_actions())),
        ("50 denied resources", ruleset(&corpus::denied_resources())),
        ("itself", candidate.clone()),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| check_no_new_access(black_box(&reference), black_box(&candidate)));
        });
    }
    group.finish();
}

fn writing(criterion: &mut Criterion) {
    let text = corpus::statements(20);
    let document = Document::parse(&text, PolicyType::Identity).unwrap();
    let mut group = criterion.benchmark_group("write");
    group.bench_function("minimise", |bencher| {
        bencher.iter(|| minimise(black_box(&document), MANAGED_POLICY_QUOTA));
    });
    group.bench_function("explain", |bencher| {
        bencher.iter(|| explain(black_box(&document)));
    });
    group.finish();
}

pub(crate) fn benches(criterion: &mut Criterion) {
    evaluating(criterion);
    proving(criterion);
    writing(criterion);
}
