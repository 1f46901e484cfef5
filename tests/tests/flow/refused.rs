//! What is asked for does not hold, or may not be granted: nobody is bothered.

use flow_tests::{Case, Person, Stack, random_hex};
use serde_json::{Value, json};

/// The request is accepted, checked and refused for this reason.
async fn is_refused(stack: &Stack, case: &Case, body: &Value, code: &str) {
    let answer = stack.api.submit(Some(&stack.client()), None, body).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let id = answer.body["request_id"].as_str().expect("an id");
    let request = stack.reaches(id, "Refused").await;
    assert_eq!(request["end_reason"]["code"], code, "{request}");
    case.no_letter(stack).await;
}

#[tokio::test]
async fn a_closed_ticket() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    case.put(&stack, &json!({ "active": "false", "state": "3" }))
        .await;
    is_refused(&stack, &case, &case.body(), "ticket_mismatch").await;
    case.nothing_in_iam(&stack).await;
    let ticket = stack.servicenow.ticket(&case.sys_id).await;
    assert_eq!(ticket["state"], "3", "the ticket stays as it was");
}

#[tokio::test]
async fn a_ticket_of_somebody_else() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let theirs = json!({ "opened_by": Person::DIEGO.0, "requested_for": Person::DIEGO.0 });
    case.put(&stack, &theirs).await;
    is_refused(&stack, &case, &case.body(), "ticket_mismatch").await;
    case.nothing_in_iam(&stack).await;
}

#[tokio::test]
async fn a_ticket_with_another_number() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let mut body = case.body();
    body["source"]["number"] = json!("RITM0010001");
    is_refused(&stack, &case, &body, "ticket_mismatch").await;
}

#[tokio::test]
async fn a_ticket_that_does_not_exist() {
    let stack = Stack::shared().await;
    let case = Case::on_paper("210987654321", "rita.chen", Person::RITA);
    is_refused(&stack, &case, &case.body(), "no_such_ticket").await;
}

#[tokio::test]
async fn users_that_are_not_enrolled_or_not_there() {
    let stack = Stack::shared().await;
    let cases = [
        ("not-enrolled", "not_enrolled"),
        ("unbounded", "not_enrolled"),
        ("nobody-at-all", "not_enrolled"),
    ];
    for (user, code) in cases {
        let case = Case::on_paper("210987654321", user, Person::RITA);
        case.open(&stack).await;
        is_refused(&stack, &case, &case.body(), code).await;
    }
    for user in ["not-enrolled", "unbounded"] {
        let attached = stack.aws.attached("210987654321", user).await;
        assert_eq!(attached, [""; 0], "{user}");
    }
}

/// The request is not even accepted.
async fn is_outside_the_guardrails(change: impl FnOnce(&mut Value)) {
    let stack = Stack::shared().await;
    let case = Case::on_paper("210987654321", "rita.chen", Person::RITA);
    case.open(&stack).await;
    let mut body = case.body();
    change(&mut body);
    let answer = stack.api.submit(Some(&stack.client()), None, &body).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let findings = answer.body["findings"].as_array().expect("findings");
    assert!(!findings.is_empty());
    let path = format!("/v1/requests?sys_id={}", case.sys_id);
    let retained = stack.api.get(Some(&stack.client()), &path).await;
    assert_eq!(retained.body["requests"], json!([]), "nothing is kept");
    case.no_letter(&stack).await;
}

#[tokio::test]
async fn a_policy_that_is_never_granted() {
    is_outside_the_guardrails(|body| {
        body["grants"][0]["policy_arn"] = json!("arn:aws:iam::aws:policy/AdministratorAccess");
    })
    .await;
}

#[tokio::test]
async fn a_policy_that_is_not_listed() {
    is_outside_the_guardrails(|body| {
        let policy = "arn:aws:iam::210987654321:policy/people-administration";
        body["grants"][0]["policy_arn"] = json!(policy);
    })
    .await;
}

#[tokio::test]
async fn access_for_too_long() {
    is_outside_the_guardrails(|body| body["duration"] = json!("P8D")).await;
}

#[tokio::test]
async fn bodies_that_cannot_be_understood() {
    let stack = Stack::shared().await;
    let case = Case::on_paper("210987654321", "rita.chen", Person::RITA);
    let good = case.body().to_string();
    let mut steered = case.body();
    steered["approver"] = json!("rita.chen@brightwater.example");
    let twice = good.replacen('{', r#"{"duration":"PT1H","#, 1);
    let large = good.replace(&case.justification, &random_hex(70_000));
    let cases = [
        ("application/json", "{", 400),
        ("application/json", "[]", 400),
        ("application/json", steered.to_string().as_str(), 400),
        ("application/json", twice.as_str(), 400),
        ("application/json", large.as_str(), 413),
        ("text/plain", good.as_str(), 415),
    ]
    .map(|(kind, bytes, status)| (kind, bytes.to_owned(), status));
    for (kind, bytes, status) in cases {
        let answer = stack.api.submit_raw(&stack.client(), kind, &bytes).await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}
