//! Nobody can be asked: nothing is granted, and the ticket is updated.

use flow_tests::{Case, Stack};
use serde_json::json;

async fn ends_undeliverable(stack: &Stack, case: &Case) {
    let id = case.raise(stack).await;
    let request = stack.reaches(&id, "Undeliverable").await;
    assert_eq!(request["end_reason"]["code"], "nobody_to_ask");
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state"], "4", "Closed Incomplete");
    assert_eq!(Case::notes(&ticket).len(), 1);
    case.no_letter(stack).await;
    case.nothing_in_iam(stack).await;
}

#[tokio::test]
async fn an_account_that_the_cmdb_does_not_know() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "650987654321").await;
    ends_undeliverable(&stack, &case).await;
}

#[tokio::test]
async fn an_account_without_owners_while_cloud_security_is_inactive() {
    let stack = Stack::alone().await;
    let case = Case::of(&stack, "540987654321").await;
    let security = |active: &str| {
        let group = json!({ "sys_id": "bbbb0000000000000000000000000001", "active": active });
        stack.servicenow.put("sys_user_group", group)
    };
    security("false").await;
    let id = case.raise(&stack).await;
    let request = flow_tests::eventually("the request to be checked", || async {
        let request = stack.request(&id).await;
        (request["state"] != "Received").then_some(request)
    })
    .await;
    security("true").await;
    assert_eq!(request["state"], "Undeliverable");
    stack.servicenow.closed(&case.sys_id).await;
    case.no_letter(&stack).await;
    case.nothing_in_iam(&stack).await;
}
