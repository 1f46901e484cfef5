//! Dry runs: everything is checked, and nobody is asked.

use flow_tests::{Case, Stack};
use serde_json::json;

#[tokio::test]
async fn a_dry_run_shows_changes_and_owners_and_mails_nobody() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "320987654321").await;
    let mut body = case.body();
    body["dry_run"] = json!(true);
    let client = stack.client();
    let answer = stack.api.submit(Some(&client), None, &body).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let id = answer.body["request_id"].as_str().expect("an id");
    let request = stack.reaches(id, "Previewed").await;

    let changes = request["preview"]["changes"].as_array().expect("changes");
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0]["change"]["policy_arn"], json!(case.policy));
    assert_eq!(changes[0]["target"]["principal"]["name"], json!(case.user));
    assert_eq!(changes[0]["already_there"], false);
    // Ingrid owns the account and has left; Kofi manages it.
    let slot = &request["preview"]["slots"][0];
    assert_eq!((&slot["count"], &slot["known"]), (&json!(1), &json!(true)));
    let kofi = "aaaa0000000000000000000000000006";
    assert_eq!(slot["would_ask"][0]["sys_id"], kofi);
    assert_eq!(slot["would_ask"][0]["role"], "manager");
    let ingrid = "aaaa0000000000000000000000000005";
    assert_eq!(slot["passed_over"][0]["sys_id"], ingrid);
    assert_eq!(slot["passed_over"][0]["reason"], "inactive");

    let ticket = flow_tests::eventually("a note", || async {
        let ticket = stack.servicenow.ticket(&case.sys_id).await;
        (!Case::notes(&ticket).is_empty()).then_some(ticket)
    })
    .await;
    let notes = Case::notes(&ticket);
    assert!(notes.concat().starts_with("Dry run"), "{notes:?}");
    assert_eq!(ticket["state"], "1", "the ticket stays open");
    case.no_letter(&stack).await;
    assert_eq!(stack.mailbox.notices(&case.number).await.len(), 0);
    case.nothing_in_iam(&stack).await;
    let shown = request.to_string();
    for hidden in ["@brightwater", "Mensah", "Solheim"] {
        assert!(!shown.contains(hidden), "`{hidden}` in {shown}");
    }

    // The real request follows on the same ticket.
    let real = case.submit(&stack).await;
    stack.reaches(&real, "Pending").await;
    let letter = stack.mailbox.one(&case.number).await;
    assert_eq!(letter.to, ["kofi.mensah@brightwater.example"]);
}

#[tokio::test]
async fn a_dry_run_says_what_is_there_already() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    case.granted(&stack).await;
    case.open(&stack).await;
    let mut body = case.body();
    body["dry_run"] = json!(true);
    // The first request still holds the ticket.
    let client = stack.client();
    let busy = stack.api.submit(Some(&client), None, &body).await;
    assert_eq!(busy.status, 409, "{}", busy.text);
    let other = Case::on_paper(&case.account, &case.user, case.requester);
    other.open(&stack).await;
    let mut body = other.body();
    body["dry_run"] = json!(true);
    let answer = stack.api.submit(Some(&client), None, &body).await;
    let id = answer.body["request_id"].as_str().expect("an id");
    let request = stack.reaches(id, "Previewed").await;
    assert_eq!(request["preview"]["changes"][0]["already_there"], true);
}

#[tokio::test]
async fn a_dry_run_is_refused_as_the_request_would_be() {
    let stack = Stack::shared().await;
    let case = Case::on_paper("210987654321", "not-enrolled", flow_tests::Person::RITA);
    case.open(&stack).await;
    let mut body = case.body();
    body["dry_run"] = json!(true);
    let client = stack.client();
    let answer = stack.api.submit(Some(&client), None, &body).await;
    let id = answer.body["request_id"].as_str().expect("an id");
    let request = stack.reaches(id, "Refused").await;
    assert_eq!(request["end_reason"]["code"], "not_enrolled");
}
