//! Tokens beside HTTP Basic, of an issuer on this machine.

use flow_tests::{Answer, Case, LocalIssuer, Person, Stack, eventually, random_hex};
use reqwest::Method;
use serde_json::{Value, json};

const READ: &str = "snowgate/requests.read";
const WRITE: &str = "snowgate/requests.write";

async fn get(stack: &Stack, token: &str, path: &str) -> Answer {
    Answer::of(stack.api.keyed(Method::GET, path).bearer_auth(token)).await
}

/// One configuration for all, because each change starts the function anew.
#[tokio::test]
async fn tokens_of_the_configured_issuer_stand_for_their_client() {
    let stack = Stack::alone().await;
    let mut issuer = LocalIssuer::start().await;
    let (name, keys) = (issuer.name().to_owned(), issuer.keys_url());
    let settings = [
        ("TOKEN_ISSUER", Some(name.as_str())),
        ("TOKEN_KEYS_URL", Some(keys.as_str())),
    ];
    let before = stack.configure("authorizer", &settings).await;

    let client = stack.fact("token_client_id");
    let both = issuer.token(&client, &format!("{READ} {WRITE}"), &json!({}));
    let case = Case::on_paper("210987654321", "rita.chen", Person::RITA);
    case.open(&stack).await;
    let post = || stack.api.keyed(Method::POST, "/v1/requests");
    let sent = post().bearer_auth(&both).json(&case.body());
    let made = Answer::of(sent).await;
    assert_eq!(made.status, 202, "{}", made.text);

    // The same client, whichever way it signs in.
    let path = made.body["status_url"].as_str().expect("a path").to_owned();
    let by_secret = stack.api.get(Some(&stack.client()), &path).await;
    assert_eq!(by_secret.status, 200, "{}", by_secret.text);
    let reading = issuer.token(&client, READ, &json!({}));
    let by_token = get(&stack, &reading, &path).await;
    assert_eq!(by_token.body["request_id"], by_secret.body["request_id"]);

    // A token that may only read.
    let sent = post().bearer_auth(&reading).json(&case.body());
    assert_eq!(Answer::of(sent).await.status, 403);
    let nothing = issuer.token(&client, "openid", &json!({}));
    assert_eq!(get(&stack, &nothing, &path).await.status, 403);

    not_believed(&stack, &issuer, &client, &path).await;

    // Another key: unknown at first, and looked for after a pause.
    issuer.rotate();
    eventually("the new key", || async {
        let token = issuer.token(&client, READ, &json!({}));
        (get(&stack, &token, &path).await.status == 200).then_some(())
    })
    .await;

    let back: Vec<_> = settings
        .iter()
        .zip(&before)
        .map(|((name, _), value)| (*name, value.as_deref()))
        .collect();
    stack.configure("authorizer", &back).await;
    // A function that was started before may still answer once.
    eventually("no longer the issuer", || async {
        let token = issuer.token(&client, READ, &json!({}));
        (get(&stack, &token, &path).await.status == 401).then_some(())
    })
    .await;
}

/// Whatever is wrong, the answer is the same.
async fn not_believed(stack: &Stack, issuer: &LocalIssuer, client: &str, path: &str) {
    let stranger = LocalIssuer::start().await;
    let wrong = |change: Value| issuer.token(client, READ, &change);
    let good = wrong(json!({}));
    let mut texts = Vec::new();
    for token in [
        wrong(json!({"exp": 1_700_000_000})),
        wrong(json!({"iat": 4_000_000_000_u64, "exp": 4_000_000_060_u64})),
        wrong(json!({"iss": stranger.name()})),
        wrong(json!({"token_use": "id"})),
        wrong(json!({"aud": client})),
        wrong(json!({"client_id": random_hex(26)})),
        stranger.token(client, READ, &json!({})),
        stranger.token(client, READ, &json!({"iss": issuer.name()})),
        format!("{good}A"),
        good.rsplit_once('.').expect("three parts").0.to_owned(),
        random_hex(60),
    ] {
        let answer = get(stack, &token, path).await;
        assert_eq!(answer.status, 401, "{token}: {}", answer.text);
        assert!(answer.header("www-authenticate").contains("Bearer"));
        texts.push(answer.text);
    }
    let none = Answer::of(stack.api.keyed(Method::GET, path)).await;
    texts.push(none.text);
    texts.dedup();
    assert_eq!(texts.len(), 1, "all the same: {texts:?}");
}
