//! Granted, and ended before its time: by the client, or by an owner through the link that was
//! used.

use flow_tests::{Case, Letter, Page, Person, Stack};
use serde_json::{Value, json};

/// A case whose access is there, with the e-mail that asked for it.
async fn granted(stack: &Stack, account: &str) -> (Case, String, Letter) {
    let case = Case::of(stack, account).await;
    let (id, letter) = case.asked(stack).await;
    stack
        .browser
        .decide(&letter.link, "approve", "Fine with me")
        .await;
    stack.reaches(&id, "Active").await;
    stack.servicenow.closed(&case.sys_id).await;
    (case, id, letter)
}

/// The note about the end, once it is there.
async fn end_note(stack: &Stack, case: &Case) -> String {
    flow_tests::eventually("the note about the end", || async {
        let ticket = stack.servicenow.ticket(&case.sys_id).await;
        Case::notes(&ticket)
            .into_iter()
            .find(|note| note.starts_with("Access ended"))
    })
    .await
}

/// Sends the form that ends access, as it is shown.
pub(crate) async fn send_end(stack: &Stack, letter: &Letter, reason: &str) -> Page {
    let shown = stack.browser.open(&letter.link).await;
    assert_eq!(shown.status, 200, "{}", shown.heading());
    assert!(shown.heading().starts_with("Access is active until"));
    let mut form = shown.hidden();
    form.push(("reason".to_owned(), reason.to_owned()));
    let origin = stack.browser.origin();
    stack.browser.send(&letter.link, Some(origin), &form).await
}

#[tokio::test]
async fn the_client_ends_it_on_the_wish_of_whom_it_concerns() {
    let stack = Stack::shared().await;
    let (case, id, _) = granted(&stack, "210987654321").await;
    let end = async |person: &str| {
        let body = json!({ "by": { "sys_id": person }, "reason": "canary-reason: done for today" });
        let client = stack.client();
        stack
            .api
            .end(Some(&client), &id, "revoke", Some(&body))
            .await
    };
    let stranger = end("aaaa0000000000000000000000000001").await;
    assert_eq!(stranger.status, 422, "{}", stranger.text);
    assert_eq!(stack.request(&id).await["revocation"], Value::Null);
    let answer = end(Person::RITA.0).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["revocation"]["by"]["type"], "requester");
    stack.reaches(&id, "Revoked").await;
    case.nothing_in_iam(&stack).await;
    let note = end_note(&stack, &case).await;
    let by = "It was ended early by the requester";
    assert!(note.contains(by), "{note}");
}

#[tokio::test]
async fn the_security_team_ends_what_others_asked_for_and_see_nothing_of_it() {
    let stack = Stack::shared().await;
    let (case, id, letter) = granted(&stack, "210987654321").await;
    let watch = stack.security();
    let read = stack
        .api
        .get(Some(&watch), &format!("/v1/requests/{id}"))
        .await;
    assert_eq!(read.status, 403, "not among its routes: {}", read.text);
    let why = json!({ "reason": "canary-reason: used from an unknown address" });
    let answer = stack.api.end(Some(&watch), &id, "revoke", Some(&why)).await;
    let expected = json!({ "request_id": id, "state": "Active" });
    assert_eq!((answer.status, &answer.body), (200, &expected));
    let request = stack.reaches(&id, "Revoked").await;
    assert_eq!(request["revocation"]["by"], json!({ "type": "security" }));
    case.nothing_in_iam(&stack).await;
    let note = end_note(&stack, &case).await;
    let by = "It was ended early by the security team";
    assert!(note.contains(by), "{note}");
    assert!(note.contains("from an unknown address"), "{note}");
    let reported = stack
        .mailbox
        .notice(&case.number, "Your access has ended")
        .await;
    assert!(
        reported.text.contains("the security team"),
        "{}",
        reported.text
    );
    let page = stack.browser.open(&letter.link).await;
    assert!(
        page.html.contains("ended"),
        "the owner sees it: {}",
        page.heading()
    );
    let none = "req-00000000000000000000000000000000";
    let unknown = stack.api.end(Some(&watch), none, "revoke", None).await;
    assert_eq!(unknown.status, 404, "{}", unknown.text);
}

#[tokio::test]
async fn the_client_ends_active_access_at_once() {
    let stack = Stack::shared().await;
    let (case, id, _) = granted(&stack, "210987654321").await;
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached, [case.policy.as_str()]);
    let client = stack.client();
    let late = stack.api.end(Some(&client), &id, "withdraw", None).await;
    assert_eq!(late.status, 409, "{}", late.text);
    let why = json!({ "reason": "canary-reason: the project was stopped" });
    let answer = stack
        .api
        .end(Some(&client), &id, "revoke", Some(&why))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["revocation"]["by"]["type"], "client");

    let request = stack.reaches(&id, "Revoked").await;
    case.nothing_in_iam(&stack).await;
    assert_eq!(request["retained"], json!([]));
    let note = end_note(&stack, &case).await;
    assert!(note.contains("It was ended early by ServiceNow"), "{note}");
    assert!(note.contains("the project was stopped"), "{note}");
    let reported = stack
        .mailbox
        .notice(&case.number, "Your access has ended")
        .await;
    assert_eq!(reported.to, "rita.chen@brightwater.example");
    assert!(reported.text.contains("ended early"), "{}", reported.text);
    let again = stack.api.end(Some(&client), &id, "revoke", None).await;
    assert_eq!(
        (again.status, &again.body["state"]),
        (200, &json!("Revoked"))
    );
}

#[tokio::test]
async fn the_owner_ends_access_through_the_link_that_was_used() {
    let stack = Stack::shared().await;
    let (case, id, letter) = granted(&stack, "210987654321").await;
    let before = stack.rows(&id).await;
    for _ in 0..3 {
        let shown = stack.browser.open(&letter.link).await;
        assert_eq!(shown.status, 200);
        assert!(shown.heading().starts_with("Access is active until"));
    }
    assert_eq!(stack.rows(&id).await, before, "looking changes nothing");

    let ended = send_end(&stack, &letter, "canary-reason: Rita has left the team").await;
    assert_eq!(
        (ended.status, ended.heading()),
        (200, "Access is being ended")
    );
    let request = stack.reaches(&id, "Revoked").await;
    case.nothing_in_iam(&stack).await;
    let by = &request["revocation"]["by"];
    assert_eq!(by, &json!({ "type": "approver", "role": "owner" }));
    let note = end_note(&stack, &case).await;
    assert!(
        note.contains("It was ended early by the owner of the account"),
        "{note}"
    );
    assert!(note.contains("Rita has left the team"), "{note}");
    assert!(!note.contains("Ada"), "a role and no name: {note}");
    let shown = stack.browser.open(&letter.link).await;
    assert_eq!(
        (shown.status, shown.heading()),
        (200, "The access has ended")
    );
}

#[tokio::test]
async fn only_the_pages_own_form_ends_access() {
    let stack = Stack::shared().await;
    let (case, id, letter) = granted(&stack, "320987654321").await;
    let (_, _, other) = granted(&stack, "320987654321").await;
    let shown = stack.browser.open(&letter.link).await;
    let foreign = stack.browser.open(&other.link).await;
    let origin = Some(stack.browser.origin());
    let form = |from: &Page, reason: &str| {
        let mut form = from.hidden();
        form.push(("reason".to_owned(), reason.to_owned()));
        form
    };
    let cases = [
        (origin, form(&foreign, "Another link's form"), 422),
        (origin, form(&shown, " "), 422),
        (
            Some("https://canary-origin.example"),
            form(&shown, "From elsewhere"),
            403,
        ),
        (None, form(&shown, "From nowhere"), 403),
    ];
    for (origin, form, status) in cases {
        let page = stack.browser.send(&letter.link, origin, &form).await;
        assert_eq!(page.status, status, "{}", page.heading());
    }
    assert_eq!(stack.request(&id).await["revocation"], Value::Null);
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached, [case.policy.as_str()]);
}

#[tokio::test]
async fn what_another_request_still_gives_stays_and_the_ticket_says_so() {
    let account = "210987654321";
    let stack = Stack::shared().await;
    let (first, id, _) = granted(&stack, account).await;
    let second = Case::on_paper(account, &first.user, Person::RITA);
    second.open(&stack).await;
    second.granted(&stack).await;
    let client = stack.client();
    let answer = stack.api.end(Some(&client), &id, "revoke", None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let request = stack.reaches(&id, "Revoked").await;
    assert_eq!(request["retained"][0]["because"], "still_granted");
    let attached = stack.aws.attached(account, &first.user).await;
    assert_eq!(attached, [first.policy.as_str()], "the second one holds it");
    let note = end_note(&stack, &first).await;
    assert!(
        note.contains("which another request still grants"),
        "{note}"
    );
}
