//! By touch, and by scanners.

use flow_tests::{Case, Stack};
use serde_json::json;

use crate::{fits, phone};

#[tokio::test]
async fn an_owner_approves_on_a_phone() {
    let Some(phone) = phone().await else { return };
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, letter) = case.asked(&stack).await;
    let before = stack.rows(&id).await;
    phone.open(&letter.link).await;
    fits(&phone).await;
    let chosen = phone
        .ask_page("return document.querySelectorAll(':checked').length")
        .await;
    assert_eq!(chosen, 0, "nothing is chosen beforehand");
    assert!(phone.text("main").await.contains(&case.justification));

    // The browser itself asks for what is missing, and sends nothing.
    phone.tap("button").await;
    phone.tap("input[value=approve]").await;
    phone.tap("button").await;
    let heading = phone.text("h1").await;
    assert!(heading.contains("wants policy"), "{heading}");
    assert_eq!(
        stack.rows(&id).await,
        before,
        "opening it with scripts running changes nothing"
    );

    phone
        .type_into("textarea", "Fine for the month-end close")
        .await;
    phone.tap("button").await;
    phone.shows("You approved this request").await;
    fits(&phone).await;
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state_label"], "Closed Complete");
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached, [case.policy.as_str()]);

    phone.open(&letter.link).await;
    phone.shows("Access is active until").await;
    fits(&phone).await;
}

#[tokio::test]
async fn an_owner_denies_on_a_phone() {
    let Some(phone) = phone().await else { return };
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "430987654321").await;
    let (_, letter) = case.asked(&stack).await;
    phone.open(&letter.link).await;
    phone.tap("input[value=deny]").await;
    let reason = "Nö — not <b>this</b> month & not \"next\"";
    phone.type_into("textarea", reason).await;
    phone.tap("button").await;
    phone.shows("You denied this request").await;
    fits(&phone).await;
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state"], "4", "Closed Incomplete");
    let notes = Case::notes(&ticket).concat();
    assert!(notes.contains(reason), "as it was typed: {notes}");
    case.nothing_in_iam(&stack).await;
}

#[tokio::test]
async fn a_scanner_that_runs_scripts_and_sends_forms_decides_nothing() {
    let Some(phone) = phone().await else { return };
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, letter) = case.asked(&stack).await;
    let before = stack.rows(&id).await;
    let ours = |address: &String| address.starts_with(stack.browser.origin());
    for address in letter.addresses().into_iter().filter(ours) {
        phone.open(&address).await;
        let calls = "return Promise.allSettled(['GET', 'HEAD', 'POST'].map(
                method => fetch(location, {method}))).then(all => all.map(one => one.status))";
        let calls = phone.ask_page(calls).await;
        assert_eq!(
            calls,
            json!(["rejected", "rejected", "rejected"]),
            "the policy lets scripts call nothing"
        );
        phone
            .ask_page("document.querySelector('button').click()")
            .await;
        phone
            .ask_page("document.querySelector('form').submit()")
            .await;
        phone
            .shows("Rita Chen wants policy reports-read in payments-production")
            .await;
        phone.says("[role=alert]", "Choose Approve or Deny.").await;
    }
    assert_eq!(stack.rows(&id).await, before);
    case.nothing_in_iam(&stack).await;
}
