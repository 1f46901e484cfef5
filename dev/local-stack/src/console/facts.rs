//! What the console and the demonstration look at: the emulator, the mailbox, IAM, the service API.

use serde_json::{Value, json};

use super::held::{HELD, HeldEntry, held, held_steps};
use super::shown::{PrincipalHoldings, ReceivedMail, Sent, TicketRow};
use crate::aws::{LocalAws, LocalAwsError};
use crate::stack::LocalStack;

/// Where to look, and with which credentials.
#[derive(Clone)]
pub(crate) struct StackFacts {
    stack: LocalStack,
    control_token: String,
    client: reqwest::Client,
    aws: LocalAws,
    people: Vec<String>,
}

/// Why a fact is not known.
#[derive(Debug, thiserror::Error)]
pub enum StackFactsError {
    /// Nobody answered.
    #[error("no answer")]
    Silent(#[from] reqwest::Error),
    /// The answer was a refusal.
    #[error("the answer was {0}")]
    Refused(u16),
    /// The local AWS refused.
    #[error(transparent)]
    Aws(#[from] LocalAwsError),
    /// The answer has another shape.
    #[error("the answer has another shape")]
    Shape(#[from] serde_json::Error),
}

impl StackFacts {
    /// StackFacts of one stack.
    pub(crate) fn new(
        stack: LocalStack,
        control_token: String,
        client: reqwest::Client,
        aws: LocalAws,
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
    pub(crate) async fn tickets(&self) -> Result<Vec<TicketRow>, StackFactsError> {
        let url = format!("{}/_emulator/tickets", self.stack.servicenow_url);
        let answer = self
            .get_json(self.client.get(url).bearer_auth(&self.control_token))
            .await?;
        let tickets = answer
            .get("tickets")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        Ok(tickets.iter().map(TicketRow::from_json).collect())
    }

    /// One ticket, as the emulator tells it.
    pub(crate) async fn ticket(&self, sys_id: &str) -> Result<Value, StackFactsError> {
        let url = format!("{}/_emulator/tickets/{sys_id}", self.stack.servicenow_url);
        self.get_json(self.client.get(url).bearer_auth(&self.control_token))
            .await
    }

    /// Raises a ticket's request, as ServiceNow's REST message does.
    pub(crate) async fn raise(&self, ticket: &str, attempt: u32) -> Result<Value, StackFactsError> {
        let body = json!({
            "record": ticket, "service_api": self.stack.service_api, "attempt": attempt,
        });
        self.control("actions/raise", &body).await
    }

    /// An order to the emulator's control API; its answer, nothing where it has no content.
    pub(super) async fn control(
        &self,
        path: &str,
        order: &Value,
    ) -> Result<Value, StackFactsError> {
        let url = format!("{}/_emulator/{path}", self.stack.servicenow_url);
        let asked = self.client.post(url).bearer_auth(&self.control_token);
        let answer = asked.json(order).send().await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(StackFactsError::Refused(status.as_u16()));
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

    /// All e-mails, the newest first.
    pub(crate) async fn emails(&self) -> Result<Vec<ReceivedMail>, StackFactsError> {
        let url = format!("{}/_ministack/ses/messages", self.stack.aws_endpoint);
        let query = [("account", self.stack.hub_account.as_str())];
        let mut answer = self.get_json(self.client.get(url).query(&query)).await?;
        let sent = answer
            .pointer_mut(&format!("/messages/{}", self.stack.hub_account))
            .map_or(Value::Array(Vec::new()), Value::take);
        let sent: Vec<Sent> = serde_json::from_value(sent)?;
        Ok(sent.into_iter().rev().map(ReceivedMail::from).collect())
    }

    /// One e-mail.
    pub(crate) async fn email(&self, id: &str) -> Result<Option<ReceivedMail>, StackFactsError> {
        Ok(self
            .emails()
            .await?
            .into_iter()
            .find(|email| email.id == id))
    }

    /// What everybody holds in every member account.
    pub(crate) async fn principals(&self) -> Result<Vec<PrincipalHoldings>, StackFactsError> {
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
            .map(|((account, user), results)| PrincipalHoldings {
                name: format!("{account} {user}"),
                held: held(results),
            })
            .collect())
    }

    /// What one user holds.
    pub(crate) async fn held(
        &self,
        account: &str,
        user: &str,
    ) -> Result<Vec<HeldEntry>, StackFactsError> {
        let steps = held_steps(account, user).collect();
        Ok(held(&self.aws.run(steps).await?))
    }

    /// A request, as the service API tells its client; nothing if there is none.
    pub(crate) async fn request(&self, id: &str) -> Result<Option<Value>, StackFactsError> {
        let mut url = reqwest::Url::parse(&self.stack.service_api)
            .map_err(|_| StackFactsError::Refused(0))?;
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
            Err(StackFactsError::Refused(404)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn get_json(&self, asked: reqwest::RequestBuilder) -> Result<Value, StackFactsError> {
        let answer = asked.send().await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(StackFactsError::Refused(status.as_u16()));
        }
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }
}
