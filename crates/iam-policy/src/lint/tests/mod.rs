mod decided;
mod every_code;
mod quoted;

use super::*;

fn codes(text: &str, policy_type: PolicyType) -> Vec<(&'static str, String)> {
    let report = lint(text, policy_type, Options::default());
    report
        .findings()
        .iter()
        .map(|finding| (finding.code().name(), finding.path().to_string()))
        .collect()
}

fn identity(statement: &str) -> Vec<(&'static str, String)> {
    codes(
        &format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#),
        PolicyType::Identity,
    )
}

fn check(statement: &str, expected: &[(&str, &str)]) {
    let found = identity(statement);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(code, path)| (*code, path.as_str()))
        .collect();
    assert_eq!(found, expected, "{statement}");
}

fn with_condition(condition: &str, expected: &[(&str, &str)]) {
    let statement = format!(
        r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{condition}}}"#
    );
    let expected: Vec<(&str, String)> = expected
        .iter()
        .map(|(code, path)| (*code, format!("Statement[0].Condition.{path}")))
        .collect();
    assert_eq!(identity(&statement), expected, "{condition}");
}

#[test]
fn a_good_policy_has_no_findings() {
    check(
        r#"{"Sid":"Read","Effect":"Allow","Action":["s3:GetObject","S3:list*"],"Resource":["arn:aws:s3:::b/${aws:username}/*","*"],
            "Condition":{"Bool":{"aws:SecureTransport":"true"},"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]},
            "StringLike":{"s3:prefix":"x/*"},"DateLessThan":{"aws:CurrentTime":"2026-05-02T00:00:00Z"}}}"#,
        &[("REDUNDANT_RESOURCE", "Statement[0].Resource[0]")],
    );
}

#[test]
fn names_of_actions_are_known() {
    check(
        r#"{"Effect":"Allow","Action":["s3:GetObjcet","s4:GetObject","s3:Fly*","GetObject","z*:GetObject","ec2:${x}"],"Resource":"*"}"#,
        &[
            ("INVALID_ACTION", "Statement[0].Action[0]"),
            ("INVALID_SERVICE_IN_ACTION", "Statement[0].Action[1]"),
            ("INVALID_ACTION", "Statement[0].Action[2]"),
            ("INVALID_ACTION", "Statement[0].Action[3]"),
            ("WILDCARD_IN_SERVICE_NAME", "Statement[0].Action[4]"),
            ("VARIABLE_UNSUPPORTED_IN_ELEMENT", "Statement[0].Action[5]"),
        ],
    );
    let report = lint(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObjcet","Resource":"*"}}"#,
        PolicyType::Identity,
        Options::default(),
    );
    assert_eq!(
        report.findings()[0].message(),
        "the action `s3:GetObjcet` does not exist; did you mean `s3:GetObject`?"
    );
}

#[test]
fn redundancy_is_told_once_per_group() {
    check(
        r#"{"Effect":"Allow","Action":["sns:ListTopics","sns:listtopics","sqs:SendMessage","sns:List*"],"Resource":["arn:aws:s3:::a*","arn:aws:s3:::a*/*"]}"#,
        &[
            ("REDUNDANT_ACTION", "Statement[0].Action[0]"),
            ("REDUNDANT_RESOURCE", "Statement[0].Resource[0]"),
        ],
    );
    let same = r#"{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}"#;
    check(
        &format!("{same},{same}"),
        &[("REDUNDANT_STATEMENT", "Statement[0]")],
    );
}

#[test]
fn passing_any_role_is_a_warning() {
    check(
        r#"{"Effect":"Allow","Action":["iam:PassRole","iam:CreateServiceLinkedRole"],"Resource":"*"}"#,
        &[
            ("PASS_ROLE_WITH_STAR_IN_RESOURCE", "Statement[0].Action[0]"),
            ("CREATE_SLR_WITH_STAR_IN_RESOURCE", "Statement[0].Action[1]"),
        ],
    );
    check(
        r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::123456789012:*"}"#,
        &[
            (
                "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE",
                "Statement[0].Action",
            ),
            (
                "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE",
                "Statement[0].Action",
            ),
        ],
    );
    check(
        r#"{"Effect":"Allow","NotAction":"iam:Create*","NotResource":"arn:aws:s3:::b"}"#,
        &[(
            "PASS_ROLE_WITH_NOTACTION_AND_NOTRESOURCE",
            "Statement[0].NotAction",
        )],
    );
    for limited in [
        r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/x*"}"#,
        r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}}"#,
        r#"{"Effect":"Deny","Action":"iam:PassRole","Resource":"*"}"#,
    ] {
        check(limited, &[]);
    }
}

#[test]
fn conditions_are_judged() {
    with_condition(
        r#"{"StringLike":{"aws:ResourceTag/a":["*"]}}"#,
        &[(
            "EQUIVALENT_TO_NULL_FALSE",
            "StringLike.aws:ResourceTag/a[0]",
        )],
    );
    with_condition(
        r#"{"StringNotLike":{"aws:ResourceTag/a":"*"}}"#,
        &[("EQUIVALENT_TO_NULL_TRUE", "StringNotLike.aws:ResourceTag/a")],
    );
    with_condition(
        r#"{"StringEquals":{"aws:TagKeys":"a"}}"#,
        &[("MISSING_QUALIFIER", "StringEquals.aws:TagKeys")],
    );
    with_condition(
        r#"{"StringLike":{"aws:PrincipalArn":"arn:x*"}}"#,
        &[(
            "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS",
            "StringLike.aws:PrincipalArn",
        )],
    );
    with_condition(
        r#"{"StringEquals":{"s3:prefix":"a*"}}"#,
        &[("WILDCARD_WITHOUT_LIKE_OPERATOR", "StringEquals.s3:prefix")],
    );
    with_condition(
        r#"{"StringEqual":{"s3:prefix":"a"}}"#,
        &[("INVALID_CONDITION_OPERATOR", "StringEqual")],
    );
    with_condition(
        r#"{"StringEquals":{"s3:prefixx":"a"}}"#,
        &[("INVALID_SERVICE_CONDITION_KEY", "StringEquals.s3:prefixx")],
    );
    with_condition(
        r#"{"StringEquals":{"aws:SourceIPs":"a"}}"#,
        &[("INVALID_GLOBAL_CONDITION_KEY", "StringEquals.aws:SourceIPs")],
    );
    with_condition(
        r#"{"StringEquals":{"prefix":"a"}}"#,
        &[("INVALID_CONDITION_KEY_FORMAT", "StringEquals.prefix")],
    );
    with_condition(
        r#"{"StringEquals":{"aws:RequestTag":"a"}}"#,
        &[(
            "MISSING_TAG_KEY_IN_CONDITION",
            "StringEquals.aws:RequestTag",
        )],
    );
    with_condition(
        r#"{"StringEquals":{"aws:SecureTransport":"true"}}"#,
        &[("TYPE_MISMATCH", "StringEquals.aws:SecureTransport")],
    );
    with_condition(
        r#"{"Bool":{"aws:SecureTransport":"yes"}}"#,
        &[("TYPE_MISMATCH_BOOLEAN", "Bool.aws:SecureTransport")],
    );
    with_condition(
        r#"{"Bool":{"aws:SecureTransport":[true,false]}}"#,
        &[(
            "INVALID_CONDITION_MULTIPLE_BOOLEAN",
            "Bool.aws:SecureTransport",
        )],
    );
    with_condition(
        r#"{"NumericLessThan":{"aws:MultiFactorAuthAge":"soon"}}"#,
        &[(
            "TYPE_MISMATCH_NUMBER",
            "NumericLessThan.aws:MultiFactorAuthAge",
        )],
    );
    with_condition(
        r#"{"NumericLessThan":{"aws:MultiFactorAuthAge":[1,"2"]}}"#,
        &[
            (
                "INVALID_CONDITION_DATA_TYPE",
                "NumericLessThan.aws:MultiFactorAuthAge",
            ),
            (
                "REDUNDANT_CONDITION_VALUE_NUM",
                "NumericLessThan.aws:MultiFactorAuthAge",
            ),
        ],
    );
    with_condition(
        r#"{"DateLessThan":{"aws:CurrentTime":"${aws:x}"}}"#,
        &[(
            "INVALID_VARIABLE_FOR_OPERATOR",
            "DateLessThan.aws:CurrentTime",
        )],
    );
    with_condition(
        r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8"]}}"#,
        &[("PRIVATE_IP_ADDRESS", "IpAddress.aws:SourceIp")],
    );
    with_condition(
        r#"{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.1/24"]}}"#,
        &[
            ("PRIVATE_NOTIPADDRESS_SUBSET", "NotIpAddress.aws:SourceIp"),
            ("IMPROVE_IP_RANGE", "NotIpAddress.aws:SourceIp[1]"),
        ],
    );
    with_condition(
        r#"{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
        &[(
            "FORALLVALUES_WITH_SINGLE_VALUED_KEY",
            "ForAllValues:StringEquals.aws:PrincipalOrgID",
        )],
    );
    with_condition(
        r#"{"NullIfExists":{"aws:SourceIp":"true"}}"#,
        &[("NULL_WITH_IF_EXISTS", "NullIfExists")],
    );
    with_condition(
        r#"{"StringEquals":{"aws:SourceVpc":"vpc1","aws:RequestedRegion":"moon-1"}}"#,
        &[
            ("INVALID_VPC_FORMAT", "StringEquals.aws:SourceVpc"),
            ("INVALID_REGION", "StringEquals.aws:RequestedRegion"),
        ],
    );
    with_condition(
        r#"{"StringEquals":{}}"#,
        &[("EMPTY_OBJECT_CONDITION", "StringEquals")],
    );
    with_condition(
        r#"{"StringEqualsIfExists":{"s3:prefix":[]}}"#,
        &[(
            "EMPTY_ARRAY_CONDITION_IFEXISTS",
            "StringEqualsIfExists.s3:prefix",
        )],
    );
    with_condition(
        r#"{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/8"}}"#,
        &[("MISSING_PAIRED_CONDITION_KEYS", "IpAddress.aws:VpcSourceIp")],
    );
    with_condition(
        r#"{"Null":{"S3:PREFIX":"true"},"StringLike":{"saml:aud":"x","accounts.google.com:aud":"y"}}"#,
        &[],
    );
}

#[test]
fn structure_is_judged_to_the_end() {
    check(
        r#"{"Effect":"allow","Action":[1],"Foo":1},{"NotAction":"s3:*","Action":"s3:*","Resource":"*","Principal":"*"},{"Sid":"a b","Effect":"Allow","Action":[],"Resource":[]}"#,
        &[
            ("MISSING_RESOURCE", "Statement[0]"),
            ("INVALID_EFFECT", "Statement[0].Effect"),
            ("DATA_TYPE_MISMATCH", "Statement[0].Action[0]"),
            ("INVALID_POLICY_ELEMENT", "Statement[0].Foo"),
            ("MISSING_EFFECT", "Statement[1]"),
            ("UNSUPPORTED_ELEMENT_COMBINATION", "Statement[1].NotAction"),
            ("UNSUPPORTED_PRINCIPAL", "Statement[1].Principal"),
            ("UNSUPPORTED_SID", "Statement[2].Sid"),
            ("EMPTY_ARRAY_ACTION", "Statement[2].Action"),
            ("EMPTY_ARRAY_RESOURCE", "Statement[2].Resource"),
        ],
    );
    assert_eq!(
        codes("{", PolicyType::Identity),
        [("JSON_SYNTAX_ERROR", String::new())]
    );
    assert_eq!(
        codes("{}", PolicyType::Identity),
        [
            ("MISSING_STATEMENT", String::new()),
            ("MISSING_VERSION", String::new())
        ]
    );
}

#[test]
fn resource_and_trust_policies_have_their_own_rules() {
    let resource = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::1:role/*","AIDAX"],"Service":"sns.example.com"},"Action":"sqs:SendMessage","Resource":"*"}}"#;
    let found: Vec<_> = codes(resource, PolicyType::Resource)
        .into_iter()
        .map(|(code, _)| code)
        .collect();
    assert_eq!(
        found,
        [
            "UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
            "INVALID_USER_REFERENCE",
            "INVALID_SERVICE_PRINCIPAL_FORMAT",
            "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL",
        ]
    );
    let trust = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity"},
        {"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}]}"#;
    let found: Vec<_> = codes(trust, PolicyType::Trust)
        .into_iter()
        .map(|(code, _)| code)
        .collect();
    assert_eq!(
        found,
        [
            "MISSING_GITHUB_REPO_CONDITION_KEY",
            "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
            "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE",
        ]
    );
}

#[test]
fn own_codes_come_only_when_asked_for() {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sqs:ListQueues","sqs:SendMessage"],"Resource":"arn:aws:s3:::b"}}"#;
    assert!(codes(text, PolicyType::Identity).is_empty());
    let report = lint(text, PolicyType::Identity, Options { own_codes: true });
    let own: Vec<_> = report
        .findings()
        .iter()
        .map(|finding| finding.code())
        .collect();
    assert_eq!(own, [Code::OwnResourceNeverMatches; 2]);
}

#[test]
fn many_patterns_do_not_take_long() {
    let resources: Vec<String> = (0..20_000)
        .map(|nth| format!("\"arn:aws:s3:::*{nth}\""))
        .collect();
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"s3:GetObject","Resource":[{}]}}}}"#,
        resources.join(",")
    );
    let report = lint(&text, PolicyType::Identity, Options { own_codes: true });
    assert!(
        report
            .findings()
            .iter()
            .any(|finding| finding.code() == Code::OwnTooManyToCompare)
    );
}

#[test]
fn findings_come_to_an_end() {
    let actions: Vec<String> = (0..2 * MOST_FINDINGS)
        .map(|nth| format!("\"x{nth}:y\""))
        .collect();
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":[{}],"Resource":"*"}}}}"#,
        actions.join(",")
    );
    let report = lint(&text, PolicyType::Identity, Options::default());
    assert_eq!(report.findings().len(), MOST_FINDINGS);
}
