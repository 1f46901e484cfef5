use super::*;
use crate::document::PolicyType;

fn told(statement: &str, policy_type: PolicyType) -> String {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    let document = Document::parse(&text, policy_type).unwrap();
    let sentences: Vec<String> = explain(&document).into_iter().map(|s| s.text).collect();
    sentences.join(" ")
}

/// Statement and sentence, as a resource owner would read it.
const GOLDEN: [(&str, &str); 16] = [
    (
        r#"{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::reports","arn:aws:s3:::reports/*"],
            "Condition":{"DateLessThan":{"aws:CurrentTime":"2026-05-02T00:00:00Z"}}}"#,
        "May read and list objects in the bucket reports, only until 2 May 2026.",
    ),
    (
        r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
        "May do anything.",
    ),
    (
        r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#,
        "May do anything with Amazon S3.",
    ),
    (
        r#"{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"arn:aws:s3:::reports/*"}"#,
        "May list and read things in Amazon S3 in the bucket reports.",
    ),
    (
        r#"{"Effect":"Allow","Action":["ec2:StartInstances","ec2:StopInstances"],"Resource":"arn:aws:ec2:eu-west-1:111111111111:instance/*",
            "Condition":{"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}}}"#,
        "May start and stop instances on all instances in eu-west-1 of account 111111111111, only where the tag team is (own tag team).",
    ),
    (
        r#"{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem","dynamodb:Query"],"Resource":"arn:aws:dynamodb:*:*:table/orders"}"#,
        "May read, write and search items on the table orders.",
    ),
    (
        r#"{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:*:*:function:bill-*","Condition":{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","198.51.100.7"]}}}"#,
        "May run functions on functions whose name begins with bill-, only from the addresses 198.51.100.7 or 203.0.113.0/24.",
    ),
    (
        r#"{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111111111111:role/app","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}}"#,
        "May hand over roles on the role app of account 111111111111, only to the service ec2.amazonaws.com.",
    ),
    (
        r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}"#,
        "May never do anything, when not signed in with a second factor (where that is known).",
    ),
    (
        r#"{"Effect":"Deny","Action":"s3:DeleteObject","NotResource":"arn:aws:s3:::scratch/*"}"#,
        "May never delete objects anywhere but in the bucket scratch.",
    ),
    (
        r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*"],"Resource":"*"}"#,
        "May do anything except to do anything with AWS Identity and Access Management (IAM) and AWS Organizations.",
    ),
    (
        r#"{"Effect":"Allow","Action":["s3:GetObject","sqs:SendMessage"],"Resource":"*"}"#,
        "May read objects in Amazon S3; send messages in Amazon SQS.",
    ),
    (
        r#"{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:eu-west-1:111111111111:jobs","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:news"},"Bool":{"aws:SecureTransport":"true"}}}"#,
        "May send messages on the queue jobs in eu-west-1 of account 111111111111, only on behalf of arn:aws:sns:*:*:news, only over an encrypted connection.",
    ),
    (
        r#"{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::home/${aws:username}/*"}"#,
        "May write objects in the folder (own user name) of the bucket home.",
    ),
    (
        r#"{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*","Condition":{"NumericLessThanEquals":{"ec2:VolumeSize":"100"},"Null":{"aws:RequestTag/owner":"false"},"ForAllValues:StringEquals":{"aws:TagKeys":["owner","team"]}}}"#,
        "May run instances anywhere in Amazon EC2, only where every value of the names of the tags that are set is owner or team, or there is none, only where the request tag owner is given, only where the volume size is at most 100.",
    ),
    (
        r#"{"Effect":"Allow","Action":"nosuch:DoThings","Resource":"*"}"#,
        "May do things anywhere in nosuch.",
    ),
];

#[test]
fn statements_in_words() {
    for (statement, expected) in GOLDEN {
        // The order of conditions is that of the document.
        let found = told(statement, PolicyType::Identity);
        let sorted = |text: &str| {
            let mut parts: Vec<String> = text
                .trim_end_matches('.')
                .split(", only ")
                .map(str::to_owned)
                .collect();
            parts.sort();
            parts
        };
        assert_eq!(sorted(&found), sorted(expected), "{found}");
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
        assert_eq!(told(&statement, PolicyType::Trust), expected);
    }
}
