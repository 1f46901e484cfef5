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

/// A user that was created and can be used, and the request that did so.
async fn created(stack: &Stack) -> (Case, String) {
    let case = new_user(stack).await;
    let (id, letter) = case.asked(stack).await;
    stack
        .browser
        .decide(&letter.link, "approve", "canary-reason: the job needs it")
        .await;
    stack.reaches(&id, "Active").await;
    (case, id)
}

/// Another ticket for a user that is there already.
async fn another(stack: &Stack, case: &Case, duration: &str) -> Case {
    let mut next = Case::on_paper(&case.account, &case.user, case.requester);
    next.duration = duration.to_owned();
    next.open(stack).await;
    next
}

async fn revoke(stack: &Stack, id: &str) -> Value {
    let client = stack.client();
    let answer = stack.api.end(Some(&client), id, "revoke", None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    stack.reaches(id, "Revoked").await
}

/// The code that a request is refused with.
async fn refused(stack: &Stack, id: &str) -> Value {
    let refused = stack.reaches(id, "Refused").await;
    refused["end_reason"]["code"].clone()
}

#[tokio::test]
async fn a_user_that_is_given_more_time_lives_until_the_later_end() {
    let stack = Stack::shared().await;
    let (case, first) = created(&stack).await;
    let next = another(&stack, &case, "PT5H").await;
    let mut body = next.body();
    let members = body.as_object_mut().expect("an object");
    members.retain(|name, _| name != "target" && name != "grants");
    let client = stack.client();
    let extend = stack.api.end(Some(&client), &first, "extend", Some(&body));
    let answer = extend.await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let second = answer.body["request_id"].as_str().expect("an id");
    let letter = stack.mailbox.one(&next.number).await;
    let title = format!("Give IAM user {} more time", case.user);
    let words = letter.text.replace('`', "");
    assert!(words.contains(&title), "{}", letter.text);
    assert!(!words.contains("Create IAM user"), "{}", letter.text);
    stack
        .browser
        .decide(&letter.link, "approve", "canary-reason: it takes longer")
        .await;
    let extended = stack.reaches(second, "Active").await;
    let until = extended["until"].as_str().expect("it ends");
    let (until, _) = until.split_at(19);
    let [_, _, life] = made(&stack, &case).await;
    assert!(life.to_string().contains(until), "{life} until {until}");

    let ended = revoke(&stack, &first).await;
    let retained = ended["retained"].to_string();
    assert!(retained.contains("user_created"), "{retained}");
    let [_, _, life] = made(&stack, &case).await;
    assert!(life.to_string().contains(until), "{life} until {until}");
    revoke(&stack, second).await;
    let [_, _, life] = made(&stack, &case).await;
    assert!(!life.to_string().contains("Condition"), "{life}");
}

/// No other access of a user outlives it, and none is asked for once it has ended.
#[tokio::test]
async fn other_access_of_a_user_ends_with_it() {
    let stack = Stack::shared().await;
    let (case, first) = created(&stack).await;
    let longer = another(&stack, &case, "PT5H").await;
    let id = longer.raise(&stack).await;
    assert_eq!(refused(&stack, &id).await, "outlives_user");
    longer.no_letter(&stack).await;

    let other = another(&stack, &case, "PT1H").await;
    let other = other.granted(&stack).await;
    stack.reaches(&other, "Active").await;
    revoke(&stack, &first).await;
    let ended = stack.reaches(&other, "Revoked").await;
    assert_eq!(ended["revocation"]["by"]["type"], "user_ended", "{ended}");
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert!(attached.is_empty(), "{attached:?}");

    let late = another(&stack, &case, "PT1H").await;
    let id = late.raise(&stack).await;
    assert_eq!(refused(&stack, &id).await, "user_ended");
    late.no_letter(&stack).await;
}

#[tokio::test]
async fn a_user_more_than_the_account_may_have_is_refused_before_anybody_is_asked() {
    let stack = Stack::alone().await;
    let account = "210987654321";
    let quota = async |users: usize| {
        let quotas = json!({ "UsersQuota": users });
        stack.aws.set_iam(account, "quotas", quotas).await;
    };
    quota(1).await;
    let case = new_user(&stack).await;
    let id = case.raise(&stack).await;
    let code = refused(&stack, &id).await;
    quota(5_000).await;
    assert_eq!(code, "quota_reached");
    case.no_letter(&stack).await;
}
