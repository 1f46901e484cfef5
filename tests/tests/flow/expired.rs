//! Asked, and nobody answers.

use std::time::Duration;

use flow_tests::{Case, Stack};
use serde_json::{Value, json};

/// The sweeper comes by every minute, and ServiceNow is told after that.
const A_MINUTE_AND_SOME: Duration = Duration::from_secs(100);

#[tokio::test]
async fn a_request_that_nobody_decides_expires_and_the_ticket_is_told() {
    let stack = Stack::alone().await;
    let case = Case::of(&stack, "210987654321").await;
    // The dispatcher notes the end when it asks; the sweeper then goes by what was noted.
    let usual = pending_for(&stack, "PT6S").await;
    let id = case.raise(&stack).await;
    let letter = stack.mailbox.one(&case.number).await;
    pending_for(&stack, &usual).await;
    let stack = stack.step_aside();

    stack
        .reaches_within(&id, "Expired", A_MINUTE_AND_SOME)
        .await;
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state"], "4", "Closed Incomplete");
    let notes = Case::notes(&ticket);
    assert_eq!(notes.len(), 1, "one note: {notes:?}");
    case.nothing_in_iam(&stack).await;

    let shown = stack.browser.open(&letter.link).await;
    assert_eq!(shown.status, 410, "{}", shown.heading());
    assert_eq!(shown.hidden(), [], "there is no form any more");
    assert_eq!(stack.mailbox.about(&case.number).await.len(), 1);
}

#[tokio::test]
async fn usually_a_decision_is_awaited_for_three_days() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, _) = case.asked(&stack).await;
    let request = stack.request(&id).await;
    let asked = request["timeline"][1]["at"].as_str().expect("asked when");
    let end = request["decide_by"].as_str().expect("decided by when");
    let waits = flow_tests::seconds_between(asked, end);
    assert_eq!(waits, 72 * 3600, "from {asked} to {end}");
}

/// Sets how long the dispatcher lets decisions be awaited; how long it was before.
async fn pending_for(stack: &Stack, duration: &str) -> String {
    let name = json!({ "FunctionName": stack.fact("/functions/dispatcher") });
    let found = stack
        .aws
        .call("lambda", "get_function_configuration", &name)
        .await;
    let mut variables = found["Environment"]["Variables"].clone();
    let before = variables["PENDING_FOR"]
        .as_str()
        .expect("it is set")
        .to_owned();
    variables["PENDING_FOR"] = Value::from(duration);
    let change = json!({
        "FunctionName": stack.fact("/functions/dispatcher"),
        "Environment": { "Variables": variables },
    });
    stack
        .aws
        .call("lambda", "update_function_configuration", &change)
        .await;
    before
}
