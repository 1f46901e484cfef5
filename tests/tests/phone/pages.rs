//! Every page of a request that waits, for everybody.

use flow_tests::{Case, Stack};
use serde_json::json;

use crate::{is_good, phone, send};

#[tokio::test]
async fn every_page_is_for_everybody() {
    let Some(phone) = phone().await else { return };
    let stack = Stack::alone().await;
    let case = Case::of(&stack, "210987654321").await;
    let (_, letter) = case.asked(&stack).await;
    phone.open(&letter.link).await;
    let form = phone.text("h1").await;
    is_good(&phone, &form).await;
    phone
        .ask_page("document.querySelectorAll('details').forEach(one => one.open = true)")
        .await;
    phone.is_accessible().await;

    phone
        .ask_page("document.querySelector('form').noValidate = true")
        .await;
    phone.tap("button").await;
    phone.says("[role=alert]", "Choose Approve or Deny.").await;
    is_good(&phone, &form).await;

    let fault = json!({ "table": "sc_req_item", "user": "snowgate.read", "count": 30, "fault": { "kind": "unavailable", "retry_after": null } });
    stack.servicenow.arm(&fault).await;
    send(&phone, "approve", "Typed with care").await;
    is_good(&phone, "We can't reach ServiceNow").await;
    phone.says("textarea", "Typed with care").await;
    stack.servicenow.clear_faults().await;

    let usual = stack.configure("approval", &[("HOLD", Some("true"))]).await;
    phone.open(&letter.link).await;
    send(&phone, "approve", "Typed again").await;
    is_good(&phone, "Approvals are paused").await;
    phone.says("textarea", "Typed again").await;
    let usual = [("HOLD", usual.first().and_then(Option::as_deref))];
    stack.configure("approval", &usual).await;

    phone.open(&letter.link).await;
    send(&phone, "approve", "Agreed").await;
    is_good(&phone, "You approved this request").await;
    flow_tests::eventually("the access to be active", || async {
        phone.open(&letter.link).await;
        let heading = phone.text("h1").await;
        heading.starts_with("Access is active until").then_some(())
    })
    .await;
    is_good(&phone, "Access is active until").await;
    phone
        .open(&format!("{}/r/unknown", stack.browser.origin()))
        .await;
    is_good(&phone, "This link isn't valid").await;
}
