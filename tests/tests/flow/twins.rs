//! Somebody with two records in ServiceNow: one asks, the other owns the account.
//!
//! Rita owns the account; the other record is made for each test.

use flow_tests::{Case, Person, Stack, eventually, random_hex};
use serde_json::{Value, json};

const ACCOUNT: &str = "430987654321";

/// Another record, with these fields; what is not said is another's than Rita's.
async fn record(stack: &Stack, sys_id: &str, fields: Value) {
    let tag: String = sys_id.chars().take(12).collect();
    let mut record = json!({
        "sys_id": sys_id,
        "user_name": format!("other.{tag}"),
        "name": format!("Other {tag}"),
        "email": format!("other.{tag}@brightwater.example"),
        "employee_number": format!("X{tag}"),
        "active": "true",
        "locked_out": "false",
    });
    let more = fields.as_object().expect("fields").clone();
    record.as_object_mut().expect("an object").extend(more);
    stack.servicenow.put("sys_user", record).await;
}

/// A case of somebody with such a record, who has the user as well.
async fn case_of(stack: &Stack, fields: Value) -> Case {
    let sys_id: &'static str = Box::leak(random_hex(32).into_boxed_str());
    record(stack, sys_id, fields).await;
    Case::asked_by(stack, ACCOUNT, Person(sys_id)).await
}

/// To whom the letters about a case went, once there are so many.
async fn letters(stack: &Stack, case: &Case, count: usize) -> Vec<String> {
    let letters = eventually("letters", || async {
        let letters = stack.mailbox.about(&case.number).await;
        (letters.len() >= count).then_some(letters)
    })
    .await;
    let to = letters.iter().flat_map(|letter| letter.to.clone());
    let local = to.map(|to| to.replace("@brightwater.example", ""));
    let mut local: Vec<String> = local.collect();
    local.sort();
    local
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_refused_and_nobody_is_asked() {
    let stack = Stack::shared().await;
    let spellings = [
        " rita.chen@brightwater.example",
        "Rita Chen <rita.chen@brightwater.example>",
        "mailto:rita.chen@brightwater.example",
        "rita.chen@brightwater.example.",
        "x@brightwater.example, rita.chen@brightwater.example",
        "\"rita.chen\"@brightwater.example",
        "rit\u{430}.chen@brightwater.example",
        "rita.chen%brightwater.example@elsewhere.example",
    ];
    for spelling in spellings {
        let case = case_of(&stack, json!({ "email": spelling })).await;
        let id = case.submit(&stack).await;
        let request = stack.reaches(&id, "Refused").await;
        let code = &request["end_reason"]["code"];
        assert_eq!(code, "unreadable_identity", "{spelling}: {request}");
        case.no_letter(&stack).await;
        case.nothing_in_iam(&stack).await;
    }
}

#[tokio::test]
async fn whoever_opened_the_ticket_is_looked_at_like_the_requester() {
    let stack = Stack::shared().await;
    let opener = random_hex(32);
    record(
        &stack,
        &opener,
        json!({ "email": "mailto:rita.chen@brightwater.example" }),
    )
    .await;
    let case = Case::asked_by(&stack, ACCOUNT, Person::DIEGO).await;
    case.put(&stack, &json!({ "opened_by": opener })).await;
    let id = case.submit(&stack).await;
    let request = stack.reaches(&id, "Refused").await;
    assert_eq!(request["end_reason"]["code"], "unreadable_identity");
    case.no_letter(&stack).await;
}

#[tokio::test]
async fn cloud_security_is_asked_where_the_owner_is_the_requester_under_another_record() {
    let stack = Stack::shared().await;
    let same = [
        json!({ "email": "Rita.Chen+x@BRIGHTWATER.example" }),
        json!({ "employee_number": "bw-1002" }),
        json!({ "user_name": "RITA.CHEN" }),
        json!({ "user_name": "rita.chen@brightwater.example" }),
    ];
    for fields in same {
        let case = case_of(&stack, fields.clone()).await;
        let id = case.submit(&stack).await;
        stack.reaches(&id, "Pending").await;
        let asked = letters(&stack, &case, 2).await;
        assert_eq!(asked, ["lena.fischer", "samuel.osei"], "{fields}");
    }
}

#[tokio::test]
async fn without_a_mailbox_only_cloud_security_is_asked() {
    let stack = Stack::shared().await;
    for email in [
        "",
        "rita.chen@elsewhere.example",
        "rita@xn--brghtwater-1pb.example",
    ] {
        let case = case_of(&stack, json!({ "email": email })).await;
        let id = case.submit(&stack).await;
        stack.reaches(&id, "Pending").await;
        let asked = letters(&stack, &case, 2).await;
        assert_eq!(asked, ["lena.fischer", "samuel.osei"], "{email}");
    }
}

#[tokio::test]
async fn it_is_looked_at_again_at_the_decision() {
    let stack = Stack::shared().await;
    let case = case_of(&stack, json!({})).await;
    let id = case.submit(&stack).await;
    let letter = stack.mailbox.to(&case.number, "rita.chen").await;
    let decide = || {
        let reason = "canary-reason: somebody else's";
        stack.browser.decide(&letter.link, "approve", reason)
    };
    let changes = [
        json!({ "email": " rita.chen@brightwater.example" }),
        json!({ "active": "false" }),
    ];
    for change in changes {
        record(&stack, case.requester.0, change.clone()).await;
        let page = decide().await;
        let seen = (page.status, page.heading());
        assert_eq!(seen, (409, "This request can&#39;t be decided"), "{change}");
        assert_eq!(stack.request(&id).await["decisions"], json!([]));
    }
    // Put right, it is decided, and what was signed is enough for the provisioner.
    record(&stack, case.requester.0, json!({})).await;
    assert_eq!(decide().await.heading(), "You approved this request");
    stack.servicenow.closed(&case.sys_id).await;
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached, [case.policy.as_str()]);

    // She turns out to be the requester.
    let case = case_of(&stack, json!({})).await;
    let id = case.submit(&stack).await;
    let letter = stack.mailbox.to(&case.number, "rita.chen").await;
    let mut form = stack.browser.open(&letter.link).await.hidden();
    form.push(("decision".to_owned(), "approve".to_owned()));
    form.push(("reason".to_owned(), "canary-reason: my own".to_owned()));
    let twin = json!({ "employee_number": "BW1002" });
    record(&stack, case.requester.0, twin).await;
    let origin = Some(stack.browser.origin());
    let page = stack.browser.send(&letter.link, origin, &form).await;
    assert_eq!(page.status, 403, "{}", page.heading());
    assert_eq!(stack.request(&id).await["decisions"], json!([]));
    case.nothing_in_iam(&stack).await;
}
