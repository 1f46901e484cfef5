//! One decision counts: the first.

use flow_tests::{Case, Page, Stack};
use serde_json::{Value, json};

#[tokio::test]
async fn of_many_answers_at_once_one_counts() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, letter) = case.asked(&stack).await;
    let shown = stack.browser.open(&letter.link).await;
    let answers = (0..8).map(|n| {
        let decision = if n % 2 == 0 { "approve" } else { "deny" };
        let mut form = shown.hidden();
        form.push(("decision".to_owned(), decision.to_owned()));
        form.push(("reason".to_owned(), format!("canary-reason {n}")));
        let (stack, link) = (&stack, &letter.link);
        async move {
            stack
                .browser
                .send(link, Some(stack.browser.origin()), &form)
                .await
        }
    });
    let mut answers: Vec<_> = answers.map(Box::pin).collect();
    let mut pages = Vec::new();
    // Eight at once, awaited together.
    std::future::poll_fn(|context| {
        answers.retain_mut(|answer| match answer.as_mut().poll(context) {
            std::task::Poll::Ready(page) => {
                pages.push(page);
                false
            }
            std::task::Poll::Pending => true,
        });
        if answers.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    let thanks: Vec<_> = pages.iter().filter(|page| is_thanks(page)).collect();
    assert_eq!(thanks.len(), 1, "one answer is thanked for");
    for page in &pages {
        // 503: too many at once, to be tried again.
        assert!(
            [200, 503].contains(&page.status),
            "{} {}",
            page.status,
            page.heading()
        );
    }
    let approved = thanks[0].heading() == "You approved this request";
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state"], if approved { "3" } else { "4" });
    let request = stack.request(&id).await;
    assert_eq!(request["decisions"].as_array().map(Vec::len), Some(1));
    let rows = request["timeline"].as_array().expect("a timeline");
    let decided = rows.iter().filter(|row| row["event"] == "decided").count();
    assert_eq!(decided, 1, "one audit row");
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached.len(), usize::from(approved));
}

#[tokio::test]
async fn a_used_link_says_what_was_decided_and_changes_nothing() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "320987654321").await;
    let (id, letter) = case.asked(&stack).await;
    let shown = stack.browser.open(&letter.link).await;
    stack
        .browser
        .decide(&letter.link, "approve", "The first answer")
        .await;
    stack.servicenow.closed(&case.sys_id).await;
    let reported = flow_tests::eventually("the ledger to note that all were told", || async {
        let request = stack.request(&id).await;
        let rows = request["timeline"].as_array().expect("a timeline");
        let last = rows
            .last()
            .is_some_and(|row| row["event"] == "notification_sent");
        (last && request["reported"] == json!(["Active"])).then_some(request)
    })
    .await;

    let again = stack.browser.open(&letter.link).await;
    assert_eq!(again.status, 200);
    assert!(again.heading().starts_with("Access is active until"));
    assert!(again.html.contains("You approved it on"), "it says by whom");
    let choice = |page: &Page| page.html.contains("value=\"approve\"");
    assert!(!choice(&again), "there is nothing to decide any more");
    for decision in ["approve", "deny"] {
        let mut form = shown.hidden();
        form.push(("decision".to_owned(), decision.to_owned()));
        form.push(("reason".to_owned(), "The second answer".to_owned()));
        let page = stack
            .browser
            .send(&letter.link, Some(stack.browser.origin()), &form)
            .await;
        assert_eq!(page.status, 200);
        assert!(page.heading().starts_with("Access is active until"));
    }
    assert_eq!(stack.request(&id).await, reported);
    assert_eq!(
        reported["decisions"][0]["reason"],
        Value::from("The first answer")
    );
}

/// Whether a page answers the decision that was taken, and not one that came too late.
fn is_thanks(page: &Page) -> bool {
    let words = ["Access is being set up. It lasts", "No access is granted."];
    words.iter().any(|words| page.html.contains(words))
}
