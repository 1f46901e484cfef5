use super::*;
use crate::document::PolicyType;

fn described(statement: &str, policy_type: PolicyType) -> String {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    let document = Document::parse(&text, policy_type).unwrap();
    let sentences: Vec<String> = explain(&document).into_iter().map(|s| s.text).collect();
    sentences.join(" ")
}

#[test]
fn denials_are_exceptions_to_what_is_allowed() {
    let deny = r#"{"Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}"#;
    let allow = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#;
    assert_eq!(
        described(deny, PolicyType::Identity),
        "May never delete objects anywhere in Amazon S3."
    );
    assert_eq!(
        described(&format!("{allow},{deny}"), PolicyType::Identity),
        "May read objects anywhere in Amazon S3. But may never delete objects anywhere in Amazon S3."
    );
}

#[test]
fn nothing_that_is_allowed_is_left_out() {
    // A name or pattern that the catalogue does not know is described beside those it knows.
    let statement = r#"{"Effect":"Allow","Action":["ec2:Describe*","ec2:Zap*","ec2:Frobnicate"],"Resource":"*"}"#;
    let described = described(statement, PolicyType::Identity);
    for word in ["list", "Zap*", "Frobnicate"] {
        assert!(described.contains(word), "{described}");
    }
}

#[test]
fn principals_in_words() {
    for (principal, expected) in [
        (
            r#""*""#,
            "Everyone, even without signing in, may take on roles.",
        ),
        (
            r#"{"AWS":"111111111111"}"#,
            "Everyone whom account 111111111111 lets may take on roles.",
        ),
        (
            r#"{"AWS":"arn:aws:iam::111111111111:role/app"}"#,
            "The role app of account 111111111111 may take on roles.",
        ),
        (
            r#"{"Service":"lambda.amazonaws.com"}"#,
            "The service AWS Lambda may take on roles.",
        ),
        (
            r#"{"Federated":"arn:aws:iam::111111111111:saml-provider/office"}"#,
            "People signed in by office may take on roles.",
        ),
    ] {
        let statement =
            format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#);
        assert_eq!(described(&statement, PolicyType::Trust), expected);
    }
}

#[test]
fn what_is_about_no_request_is_no_access() {
    let nothing = |actions: &str, rest: &str| {
        let statement = format!(r#"{{"Effect":"Allow","Action":{actions},{rest}}}"#);
        described(&statement, PolicyType::Identity).starts_with("Permits nothing: ")
    };
    for (action, rest) in [
        (
            r#""s3:ListBucketVersions""#,
            r#""Resource":"arn:aws:s3:::logs/*""#,
        ),
        (
            r#"["s3:PutObject","s3:DeleteObject"]"#,
            r#""Resource":"arn:aws:s3:::logs""#,
        ),
        (
            r#""dynamodb:PutItem""#,
            r#""Resource":"arn:aws:dynamodb:eu-west-1:1:table:t""#,
        ),
        (
            r#""secretsmanager:DescribeSecret""#,
            r#""Resource":"arn:aws:secretsmanager:eu-west-1:1:secret:app/key""#,
        ),
        (
            r#""s3:DeleteObject""#,
            r#""Resource":"*","Condition":{"StringEquals":{"s3:delimiter":"/"}}"#,
        ),
    ] {
        assert!(nothing(action, rest), "{action} {rest}");
    }
    for (action, rest) in [
        (
            r#"["s3:ListBucket","s3:PutObject"]"#,
            r#""Resource":"arn:aws:s3:::logs/*""#,
        ),
        (r#""s3:List*""#, r#""Resource":"arn:aws:s3:::logs/*""#),
        (
            r#""s3:ListBucket""#,
            r#""Resource":"*","Condition":{"StringEquals":{"s3:delimiter":"/"}}"#,
        ),
        (
            r#""secretsmanager:DescribeSecret""#,
            r#""Resource":"arn:aws:secretsmanager:eu-west-1:1:secret:app/key-??????""#,
        ),
    ] {
        assert!(!nothing(action, rest), "{action} {rest}");
    }
}
