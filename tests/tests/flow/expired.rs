//! Asked, and nobody answers.

use std::time::Duration;

use flow_tests::{Case, Stack};

/// The sweeper comes by every minute, and ServiceNow is told after that.
const A_MINUTE_AND_SOME: Duration = Duration::from_secs(100);

#[tokio::test]
async fn a_request_that_nobody_decides_expires_and_the_ticket_is_told() {
    let stack = Stack::alone().await;
    let case = Case::of(&stack, "210987654321").await;
    // The dispatcher notes the end when it asks; the sweeper then goes by what was noted.
    let short = [("PENDING_FOR", Some("PT6S"))];
    let usual = stack.configure("dispatcher", &short).await.remove(0);
    let id = case.raise(&stack).await;
    let letter = stack.mailbox.one(&case.number).await;
    let usual = [("PENDING_FOR", usual.as_deref())];
    stack.configure("dispatcher", &usual).await;
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
