//! Asked, and withdrawn by the client.

use flow_tests::{Case, Stack};
use serde_json::{Value, json};

#[tokio::test]
async fn a_request_that_is_withdrawn_grants_nothing_and_everybody_is_told() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, letter) = case.asked(&stack).await;
    let client = stack.client();
    let answer = stack.api.end(Some(&client), &id, "withdraw", None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["state"], "Withdrawn");

    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state"], "4", "Closed Incomplete");
    assert_eq!(ticket["correlation_id"], Value::from(id.as_str()));
    let notes = Case::notes(&ticket);
    assert_eq!(notes.len(), 1, "one note: {notes:?}");
    assert!(notes.concat().starts_with("Cancelled: "), "{notes:?}");
    case.nothing_in_iam(&stack).await;

    let reported = stack
        .mailbox
        .notice(&case.number, "Your request was cancelled")
        .await;
    assert_eq!(reported.to, "rita.chen@brightwater.example");
    let asked = stack
        .mailbox
        .notice(&case.number, "No action needed: request by `Rita Chen`")
        .await;
    assert_eq!(asked.to, letter.to[0]);
    assert!(asked.text.contains("cancelled"), "{}", asked.text);
    let shown = stack.browser.open(&letter.link).await;
    assert_eq!(
        (shown.status, shown.heading()),
        (410, "This request is closed")
    );
}

#[tokio::test]
async fn withdrawing_again_answers_the_same_and_the_ticket_may_ask_anew() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "320987654321").await;
    let (id, _) = case.asked(&stack).await;
    let client = stack.client();
    let first = stack
        .api
        .end(Some(&client), &id, "withdraw", Some(&json!({})))
        .await;
    assert_eq!(first.status, 200, "{}", first.text);
    stack.servicenow.closed(&case.sys_id).await;
    let again = stack.api.end(Some(&client), &id, "withdraw", None).await;
    assert_eq!(
        (again.status, &again.body["state"]),
        (200, &json!("Withdrawn"))
    );
    let late = stack.api.end(Some(&client), &id, "revoke", None).await;
    assert_eq!(late.status, 409, "{}", late.text);
    assert_eq!(late.header("content-type"), "application/problem+json");
    case.open(&stack).await;
    let second = case.submit(&stack).await;
    assert_ne!(first.body["request_id"], Value::from(second));
}

#[tokio::test]
async fn the_ticket_is_told_why() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, _) = case.asked(&stack).await;
    let why = json!({ "reason": "Ordered twice by mistake" });
    let answer = stack
        .api
        .end(Some(&stack.client()), &id, "withdraw", Some(&why))
        .await;
    assert_eq!(
        (answer.status, &answer.body["state"]),
        (200, &json!("Withdrawn"))
    );
    assert_eq!(answer.body["end_reason"]["reason"], why["reason"]);
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    let notes = Case::notes(&ticket).concat();
    assert!(notes.contains("Ordered twice by mistake"), "{notes}");
}

#[tokio::test]
async fn nobody_ends_what_is_not_theirs_or_is_not_in_that_state() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, _) = case.asked(&stack).await;
    let client = stack.client();
    for how in ["withdraw", "revoke"] {
        let powerless = Some(stack.powerless());
        let answer = stack.api.end(powerless.as_ref(), &id, how, None).await;
        assert_eq!(answer.status, 403, "{}", answer.text);
        let answer = stack.api.end(None, &id, how, None).await;
        assert_eq!(answer.status, 401, "{}", answer.text);
        let other = "req-00000000000000000000000000000000";
        let answer = stack.api.end(Some(&client), other, how, None).await;
        assert_eq!(answer.status, 404, "{}", answer.text);
    }
    let early = stack.api.end(Some(&client), &id, "revoke", None).await;
    assert_eq!(
        (early.status, &early.body["state"]),
        (409, &json!("Pending"))
    );
    let odd = json!({ "reason": "Not needed", "by": "owner" });
    let odd = stack
        .api
        .end(Some(&client), &id, "revoke", Some(&odd))
        .await;
    assert_eq!(odd.status, 400, "{}", odd.text);
    assert_eq!(stack.request(&id).await["state"], "Pending");
}
