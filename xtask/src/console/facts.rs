//! What the console and the demonstration look at: the emulator, the mailbox, IAM, the service API.

use serde::Deserialize;
use serde_json::{Value, json};

use super::held::{HELD, Held, held, held_steps};
use crate::aws::{Aws, AwsError};
use crate::stack::Stack;

/// Where to look, and with which credentials.
#[derive(Clone)]
pub(crate) struct Facts {
    stack: Stack,
    control_token: String,
    client: reqwest::Client,
    aws: Aws,
    people: Vec<String>,
}

/// Why a fact is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FactError {
    /// Nobody answered.
    #[error("no answer")]
    Silent(#[from] reqwest::Error),
    /// The answer was a refusal.
    #[error("the answer was {0}")]
    Refused(u16),
    /// The local AWS refused.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The answer has another shape.
    #[error("the answer has another shape")]
    Shape(#[from] serde_json::Error),
}

/// A ticket, in words.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    /// Its number.
    pub(crate) number: String,
    /// The account's name, or its id.
    pub(crate) account: String,
    /// What is asked for.
    pub(crate) what: String,
    /// Its state, in ServiceNow's words.
    pub(crate) state: String,
    /// The request's id; empty before it is raised.
    pub(crate) request: String,
}

/// A letter that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// The mail service's id.
    pub(crate) id: String,
    /// From whom.
    pub(crate) from: String,
    /// To whom.
    pub(crate) to: String,
    /// The subject.
    pub(crate) subject: String,
    /// The plain-text part.
    pub(crate) text: String,
    /// The HTML part.
    pub(crate) html: String,
}

/// A principal and what it holds.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    /// Account and user name.
    pub(crate) name: String,
    /// Managed policies, inline policies and groups, each in IAM's order.
    pub(crate) held: Vec<Held>,
}

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// When (UTC).
    pub(crate) at: String,
    /// What happened.
    pub(crate) what: String,
    /// The state afterwards.
    pub(crate) state: String,
    /// Who did it.
    pub(crate) who: String,
    /// The rest.
    pub(crate) detail: String,
}

/// A letter as MiniStack keeps it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sent {
    message_id: String,
    source: String,
    to: Vec<String>,
    subject: String,
    body_text: Option<String>,
    body_html: Option<String>,
}

impl Facts {
    /// Facts of one stack.
    pub(crate) fn new(
        stack: Stack,
        control_token: String,
        client: reqwest::Client,
        aws: Aws,
        people: Vec<String>,
    ) -> Self {
        Self {
            stack,
            control_token,
            client,
            aws,
            people,
        }
    }

    /// The approval page's origin.
    pub(crate) fn approval_api(&self) -> &str {
        &self.stack.approval_api
    }

    /// All tickets.
    pub(crate) async fn tickets(&self) -> Result<Vec<Ticket>, FactError> {
        let url = format!("{}/_emulator/tickets", self.stack.servicenow_url);
        let answer = self
            .get_json(self.client.get(url).bearer_auth(&self.control_token))
            .await?;
        let tickets = answer
            .get("tickets")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        Ok(tickets.iter().map(Ticket::from_json).collect())
    }

    /// One ticket, as the emulator tells it.
    pub(crate) async fn ticket(&self, sys_id: &str) -> Result<Value, FactError> {
        let url = format!("{}/_emulator/tickets/{sys_id}", self.stack.servicenow_url);
        self.get_json(self.client.get(url).bearer_auth(&self.control_token))
            .await
    }

    /// Raises a ticket's request, as ServiceNow's REST message does.
    pub(crate) async fn raise(&self, ticket: &str, attempt: u32) -> Result<Value, FactError> {
        let body = json!({
            "record": ticket, "service_api": self.stack.service_api, "attempt": attempt,
        });
        self.control("actions/raise", &body).await
    }

    /// An order to the emulator's control API; its answer, nothing where it has no content.
    pub(super) async fn control(&self, path: &str, order: &Value) -> Result<Value, FactError> {
        let url = format!("{}/_emulator/{path}", self.stack.servicenow_url);
        let asked = self.client.post(url).bearer_auth(&self.control_token);
        let answer = asked.json(order).send().await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(FactError::Refused(status.as_u16()));
        }
        let bytes = answer.bytes().await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// The service API, up to its stage.
    pub(super) fn service_api(&self) -> &str {
        &self.stack.service_api
    }

    /// All letters, the newest first.
    pub(crate) async fn letters(&self) -> Result<Vec<Letter>, FactError> {
        let url = format!("{}/_ministack/ses/messages", self.stack.aws_endpoint);
        let query = [("account", self.stack.hub_account.as_str())];
        let mut answer = self.get_json(self.client.get(url).query(&query)).await?;
        let sent = answer
            .pointer_mut(&format!("/messages/{}", self.stack.hub_account))
            .map_or(Value::Array(Vec::new()), Value::take);
        let sent: Vec<Sent> = serde_json::from_value(sent)?;
        Ok(sent.into_iter().rev().map(Letter::from).collect())
    }

    /// One letter.
    pub(crate) async fn letter(&self, id: &str) -> Result<Option<Letter>, FactError> {
        Ok(self
            .letters()
            .await?
            .into_iter()
            .find(|letter| letter.id == id))
    }

    /// What everybody holds in every member account.
    pub(crate) async fn principals(&self) -> Result<Vec<Principal>, FactError> {
        let pairs: Vec<(&String, &String)> = self
            .stack
            .member_accounts
            .iter()
            .flat_map(|account| self.people.iter().map(move |user| (account, user)))
            .collect();
        let steps = pairs
            .iter()
            .flat_map(|(account, user)| held_steps(account, user))
            .collect();
        let results = self.aws.run(steps).await?;
        Ok(pairs
            .iter()
            .zip(results.chunks(HELD.len()))
            .filter(|(_, results)| !results.iter().any(Value::is_null))
            .map(|((account, user), results)| Principal {
                name: format!("{account} {user}"),
                held: held(results),
            })
            .collect())
    }

    /// What one user holds.
    pub(crate) async fn held(&self, account: &str, user: &str) -> Result<Vec<Held>, FactError> {
        let steps = held_steps(account, user).collect();
        Ok(held(&self.aws.run(steps).await?))
    }

    /// A request, as the service API tells its client; nothing if there is none.
    pub(crate) async fn request(&self, id: &str) -> Result<Option<Value>, FactError> {
        let mut url =
            reqwest::Url::parse(&self.stack.service_api).map_err(|_| FactError::Refused(0))?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(["v1", "requests", id]);
        }
        let asked = self
            .client
            .get(url)
            .basic_auth(&self.stack.client_id, Some(&self.stack.client_secret))
            .header("x-api-key", &self.stack.api_key);
        match self.get_json(asked).await {
            Ok(answer) => Ok(Some(answer)),
            Err(FactError::Refused(404)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn get_json(&self, asked: reqwest::RequestBuilder) -> Result<Value, FactError> {
        let answer = asked.send().await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(FactError::Refused(status.as_u16()));
        }
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }
}

/// What a grant of a ticket is for, in a word or two.
fn grant(grant: &Value) -> String {
    let named = ["policy_arn", "role_arn", "group"];
    let name = named.iter().find_map(|member| grant.get(*member));
    name.map_or_else(|| "a policy of its own".to_owned(), |name| text(Some(name)))
}

impl Ticket {
    fn from_json(ticket: &Value) -> Self {
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

impl From<Sent> for Letter {
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

impl Letter {
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
pub(crate) fn timeline(answer: &Value) -> Vec<Row> {
    let rows = answer.get("timeline").and_then(Value::as_array);
    rows.into_iter().flatten().map(row).collect()
}

/// What was written on a ticket, oldest first.
pub(super) fn notes(ticket: &Value) -> Vec<Row> {
    let notes = ticket.get("notes").and_then(Value::as_array);
    let note = |note: &Value| Row {
        at: text(note.get("at")),
        what: text(note.get("element")).replace('_', " "),
        state: String::new(),
        who: text(note.get("by")),
        detail: text(note.get("value")),
    };
    notes.into_iter().flatten().map(note).collect()
}

fn row(entry: &Value) -> Row {
    let first = |name: &str| text(entry.get(name));
    let known = ["at", "event", "state", "by"];
    let rest: Vec<String> = entry
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, value)| !known.contains(&name.as_str()) && !value.is_null())
        .map(|(name, value)| format!("{name} {}", text(Some(value))))
        .collect();
    Row {
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
    use super::*;

    #[test]
    fn only_links_of_the_approval_page_are_links() {
        let letter = Letter {
            id: String::new(),
            from: String::new(),
            to: String::new(),
            subject: String::new(),
            text: "Decide:\n<http://127.0.0.1:9/r/abc>\nnot http://127.0.0.1:8/r/x".into(),
            html: String::new(),
        };
        assert_eq!(
            letter.links("http://127.0.0.1:9"),
            ["http://127.0.0.1:9/r/abc"]
        );
    }

    #[test]
    fn grants_are_told_by_what_they_name() {
        let reported = [
            json!({"type": "attach_managed_policy", "policy_arn": "arn:a"}),
            json!({"type": "assume_role", "role_arn": "arn:r"}),
            json!({"type": "group_membership", "group": "analysts"}),
            json!({"type": "inline_policy", "document": {}}),
        ];
        assert_eq!(
            reported.each_ref().map(grant),
            ["arn:a", "arn:r", "analysts", "a policy of its own"]
        );
    }

    #[test]
    fn a_timeline_keeps_what_it_does_not_know() {
        let answer = json!({"timeline": [{"at": "t.25Z", "event": "decided", "state": "Approved", "by": "x", "slot": "1"}]});
        let row = Row {
            at: "tZ".into(),
            what: "decided".into(),
            state: "Approved".into(),
            who: "x".into(),
            detail: "slot 1".into(),
        };
        assert_eq!(timeline(&answer), [row]);
    }
}
