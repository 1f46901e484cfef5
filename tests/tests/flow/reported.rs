//! Who is notified by e-mail how a request went.

use flow_tests::{Case, Stack};
use serde_json::json;

const RITA: &str = "rita.chen@brightwater.example";

#[tokio::test]
async fn the_requester_is_told_that_the_access_is_there() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    case.granted(&stack).await;
    let reported = stack
        .mailbox
        .notice(&case.number, "Your access is ready")
        .await;
    assert_eq!(reported.to, RITA);
    assert!(reported.text.contains("reports-read"), "{}", reported.text);
    assert!(
        reported.text.contains("canary-reason: agreed"),
        "{}",
        reported.text
    );
    assert!(!reported.text.contains("Ada"), "no approver is named");
    assert!(!reported.text.contains("/r/"), "no review link");
}

#[tokio::test]
async fn the_requester_is_told_of_a_denial_and_its_reason() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (_, letter) = case.asked(&stack).await;
    let reason = "canary-reason: ask for the archive";
    stack.browser.decide(&letter.link, "deny", reason).await;
    let reported = stack
        .mailbox
        .notice(&case.number, "Your request was denied")
        .await;
    assert_eq!(reported.to, RITA);
    assert!(reported.text.contains(reason), "{}", reported.text);
    let all = stack.mailbox.notices(&case.number).await;
    assert_eq!(all.len(), 1, "who decided knows: {all:?}");
}

#[tokio::test]
async fn a_refusal_of_a_ticket_that_was_verified_is_told() {
    let stack = Stack::shared().await;
    let case = Case::on_paper("210987654321", "not-enrolled", flow_tests::Person::RITA);
    case.open(&stack).await;
    let id = case.submit(&stack).await;
    stack.reaches(&id, "Refused").await;
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    let notes = Case::notes(&ticket).concat();
    assert!(notes.starts_with("Refused: "), "{notes}");
    let reported = stack
        .mailbox
        .notice(&case.number, "Your request was refused")
        .await;
    assert_eq!(reported.to, RITA);
}

#[tokio::test]
async fn a_ticket_that_was_not_verified_has_nobody_told() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    case.put(&stack, &json!({ "active": "false", "state": "3" }))
        .await;
    let id = case.submit(&stack).await;
    let request = stack.reaches(&id, "Refused").await;
    let last = request["timeline"].as_array().and_then(|rows| rows.last());
    assert_eq!(last.map(|row| &row["event"]), Some(&json!("refused")));
    let ticket = stack.servicenow.ticket(&case.sys_id).await;
    assert_eq!(Case::notes(&ticket), [""; 0], "its ticket is left alone");
    assert_eq!(stack.mailbox.notices(&case.number).await.len(), 0);
}

#[tokio::test]
async fn a_colleague_who_was_asked_too_is_told_that_nothing_is_left() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "540987654321").await;
    let id = case.raise(&stack).await;
    stack.reaches(&id, "Pending").await;
    let letters = flow_tests::eventually("two e-mails", || async {
        let letters = stack.mailbox.about(&case.number).await;
        (letters.len() >= 2).then_some(letters)
    })
    .await;
    stack
        .browser
        .decide(&letters[0].link, "approve", "canary-reason: seen")
        .await;
    let reported = stack
        .mailbox
        .notice(&case.number, "No action needed: request by `Rita Chen`")
        .await;
    assert_eq!(vec![reported.to], letters[1].to);
    assert!(reported.text.contains("approved"), "{}", reported.text);
    assert!(
        !reported.text.contains("canary-reason"),
        "{}",
        reported.text
    );
}

#[tokio::test]
async fn a_requester_without_an_address_is_passed_over_in_the_open() {
    let stack = Stack::shared().await;
    // Noor has no mail address.
    let noor = flow_tests::Person("aaaa0000000000000000000000000008");
    let case = Case::asked_by(&stack, "210987654321", noor).await;
    let id = case.raise(&stack).await;
    stack.reaches(&id, "Pending").await;
    // So the owner can't be told apart from Noor: the members of the security group are asked.
    let letters = flow_tests::eventually("an e-mail to the security group", || async {
        let letters = stack.mailbox.about(&case.number).await;
        (!letters.is_empty()).then_some(letters)
    })
    .await;
    stack
        .browser
        .decide(&letters[0].link, "deny", "Not this one")
        .await;
    stack.servicenow.closed(&case.sys_id).await;
    let request = flow_tests::eventually("the mail to be passed over", || async {
        let request = stack.request(&id).await;
        let rows = request["timeline"].as_array().expect("a timeline");
        let skipped = rows
            .iter()
            .any(|row| row["event"] == "notification_skipped");
        skipped.then_some(request)
    })
    .await;
    assert_eq!(request["reported"], json!(["Denied"]));
    let notices = stack.mailbox.notices(&case.number).await;
    assert!(
        notices
            .iter()
            .all(|mail| mail.subject.starts_with("No action needed: "))
    );
}
