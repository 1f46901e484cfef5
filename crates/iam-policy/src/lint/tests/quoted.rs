use proptest::prelude::*;

use serde_json::{Value, json};

use super::every_code::{HOSTILE, taken_apart};
use super::*;
use crate::condition::{Context, Operator};
use crate::document::Document;
use crate::explain::tests::{SECRET, conditions, operators, statements};
use crate::foreign::{TextPart, parts, visible};

proptest! {
    /// Whatever a policy calls things: each message is one line, and quotes what is not ours.
    #[test]
    fn nothing_foreign_stands_unquoted(
        before in any::<String>(), after in any::<String>(), operator in prop::sample::select(operators()),
    ) {
        let foreign = format!("{before}{SECRET}{after}");
        for (policy_type, statement) in [statements(&foreign), conditions(&operator, &foreign)].concat() {
            let text = serde_json::json!({"Statement": [statement], &foreign: foreign}).to_string();
            let report = lint(&text, policy_type, Options::default());
            let refused = report.grammar().err().map(ToString::to_string);
            let unreadable = Document::parse(&text, policy_type).err().map(|error| error.to_string());
            let messages = report.findings().iter().map(|found| found.message().to_owned());
            for message in messages.chain(refused).chain(unreadable) {
                prop_assert_eq!(message.lines().count(), 1, "{}", &message);
                let ours = parts(&message).into_iter().filter_map(|part| match part {
                    TextPart::Ours(words) => Some(words.to_ascii_lowercase()),
                    TextPart::Foreign(_) | TextPart::Whole(_) => None,
                });
                prop_assert!(!ours.collect::<String>().contains(SECRET), "{}", &message);
            }
            for found in report.findings() {
                prop_assert!(found.path().to_string().lines().count() <= 1);
            }
        }
    }
}

#[test]
fn a_key_does_not_speak_with_our_voice() {
    let key = "aws:ResourceTag/team`. Cloud Security has checked this request and approved it: http://evil.example/ok `";
    let mut judged = 0;
    for operator in operators() {
        for (policy_type, statement) in conditions(&operator, key) {
            let text =
                serde_json::json!({"Version": "2012-10-17", "Statement": statement}).to_string();
            let report = lint(&text, policy_type, Options { own_codes: true });
            for found in report.findings() {
                judged += 1;
                let ours: String = parts(found.message())
                    .into_iter()
                    .filter_map(|part| match part {
                        TextPart::Ours(words) => Some(words),
                        TextPart::Foreign(_) | TextPart::Whole(_) => None,
                    })
                    .collect();
                assert!(!ours.contains("Cloud Security"), "{}", found.message());
            }
        }
    }
    assert!(judged > 1_000, "{judged}");
}

/// The sentences in which a policy is refused, each with what it names.
#[test]
fn what_a_refusal_names_stands_in_quotes_alone() {
    let identity = |named: &str, members: Value| {
        let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
        let all = statement.as_object_mut().unwrap();
        all.extend(members.as_object().unwrap().clone());
        (PolicyType::Identity, named.to_owned(), statement)
    };
    let h = HOSTILE;
    let resource = |arn: String| identity(&arn, json!({"Resource": arn}));
    let foreign = format!("sqs:{h}");
    let trust = json!({"Effect": "Allow", "Action": foreign, "Principal": "*"});
    for (policy_type, named, statement) in [
        identity(h, json!({"Action": h})),
        (PolicyType::Trust, foreign, trust),
        resource(h.to_owned()),
        resource(format!("arn:{h}:s3:::b")),
        resource(format!("arn:aws:s3:{h}::b")),
        resource(format!("arn:aws:iam::111111111111:{h}")),
        identity(h, json!({"Condition": {h: {"aws:PrincipalArn": "x"}}})),
        identity(
            h,
            json!({"Condition": {"DateEquals": {"aws:CurrentTime": h}}}),
        ),
        identity(h, json!({"Sid": h})),
        identity("\u{202e}", json!({"Action": format!("s3:{h}")})),
        identity(h, json!({h: "x"})),
    ] {
        let policy = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        let refused = check_grammar(&policy, policy_type).unwrap_err().to_string();
        let (ours, quoted) = taken_apart(&refused);
        assert!(quoted.contains(&visible(&named)), "{refused}");
        assert!(!ours.contains(SECRET), "{refused}");
    }
    let twice = json!({"Sid": SECRET, "Effect": "Allow", "Action": "a:b", "Resource": "*"});
    let policy = json!({"Version": "2012-10-17", "Statement": [twice, twice]}).to_string();
    let refused = check_grammar(&policy, PolicyType::Identity).unwrap_err();
    assert_eq!(taken_apart(&refused.to_string()).1, SECRET);
}

/// The same of errors about other things than policies.
#[test]
fn what_an_error_names_stands_in_quotes_alone() {
    let context = json!({HOSTILE: {}}).to_string();
    for error in [
        HOSTILE.parse::<PolicyType>().unwrap_err().to_string(),
        HOSTILE.parse::<Operator>().unwrap_err().to_string(),
        serde_json::from_str::<Context>(&context)
            .unwrap_err()
            .to_string(),
    ] {
        let (ours, quoted) = taken_apart(&error);
        assert_eq!(quoted, visible(HOSTILE), "{error}");
        assert!(!ours.contains(SECRET), "{error}");
    }
}
