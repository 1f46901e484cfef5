//! Reading, linting and classifying policies, in time per policy; `serde_json` and `iam-rs`
//! read the same texts.
//!
//! Ratios within one run are what counts: times depend on the machine.

#![expect(clippy::unwrap_used, reason = "the texts are written here")]

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use iam_policy::catalogue;
use iam_policy::classify::{Subject, classify};
use iam_policy::document::{Document, PolicyType};
use iam_policy::json::Json;
use iam_policy::lint::{Options, check_grammar, lint};

/// Policies of about 2.2 kB with real actions, as AWS's own have them.
fn policies() -> Vec<String> {
    let services: Vec<_> = catalogue::services()
        .iter()
        .filter(|service| service.actions().len() > 30)
        .collect();
    services
        .iter()
        .take(100)
        .map(|service| {
            let actions: Vec<String> = service.actions().take(30).map(|action| format!("\"{}\"", action.full_name())).collect();
            let statement = |nth: usize, actions: &[String]| {
                let prefix = service.prefix();
                format!(
                    r#"{{"Sid":"Part{nth}","Effect":"Allow","Action":[{}],"Resource":["arn:aws:{prefix}:*:*:app{nth}/*","arn:aws:{prefix}:*:*:tool/{nth}"],
                        "Condition":{{"StringEquals":{{"aws:ResourceTag/team":"data","aws:RequestedRegion":["eu-central-1","eu-west-1"]}}}}}}"#,
                    actions.join(",")
                )
            };
            let statements: Vec<String> = actions.chunks(8).enumerate().map(|(nth, part)| statement(nth, part)).collect();
            format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
        })
        .collect()
}

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

fn reading(criterion: &mut Criterion) {
    let policies = policies();
    let mut group = criterion.benchmark_group("100 policies");
    group.throughput(Throughput::Elements(policies.len() as u64));
    each(&mut group, "serde_json, parse", &policies, |text| {
        black_box(serde_json::from_str::<serde_json::Value>(text).unwrap());
    });
    each(&mut group, "iam-rs, parse", &policies, |text| {
        black_box(serde_json::from_str::<iam_rs::IAMPolicy>(text).unwrap());
    });
    each(&mut group, "iam-policy, parse JSON", &policies, |text| {
        black_box(Json::parse(text).unwrap());
    });
    each(
        &mut group,
        "iam-policy, parse document",
        &policies,
        |text| {
            black_box(Document::parse(text, PolicyType::Identity).unwrap());
        },
    );
    each(&mut group, "iam-policy, grammar", &policies, |text| {
        let _ = black_box(check_grammar(text, PolicyType::Identity));
    });
    each(
        &mut group,
        "iam-policy, parse and lint",
        &policies,
        |text| {
            black_box(lint(text, PolicyType::Identity, Options::default()));
        },
    );
    let documents: Vec<Document<'_>> = policies
        .iter()
        .map(|text| Document::parse(text, PolicyType::Identity).unwrap())
        .collect();
    group.bench_function("iam-policy, classify", |bencher| {
        bencher.iter(|| {
            for document in documents.chunks(1) {
                black_box(classify(Subject {
                    policies: document,
                    ..Subject::default()
                }));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
