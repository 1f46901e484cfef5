//! More than the guardrails' reference policy: refused with the place and an example, and nobody
//! is bothered. What IAM holds is changed for it and put back, so these run alone.

use std::time::{Duration, Instant};

use flow_tests::{Case, Held, Person, Stack, step};
use serde_json::{Value, json};

use crate::grants::{group, role};

const ACCOUNT: &str = "210987654321";
const LAKE: &str = "320987654321";

/// A policy of its own is judged before anything is kept: what is found in it.
async fn refused_at_the_door(action: &str, resource: &str) -> Value {
    let stack = Stack::shared().await;
    let mut case = Case::on_paper(ACCOUNT, "rita.chen", Person::RITA);
    let statement = json!({ "Effect": "Allow", "Action": action, "Resource": resource });
    case.instead = Some(json!([{ "type": "inline_policy",
        "document": { "Version": "2012-10-17", "Statement": [statement] } }]));
    case.open(&stack).await;
    let client = stack.client();
    let answer = stack.api.submit(Some(&client), None, &case.body()).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    let path = format!("/v1/requests?sys_id={}", case.sys_id);
    let retained = stack.api.get(Some(&client), &path).await;
    assert_eq!(retained.body["requests"], json!([]), "nothing is kept");
    case.no_letter(&stack).await;
    answer.body["findings"][0].clone()
}

#[tokio::test]
async fn a_policy_of_its_own_that_reads_another_bucket() {
    let found = refused_at_the_door("s3:GetObject", "arn:aws:s3:::payroll/*").await;
    assert_eq!(found["code"], "exceeds_reference", "{found}");
    assert_eq!(found["pointer"], "/grants/0/document");
    assert_eq!(found["evidence"]["place"], "Statement[0]");
    let witness = &found["evidence"]["witness"];
    assert_eq!(witness["action"], "s3:GetObject");
    let resource = witness["resource"].as_str().expect("a resource");
    assert!(resource.starts_with("arn:aws:s3:::payroll/"), "{witness}");
}

#[tokio::test]
async fn a_policy_of_its_own_that_is_never_granted() {
    let found = refused_at_the_door("iam:CreateAccessKey", "*").await;
    assert_eq!(found["code"], "denied_action", "{found}");
    assert_eq!(
        found["evidence"]["witness"]["action"],
        "iam:CreateAccessKey"
    );
}

/// The request is accepted and checked; what became of it. Checked once IAM is as it was.
async fn looked_into(stack: &Stack, case: &Case) -> Value {
    let id = case.submit(stack).await;
    let end = Instant::now() + Duration::from_secs(40);
    loop {
        let request = stack.request(&id).await;
        if request["state"] != "Received" || Instant::now() > end {
            return request;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// It was refused, and nobody but the ticket heard of it; the finding of that code.
async fn refused(stack: &Stack, case: &Case, request: &Value, code: &str, found: &str) -> Value {
    assert_eq!(request["state"], "Refused", "{request}");
    assert_eq!(request["end_reason"]["code"], code, "{request}");
    case.no_letter(stack).await;
    assert_eq!(
        stack.aws.held(&case.account, &case.user).await,
        Held::default()
    );
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    let notes = Case::notes(&ticket).concat();
    assert!(notes.starts_with("Refused: "), "{notes}");
    let findings = request["end_reason"]["findings"].as_array();
    let of_code = findings
        .expect("findings")
        .iter()
        .find(|one| one["code"] == found);
    of_code.expect("a finding of that code").clone()
}

#[tokio::test]
async fn a_managed_policy_that_has_grown() {
    let stack = Stack::alone().await;
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/reports-write");
    let grant = json!({ "type": "attach_managed_policy", "policy_arn": arn });
    let case = Case::for_grants(&stack, ACCOUNT, json!([grant])).await;
    let call = async |operation: &str, arguments: Value| {
        let step = step(ACCOUNT, "iam", operation, &arguments);
        stack.aws.run(vec![step]).await.pop().expect("an answer")
    };
    let policy = call("get_policy", json!({ "PolicyArn": arn })).await;
    let old = json!({ "PolicyArn": arn, "VersionId": policy["Policy"]["DefaultVersionId"] });
    let read = call("get_policy_version", old.clone()).await;
    let before = read["PolicyVersion"]["Document"].clone();
    let made = async |document: &Value| {
        let text = document.to_string();
        let order = json!({ "PolicyArn": arn, "PolicyDocument": text, "SetAsDefault": true });
        let version = call("create_policy_version", order).await;
        json!({ "PolicyArn": arn, "VersionId": version["PolicyVersion"]["VersionId"] })
    };
    let mut more = before.clone();
    let statements = more["Statement"].as_array_mut().expect("statements");
    statements.push(json!({ "Effect": "Allow", "Action": "s3:DeleteObject",
        "Resource": format!("arn:aws:s3:::reports-{ACCOUNT}/*") }));
    let grown = made(&more).await;
    let request = looked_into(&stack, &case).await;
    made(&before).await;
    for version in [old, grown] {
        call("delete_policy_version", version).await;
    }
    let found = refused(
        &stack,
        &case,
        &request,
        "exceeds_reference",
        "exceeds_reference",
    )
    .await;
    assert_eq!(found["pointer"], "/grants/0/policy_arn");
    assert_eq!(found["evidence"]["policy"], json!(arn));
    assert_eq!(found["evidence"]["place"], "Statement[1]");
    assert_eq!(found["evidence"]["witness"]["action"], "s3:DeleteObject");
}

#[tokio::test]
async fn a_role_that_trusts_somebody_else() {
    let stack = Stack::alone().await;
    let case = Case::for_grants(&stack, ACCOUNT, json!([role()])).await;
    let name = json!({ "RoleName": "reports-reader" });
    let get = step(LAKE, "iam", "get_role", &name);
    let before = stack.aws.run(vec![get]).await[0]["Role"]["AssumeRolePolicyDocument"].clone();
    let trust = async |document: &Value| {
        let mut order = name.clone();
        order["PolicyDocument"] = json!(document.to_string());
        let put = step(LAKE, "iam", "update_assume_role_policy", &order);
        stack.aws.run(vec![put]).await;
    };
    trust(
        &json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" }] }),
    )
    .await;
    let request = looked_into(&stack, &case).await;
    trust(&before).await;
    let code = "role_does_not_trust";
    let found = refused(&stack, &case, &request, code, code).await;
    assert_eq!(found["pointer"], "/grants/0/role_arn");
}

#[tokio::test]
async fn a_group_of_that_name_elsewhere() {
    let stack = Stack::alone().await;
    let case = Case::for_grants(&stack, ACCOUNT, json!([group()])).await;
    let name = json!({ "GroupName": "analysts" });
    let metrics = json!({ "GroupName": "analysts", "PolicyName": "metrics" });
    let call = |operation: &str, arguments: &Value| step(ACCOUNT, "iam", operation, arguments);
    let with = |key: &str, value: &Value| {
        let mut order = name.clone();
        order[key] = value.clone();
        order
    };
    let policy = with("PolicyArn", &json!(case.policy));
    let read = stack
        .aws
        .run(vec![call("get_group_policy", &metrics)])
        .await;
    let mut put = metrics.clone();
    put["PolicyDocument"] = json!(read[0]["PolicyDocument"].to_string());
    let moved = async |path: &str| {
        let steps = vec![
            call("detach_group_policy", &policy),
            call("delete_group_policy", &metrics),
            call("delete_group", &name),
            call("create_group", &with("Path", &json!(path))),
            call("attach_group_policy", &policy),
            call("put_group_policy", &put),
        ];
        stack.aws.run(steps).await;
    };
    moved("/elsewhere/").await;
    let request = looked_into(&stack, &case).await;
    moved("/granted/").await;
    let found = refused(
        &stack,
        &case,
        &request,
        "outside_guardrails",
        "grant_not_allowed",
    )
    .await;
    assert_eq!(found["pointer"], "/grants/0/group");
}
