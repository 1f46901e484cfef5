//! ServiceNow misbehaves: nothing wrong is sent, and everything comes to its end.

use flow_tests::{Case, Stack};
use serde_json::{Value, json};

/// How soon a message that failed comes again, in seconds; as deployed it is three minutes.
const SOON: &str = "3";
/// No faults are left.
const NONE: [Value; 0] = [];

async fn visibility(stack: &Stack, queue: &str, seconds: &str) -> String {
    let url = stack.fact(&format!("/queues/{queue}"));
    let asked = json!({ "QueueUrl": url, "AttributeNames": ["VisibilityTimeout"] });
    let found = stack.aws.call("sqs", "get_queue_attributes", &asked).await;
    let before = found["Attributes"]["VisibilityTimeout"].as_str();
    let before = before.expect("it is set").to_owned();
    let change = json!({ "QueueUrl": url, "Attributes": { "VisibilityTimeout": seconds } });
    stack.aws.call("sqs", "set_queue_attributes", &change).await;
    before
}

/// While owners are looked up, ServiceNow fails like this; the owner, and nobody else, is asked.
async fn while_asking(name: &str, faults: &[Value]) {
    let stack = Stack::alone().await;
    let case = Case::of(&stack, "210987654321").await;
    let usual = visibility(&stack, "requests", SOON).await;
    for fault in faults {
        stack.servicenow.arm(fault).await;
    }
    let id = case.raise(&stack).await;
    let request = flow_tests::eventually("the request to be checked", || async {
        let request = stack.request(&id).await;
        (request["state"] != "Received").then_some(request)
    })
    .await;
    visibility(&stack, "requests", &usual).await;
    assert_eq!(request["state"], "Pending", "{name}: {request}");
    let letter = stack.mailbox.one(&case.number).await;
    assert_eq!(letter.to, ["ada.okafor@brightwater.example"], "{name}");
    assert_eq!(stack.servicenow.faults().await, NONE, "{name} was met");
}

#[tokio::test]
async fn too_many_requests() {
    let fault = json!({
        "table": "cmdb_ci_cloud_service_account", "count": 4,
        "fault": { "kind": "too_many_requests", "retry_after": 1 },
    });
    while_asking("429", &[fault]).await;
}

#[tokio::test]
async fn answers_that_are_cut_off_or_missing() {
    let faults = [
        json!({ "table": "cmdb_ci_cloud_service_account", "count": 1, "fault": { "kind": "truncated" } }),
        json!({ "table": "sys_user", "count": 3, "fault": { "kind": "unavailable", "retry_after": null } }),
    ];
    while_asking("cut off, 503", &faults).await;
}

#[tokio::test]
async fn records_that_are_not_those_asked_for() {
    let faults = [
        json!({ "table": "cmdb_ci_cloud_service_account", "count": 1, "fault": { "kind": "wrong_row", "sys_id": null } }),
        json!({ "table": "sys_user", "count": 1, "fault": { "kind": "hidden_field", "fields": ["email", "active"] } }),
    ];
    while_asking("other rows, hidden fields", &faults).await;
}

#[tokio::test]
async fn an_outcome_whose_answer_is_lost_is_told_once() {
    let stack = Stack::alone().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, letter) = case.asked(&stack).await;
    let fault = json!({
        "table": "sc_req_item", "method": "PATCH", "sys_id": case.sys_id, "count": 1, "after": true,
        "fault": { "kind": "truncated" },
    });
    stack.servicenow.arm(&fault).await;
    let reason = "Not this month";
    stack.browser.decide(&letter.link, "deny", reason).await;
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(stack.servicenow.faults().await, NONE, "the fault was met");
    assert_eq!(Case::notes(&ticket).len(), 1);
    let request = stack.request(&id).await;
    assert_eq!(
        request["reported"],
        json!([]),
        "the answer was lost: who knows"
    );

    // The claim on the note holds for two minutes; nobody else is kept waiting for it.
    let stack = stack.step_aside();
    tokio::time::sleep(std::time::Duration::from_secs(121)).await;
    stack.wake("outcomes", &id).await;
    flow_tests::eventually("the ledger to note that the ticket was written", || async {
        let request = stack.request(&id).await;
        (request["reported"] == json!(["Denied"])).then_some(())
    })
    .await;
    let ticket = stack.servicenow.ticket(&case.sys_id).await;
    assert_eq!(Case::notes(&ticket).len(), 1, "still one note");
}

#[tokio::test]
async fn without_servicenow_nobody_can_decide_and_what_was_typed_is_kept() {
    let stack = Stack::alone().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, letter) = case.asked(&stack).await;
    let shown = stack.browser.open(&letter.link).await;
    let mut form = shown.hidden();
    form.push(("decision".to_owned(), "approve".to_owned()));
    form.push(("reason".to_owned(), "Typed with care".to_owned()));
    // More often than one call is tried: requests of other tests may be looked at meanwhile. It is
    // cleared before the breaker opens.
    let fault = json!({ "table": "sc_req_item", "user": "snowgate.read", "count": 30, "fault": { "kind": "unavailable", "retry_after": null } });
    stack.servicenow.arm(&fault).await;
    let origin = Some(stack.browser.origin());
    let page = stack.browser.send(&letter.link, origin, &form).await;
    stack.servicenow.clear_faults().await;
    assert_eq!(page.status, 503, "{}", page.heading());
    assert!(page.html.contains("Typed with care"));
    assert_eq!(stack.request(&id).await["state"], "Pending");
    let page = stack.browser.send(&letter.link, origin, &form).await;
    assert_eq!(
        (page.status, page.heading()),
        (200, "You approved this request")
    );
}
