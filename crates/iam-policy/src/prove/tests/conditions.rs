//! What conditions and variables mean to proofs.

use super::*;

#[test]
fn conditions_are_compared_by_what_they_mean() {
    for (reference, candidate, expected) in [
        (
            r#""StringEquals":{"aws:userid":["x","y"]}"#,
            r#""StringEquals":{"aws:userid":"x"}"#,
            "pass",
        ),
        (
            r#""StringLike":{"aws:userid":"x*"}"#,
            r#""StringEquals":{"AWS:UserID":["x","xy"]}"#,
            "pass",
        ),
        (
            r#""StringEquals":{"aws:userid":"x"}"#,
            r#""StringLike":{"aws:userid":"x*"}"#,
            "fail",
        ),
        (
            r#""StringEqualsIgnoreCase":{"aws:userid":"X"}"#,
            r#""StringEquals":{"aws:userid":"x"}"#,
            "pass",
        ),
        (
            r#""Null":{"aws:userid":"false"}"#,
            r#""StringEquals":{"aws:userid":"x"}"#,
            "pass",
        ),
        (
            r#""Null":{"aws:userid":"false"}"#,
            r#""StringNotEquals":{"aws:userid":"x"}"#,
            "fail",
        ),
        (
            r#""StringEqualsIfExists":{"aws:userid":"x"}"#,
            r#""StringEquals":{"aws:userid":"x"}"#,
            "pass",
        ),
        (
            r#""StringEquals":{"aws:userid":"x"}"#,
            r#""StringEqualsIfExists":{"aws:userid":"x"}"#,
            "fail",
        ),
        (
            r#""StringNotLike":{"aws:userid":"x"}"#,
            r#""StringNotLike":{"aws:userid":"x*"}"#,
            "pass",
        ),
        (
            r#""NumericLessThan":{"aws:userid":"10"}"#,
            r#""NumericLessThanEquals":{"aws:userid":"9.5"}"#,
            "pass",
        ),
        (
            r#""NumericLessThan":{"aws:userid":"10"}"#,
            r#""NumericLessThanEquals":{"aws:userid":"10"}"#,
            "fail",
        ),
        (
            r#""DateLessThan":{"aws:userid":"2026-05-02"}"#,
            r#""DateLessThan":{"aws:userid":"2026-05-01T23:00:00Z"}"#,
            "pass",
        ),
        (
            r#""DateLessThan":{"aws:userid":"2026-05-02"}"#,
            r#""DateLessThanEquals":{"aws:userid":"2026-05-02"}"#,
            "fail",
        ),
        (
            r#""IpAddress":{"aws:userid":"10.0.0.0/8"}"#,
            r#""IpAddress":{"aws:userid":["10.1.0.0/16","10.2.3.4"]}"#,
            "pass",
        ),
        (
            r#""IpAddress":{"aws:userid":["10.0.0.0/9","10.128.0.0/9"]}"#,
            r#""IpAddress":{"aws:userid":"10.0.0.0/8"}"#,
            "pass",
        ),
        (
            r#""NotIpAddress":{"aws:userid":"10.0.0.0/8"}"#,
            r#""NotIpAddress":{"aws:userid":"10.1.0.0/16"}"#,
            "fail",
        ),
        (
            r#""Bool":{"aws:userid":"true"}"#,
            r#""StringEquals":{"aws:userid":"true"}"#,
            "pass",
        ),
        (
            r#""ArnLike":{"aws:userid":"arn:aws:iam::*:role/*"}"#,
            r#""ArnEquals":{"aws:userid":"arn:aws:iam::1:role/x"}"#,
            "pass",
        ),
        (
            r#""ArnLike":{"aws:userid":"arn:aws:iam::1:*"}"#,
            r#""StringLike":{"aws:userid":"arn:aws:iam::*:role/x"}"#,
            "fail",
        ),
        (
            r#""ForAllValues:StringLike":{"aws:userid":["x*","y"]}"#,
            r#""ForAllValues:StringEquals":{"aws:userid":["x1","y"]}"#,
            "pass",
        ),
        (
            r#""ForAnyValue:StringEquals":{"aws:userid":"x"}"#,
            r#""ForAllValues:StringEquals":{"aws:userid":"x"}"#,
            "fail",
        ),
        (
            r#""ForAnyValue:StringLike":{"aws:userid":"x*"}"#,
            r#""ForAllValues:StringEquals":{"aws:userid":"x"},"Null":{"aws:userid":"false"}"#,
            "pass",
        ),
        (
            r#""StringEquals":{"aws:userid":"${aws:username}"}"#,
            r#""StringEquals":{"aws:userid":"${aws:username}"}"#,
            "pass",
        ),
        (
            r#""StringEquals":{"aws:userid":"${aws:username}"}"#,
            r#""StringEquals":{"aws:userid":"${aws:userid}"}"#,
            "fail",
        ),
        (
            r#""StringEquals":{"aws:userid":"x"}"#,
            r#""StringEquals":{"aws:userid":"${aws:username}"}"#,
            "fail",
        ),
        (
            r#""StringEquals":{"aws:userid":"x"},"Bool":{"c:d":"true"}"#,
            r#""StringEquals":{"aws:userid":"x"}"#,
            "fail",
        ),
        (
            r#""StringFuzzy":{"aws:userid":"x"}"#,
            r#""StringFuzzy":{"aws:userid":"x"}"#,
            "pass",
        ),
        (
            r#""StringFuzzy":{"aws:userid":"x"}"#,
            r#""StringFuzzy":{"aws:userid":"y"}"#,
            "undecided",
        ),
        (
            r#""IpAddress":{"aws:userid":"10.0.0.0/8"}"#,
            r#""StringLike":{"aws:userid":"10.*"}"#,
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
    // A key that has several values for one statement has them for all.
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
