//! What conditions and variables mean to proofs.

use super::*;

#[test]
fn conditions_are_compared_by_what_they_mean() {
    for (reference, candidate, expected) in [
        (
            r#""StringEquals":{"a:b":["x","y"]}"#,
            r#""StringEquals":{"a:b":"x"}"#,
            "pass",
        ),
        (
            r#""StringLike":{"aws:userid":"x*"}"#,
            r#""StringEquals":{"AWS:UserID":["x","xy"]}"#,
            "pass",
        ),
        (
            r#""StringEquals":{"a:b":"x"}"#,
            r#""StringLike":{"aws:userid":"x*"}"#,
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
            r#""StringNotLike":{"aws:userid":"x*"}"#,
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
        one(r#""StringLike":{"aws:userid":"x*"}"#),
        one(r#""StringNotLike":{"aws:userid":"x*"}"#)
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
    let several = one(r#""ForAnyValue:StringEquals":{"aws:userid":"z"}"#);
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
