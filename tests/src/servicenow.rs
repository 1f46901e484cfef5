//! The ServiceNow emulator, through its control API.

use reqwest::Method;
use serde_json::{Value, json};

use crate::stack::eventually;

/// The ServiceNow emulator.
pub struct ServiceNow {
    http: reqwest::Client,
    base: String,
    service_api: String,
    token: String,
}

impl ServiceNow {
    pub(crate) fn new(
        http: reqwest::Client,
        base: String,
        service_api: String,
        token: String,
    ) -> Self {
        Self {
            http,
            base,
            service_api,
            token,
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let mut sent = self
            .http
            .request(method, format!("{}/_emulator/{path}", self.base))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            sent = sent.json(body);
        }
        let answer = sent.send().await.expect("the emulator answers");
        let status = answer.status();
        let text = answer.text().await.expect("an answer is text");
        assert!(status.is_success(), "/_emulator/{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Adds records to a table, or changes those that are there.
    pub async fn put(&self, table: &str, record: Value) {
        let body = json!({ table: [record] });
        self.ask(Method::POST, "records", Some(&body)).await;
    }

    /// Calls Snowgate about a ticket, as the REST message does; its answer, with the status.
    pub async fn raise(&self, ticket: &str, attempt: u32) -> Value {
        let body = json!({
            "record": ticket, "service_api": self.service_api, "attempt": attempt,
        });
        self.ask(Method::POST, "actions/raise", Some(&body)).await
    }

    /// A ticket with its notes.
    pub async fn ticket(&self, sys_id: &str) -> Value {
        self.ask(Method::GET, &format!("tickets/{sys_id}"), None)
            .await
    }

    /// A ticket, once it is closed.
    pub async fn closed(&self, sys_id: &str) -> Value {
        eventually(&format!("ticket {sys_id} to be closed"), || async {
            let ticket = self.ticket(sys_id).await;
            (ticket["active"] == false).then_some(ticket)
        })
        .await
    }

    /// Arms a fault.
    pub async fn arm(&self, fault: &Value) {
        self.ask(Method::POST, "faults", Some(fault)).await;
    }

    /// The faults that were not used up yet.
    pub async fn faults(&self) -> Vec<Value> {
        let listed = self.ask(Method::GET, "faults", None).await;
        let faults = listed["faults"].as_array();
        faults.expect("the emulator lists its faults").clone()
    }

    /// Removes all faults.
    pub async fn clear_faults(&self) {
        self.ask(Method::DELETE, "faults", None).await;
    }
}
