//! Kinds of pairs that look alike and are not: each must not pass, whatever the order of proof.

use super::*;

fn versioned(version: &str, statements: &str, policy_type: PolicyType) -> Ruleset {
    let text = format!(r#"{{{version}"Statement":[{statements}]}}"#);
    Ruleset::compile(&Document::parse(&text, policy_type).unwrap())
}

const OLD: &str = r#""Version":"2008-10-17","#;
const NEW: &str = r#""Version":"2012-10-17","#;

fn fails(reference: &Ruleset, candidate: &Ruleset) {
    match check_no_new_access(reference, candidate) {
        CheckResult::Fail { witness, .. } => {
            assert!(
                candidate.allows(&witness) && !reference.allows(&witness),
                "{witness:?}"
            );
        }
        other => panic!("{other:?}: {candidate:?} within {reference:?}"),
    }
}

#[test]
fn the_version_decides_what_a_variable_is() {
    let home = allow(
        r#""s3:ListBucket""#,
        r#""arn:aws:s3:::homes""#,
        r#""StringLike":{"s3:prefix":"${aws:userid}/*"}"#,
    );
    let new = versioned(NEW, &home, PolicyType::Identity);
    for old in ["", OLD] {
        let old = versioned(old, &home, PolicyType::Identity);
        fails(&old, &new);
        fails(&new, &old);
        assert!(check_no_new_access(&old, &old).is_pass());
    }
    let all = allow(r#""s3:*""#, r#""*""#, "");
    let kept = r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringNotLike":{"s3:prefix":"${aws:userid}/*"}}}"#;
    let both = format!("{all},{kept}");
    let (old, new) = (
        versioned(OLD, &both, PolicyType::Identity),
        versioned(NEW, &both, PolicyType::Identity),
    );
    fails(&new, &old);
    fails(&old, &new);
}

#[test]
fn values_of_variables_may_hold_colons() {
    let get = |resource: &str| identity(&allow(r#""s3:GetObject""#, resource, ""));
    for (wide, narrow) in [
        (
            r#""arn:aws:s3:*:1:bucket/x""#,
            r#""arn:aws:s3:${aws:PrincipalTag/r}:1:bucket/x""#,
        ),
        (
            r#""arn:aws:s3:::b*""#,
            r#""arn:aws:${aws:PrincipalTag/s}:::b""#,
        ),
        (
            r#""arn:aws:s3::1*:x""#,
            r#""arn:aws:s3::1${aws:PrincipalTag/r}1:x""#,
        ),
    ] {
        fails(&get(wide), &get(narrow));
    }
    let home = r#""arn:aws:s3:::home/${aws:username}/*""#;
    assert!(check_no_new_access(&get(r#""arn:aws:s3:*:*:home/*""#), &get(home)).is_pass());
    assert!(check_no_new_access(&get(home), &get(home)).is_pass());
}

#[test]
fn bounds_at_the_limits_have_neighbours() {
    let when = |operator: &str, key: &str, value: &str| {
        let condition = format!(r#""{operator}":{{"{key}":"{value}"}}"#);
        identity(&allow(r#""s3:GetObject""#, r#""*""#, &condition))
    };
    let nothing = identity(&allow(r#""sqs:SendMessage""#, r#""*""#, ""));
    for (operator, value) in [
        ("DateGreaterThan", "99999999999999"),
        ("DateEquals", "-88888888888888"),
        ("DateLessThan", "0000-01-01T00:00:00Z"),
        ("DateGreaterThanEquals", "9999-12-31T23:59:59.999-99:00"),
        ("DateNotEquals", "9223372036854775"),
    ] {
        fails(&nothing, &when(operator, "aws:CurrentTime", value));
    }
    for (operator, value) in [
        ("NumericGreaterThan", "1.7e308"),
        ("NumericLessThan", "-1.7e308"),
        ("NumericGreaterThan", "0"),
        ("NumericLessThan", "5e-324"),
    ] {
        fails(&nothing, &when(operator, "s3:max-keys", value));
    }
    let (at_most, less) = (
        when("NumericLessThanEquals", "s3:max-keys", "1e300"),
        when("NumericLessThan", "s3:max-keys", "1e300"),
    );
    fails(&less, &at_most);
    assert!(check_no_new_access(&at_most, &less).is_pass());
}

#[test]
fn keys_that_nobody_knows_may_have_several_values() {
    let when = |condition: &str| identity(&allow(r#""s3:GetObject""#, r#""*""#, condition));
    let there = r#""Null":{"example:groups":"false"}"#;
    let any = r#""StringLike":{"example:groups":"*"}"#;
    fails(&when(any), &when(there));
    // A key that is known to have one value has one.
    let there = r#""Null":{"aws:username":"false"}"#;
    let any = r#""StringLike":{"aws:username":"*"}"#;
    assert!(check_no_new_access(&when(any), &when(there)).is_pass());
}

#[test]
fn a_deny_with_not_principal_is_about_everybody_with_a_boundary() {
    let read = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/r"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
    let deny = r#"{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111111111111:role/r"},"Action":"s3:*","Resource":"arn:aws:s3:::b/*"}"#;
    let resource = |statements: &str| ruleset(statements, PolicyType::Resource);
    let (open, kept) = (resource(read), resource(&format!("{read},{deny}")));
    fails(&kept, &open);
    assert!(check_no_new_access(&open, &kept).is_pass());
    assert!(check_no_new_access(&kept, &kept).is_pass());
    // A service has no boundary.
    let service = r#"{"Effect":"Allow","Principal":{"Service":"logs.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}"#;
    let spared = r#"{"Effect":"Deny","NotPrincipal":{"Service":"logs.amazonaws.com"},"Action":"s3:*","Resource":"arn:aws:s3:::b/*"}"#;
    let kept = resource(&format!("{service},{spared}"));
    assert!(check_no_new_access(&kept, &resource(service)).is_pass());
}

#[test]
fn an_account_is_its_root() {
    let read = |principal: &str| {
        ruleset(
            &format!(
                r#"{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#
            ),
            PolicyType::Resource,
        )
    };
    let (account, root) = (read("111111111111"), read("arn:aws:iam::111111111111:root"));
    assert!(check_no_new_access(&account, &root).is_pass());
    assert!(check_no_new_access(&root, &account).is_pass());
}

#[test]
fn a_default_widens_and_never_narrows() {
    let get = |resource: &str| {
        let resource = format!(r#""arn:aws:s3:::b/{resource}""#);
        identity(&allow(r#""s3:GetObject""#, &resource, ""))
    };
    let within = |wide: &str, narrow: &str| check_no_new_access(&get(wide), &get(narrow)).is_pass();
    for (wide, narrow) in [
        ("${aws:username, 'x'}/*", "${aws:username}/*"),
        ("${aws:username, 'x'}/*", "${aws:userName}/${k:a}"),
        ("${k:a, 'x'}${k:b}*", "${k:a}${k:b}/y"),
    ] {
        assert!(within(wide, narrow), "{wide} {narrow}");
        assert!(!within(narrow, wide), "{narrow} {wide}");
    }
    for (one, other) in [
        ("${aws:username, 'x'}/*", "${aws:username, 'y'}/*"),
        ("${aws:username, 'x'}/*", "${aws:userid}/*"),
    ] {
        assert!(!within(one, other) && !within(other, one), "{one} {other}");
    }
}
