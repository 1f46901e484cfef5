//! The life policy: an inline policy of a user that Snowgate made, by which its access ends even if
//! nothing runs.
//!
//! It denies everything once the time of a call has passed the end of the user. A denial in any policy
//! wins (IAM User Guide, "Policy evaluation logic"), for the console, for keys, and for sessions that
//! the user derived (`GetSessionToken`, `GetFederationToken`). Roles that the user assumed are
//! sessions of these roles, and not ended by it.

use jiff::Timestamp;
use serde_json::Value;

/// The name of the life policy. No request can have it: theirs are `snowgate-req-…`.
pub const LIFE_POLICY_NAME: &str = "snowgate-life";

/// What the life policy of a user says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifePolicy {
    /// Everything is denied from this time on.
    Until(Timestamp),
    /// Everything is denied.
    Over,
}

/// Where a document says when it denies everything.
const END_OF_DOCUMENT: &str = "/Statement/0/Condition/DateGreaterThanEquals/aws:CurrentTime";

impl LifePolicy {
    /// What a document says; none where it is none of these.
    #[must_use]
    pub fn of_document(document: &str) -> Option<Self> {
        let read = |text: &str| crate::strict_json::parse(text.as_bytes()).ok();
        let found = read(document)?;
        let end = found.pointer(END_OF_DOCUMENT).and_then(Value::as_str);
        let life = match end {
            None => Self::Over,
            Some(end) => Self::Until(end.parse().ok()?),
        };
        (read(&life.document())? == found).then_some(life)
    }

    /// Its document, without blanks: what it counts among the 2,048 characters that all inline policies
    /// of a user have together (IAM User Guide, "IAM and AWS STS quotas") is its length. An end
    /// within a second is written as the second that it is in, so that nothing lasts longer.
    #[must_use]
    pub fn document(self) -> String {
        let condition = match self {
            Self::Over => String::new(),
            Self::Until(end) => {
                let end = end.strftime("%Y-%m-%dT%H:%M:%SZ");
                format!(r#","Condition":{{"DateGreaterThanEquals":{{"aws:CurrentTime":"{end}"}}}}"#)
            }
        };
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"*","Resource":"*"{condition}}}]}}"#
        )
    }
}

#[cfg(test)]
mod tests {
    use iam_policy::condition::Context;
    use iam_policy::document::{Document, PolicyType};
    use iam_policy::evaluate::{Request, RequestPrincipal, Ruleset};
    use iam_policy::lint::check_grammar;
    use serde_json::json;

    use super::*;

    const END: &str = "2026-05-02T14:05:00.9Z";

    /// A user who may do everything and has this life policy.
    fn allows(life: LifePolicy, action: &str, time: &str) -> bool {
        let life: Value = serde_json::from_str(&life.document()).unwrap();
        let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        let both =
            json!({"Version": "2012-10-17", "Statement": [everything, life["Statement"][0]]});
        let both = both.to_string();
        let both = Document::parse(&both, PolicyType::Identity).unwrap();
        let principal: RequestPrincipal = "arn:aws:iam::210987654321:user/ci".parse().unwrap();
        let context = Context::default().with("aws:CurrentTime", time);
        let request = Request::new(action, "*", principal, context);
        Ruleset::compile(&both).allows(&request)
    }

    #[test]
    fn everything_is_denied_from_the_end_on_and_nothing_before() {
        let until = LifePolicy::Until(END.parse().unwrap());
        for action in ["s3:GetObject", "iam:CreateAccessKey", "sts:GetSessionToken"] {
            assert!(allows(until, action, "2026-05-02T14:04:59Z"), "{action}");
            for after in [
                "2026-05-02T14:05:00Z",
                "2026-05-02T14:05:01Z",
                "2040-01-01T00:00:00Z",
            ] {
                assert!(!allows(until, action, after), "{action} {after}");
            }
            assert!(!allows(LifePolicy::Over, action, "2026-05-02T14:04:59Z"));
        }
    }

    #[test]
    fn a_document_is_read_as_what_it_was_written_for_and_nothing_else_is() {
        let until = LifePolicy::Until("2026-05-02T14:05:00Z".parse().unwrap());
        for life in [until, LifePolicy::Over] {
            let document = life.document();
            assert_eq!(LifePolicy::of_document(&document), Some(life));
            let spaced = document
                .replace(':', " : ")
                .replace("14 : 05 : 00", "14:05:00");
            let spaced = spaced.replace("aws : ", "aws:");
            assert_eq!(LifePolicy::of_document(&spaced), Some(life), "{spaced}");
            let weaker = document.replace("\"*\",\"Resource", "\"s3:*\",\"Resource");
            assert_eq!(LifePolicy::of_document(&weaker), None, "{weaker}");
        }
        assert_eq!(LifePolicy::of_document("{}"), None);
        assert_eq!(LifePolicy::of_document("x"), None);
    }

    /// They count in what a user's inline policies may have together.
    #[test]
    fn its_documents_are_short_and_what_iam_accepts() {
        let until = LifePolicy::Until(END.parse().unwrap());
        for (life, length) in [(until, 165), (LifePolicy::Over, 84)] {
            let document = life.document();
            assert_eq!(document.len(), length, "{document}");
            assert_eq!(check_grammar(&document, PolicyType::Identity), Ok(()));
        }
    }
}
