//! More than the guardrails' reference policy: refused with the place and an example, and nobody
//! is bothered. What IAM holds is changed for it and put back, so these run alone.

use flow_tests::{Case, Held, Person, Stack, step};
use serde_json::{Value, json};

use crate::grants::{group, managed, role};

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
    let kept = stack.api.get(Some(&client), &path).await;
    assert_eq!(kept.body["requests"], json!([]), "nothing is kept");
    case.no_letter(&stack).await;
    answer.body["findings"][0].clone()
}

#[tokio::test]
async fn a_policy_of_its_own_that_reads_another_bucket() {
    let found = refused_at_the_door("s3:GetObject", "arn:aws:s3:::payroll/*").await;
    assert_eq!(found["code"], "beyond_reference", "{found}");
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
    assert_eq!(found["code"], "never_granted", "{found}");
    assert_eq!(
        found["evidence"]["witness"]["action"],
        "iam:CreateAccessKey"
    );
}

/// The request is accepted, looked into and refused; what was found.
async fn refused_by_what_iam_holds(stack: &Stack, case: &Case, code: &str) -> Value {
    let id = case.submit(stack).await;
    let request = stack.reaches(&id, "Refused").await;
    assert_eq!(request["end_reason"]["code"], code, "{request}");
    case.no_letter(stack).await;
    assert_eq!(
        stack.aws.held(&case.account, &case.user).await,
        Held::default()
    );
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    let notes = Case::notes(&ticket).concat();
    assert!(notes.starts_with("Not granted"), "{notes}");
    let findings = request["end_reason"]["findings"].as_array();
    let refuses = |found: &&Value| found["detail"].is_string() && found["code"] != "reads_data";
    let mut findings = findings.expect("findings").iter().filter(refuses);
    findings.next().expect("a finding that refuses").clone()
}

#[tokio::test]
async fn a_managed_policy_that_has_grown() {
    let stack = Stack::alone().await;
    let case = Case::for_grants(&stack, ACCOUNT, json!([managed()])).await;
    let more = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "s3:GetObject",
          "Resource": format!("arn:aws:s3:::reports-{ACCOUNT}/*") },
        { "Effect": "Allow", "Action": "s3:DeleteObject",
          "Resource": format!("arn:aws:s3:::reports-{ACCOUNT}/*") }] });
    let version = json!({ "PolicyArn": case.policy, "PolicyDocument": more.to_string(),
        "SetAsDefault": true });
    let listed = json!({ "PolicyArn": case.policy });
    let made = stack
        .aws
        .run(vec![
            step(ACCOUNT, "iam", "get_policy", &listed),
            step(ACCOUNT, "iam", "create_policy_version", &version),
        ])
        .await;
    let found = refused_by_what_iam_holds(&stack, &case, "beyond_reference").await;
    let back =
        json!({ "PolicyArn": case.policy, "VersionId": made[0]["Policy"]["DefaultVersionId"] });
    let gone =
        json!({ "PolicyArn": case.policy, "VersionId": made[1]["PolicyVersion"]["VersionId"] });
    stack
        .aws
        .run(vec![
            step(ACCOUNT, "iam", "set_default_policy_version", &back),
            step(ACCOUNT, "iam", "delete_policy_version", &gone),
        ])
        .await;
    assert_eq!(found["code"], "beyond_reference", "{found}");
    assert_eq!(found["pointer"], "/grants/0/policy_arn");
    assert_eq!(found["evidence"]["policy"], json!(case.policy));
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
    let found = refused_by_what_iam_holds(&stack, &case, "role_does_not_trust").await;
    trust(&before).await;
    assert_eq!(found["code"], "role_does_not_trust", "{found}");
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
    let found = refused_by_what_iam_holds(&stack, &case, "outside_guardrails").await;
    moved("/granted/").await;
    assert_eq!(found["code"], "grant_not_allowed", "{found}");
    assert_eq!(found["pointer"], "/grants/0/group");
}
