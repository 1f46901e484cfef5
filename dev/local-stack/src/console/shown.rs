//! What the console and the demonstration show: tickets, e-mails, holdings and timelines, read from
//! the answers of the emulator, MiniStack and the service API.

use serde::Deserialize;
use serde_json::Value;
use snowgate_core::kind::GrantKind;

use super::held::HeldEntry;

/// A ticket, in words.
#[derive(Debug, Clone)]
pub(crate) struct TicketRow {
    /// Its number.
    pub number: String,
    /// The account's name, or its id.
    pub account: String,
    /// What is asked for.
    pub what: String,
    /// Its state, in ServiceNow's words.
    pub state: String,
    /// The request's id; empty before it is raised.
    pub request: String,
}

/// An e-mail that was sent.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedMail {
    /// The mail service's id.
    pub id: String,
    /// From whom.
    pub from: String,
    /// To whom.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The plain-text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// A principal and what it holds.
#[derive(Debug, Clone)]
pub(crate) struct PrincipalHoldings {
    /// Account and user name.
    pub name: String,
    /// Managed policies, inline policies and groups, each in IAM's order.
    pub held: Vec<HeldEntry>,
}

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimelineRow {
    /// When (UTC).
    pub at: String,
    /// What happened.
    pub what: String,
    /// The state afterwards.
    pub state: String,
    /// Who did it.
    pub who: String,
    /// The rest.
    pub detail: String,
}

/// An e-mail as MiniStack keeps it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Sent {
    message_id: String,
    source: String,
    to: Vec<String>,
    subject: String,
    body_text: Option<String>,
    body_html: Option<String>,
}

/// What a grant of a ticket is for, in a word or two.
fn grant(grant: &Value) -> String {
    let kind = grant.get("type").and_then(Value::as_str);
    let Some(row) = kind
        .and_then(|kind| kind.parse::<GrantKind>().ok())
        .map(GrantKind::row)
    else {
        return text(grant.get("type"));
    };
    let named = grant.get(row.member).filter(|_| row.member != "type");
    named.and_then(Value::as_str).unwrap_or(row.noun).to_owned()
}

impl TicketRow {
    pub(super) fn from_json(ticket: &Value) -> Self {
        let text = |pointer: &str| text(ticket.pointer(pointer));
        let account = match text("/account_name") {
            name if name.is_empty() => text("/account_id"),
            name => name,
        };
        let grants: Vec<_> = ticket
            .pointer("/grants")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(grant)
            .collect();
        let what = format!("{} for {}", grants.join(", "), text("/principal/name"));
        Self {
            number: text("/number"),
            account,
            what: if grants.is_empty() {
                text("/short_description")
            } else {
                what
            },
            state: text("/state_label"),
            request: text("/correlation_id"),
        }
    }
}

impl From<Sent> for ReceivedMail {
    fn from(sent: Sent) -> Self {
        Self {
            id: sent.message_id,
            from: sent.source,
            to: sent.to.join(", "),
            subject: sent.subject,
            text: sent.body_text.unwrap_or_default(),
            html: sent.body_html.unwrap_or_default(),
        }
    }
}

impl ReceivedMail {
    /// The review links in its plain text: addresses below the approval page's origin.
    pub(crate) fn links(&self, approval_api: &str) -> Vec<String> {
        let prefix = format!("{approval_api}/r/");
        self.text
            .split_whitespace()
            .map(|word| word.trim_matches(['<', '>']))
            .filter(|word| word.starts_with(&prefix))
            .map(str::to_owned)
            .collect()
    }
}

/// A request's state.
pub(crate) fn state(answer: &Value) -> String {
    text(answer.get("state"))
}

/// A request's timeline, oldest first.
pub(crate) fn timeline(answer: &Value) -> Vec<TimelineRow> {
    let rows = answer.get("timeline").and_then(Value::as_array);
    rows.into_iter().flatten().map(row).collect()
}

/// What was written on a ticket, oldest first.
pub(super) fn notes(ticket: &Value) -> Vec<TimelineRow> {
    let notes = ticket.get("notes").and_then(Value::as_array);
    let note = |note: &Value| TimelineRow {
        at: text(note.get("at")),
        what: text(note.get("element")).replace('_', " "),
        state: String::new(),
        who: text(note.get("by")),
        detail: text(note.get("value")),
    };
    notes.into_iter().flatten().map(note).collect()
}

fn row(entry: &Value) -> TimelineRow {
    let first = |name: &str| text(entry.get(name));
    let known = ["at", "event", "state", "by"];
    let rest: Vec<String> = entry
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, value)| !known.contains(&name.as_str()) && !value.is_null())
        .map(|(name, value)| format!("{name} {}", text(Some(value))))
        .collect();
    TimelineRow {
        at: seconds(&first("at")),
        what: first("event").replace('_', " "),
        state: first("state"),
        who: first("by"),
        detail: rest.join(", "),
    }
}

/// A time without fractions of seconds.
fn seconds(at: &str) -> String {
    match at.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => at.to_owned(),
    }
}

/// A string as it is, anything else as JSON, nothing as nothing.
pub(super) fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_links_of_the_approval_page_are_links() {
        let email = ReceivedMail {
            id: String::new(),
            from: String::new(),
            to: String::new(),
            subject: String::new(),
            text: "Decide:\n<http://127.0.0.1:9/r/abc>\nnot http://127.0.0.1:8/r/x".into(),
            html: String::new(),
        };
        assert_eq!(
            email.links("http://127.0.0.1:9"),
            ["http://127.0.0.1:9/r/abc"]
        );
    }

    #[test]
    fn grants_are_told_by_what_they_name() {
        let told = [
            json!({"type": "attach_managed_policy", "policy_arn": "arn:a"}),
            json!({"type": "assume_role", "role_arn": "arn:r"}),
            json!({"type": "group_membership", "group": "analysts"}),
            json!({"type": "inline_policy", "document": {}}),
            json!({"type": "create_user"}),
        ];
        assert_eq!(
            told.each_ref().map(grant),
            [
                "arn:a",
                "arn:r",
                "analysts",
                "an inline policy",
                "a new IAM user"
            ]
        );
    }

    #[test]
    fn a_timeline_keeps_what_it_does_not_know() {
        let answer = json!({"timeline": [{"at": "t.25Z", "event": "decided", "state": "Approved", "by": "x", "slot": "1"}]});
        let row = TimelineRow {
            at: "tZ".into(),
            what: "decided".into(),
            state: "Approved".into(),
            who: "x".into(),
            detail: "slot 1".into(),
        };
        assert_eq!(timeline(&answer), [row]);
    }
}
