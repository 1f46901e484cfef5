//! Large and hostile input is answered within bounds.

#![expect(clippy::expect_used, reason = "tests")]

use std::time::{Duration, Instant};

use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::Ruleset;
use iam_policy::explain::explain;
use iam_policy::lint::{Options, check_grammar, lint};
use iam_policy::prove::check_no_new_access;

/// Generous: a build for development on a busy machine. What is quadratic takes hours here.
const BOUND: Duration = Duration::from_secs(120);

fn within_bound<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let result = work();
    let took = begun.elapsed();
    assert!(took < BOUND, "{what} took {took:?}");
    result
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

/// A policy of ten million bytes, by repeating what one number makes.
fn ten_megabytes(one: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(10_100_000);
    for nth in 0.. {
        if text.len() > 10_000_000 {
            break;
        }
        if nth > 0 {
            text.push(',');
        }
        text.push_str(&one(nth));
    }
    text
}

#[test]
fn deep_nesting_is_refused_with_its_place() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let text = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        let error = Document::parse(&text, PolicyType::Identity).expect_err("too deep");
        assert!(error.position().column > 1);
        assert_eq!(
            lint(&text, PolicyType::Identity, Options::default())
                .findings()
                .len(),
            1
        );
    }
}

#[test]
fn ten_megabytes_of_statements_are_answered() {
    let statements = ten_megabytes(|nth| {
        format!(
            r#"{{"Effect":"Allow","Action":["s3:Get{nth}*","ec2:Describe*"],"Resource":"arn:aws:s3:::b{nth}/*"}}"#
        )
    });
    judged(&document(&statements));
}

#[test]
fn ten_megabytes_of_patterns_are_answered() {
    let actions = ten_megabytes(|nth| format!(r#""s3:*{nth}*""#));
    judged(&document(&format!(
        r#"{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}"#
    )));
}

fn judged(text: &str) {
    within_bound("grammar", || check_grammar(text, PolicyType::Identity)).expect_err("too large");
    let report = within_bound("lint", || {
        lint(text, PolicyType::Identity, Options { own_codes: true })
    });
    assert!(!report.findings().is_empty());
    let document = Document::parse(text, PolicyType::Identity).expect("a whole document");
    let sentences = within_bound("explain", || explain(&document));
    assert_eq!(sentences.len(), document.statements().len());
}

#[test]
fn hostile_patterns_are_answered() {
    let allow = |pattern: &str| {
        document(&format!(
            r#"{{"Effect":"Allow","Action":"s3:{pattern}","Resource":"arn:aws:s3:::{pattern}"}}"#
        ))
    };
    let patterns = [
        "*a".repeat(3_000),
        "*b?a".repeat(1_500),
        "?*".repeat(3_000),
        "*".repeat(6_000),
    ];
    let rules = patterns.iter().map(|pattern| {
        let text = allow(pattern);
        Ruleset::compile(&Document::parse(&text, PolicyType::Identity).expect("a whole document"))
    });
    let rules: Vec<Ruleset> = rules.collect();
    for reference in &rules {
        for candidate in &rules {
            let begun = Instant::now();
            let verdict = check_no_new_access(reference, candidate);
            assert!(begun.elapsed() < Duration::from_secs(10));
            assert!(!std::ptr::eq(reference, candidate) || verdict.is_pass());
        }
    }
}
