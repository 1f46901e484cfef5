//! Removals that do not work: an account whose member role does not trust us any more, as nobody can tell
//! from one that was closed. A removal is parked a day after it was found not to work, so the provisioner's
//! clock is put forward with libfaketime, as in `ended.rs`; without it this test says that it did not run.

use flow_tests::{Case, Stack, eventually, step};
use serde_json::{Value, json};

const ACCOUNT: &str = "210987654321";
/// Past the day after which a removal is parked.
const FORWARD: &str = "+25h";

#[tokio::test]
async fn a_removal_that_does_not_work_is_parked_and_abandoned_or_done_once_it_can_be() {
    let Some(library) = flow_tests::faketime() else {
        return;
    };
    let stack = Stack::alone().await;
    let hopeless = granted(&stack).await;
    let passing = granted(&stack).await;
    let cases = [&hopeless, &passing];

    // The trust is taken away, and with the function's sessions all that was assumed before.
    let before = trust(&stack, None).await;
    put_clock(&stack, Some((&library, "+0"))).await;
    let client = stack.client();
    for (_, id) in cases {
        let answer = stack.api.end(Some(&client), id, "revoke", None).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        stack.reaches(id, "Revoking").await;
    }
    for (case, id) in cases {
        let told = note(&stack, case, "keeps trying").await;
        assert!(
            told.contains("role in the AWS account can't be used"),
            "{told}"
        );
        let early = abandon(&stack, id).await;
        assert_eq!(early.0, 409, "it is not parked yet: {}", early.1);
    }
    put_clock(&stack, Some((&library, FORWARD))).await;
    for (_, id) in cases {
        stack.wake("work", id).await;
    }
    let mut parked = Vec::new();
    for (case, _) in cases {
        parked.push(note(&stack, case, "once a day").await);
    }
    put_clock(&stack, None).await;

    // One is given up.
    let (case, id) = &hopeless;
    assert!(
        parked[0].starts_with("Access not removed: "),
        "{}",
        parked[0]
    );
    let command = format!("`snowgate requests abandon {id}`");
    assert!(parked[0].contains(&command), "{}", parked[0]);
    let own = stack
        .api
        .end(Some(&client), id, "abandon", Some(&why()))
        .await;
    assert_eq!(own.status, 403, "{}", own.text);
    for _ in 0..2 {
        let answer = abandon(&stack, id).await;
        let expected = json!({ "request_id": id, "state": "Abandoned" });
        assert_eq!(answer, (200, expected));
    }
    let request = stack.request(id).await;
    assert_eq!(request["end_reason"]["code"], "abandoned", "{request}");
    let last = note(&stack, case, "the security team ended the attempts").await;
    assert!(last.starts_with("Access not removed: "), "{last}");
    assert!(last.contains("may remain in effect"), "{last}");
    assert!(last.contains("The account is closed"), "{last}");
    let subject = "Your access may remain";
    stack.mailbox.notice(&case.number, subject).await;

    // For the other the role comes back.
    trust(&stack, Some(before)).await;
    let (case, id) = &passing;
    stack.wake("work", id).await;
    stack.reaches(id, "Revoked").await;
    case.nothing_in_iam(&stack).await;
    note(&stack, case, "Access ended: ").await;
    let (case, id) = &hopeless;
    stack.wake("work", id).await;
    let attached = stack.aws.attached(ACCOUNT, &case.user).await;
    assert_eq!(attached, [case.policy.as_str()], "that is a person's now");
    assert_eq!(stack.request(id).await["state"], "Abandoned");
}

/// A case whose access is there, with the request's id.
async fn granted(stack: &Stack) -> (Case, String) {
    let case = Case::of(stack, ACCOUNT).await;
    let id = case.granted(stack).await;
    (case, id)
}

fn why() -> Value {
    json!({ "reason": "canary-reason: The account is closed" })
}

/// What a security client is answered that abandons the removal.
async fn abandon(stack: &Stack, id: &str) -> (u16, Value) {
    let watch = stack.security();
    let answer = stack
        .api
        .end(Some(&watch), id, "abandon", Some(&why()))
        .await;
    (answer.status, answer.body)
}

/// The note on the ticket that says this.
async fn note(stack: &Stack, case: &Case, words: &str) -> String {
    eventually(words, || async {
        let ticket = stack.servicenow.ticket(&case.sys_id).await;
        let mut notes = Case::notes(&ticket).into_iter();
        notes.find(|note| note.contains(words))
    })
    .await
}

/// Puts this trust policy on the member role, or one that trusts nobody of ours; the one before.
async fn trust(stack: &Stack, document: Option<Value>) -> Value {
    let role = json!({ "RoleName": "SnowgateMember" });
    let get = step(ACCOUNT, "iam", "get_role", &role);
    let nobody = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    let mut put = role;
    put["PolicyDocument"] = json!(document.unwrap_or(nobody).to_string());
    let put = step(ACCOUNT, "iam", "update_assume_role_policy", &put);
    let mut answers = stack.aws.run(vec![get, put]).await;
    answers[0]["Role"]["AssumeRolePolicyDocument"].take()
}

/// Puts the provisioner's clock forward, or right again.
async fn put_clock(stack: &Stack, forward: Option<(&str, &str)>) {
    let change = [
        ("LD_PRELOAD", forward.map(|(library, _)| library)),
        ("FAKETIME", forward.map(|(_, offset)| offset)),
    ];
    stack.configure("provisioner", &change).await;
}
