//! An item of the CMDB that the guardrails put in charge of some resources: where a request stays
//! within them, its owner decides instead of the account's.

use flow_tests::{Case, Letter, Stack};
use serde_json::{Value, json};

const ACCOUNT: &str = "210987654321";
/// The item of `guardrails.toml`: `june/` in the bucket of reports.
const ITEM: &str = "eeee0000000000000000000000000070";
/// Diego Santos, who has named Tomás Herrera to approve in his absence.
const DIEGO: &str = "aaaa0000000000000000000000000014";

fn reading(folder: &str) -> Value {
    json!([{ "type": "inline_policy", "document": { "Version": "2012-10-17", "Statement": [
        { "Sid": "Reports", "Effect": "Allow", "Action": "s3:GetObject",
          "Resource": format!("arn:aws:s3:::reports-{ACCOUNT}/{folder}/*") },
    ] } }])
}

/// A request for a folder of reports that names Diego's item; its id, and the e-mails to this many
/// people, by address.
async fn asked(stack: &Stack, case: &Case, letters: usize) -> (String, Vec<Letter>) {
    let record = json!({ "sys_id": ITEM, "sys_class_name": "cmdb_ci_server",
        "name": "reports of June", "owned_by": DIEGO });
    stack.servicenow.put("cmdb_ci_server", record).await;
    let mut body = case.body();
    body["resource"] = json!({ "sys_id": ITEM });
    let answer = stack.api.submit(Some(&stack.client()), None, &body).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let id = answer.body["request_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    stack.reaches(&id, "Pending").await;
    let letters = flow_tests::eventually("the e-mails", || async {
        let mut sent = stack.mailbox.about(&case.number).await;
        sent.sort_by(|one, other| one.to.cmp(&other.to));
        (sent.len() == letters).then_some(sent)
    })
    .await;
    (id, letters)
}

fn addresses(letters: &[Letter]) -> Vec<&str> {
    let to = letters.iter().flat_map(|letter| &letter.to);
    to.map(|address| address.split('@').next().expect("a name"))
        .collect()
}

#[tokio::test]
async fn its_owner_decides_on_what_is_within_it() {
    let stack = Stack::shared().await;
    let case = Case::for_grants(&stack, ACCOUNT, reading("june")).await;
    let (id, letters) = asked(&stack, &case, 2).await;
    assert_eq!(addresses(&letters), ["diego.santos", "tomas.herrera"]);
    let request = stack.request(&id).await;
    let slot = json!({ "slot": format!("item:{ITEM}"), "asked": 2,
        "resource": { "type": "item", "sys_id": ITEM, "instead_of": [ACCOUNT] } });
    assert_eq!(request["slots"], json!([slot]));
    let page = stack.browser.open(&letters[0].link).await;
    let why = "the owner of this item in the CMDB, which the guardrails put in charge of";
    assert!(page.html.contains(why), "{}", page.html);
    let answer = stack
        .browser
        .decide(&letters[0].link, "approve", "June is mine")
        .await;
    assert_eq!(
        (answer.status, answer.heading()),
        (200, "You approved this request")
    );
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state"], "3");
    assert_eq!(stack.aws.held(ACCOUNT, &case.user).await.inline.len(), 1);
}

#[tokio::test]
async fn beyond_it_the_owner_of_the_account_is_asked_besides() {
    let stack = Stack::shared().await;
    let case = Case::for_grants(&stack, ACCOUNT, reading("ju*")).await;
    let (id, letters) = asked(&stack, &case, 3).await;
    assert_eq!(
        addresses(&letters),
        ["ada.okafor", "diego.santos", "tomas.herrera"]
    );
    let request = stack.request(&id).await;
    let slots: Vec<&Value> = request["slots"]
        .as_array()
        .expect("slots")
        .iter()
        .map(|slot| &slot["resource"])
        .collect();
    let account = json!({ "type": "account", "account_id": ACCOUNT });
    assert_eq!(
        slots,
        [&account, &json!({ "type": "item", "sys_id": ITEM })]
    );
    let page = stack.browser.open(&letters[1].link).await;
    assert!(!page.html.contains("in charge"), "{}", page.html);
    stack
        .browser
        .decide(&letters[1].link, "approve", "June is mine, and July is not")
        .await;
    assert_eq!(stack.request(&id).await["state"], "Pending");
    case.nothing_in_iam(&stack).await;
}
