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

/// Values that AWS may read in another way than this crate, or not at all, with operator and key.
const DOUBTFUL: [(&str, &str, &str); 34] = [
    (
        "DateLessThan",
        "aws:CurrentTime",
        r#""10000-01-01T00:00:00Z""#,
    ),
    (
        "DateGreaterThan",
        "aws:CurrentTime",
        r#""2020-01-01T0:00:00Z""#,
    ),
    ("DateGreaterThan", "aws:CurrentTime", r#""2020-1-1""#),
    ("DateGreaterThan", "aws:CurrentTime", r#""0""#),
    ("DateGreaterThan", "aws:CurrentTime", r#""2020-01-01T10""#),
    ("DateGreaterThan", "aws:CurrentTime", r#""2020-02-30""#),
    ("DateGreaterThan", "aws:CurrentTime", r#""soon""#),
    (
        "DateNotEquals",
        "aws:CurrentTime",
        r#""10000-01-01T00:00:00Z""#,
    ),
    (
        "DateLessThan",
        "aws:CurrentTime",
        r#"["10000-01-01","-10000-01-01"]"#,
    ),
    ("DateLessThan", "aws:CurrentTime", "[]"),
    ("ArnLike", "aws:PrincipalArn", r#""*""#),
    ("ArnLike", "aws:PrincipalArn", r#""arn:aws:iam::*""#),
    ("ArnEquals", "aws:PrincipalArn", r#""arn:*""#),
    ("ArnNotLike", "aws:PrincipalArn", r#""nobody""#),
    ("ForAnyValue:ArnLike", "aws:PrincipalArn", r#""*""#),
    ("NumericLessThan", "s3:max-keys", r#""10d""#),
    ("NumericLessThan", "s3:max-keys", r#""inf""#),
    ("NumericLessThan", "s3:max-keys", r#""0x10""#),
    ("NumericNotEquals", "s3:max-keys", r#""ten""#),
    ("NumericLessThan", "s3:max-keys", r#""${k:a}""#),
    ("IpAddress", "aws:SourceIp", r#""010.0.0.0/8""#),
    ("IpAddress", "aws:SourceIp", r#""0.0.0.0/+0""#),
    ("IpAddress", "aws:SourceIp", r#""10.0.0.1-10.0.0.9""#),
    ("NotIpAddress", "aws:SourceIp", r#""10""#),
    ("Bool", "aws:SecureTransport", r#""yes""#),
    ("Bool", "aws:SecureTransport", r#""1""#),
    ("Bool", "aws:SecureTransport", "[]"),
    ("Null", "aws:username", r#""no""#),
    ("Null", "aws:username", "[]"),
    ("BinaryEquals", "k:a", r#""QmluYXJ5QQ""#),
    ("StringEquals", "aws:username", "[]"),
    ("StringLike", "aws:username", "[]"),
    ("ForAnyValue:StringLike", "aws:TagKeys", "[]"),
    ("stringEqualz", "aws:username", r#""a""#),
];

#[test]
fn what_aws_may_read_otherwise_limits_nothing() {
    let all = allow(r#""*""#, r#""*""#, "");
    let nothing = identity(&allow(r#""sqs:SendMessage""#, r#""*""#, ""));
    for (operator, key, values) in DOUBTFUL {
        let condition = format!(r#""{operator}":{{"{key}":{values}}}"#);
        let limited = identity(&allow(r#""*""#, r#""*""#, &condition));
        // Whatever it permits may be everything.
        assert!(
            !check_no_new_access(&nothing, &limited).is_pass(),
            "{condition}"
        );
        let access = [Access::default()];
        assert!(
            !check_access_not_granted(&limited, &access).is_pass(),
            "{condition}"
        );
        // What it denies may be nothing, and everything.
        let deny = format!(
            r#"{{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{{{condition}}}}}"#
        );
        let denying = identity(&format!("{all},{deny}"));
        let rest = identity(r#"{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}"#);
        assert!(
            !check_no_new_access(&rest, &denying).is_pass(),
            "{condition}"
        );
        assert!(
            !check_no_new_access(&denying, &identity(&all)).is_pass(),
            "{condition}"
        );
        // It is itself all the same.
        assert!(
            check_no_new_access(&limited, &limited).is_pass(),
            "{condition}"
        );
        assert!(
            check_no_new_access(&denying, &denying).is_pass(),
            "{condition}"
        );
        // Two lists with it are not one within the other as their values are.
        let more = identity(&allow(
            r#""*""#,
            r#""*""#,
            &condition.replace(values, r#"["a","b"]"#),
        ));
        assert!(
            !check_no_new_access(&more, &limited).is_pass(),
            "{condition}"
        );
    }
}

#[test]
fn strangers_may_meet_what_aws_may_read_otherwise() {
    for (operator, key, values) in DOUBTFUL {
        let condition = format!(r#""{operator}":{{"{key}":{values}}}"#);
        let open = format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{{{condition}}}}}"#
        );
        let open = ruleset(&open, PolicyType::Resource);
        assert!(!check_no_public_access(&open).is_pass(), "{condition}");
    }
}

#[test]
fn numbers_that_read_alike_are_not_the_same() {
    let when = |operator: &str, value: &str| {
        let condition = format!(r#""{operator}":{{"s3:max-keys":"{value}"}}"#);
        identity(&allow(r#""s3:GetObject""#, r#""*""#, &condition))
    };
    for (wide, narrow) in [
        ("9007199254740992", "9007199254740993"),
        ("0", "1e-400"),
        ("5e-324", "4e-324"),
    ] {
        let (wide, narrow) = (
            when("NumericLessThanEquals", wide),
            when("NumericLessThanEquals", narrow),
        );
        assert!(!check_no_new_access(&wide, &narrow).is_pass());
    }
}

#[test]
fn what_aws_reads_in_one_way_is_compared() {
    let when = |operator: &str, key: &str, value: &str| {
        let condition = format!(r#""{operator}":{{"{key}":"{value}"}}"#);
        identity(&allow(r#""s3:GetObject""#, r#""*""#, &condition))
    };
    for (operator, key, wide, narrow) in [
        (
            "DateLessThan",
            "aws:CurrentTime",
            "2026-05-03",
            "2026-05-02T10:00:00Z",
        ),
        ("NumericLessThan", "s3:max-keys", "10.5", "10"),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8", "10.1.0.0/16"),
        ("Bool", "aws:SecureTransport", "true", "TRUE"),
        (
            "ArnLike",
            "aws:PrincipalArn",
            "arn:aws:iam::*:role/*",
            "arn:aws:iam::1:role/a",
        ),
    ] {
        let (wide, narrow) = (when(operator, key, wide), when(operator, key, narrow));
        assert!(check_no_new_access(&wide, &narrow).is_pass(), "{operator}");
    }
}
