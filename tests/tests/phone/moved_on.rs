//! Every page of a request that has moved on, for everybody.

use flow_tests::{Case, Person, Phone, Stack, random_hex};
use serde_json::json;

use crate::{fits, is_good, phone, send};

#[tokio::test]
async fn pages_of_requests_that_have_moved_on_are_for_everybody() {
    let Some(phone) = phone().await else { return };
    let stack = Stack::alone().await;

    let late = Case::of(&stack, "210987654321").await;
    let short = [("PENDING_FOR", Some("PT6S"))];
    let usual = stack.configure("dispatcher", &short).await;
    let (_, late) = late.asked(&stack).await;
    let usual = [("PENDING_FOR", usual.first().and_then(Option::as_deref))];
    stack.configure("dispatcher", &usual).await;

    let case = Case::asked_by(&stack, "430987654321", Person::DIEGO).await;
    let (_, letter) = case.asked(&stack).await;
    phone.open(&letter.link).await;
    let owned_by =
        |owner: &str| json!({ "sys_id": "cccc0000000000000000000000000003", "owned_by": owner });
    let table = "cmdb_ci_cloud_service_account";
    let hana = "aaaa0000000000000000000000000013";
    stack.servicenow.put(table, owned_by(hana)).await;
    send(&phone, "approve", "I was the owner").await;
    is_good(&phone, "You can no longer decide this request").await;
    stack.servicenow.put(table, owned_by(Person::RITA.0)).await;
    case.nothing_in_iam(&stack).await;

    let case = Case::of(&stack, "320987654321").await;
    let (_, letter) = case.asked(&stack).await;
    phone.open(&letter.link).await;
    case.put(&stack, &json!({ "active": "false", "state": "4" }))
        .await;
    send(&phone, "deny", "Too late").await;
    is_good(&phone, "This request is closed").await;

    phone.open(&late.link).await;
    let over = flow_tests::eventually("the time to be over", || async {
        phone.open(&late.link).await;
        let heading = phone.text("h1").await;
        (!heading.contains("wants policy")).then_some(heading)
    })
    .await;
    assert!(
        ["This link has expired", "This request is closed"].contains(&over.as_str()),
        "{over}"
    );
    is_good(&phone, &over).await;
}

/// Sends the page's form as it is, past the browser's own look at what is missing.
async fn send_as_it_is(phone: &Phone) {
    phone
        .ask_page("document.querySelector('form').noValidate = true")
        .await;
    phone.tap("button").await;
}

#[tokio::test]
async fn pages_of_access_that_is_there_and_that_was_ended_are_for_everybody() {
    let Some(phone) = phone().await else { return };
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, letter) = case.asked(&stack).await;
    let reason = "Fine for the month-end close";
    stack.browser.decide(&letter.link, "approve", reason).await;
    stack.reaches(&id, "Active").await;

    phone.open(&letter.link).await;
    is_good(&phone, "Access is active until").await;
    phone.says("main", "You approved it on").await;
    phone.says("main", &case.user).await;
    fits(&phone).await;
    phone.picture("active-phone").await;
    send_as_it_is(&phone).await;
    phone.says("[role=alert]", "Enter a reason").await;
    is_good(&phone, "Access is active until").await;
    fits(&phone).await;

    phone.type_into("textarea", "Rita has left the team").await;
    phone.tap("button").await;
    is_good(&phone, "Access is being ended").await;
    fits(&phone).await;
    stack.reaches(&id, "Revoked").await;
    phone.open(&letter.link).await;
    is_good(&phone, "The access has ended").await;
    fits(&phone).await;
    phone.picture("ended-phone").await;
    case.nothing_in_iam(&stack).await;
}

#[tokio::test]
async fn the_page_of_a_request_that_was_withdrawn_is_for_everybody() {
    let Some(phone) = phone().await else { return };
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "320987654321").await;
    let (id, letter) = case.asked(&stack).await;
    let client = stack.client();
    let answer = stack.api.end(Some(&client), &id, "withdraw", None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    phone.open(&letter.link).await;
    is_good(&phone, "This request is closed").await;
    fits(&phone).await;
    phone.picture("withdrawn-phone").await;
}

#[tokio::test]
async fn pages_of_a_request_that_several_decide_are_for_everybody() {
    let Some(phone) = phone().await else { return };
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    // An item whose owner is Marek, and of which Kofi takes care when Marek does no more.
    let item = random_hex(32);
    let owned_by = |owner: &str| {
        json!({ "sys_id": item, "sys_class_name": "cmdb_ci_server", "name": "reports-server",
            "owned_by": owner, "managed_by": "aaaa0000000000000000000000000006" })
    };
    let marek = "aaaa0000000000000000000000000003";
    stack
        .servicenow
        .put("cmdb_ci_server", owned_by(marek))
        .await;
    let mut body = case.body();
    body["resource"] = json!({ "sys_id": item });
    let answer = stack.api.submit(Some(&stack.client()), None, &body).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let ada = stack.mailbox.to(&case.number, "ada.okafor").await;
    let marek = stack.mailbox.to(&case.number, "marek.lindqvist").await;

    phone.open(&ada.link).await;
    send(&phone, "approve", "The account is fine").await;
    is_good(&phone, "You approved this request").await;
    phone.says("main", "Other approvals are still needed").await;
    fits(&phone).await;
    phone.open(&ada.link).await;
    is_good(&phone, "You approved this request").await;
    phone.says("main", "no decision").await;
    fits(&phone).await;

    phone.open(&marek.link).await;
    phone.says("main", "Approvals needed").await;
    phone.says("main", "The account is fine").await;
    phone.is_accessible().await;
    fits(&phone).await;
    phone
        .ask_page("document.querySelector('h2').scrollIntoView()")
        .await;
    phone.picture("several-phone").await;
    stack.servicenow.put("cmdb_ci_server", owned_by("")).await;
    send(&phone, "deny", "I owned it once").await;
    is_good(&phone, "You can no longer decide this request").await;
    fits(&phone).await;
    phone.open(&marek.link).await;
    is_good(&phone, "You are no longer asked to decide").await;
    fits(&phone).await;
}
