//! Two approvals: of the account's owner, and of the owner of an item that the request names.

use flow_tests::{Case, Letter, Stack, random_hex};
use serde_json::{Value, json};

const ACCOUNT: &str = "210987654321";
/// Diego Santos, who has named Tomás Herrera to approve in his absence.
const DIEGO: &str = "aaaa0000000000000000000000000014";

/// A request that names an item of Diego's; its id, the item's slot and the e-mails to Ada, Diego
/// and Tomás.
async fn asked(stack: &Stack, case: &Case) -> (String, String, [Letter; 3]) {
    let item = random_hex(32);
    let record = json!({ "sys_id": item, "sys_class_name": "cmdb_ci_server",
        "name": format!("reports-{}", case.number), "owned_by": DIEGO });
    stack.servicenow.put("cmdb_ci_server", record).await;
    let mut body = case.body();
    body["resource"] = json!({ "sys_id": item });
    let answer = stack.api.submit(Some(&stack.client()), None, &body).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let id = answer.body["request_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let letters = flow_tests::eventually("three e-mails", || async {
        let mut letters = stack.mailbox.about(&case.number).await;
        letters.sort_by(|one, other| one.to.cmp(&other.to));
        <[Letter; 3]>::try_from(letters).ok()
    })
    .await;
    let to: Vec<_> = letters.iter().flat_map(|letter| &letter.to).collect();
    let people = ["ada.okafor", "diego.santos", "tomas.herrera"];
    assert_eq!(
        to,
        people
            .map(|name| format!("{name}@brightwater.example"))
            .each_ref()
    );
    let slot = format!("item:{item}");
    let request = stack.request(&id).await;
    let asked = |n: usize| {
        (
            request["slots"][n]["slot"].clone(),
            request["slots"][n]["asked"].clone(),
        )
    };
    assert_eq!(asked(0), (json!(format!("account:{ACCOUNT}")), json!(1)));
    assert_eq!(asked(1), (json!(slot), json!(2)));
    (id, slot, letters)
}

#[tokio::test]
async fn access_comes_when_both_have_agreed() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, ACCOUNT).await;
    let (id, slot, [ada, diego, tomas]) = asked(&stack, &case).await;
    assert!(
        tomas.text.contains("a delegate, in ServiceNow"),
        "{}",
        tomas.text
    );
    let first = stack
        .browser
        .decide(&ada.link, "approve", "The account's owner agrees")
        .await;
    assert_eq!(
        (first.status, first.heading()),
        (200, "You approved this request")
    );
    assert!(
        first.html.contains("Other approvals are still needed"),
        "others are awaited"
    );
    let waiting = stack.request(&id).await;
    assert_eq!(waiting["state"], "Pending");
    case.nothing_in_iam(&stack).await;
    let again = stack.browser.open(&ada.link).await;
    assert_eq!(
        again.heading(),
        "You approved this request",
        "her answer fills one slot"
    );

    let second = stack
        .browser
        .decide(&tomas.link, "approve", "The delegate agrees")
        .await;
    assert_eq!(
        (second.status, second.heading()),
        (200, "You approved this request")
    );
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state"], "3");
    let attached = stack.aws.attached(&case.account, &case.user).await;
    assert_eq!(attached, std::slice::from_ref(&case.policy));
    let request = stack.request(&id).await;
    let decided: Vec<&Value> = request["decisions"]
        .as_array()
        .expect("decisions")
        .iter()
        .map(|one| &one["slot"])
        .collect();
    assert_eq!(
        decided,
        [&json!(format!("account:{ACCOUNT}")), &json!(slot)],
        "one each"
    );
    // His delegate has decided: the link of the owner can end the access, and decides nothing.
    let late = stack.browser.open(&diego.link).await;
    assert_eq!(late.status, 200);
    assert!(late.heading().starts_with("Access is active until"));
    assert!(!late.html.contains("value=\"approve\""));
}

#[tokio::test]
async fn one_of_two_who_says_no_ends_it() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, ACCOUNT).await;
    let (id, _, [ada, diego, _]) = asked(&stack, &case).await;
    stack
        .browser
        .decide(&ada.link, "approve", "The account's owner agrees")
        .await;
    let page = stack
        .browser
        .decide(&diego.link, "deny", "Not on this server")
        .await;
    assert_eq!(
        (page.status, page.heading()),
        (200, "You denied this request")
    );
    stack.reaches(&id, "Denied").await;
    let ticket = stack.servicenow.closed(&case.sys_id).await;
    assert_eq!(ticket["state"], "4");
    case.nothing_in_iam(&stack).await;
}
