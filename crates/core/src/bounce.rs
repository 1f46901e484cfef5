//! E-mails that did not arrive: what the mail service reports, stripped of all addresses before
//! it reaches a queue, and what is believed of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{RequestId, SysId};

/// The id that the mail service gave an e-mail: 1 to 200 of `A-Z`, `a-z`, `0-9`, `.`, `_`, `@`,
/// `-`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId(String);

/// A text that is no id of an e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the mail service")]
pub struct MessageIdError;

impl FromStr for MessageId {
    type Err = MessageIdError;

    fn from_str(text: &str) -> Result<Self, MessageIdError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._@-".contains(&b);
        if (1..=200).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(MessageIdError)
        }
    }
}

impl TryFrom<String> for MessageId {
    type Error = MessageIdError;
    fn try_from(text: String) -> Result<Self, MessageIdError> {
        text.parse()
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> Self {
        id.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an e-mail carries for the mail service to give back with its reports: no name, no
/// address, and never the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailTags {
    /// The request that the e-mail is about.
    pub request: RequestId,
    /// Whom it is for.
    pub approver: SysId,
}

/// Why an e-mail counts as not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceKind {
    /// The mailbox does not take it.
    Bounced,
    /// The reader marked it as unwanted: the mail service writes to this address no more.
    Complained,
}

/// A report that an e-mail did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// Which e-mail.
    pub message: MessageId,
    /// What it carried.
    pub tags: EmailTags,
    /// Why it counts as not delivered; none for a transient bounce or an automatic reply, so that
    /// the e-mail may have arrived all the same.
    pub kind: Option<BounceKind>,
}

/// A text that is no report.
#[derive(Debug, thiserror::Error)]
pub enum BounceError {
    /// Not the JSON that the rule on the event bus makes of a report.
    #[error("not a report of an e-mail")]
    Shape(#[from] serde_json::Error),
    /// The e-mail carried none of our tags, or more than one of a kind.
    #[error("the report is of an e-mail without our tags")]
    Tags,
}

/// The report as the rule on the event bus writes it. Message tags are lists (SES Developer
/// Guide, "Examples of event data").
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    email: Reported,
    message: MessageId,
    request: Vec<RequestId>,
    approver: Vec<SysId>,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    detail: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reported {
    Bounced,
    Complained,
}

/// Kinds of passing bounces (`bounceType` `Transient`) after which the same e-mail will not
/// arrive either.
const LOST_THOUGH_TRANSIENT: [&str; 4] = [
    "MailboxFull",
    "MessageTooLarge",
    "ContentRejected",
    "AttachmentRejected",
];

impl Bounce {
    /// Reads a report.
    ///
    /// # Errors
    /// Where it is no report, or not one of an e-mail of ours.
    pub fn parse(text: &str) -> Result<Self, BounceError> {
        let report: Report = serde_json::from_str(text)?;
        let lost = match report.email {
            Reported::Complained => Some(BounceKind::Complained),
            Reported::Bounced => {
                let detail = report.detail.as_str();
                let lost = report.kind == "Permanent" || LOST_THOUGH_TRANSIENT.contains(&detail);
                lost.then_some(BounceKind::Bounced)
            }
        };
        let (Ok([request]), Ok([approver])) = (
            <[RequestId; 1]>::try_from(report.request),
            <[SysId; 1]>::try_from(report.approver),
        ) else {
            return Err(BounceError::Tags);
        };
        Ok(Self {
            message: report.message,
            tags: EmailTags { request, approver },
            kind: lost,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn report() -> Value {
        json!({
            "email": "bounced", "kind": "Permanent", "detail": "General",
            "message": "0100018c-1f2e-000000",
            "request": [RequestId::from_random([1; 16])], "approver": ["0a".repeat(16)],
        })
    }

    #[test]
    fn a_report_is_read() {
        let bounce = Bounce::parse(&report().to_string()).unwrap();
        assert_eq!(bounce.kind, Some(BounceKind::Bounced));
        assert_eq!(bounce.message.to_string(), "0100018c-1f2e-000000");
        assert_eq!(bounce.tags.request, RequestId::from_random([1; 16]));
    }

    #[test]
    fn what_may_have_arrived_is_no_loss() {
        for (kind, detail, lost) in [
            ("Permanent", "OnAccountSuppressionList", true),
            ("Permanent", "NoEmail", true),
            ("Transient", "MailboxFull", true),
            ("Transient", "General", false),
            ("Undetermined", "Undetermined", false),
            ("", "", false),
        ] {
            let mut report = report();
            report["kind"] = kind.into();
            report["detail"] = detail.into();
            let bounce = Bounce::parse(&report.to_string()).unwrap();
            assert_eq!(bounce.kind.is_some(), lost, "{kind} {detail}");
        }
        let mut complaint = report();
        complaint["email"] = "complained".into();
        complaint.as_object_mut().unwrap().remove("kind");
        let complaint = Bounce::parse(&complaint.to_string()).unwrap();
        assert_eq!(complaint.kind, Some(BounceKind::Complained));
    }

    #[test]
    fn what_is_no_report_of_ours_is_refused() {
        for (member, value) in [
            ("email", json!("delivered")),
            ("message", json!("")),
            ("message", json!("a b")),
            ("request", json!([])),
            ("request", json!("req-1")),
            (
                "request",
                json!([
                    RequestId::from_random([1; 16]),
                    RequestId::from_random([2; 16])
                ]),
            ),
            ("approver", json!([])),
            ("approver", json!(["ada@meridian.example"])),
            ("destination", json!(["ada@meridian.example"])),
        ] {
            let mut bad = report();
            bad[member] = value.clone();
            assert!(Bounce::parse(&bad.to_string()).is_err(), "{member} {value}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = Bounce::parse(&text);
        }
    }
}
