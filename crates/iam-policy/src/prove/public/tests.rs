use super::*;
use crate::document::{Document, PolicyType};

fn is_closed(version: &str, statements: &str) -> bool {
    let text = format!(r#"{{"Version":"{version}","Statement":[{statements}]}}"#);
    let document = Document::parse(&text, PolicyType::Resource).unwrap();
    check_no_public_access(&Ruleset::compile(&document)).is_pass()
}

fn statement(rest: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*",{rest}}}"#)
}

fn check(closed: bool, all: &[&str]) {
    for rest in all {
        assert_eq!(is_closed("2012-10-17", &statement(rest)), closed, "{rest}");
    }
}

/// Everybody under a condition.
fn when(closed: bool, conditions: &[&str]) {
    for condition in conditions {
        let rest = format!(r#""Principal":"*","Condition":{{{condition}}}"#);
        assert_eq!(
            is_closed("2012-10-17", &statement(&rest)),
            closed,
            "{condition}"
        );
    }
}

/// Who signs in with a provider, under a condition.
fn signed_in(closed: bool, provider: &str, conditions: &[&str]) {
    for condition in conditions {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{{condition}}}}}]}}"#
        );
        let document = Document::parse(&text, PolicyType::Trust).unwrap();
        let result = check_no_public_access(&Ruleset::compile(&document));
        assert_eq!(result.is_pass(), closed, "{condition}");
    }
}

#[test]
fn principals_by_themselves() {
    check(
        true,
        &[
            r#""Principal":{"AWS":"111111111111"}"#,
            r#""Principal":{"Service":"logs.amazonaws.com"}"#,
            r#""Principal":{"Federated":"arn:aws:iam::111111111111:saml-provider/corp"}"#,
            r#""Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/id.example.com"}"#,
        ],
    );
    check(
        false,
        &[
            r#""Principal":"*""#,
            r#""Principal":{"AWS":"*"}"#,
            r#""Principal":{"Service":"*"}"#,
            r#""Principal":{"Federated":"*"}"#,
            r#""Principal":{"CanonicalUser":"*"}"#,
            r#""NotPrincipal":{"AWS":"111111111111"}"#,
        ],
    );
}

#[test]
fn fixed_values_of_what_strangers_cannot_choose_are_a_limit() {
    when(
        true,
        &[
            r#""StringEquals":{"aws:PrincipalOrgID":"o-1"}"#,
            r#""StringEquals":{"aws:PrincipalAccount":["111111111111","222222222222"]}"#,
            r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/*"}"#,
            r#""StringLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/x*"}"#,
            r#""StringEquals":{"aws:SourceVpce":"vpce-1"}"#,
            r#""StringEquals":{"aws:SourceOwner":"111111111111"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:s3:::ours"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111111111111:*"}"#,
            r#""StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:111111111111:accesspoint/*"}"#,
            r#""StringEquals":{"s3:DataAccessPointAccount":"111111111111"}"#,
            r#""StringLike":{"aws:userid":["AROAOURS:*","AIDAOURS"]}"#,
            r#""StringEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:eu-west-1:111111111111:key/1"}"#,
            r#""Bool":{"elasticfilesystem:AccessedViaMountTarget":"true"}"#,
            r#""ForAnyValue:StringEquals":{"aws:PrincipalServiceNamesList":"cloudtrail.amazonaws.com"}"#,
            r#""ArnLike":{"ec2:SourceInstanceARN":"arn:aws:ec2:*:111111111111:instance/*"}"#,
            r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-1/r-1/*"}"#,
            r#""StringEquals":{"aws:PrincipalServiceName":"cloudtrail.amazonaws.com"}"#,
            r#""IpAddress":{"aws:SourceIp":["203.0.113.0/24","20.0.0.0/8","2001:db8::/32"]}"#,
        ],
    );
}

#[test]
fn wildcards_and_what_a_stranger_can_have_are_none() {
    when(
        false,
        &[
            r#""Bool":{"aws:SecureTransport":"true"}"#,
            r#""Bool":{"aws:PrincipalIsAWSService":"true"}"#,
            r#""StringEquals":{"aws:PrincipalTag/team":"ours"}"#,
            r#""StringEquals":{"aws:username":"root-admin"}"#,
            r#""StringLike":{"aws:userid":"*:deploy"}"#,
            r#""StringLike":{"aws:userid":"AROA*:deploy"}"#,
            r#""StringLike":{"aws:PrincipalAccount":"1111????????"}"#,
            r#""StringLike":{"aws:PrincipalOrgID":"o-*"}"#,
            r#""StringLike":{"aws:SourceVpc":"vpc-0*"}"#,
            r#""Bool":{"elasticfilesystem:AccessedViaMountTarget":"false"}"#,
            r#""ForAllValues:StringEquals":{"aws:PrincipalServiceNamesList":"cloudtrail.amazonaws.com"}"#,
            r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/deploy"}"#,
            r#""StringLike":{"aws:PrincipalArn":"*111111111111*"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:s3:::ours*"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:sqs:*:11111111111?:q"}"#,
            r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-*/r-1/*"}"#,
        ],
    );
}

#[test]
fn a_limit_must_hold_when_the_key_is_missing_too() {
    when(
        false,
        &[
            r#""StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}"#,
            r#""StringNotEquals":{"aws:PrincipalOrgID":"o-1"}"#,
            r#""ForAllValues:StringEquals":{"aws:PrincipalOrgPaths":"o-1/r-1/"}"#,
            r#""ForAllValues:StringEquals":{"aws:SourceVpce":"vpce-1"}"#,
            r#""IpAddressIfExists":{"aws:SourceIp":"203.0.113.0/24"}"#,
            r#""ForAllValues:IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#,
            r#""Null":{"aws:PrincipalOrgID":"false"}"#,
        ],
    );
}

#[test]
fn wide_ranges_of_addresses_are_none() {
    when(
        false,
        &[
            r#""IpAddress":{"aws:SourceIp":"0.0.0.0/0"}"#,
            r#""IpAddress":{"aws:SourceIp":["203.0.113.0/24","96.0.0.0/7"]}"#,
            r#""IpAddress":{"aws:SourceIp":"2001:db0::/31"}"#,
            r#""NotIpAddress":{"aws:SourceIp":["203.0.113.0/24","198.51.100.0/24"]}"#,
            r#""NotIpAddress":{"aws:SourceIp":"2001:db8::/32"}"#,
        ],
    );
}

#[test]
fn what_is_denied_again_is_not_open() {
    let open = statement(r#""Principal":"*""#);
    let with = |deny: &str| {
        let deny = format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{{{deny}}}}}"#
        );
        is_closed("2012-10-17", &format!("{open},{deny}"))
    };
    assert!(with(
        r#""StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}"#
    ));
    assert!(with(r#""NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#));
    assert!(with(
        r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:*"}"#
    ));
    assert!(!with(r#""StringEquals":{"aws:PrincipalOrgID":"o-1"}"#));
    assert!(!with(r#""NotIpAddress":{"aws:SourceIp":"128.0.0.0/1"}"#));
    assert!(!with(r#""StringNotLike":{"aws:PrincipalOrgID":"o-a*"}"#));
}

#[test]
fn variables_depend_on_the_version() {
    let own = statement(
        r#""Principal":"*","Condition":{"StringLike":{"aws:PrincipalOrgID":"${aws:PrincipalOrgID}"}}"#,
    );
    assert!(is_closed("2008-10-17", &own));
    assert!(!is_closed("2012-10-17", &own));
}

#[test]
fn of_shared_providers_only_what_names_somebody_is_a_limit() {
    let github = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com";
    signed_in(
        true,
        github,
        &[
            r#""StringLike":{"token.actions.githubusercontent.com:sub":"repo:us/*"}"#,
            r#""StringEquals":{"token.actions.githubusercontent.com:sub":"repo:us/app:ref:refs/heads/main"}"#,
            r#""StringEquals":{"token.actions.githubusercontent.com:repository_owner_id":"42"}"#,
        ],
    );
    signed_in(
        false,
        github,
        &[
            "",
            r#""StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}"#,
            r#""StringEquals":{"token.actions.githubusercontent.com:environment":"production"}"#,
            r#""StringLike":{"token.actions.githubusercontent.com:sub":"repo:*"}"#,
            r#""StringLike":{"token.actions.githubusercontent.com:sub":"repo:us*"}"#,
            r#""StringLike":{"token.actions.githubusercontent.com:sub":"*:environment:production"}"#,
            r#""StringLikeIfExists":{"token.actions.githubusercontent.com:sub":"repo:us/*"}"#,
        ],
    );
    let gitlab = "arn:aws:iam::111111111111:oidc-provider/gitlab.com";
    signed_in(
        true,
        gitlab,
        &[r#""StringLike":{"gitlab.com:sub":"project_path:us/app:*"}"#],
    );
    signed_in(
        false,
        gitlab,
        &[
            r#""StringEquals":{"gitlab.com:aud":"https://gitlab.com"}"#,
            r#""StringLike":{"gitlab.com:sub":"project_path:*/app:ref_type:branch:ref:main"}"#,
        ],
    );
    let terraform = "arn:aws:iam::111111111111:oidc-provider/app.terraform.io";
    signed_in(
        true,
        terraform,
        &[r#""StringLike":{"app.terraform.io:sub":"organization:us:project:*"}"#],
    );
    signed_in(
        false,
        terraform,
        &[
            r#""StringEquals":{"app.terraform.io:aud":"aws.workload.identity"}"#,
            r#""StringLike":{"app.terraform.io:sub":"organization:*:run_phase:plan"}"#,
        ],
    );
    signed_in(
        true,
        "cognito-identity.amazonaws.com",
        &[r#""StringEquals":{"cognito-identity.amazonaws.com:aud":"eu-west-1:1"}"#],
    );
    signed_in(
        false,
        "cognito-identity.amazonaws.com",
        &[r#""ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}"#],
    );
}
