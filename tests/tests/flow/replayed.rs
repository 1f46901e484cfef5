//! The same call again: ServiceNow repeats what it got no answer to.

use flow_tests::{Case, Stack, random_hex};
use serde_json::{Value, json};

#[tokio::test]
async fn the_same_key_and_body_give_the_same_answer_and_one_letter() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let key = random_hex(32);
    let (client, body) = (stack.client(), case.body());
    let submit = || stack.api.submit(Some(&client), Some(&key), &body);
    let (first, second) = tokio::join!(submit(), submit());
    assert_eq!(first.status, 202, "{}", first.text);
    assert_eq!(second.text, first.text);
    let id = first.body["request_id"].as_str().expect("an id");
    let letter = stack.mailbox.one(&case.number).await;
    let third = submit().await;
    assert_eq!((third.status, &third.text), (202, &first.text));

    stack
        .browser
        .decide(&letter.link, "approve", "Once is enough")
        .await;
    stack.servicenow.closed(&case.sys_id).await;
    let fourth = submit().await;
    assert_eq!(
        (fourth.status, &fourth.text),
        (202, &first.text),
        "also after the end"
    );
    assert_eq!(stack.mailbox.about(&case.number).await.len(), 1);
    let request = stack.request(id).await;
    assert_eq!(request["decisions"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn the_same_key_with_another_body_is_a_conflict() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let key = random_hex(32);
    let client = stack.client();
    let first = stack
        .api
        .submit(Some(&client), Some(&key), &case.body())
        .await;
    assert_eq!(first.status, 202, "{}", first.text);
    let mut other = case.body();
    other["duration"] = json!("PT8H");
    let second = stack.api.submit(Some(&client), Some(&key), &other).await;
    assert_eq!(second.status, 409, "{}", second.text);
    assert_eq!(second.body["title"], "Idempotency key reused");
    let request = stack
        .request(first.body["request_id"].as_str().expect("an id"))
        .await;
    assert_eq!(request["duration"], "PT4H", "the first body counts");
}

#[tokio::test]
async fn another_key_for_a_ticket_whose_request_is_open_is_a_conflict() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, _) = case.asked(&stack).await;
    for key in [None, Some(random_hex(32))] {
        let answer = stack
            .api
            .submit(Some(&stack.client()), key.as_deref(), &case.body())
            .await;
        assert_eq!(answer.status, 409, "{}", answer.text);
        assert_eq!(answer.body["request_id"], Value::from(id.as_str()));
    }
    assert_eq!(stack.mailbox.about(&case.number).await.len(), 1);
}
