//! Asked and denied.

use flow_tests::{Case, Stack};
use serde_json::{Value, json};

#[tokio::test]
async fn a_denial_grants_nothing_and_tells_the_reason() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let id = case.submit(&stack).await;
    let letter = stack.mailbox.one(&case.number).await;
    let reason = "canary-reason: ask for the archive instead";
    let thanks = stack.browser.decide(&letter.link, "deny", reason).await;
    assert_eq!(
        (thanks.status, thanks.heading()),
        (200, "You denied this request")
    );

    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state"], "4", "Closed Incomplete");
    assert_eq!(ticket["correlation_id"], Value::from(id.as_str()));
    let notes = Case::notes(&ticket);
    assert_eq!(notes.len(), 1, "one note: {notes:?}");
    assert!(notes.concat().contains(reason), "the note tells the reason");
    case.nothing_in_iam(&stack).await;
    let request = stack.request(&id).await;
    assert_eq!(request["state"], "Denied");
    assert_eq!(request["decisions"][0]["decision"], "deny");
    assert_eq!(request["until"], json!(null));
}

#[tokio::test]
async fn after_a_denial_the_ticket_may_ask_anew_and_the_old_link_stays_used() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (first, letter) = case.asked(&stack).await;
    stack
        .browser
        .decide(&letter.link, "deny", "Not before Monday")
        .await;
    stack.servicenow.closed(&case.sys_id).await;
    case.open(&stack).await;

    let raised = stack.servicenow.raise(&case.sys_id, 2).await;
    assert_eq!(raised["status"], 202, "{raised}");
    let second = raised["request_id"].as_str().expect("an id").to_owned();
    assert_ne!(first, second);
    stack.reaches(&second, "Pending").await;
    let old = stack.browser.open(&letter.link).await;
    assert_eq!(
        (old.status, old.heading()),
        (200, "You denied this request")
    );
    assert_eq!(stack.request(&first).await["state"], "Denied");
}
