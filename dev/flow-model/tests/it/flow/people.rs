//! What clients, approvers and intruders do.

use form_urlencoded::Serializer;
use serde_json::json;
use snowgate_core::approval::Verdict;
use snowgate_core::lifecycle::State;
use testkit::samples;
use testkit::world::{self, OWNER, at};
use testkit::{FakeKeys, SentEmail};

use super::lake::{ITEM, lake, lake_policy};
use super::{Flow, event_of};
use crate::functions::{self, ORIGIN};
use crate::steps::{Crash, Want};

impl Flow {
    pub(super) fn raise(&self, user: usize, wants: &[Want], item: bool, dry_run: bool) {
        let user = &self.users[user];
        let mut body = samples::body(&self.world.ticket(), user);
        body["grants"] = if user.account_id == lake() {
            json!([{"type": "attach_managed_policy", "policy_arn": lake_policy()}])
        } else {
            wants.iter().map(|want| want.grant()).collect()
        };
        if item {
            body["resource"] = json!({"sys_id": world::id(ITEM)});
        }
        if dry_run {
            body["dry_run"] = json!(true);
        }
        let event = json!({
            "resource": "/v1/requests", "path": "/v1/requests", "httpMethod": "POST",
            "headers": {"Content-Type": "application/json"}, "body": body.to_string(),
            "requestContext": {"httpMethod": "POST", "authorizer": {"client": "servicenow"}},
        });
        self.world.fault.mend();
        let intake = functions::intake(&self.world);
        let answer = self
            .runtime
            .block_on(intake.handle(&event_of(event), at(self.second)));
        assert_eq!(answer.status_code, 202);
    }

    pub(super) fn end(&self, pick: usize, revoke: bool, crash: Crash) {
        let records = self.world.ledger.records();
        if records.is_empty() {
            return;
        }
        let how = if revoke { "revoke" } else { "withdraw" };
        let resource = format!("/v1/requests/{{id}}/{how}");
        let event = json!({
            "resource": resource, "path": resource, "httpMethod": "POST",
            "headers": {}, "pathParameters": {"id": records[pick % records.len()].id()},
            "requestContext": {"httpMethod": "POST", "authorizer": {"client": "servicenow"}},
        });
        self.break_off(crash);
        let intake = functions::intake(&self.world);
        let answer = self
            .runtime
            .block_on(intake.handle(&event_of(event), at(self.second)));
        assert!([200, 409, 503].contains(&answer.status_code));
        self.world.fault.mend();
    }

    /// Sends the form behind one of the links that were mailed.
    pub(super) fn use_link(&self, letter: usize, choice: &str, crash: Crash) {
        let start = format!("{ORIGIN}/r/");
        let letters: Vec<SentEmail> = self.world.mailer.sent();
        let links: Vec<String> = letters
            .iter()
            .filter_map(|sent| sent.email.text.split_once(&start))
            .map(|(_, rest)| rest.chars().take(43).collect())
            .collect();
        if links.is_empty() {
            return;
        }
        let link = links[letter % links.len()].clone();
        self.break_off(None);
        let shown = self.call("GET", &link, String::new());
        let nonce = shown.split_once("name=\"nonce\" value=\"");
        let nonce = nonce.and_then(|(_, rest)| rest.split_once('"'));
        let body = Serializer::new(String::new())
            .append_pair("nonce", nonce.map_or("", |(nonce, _)| nonce))
            .append_pair("decision", choice)
            .append_pair("reason", "Known and needed")
            .finish();
        self.break_off(crash);
        self.call("POST", &link, body);
        self.world.fault.mend();
    }

    /// Calls the approval page; answers its HTML.
    fn call(&self, method: &str, link: &str, body: String) -> String {
        let event = json!({
            "resource": "/r/{token}", "path": format!("/r/{link}"), "httpMethod": method,
            "headers": {"Content-Type": "application/x-www-form-urlencoded", "Origin": ORIGIN},
            "pathParameters": {"token": link}, "body": body,
            "requestContext": {"httpMethod": method},
        });
        let approval = functions::approval(&self.world);
        let answer = self
            .runtime
            .block_on(approval.handle(&event_of(event), at(self.second)));
        let whole = serde_json::to_value(&answer).unwrap();
        whole["body"].as_str().unwrap_or_default().to_owned()
    }

    pub(super) fn forge(&mut self, pick: usize) {
        let mut pending = self.world.ledger.records();
        let now = at(self.second);
        pending.retain(|record| {
            let Some(asked) = record.round() else {
                return false;
            };
            // What is forged is a yes of the owner for the first slot.
            let first = &asked.slots[0];
            record.state() == State::Pending
                && first.approver(&world::id(OWNER)).is_some()
                && record.decision_of(&first.id).is_none()
                && now < asked.expires_at
        });
        if pending.is_empty() {
            return;
        }
        let record = &pending[pick % pending.len()];
        let keys = FakeKeys::new([66; 32]);
        let _ = self
            .world
            .decide(record, OWNER, Verdict::Approve, &keys, now);
        self.forged.push(record.id().clone());
    }
}
