//! A case: a ticket of its own that asks for access for an IAM user of its own.

use serde_json::{Value, json};

use crate::mailbox::Letter;
use crate::stack::{Stack, random_hex, text};

/// People of the seeded organisation, by `sys_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person(pub &'static str);

impl Person {
    /// The usual requester.
    pub const RITA: Self = Self("aaaa0000000000000000000000000002");
    /// Another requester.
    pub const DIEGO: Self = Self("aaaa0000000000000000000000000014");
}

/// A ticket that asks for access.
#[derive(Debug, Clone)]
pub struct Case {
    /// The target account.
    pub account: String,
    /// The IAM user.
    pub user: String,
    /// The ticket's `sys_id`.
    pub sys_id: String,
    /// The ticket's number, found in no other ticket.
    pub number: String,
    /// The managed policy that is asked for.
    pub policy: String,
    /// The grants that are asked for instead of that policy.
    pub instead: Option<Value>,
    /// Who asks.
    pub requester: Person,
    /// For how long, as ISO 8601 has it.
    pub duration: String,
    /// Words that must show up nowhere but in the e-mail and on the page.
    pub justification: String,
}

impl Case {
    /// Rita's ticket for an account, with an enrolled user that is hers.
    pub async fn of(stack: &Stack, account: &str) -> Self {
        Self::asked_by(stack, account, Person::RITA).await
    }

    /// Somebody's ticket for an account, with an enrolled user that is theirs.
    pub async fn asked_by(stack: &Stack, account: &str, requester: Person) -> Self {
        let case = Self::on_paper(account, &format!("flow-{}", random_hex(12)), requester);
        stack
            .aws
            .enrol(&case.account, &case.user, requester.0)
            .await;
        case.open(stack).await;
        case
    }

    /// A case of which nothing exists yet, neither ticket nor user.
    #[must_use]
    pub fn on_paper(account: &str, user: &str, requester: Person) -> Self {
        let digits: String = random_hex(24)
            .bytes()
            .map(|byte| char::from(b'0' + byte % 10))
            .take(12)
            .collect();
        Self {
            account: account.to_owned(),
            user: user.to_owned(),
            sys_id: random_hex(32),
            number: format!("RITM{digits}"),
            policy: format!("arn:aws:iam::{account}:policy/reports-read"),
            instead: None,
            requester,
            duration: "PT4H".to_owned(),
            justification: format!("canary-{} month-end reports", random_hex(16)),
        }
    }

    /// Rita's ticket for other grants in an account, with an enrolled user that is hers.
    pub async fn for_grants(stack: &Stack, account: &str, grants: Value) -> Self {
        let user = format!("flow-{}", random_hex(12));
        let mut case = Self::on_paper(account, &user, Person::RITA);
        case.instead = Some(grants);
        stack.aws.enrol(account, &user, case.requester.0).await;
        case.open(stack).await;
        case
    }

    /// What is asked for.
    #[must_use]
    pub fn grants(&self) -> Value {
        let policy = || json!([{ "type": "attach_managed_policy", "policy_arn": self.policy }]);
        self.instead.clone().unwrap_or_else(policy)
    }

    /// Everybody who is written to approves, one after the other, until nobody is waited for; the
    /// state that the request comes to.
    pub async fn approved_by_all(&self, stack: &Stack, id: &str) -> Value {
        let mut answered: Vec<String> = Vec::new();
        let end = std::time::Instant::now() + crate::stack::PATIENCE;
        loop {
            for letter in stack.mailbox.about(&self.number).await {
                if answered.contains(&letter.link) {
                    continue;
                }
                if stack.browser.open(&letter.link).await.hidden().len() == 1 {
                    let reason = "canary-reason: agreed";
                    stack.browser.decide(&letter.link, "approve", reason).await;
                }
                answered.push(letter.link);
            }
            let request = stack.request(id).await;
            if !["Received", "Pending", "Approved", "Provisioning"]
                .iter()
                .any(|state| request["state"] == *state)
            {
                return request;
            }
            assert!(std::time::Instant::now() < end, "nobody decides {request}");
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    /// Opens the ticket in ServiceNow.
    pub async fn open(&self, stack: &Stack) {
        self.put(stack, &json!({ "active": "true", "state": "1" }))
            .await;
    }

    /// Writes the ticket with other values in some fields.
    pub async fn put(&self, stack: &Stack, other: &Value) {
        let grants = self.grants().to_string();
        let mut record = json!({
            "sys_id": self.sys_id,
            "sys_class_name": "sc_req_item",
            "number": self.number,
            "short_description": "Read the reports",
            "requested_for": self.requester.0,
            "opened_by": self.requester.0,
            "u_confidential": "false",
            "u_account_id": self.account,
            "u_principal_type": "user",
            "u_principal_name": self.user,
            "u_grants": grants,
            "u_duration": self.duration,
            "u_justification": self.justification,
        });
        let fields = record.as_object_mut().expect("an object");
        fields.extend(other.as_object().expect("fields").clone());
        stack.servicenow.put("sc_req_item", record).await;
    }

    /// The body that a client sends for this ticket.
    #[must_use]
    pub fn body(&self) -> Value {
        json!({
            "source": { "table": "sc_req_item", "sys_id": self.sys_id, "number": self.number },
            "requested_by": { "sys_id": self.requester.0 },
            "target": {
                "account_id": self.account,
                "principal": { "type": "user", "name": self.user },
            },
            "grants": self.grants(),
            "duration": self.duration,
            "justification": self.justification,
        })
    }

    /// ServiceNow calls Snowgate about the ticket; the request's id.
    pub async fn raise(&self, stack: &Stack) -> String {
        let raised = stack.servicenow.raise(&self.sys_id, 1).await;
        assert_eq!(raised["status"], 202, "{raised}");
        text(&raised, "request_id")
    }

    /// A client calls Snowgate about the ticket; the request's id.
    pub async fn submit(&self, stack: &Stack) -> String {
        let answer = stack
            .api
            .submit(Some(&stack.client()), None, &self.body())
            .await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        text(&answer.body, "request_id")
    }

    /// ServiceNow calls about the ticket, and the owner gets an e-mail; the request's id and it.
    pub async fn asked(&self, stack: &Stack) -> (String, Letter) {
        let id = self.raise(stack).await;
        stack.reaches(&id, "Pending").await;
        let letter = stack.mailbox.one(&self.number).await;
        (id, letter)
    }

    /// A client asks, the owner approves, the access is there; the request's id.
    pub async fn granted(&self, stack: &Stack) -> String {
        let id = self.submit(stack).await;
        let letter = stack.mailbox.one(&self.number).await;
        let reason = "canary-reason: agreed";
        stack.browser.decide(&letter.link, "approve", reason).await;
        stack.servicenow.closed(&self.sys_id).await;
        id
    }

    /// Checks that IAM has nothing that this case asked for.
    pub async fn nothing_in_iam(&self, stack: &Stack) {
        let attached = stack.aws.attached(&self.account, &self.user).await;
        assert_eq!(attached, [""; 0], "nothing was granted to {}", self.user);
    }

    /// Checks that nobody was written to about this case.
    pub async fn no_letter(&self, stack: &Stack) {
        let letters = stack.mailbox.about(&self.number).await;
        assert_eq!(letters.len(), 0, "nobody is written to");
    }

    /// The work notes that Snowgate left on the ticket.
    #[must_use]
    pub fn notes(ticket: &Value) -> Vec<String> {
        let notes = ticket["notes"].as_array().expect("a ticket has notes");
        notes
            .iter()
            .filter(|note| note["element"] == "work_notes")
            .map(|note| text(note, "value"))
            .collect()
    }
}
