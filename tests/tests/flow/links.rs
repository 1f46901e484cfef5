//! Review links: looking changes nothing, and only our own form decides.

use flow_tests::{Case, Page, Stack, random_hex};
use reqwest::Method;

const FOREIGN: &str = "https://mail.example";

fn fields(nonce: &str, decision: &str, reason: &str) -> Vec<(String, String)> {
    [("nonce", nonce), ("decision", decision), ("reason", reason)]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn nonce(page: &Page) -> String {
    let mut hidden = page.hidden();
    assert_eq!(hidden.len(), 1, "one hidden field: {hidden:?}");
    let (name, value) = hidden.remove(0);
    assert_eq!(name, "nonce");
    value
}

#[tokio::test]
async fn looking_changes_nothing() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, letter) = case.asked(&stack).await;
    let before = stack.rows(&id).await;
    assert!(
        before.len() >= 4,
        "request, audit rows and link: {}",
        before.len()
    );
    let page = stack.browser.open(&letter.link).await;
    assert!(letter.addresses().contains(&letter.link));
    let mut addresses = letter.addresses();
    addresses.extend(page.addresses());
    addresses.push(letter.link.clone());
    // The record's page in ServiceNow, which asks for a sign-in of its own.
    let record = |address: &String| address.ends_with(&format!("sys_id%3D{}", case.sys_id));
    let (records, mut addresses): (Vec<_>, Vec<_>) = addresses.into_iter().partition(record);
    assert!(
        records.len() >= 2,
        "in the e-mail and on the page: {records:?}"
    );
    // A scanner tries what people write, too.
    addresses.push(format!("{}?decision=approve&reason=scanned", letter.link));
    for address in &addresses {
        assert!(
            address.starts_with(stack.browser.origin()),
            "everything is our own: {address}"
        );
        for method in [Method::GET, Method::HEAD, Method::GET] {
            let shown = stack.browser.ask(method.clone(), address).await;
            assert_eq!(shown.status, 200, "{method} {}", shown.heading());
            assert_eq!(shown.html.is_empty(), method == Method::HEAD);
        }
        for method in [Method::OPTIONS, Method::PUT, Method::DELETE, Method::PATCH] {
            let shown = stack.browser.ask(method.clone(), address).await;
            assert!(
                (400..500).contains(&shown.status),
                "{method}: {}",
                shown.status
            );
        }
    }
    assert_eq!(stack.rows(&id).await, before);
    case.nothing_in_iam(&stack).await;
}

#[tokio::test]
async fn only_our_own_form_decides() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, letter) = case.asked(&stack).await;
    let nonce = nonce(&stack.browser.open(&letter.link).await);
    let ours = Some(stack.browser.origin());
    let upstream = stack.fact("approval_upstream");
    let stale = format!("{}{nonce}", 1);
    let good = fields(&nonce, "approve", "A good reason");
    let tries = [
        ("no origin", None, good.clone(), 403),
        ("a foreign origin", Some(FOREIGN), good.clone(), 403),
        ("an opaque origin", Some("null"), good.clone(), 403),
        (
            "the API's own origin",
            Some(upstream.as_str()),
            good.clone(),
            403,
        ),
        (
            "no nonce",
            ours,
            fields("", "approve", "A good reason"),
            422,
        ),
        (
            "another nonce",
            ours,
            fields(&stale, "approve", "A good reason"),
            422,
        ),
        (
            "no decision",
            ours,
            fields(&nonce, "", "A good reason"),
            422,
        ),
        (
            "an odd decision",
            ours,
            fields(&nonce, "yes", "A good reason"),
            422,
        ),
        ("no reason", ours, fields(&nonce, "approve", ""), 422),
        (
            "a blank reason",
            ours,
            fields(&nonce, "deny", "   \n  "),
            422,
        ),
        (
            "fields twice",
            ours,
            [good.clone(), good.clone()].concat(),
            422,
        ),
    ];
    let before = stack.rows(&id).await;
    for (what, origin, form, status) in tries {
        let page = stack.browser.send(&letter.link, origin, &form).await;
        assert_eq!(page.status, status, "{what}: {}", page.heading());
    }
    assert_eq!(stack.rows(&id).await, before, "none of it left a trace");
    case.nothing_in_iam(&stack).await;
    let page = stack.browser.send(&letter.link, ours, &good).await;
    assert_eq!(
        page.heading(),
        "You approved this request",
        "the form itself was good"
    );
}

#[tokio::test]
async fn a_reason_that_is_not_accepted_is_kept() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (_, letter) = case.asked(&stack).await;
    let nonce = nonce(&stack.browser.open(&letter.link).await);
    let form = fields(&nonce, "", "Typed <b>with care</b>");
    let page = stack
        .browser
        .send(&letter.link, Some(stack.browser.origin()), &form)
        .await;
    assert_eq!(page.status, 422);
    assert!(page.html.contains("with care"), "what was typed is kept");
    assert!(!page.html.contains("<b>with"), "and escaped");
}

#[tokio::test]
async fn links_that_open_nothing() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (_, letter) = case.asked(&stack).await;
    let origin = stack.browser.origin();
    let cut = letter.link.get(..letter.link.len() - 1).expect("a link");
    let tokens = [
        cut.to_owned(),
        format!("{}A", letter.link),
        format!("{origin}/r/{}", random_hex(43)),
        format!("{origin}/r/x"),
    ];
    for link in tokens {
        let page = stack.browser.open(&link).await;
        assert_eq!(page.status, 404, "{}", page.heading());
        let form = fields("1.a", "approve", "A good reason");
        let page = stack.browser.send(&link, Some(origin), &form).await;
        assert_eq!(page.status, 404, "{}", page.heading());
    }
}

#[tokio::test]
async fn pages_are_kept_to_themselves() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (_, letter) = case.asked(&stack).await;
    let page = stack.browser.open(&letter.link).await;
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let robots = page.header("x-robots-tag");
    assert!(robots.contains("noindex"), "{robots}");
    let policy = page.header("content-security-policy");
    for directive in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(directive), "`{directive}` in `{policy}`");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!page.html.contains("<script"), "no scripts");
}
