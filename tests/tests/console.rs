//! The local console in a real browser: a request raised from its form, followed to its end. Needs
//! `SNOWGATE_CHROMEDRIVER`; without it this test says that it did not run. With `SNOWGATE_PICTURES`,
//! a folder, it takes the pictures of `docs/pictures`.

use std::io::Write as _;

use flow_tests::{Phone, Stack};

/// A window on a desk.
const WINDOW: (u32, u32) = (920, 960);
/// More than anybody may have.
const TOO_MUCH: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}"#;

/// The id of the request that the page shows.
async fn raised(window: &Phone) -> String {
    flow_tests::eventually("the page of the request", || async {
        let heading = window
            .ask_page("return document.querySelector('h1')?.textContent ?? ''")
            .await;
        let id = heading.as_str()?.strip_prefix("Request ");
        id.map(str::to_owned)
    })
    .await
}

/// Nothing is wider than the screen.
async fn fits(phone: &Phone) {
    let wide = phone
        .ask_page(
            "const root = document.documentElement; return root.scrollWidth > root.clientWidth",
        )
        .await;
    assert_eq!(wide, false, "no sideways scrolling");
}

#[tokio::test]
async fn a_request_is_raised_from_the_form_and_followed() {
    let Some(window) = Phone::with_screen(WINDOW).await else {
        let said = writeln!(
            std::io::stderr(),
            "not run: SNOWGATE_CHROMEDRIVER names no driver"
        );
        assert!(said.is_ok());
        return;
    };
    let stack = Stack::shared().await;
    let console = stack.fact("console_url");
    window.open(&format!("{console}/raise")).await;
    window.is_accessible().await;
    window.picture("console-raise").await;
    window.tap("button").await;
    let id = raised(&window).await;
    let request = stack.reaches(&id, "Pending").await;
    let number = request["source"]["number"].as_str().expect("a number");
    let letter = stack.mailbox.one(number).await;

    window.open(&console).await;
    let letters = window.text("main").await;
    assert!(letters.contains(&letter.subject), "{letters}");
    window.is_accessible().await;
    window.picture("console").await;
    let own = format!("//a[contains(., '{number}')]");
    let own = format!("document.evaluate(\"{own}\", document, null, 9).singleNodeValue.click()");
    window.ask_page(&own).await;
    window.says("main", "Open the review link").await;
    window.is_accessible().await;
    window.picture("console-approval-email").await;
    window.read_letter(&letter.html).await;
    window.is_accessible().await;
    window.picture("approval-email").await;

    window.open(&letter.link).await;
    window.picture("form-light").await;
    window.scheme("dark").await;
    window.picture("form-dark").await;
    window.scheme("light").await;
    let phone = Phone::start().await.expect("there was a browser before");
    phone.open(&letter.link).await;
    phone.picture("form-phone").await;
    phone.tap("input[value=deny]").await;
    phone
        .type_into("textarea", "Please ask again after the close")
        .await;
    phone.tap("button").await;
    phone.shows("You denied this request").await;
    stack.reaches(&id, "Denied").await;
    let ticket = request["source"]["sys_id"].as_str().expect("a ticket");
    stack.servicenow.closed(ticket).await;
    flow_tests::eventually("the end of the timeline", || async {
        window.open(&format!("{console}/requests/{id}")).await;
        let reported = window.text("main").await;
        [
            "received",
            "approval requested",
            "review request sent",
            "decided",
            "ticket note written",
        ]
        .iter()
        .all(|event| reported.contains(event))
        .then_some(())
    })
    .await;
    window.is_accessible().await;
    window.picture("console-request").await;
    phone.open(&format!("{console}/requests/{id}")).await;
    fits(&phone).await;
    phone.is_accessible().await;
    phone.open(&format!("{console}/requests/none")).await;
    phone.is_accessible().await;
    phone.open(&console).await;
    fits(&phone).await;
    phone.picture("console-phone").await;
    window.open(&format!("{console}/requests/{id}?watch")).await;
    window.says("main", "Stop").await;
}

#[tokio::test]
async fn a_refusal_is_shown_with_its_findings() {
    let Some(window) = Phone::with_screen(WINDOW).await else {
        let said = writeln!(
            std::io::stderr(),
            "not run: SNOWGATE_CHROMEDRIVER names no driver"
        );
        assert!(said.is_ok());
        return;
    };
    let stack = Stack::shared().await;
    let console = stack.fact("console_url");
    window.open(&format!("{console}/raise")).await;
    window.tap("input[value=inline_policy]").await;
    window.type_into("textarea[name=document]", "{").await;
    window.tap("button").await;
    window.says("[role=alert]", "The policy is not JSON").await;

    window
        .ask_page("document.querySelector('[name=document]').value = ''")
        .await;
    window.type_into("textarea[name=document]", TOO_MUCH).await;
    window.tap("button").await;
    window
        .says("[role=alert]", "422 Outside the guardrails")
        .await;
    window.is_accessible().await;
    window.says("[role=alert] ul", "denied_action").await;
}

#[tokio::test]
async fn only_the_console_itself_raises() {
    let stack = Stack::shared().await;
    let console = stack.fact("console_url");
    let form = [
        ("requested_for", "aaaa0000000000000000000000000002"),
        ("account", "210987654321"),
        ("principal_type", "user"),
        ("principal", "rita.chen"),
        ("kind", "group_membership"),
        ("name", "analysts"),
        ("document", ""),
        ("duration", "PT4H"),
        ("justification", "From somewhere else"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let raise = format!("{console}/raise");
    for origin in [
        None,
        Some("null"),
        Some("http://mail.example"),
        Some(stack.browser.origin()),
    ] {
        let answer = stack.browser.send(&raise, origin, &form).await;
        assert_eq!(answer.status, 403, "{origin:?}");
    }
}
