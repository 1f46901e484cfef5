//! Users and groups that somebody renames, moves, deletes or changes by hand while access is active.

use flow_tests::{Case, Stack, eventually, random_hex, step};
use serde_json::{Value, json};

const ACCOUNT: &str = "210987654321";

/// A call of IAM as an administrator of the account.
async fn iam(stack: &Stack, operation: &str, arguments: Value) -> Value {
    let steps = vec![step(ACCOUNT, "iam", operation, &arguments)];
    stack.aws.run(steps).await.pop().expect("one answer")
}

/// A case whose access is active, with the request's id.
async fn granted(stack: &Stack, grants: Value) -> (Case, String) {
    let case = Case::for_grants(stack, ACCOUNT, grants).await;
    let id = case.raise(stack).await;
    let request = case.approved_by_all(stack, &id).await;
    assert_eq!(request["state"], "Active", "{request}");
    stack.servicenow.closed(&case.sys_id).await;
    (case, id)
}

fn managed() -> Value {
    json!([super::grants::managed()])
}

async fn end(stack: &Stack, id: &str) {
    let client = stack.client();
    let answer = stack.api.end(Some(&client), id, "revoke", None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// The note on the ticket that begins so.
async fn note(stack: &Stack, case: &Case, beginning: &str) -> String {
    eventually(beginning, || async {
        let ticket = stack.servicenow.ticket(&case.sys_id).await;
        let mut notes = Case::notes(&ticket).into_iter();
        notes.find(|note| note.starts_with(beginning))
    })
    .await
}

fn another_name() -> String {
    format!("flow-{}", random_hex(12))
}

#[tokio::test]
async fn a_renamed_user_loses_the_access_and_the_ticket_says_so() {
    let stack = Stack::shared().await;
    for grants in [managed(), json!([super::grants::inline()])] {
        let (case, id) = granted(&stack, grants).await;
        let name = another_name();
        let renaming = json!({ "UserName": case.user, "NewUserName": name });
        iam(&stack, "update_user", renaming).await;
        end(&stack, &id).await;
        stack.reaches(&id, "Revoked").await;
        assert_eq!(
            stack.aws.held(ACCOUNT, &name).await,
            flow_tests::Held::default()
        );
        let note = note(&stack, &case, "Access ended").await;
        assert!(note.contains(&format!("is named `{name}` now")), "{note}");
    }
}

#[tokio::test]
async fn a_user_moved_out_of_reach_is_told_and_ends_once_moved_back() {
    let stack = Stack::shared().await;
    for grants in [managed(), json!([super::grants::inline()])] {
        let (case, id) = granted(&stack, grants).await;
        let held = stack.aws.held(ACCOUNT, &case.user).await;
        let name = another_name();
        let moving = json!({ "UserName": case.user, "NewUserName": name, "NewPath": "/left/" });
        iam(&stack, "update_user", moving).await;
        end(&stack, &id).await;
        let told = note(&stack, &case, "Access not removed").await;
        assert!(told.contains("moved to a path"), "{told}");
        assert!(told.contains("may still be in effect"), "{told}");
        let request = stack.request(&id).await;
        assert_eq!(request["state"], "Revoking", "{request}");
        assert_eq!(stack.aws.held(ACCOUNT, &name).await, held);
        let ticket = stack.servicenow.ticket(&case.sys_id).await;
        let mut notes = Case::notes(&ticket).into_iter();
        assert!(!notes.any(|note| note.starts_with("Access ended")));

        let back = json!({ "UserName": name, "NewPath": "/enrolled/" });
        iam(&stack, "update_user", back).await;
        stack.wake("work", &id).await;
        stack.reaches(&id, "Revoked").await;
        assert_eq!(
            stack.aws.held(ACCOUNT, &name).await,
            flow_tests::Held::default()
        );
        note(&stack, &case, "Access ended").await;
    }
}

#[tokio::test]
async fn a_user_created_again_under_the_name_keeps_what_it_has() {
    let stack = Stack::shared().await;
    let (case, id) = granted(&stack, managed()).await;
    let user = json!({ "UserName": case.user });
    let policy = json!({ "UserName": case.user, "PolicyArn": case.policy });
    iam(&stack, "detach_user_policy", policy.clone()).await;
    iam(&stack, "delete_user", user).await;
    stack.aws.enrol(ACCOUNT, &case.user, case.requester.0).await;
    iam(&stack, "attach_user_policy", policy).await;
    end(&stack, &id).await;
    stack.reaches(&id, "Revoked").await;
    let attached = stack.aws.attached(ACCOUNT, &case.user).await;
    assert_eq!(attached, [case.policy.as_str()], "it is not ours");
    let note = note(&stack, &case, "Access ended").await;
    assert!(note.contains("does not exist any more"), "{note}");
}

/// The groups that `guardrails.toml` lists for this test alone: one that exists, and the name that
/// it may be given.
#[tokio::test]
async fn a_renamed_group_is_left_under_a_listed_name_and_told_under_another() {
    const LISTED: &str = "auditors";
    const RENAMED: &str = "auditing";
    let stack = Stack::shared().await;
    let grants = json!([{ "type": "group_membership", "group": LISTED }]);
    let (case, id) = granted(&stack, grants).await;
    let groups = async || stack.aws.held(ACCOUNT, &case.user).await.groups;
    assert_eq!(groups().await, [LISTED]);
    let unlisted = format!("auditors-{}", random_hex(6));
    let rename = async |from: &str, to: &str| {
        let names = json!({ "GroupName": from, "NewGroupName": to });
        iam(&stack, "update_group", names).await;
    };
    rename(LISTED, &unlisted).await;
    end(&stack, &id).await;
    let told = note(&stack, &case, "Access not removed").await;
    let (state, held) = (stack.request(&id).await["state"].clone(), groups().await);
    rename(&unlisted, RENAMED).await;
    stack.wake("work", &id).await;
    stack.reaches(&id, "Revoked").await;
    let left = groups().await;
    rename(RENAMED, LISTED).await;
    assert!(told.contains("The group was renamed"), "{told}");
    assert_eq!((state, held), (json!("Revoking"), vec![unlisted]));
    assert_eq!(left, [""; 0]);
}

#[tokio::test]
async fn what_is_detached_by_hand_is_told_and_not_attached_again() {
    let stack = Stack::shared().await;
    let (case, id) = granted(&stack, managed()).await;
    let policy = json!({ "UserName": case.user, "PolicyArn": case.policy });
    iam(&stack, "detach_user_policy", policy).await;
    stack.wake("work", &id).await;
    let told = note(&stack, &case, "Changed in IAM").await;
    assert!(told.contains("not in IAM as it was granted"), "{told}");
    let request = stack.request(&id).await;
    assert_eq!(request["state"], "Active", "{request}");
    let timeline = request["timeline"].to_string();
    assert!(timeline.contains("deviation_found"), "{timeline}");
    case.nothing_in_iam(&stack).await;
    end(&stack, &id).await;
    stack.reaches(&id, "Revoked").await;
}
