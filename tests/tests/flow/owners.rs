//! Who is asked.

use flow_tests::{Case, Person, Stack};

/// Somebody asks for access to an account; these people get an e-mail.
async fn asks(requester: Person, account: &str, asked: &[&str]) {
    let stack = Stack::shared().await;
    let case = Case::asked_by(&stack, account, requester).await;
    let (_, letter) = case.asked(&stack).await;
    let expected: Vec<String> = asked
        .iter()
        .map(|name| format!("{name}@brightwater.example"))
        .collect();
    assert_eq!(letter.to, expected);
    case.nothing_in_iam(&stack).await;
}

#[tokio::test]
async fn the_owner_is_asked_first() {
    asks(Person::DIEGO, "210987654321", &["ada.okafor"]).await;
}

#[tokio::test]
async fn the_manager_is_asked_where_the_owner_has_left() {
    asks(Person::RITA, "320987654321", &["kofi.mensah"]).await;
}

#[tokio::test]
async fn the_support_group_is_asked_where_the_owner_would_ask_herself() {
    asks(Person::RITA, "430987654321", &["priya.raman"]).await;
}

#[tokio::test]
async fn the_owner_is_asked_where_somebody_else_asks() {
    asks(Person::DIEGO, "430987654321", &["rita.chen"]).await;
}

#[tokio::test]
async fn all_of_cloud_security_is_asked_where_an_account_has_no_owner() {
    let stack = Stack::shared().await;
    let case = Case::of(&stack, "540987654321").await;
    let id = case.raise(&stack).await;
    let request = stack.reaches(&id, "Pending").await;
    assert_eq!(request["slots"][0]["asked"], 2);
    let letters = flow_tests::eventually("two e-mails", || async {
        let letters = stack.mailbox.about(&case.number).await;
        (letters.len() >= 2).then_some(letters)
    })
    .await;
    let mut to: Vec<_> = letters.iter().flat_map(|letter| &letter.to).collect();
    to.sort();
    assert_eq!(
        to,
        [
            "lena.fischer@brightwater.example",
            "samuel.osei@brightwater.example"
        ]
    );
    assert_ne!(
        letters[0].link, letters[1].link,
        "each has a link of their own"
    );

    stack
        .browser
        .decide(&letters[0].link, "approve", "Seen and fine")
        .await;
    stack.servicenow.closed(&case.sys_id).await;
    let other = stack.browser.open(&letters[1].link).await;
    assert_eq!(other.status, 200);
    assert!(other.heading().starts_with("Access is active until"));
}
