//! What is left behind by everything that the stack has done so far: no token, no secret, no mail
//! address, no name, none of the words that people typed. Cargo runs the targets of a package in the order
//! of their names, so this one comes after `flow` and `phone`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code: a surprise ends the test, and the message is its report"
)]

use flow_tests::{Aws, Case, Credentials, Stack};
use serde_json::{Value, json};

/// Parts of names and addresses of those who were asked, and of what was typed (see `Case`).
const PERSONAL: [&str; 7] = [
    "canary-",
    "@brightwater.example",
    "Okafor",
    "Mensah",
    "Raman",
    "Fischer",
    "Chen",
];

#[tokio::test]
async fn nothing_confidential_is_left_behind() {
    let stack = Stack::alone().await;
    let id = make_noise(&stack).await;
    let secrets = secrets(&stack).await;
    let logs = logs(&stack).await;
    for function in [
        "intake",
        "dispatcher",
        "approval",
        "provisioner",
        "reporter",
    ] {
        let name = format!(
            "/aws/lambda/{}",
            stack.fact(&format!("/functions/{function}"))
        );
        let own = logs.iter().find(|(group, _)| *group == name);
        let (_, text) = own.unwrap_or_else(|| panic!("{name} has a log"));
        assert!(text.contains(&id), "{name} has written about {id}");
    }
    for (group, text) in &logs {
        holds_none(group, text, PERSONAL);
        holds_none(group, text, secrets.iter().map(String::as_str));
    }
    for queue in [
        "requests",
        "work",
        "outcomes",
        "bounces",
        "requests_dead",
        "bounces_dead",
        "work_dead",
        "outcomes_dead",
    ] {
        let text = messages(&stack, queue).await;
        holds_none(queue, &text, PERSONAL);
        holds_none(queue, &text, secrets.iter().map(String::as_str));
    }
    for table in ["/tables/requests", "/tables/tokens"] {
        let text = Value::from(stack.table(table).await).to_string();
        assert!(text.contains(&id), "the table holds {id}");
        holds_none("a table", &text, secrets.iter().map(String::as_str));
        // What was typed is in the ledger, by design; who typed it only as a sys_id.
        let people = PERSONAL.into_iter().filter(|part| *part != "canary-");
        holds_none("a table", &text, people);
    }
}

/// One request of each kind, so that every function has something to say.
async fn make_noise(stack: &Stack) -> String {
    let wrong = Credentials::new("canary-client", "canary-secret");
    let odd = json!({ "canary-member": "canary-value" });
    stack.api.submit(Some(&wrong), None, &odd).await;
    stack
        .api
        .submit(Some(&stack.client()), Some("canary-key"), &odd)
        .await;
    let link = format!("{}/r/canary-token", stack.browser.origin());
    stack.browser.open(&link).await;

    let denied = Case::of(stack, "320987654321").await;
    let (_, letter) = denied.asked(stack).await;
    stack
        .browser
        .decide(&letter.link, "deny", "canary-reason: no")
        .await;
    let case = Case::of(stack, "210987654321").await;
    let fault = json!({
        "table": "cmdb_ci_cloud_service_account", "count": 1, "fault": { "kind": "server_error" },
    });
    stack.servicenow.arm(&fault).await;
    let id = case.raise(stack).await;
    flow_tests::eventually("the dispatcher to meet the fault", || async {
        stack.servicenow.faults().await.is_empty().then_some(())
    })
    .await;
    // The queue brings the message back in three minutes; here it is sent again.
    stack.wake("requests", &id).await;
    stack.reaches(&id, "Pending").await;
    let letter = stack.mailbox.one(&case.number).await;
    let form = [("reason".to_owned(), "canary-reason: half a form".to_owned())];
    let origin = Some(stack.browser.origin());
    stack.browser.send(&letter.link, origin, &form).await;
    let foreign = Some("https://canary-origin.example");
    stack.browser.send(&letter.link, foreign, &form).await;
    stack
        .browser
        .decide(&letter.link, "approve", "canary-reason: yes")
        .await;
    for case in [&denied, &case] {
        let ticket = stack.servicenow.closed(&case.sys_id).await;
        let notes = Case::notes(&ticket).concat();
        holds_none(
            "the ticket",
            &notes,
            [letter.token(), "@brightwater.example"],
        );
    }
    id
}

/// Every token that was sent, and every credential that the stack has.
async fn secrets(stack: &Stack) -> Vec<String> {
    let letters = stack.mailbox.all().await;
    let mut secrets: Vec<String> = letters.iter().map(|one| one.token().to_owned()).collect();
    assert!(!secrets.is_empty());
    for name in ["client_secret", "powerless_client_secret"] {
        secrets.push(stack.fact(name));
    }
    for name in ["clients", "servicenow_read", "servicenow_write"] {
        let arn = json!({ "SecretId": stack.fact(&format!("/secrets/{name}")) });
        let found = stack
            .aws
            .call("secretsmanager", "get_secret_value", &arn)
            .await;
        let text = found["SecretString"].as_str().expect("a secret is text");
        let before = secrets.len();
        texts(
            &serde_json::from_str(text).expect("a secret is JSON"),
            &mut secrets,
        );
        assert!(secrets.len() > before, "the secret {name} holds something");
    }
    secrets
}

/// The texts in a value that are long enough to be secret.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.len() >= 32 => found.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|one| texts(one, found)),
        Value::Object(all) => all.values().for_each(|one| texts(one, found)),
        _ => {}
    }
}

/// All logs of the stack, by name.
async fn logs(stack: &Stack) -> Vec<(String, String)> {
    let groups = stack
        .aws
        .call("logs", "describe_log_groups", &json!({}))
        .await;
    let groups = groups["logGroups"].as_array().expect("a list").clone();
    let mut logs = Vec::new();
    for group in groups {
        let name = group["logGroupName"].as_str().expect("a name");
        logs.push((name.to_owned(), log(&stack.aws, name).await));
    }
    for own in ["serve.log", "servicenow.log"] {
        let text = std::fs::read_to_string(stack.folder().join("logs").join(own));
        logs.push((own.to_owned(), text.expect("the log can be read")));
    }
    logs
}

async fn log(aws: &Aws, group: &str) -> String {
    let mut text = String::new();
    let mut arguments = json!({ "logGroupName": group });
    loop {
        let page = aws.call("logs", "filter_log_events", &arguments).await;
        for event in page["events"].as_array().expect("a list") {
            text.push_str(event["message"].as_str().expect("a message"));
            text.push('\n');
        }
        match &page["nextToken"] {
            Value::Null => return text,
            token => arguments["nextToken"] = token.clone(),
        }
    }
}

/// The messages that wait in a queue; they stay there.
async fn messages(stack: &Stack, queue: &str) -> String {
    let arguments = json!({
        "QueueUrl": stack.fact(&format!("/queues/{queue}")),
        "MaxNumberOfMessages": 10,
        "VisibilityTimeout": 0,
        "MessageAttributeNames": ["All"],
    });
    let found = stack.aws.call("sqs", "receive_message", &arguments).await;
    found.to_string()
}

fn holds_none<'t>(place: &str, text: &str, parts: impl IntoIterator<Item = &'t str>) {
    for part in parts {
        // The part itself may be a secret: the place is enough to find it.
        if let Some(at) = text.find(part) {
            let line = text.get(..at).map_or(0, |before| before.lines().count());
            let shown = if PERSONAL.contains(&part) {
                part
            } else {
                "a secret"
            };
            panic!("{place}, line {line}, holds {shown}");
        }
    }
}
