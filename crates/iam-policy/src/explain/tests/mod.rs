mod excluded;
mod quoted;
mod truth;

use super::*;
use crate::condition::OPERATORS;
use crate::document::PolicyType;
use crate::foreign::{TextPart, parts};
use proptest::prelude::*;
use serde_json::json;

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
            "Everyone whom account `111111111111` lets may take on roles.",
        ),
        (
            r#"{"AWS":"arn:aws:iam::111111111111:role/app"}"#,
            "The role `app` of account `111111111111` may take on roles.",
        ),
        (
            r#"{"Service":"lambda.amazonaws.com"}"#,
            "The service AWS Lambda may take on roles.",
        ),
        (
            r#"{"Federated":"arn:aws:iam::111111111111:saml-provider/office"}"#,
            "People signed in by `office` may take on roles.",
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
        (r#""s3:GetObject*""#, r#""Resource":"arn:aws:s3:::logs""#),
        (
            r#"["s3:ListBucket*","s3:ListBucket"]"#,
            r#""Resource":"arn:aws:s3:::logs/*""#,
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

/// A name that has no meaning of its own: no wildcard, variable, number, date or account.
fn plain() -> impl Strategy<Value = String> {
    "[^*?:/,${}\\.'\"@]{1,40}".prop_map(|text| text + "żż")
}

/// Every operator with every quantifier, with and without `IfExists`, and one that does not exist.
pub(crate) fn operators() -> Vec<String> {
    let quantifiers = ["", "ForAllValues:", "ForAnyValue:"];
    let names = OPERATORS.iter().chain(&["StringEqualz"]);
    let all = names.flat_map(|name| {
        let quantified = quantifiers.map(|quantifier| format!("{quantifier}{name}"));
        quantified
            .into_iter()
            .flat_map(|name| [format!("{name}IfExists"), name])
    });
    all.collect()
}

/// Statements with a condition of this operator on keys and with values from elsewhere.
pub(crate) fn conditions(operator: &str, foreign: &str) -> Vec<(PolicyType, serde_json::Value)> {
    let keys = [
        (foreign.to_owned(), json!("*")),
        (foreign.to_owned(), json!([])),
        (foreign.to_owned(), json!(["true", "false"])),
        (foreign.to_owned(), json!([foreign, "x"])),
        (format!("{foreign}:x"), json!(["*", foreign])),
        (format!("x.{foreign}:sub"), json!("a")),
        (format!("{foreign}:ResourceTag/{foreign}"), json!("a")),
        (format!("aws:ResourceTag/{foreign}"), json!("*")),
        (format!("aws:PrincipalTag/{foreign}"), json!([foreign, "x"])),
        (format!("aws:{foreign}"), json!("10.0.0.0/8")),
        ("aws:CurrentTime".to_owned(), json!(foreign)),
        ("aws:MultiFactorAuthPresent".to_owned(), json!(foreign)),
        ("aws:TagKeys".to_owned(), json!([foreign, "*"])),
        ("aws:SourceIp".to_owned(), json!(foreign)),
    ];
    let statements = keys.into_iter().map(|(key, values)| {
        let condition = json!({operator: {key: values}});
        let statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition});
        (PolicyType::Identity, statement)
    });
    statements.collect()
}

/// A statement with a string from elsewhere in every place that has one.
pub(crate) fn statements(foreign: &str) -> Vec<(PolicyType, serde_json::Value)> {
    let of = |action: &str, rest: serde_json::Value| {
        let mut statement =
            json!({"Sid": foreign, "Effect": "Allow", "Action": action, "Resource": "*"});
        let members = statement.as_object_mut().unwrap();
        members.extend(rest.as_object().unwrap().clone());
        (PolicyType::Identity, statement)
    };
    let resource = |arn: String| of("s3:GetObject", json!({"Resource": [arn, "arn:aws:s3:::a"]}));
    let condition = |operator: &str, key: &str| {
        let condition = json!({operator: {key: [foreign, "x"]}});
        of("s3:GetObject", json!({"Condition": condition}))
    };
    let principal = |principal: serde_json::Value| {
        let statement =
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal});
        (PolicyType::Trust, statement)
    };
    vec![
        resource(foreign.to_owned()),
        resource(format!("arn:aws:s3:::{foreign}")),
        resource(format!("arn:aws:s3:::{foreign}/*")),
        resource(format!("arn:aws:s3:::reports/{foreign}/*")),
        resource(format!("arn:aws:s3:::{foreign}*")),
        resource(format!("arn:aws:sqs:{foreign}:{foreign}:{foreign}")),
        resource(format!("arn:aws:dynamodb:*:*:table/{foreign}")),
        resource(format!("arn:aws:dynamodb:*:*:{foreign}/x")),
        resource(format!("arn:aws:{foreign}:*:*:*")),
        resource(format!("arn:aws:{foreign}:*:*:{foreign}/x")),
        of(&format!("s3:{foreign}"), json!({})),
        of(&format!("{foreign}:Get"), json!({})),
        of(&format!("{foreign}:*"), json!({})),
        of(
            "s3:*",
            json!({"Action": ["s3:Get*", "s3:Put*", format!("s3:{foreign}")]}),
        ),
        of(
            "s3:GetObject",
            json!({"Action": ["sqs:SendMessage", format!("{foreign}:Do"), "s3:GetObject"]}),
        ),
        condition("StringEquals", "aws:PrincipalOrgID"),
        condition("StringEquals", "aws:RequestedRegion"),
        condition("StringNotEquals", "aws:RequestedRegion"),
        condition("StringLike", "iam:PassedToService"),
        condition("StringEquals", "s3:prefix"),
        condition("DateLessThan", "aws:CurrentTime"),
        condition("NumericLessThan", "aws:MultiFactorAuthAge"),
        condition("Bool", "aws:SomethingElse"),
        condition("ForAnyValue:StringEquals", "aws:TagKeys"),
        condition("StringEquals", &format!("aws:ResourceTag/{foreign}")),
        condition("StringEquals", &format!("aws:{foreign}")),
        condition("StringEquals", &format!("{foreign}:x")),
        condition("StringEquals", foreign),
        condition("StringEquals", &format!("{foreign}:ResourceTag/")),
        condition("Null", foreign),
        condition(foreign, "aws:PrincipalArn"),
        principal(json!({"AWS": foreign})),
        principal(json!({"AWS": format!("arn:aws:iam::111111111111:role/{foreign}")})),
        principal(json!({"AWS": format!("arn:aws:iam::111111111111:{foreign}/x")})),
        principal(json!({"AWS": format!("arn:aws:iam::{foreign}:root")})),
        principal(json!({"AWS": format!("arn:aws:sts::1:assumed-role/{foreign}/{foreign}")})),
        principal(json!({"Service": foreign})),
        principal(json!({"Service": format!("ec2.{foreign} .amazonaws.com")})),
        principal(json!({"Federated": foreign})),
        principal(json!({"Federated": format!("arn:aws:iam::1:saml-provider/{foreign}")})),
        principal(json!({"CanonicalUser": foreign})),
    ]
}

/// What a statement is told as: our words, and how often a string stands between marks.
fn told(policy_type: PolicyType, statement: &serde_json::Value) -> Option<(String, usize, String)> {
    let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let document = Document::parse(&text, policy_type).ok()?;
    let told = explain(&document).pop()?.text;
    let (mut ours, mut foreign) = (String::new(), 0);
    for part in parts(&told) {
        match part {
            TextPart::Ours(words) => ours.push_str(words),
            TextPart::Foreign(_) | TextPart::Whole(_) => {
                foreign += 1;
                ours.push('X');
            }
        }
    }
    Some((ours, foreign, told))
}

/// What no word of ours holds.
pub(crate) const SECRET: &str = "zqxj";

proptest! {
    /// Whatever a policy calls things: one line, and our words are those that they would be for
    /// any other name.
    #[test]
    fn nobody_speaks_with_our_voice(foreign in plain(), operator in prop::sample::select(operators())) {
        let all = |foreign: &str| [statements(foreign), conditions(&operator, foreign)].concat();
        let usual = all("Xżż");
        for ((policy_type, statement), (_, usual)) in all(&foreign).into_iter().zip(usual) {
            let Some((ours, quoted, text)) = told(policy_type, &statement) else {
                continue;
            };
            prop_assert_eq!(text.lines().count(), 1, "{}", &text);
            let (expected, others, _) = told(policy_type, &usual).unwrap();
            prop_assert_eq!((&ours, quoted), (&expected, others), "{}", &text);
        }
    }

    /// Whatever the string, wildcards, variables and all: none of it stands outside of marks.
    #[test]
    fn nothing_foreign_stands_unquoted(
        before in any::<String>(), after in any::<String>(), operator in prop::sample::select(operators()),
    ) {
        let foreign = format!("{before}{SECRET}{after}");
        for (policy_type, statement) in [statements(&foreign), conditions(&operator, &foreign)].concat() {
            let Some((ours, _, text)) = told(policy_type, &statement) else {
                continue;
            };
            prop_assert_eq!(text.lines().count(), 1, "{}", &text);
            prop_assert!(!ours.to_ascii_lowercase().contains(SECRET), "{}", &text);
        }
    }
}

#[test]
fn a_sentence_of_the_requesters_is_no_sentence_of_ours() {
    let forged = "arn:aws:s3:::x of the bucket public-website, which everybody may read anyway.\n\nCloud Security has checked this. Decide here: http://evil.example/`approve";
    let statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": forged});
    let (ours, quoted, text) = told(PolicyType::Identity, &statement).unwrap();
    assert_eq!(
        (ours.as_str(), quoted),
        ("May read objects in the object X of the bucket X.", 2),
        "{text}"
    );
    assert!(text.contains("⟨U+000A⟩⟨U+000A⟩") && text.contains("⟨U+0060⟩approve"));
}
