//! Somebody changes the table: rows of the audit trail, records, and the indexes by time.

use flow_tests::{Case, Letter, Stack, eventually};
use serde_json::{Value, json};

/// Writes to the table of requests as somebody with access to it.
async fn write(stack: &Stack, operation: &str, mut order: Value) {
    order["TableName"] = json!(stack.fact("/tables/requests"));
    stack.aws.call("dynamodb", operation, &order).await;
}

fn key(id: &str, sk: &str) -> Value {
    json!({ "pk": { "S": format!("REQ#{id}") }, "sk": { "S": sk } })
}

fn row(n: usize) -> String {
    format!("EVT#{n:010}")
}

/// The items of a request, as the table has them.
async fn items(stack: &Stack, id: &str) -> Vec<Value> {
    let order = json!({
        "TableName": stack.fact("/tables/requests"),
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": { ":pk": { "S": format!("REQ#{id}") } },
        "ConsistentRead": true,
    });
    let found = stack.aws.call("dynamodb", "query", &order).await;
    found["Items"]
        .as_array()
        .expect("a query has items")
        .clone()
}

async fn state(stack: &Stack, id: &str) -> String {
    let items = items(stack, id).await;
    let meta = items.iter().find(|item| item["sk"]["S"] == "META");
    meta.expect("there is a record")["state"]["S"]
        .as_str()
        .expect("with a state")
        .to_owned()
}

async fn comes_to(stack: &Stack, id: &str, wanted: &str) {
    eventually(&format!("{id} to be {wanted} in the table"), || async {
        (state(stack, id).await == wanted).then_some(())
    })
    .await;
}

async fn rows(stack: &Stack, id: &str) -> Vec<Value> {
    let mut rows = items(stack, id).await;
    rows.retain(|item| {
        item["sk"]["S"]
            .as_str()
            .is_some_and(|sk| sk.starts_with("EVT#"))
    });
    rows
}

async fn asked(stack: &Stack) -> (Case, String, Letter) {
    let case = Case::of(stack, "210987654321").await;
    let (id, letter) = case.asked(stack).await;
    // All that is sent about it has been written down.
    eventually("the letter to be noted", || async {
        let request = stack.request(&id).await;
        let steps = request["timeline"].as_array().expect("a timeline").clone();
        let sent = |step: &Value| step["event"] == "review_request_sent";
        (steps.iter().filter(|step| sent(step)).count() == 1).then_some(())
    })
    .await;
    (case, id, letter)
}

#[tokio::test]
async fn with_rows_cut_edited_or_added_nothing_is_shown_or_granted() {
    let stack = Stack::shared().await;
    for kind in ["first gone", "edited", "all gone", "in the way"] {
        let (case, id, letter) = asked(&stack).await;
        let shown = stack.browser.open(&letter.link).await;
        assert_eq!(shown.status, 200, "{}", shown.heading());
        let mut form = shown.hidden();
        form.push(("decision".to_owned(), "approve".to_owned()));
        form.push(("reason".to_owned(), "Fine with me".to_owned()));
        let there = rows(&stack, &id).await;
        match kind {
            "first gone" => write(&stack, "delete_item", json!({ "Key": key(&id, &row(0)) })).await,
            "all gone" => {
                for n in 0..there.len() {
                    write(&stack, "delete_item", json!({ "Key": key(&id, &row(n)) })).await;
                }
            }
            "edited" => {
                let mut edited = there[0].clone();
                let doc = edited["doc"]["S"].as_str().expect("a document").to_owned();
                edited["doc"]["S"] = json!(format!("{doc} "));
                write(&stack, "put_item", json!({ "Item": edited })).await;
            }
            _ => {
                let mut foreign = key(&id, &row(there.len()));
                foreign["doc"] = json!({ "S": "not ours" });
                write(&stack, "put_item", json!({ "Item": foreign })).await;
            }
        }
        let answer = stack
            .api
            .get(Some(&stack.client()), &format!("/v1/requests/{id}"))
            .await;
        assert_eq!(answer.status, 500, "{kind}: {}", answer.text);
        assert_eq!(answer.body["title"], "Audit trail broken", "{kind}");
        let shown = stack.browser.open(&letter.link).await;
        assert_eq!((shown.status, shown.hidden()), (409, Vec::new()), "{kind}");
        let origin = stack.browser.origin();
        let sent = stack.browser.send(&letter.link, Some(origin), &form).await;
        assert_eq!(sent.status, 409, "{kind}: {}", sent.heading());
        assert_eq!(state(&stack, &id).await, "Pending", "{kind}");
        case.nothing_in_iam(&stack).await;
        // What can still be done is to end it. A row may be missing that says that it was begun: the
        // provisioner looks into IAM first.
        let withdraw = async || {
            let client = stack.client();
            stack.api.end(Some(&client), &id, "withdraw", None).await
        };
        let answer = withdraw().await;
        if kind == "in the way" {
            // The next row would be a decision.
            assert_eq!(answer.status, 200, "{kind}: {}", answer.text);
            assert_eq!(state(&stack, &id).await, "Withdrawn", "{kind}");
            continue;
        }
        assert_eq!(answer.status, 503, "{kind}: {}", answer.text);
        comes_to(&stack, &id, "Failed").await;
        let answer = withdraw().await;
        assert_eq!(answer.status, 409, "{kind}: {}", answer.text);
        case.nothing_in_iam(&stack).await;
    }
}

#[tokio::test]
async fn a_row_in_the_way_keeps_no_access_from_ending() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let id = case.granted(&stack).await;
    stack.servicenow.closed(&case.sys_id).await;
    // The mail to the requester is written down after the note.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let there = rows(&stack, &id).await;
    for n in there.len()..there.len() + 3 {
        let mut foreign = key(&id, &row(n));
        foreign["doc"] = json!({ "S": "not ours" });
        write(&stack, "put_item", json!({ "Item": foreign })).await;
    }
    let watch = stack.security();
    let why = json!({ "reason": "Seen where it should not be" });
    let answer = stack.api.end(Some(&watch), &id, "revoke", Some(&why)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    comes_to(&stack, &id, "Revoked").await;
    case.nothing_in_iam(&stack).await;
    let told = eventually("the ticket to be told of the end", || async {
        let notes = Case::notes(&stack.servicenow.ticket(&case.sys_id).await);
        notes
            .into_iter()
            .find(|note| note.starts_with("Access ended"))
    })
    .await;
    assert!(told.contains("changed the stored record"), "{told}");
}

/// Nothing that is due leads to the end any more: it is found by its effect.
#[tokio::test]
async fn an_end_that_is_taken_out_of_the_index_is_found() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "210987654321").await;
    let id = case.granted(&stack).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let found = items(&stack, &id).await;
    let meta = found
        .iter()
        .find(|item| item["sk"]["S"] == "META")
        .expect("a record");
    let doc = meta["doc"]["S"].as_str().expect("a document");
    // The access should be over for an hour, and stands in no index of what is due.
    let mut body: Value = serde_json::from_str(doc).expect("JSON");
    body["body"]["phase"]["access"]["until"] = json!("2026-01-01T00:00:00Z");
    let hidden = json!({
        "Key": key(&id, "META"),
        "UpdateExpression": "SET doc = :doc REMOVE due_at, due_bucket",
        "ExpressionAttributeValues": { ":doc": { "S": body.to_string() } },
    });
    write(&stack, "update_item", hidden).await;
    let effects = stack.table("/tables/requests").await.into_iter();
    let effects =
        effects.filter(|item| item["sk"]["S"].as_str().is_some_and(|sk| sk.ends_with(&id)));
    let effects: Vec<Value> = effects
        .filter(|item| item.get("ends_at").is_some())
        .collect();
    assert_eq!(effects.len(), 1, "one effect, with the end of its access");
    let over = json!({
        "Key": { "pk": effects[0]["pk"], "sk": effects[0]["sk"] },
        "UpdateExpression": "SET ends_at = :over",
        "ExpressionAttributeValues": { ":over": { "N": "1767225600" } },
    });
    write(&stack, "update_item", over).await;
    let reconcile = json!({
        "FunctionName": stack.fact("/functions/sweeper"),
        "Payload": json!({ "task": "reconcile" }).to_string(),
    });
    stack.aws.call("lambda", "invoke", &reconcile).await;
    comes_to(&stack, &id, "Revoked").await;
    case.nothing_in_iam(&stack).await;
}

/// Items of no known kind, and finished requests, fill the buckets: what is due is found behind them.
#[tokio::test]
async fn what_fills_the_index_hides_no_end() {
    let stack = Stack::shared().await;
    let mut flood = Vec::new();
    for n in 0..120 {
        let stray = json!({
            "pk": { "S": format!("NOBODY#{}#{n}", flow_tests::random_hex(8)) }, "sk": { "S": "META" },
            "due_bucket": { "S": format!("due#{}", n % 8) }, "due_at": { "N": n.to_string() },
        });
        flood.push(json!({ "PutRequest": { "Item": stray } }));
    }
    let table = stack.fact("/tables/requests");
    for some in flood.chunks(25) {
        let order = json!({ "RequestItems": { table.clone(): some } });
        stack.aws.call("dynamodb", "batch_write_item", &order).await;
    }
    let case = Case::of(&stack, "210987654321").await;
    let (id, _) = case.asked(&stack).await;
    let due = json!({
        "Key": key(&id, "META"),
        "UpdateExpression": "SET due_at = :now",
        "ExpressionAttributeValues": { ":now": { "N": "1000000000" } },
    });
    write(&stack, "update_item", due).await;
    let sweep = json!({ "FunctionName": stack.fact("/functions/sweeper"), "Payload": "{}" });
    let answer = stack.aws.call("lambda", "invoke", &sweep).await;
    assert_eq!(answer.get("FunctionError"), None, "{answer}");
    eventually("the request to stand where it belongs", || async {
        let found = items(&stack, &id).await;
        let meta = found.iter().find(|item| item["sk"]["S"] == "META")?;
        let at = meta["due_at"]["N"].as_str()?.parse::<i64>().ok()?;
        (at > 1_700_000_000).then_some(())
    })
    .await;
    for some in flood.chunks(25) {
        let gone = some.iter().map(|put| {
            let item = &put["PutRequest"]["Item"];
            json!({ "DeleteRequest": { "Key": { "pk": item["pk"], "sk": item["sk"] } } })
        });
        let gone: Vec<Value> = gone.collect();
        let order = json!({ "RequestItems": { table.clone(): gone } });
        stack.aws.call("dynamodb", "batch_write_item", &order).await;
    }
}
