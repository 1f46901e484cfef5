//! Every kind of grant: asked, approved, to be read in IAM, and removed.

use flow_tests::{Case, Held, Stack, step};
use serde_json::{Value, json};

const ACCOUNT: &str = "210987654321";
const ROLE: &str = "arn:aws:iam::320987654321:role/assumable/reports-reader";

pub(crate) fn managed() -> Value {
    json!({ "type": "attach_managed_policy",
        "policy_arn": format!("arn:aws:iam::{ACCOUNT}:policy/reports-read") })
}

pub(crate) fn inline() -> Value {
    json!({ "type": "inline_policy", "document": { "Version": "2012-10-17", "Statement": [
        { "Sid": "Numbers", "Effect": "Allow", "Action": "cloudwatch:GetMetricData", "Resource": "*" },
        { "Sid": "June", "Effect": "Allow", "Action": "s3:GetObject",
          "Resource": format!("arn:aws:s3:::reports-{ACCOUNT}/june/*") },
    ] } })
}

pub(crate) fn role() -> Value {
    json!({ "type": "assume_role", "role_arn": ROLE })
}

pub(crate) fn group() -> Value {
    json!({ "type": "group_membership", "group": "analysts" })
}

/// Granted, compared with what IAM should hold then, and ended: IAM holds nothing of it, and the
/// ticket says both.
async fn granted_and_taken_back(grants: Value, words: &[&str]) {
    let stack = Stack::shared().await;
    let case = Case::for_grants(&stack, ACCOUNT, grants.clone()).await;
    let key = stack.aws.key_of(ACCOUNT, &case.user).await;
    let may_assume = || stack.aws.may_assume(ACCOUNT, &key, ROLE);
    assert!(!may_assume().await, "not before it is granted");

    let id = case.raise(&stack).await;
    stack.reaches(&id, "Pending").await;
    assert_eq!(
        stack.aws.held(ACCOUNT, &case.user).await,
        Held::default(),
        "nothing before the approval"
    );
    let request = case.approved_by_all(&stack, &id).await;
    assert_eq!(request["state"], "Active", "{request}");
    let until = request["until"].as_str().expect("an end");
    let has = |kind: &str| {
        let all = grants.as_array().expect("a list");
        all.iter().any(|grant| grant["type"] == kind)
    };
    let held = stack.aws.held(ACCOUNT, &case.user).await;
    let one = |there: bool, what: &str| Vec::from_iter(there.then(|| what.to_owned()));
    assert_eq!(
        held.attached,
        one(has("attach_managed_policy"), &case.policy)
    );
    assert_eq!(held.groups, one(has("group_membership"), "analysts"));
    assert_eq!(
        held.inline,
        Vec::from_iter(inline_as_granted(&grants, &id, until))
    );
    assert_eq!(may_assume().await, has("assume_role"), "{held:?}");
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    let notes = Case::notes(&ticket).concat();
    for reported in words {
        assert!(
            notes.contains(reported),
            "the note says {reported}: {notes}"
        );
    }

    let client = stack.client();
    let answer = stack.api.end(Some(&client), &id, "revoke", None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let request = stack.reaches(&id, "Revoked").await;
    assert_eq!(request["retained"], json!([]));
    assert_eq!(stack.aws.held(ACCOUNT, &case.user).await, Held::default());
    assert!(!may_assume().await, "not after its end");
    flow_tests::eventually("the note about the end", || async {
        let ticket = stack.servicenow.ticket(&case.sys_id).await;
        let notes = Case::notes(&ticket);
        notes
            .into_iter()
            .find(|note| note.starts_with("Access ended"))
    })
    .await;
}

/// The one inline policy that grants come to: every statement ends when the access does.
pub(crate) fn inline_as_granted(grants: &Value, id: &str, until: &str) -> Option<(String, Value)> {
    let mut statements = Vec::new();
    for grant in grants.as_array().expect("a list") {
        match grant["type"].as_str() {
            Some("inline_policy") => {
                let asked = grant["document"]["Statement"].as_array();
                statements.extend(asked.expect("statements").clone());
            }
            Some("assume_role") => statements.push(json!({
                "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": [grant["role_arn"]],
            })),
            _ => {}
        }
    }
    // IAM is told whole seconds.
    let second = until
        .split_once('.')
        .map(|(second, _)| format!("{second}Z"));
    let until = second.as_deref().unwrap_or(until);
    for statement in &mut statements {
        let mut condition = json!({ "DateLessThan": { "aws:CurrentTime": until } });
        // What leaves open in which accounts it acts is limited to the one whose owner decides.
        if statement["Resource"] == "*" {
            condition["StringEqualsIfExists"] = json!({ "aws:ResourceAccount": [ACCOUNT] });
        }
        statement["Condition"] = condition;
    }
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    (!statements.is_empty()).then(|| (format!("snowgate-{id}"), document))
}

#[tokio::test]
async fn all_kinds_at_once() {
    let all = json!([managed(), inline(), role(), group()]);
    let words = [
        "reports-read",
        "an inline policy",
        "reports-reader",
        "analysts",
    ];
    granted_and_taken_back(all, &words).await;
}

#[tokio::test]
async fn what_iam_refuses_halfway_is_rolled_back_as_a_whole() {
    let stack = Stack::alone().await;
    let all = json!([managed(), group(), inline()]);
    let case = Case::for_grants(&stack, ACCOUNT, all).await;
    let id = case.raise(&stack).await;
    stack.reaches(&id, "Pending").await;
    // The inline policy is put last: by then the others are there.
    let deny = json!({ "RoleName": "SnowgateMember", "PolicyName": "flow-test", "PolicyDocument":
        json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Deny", "Action": "iam:PutUserPolicy", "Resource": "*" }] }).to_string() });
    let member = |operation, arguments: &Value| {
        stack
            .aws
            .run(vec![step(ACCOUNT, "iam", operation, arguments)])
    };
    member("put_role_policy", &deny).await;
    let request = case.approved_by_all(&stack, &id).await;
    let undo = json!({ "RoleName": "SnowgateMember", "PolicyName": "flow-test" });
    member("delete_role_policy", &undo).await;
    assert_eq!(request["state"], "Failed", "{request}");
    assert_eq!(request["end_reason"]["code"], "iam_refused");
    assert_eq!(stack.aws.held(ACCOUNT, &case.user).await, Held::default());
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    let notes = Case::notes(&ticket).concat();
    assert!(notes.starts_with("Not granted"), "{notes}");
}

#[tokio::test]
async fn what_changes_in_iam_before_the_decision_is_not_granted() {
    let stack = Stack::alone().await;
    let case = Case::for_grants(&stack, ACCOUNT, json!([managed(), group()])).await;
    let id = case.raise(&stack).await;
    stack.reaches(&id, "Pending").await;
    let name = json!({ "GroupName": "analysts", "PolicyName": "metrics" });
    let get = step(ACCOUNT, "iam", "get_group_policy", &name);
    let before = stack.aws.run(vec![get]).await[0]["PolicyDocument"].clone();
    let put = async |document: &Value| {
        let mut order = name.clone();
        order["PolicyDocument"] = json!(document.to_string());
        stack
            .aws
            .run(vec![step(ACCOUNT, "iam", "put_group_policy", &order)])
            .await;
    };
    // Less than before, and yet not what was shown.
    let mut less = before.clone();
    less["Statement"][0]["Action"] = json!("cloudwatch:ListMetrics");
    put(&less).await;
    let request = case.approved_by_all(&stack, &id).await;
    put(&before).await;
    assert_eq!(request["state"], "Failed", "{request}");
    assert_eq!(request["end_reason"]["code"], "content_changed");
    assert_eq!(stack.aws.held(ACCOUNT, &case.user).await, Held::default());
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    let notes = Case::notes(&ticket).concat();
    assert!(notes.contains("Please request it again"), "{notes}");
}
