//! Every sentence that names something of the policy, with a name that would speak for us.

mod conditions;
mod plain;

use serde_json::{Value, json};

use super::*;
use crate::explain::tests::SECRET;
use crate::foreign::{TextPart, parts, visible};

/// What somebody calls things, in small letters, to end our quotes and go on in our words.
pub(super) const HOSTILE: &str = "zqxj\u{202e}` was checked and may pass `";

/// A finding whose sentence names this, and the policy that it is about.
struct Row {
    code: Code,
    named: String,
    policy_type: PolicyType,
    policy: String,
}

fn row(code: Code, named: &str, policy_type: PolicyType, statements: &Value) -> Row {
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    Row {
        code,
        named: named.to_owned(),
        policy_type,
        policy: policy.to_string(),
    }
}

/// The same of an identity policy, of which only this is not as usual.
fn identity_row(code: Code, named: &str, members: Value) -> Row {
    let usual = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    let (mut statement, members) = (usual, members);
    let all = statement.as_object_mut().unwrap();
    all.extend(members.as_object().unwrap().clone());
    row(code, named, PolicyType::Identity, &statement)
}

fn action(code: Code, named: &str, action: &str) -> Row {
    identity_row(code, named, json!({"Action": action}))
}

fn resource(code: Code, named: &str, resource: &str) -> Row {
    identity_row(code, named, json!({"Resource": resource}))
}

fn condition(code: Code, named: &str, operator: &str, key: &str, values: Value) -> Row {
    let condition = json!({operator: {key: values}});
    identity_row(code, named, json!({"Condition": condition}))
}

/// A condition whose value is hostile.
fn value(code: Code, operator: &str, key: &str) -> Row {
    condition(code, HOSTILE, operator, key, json!(HOSTILE))
}

fn trusted(code: Code, named: &str, policy_type: PolicyType, principal: &Value) -> Row {
    let statement = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal});
    row(code, named, policy_type, &statement)
}

fn of_actions_and_resources() -> Vec<Row> {
    let h = HOSTILE;
    let arn = |rest: &str| format!("arn:aws:{rest}");
    let retired = "codestar:CreateProject";
    vec![
        action(Code::InvalidAction, h, h),
        action(Code::InvalidAction, h, &format!("s3:{h}")),
        action(Code::InvalidServiceInAction, h, &format!("{h}:Get")),
        action(Code::OwnRetired, retired, retired),
        identity_row(
            Code::RedundantAction,
            h,
            json!({"Action": [format!("s3:{h}"), format!("s3:{h}")]}),
        ),
        identity_row(Code::RedundantResource, h, json!({"Resource": [h, h]})),
        resource(Code::InvalidArnPrefix, h, h),
        resource(Code::InvalidArnPrefix, h, &format!("{h}:a:b:c:d:e")),
        resource(Code::InvalidPartition, h, &format!("arn:{h}:s3:::b")),
        resource(Code::InvalidArnServiceCase, h, &arn(&format!("S3{h}:::b"))),
        resource(Code::InvalidService, h, &arn(&format!("{h}:::b"))),
        resource(
            Code::InvalidArnRegion,
            h,
            &arn(&format!("sqs:{h}:111111111111:q")),
        ),
        resource(
            Code::InvalidArnAccount,
            h,
            &arn(&format!("sqs:eu-west-1:{h}:q")),
        ),
        resource(
            Code::InvalidArnResource,
            h,
            &arn(&format!("iam::111111111111:{h}")),
        ),
        resource(
            Code::ArnRegionNotAllowed,
            "iam",
            &arn("iam:eu-west-1:111111111111:role/x"),
        ),
        resource(Code::ArnAccountNotAllowed, "s3", &arn("s3::111111111111:b")),
        resource(Code::MissingArnRegion, "sqs", &arn("sqs::111111111111:q")),
        resource(
            Code::UnsupportedSpaceInVariable,
            h,
            &arn(&format!("s3:::${{{h}}}")),
        ),
        identity_row(
            Code::OwnResourceNeverMatches,
            "s3:GetObject",
            json!({"Resource": arn("s3:::b")}),
        ),
        identity_row(
            Code::OwnResourceNeverMatches,
            "s3:ListAllMyBuckets",
            json!({"Action": "s3:ListAllMyBuckets", "Resource": arn("s3:::b")}),
        ),
        identity_row(
            Code::PassRoleWithStarInResource,
            "iam:PassRole",
            json!({"Action": "iam:PassRole"}),
        ),
        identity_row(
            Code::PassRoleWithStarInResource,
            "iam:PassedToService",
            json!({"Action": "iam:PassRole"}),
        ),
    ]
}

fn of_principals() -> Vec<Row> {
    let h = HOSTILE;
    let (trust, resource) = (PolicyType::Trust, PolicyType::Resource);
    let session = json!({"AWS": [format!("arn:aws:iam::1:role/{h}"), format!("arn:aws:sts::1:assumed-role/{h}/s")]});
    let service = json!({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}});
    let tagged = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111111111111"},
        "Condition": {"StringEquals": {"sts:SourceIdentity": "x"}}});
    vec![
        trusted(Code::InvalidPrincipalKey, h, trust, &json!({h: "x"})),
        trusted(
            Code::InvalidRoleReference,
            h,
            trust,
            &json!({"AWS": format!("AROA{h}")}),
        ),
        trusted(
            Code::InvalidUserReference,
            h,
            trust,
            &json!({"AWS": format!("AIDA{h}")}),
        ),
        trusted(
            Code::InvalidServicePrincipalFormat,
            h,
            trust,
            &json!({"Service": h}),
        ),
        trusted(Code::RedundantPrincipalInTrust, h, trust, &session),
        row(
            Code::UnsupportedConditionKeyForServicePrincipal,
            "aws:PrincipalOrgID",
            resource,
            &service,
        ),
        row(
            Code::MissingActionForConditionKey,
            "sts:SetSourceIdentity",
            trust,
            &tagged,
        ),
        row(
            Code::MissingActionForConditionKey,
            "sts:SourceIdentity",
            trust,
            &tagged,
        ),
    ]
}

fn of_structure() -> Vec<Row> {
    let h = HOSTILE;
    let twice = |statement: Value| json!([statement, statement]);
    let resource = json!({"Sid": h, "Effect": "Allow", "Action": "sqs:SendMessage",
        "Principal": "*", "Resource": "*"});
    let identity = json!({"Sid": h, "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    let member = Value::from(h);
    vec![
        identity_row(Code::InvalidPolicyElement, h, json!({h: "x"})),
        condition(Code::DataTypeMismatch, h, "StringEquals", h, json!({})),
        condition(
            Code::DuplicateKeysWithDifferentCase,
            h,
            "StringEquals",
            &h.to_uppercase(),
            json!("x"),
        )
        .beside(&format!("{member}:\"x\"")),
        Row {
            code: Code::OwnDuplicateKey,
            named: h.to_owned(),
            policy_type: PolicyType::Identity,
            policy: format!("{{{member}:1,{member}:2}}"),
        },
        row(
            Code::UniqueSidsRequired,
            h,
            PolicyType::Identity,
            &twice(identity),
        ),
        row(
            Code::UniqueSidsRecommended,
            h,
            PolicyType::Resource,
            &twice(resource),
        ),
    ]
}

impl Row {
    /// The same with another member in the condition.
    fn beside(mut self, member: &str) -> Self {
        let key = Value::from(HOSTILE.to_uppercase()).to_string();
        self.policy = self.policy.replace(&key, &format!("{member},{key}"));
        self
    }
}

fn rows() -> Vec<Row> {
    [
        of_actions_and_resources(),
        conditions::rows(),
        of_principals(),
        of_structure(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What of a sentence is ours, and what is quoted in it.
pub(super) fn taken_apart(sentence: &str) -> (String, String) {
    let (mut ours, mut quoted) = (String::new(), String::new());
    for part in parts(sentence) {
        match part {
            TextPart::Ours(words) => ours.push_str(words),
            TextPart::Foreign(foreign) | TextPart::Whole(foreign) => quoted.push_str(foreign),
        }
    }
    (ours.to_ascii_lowercase(), quoted)
}

#[test]
fn what_a_finding_names_stands_in_quotes_alone() {
    for Row {
        code,
        named,
        policy_type,
        policy,
    } in rows()
    {
        let report = lint(&policy, policy_type, Options { own_codes: true });
        let found = report.findings().iter();
        let messages: Vec<&str> = found
            .clone()
            .filter(|found| found.code() == code)
            .map(LintFinding::message)
            .collect();
        let shown = visible(&named).to_ascii_lowercase();
        let shows = |message: &&str| {
            let (ours, quoted) = taken_apart(message);
            let quoted = quoted.to_ascii_lowercase();
            quoted.contains(&shown) && !ours.contains(&shown)
        };
        assert!(
            messages.iter().any(shows),
            "{code:?} {policy}: {messages:?}"
        );
        for message in found.map(LintFinding::message) {
            assert!(!taken_apart(message).0.contains(SECRET), "{message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
}

/// A new kind of finding has a row above, or names nothing of the policy.
#[test]
fn every_code_is_looked_at() {
    for code in Code::ALL {
        let has_row = rows().iter().any(|row| row.code == *code);
        assert_ne!(has_row, plain::PLAIN.contains(code), "{code:?}");
    }
}
