//! What IAM would refuse in the end is refused before anybody is asked.

use flow_tests::{Case, Stack, step};
use serde_json::{Value, json};

/// Users in IAM have ten managed policies until AWS raises it (IAM User Guide, "IAM and AWS STS quotas").
const DEFAULT: usize = 10;

async fn quota(stack: &Stack, account: &str, policies: usize) {
    let quotas = json!({ "AttachedPoliciesPerUserQuota": policies });
    stack.aws.set_iam(account, "quotas", quotas).await;
}

/// What a dry run of a request for a user with ten policies comes to.
async fn dry_run(stack: &Stack, account: &str) -> Value {
    let case = Case::of(stack, account).await;
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::reports"}
    ]});
    let mut steps = Vec::new();
    for n in 0..DEFAULT {
        let name = format!("{}-{n}", case.user);
        let made = json!({ "PolicyName": name, "PolicyDocument": document.to_string() });
        steps.push(step(account, "iam", "create_policy", &made));
        let arn = format!("arn:aws:iam::{account}:policy/{name}");
        let attached = json!({ "UserName": case.user, "PolicyArn": arn });
        steps.push(step(account, "iam", "attach_user_policy", &attached));
    }
    stack.aws.run(steps).await;
    let mut body = case.body();
    body["dry_run"] = json!(true);
    let client = stack.client();
    let answer = stack.api.submit(Some(&client), None, &body).await;
    let id = answer.body["request_id"].as_str().expect("an id");
    flow_tests::eventually("the dry run", || async {
        let request = stack.request(id).await;
        (request["state"] != "Received").then_some(request)
    })
    .await
}

#[tokio::test]
async fn the_accounts_own_quota_counts_before_anybody_is_asked() {
    let stack = Stack::alone().await;
    let account = "210987654321";
    let refused = dry_run(&stack, account).await;
    assert_eq!(refused["state"], "Refused");
    assert_eq!(refused["end_reason"]["code"], "quota_reached");
    let told = refused.to_string();
    let words =
        "has 10 managed policies, and the request needs 1 more; the account's IAM quota is 10";
    assert!(told.contains(words), "{told}");

    quota(&stack, account, DEFAULT + 1).await;
    let raised = dry_run(&stack, account).await;
    quota(&stack, account, DEFAULT).await;
    assert_eq!(raised["state"], "Previewed", "{raised}");
}
