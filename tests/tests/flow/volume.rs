//! More than is usual: it is asked for all the same, and told.

use flow_tests::{Case, Person, Stack, eventually, random_hex};
use serde_json::{Value, json};

/// What one requester usually asks for in a window, as the guardrails of the demonstration say.
const USUAL: usize = 40;
/// How many grants each request here has.
const GRANTS: usize = 4;
const ACCOUNT: &str = "210987654321";

/// Somebody who has asked for nothing yet.
async fn newcomer(stack: &Stack) -> Person {
    let (sys_id, tag) = (random_hex(32), random_hex(12));
    let record = json!({
        "sys_id": sys_id,
        "user_name": format!("busy.{tag}"),
        "name": format!("Busy {tag}"),
        "email": format!("busy.{tag}@brightwater.example"),
        "employee_number": format!("B{tag}"),
        "active": "true",
        "locked_out": "false",
    });
    stack.servicenow.put("sys_user", record).await;
    Person(Box::leak(sys_id.into_boxed_str()))
}

/// Asks for four grants, until approvers are asked; the request's id.
async fn asks(stack: &Stack, person: Person) -> String {
    let user = format!("flow-{}", random_hex(12));
    let mut case = Case::on_paper(ACCOUNT, &user, person);
    let policy = |name: &str| {
        json!({ "type": "attach_managed_policy",
        "policy_arn": format!("arn:aws:iam::{ACCOUNT}:policy/{name}") })
    };
    let group = |name: &str| json!({ "type": "group_membership", "group": name });
    case.instead = Some(json!([
        policy("reports-read"),
        policy("reports-write"),
        group("analysts"),
        group("auditors")
    ]));
    stack.aws.enrol(ACCOUNT, &user, person.0).await;
    case.open(stack).await;
    let id = case.submit(stack).await;
    stack.reaches(&id, "Pending").await;
    id
}

/// The lines that the dispatcher wrote about requests of this person with which more was asked for
/// than is usual, and those with the metric.
async fn told(stack: &Stack, person: Person, words: &str) -> Vec<Value> {
    let group = format!("/aws/lambda/{}", stack.fact("/functions/dispatcher"));
    let mut lines = Vec::new();
    let mut order = json!({ "logGroupName": group });
    loop {
        let page = stack.aws.call("logs", "filter_log_events", &order).await;
        for event in page["events"].as_array().expect("a list") {
            let message = event["message"].as_str().expect("a message");
            let line = serde_json::from_str::<Value>(message);
            lines.extend(line.ok().filter(|_| message.contains(words)));
        }
        match &page["nextToken"] {
            Value::Null => break,
            token => order["nextToken"] = token.clone(),
        }
    }
    lines.retain(|line| line.to_string().contains(person.0) || words == "UnusualVolume");
    lines
}

/// Ten requests are usual for one person in an hour, and the eleventh is not. Where an hour of the
/// clock begins in between, more of them are usual.
#[tokio::test]
async fn a_requester_who_asks_for_more_than_is_usual_is_told_and_asked_about() {
    let stack = Stack::shared().await;
    let person = newcomer(&stack).await;
    let hour = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let hour = || hour().expect("after 1970").as_secs() / 3_600;
    let begun = hour();
    for _ in 0..USUAL / GRANTS {
        asks(&stack, person).await;
    }
    let usual = told(&stack, person, "more is asked for than is usual").await;
    let last = asks(&stack, person).await;
    if hour() != begun {
        return;
    }
    assert_eq!(usual, [] as [Value; 0], "ten are usual");
    let line = eventually("the log to tell it", || async {
        told(&stack, person, "more is asked for than is usual")
            .await
            .pop()
    })
    .await;
    let text = line.to_string();
    assert!(text.contains(&last) && text.contains("requester"), "{text}");
    for hidden in ["@brightwater.example", "Busy"] {
        assert!(!text.contains(hidden), "{text}");
    }
    let metrics = told(&stack, person, "UnusualVolume").await;
    assert!(metrics.iter().any(|line| line.to_string().contains(&last)));
    // What is counted stands once for the person, in the window of this hour.
    let rows = stack.table("/tables/requests").await;
    let key = format!("VOL#requester#{}", person.0);
    let mut rows = rows.iter().filter(|row| row["pk"]["S"] == key.as_str());
    let counted = rows.next().expect("a count");
    let total = counted[format!("w{}", begun * 3_600)]["N"].as_str();
    assert_eq!(
        total,
        Some((USUAL + GRANTS).to_string().as_str()),
        "{counted}"
    );
    assert_eq!(rows.count(), 0);
    let request = stack.request(&last).await;
    assert_eq!(request["state"], "Pending", "nothing is refused");
}
