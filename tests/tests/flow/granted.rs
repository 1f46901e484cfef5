//! Asked, approved, granted: the whole way.

use flow_tests::{Case, Stack};
use serde_json::Value;

#[tokio::test]
async fn what_the_owner_approves_is_in_iam_and_the_ticket_is_closed() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, letter) = case.asked(&stack).await;
    assert_eq!(letter.to, ["ada.okafor@brightwater.example"]);
    for reported in [&case.policy, &case.justification, &case.account] {
        assert!(
            letter.text.contains(reported.as_str()),
            "the e-mail says {reported}"
        );
        assert!(
            letter.html.contains(reported.as_str()),
            "its HTML says {reported}"
        );
    }
    case.nothing_in_iam(&stack).await;

    let thanks = stack
        .browser
        .decide(&letter.link, "approve", "canary-reason: month-end close")
        .await;
    assert_eq!(
        (thanks.status, thanks.heading()),
        (200, "You approved this request")
    );
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    let request = stack.request(&id).await;

    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached, [case.policy.as_str()]);
    assert_eq!(request["state"], "Active");
    assert_eq!(ticket["state_label"], "Closed Complete");
    assert_eq!(ticket["correlation_id"], Value::from(id.as_str()));
    let notes = Case::notes(&ticket);
    assert_eq!(notes.len(), 1, "one note: {notes:?}");
    for reported in [
        "granted",
        "reports-read",
        case.user.as_str(),
        id.as_str(),
        "canary-reason: month-end close",
    ] {
        assert!(
            notes.concat().contains(reported),
            "the note says {reported}"
        );
    }
    let until = request["until"].as_str().expect("the access has an end");
    let activated = events(&request)
        .into_iter()
        .find(|(event, _)| event == "access_verified")
        .expect("the access was verified");
    let lasts = flow_tests::seconds_between(&activated.1, until);
    // It counts from when IAM was read back, which is after the run began that the event tells of.
    let asked = 4 * 3600;
    assert!(
        (asked..asked + 60).contains(&lasts),
        "as long as was asked, from {activated:?}: {lasts}"
    );
}

#[tokio::test]
async fn the_timeline_tells_each_step_once_and_names_nobody() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "320987654321").await;
    let (id, letter) = case.asked(&stack).await;
    stack
        .browser
        .decide(&letter.link, "approve", "Fine with me")
        .await;
    stack.servicenow.closed(&case.sys_id).await;
    let steps = [
        "received",
        "approval_requested",
        "review_request_claimed",
        "review_request_sent",
        "decided",
        "provisioning_started",
        "access_verified",
        "ticket_note_claimed",
        "ticket_note_written",
        "notification_claimed",
        "notification_sent",
    ];
    let request = flow_tests::eventually("everybody to be notified", || async {
        let request = stack.request(&id).await;
        (events(&request).len() >= steps.len()).then_some(request)
    })
    .await;
    let found: Vec<String> = events(&request)
        .into_iter()
        .map(|(event, _)| event)
        .collect();
    assert_eq!(found, steps);
    assert_eq!(request["reported"], serde_json::json!(["Active"]));
    let shown = request.to_string();
    for hidden in ["@brightwater", "mensah", letter.token()] {
        assert!(!shown.contains(hidden), "`{hidden}` in {shown}");
    }
}

#[tokio::test]
async fn a_request_is_found_by_its_ticket() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, _) = case.asked(&stack).await;
    let path = format!("/v1/requests?sys_id={}", case.sys_id);
    let listed = stack.api.get(Some(&stack.client()), &path).await;
    assert_eq!(listed.status, 200);
    let found: Vec<_> = listed.body["requests"].as_array().expect("a list").clone();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["request_id"], Value::from(id));
}

/// What happened, and when.
fn events(request: &Value) -> Vec<(String, String)> {
    let rows = request["timeline"].as_array().expect("a timeline");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    rows.iter()
        .map(|row| (text(&row["event"]), text(&row["at"])))
        .collect()
}
