use super::*;

fn holds(operator: &str, values: &[&str], context: &str) -> bool {
    let context: Context = serde_json::from_str(context).unwrap();
    Clause::new(operator, "k:K", values.iter().copied(), true).holds(&context)
}

#[test]
fn texts() {
    let x = r#"{"k:k":"Ab"}"#;
    assert!(holds("StringEquals", &["x", "Ab"], x));
    assert!(!holds("StringEquals", &["ab"], x));
    assert!(!holds("StringEquals", &["A*"], x));
    assert!(holds("StringEqualsIgnoreCase", &["aB"], x));
    assert!(!holds("StringNotEqualsIgnoreCase", &["aB"], x));
    assert!(holds("StringLike", &["A*"], x) && !holds("StringLike", &["a*"], x));
    assert!(holds("StringNotLike", &["a*", "B*"], x) && !holds("StringNotLike", &["a*", "A?"], x));
    assert!(holds("BinaryEquals", &["Ab"], x) && !holds("BinaryEquals", &["ab"], x));
}

#[test]
fn numbers_and_dates() {
    let ten = r#"{"k:k":10}"#;
    assert!(
        holds("NumericEquals", &["10.0"], ten) && !holds("NumericNotEquals", &["9", "10"], ten)
    );
    assert!(holds("NumericLessThan", &["10.5"], ten) && !holds("NumericLessThan", &["10"], ten));
    assert!(holds("NumericLessThanEquals", &["10"], ten));
    assert!(
        holds("NumericGreaterThanEquals", &["10"], ten)
            && !holds("NumericGreaterThan", &["10"], ten)
    );
    let day = r#"{"k:k":"2026-05-02T00:00:00Z"}"#;
    assert!(holds("DateLessThan", &["2026-05-02T02:00:01+02:00"], day));
    assert!(holds("DateEquals", &["1777680000"], day));
    assert!(!holds("DateGreaterThan", &["2026-05-02"], day));
}

#[test]
fn malformed_values_match_nothing() {
    let text = r#"{"k:k":"ten"}"#;
    for operator in [
        "NumericEquals",
        "NumericNotEquals",
        "DateNotEquals",
        "NotIpAddress",
        "ArnNotLike",
        "Bool",
    ] {
        let value = if operator == "ArnNotLike" {
            "arn:aws:s3:::b"
        } else {
            "10"
        };
        assert!(!holds(operator, &[value], text), "{operator}");
    }
    assert!(!holds("NumericNotEquals", &["ten"], r#"{"k:k":"10"}"#));
    assert!(!holds(
        "NotIpAddress",
        &["10.0.0.0/99"],
        r#"{"k:k":"10.0.0.1"}"#
    ));
    assert!(!holds("StringFuzzy", &["a"], r#"{"k:k":"a"}"#));
}

#[test]
fn addresses_and_booleans() {
    let address = r#"{"k:k":"203.0.113.7"}"#;
    assert!(holds(
        "IpAddress",
        &["10.0.0.0/8", "203.0.113.0/24"],
        address
    ));
    assert!(!holds("NotIpAddress", &["203.0.113.0/24"], address));
    assert!(holds("NotIpAddress", &["2001:db8::/32"], address));
    let range = r#"{"k:k":"10.0.0.0/8"}"#;
    assert!(!holds("IpAddress", &["10.0.0.0/8"], range));
    assert!(!holds("NotIpAddress", &["10.0.0.0/8"], range));
    assert!(
        holds("Bool", &["true"], r#"{"k:k":true}"#)
            && holds("Bool", &["TRUE"], r#"{"k:k":"True"}"#)
    );
    assert!(!holds("Bool", &["true"], r#"{"k:k":"false"}"#));
}

#[test]
fn arns_are_compared_part_by_part() {
    let arn = r#"{"k:k":"arn:aws:sns:eu-west-1:123456789012:a:b"}"#;
    assert!(holds("ArnLike", &["arn:aws:sns:*:123456789012:*"], arn));
    assert!(holds("ArnEquals", &["arn:*:sns:*:*:a:?"], arn));
    assert!(!holds("ArnLike", &["arn:aws:sns:*:a:b"], arn));
    assert!(!holds("ArnLike", &["arn:aws:*:a:b"], arn) && !holds("ArnLike", &["*"], arn));
    assert!(holds("ArnNotEquals", &["arn:aws:sqs:*:*:*"], arn));
}

#[test]
fn missing_keys() {
    let none = "{}";
    assert!(!holds("StringEquals", &["a"], none) && holds("StringNotEquals", &["a"], none));
    assert!(holds("StringEqualsIfExists", &["a"], none) && holds("NotIpAddress", &["::/0"], none));
    assert!(!holds("Bool", &["false"], none) && holds("BoolIfExists", &["false"], none));
    assert!(holds("ForAllValues:StringEquals", &["a"], none));
    assert!(!holds("ForAnyValue:StringEquals", &["a"], none));
    assert!(!holds("ForAnyValue:StringNotEquals", &["a"], none));
    assert!(!holds("ForAnyValue:StringNotEqualsIfExists", &["a"], none));
    assert!(holds("Null", &["true"], none) && !holds("Null", &["false"], none));
    assert!(
        holds("Null", &["false"], r#"{"k:k":"a"}"#) && holds("Null", &["true"], r#"{"k:k":null}"#)
    );
}

#[test]
fn several_values() {
    let two = r#"{"k:k":["a","b"]}"#;
    assert!(!holds("StringEquals", &["a"], two) && !holds("StringNotEquals", &["c"], two));
    assert!(holds("ForAllValues:StringEquals", &["a", "b", "c"], two));
    assert!(!holds("ForAllValues:StringEquals", &["a"], two));
    assert!(holds("ForAnyValue:StringLike", &["b*"], two));
    assert!(holds("ForAnyValue:StringNotEquals", &["a"], two));
    assert!(!holds("ForAllValues:StringNotEquals", &["a"], two));
    assert!(holds("ForAllValues:StringEquals", &["a"], r#"{"k:k":"a"}"#));
    assert!(holds("ForAllValues:StringEquals", &["a"], r#"{"k:k":[]}"#));
}

#[test]
fn variables() {
    let bob = r#"{"k:k":"bob","aws:username":"bob"}"#;
    assert!(holds("StringEquals", &["${aws:UserName}"], bob));
    assert!(holds("StringLike", &["b${k:none, 'o'}b"], bob));
    assert!(!holds("StringEquals", &["${aws:none}"], bob));
    assert!(holds("StringNotEquals", &["${aws:none}"], bob));
    assert!(!holds("StringNotEquals", &["${aws:none}", "bob"], bob));
    assert!(holds("StringNotEquals", &["${aws:none}"], "{}"));
    let empty = r#"{"k:k":"","aws:username":""}"#;
    assert!(!holds("StringEquals", &["${aws:username}"], empty));
    assert!(holds("StringNotLike", &["${aws:username}*"], empty));
    assert!(holds("StringEquals", &["${aws:username, ''}"], empty));
    assert!(holds("StringEqualsIfExists", &["${aws:none}"], "{}"));
    let star = r#"{"k:k":"bob","aws:username":"b*"}"#;
    assert!(!holds("StringLike", &["${aws:username}"], star));
    let arn = r#"{"k:k":"arn:aws:iam::1:user/bob","aws:username":"bob"}"#;
    assert!(holds(
        "ArnLike",
        &["arn:aws:iam::*:user/${aws:username}"],
        arn
    ));
    assert!(holds(
        "ArnNotLike",
        &["arn:aws:iam::*:user/${aws:none}"],
        arn
    ));
    assert!(holds("StringEquals", &["a${*}"], r#"{"k:k":"a*"}"#));
}

#[test]
fn no_values() {
    assert!(!holds("StringEquals", &[], r#"{"k:k":"a"}"#));
    assert!(holds("StringNotEquals", &[], r#"{"k:k":"a"}"#));
}

#[test]
fn implications_seen_by_a_quick_check() {
    let clause = |operator: &str, values: &[&str]| {
        Clause::new(operator, "k:k", values.iter().copied(), true)
    };
    let one = clause("StringEquals", &["${a:b}"]);
    assert!(one.plainly_implies(&clause("StringEquals", &["${a:b}", "x"])));
    assert!(one.plainly_implies(&clause("StringEqualsIfExists", &["${a:b}"])));
    assert!(
        !clause("StringEqualsIfExists", &["a"]).plainly_implies(&clause("StringEquals", &["a"]))
    );
    assert!(
        clause("StringNotEquals", &["a", "b"]).plainly_implies(&clause("StringNotEquals", &["a"]))
    );
    assert!(
        !clause("StringNotEquals", &["a"]).plainly_implies(&clause("StringNotEquals", &["a", "b"]))
    );
    let literal = |operator: &str, values: &[&str]| {
        Clause::new(operator, "k:k", values.iter().copied(), false)
    };
    for (operator, values) in [("StringLike", ["${a:b}/*"]), ("StringNotLike", ["${a:b}"])] {
        let (variable, text) = (clause(operator, &values), literal(operator, &values));
        assert!(!variable.plainly_implies(&text) && !text.plainly_implies(&variable));
        assert!(text.plainly_implies(&text));
    }
    assert!(literal("Bool", &["true"]).plainly_implies(&clause("Bool", &["true"])));
}
