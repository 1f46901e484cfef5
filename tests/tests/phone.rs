//! The approval page in a real browser at the size of a phone. Needs `SNOWGATE_CHROMEDRIVER`; without
//! it these tests say that they did not run.

use std::io::Write as _;

use flow_tests::{Case, Phone, Stack};

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
             return {wide: root.scrollWidth > window.innerWidth, small, text,
                     styled: getComputedStyle(document.querySelector('.card')).paddingLeft != '0px',
                     language: root.lang};",
        )
        .await;
    let good = serde_json::json!({
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
    phone.close().await;
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
    phone.close().await;
}
