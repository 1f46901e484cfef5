//! The same access for longer: a request of its own, on a ticket of its own, and no gap.

use flow_tests::{Case, Stack, random_hex};
use serde_json::{Value, json};

const ACCOUNT: &str = "210987654321";

/// A further ticket of the same person for the same user.
async fn another_ticket(stack: &Stack, case: &Case) -> Case {
    let paper = Case::on_paper(&case.account, &case.user, case.requester);
    let next = Case {
        sys_id: random_hex(32),
        justification: format!("canary-{} it takes longer", random_hex(16)),
        ..paper
    };
    next.open(stack).await;
    next
}

fn longer(next: &Case, duration: &str) -> Value {
    let mut body = next.body();
    let members = body.as_object_mut().expect("an object");
    members.remove("target");
    members.remove("grants");
    body["duration"] = json!(duration);
    body
}

async fn extend(stack: &Stack, id: &str, body: &Value) -> flow_tests::Answer {
    let client = stack.client();
    stack.api.end(Some(&client), id, "extend", Some(body)).await
}

#[tokio::test]
async fn it_goes_on_without_a_gap_and_ends_with_the_last() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, ACCOUNT).await;
    let first = case.granted(&stack).await;
    stack.reaches(&first, "Active").await;
    let next = another_ticket(&stack, &case).await;
    let answer = extend(&stack, &first, &longer(&next, "PT2H")).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let second = answer.body["request_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    stack.reaches(&second, "Pending").await;
    let extends = stack.request(&second).await["extends"].clone();
    let expected = (json!(first), json!("PT6H"));
    assert_eq!(
        (extends["request_id"].clone(), extends["total"].clone()),
        expected
    );

    let letter = stack.mailbox.one(&next.number).await;
    let words = format!("extends request {first}, active since");
    assert!(letter.text.contains(&words), "{}", letter.text);
    let page = stack.browser.open(&letter.link).await;
    assert!(page.html.contains(&words), "{}", page.html);
    assert!(page.html.contains("6 hours in total"), "{}", page.html);
    stack
        .browser
        .decide(&letter.link, "approve", "Still needed")
        .await;
    stack.reaches(&second, "Active").await;
    let ticket = stack.servicenow.closed(&next.sys_id).await;
    let notes = Case::notes(&ticket).concat();
    assert!(notes.contains(&words), "{notes}");

    let client = stack.client();
    let end = async |id: &str| {
        let answer = stack.api.end(Some(&client), id, "revoke", None).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        stack.reaches(id, "Revoked").await
    };
    let ended = end(&first).await;
    assert_eq!(ended["retained"][0]["because"], "still_granted", "{ended}");
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached, std::slice::from_ref(&case.policy), "no gap");
    let ended = end(&second).await;
    assert_eq!(ended["retained"], json!([]));
    case.nothing_in_iam(&stack).await;
}

#[tokio::test]
async fn only_what_is_there_is_extended_and_not_for_ever() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, ACCOUNT).await;
    let (id, letter) = case.asked(&stack).await;
    let next = another_ticket(&stack, &case).await;
    let early = extend(&stack, &id, &longer(&next, "PT2H")).await;
    assert_eq!(
        (early.status, &early.body["state"]),
        (409, &json!("Pending"))
    );
    stack
        .browser
        .decide(&letter.link, "approve", "Fine with me")
        .await;
    stack.reaches(&id, "Active").await;
    let long = extend(&stack, &id, &longer(&next, "P28D")).await;
    assert_eq!(long.status, 422, "{}", long.text);
    assert!(long.text.contains("too_long_in_total"), "{}", long.text);
    let security = stack.security();
    let body = longer(&next, "PT2H");
    let foreign = stack
        .api
        .end(Some(&security), &id, "extend", Some(&body))
        .await;
    assert_eq!(foreign.status, 403, "{}", foreign.text);
    let nowhere = extend(&stack, "req-00000000000000000000000000000000", &body).await;
    assert_eq!(nowhere.status, 404, "{}", nowhere.text);

    let client = stack.client();
    stack.api.end(Some(&client), &id, "revoke", None).await;
    stack.reaches(&id, "Revoked").await;
    let late = extend(&stack, &id, &body).await;
    assert_eq!(late.status, 202, "{}", late.text);
    let late = late.body["request_id"].as_str().expect("an id");
    let refused = stack.reaches(late, "Refused").await;
    assert_eq!(refused["end_reason"]["code"], "not_extendable", "{refused}");
    next.no_letter(&stack).await;
    case.nothing_in_iam(&stack).await;
}
