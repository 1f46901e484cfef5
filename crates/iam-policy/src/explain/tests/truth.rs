//! Sentences against `evaluate`'s own code: what is told as a limit limits, and nothing else.

use super::*;
use crate::condition::{Context, ContextValue, Operator, Test};

/// Values of a condition, and values that a request may have, by what is compared.
fn pools(test: Test) -> (&'static [&'static [&'static str]], &'static [&'static str]) {
    match test {
        Test::Number(_) => (
            &[&["5"], &["5", "10"], &["5d"], &["-1.7e308"], &[]],
            &[
                "-1.79e308",
                "-1.7e308",
                "-1e308",
                "0",
                "5",
                "7",
                "10",
                "1e308",
            ],
        ),
        Test::Date(_) => (
            &[
                &["2026-05-02"],
                &["2026-05-02", "2027-05-02T10:00:00Z"],
                &["10000-01-01"],
                &["2026"],
                &[],
            ],
            &[
                "1999-01-01",
                "2026-05-02",
                "2026-06-01",
                "2027-06-01",
                "9999-01-01",
            ],
        ),
        Test::Bool | Test::Null => (
            &[&["true"], &["TRUE", "false"], &["false"], &["yes"], &[]],
            &["true", "false"],
        ),
        Test::Ip => (
            &[
                &["10.0.0.0/8"],
                &["0.0.0.0/0", "::/0"],
                &["0.0.0.0/1", "128.0.0.0/1", "::/0"],
                &["010.0.0.0/8"],
                &[],
            ],
            &["10.1.2.3", "203.0.113.1", "2001:db8::1"],
        ),
        Test::Arn => (
            &[
                &["arn:aws:iam::1:role/a"],
                &["arn:*:*:*:*:*"],
                &["arn:aws:iam::1:user/${aws:username}", "arn:*:*:*:*:*"],
                &["arn:aws:iam::1:user/${aws:username}"],
                &["*"],
                &[],
            ],
            &["arn:aws:iam::1:role/a", "arn:aws:iam::1:user/ab"],
        ),
        Test::Text { .. } | Test::Like | Test::Binary => (
            &[
                &["YQ=="],
                &["*"],
                &["a*", "*"],
                &["**", "${aws:username}"],
                &["${aws:username}"],
                &["a"],
                &[],
            ],
            &["", "a", "YQ==", "ab", "*", "**", "a*", "something else"],
        ),
    }
}

/// What a condition says, and whether it holds for a request without its key and with each value.
fn cases() -> Vec<(String, Operator, bool, Vec<bool>)> {
    const KEYS: [&str; 8] = [
        "aws:MultiFactorAuthPresent",
        "aws:CurrentTime",
        "aws:TokenIssueTime",
        "aws:EpochTime",
        "aws:SourceIp",
        "aws:TagKeys",
        "aws:PrincipalArn",
        "example:key",
    ];
    let mut cases = Vec::new();
    for name in operators() {
        let Ok(operator) = name.parse::<Operator>() else {
            continue;
        };
        let (lists, requests) = pools(operator.test());
        for (key, values) in KEYS
            .iter()
            .flat_map(|key| lists.iter().map(move |l| (key, *l)))
        {
            let clause = Clause::new(&name, key, values.iter().copied(), true);
            let text = conditions::describe(&clause, &[], true);
            let held = |value: Option<ContextValue>| {
                let mut context = Context::new().with("aws:username", "ab");
                if let Some(value) = value {
                    context.set(key, value);
                }
                clause.holds(&context)
            };
            let with = requests.iter().map(|value| {
                let value = (*value).to_owned();
                held(Some(match operator.quantifier() {
                    Some(_) => ContextValue::Many(vec![value]),
                    None => ContextValue::One(value),
                }))
            });
            let text = format!("{text} <= {name} {key} {values:?}");
            cases.push((text, operator, held(None), with.collect()));
        }
    }
    cases
}

#[test]
fn what_is_told_as_a_limit_limits() {
    let cases = cases();
    assert!(cases.len() > 5_000, "{}", cases.len());
    for (text, operator, missing, with) in cases {
        let (all, any) = (with.iter().all(|held| *held), with.iter().any(|held| *held));
        let said = text.split(" <= ").next().unwrap();
        let open = said.contains("may limit nothing");
        let is_said = [
            " (or where that is not known)",
            ", or there is none",
            " is not given",
        ];
        let is_said = is_said.iter().any(|words| said.ends_with(words));
        if said.starts_with("only ") {
            assert!(!missing || !all, "no request is denied: {text}");
            let not_like = operator.is_negated();
            assert!(
                !missing || is_said || not_like,
                "holds without the key: {text}"
            );
        }
        if said.ends_with(" is given") {
            assert!(!missing && all, "{text}");
        } else if said.ends_with(" is not given") {
            assert!(missing && !any, "{text}");
        } else if said.starts_with("whatever ") {
            assert!(missing && all, "{text}");
        } else if said.ends_with("that cannot be met") {
            assert!(!missing && !any, "{text}");
        } else if !open {
            assert!(said.starts_with("only "), "{text}");
        }
    }
}

#[test]
fn what_limits_nothing_is_not_told_as_a_limit() {
    let mfa = "aws:MultiFactorAuthPresent";
    for (operator, key, values, expected) in [
        (
            "Bool",
            mfa,
            &["true"] as &[&str],
            "only when signed in with a second factor",
        ),
        (
            "Bool",
            mfa,
            &["TRUE", "false"],
            "only where the sign of a second factor is given",
        ),
        (
            "BoolIfExists",
            mfa,
            &["true", "false"],
            "whatever the sign of a second factor is",
        ),
        (
            "ForAllValues:Bool",
            mfa,
            &["true"],
            "only when signed in with a second factor (or where that is not known)",
        ),
        (
            "ForAllValues:DateLessThan",
            "aws:CurrentTime",
            &["2026-05-02"],
            "only until 2 May 2026 (or where that is not known)",
        ),
        (
            "DateLessThan",
            "aws:CurrentTime",
            &["2026-05-02", "2027-05-02"],
            "only until 2 May 2027",
        ),
        (
            "NumericLessThan",
            "aws:EpochTime",
            &["2026"],
            "only until 1 January 1970, 00:33 UTC",
        ),
        (
            "Null",
            "k:a",
            &["true", "false"],
            "whatever the key `k:a` is",
        ),
        (
            "StringLikeIfExists",
            "k:a",
            &["*"],
            "whatever the key `k:a` is",
        ),
        (
            "ForAnyValue:StringNotLike",
            "k:a",
            &["*"],
            "under a condition (`ForAnyValue:StringNotLike` of the key `k:a`) that cannot be met",
        ),
        (
            "DateLessThan",
            "aws:CurrentTime",
            &["10000-01-01"],
            "under a condition that may limit nothing (`DateLessThan` of the current time: `10000-01-01`)",
        ),
        (
            "StringEquals",
            "k:a",
            &[],
            "under a condition that may limit nothing (`StringEquals` of the key `k:a`: no values)",
        ),
        (
            "IpAddress",
            "aws:SourceIp",
            &["0.0.0.0/0", "::/0"],
            "only where the source IP is given",
        ),
    ] {
        let clause = Clause::new(operator, key, values.iter().copied(), true);
        assert_eq!(conditions::describe(&clause, &[], true), expected);
    }
}

#[test]
fn words_are_of_keys_that_somebody_has() {
    let told = |operator: &str, key: &str, providers: &[&str]| {
        conditions::describe(&Clause::new(operator, key, ["a"], true), providers, true)
    };
    for (key, providers, expected) in [
        (
            "x.example:sub",
            &[] as &[&str],
            "only where the key `x.example:sub` is `a`",
        ),
        (
            "x.example:aud",
            &["y.example"],
            "only where the key `x.example:aud` is `a`",
        ),
        (
            "x.example:sub",
            &["X.example"],
            "only where the subject (sub) of the sign-in is `a`",
        ),
        (
            "token.actions.githubusercontent.com:sub",
            &[],
            "only where the subject (sub) of the sign-in is `a`",
        ),
        (
            "saml:aud",
            &[],
            "only where the audience (aud) of the sign-in is `a`",
        ),
        (
            "x.example:ResourceTag/team",
            &[],
            "only where the key `x.example:ResourceTag/team` is `a`",
        ),
        (
            "ec2:ResourceTag/team",
            &[],
            "only where the tag `team` is `a`",
        ),
        (
            "aws:ResourceTag/team",
            &[],
            "only where the tag `team` is `a`",
        ),
    ] {
        assert_eq!(told("StringEquals", key, providers), expected);
    }
}
