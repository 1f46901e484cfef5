//! Users that Snowgate made, as clients see them: a list by account, page by page, and one with what IAM has
//! of it.

use flow_tests::{Answer, Case, Person, Stack, step};
use reqwest::Method;
use serde_json::{Value, json};

const ACCOUNT: &str = "210987654321";

/// A user that a request of ServiceNow created, with a policy; the case and the request.
async fn created(stack: &Stack) -> (Case, String) {
    let user = format!("ci-{}", flow_tests::random_hex(12));
    let mut case = Case::on_paper(ACCOUNT, &user, Person::RITA);
    case.instead = Some(json!([
        {"type": "create_user", "tags": {"team": "settlement"}},
        {"type": "attach_managed_policy", "policy_arn": case.policy},
    ]));
    case.open(stack).await;
    let (id, letter) = case.asked(stack).await;
    stack
        .browser
        .decide(&letter.link, "approve", "canary-reason: the job needs it")
        .await;
    stack.reaches(&id, "Active").await;
    (case, id)
}

async fn seen(stack: &Stack, path: &str) -> Answer {
    stack.api.get(Some(&stack.client()), path).await
}

async fn shown(stack: &Stack, user: &str) -> Value {
    let answer = seen(stack, &format!("/v1/users/{user}?account_id={ACCOUNT}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.body
}

/// The user in the list, wherever that has it; `pages` counts them.
async fn listed(stack: &Stack, user: &str, pages: &mut u32) -> Option<Value> {
    let base = format!("/v1/users?account_id={ACCOUNT}");
    let mut path = base.clone();
    loop {
        let page = seen(stack, &path).await;
        assert_eq!(page.status, 200, "{}", page.text);
        *pages += 1;
        let users = page.body["users"].as_array().expect("a list").clone();
        assert!(users.len() <= 25, "{}", users.len());
        if let Some(found) = users.into_iter().find(|one| one["name"] == user) {
            return Some(found);
        }
        match page.body["next"].as_str() {
            Some(next) => path = format!("{base}&after={next}"),
            None => return None,
        }
    }
}

#[tokio::test]
async fn a_client_sees_a_user_as_ledger_and_iam_have_it() {
    let stack = Stack::shared().await;
    let (case, id) = created(&stack).await;
    let named = json!({"UserName": case.user});
    let key = step(ACCOUNT, "iam", "create_access_key", &named);
    let key = stack.aws.run(vec![key]).await;
    let key = key[0]["AccessKey"]["AccessKeyId"]
        .as_str()
        .expect("a key")
        .to_owned();

    let found = flow_tests::eventually("the user is listed", || async {
        listed(&stack, &case.user, &mut 0).await
    })
    .await;
    assert_eq!(found["request_id"], id.as_str());
    assert_eq!(found["owner"]["sys_id"], Person::RITA.0);
    assert_eq!(
        (&found["state"], &found["account_id"]),
        (&json!("Live"), &json!(ACCOUNT))
    );

    let user = shown(&stack, &case.user).await;
    assert_eq!(user["iam_status"], "read", "{user}");
    let request = stack.request(&id).await;
    assert_eq!(
        (&user["until"], &user["state"]),
        (&request["until"], &json!("Live"))
    );
    assert_eq!(
        user["requests"],
        json!([{"made": "created", "request_id": id}])
    );
    let grants = user["grants"].as_array().expect("grants");
    assert_eq!((grants.len(), &grants[0]["request_id"]), (1, &json!(id)));
    let iam = &user["iam"];
    assert_eq!(
        iam["arn"],
        format!("arn:aws:iam::{ACCOUNT}:user/snowgate/{}", case.user)
    );
    assert_eq!(
        (&iam["unique_id"], &iam["path"]),
        (&user["unique_id"], &json!("/snowgate/"))
    );
    assert_eq!(iam["boundary"], user["boundary"]);
    assert_eq!(iam["tags"]["snowgate:request"], id.as_str());
    assert_eq!(iam["attached_policies"], json!([case.policy]));
    assert_eq!(iam["inline_policies"], json!(["snowgate-life"]));
    let keys = iam["access_keys"].as_array().expect("keys");
    let masked = keys[0]["id"].as_str().expect("an id");
    assert!(
        keys.len() == 1 && key.ends_with(masked.trim_start_matches('*')),
        "{keys:?}"
    );
    assert!(
        masked.starts_with("****") && masked.len() == key.len(),
        "{masked}"
    );
    assert_eq!(
        (&keys[0]["active"], &keys[0]["last_used"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(user["drift"], json!([]), "it has just gone live");

    // Any case of the name is the same user.
    let shouted = shown(&stack, &case.user.to_uppercase()).await;
    assert_eq!(shouted["unique_id"], user["unique_id"]);

    let client = stack.client();
    let answer = stack.api.end(Some(&client), &id, "revoke", None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    stack.reaches(&id, "Revoked").await;
    let ended = shown(&stack, &case.user).await;
    assert_eq!(
        (&ended["state"], &ended["grants"]),
        (&json!("Ended"), &json!([]))
    );
    assert!(ended["kept_until"].is_string(), "{ended}");

    // Nobody whom it shows is in its log.
    let group = format!("/aws/lambda/{}", stack.fact("/functions/directory"));
    let order = json!({ "logGroupName": group });
    let log = stack
        .aws
        .call("logs", "filter_log_events", &order)
        .await
        .to_string();
    for said in [case.user.as_str(), masked, Person::RITA.0, "settlement"] {
        assert!(!log.contains(said), "{said}");
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_to_be_seen_is_404_with_the_same_words() {
    let stack = Stack::shared().await;
    let missing = seen(&stack, &format!("/v1/users/nobody?account_id={ACCOUNT}")).await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.header("content-type"), "application/problem+json");
    for path in [
        // IAM has it, and Snowgate did not make it.
        format!("/v1/users/shared-batch?account_id={ACCOUNT}"),
        // An account that this client does not see, and one that there is not.
        "/v1/users/nobody?account_id=430987654321".to_owned(),
        "/v1/users/nobody?account_id=999999999999".to_owned(),
        format!("/v1/users/no%20body?account_id={ACCOUNT}"),
    ] {
        let answer = seen(&stack, &path).await;
        assert_eq!(
            (answer.status, &answer.text),
            (404, &missing.text),
            "{path}"
        );
    }
    let unseen = seen(&stack, "/v1/users?account_id=430987654321").await;
    let nowhere = seen(&stack, "/v1/users?account_id=999999999999").await;
    assert_eq!((unseen.status, &unseen.text), (404, &nowhere.text));
    for path in ["/v1/users?after=x", "/v1/users?limit=1", "/v1/users/nobody"] {
        assert_eq!(seen(&stack, path).await.status, 400, "{path}");
    }
    // Other clients have no such route, nobody has another method, and looking needs credentials.
    let security = stack.api.get(Some(&stack.security()), "/v1/users").await;
    assert_eq!(security.status, 403, "{}", security.text);
    let stranger = stack.api.get(None, "/v1/users").await;
    assert_eq!(stranger.status, 401);
    for path in ["/v1/users", "/v1/users/nobody"] {
        let posted = Answer::of(stack.api.keyed(Method::POST, path)).await;
        assert_eq!(
            (posted.status, posted.header("allow")),
            (405, "GET, HEAD, OPTIONS")
        );
        let asked = Answer::of(stack.api.call(Method::OPTIONS, path)).await;
        assert_eq!(asked.status, 204);
    }
}

/// How many users are put into the ledger for the list to have pages.
const MANY: usize = 30;

#[tokio::test]
async fn the_list_has_pages_and_ends() {
    let stack = Stack::shared().await;
    let (case, _) = created(&stack).await;
    let table = stack.fact("/tables/requests");
    let rows = stack.table("/tables/requests").await;
    let is_ours = |row: &&Value| row["users_name"]["S"] == case.user.as_str();
    let row = rows
        .iter()
        .find(is_ours)
        .expect("the user has a row")
        .clone();
    // The same again under names and ids of their own, and one whose record is not its own.
    let own = row["pk"]["S"].as_str().expect("a key").to_owned();
    let own = own.trim_start_matches("IDN#").to_owned();
    let copy = |n: usize| {
        let (id, name) = (
            format!("idn-{}", flow_tests::random_hex(32)),
            format!("{}-{n:02}", case.user),
        );
        let mut copy = row.clone();
        copy["pk"] = json!({"S": format!("IDN#{id}")});
        copy["users_name"] = json!({ "S": name });
        let doc = row["doc"]["S"].as_str().expect("a document");
        if n < MANY {
            let doc = doc.replace(&own, &id).replace(&case.user, &name);
            copy["doc"] = json!({ "S": doc });
        }
        // Nobody looks at them.
        for due in ["due_bucket", "due_at"] {
            copy.as_object_mut().expect("an item").remove(due);
        }
        copy
    };
    let copies: Vec<Value> = (0..=MANY).map(copy).collect();
    let hub = stack.aws.hub().to_owned();
    let put = |item: &Value| {
        step(
            &hub,
            "dynamodb",
            "put_item",
            &json!({"TableName": table, "Item": item}),
        )
    };
    stack.aws.run(copies.iter().map(put).collect()).await;
    let mut pages = 0;
    let nobody = listed(&stack, "nobody", &mut pages).await;
    assert!(nobody.is_none() && pages > 1, "{pages} pages");
    for (n, name) in (0..=MANY).map(|n| (n, format!("{}-{n:02}", case.user))) {
        let found = listed(&stack, &name, &mut pages).await;
        assert_eq!(found.is_some(), n < MANY, "{name}");
    }
    assert!(listed(&stack, &case.user, &mut pages).await.is_some());
    let delete = |item: &Value| {
        let key = json!({"pk": item["pk"], "sk": item["sk"]});
        step(
            &hub,
            "dynamodb",
            "delete_item",
            &json!({"TableName": table, "Key": key}),
        )
    };
    stack.aws.run(copies.iter().map(delete).collect()).await;
}
