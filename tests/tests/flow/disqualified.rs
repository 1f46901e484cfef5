//! Somebody who was asked may decide no more: the answer counts for nothing, and whoever may decide
//! now is asked instead.

use flow_tests::{Case, Stack, random_hex};
use serde_json::{Value, json};

const MAREK: &str = "aaaa0000000000000000000000000003";
const KOFI: &str = "aaaa0000000000000000000000000006";

/// An item of the CMDB that belongs to this case alone.
struct Item {
    sys_id: String,
    name: String,
}

impl Item {
    async fn owned(&self, stack: &Stack, owner: &str, manager: &str) {
        let record = json!({ "sys_id": self.sys_id, "sys_class_name": "cmdb_ci_server",
            "name": self.name, "owned_by": owner, "managed_by": manager });
        stack.servicenow.put("cmdb_ci_server", record).await;
    }
}

/// A request that needs an answer of the owner of an item, too; its id and the item.
async fn asked(stack: &Stack, case: &Case) -> (String, Item) {
    let item = Item {
        sys_id: random_hex(32),
        name: format!("reports-{}", case.number),
    };
    item.owned(stack, MAREK, KOFI).await;
    let mut body = case.body();
    body["resource"] = json!({ "sys_id": item.sys_id });
    let answer = stack.api.submit(Some(&stack.client()), None, &body).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let id = answer.body["request_id"].as_str().expect("an id");
    (id.to_owned(), item)
}

fn asked_of(request: &Value, n: usize) -> &Value {
    &request["slots"][n]["asked"]
}

#[tokio::test]
async fn an_owner_who_was_replaced_decides_nothing_and_the_next_is_asked() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, item) = asked(&stack, &case).await;
    let ada = stack.mailbox.to(&case.number, "ada.okafor").await;
    let marek = stack.mailbox.to(&case.number, "marek.lindqvist").await;
    let shown = stack.browser.open(&marek.link).await;
    assert!(shown.html.contains(&item.name), "the form names the item");
    let page = stack
        .browser
        .decide(&ada.link, "approve", "canary-reason: the account is fine")
        .await;
    assert_eq!(page.heading(), "You approved this request");

    item.owned(&stack, "", KOFI).await;
    // A no would end it; his counts no more than a yes would.
    let page = stack
        .browser
        .decide(&marek.link, "deny", "canary-reason: I owned it once")
        .await;
    assert_eq!(
        (page.status, page.heading()),
        (403, "You can no longer decide this request")
    );
    let request = stack.request(&id).await;
    assert_eq!(request["state"], "Pending");
    assert_eq!(request["decisions"].as_array().map(Vec::len), Some(1));
    let again = stack.browser.open(&marek.link).await;
    assert_eq!(
        (again.status, again.heading()),
        (410, "You are no longer asked to decide")
    );

    // As the sweeper does within a minute.
    stack.wake("requests", &id).await;
    let kofi = stack.mailbox.to(&case.number, "kofi.mensah").await;
    let form = stack.browser.open(&kofi.link).await;
    assert_eq!((form.status, form.hidden().len()), (200, 1));
    assert!(form.html.contains("the account is fine"), "what Ada said");
    assert!(
        !form.html.contains("I owned it once"),
        "what counts for nothing"
    );
    case.nothing_in_iam(&stack).await;
    stack
        .browser
        .decide(&kofi.link, "approve", "canary-reason: I manage it")
        .await;
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    let notes = Case::notes(&ticket).concat();
    assert!(notes.contains("I manage it"), "{notes}");
    assert!(!notes.contains("I owned it once"), "{notes}");
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached, [case.policy.as_str()]);
    let request = stack.request(&id).await;
    assert_eq!(
        (asked_of(&request, 0), asked_of(&request, 1)),
        (&json!(1), &json!(1))
    );
    let rows = request["timeline"].as_array().expect("a timeline");
    for (event, times) in [
        ("approver_disqualified", 1),
        ("slot_reassigned", 1),
        ("review_request_sent", 3),
    ] {
        let found = rows.iter().filter(|row| row["event"] == event).count();
        assert_eq!(found, times, "{event}: {rows:?}");
    }
    // Ada's link ends the access, and the link of somebody who was replaced does not.
    let shown = stack.browser.open(&marek.link).await;
    assert_eq!(
        (shown.status, shown.hidden().len()),
        (410, 0),
        "{}",
        shown.heading()
    );
}

#[tokio::test]
async fn where_nobody_near_is_left_the_security_group_is_asked() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let (id, item) = asked(&stack, &case).await;
    let marek = stack.mailbox.to(&case.number, "marek.lindqvist").await;
    item.owned(&stack, "", "").await;
    let page = stack
        .browser
        .decide(&marek.link, "approve", "canary-reason: not mine any more")
        .await;
    assert_eq!(page.status, 403, "{}", page.heading());
    stack.wake("requests", &id).await;
    for name in ["lena.fischer", "samuel.osei"] {
        let letter = stack.mailbox.to(&case.number, name).await;
        assert!(letter.text.contains(&item.name), "{}", letter.text);
    }
    let request = stack.request(&id).await;
    assert_eq!(
        (&request["state"], asked_of(&request, 1)),
        (&json!("Pending"), &json!(2))
    );
    case.nothing_in_iam(&stack).await;
}
