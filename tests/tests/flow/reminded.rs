//! Reminders: to those who have not decided, and to the requester before the access ends.

use std::time::Duration;

use flow_tests::{Case, Stack};

/// The sweeper comes by every minute.
const A_MINUTE_AND_SOME: Duration = Duration::from_secs(100);

/// Asks about a case while the dispatcher has other times; the request's id.
async fn asked_with(case: &Case, change: [(&str, Option<&str>); 2]) -> (Stack, String) {
    let stack = Stack::alone().await;
    let usual = stack.configure("dispatcher", &change).await;
    let id = case.raise(&stack).await;
    stack.mailbox.one(&case.number).await;
    let usual: Vec<_> = change
        .iter()
        .zip(&usual)
        .map(|((name, _), value)| (*name, value.as_deref()))
        .collect();
    stack.configure("dispatcher", &usual).await;
    (stack.step_aside(), id)
}

#[tokio::test]
async fn whoever_has_not_decided_is_reminded_once_and_told_when_it_expires() {
    let case = {
        let stack = Stack::shared().await;
        Case::of(&stack, "210987654321").await
    };
    // Reminded when half of the time is over.
    let times = [
        ("PENDING_FOR", Some("PT50S")),
        ("REMIND_BEFORE", Some("PT1H")),
    ];
    let (stack, id) = asked_with(&case, times).await;
    let first = stack.mailbox.one(&case.number).await;
    tokio::time::sleep(Duration::from_secs(26)).await;
    for _ in 0..2 {
        // As the sweeper does every minute.
        stack.wake("requests", &id).await;
        flow_tests::eventually("a reminder", || async {
            (stack.mailbox.about(&case.number).await.len() > 1).then_some(())
        })
        .await;
    }
    let letters = stack.mailbox.about(&case.number).await;
    assert_eq!(letters.len(), 2, "once");
    let reminder = &letters[1];
    assert!(reminder.subject.starts_with("Reminder: "));
    assert_eq!(reminder.to, first.to);
    assert_ne!(reminder.link, first.link, "a fresh link");
    for link in [&first.link, &reminder.link] {
        let shown = stack.browser.open(link).await;
        assert_eq!(
            shown.hidden().len(),
            1,
            "either is good: {}",
            shown.heading()
        );
    }

    stack
        .reaches_within(&id, "Expired", A_MINUTE_AND_SOME)
        .await;
    stack.servicenow.closed(&case.sys_id).await;
    let reported = stack
        .mailbox
        .notice(&case.number, "Your request has expired")
        .await;
    assert_eq!(reported.to, "rita.chen@brightwater.example");
    let asked = stack
        .mailbox
        .notice(&case.number, "No action needed: request by `Rita Chen`")
        .await;
    assert!(asked.text.contains("expired"), "{}", asked.text);
    assert_eq!(stack.mailbox.about(&case.number).await.len(), 2);
}

#[tokio::test]
async fn the_requester_is_told_before_the_access_ends() {
    let case = {
        let stack = Stack::shared().await;
        let mut case = Case::of(&stack, "210987654321").await;
        case.duration = "PT15M".to_owned();
        case.open(&stack).await;
        case
    };
    // A second after the shortest access has begun.
    let times = [
        ("PENDING_FOR", Some("PT1H")),
        ("NOTICE_BEFORE_END", Some("PT899S")),
    ];
    let (stack, id) = asked_with(&case, times).await;
    let letter = stack.mailbox.one(&case.number).await;
    stack
        .browser
        .decide(&letter.link, "approve", "Fine with me")
        .await;
    stack.reaches(&id, "Active").await;
    stack.servicenow.closed(&case.sys_id).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    stack.wake("outcomes", &id).await;
    let reported = stack
        .mailbox
        .notice(&case.number, "Your access ends soon")
        .await;
    assert_eq!(reported.to, "rita.chen@brightwater.example");
    assert_eq!(stack.request(&id).await["state"], "Active");
}
