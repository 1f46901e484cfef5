//! The approval page in a real browser at the size of a phone. Needs `SNOWGATE_CHROMEDRIVER`; without
//! it these tests say that they did not run.

#![expect(
    clippy::indexing_slicing,
    reason = "test code: a surprise ends the test, and the message is its report"
)]

use std::io::Write as _;

use flow_tests::{Case, Person, Phone, Stack};
use serde_json::json;

/// Keys as WebDriver writes them.
const TAB: &str = "\u{e004}";
const SPACE: &str = " ";
const DOWN: &str = "\u{e015}";
const ENTER: &str = "\u{e007}";

/// A browser, or a word that there is none.
async fn phone() -> Option<Phone> {
    let phone = Phone::start().await;
    if phone.is_none() {
        // Past the capture of the test's output: who reads the result must know.
        let said = writeln!(
            std::io::stderr(),
            "not run: SNOWGATE_CHROMEDRIVER names no driver"
        );
        assert!(said.is_ok());
    }
    phone
}

/// What must hold for every page on a small screen.
async fn fits(phone: &Phone) {
    let page = phone
        .ask_page(
            "const small = [...document.querySelectorAll('button, textarea, label.choice')]
                .filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML);
             const text = [...document.querySelectorAll('textarea, button')]
                .filter(e => parseFloat(getComputedStyle(e).fontSize) < 16).map(e => e.outerHTML);
             const root = document.documentElement;
             return {wide: root.scrollWidth > root.clientWidth, small, text,
                     styled: getComputedStyle(document.querySelector('.card')).paddingLeft != '0px',
                     language: root.lang};",
        )
        .await;
    let good = json!({
        "wide": false, "small": [], "text": [], "styled": true, "language": "en",
    });
    assert_eq!(
        page, good,
        "no sideways scrolling, fingers find it, styles apply"
    );
    let complaints = phone.complaints().await;
    let ours = complaints
        .iter()
        .filter(|one| !one.to_string().contains("favicon"));
    assert_eq!(ours.count(), 0, "the browser complains: {complaints:?}");
}

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
    assert!(heading.contains("asks for access"), "{heading}");
    assert_eq!(
        stack.rows(&id).await,
        before,
        "opening it with scripts running changes nothing"
    );

    phone
        .type_into("textarea", "Fine for the month-end close")
        .await;
    phone.tap("button").await;
    phone.shows("Thank you: approved").await;
    fits(&phone).await;
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state_label"], "Closed Complete");
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached, [case.policy.as_str()]);

    phone.open(&letter.link).await;
    phone.shows("Already approved").await;
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
    phone.shows("Thank you: denied").await;
    fits(&phone).await;
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state"], "4", "Closed Incomplete");
    let notes = Case::notes(&ticket).concat();
    assert!(notes.contains(reason), "as it was typed: {notes}");
    case.nothing_in_iam(&stack).await;
}

/// Fills in the form and sends it.
async fn send(phone: &Phone, decision: &str, reason: &str) {
    phone.tap(&format!("input[value={decision}]")).await;
    phone.type_into("textarea", reason).await;
    phone.tap("button").await;
}

/// Waits for a page, and checks it.
async fn is_good(phone: &Phone, heading: &str) {
    phone.shows(heading).await;
    phone.is_accessible().await;
}

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
    phone.says("[role=alert]", "Please choose yes or no.").await;
    is_good(&phone, &form).await;

    let fault = json!({ "table": "sc_req_item", "user": "snowgate.read", "count": 3, "fault": { "kind": "unavailable", "retry_after": null } });
    stack.servicenow.arm(&fault).await;
    send(&phone, "approve", "Typed with care").await;
    is_good(&phone, "Please try again in a few minutes").await;
    phone.says("blockquote", "Typed with care").await;
    stack.servicenow.clear_faults().await;

    let usual = stack.configure("approval", &[("HOLD", Some("true"))]).await;
    phone.open(&letter.link).await;
    send(&phone, "approve", "Typed again").await;
    is_good(&phone, "Decisions are stopped for now").await;
    phone.says("blockquote", "Typed again").await;
    let usual = [("HOLD", usual.first().and_then(Option::as_deref))];
    stack.configure("approval", &usual).await;

    phone.open(&letter.link).await;
    send(&phone, "approve", "Agreed").await;
    is_good(&phone, "Thank you: approved").await;
    phone.open(&letter.link).await;
    is_good(&phone, "Already approved").await;
    phone
        .open(&format!("{}/r/unknown", stack.browser.origin()))
        .await;
    is_good(&phone, "This link opens nothing").await;
}

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
    is_good(&phone, "You can no longer decide this").await;
    stack.servicenow.put(table, owned_by(Person::RITA.0)).await;
    case.nothing_in_iam(&stack).await;

    let case = Case::of(&stack, "320987654321").await;
    let (_, letter) = case.asked(&stack).await;
    phone.open(&letter.link).await;
    case.put(&stack, &json!({ "active": "false", "state": "4" }))
        .await;
    send(&phone, "deny", "Too late").await;
    is_good(&phone, "The ticket was closed").await;

    phone.open(&late.link).await;
    let over = flow_tests::eventually("the time to be over", || async {
        phone.open(&late.link).await;
        let heading = phone.text("h1").await;
        (!heading.contains("asks for access")).then_some(heading)
    })
    .await;
    assert!(
        ["This link has expired", "The time to decide is over"].contains(&over.as_str()),
        "{over}"
    );
    is_good(&phone, &over).await;
}

/// Opens a link and decides with nothing but keys, on a page that runs no scripts.
async fn decide_by_keys(account: &str, choose: &str, thanks: &str) -> Option<(Stack, Case)> {
    let phone = phone().await?;
    let stack = Stack::shared().await;
    let case = Case::of(&stack, account).await;
    let (_, letter) = case.asked(&stack).await;
    phone.without_scripts().await;
    phone.open(&letter.link).await;
    let steps = [
        ("decision", choose),
        ("reason", "By keys alone"),
        ("", ENTER),
    ];
    for (field, keys) in steps {
        // Policies may be unfolded on the way.
        let mut reached = false;
        for _ in 0..12 {
            phone.press(TAB).await;
            let focus = phone
                .ask_page(
                    "const at = document.activeElement;
                     return {name: at.name ?? '-', seen: getComputedStyle(at).outlineStyle != 'none'}",
                )
                .await;
            assert_eq!(
                focus["seen"], true,
                "where the focus is can be seen: {focus}"
            );
            reached = focus["name"] == field;
            if reached {
                break;
            }
        }
        assert!(reached, "Tab leads to `{field}`");
        phone.press(keys).await;
    }
    phone.shows(thanks).await;
    Some((stack, case))
}

#[tokio::test]
async fn an_owner_approves_without_scripts_by_keyboard_alone() {
    let decided = decide_by_keys("210987654321", SPACE, "Thank you: approved").await;
    let Some((stack, case)) = decided else { return };
    stack.servicenow.closed(&case.sys_id).await;
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached, [case.policy.as_str()]);
}

#[tokio::test]
async fn an_owner_denies_without_scripts_by_keyboard_alone() {
    let keys = format!("{SPACE}{DOWN}");
    let decided = decide_by_keys("430987654321", &keys, "Thank you: denied").await;
    let Some((stack, case)) = decided else { return };
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert!(Case::notes(&ticket).concat().contains("By keys alone"));
    case.nothing_in_iam(&stack).await;
}

#[tokio::test]
async fn a_scanner_that_runs_scripts_and_sends_forms_decides_nothing() {
    let Some(phone) = phone().await else { return };
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, letter) = case.asked(&stack).await;
    let before = stack.rows(&id).await;
    for address in letter.addresses() {
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
            .shows("Rita Chen asks for access to payments-production")
            .await;
        phone.says("[role=alert]", "Please choose yes or no.").await;
    }
    assert_eq!(stack.rows(&id).await, before);
    case.nothing_in_iam(&stack).await;
}
