//! E-mails that do not arrive: SES reports it, and the next person is asked.

use flow_tests::{Case, Letter, Stack};
use serde_json::{Value, json};

const ADA: &str = "aaaa0000000000000000000000000001";
const LENA: &str = "aaaa0000000000000000000000000011";
const SAMUEL: &str = "aaaa0000000000000000000000000012";

const ADDRESS: &str = "canary-bounced@brightwater.example";

/// What SES's reports say of the e-mail.
async fn mail(stack: &Stack, id: &str, approver: &str, message: &str) -> Value {
    let name = json!({ "FunctionName": stack.fact("/functions/dispatcher") });
    let dispatcher = stack
        .aws
        .call("lambda", "get_function_configuration", &name)
        .await;
    let set = &dispatcher["Environment"]["Variables"]["CONFIGURATION_SET"];
    json!({
        "messageId": message, "destination": [ADDRESS], "source": "snowgate@brightwater.example",
        "tags": { "ses:configuration-set": [set], "request_id": [id], "approver": [approver] },
    })
}

/// SES reports that an e-mail bounced, with this kind and detail.
async fn bounces(stack: &Stack, id: &str, approver: &str, message: &str, kind: [&str; 2]) {
    let gone = json!({ "emailAddress": ADDRESS, "status": "5.1.1", "action": "failed" });
    let report = json!({
        "eventType": "Bounce",
        "bounce": { "bounceType": kind[0], "bounceSubType": kind[1], "feedbackId": "f-1",
            "bouncedRecipients": [gone] },
        "mail": mail(stack, id, approver, message).await,
    });
    stack.report("bounced", "Email Bounced", &report).await;
}

const GONE: [&str; 2] = ["Permanent", "General"];

/// How often something happened to a request.
fn count(request: &Value, event: &str) -> usize {
    let rows = request["timeline"].as_array().expect("a timeline");
    rows.iter().filter(|row| row["event"] == event).count()
}

#[tokio::test]
async fn the_next_person_is_asked_and_the_lost_letter_opens_no_form() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, lost) = case.asked(&stack).await;
    assert_eq!(lost.to, ["ada.okafor@brightwater.example"]);
    // Twice, as queues deliver.
    for _ in 0..2 {
        bounces(&stack, &id, ADA, &lost.message, GONE).await;
    }
    let next = stack.mailbox.to(&case.number, "tomas.herrera").await;
    let why = "the manager of this account in the CMDB";
    assert!(next.text.contains(why), "{}", next.text);
    let shown = stack.browser.open(&lost.link).await;
    assert_eq!(
        (shown.status, shown.heading()),
        (410, "You are no longer asked to decide")
    );
    case.nothing_in_iam(&stack).await;

    let page = stack
        .browser
        .decide(&next.link, "approve", "canary-reason: in her place")
        .await;
    assert_eq!(
        (page.status, page.heading()),
        (200, "You approved this request")
    );
    stack.servicenow.closed(&case.sys_id).await;
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached, [case.policy.as_str()]);
    stack
        .mailbox
        .notice(&case.number, "Your access is ready")
        .await;
    let request = stack.request(&id).await;
    let found = [
        "review_request_bounced",
        "slot_reassigned",
        "review_request_sent",
    ]
    .map(|what| count(&request, what));
    assert_eq!(found, [1, 1, 2], "{request}");
    let mails = stack.mailbox.notices(&case.number).await;
    assert_eq!(mails.len(), 1, "nothing more to a dead mailbox: {mails:?}");
    assert_eq!(stack.mailbox.about(&case.number).await.len(), 2);
}

#[tokio::test]
async fn where_no_letter_arrives_nobody_decides() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "540987654321").await;
    let id = case.raise(&stack).await;
    for (name, sys_id) in [("lena.fischer", LENA), ("samuel.osei", SAMUEL)] {
        let letter: Letter = stack.mailbox.to(&case.number, name).await;
        bounces(&stack, &id, sys_id, &letter.message, GONE).await;
    }
    let request = stack.reaches(&id, "Undeliverable").await;
    assert_eq!(request["end_reason"]["code"], "nobody_to_ask");
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state"], "4", "Closed Incomplete");
    case.nothing_in_iam(&stack).await;
    let reported = stack
        .mailbox
        .notice(&case.number, "No approver could be found")
        .await;
    assert_eq!(reported.to, "rita.chen@brightwater.example");
    assert_eq!(stack.mailbox.notices(&case.number).await.len(), 1);
}

#[tokio::test]
async fn whoever_marks_a_letter_as_unwanted_is_asked_no_more() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, letter) = case.asked(&stack).await;
    let report = json!({
        "eventType": "Complaint",
        "complaint": { "complaintFeedbackType": "abuse", "feedbackId": "f-2" },
        "mail": mail(&stack, &id, ADA, &letter.message).await,
    });
    let kind = "Email Complaint Received";
    stack.report("complained", kind, &report).await;
    stack.mailbox.to(&case.number, "tomas.herrera").await;
    let shown = stack.browser.open(&letter.link).await;
    assert_eq!(shown.heading(), "You are no longer asked to decide");
    assert_eq!(
        count(&stack.request(&id).await, "review_request_bounced"),
        1
    );
}

#[tokio::test]
async fn reports_that_prove_nothing_change_nothing() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, letter) = case.asked(&stack).await;
    let other = "0100000000000000-canary@email.amazonses.com";
    let reports = [
        // Whoever can put events there knows the id of no e-mail.
        (ADA, other, GONE),
        (LENA, letter.message.as_str(), GONE),
        // It may have arrived all the same.
        (ADA, letter.message.as_str(), ["Transient", "General"]),
    ];
    for (approver, message, kind) in reports {
        bounces(&stack, &id, approver, message, kind).await;
    }
    // A true one, to know that the others were read before it.
    let page = stack.browser.open(&letter.link).await;
    assert_eq!((page.status, page.hidden().len()), (200, 1));
    bounces(
        &stack,
        &id,
        ADA,
        &letter.message,
        ["Transient", "MailboxFull"],
    )
    .await;
    stack.mailbox.to(&case.number, "tomas.herrera").await;
    let request = stack.request(&id).await;
    assert_eq!(count(&request, "review_request_bounced"), 1, "{request}");
}
