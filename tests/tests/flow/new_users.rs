//! A user that a request creates: made as approved, with a life policy, ended early or by its time,
//! and refused where the name is taken. It is deleted a week later, which no clock here comes to.

use flow_tests::{Case, Person, Stack, step};
use serde_json::{Value, json};

const ACCOUNT: &str = "210987654321";

/// A ticket for a new user with a tag and a policy, of which neither is there.
async fn new_user(stack: &Stack) -> Case {
    let user = format!("ci-{}", flow_tests::random_hex(12));
    let mut case = Case::on_paper(ACCOUNT, &user, Person::RITA);
    case.instead = Some(json!([
        {"type": "create_user", "tags": {"team": "settlement"}},
        {"type": "attach_managed_policy", "policy_arn": case.policy},
    ]));
    case.open(stack).await;
    case
}

/// What IAM has of a user: the user, its tags and its life policy.
async fn made(stack: &Stack, case: &Case) -> [Value; 3] {
    let named = json!({"UserName": case.user});
    let life = json!({"UserName": case.user, "PolicyName": "snowgate-life"});
    let steps = vec![
        step(ACCOUNT, "iam", "get_user", &named),
        step(ACCOUNT, "iam", "list_user_tags", &named),
        step(ACCOUNT, "iam", "get_user_policy", &life),
    ];
    let answers = stack.aws.run(steps).await;
    answers.try_into().expect("an answer for each")
}

#[tokio::test]
async fn a_user_is_created_as_its_owner_approved_and_denied_everything_at_its_end() {
    let stack = Stack::shared().await;
    let case = new_user(&stack).await;
    let (id, letter) = case.asked(&stack).await;
    for said in ["Create IAM user", case.user.as_str(), "settlement"] {
        assert!(letter.text.contains(said), "{said}: {}", letter.text);
    }
    stack
        .browser
        .decide(&letter.link, "approve", "canary-reason: the job needs it")
        .await;
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert!(Case::notes(&ticket).concat().contains(&case.user));
    let request = stack.request(&id).await;
    assert_eq!(request["state"], "Active");
    let [user, tags, life] = made(&stack, &case).await;
    assert_eq!(user["User"]["Path"], "/snowgate/");
    let boundary = &user["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"];
    assert_eq!(
        boundary,
        &format!("arn:aws:iam::{ACCOUNT}:policy/SnowgateBoundary")
    );
    let tags = tags["Tags"].to_string();
    for said in [id.as_str(), Person::RITA.0, "settlement", "snowgate:made"] {
        assert!(tags.contains(said), "{tags}");
    }
    let until = request["until"].as_str().expect("it ends");
    let (second, _) = until.split_at(19);
    assert!(life.to_string().contains(second), "{life} until {until}");
    let attached = stack.aws.attached(ACCOUNT, &case.user).await;
    assert_eq!(attached, [case.policy.as_str()]);

    let client = stack.client();
    let answer = stack.api.end(Some(&client), &id, "revoke", None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    flow_tests::eventually("the access is over", || async {
        (stack.request(&id).await["state"] == "Revoked").then_some(())
    })
    .await;
    let [_, _, life] = made(&stack, &case).await;
    let life = life.to_string();
    assert!(
        life.contains("Deny") && !life.contains("Condition"),
        "{life}"
    );
    assert!(stack.aws.attached(ACCOUNT, &case.user).await.is_empty());
}

#[tokio::test]
async fn a_name_that_a_user_has_is_refused_before_anybody_is_asked() {
    let stack = Stack::shared().await;
    let case = new_user(&stack).await;
    stack.aws.enrol(ACCOUNT, &case.user, Person::DIEGO.0).await;
    let id = case.raise(&stack).await;
    let refused = flow_tests::eventually("it is refused", || async {
        let request = stack.request(&id).await;
        (request["state"] == "Refused").then_some(request)
    })
    .await;
    assert_eq!(refused["end_reason"]["code"], "name_taken");
    case.no_letter(&stack).await;
}
