mod conditions;
mod properties;
mod unsound;

use super::*;
use crate::document::{Document, PolicyType};

fn ruleset(statements: &str, policy_type: PolicyType) -> Ruleset {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    match Document::parse(&text, policy_type) {
        Ok(document) => Ruleset::compile(&document),
        Err(error) => panic!("{error}: {text}"),
    }
}

fn identity(statements: &str) -> Ruleset {
    ruleset(statements, PolicyType::Identity)
}

fn check(reference: &str, candidate: &str) -> &'static str {
    let (reference, candidate) = (identity(reference), identity(candidate));
    match check_no_new_access(&reference, &candidate) {
        CheckResult::Pass => "pass",
        CheckResult::Undecided { .. } => "undecided",
        CheckResult::Fail { witness, .. } => {
            assert!(
                candidate.allows(&witness) && !reference.allows(&witness),
                "{witness:?}"
            );
            "fail"
        }
    }
}

fn allow(action: &str, resource: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Action":{action},"Resource":{resource},"Condition":{{{condition}}}}}"#
    )
}

/// Resources that are sorted by what they begin with are found as those that are compared one by one.
#[test]
fn many_denied_resources_are_met_where_few_are() {
    let denied = [
        "arn:aws:s3:::secret-a*",
        "arn:aws:s3:::secret-b/*",
        "arn:aws:sqs:*:*:a",
        "arn:aws:sqs:eu-west-1:111111111111:b*",
        "arn:*:kms:*:*:key/a",
        "arn:aws:ec2:?:*:instance/é*",
        "arn:aws:ec2:*:*:instance/è",
        "arn:aws:sn",
    ];
    let all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let without = |resources: &[&str]| {
        let resources = serde_json::json!(resources);
        format!(r#"{all},{{"Effect":"Deny","Action":"*","Resource":{resources}}}"#)
    };
    for resource in denied.into_iter().chain([
        "arn:aws:s3:::secret-c*",
        "arn:aws:s3:::secret*",
        "arn:aws:s3:::secret-b",
        "arn:aws:s3:*:*:secret-ab",
        "arn:aws:sqs:us-east-1:*:b",
        "arn:aws:sqs:*:*:?",
        "arn:aws-cn:kms:*:*:key/*",
        "arn:aws:kms:*:*:key/b",
        "arn:aws:ec2:a:*:instance/*",
        "arn:aws:sns:*:*:t",
        "arn:aws:rds:*:*:*",
        "*",
    ]) {
        let candidate = allow(r#""a:b""#, &format!("\"{resource}\""), "");
        let each = denied
            .iter()
            .any(|one| check(&without(&[*one]), &candidate) == "fail");
        let expected = if each { "fail" } else { "pass" };
        assert_eq!(check(&without(&denied), &candidate), expected, "{resource}");
    }
}

#[test]
fn products_and_unions() {
    let read = r#"{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}"#;
    let all = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let keep = r#"{"Effect":"Deny","Action":"s3:Delete*","Resource":"arn:aws:s3:::keep/*"}"#;
    assert_eq!(check(all, read), "pass");
    assert_eq!(check(read, all), "fail");
    assert_eq!(
        check(
            all,
            r#"{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}"#
        ),
        "pass"
    );
    let halves = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Allow","NotAction":"s3:*","Resource":"*"}"#;
    assert_eq!(check(halves, all), "pass");
    assert_eq!(check(&format!("{all},{keep}"), all), "fail");
    assert_eq!(
        check(&format!("{all},{keep}"), &format!("{all},{keep}")),
        "pass"
    );
    let stricter = r#"{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::k*"}"#;
    assert_eq!(
        check(&format!("{all},{keep}"), &format!("{all},{stricter}")),
        "pass"
    );
    assert_eq!(
        check(&format!("{all},{stricter}"), &format!("{all},{keep}")),
        "fail"
    );
    let outside =
        r#"{"Effect":"Allow","Action":"s3:DeleteObject","NotResource":"arn:aws:s3:::keep/*"}"#;
    assert_eq!(check(&format!("{all},{keep}"), outside), "pass");
}

#[test]
fn patterns_that_can_be_read_in_two_ways_pass_only_when_both_agree() {
    let on = |resource: &str| allow(r#""ec2:*""#, &format!(r#""{resource}""#), "");
    let wild = on("arn:aws:ec2:*:*:*/i-1");
    assert_eq!(check(&wild, &wild), "pass");
    assert_eq!(
        check(&on("arn:aws:ec2:*:*:instance/i-1"), &wild),
        "undecided"
    );
    assert_eq!(check(&on("arn:aws:ec2:*:*:*"), &wild), "pass");
    assert_eq!(check(&wild, &on("arn:aws:ec2:*:*:instance/i-1")), "fail");
}

#[test]
fn principals() {
    let on = |principal: &str| {
        let text = format!(
            r#"{{"Effect":"Allow","Principal":{principal},"Action":"s3:*","Resource":"*"}}"#
        );
        ruleset(&text, PolicyType::Resource)
    };
    let role = r#"{"AWS":"arn:aws:iam::111111111111:role/r"}"#;
    for (reference, candidate, expected) in [
        (r#"{"AWS":"111111111111"}"#, role, true),
        (
            role,
            r#"{"AWS":"arn:aws:sts::111111111111:assumed-role/r/s"}"#,
            true,
        ),
        (role, r#"{"AWS":"111111111111"}"#, false),
        (
            r#""*""#,
            r#"{"Service":"ec2.amazonaws.com","AWS":"*"}"#,
            true,
        ),
        (r#"{"AWS":"222222222222"}"#, role, false),
    ] {
        let verdict = check_no_new_access(&on(reference), &on(candidate));
        assert_eq!(
            verdict.is_pass(),
            expected,
            "{reference} {candidate} {verdict:?}"
        );
    }
}

#[test]
fn access_that_must_not_be_granted() {
    let access = |action: &str, resource: &str| Access {
        actions: if action.is_empty() {
            vec![]
        } else {
            vec![action.to_owned()]
        },
        resources: if resource.is_empty() {
            vec![]
        } else {
            vec![resource.to_owned()]
        },
    };
    let policy = identity(
        r#"{"Sid":"R","Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::a/*"},
           {"Effect":"Deny","Action":"s3:GetObjectAcl","Resource":"*"}"#,
    );
    for (action, resource, expected) in [
        ("s3:GetObject", "", false),
        ("s3:GetObjectAcl", "", true),
        ("s3:PutObject", "", true),
        ("", "arn:aws:s3:::a/x", false),
        ("", "arn:aws:s3:::b/*", true),
        ("s3:GetObject", "arn:aws:s3:::b/*", true),
        ("s3:*", "arn:aws:s3:::*", false),
        ("", "", false),
    ] {
        let verdict = check_access_not_granted(&policy, &[access(action, resource)]);
        assert_eq!(verdict.is_pass(), expected, "{action} {resource}");
    }
    let CheckResult::Fail { statement, witness } =
        check_access_not_granted(&policy, &[access("", "")])
    else {
        panic!("granted")
    };
    assert_eq!(statement.sid.as_deref(), Some("R"));
    assert!(policy.allows(&witness));
}

#[test]
fn verdicts_are_written_as_the_command_promises() {
    let (small, big) = (
        allow(r#""s3:GetObject""#, r#""*""#, ""),
        allow(r#""*""#, r#""*""#, ""),
    );
    let verdict = check_no_new_access(&identity(&big), &identity(&small));
    let text = serde_json::to_string(&verdict).unwrap();
    assert_eq!(
        text,
        r#"{"result":"pass","undecided":false,"witness":null,"statement":null}"#
    );
    let verdict = check_no_new_access(&identity(&small), &identity(&big));
    let json: serde_json::Value = serde_json::to_value(&verdict).unwrap();
    assert_eq!(json["result"], "fail");
    assert_eq!(json["statement"]["index"], 0);
    let request: Request = serde_json::from_value(json["witness"].clone()).unwrap();
    assert!(identity(&big).allows(&request));
    assert_eq!(json["witness"]["action"], "iam:CreateAccessKey");
    assert_eq!(
        json["witness"]["resource"],
        "arn:aws:iam::999999999999:user/example"
    );
}

#[test]
fn adversarial_policies_end_undecided() {
    let star = format!("arn:aws:s3:::{}b", "*a".repeat(1500));
    let other = format!("arn:aws:s3:::{}c", "*b?a".repeat(700));
    let (one, two) = (
        identity(&allow(r#""*""#, &format!("\"{star}\""), "")),
        identity(&allow(r#""*""#, &format!("\"{other}\""), "")),
    );
    assert!(!check_no_new_access(&one, &two).is_pass());
    assert!(check_no_new_access(&one, &one).is_pass());
}
