//! What SES reports. AWS takes events of its own services from nobody else, and so does the local
//! one; so the deployed rule is asked whether it takes the report, and what it would make of it goes
//! to the queue.

use serde_json::{Value, json};

use crate::stack::{Stack, text};

impl Stack {
    /// SES reports something of an e-mail: the event as it is put on the event bus (SES Developer
    /// Guide, "Examples of event data"), for the rule of that name.
    pub async fn report(&self, rule: &str, kind: &str, detail: &Value) {
        let rule = format!("snowgate-{rule}");
        let found = json!({ "Name": rule });
        let found = self.aws.call("events", "describe_rule", &found).await;
        let event = json!({
            "version": "0", "id": "canary", "detail-type": kind, "source": "aws.ses",
            "account": self.aws.hub(), "time": "2026-11-22T08:00:00Z", "region": "eu-west-1",
            "resources": [], "detail": detail,
        });
        let asked =
            json!({ "EventPattern": text(&found, "EventPattern"), "Event": event.to_string() });
        let answer = self.aws.call("events", "test_event_pattern", &asked).await;
        assert_eq!(answer["Result"], true, "{rule} takes {event}");
        let targets = json!({ "Rule": rule });
        let targets = self
            .aws
            .call("events", "list_targets_by_rule", &targets)
            .await;
        let body = transformed(&targets["Targets"][0]["InputTransformer"], &event);
        let queue = self.fact("/queues/bounces");
        let message = json!({ "QueueUrl": queue, "MessageBody": body });
        self.aws.call("sqs", "send_message", &message).await;
    }
}

/// What an input transformer makes of an event: each name in the template stands for the JSON at
/// its path (EventBridge User Guide, "Input transformation"). What is not there becomes an empty
/// text.
fn transformed(transformer: &Value, event: &Value) -> String {
    let paths = transformer["InputPathsMap"].as_object().expect("paths");
    let template = text(transformer, "InputTemplate");
    paths.iter().fold(template, |template, (name, path)| {
        let path = path.as_str().expect("a path");
        let pointer = path.replacen('$', "", 1).replace('.', "/");
        let value = event.pointer(&pointer).cloned();
        let value = value.unwrap_or_else(|| json!(""));
        template.replace(&format!("<{name}>"), &value.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_with_json() {
        let transformer = json!({
            "InputPathsMap": { "id": "$.detail.id", "tags": "$.detail.mail.tags", "none": "$.detail.x" },
            "InputTemplate": r#"{"id":<id>,"tags":<tags>,"none":<none>}"#,
        });
        let event = json!({ "detail": { "id": "a\"b", "mail": { "tags": ["1"] } } });
        let filled: Value = serde_json::from_str(&transformed(&transformer, &event)).expect("JSON");
        assert_eq!(filled, json!({ "id": "a\"b", "tags": ["1"], "none": "" }));
    }
}
