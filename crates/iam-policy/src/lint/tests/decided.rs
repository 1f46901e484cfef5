//! What Access Analyzer and IAM decide by the action, the day, the service.

use super::*;

#[test]
fn linked_roles_are_open_with_a_wildcard_in_front() {
    let create = |role: &str| {
        let found = identity(&format!(
            r#"{{"Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":"arn:aws:iam::*:role/{role}"}}"#
        ));
        found
            .iter()
            .any(|(code, _)| *code == "CREATE_SLR_WITH_STAR_IN_RESOURCE")
    };
    assert!(create("*") && create("*/AWSServiceRoleForBatch"));
    assert!(!create(
        "aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch*"
    ));
}

#[test]
fn days_that_do_not_exist_are_seen() {
    let dated = |date: &str| {
        let found = identity(&format!(
            r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{{"DateGreaterThan":{{"aws:CurrentTime":"{date}"}}}}}}"#
        ));
        found.iter().any(|(code, _)| *code == "INVALID_DATE_VALUE")
    };
    assert!(dated("2027-04-31T08:00:00Z") && !dated("2027-04-30T08:00:00Z"));
}

#[test]
fn trust_policies_are_about_sts() {
    let trust = |action: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"111111111111"}},"Action":"{action}"}}]}}"#
        );
        let own = Options { own_codes: true };
        let report = lint(&text, PolicyType::Trust, own);
        let found = report.findings().iter();
        let own = found
            .filter(|finding| finding.code() == Code::OwnActionNotOfSts)
            .count();
        (report.grammar().is_ok(), own)
    };
    assert_eq!(trust("sqs:SendMessage"), (false, 1));
    for action in ["sts:AssumeRole", "STS:*"] {
        assert_eq!(trust(action), (true, 0), "{action}");
    }
    assert_eq!(trust("*"), (true, 1), "taken, but it names all services");
}

#[test]
fn a_variable_is_no_partition() {
    let valid = |partition: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sqs:*","Resource":"arn:{partition}:sqs:*:*:q"}}]}}"#
        );
        check_grammar(&text, PolicyType::Identity).is_ok()
    };
    assert!(valid("aws") && valid("*") && valid("aws-cn"));
    assert!(!valid("${aws:PrincipalTag/partition}"));
}

#[test]
fn operators_and_effects_are_suggested() {
    let message = |statement: &str| {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let report = lint(&text, PolicyType::Identity, Options::default());
        let all: Vec<&str> = report.findings().iter().map(|f| f.message()).collect();
        all.join(" ")
    };
    for (operator, meant) in [
        ("StringEqual", "StringEquals"),
        ("StringLikes", "StringLike"),
        ("ForAnyValues:StringLike", "ForAnyValue:StringLike"),
        ("NumericLessThenIfExists", "NumericLessThanIfExists"),
    ] {
        let found = message(&format!(
            r#"{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{{"{operator}":{{"s3:prefix":"a"}}}}}}"#
        ));
        assert!(
            found.contains(&format!("did you mean `{meant}`?")),
            "{found}"
        );
    }
    let found = message(r#"{"Effect":"allow","Action":"s3:*","Resource":"*"}"#);
    assert!(found.contains("did you mean `Allow`?"), "{found}");
}

/// The own codes of a policy with one statement.
fn own(statement: &str, policy_type: PolicyType) -> Vec<&'static str> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    let report = lint(&text, policy_type, Options { own_codes: true });
    let names = report.findings().iter().map(|found| found.code().name());
    names
        .filter(|name| name.starts_with("IAM_POLICY_"))
        .collect()
}

#[test]
fn conditions_that_may_be_read_otherwise_are_told() {
    let with = |condition: &str| {
        let statement = format!(
            r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{{{condition}}}}}"#
        );
        own(&statement, PolicyType::Identity)
    };
    for doubtful in [
        r#""DateLessThan":{"aws:CurrentTime":"10000-01-01T00:00:00Z"}"#,
        r#""ArnLike":{"aws:PrincipalArn":"*"}"#,
        r#""StringEquals":{"aws:username":[]}"#,
    ] {
        assert_eq!(
            with(doubtful),
            ["IAM_POLICY_CONDITION_MAY_LIMIT_NOTHING"],
            "{doubtful}"
        );
    }
    assert_eq!(
        with(r#""DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}"#),
        [""; 0]
    );
}

#[test]
fn keys_of_providers_that_nobody_names_are_told() {
    let trust = |provider: &str, key: &str| {
        let statement = format!(
            r#"{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringEquals":{{"{key}":"a"}}}}}}"#
        );
        own(&statement, PolicyType::Trust)
    };
    let named = "arn:aws:iam::111111111111:oidc-provider/idp.example";
    assert_eq!(trust(named, "idp.example:sub"), [""; 0]);
    assert_eq!(trust(named, "accounts.google.com:sub"), [""; 0]);
    assert_eq!(trust(named, "SAML:aud"), [""; 0]);
    assert_eq!(
        trust(named, "x.example:sub"),
        ["IAM_POLICY_UNKNOWN_CONDITION_KEY"]
    );
}

#[test]
fn patterns_that_can_be_used_on_nothing_named_never_match() {
    let never = |action: &str, resource: &str| {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}}}"#
        );
        let report = lint(&text, PolicyType::Identity, Options { own_codes: true });
        let mut found = report.findings().iter();
        found.any(|finding| finding.code() == Code::OwnResourceNeverMatches)
    };
    for (action, resource, expected) in [
        ("s3:GetObject*", "arn:aws:s3:::b", true),
        ("s3:GetObject*", "arn:aws:s3:::b/*", false),
        ("s3:Get*", "arn:aws:s3:::b", false),
        ("s3:ListBucket*", "arn:aws:s3:::b/*", true),
        ("sqs:Send*", "arn:aws:sns:r:111111111111:t", true),
        ("sqs:Nothing*", "arn:aws:sqs:r:111111111111:q", false),
        ("sqs:*", "arn:aws:sqs:r:111111111111:q", false),
        ("kms:*Alias*", "arn:aws:s3:::b", true),
        ("*:Send*", "arn:aws:s3:::b", false),
        // Its types have ARNs of two forms.
        (
            "apigateway:GET",
            "arn:aws:apigateway:eu-west-1::/restapis/a/stages/b",
            false,
        ),
        (
            "apigateway:GET",
            "arn:aws:apigateway:eu-west-1::/apis/a/stages/b",
            false,
        ),
        (
            "greengrass:GetDeployment",
            "arn:aws:greengrass:r:111111111111:deployments:a",
            false,
        ),
        ("lex:DeleteBot", "arn:aws:lex:r:111111111111:bot:a", false),
    ] {
        assert_eq!(never(action, resource), expected, "{action} {resource}");
    }
}
