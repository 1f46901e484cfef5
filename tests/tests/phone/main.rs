//! The approval page in a real browser at the size of a phone. Needs `SNOWGATE_CHROMEDRIVER`; without
//! it these tests say that they did not run.

mod decides;
mod keys;
mod moved_on;
mod pages;

use std::io::Write as _;

use flow_tests::Phone;
use serde_json::json;

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
    // That a page is the answer 410, say, is no complaint about the page.
    let complaints = phone.complaints().await;
    let ours = complaints.iter().map(ToString::to_string).filter(|one| {
        !one.contains("favicon") && !one.contains("the server responded with a status of")
    });
    assert_eq!(ours.count(), 0, "the browser complains: {complaints:?}");
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
