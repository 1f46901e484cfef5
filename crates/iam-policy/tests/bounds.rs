//! Large and hostile input is answered within bounds.

#![expect(clippy::expect_used, reason = "tests")]

use std::time::{Duration, Instant};

use iam_policy::catalogue::AccessLevel;
use iam_policy::classify::{PrincipalPolicies, classify};
use iam_policy::condition::Context;
use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::{MOST_TEXT, Outcome, Policies, Request, Ruleset, evaluate};
use iam_policy::explain::explain;
use iam_policy::glob::Budget;
use iam_policy::lint::{Options, check_grammar, lint};
use iam_policy::minimise::{MANAGED_POLICY_QUOTA, minimise};
use iam_policy::prove::{
    Access, CheckResult, check_access_not_granted_within, check_no_new_access,
    check_no_new_access_within, check_no_public_access_within,
};

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
    repeated(10_000_000, one)
}

/// A policy of so many bytes, by repeating what one number makes.
fn repeated(bytes: usize, one: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(bytes + 1_000);
    for nth in 0.. {
        if text.len() > bytes {
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
            let verdict = within_bound("hostile patterns", || {
                check_no_new_access(reference, candidate)
            });
            assert!(!std::ptr::eq(reference, candidate) || verdict.is_pass());
        }
    }
}

const MEGABYTE: usize = 1_000_000;

/// Policies of so many bytes, each with much of another thing.
fn vast(bytes: usize) -> Vec<(&'static str, String)> {
    let allow = |rest: &str| document(&format!(r#"{{"Effect":"Allow",{rest}}}"#));
    let principals = repeated(bytes, |nth| format!(r#""arn:aws:iam::{nth:012}:root""#));
    let providers = repeated(bytes, |nth| {
        format!(r#""arn:aws:iam::{nth:012}:oidc-provider/token.actions.githubusercontent.com""#)
    });
    vec![
        (
            "statements",
            document(&repeated(bytes, |nth| {
                format!(
                    r#"{{"Effect":"Allow","Action":["s3:*Get{nth}*","iam:*"],"Resource":"arn:aws:s3:::b{nth}/*"}}"#
                )
            })),
        ),
        (
            "statements for everything",
            document(&repeated(bytes, |nth| {
                format!(
                    r#"{{"Effect":"Allow","NotAction":"s3:{nth}*","Resource":"arn:aws:iam::*:role/{nth}"}}"#
                )
            })),
        ),
        (
            "denies",
            document(&repeated(bytes, |nth| {
                let effect = if nth % 2 == 0 { "Allow" } else { "Deny" };
                format!(
                    r#"{{"Effect":"{effect}","Action":"*{nth}*","Resource":["arn:aws:iam::*:role/{nth}*","arn:aws:s3:::b*{nth}"]}}"#
                )
            })),
        ),
        (
            "actions",
            allow(&format!(
                r#""Action":[{}],"Resource":"*""#,
                repeated(bytes, |nth| format!(r#""*:*{nth}*""#))
            )),
        ),
        (
            "resources",
            allow(&format!(
                r#""Action":"iam:*","Resource":[{}]"#,
                repeated(bytes, |nth| format!(r#""arn:aws:iam::*:r*e/{nth}*""#))
            )),
        ),
        (
            "conditions",
            allow(&format!(
                r#""Action":"iam:*","Resource":"*","Condition":{{"ForAnyValue:StringLike":{{{}}}}}"#,
                repeated(bytes, |nth| format!(
                    r#""aws:PrincipalTag/k{nth}":["*{nth}","${{aws:username}}*"]"#
                ))
            )),
        ),
        (
            "values",
            allow(&format!(
                r#""Action":"iam:*","Resource":"*","Condition":{{"NumericLessThan":{{"s3:max-keys":[{}]}}}}"#,
                repeated(bytes, |nth| nth.to_string())
            )),
        ),
        (
            "principals",
            allow(&format!(
                r#""Action":"s3:*","Resource":"*","Principal":{{"AWS":[{principals}]}}"#
            )),
        ),
        (
            "providers",
            allow(&format!(
                r#""Action":"sts:*","Resource":"*","Principal":{{"Federated":[{providers}]}}"#
            )),
        ),
        (
            "variables",
            allow(&format!(
                r#""Action":"s3:*","Resource":"arn:aws:s3:::b/{}""#,
                "${aws:username}*".repeat(bytes / 16)
            )),
        ),
    ]
}

/// How a policy has to be read to be one at all.
fn read(text: &str) -> Document<'_> {
    let policy_type = match text.contains("Principal\":{") {
        true => PolicyType::Resource,
        false => PolicyType::Identity,
    };
    Document::parse(text, policy_type).expect("a whole document")
}

#[test]
fn ten_megabytes_are_classified() {
    for (what, text) in vast(10 * MEGABYTE) {
        let documents = [read(&text)];
        let found = within_bound(what, || {
            classify(PrincipalPolicies {
                policies: &documents,
                ..PrincipalPolicies::default()
            })
        });
        // What is not looked at counts as granted.
        if ["statements", "statements for everything", "actions"].contains(&what) {
            assert_eq!(found.access_levels, AccessLevel::ALL, "{what}");
            assert!(found.privilege_escalation.len() > 20, "{what}");
        }
        assert!(found.resource_wildcards.len() <= 10_000, "{what}");
    }
}

#[test]
fn ten_megabytes_are_evaluated() {
    let user = "arn:aws:iam::111111111111:user/alice";
    let name = "a".repeat(MOST_TEXT);
    for (what, text) in vast(10 * MEGABYTE) {
        let document = read(&text);
        let rules = within_bound(what, || Ruleset::compile(&document));
        let mut policies = Policies::default();
        match document.policy_type() {
            PolicyType::Resource => policies.resource = Some(rules),
            _ => policies.identity = vec![rules],
        }
        for context in [Context::new(), Context::new().with("aws:username", &name)] {
            let principal = user.parse().expect("a user");
            let request = Request::new("iam:PassRole", "arn:aws:s3:::b/x", principal, context);
            let decision = within_bound(what, || evaluate(&request, &policies));
            assert!(decision.missing_context.len() <= 1_000, "{what}");
        }
    }
}

#[test]
fn no_policy_is_asked_about_requests_longer_than_aws_takes() {
    let text = document(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
    let rules = Ruleset::compile(&read(&text));
    let policies = Policies {
        identity: vec![rules.clone()],
        ..Policies::default()
    };
    let ask = |length: usize| {
        let resource = format!("arn:aws:s3:::{}", "a".repeat(length - 13));
        let principal = "arn:aws:iam::111111111111:user/alice".parse();
        let principal = principal.expect("a user");
        Request::new("s3:GetObject", &resource, principal, Context::new())
            .to_account("111111111111")
    };
    let outcome = |length| evaluate(&ask(length), &policies).outcome;
    assert_eq!(outcome(MOST_TEXT), Outcome::Allowed);
    assert_eq!(outcome(MOST_TEXT + 1), Outcome::ImplicitlyDenied);
    assert!(rules.allows(&ask(MOST_TEXT)) && !rules.allows(&ask(MOST_TEXT + 1)));
}

#[test]
fn proofs_about_vast_policies_end() {
    let all = vast(2 * MEGABYTE);
    let rules: Vec<(&str, Ruleset)> = all
        .iter()
        .map(|(what, text)| (*what, Ruleset::compile(&read(text))))
        .collect();
    for (nth, (what, candidate)) in rules.iter().enumerate() {
        let others = rules.iter().cycle().skip(nth).take(2);
        for (_, reference) in others {
            let verdict = within_bound(what, || check_no_new_access(reference, candidate));
            assert!(
                !std::ptr::eq(reference, candidate) || !matches!(verdict, CheckResult::Fail { .. })
            );
        }
        let access = Access {
            actions: vec!["iam:Delete*".to_owned()],
            resources: vec!["arn:aws:iam::*:role/x*".to_owned()],
        };
        let vast: Vec<Access> = (0..1_000).map(|_| access.clone()).collect();
        let mut budget = Budget::default();
        within_bound(what, || {
            check_access_not_granted_within(candidate, &vast, &mut budget)
        });
        within_bound(what, || {
            check_no_public_access_within(candidate, &mut Budget::default())
        });
    }
}

/// What a proof looks at is counted: with hardly any steps allowed, nothing vast is decided.
#[test]
fn proofs_count_what_they_do() {
    let few = || Budget::of(50);
    let counted = ["denies", "resources", "values"];
    for (what, text) in vast(2 * MEGABYTE)
        .into_iter()
        .filter(|(what, _)| counted.contains(what))
    {
        let rules = Ruleset::compile(&read(&text));
        let shuffled = text.replace("arn:aws:iam::*:r", "arn:aws:iam::*:?");
        let other = Ruleset::compile(&read(&shuffled));
        let mut budget = few();
        let verdict = check_no_new_access_within(&rules, &other, &mut budget);
        assert!(matches!(verdict, CheckResult::Undecided { .. }), "{what}");
        assert_eq!(budget.left(), 0, "{what}");
    }
}

#[test]
fn vast_policies_are_split() {
    for (what, text) in vast(MEGABYTE / 4) {
        let document = read(&text);
        let documents = within_bound(what, || minimise(&document, MANAGED_POLICY_QUOTA));
        for text in documents.iter().flatten() {
            assert!(text.len() <= MANAGED_POLICY_QUOTA, "{what}");
        }
    }
}
