//! Who may call the service API.

use flow_tests::{Answer, Case, Credentials, Person, Stack, random_hex};

const CHALLENGE: &str = r#"Basic realm="snowgate", charset="UTF-8", Bearer realm="snowgate""#;

fn paths() -> [String; 3] {
    [
        format!("/v1/requests/{}", random_hex(32)),
        format!("/v1/requests?sys_id={}", random_hex(32)),
        "/v1/requests".to_owned(),
    ]
}

fn is_challenge(answer: &Answer) {
    assert_eq!(answer.status, 401, "{}", answer.text);
    assert_eq!(answer.header("www-authenticate"), CHALLENGE);
}

#[tokio::test]
async fn without_credentials_there_is_a_challenge() {
    let stack = Stack::shared().await;
    for path in paths() {
        is_challenge(&stack.api.get(None, &path).await);
    }
    let case = Case::on_paper("210987654321", "rita.chen", Person::RITA);
    is_challenge(&stack.api.submit(None, None, &case.body()).await);
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_client_get_the_same_answer() {
    let stack = Stack::shared().await;
    let known = stack.fact("client_id");
    let secret = stack.fact("client_secret");
    let wrong = [
        Credentials::new(&known, &random_hex(43)),
        Credentials::new(&random_hex(10), &random_hex(43)),
        Credentials::new(&random_hex(10), &secret),
        Credentials::new(&known, ""),
        Credentials::new(&known.to_uppercase(), &secret),
        Credentials::new(&known, &format!("{secret} ")),
    ];
    let path = format!("/v1/requests/{}", random_hex(32));
    let mut texts = Vec::new();
    for credentials in &wrong {
        let answer = stack.api.get(Some(credentials), &path).await;
        is_challenge(&answer);
        texts.push(answer.text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "all the same: {texts:?}");
}

#[tokio::test]
async fn a_client_without_routes_may_call_nothing() {
    let stack = Stack::shared().await;
    for path in paths() {
        let answer = stack.api.get(Some(&stack.powerless()), &path).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text);
    }
    let case = Case::on_paper("210987654321", "rita.chen", Person::RITA);
    case.open(&stack).await;
    let answer = stack
        .api
        .submit(Some(&stack.powerless()), None, &case.body())
        .await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    case.no_letter(&stack).await;
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let stack = Stack::shared().await;
    for id in [random_hex(32), "x".to_owned(), "..%2f..".to_owned()] {
        let path = format!("/v1/requests/{id}");
        let answer = stack.api.get(Some(&stack.client()), &path).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
    let none = format!("/v1/requests?sys_id={}", random_hex(32));
    let listed = stack.api.get(Some(&stack.client()), &none).await;
    assert_eq!(
        (listed.status, listed.text.as_str()),
        (200, r#"{"requests":[]}"#)
    );
}

#[tokio::test]
async fn the_clients_credentials_open_no_review_link() {
    let stack = Stack::shared().await;
    let answer = stack.api.get(Some(&stack.client()), "/r/anything").await;
    assert!([403, 404].contains(&answer.status), "{}", answer.text);
}
