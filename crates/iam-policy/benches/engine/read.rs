//! Reading, linting and classifying all policies once.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use iam_policy::classify::{PrincipalPolicies, classify};
use iam_policy::document::{Document, PolicyType};
use iam_policy::json::Json;
use iam_policy::lint::{Options, check_grammar, lint};

use crate::corpus;

fn each(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    policies: &[String],
    mut work: impl FnMut(&str),
) {
    group.bench_function(name, |bencher| {
        bencher.iter(|| policies.iter().for_each(|policy| work(black_box(policy))))
    });
}

pub(crate) fn benches(criterion: &mut Criterion) {
    let policies = corpus::policies();
    let mut group = criterion.benchmark_group("policies");
    group.throughput(Throughput::Elements(policies.len() as u64));
    group.sample_size(20);
    each(&mut group, "parse, serde_json", &policies, |text| {
        black_box(serde_json::from_str::<serde_json::Value>(text).unwrap());
    });
    each(&mut group, "parse, iam-rs", &policies, |text| {
        let _ = black_box(serde_json::from_str::<iam_rs::IAMPolicy>(text));
    });
    each(&mut group, "parse JSON", &policies, |text| {
        black_box(Json::parse(text).unwrap());
    });
    each(&mut group, "parse", &policies, |text| {
        black_box(Document::parse(text, PolicyType::Identity).unwrap());
    });
    each(&mut group, "grammar", &policies, |text| {
        let _ = black_box(check_grammar(text, PolicyType::Identity));
    });
    each(&mut group, "parse and lint", &policies, |text| {
        black_box(lint(text, PolicyType::Identity, Options::default()));
    });
    let documents: Vec<Document<'_>> = policies
        .iter()
        .map(|text| Document::parse(text, PolicyType::Identity).unwrap())
        .collect();
    group.bench_function("classify", |bencher| {
        bencher.iter(|| {
            for document in documents.chunks(1) {
                black_box(classify(PrincipalPolicies {
                    policies: document,
                    ..PrincipalPolicies::default()
                }));
            }
        });
    });
    group.finish();
}
