//! One job, done so often and nothing else.

use std::hint::black_box;

use iam_policy::classify::{PrincipalPolicies, classify};
use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::{Ruleset, evaluate};
use iam_policy::lint::{Options, lint};
use iam_policy::minimise::{MANAGED_POLICY_QUOTA, minimise};
use iam_policy::prove::check_no_new_access;

use crate::corpus;
use crate::decide::{question, ruleset};

/// Every how many-th policy is used: counting is slow, and the mean hardly changes.
const SHARE: usize = 10;

fn parse(text: &str) -> Document<'_> {
    Document::parse(text, PolicyType::Identity).unwrap()
}

fn some() -> Vec<String> {
    corpus::policies().into_iter().step_by(SHARE).collect()
}

/// Does a job so often and prints how many things it was done to each time. `parse`, `lint`,
/// `classify` and `prove` with a number are about a policy with so many statements.
pub(crate) fn run(job: &str, times: usize) {
    let (job, size) = job.split_once('-').unwrap_or((job, ""));
    let size: usize = size.parse().unwrap_or(0);
    let count = match (job, size) {
        ("parse", 0) => all(times, &some(), |text| drop(black_box(parse(text)))),
        ("lint", 0) => all(times, &some(), linted),
        ("classify", 0) => all(times, &some(), classified),
        ("classify", _) => all(times, &[corpus::statements(size)], classified),
        ("parse", _) => all(times, &[corpus::statements(size)], |text| {
            drop(black_box(parse(text)));
        }),
        ("lint", _) => all(times, &[corpus::statements(size)], linted),
        ("minimise", _) => all(times, &[corpus::statements(20)], |text| {
            black_box(minimise(&parse(text), MANAGED_POLICY_QUOTA).unwrap());
        }),
        ("evaluate", _) => {
            let (policies, request) = question();
            repeat(times, || drop(black_box(evaluate(&request, &policies))))
        }
        ("actions", _) => prove(times, &corpus::denied_actions(), 20),
        ("resources", _) => prove(times, &corpus::denied_resources(), 20),
        ("prove", _) => prove(times, &corpus::statements(size), size),
        _ => panic!("no job `{job}`"),
    };
    println!("{count}");
}

fn classified(text: &str) {
    let subject = PrincipalPolicies {
        policies: &[parse(text)],
        ..PrincipalPolicies::default()
    };
    black_box(classify(subject));
}

fn linted(text: &str) {
    black_box(lint(text, PolicyType::Identity, Options::default()));
}

fn all(times: usize, policies: &[String], work: impl Fn(&str)) -> usize {
    repeat(times, || {
        policies.iter().for_each(|text| work(black_box(text)))
    });
    policies.len()
}

fn prove(times: usize, reference: &str, size: usize) -> usize {
    let (reference, candidate): (Ruleset, Ruleset) =
        (ruleset(reference), ruleset(&corpus::statements(size)));
    repeat(times, || {
        black_box(check_no_new_access(&reference, &candidate));
    })
}

fn repeat(times: usize, mut work: impl FnMut()) -> usize {
    for _ in 0..times {
        work();
    }
    1
}
