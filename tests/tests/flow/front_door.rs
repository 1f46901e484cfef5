//! What the service API says to calls that are not as they should be.

use flow_tests::{Answer, Case, Person, Stack, random_hex};
use reqwest::Method;
use serde_json::Value;

/// An answer that is a problem (RFC 9457) with this status.
fn is_problem(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.body["status"], status);
    assert!(answer.body["title"].is_string(), "{}", answer.text);
}

/// Every path with the methods that it has.
fn paths() -> [(String, &'static str); 6] {
    let id = format!("/v1/requests/req-{}", random_hex(32));
    [
        ("/v1/requests".to_owned(), "GET, HEAD, OPTIONS, POST"),
        (id.clone(), "GET, HEAD, OPTIONS"),
        (format!("{id}/withdraw"), "OPTIONS, POST"),
        (format!("{id}/revoke"), "OPTIONS, POST"),
        (format!("{id}/abandon"), "OPTIONS, POST"),
        ("/v1/openapi.json".to_owned(), "GET, HEAD, OPTIONS"),
    ]
}

#[tokio::test]
async fn a_known_path_says_which_methods_it_has() {
    let stack = Stack::shared().await;
    for (path, allowed) in paths() {
        let options = Answer::of(stack.api.call(Method::OPTIONS, &path)).await;
        assert_eq!((options.status, options.text.as_str()), (204, ""), "{path}");
        assert_eq!(options.header("allow"), allowed, "{path}");
        assert_eq!(options.header("access-control-allow-origin"), "");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if allowed.split(", ").any(|name| name == method) {
                continue;
            }
            let method: Method = method.parse().expect("a method");
            let call = stack.api.call(method.clone(), &path);
            let answer = Answer::of(call).await;
            is_problem(&answer, 405);
            assert_eq!(answer.header("allow"), allowed, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let stack = Stack::shared().await;
    for path in [
        "/",
        "/v1",
        "/v2/requests",
        "/v1/requests/a/b",
        "/v1/user",
        "/v1/users/a/b",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = Answer::of(stack.api.call(method, path)).await;
            is_problem(&answer, 404);
        }
    }
}

#[tokio::test]
async fn credentials_are_not_enough_without_the_api_key() {
    let stack = Stack::shared().await;
    let path = format!("/v1/requests?sys_id={}", random_hex(32));
    let (id, secret) = (stack.fact("client_id"), stack.fact("client_secret"));
    let call = || stack.api.call(Method::GET, &path);
    let without = call().basic_auth(&id, Some(&secret));
    is_problem(&Answer::of(without).await, 403);
    let wrong = call()
        .basic_auth(&id, Some(&secret))
        .header("x-api-key", random_hex(40));
    is_problem(&Answer::of(wrong).await, 403);
    // And the key is no credential.
    let alone = Answer::of(stack.api.keyed(Method::GET, &path)).await;
    is_problem(&alone, 401);
}

#[tokio::test]
async fn bodies_are_json_and_not_too_large() {
    let stack = Stack::shared().await;
    let client = stack.client();
    let body = Case::on_paper("210987654321", "rita.chen", Person::RITA).body();
    let text = body.to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json5",
    ] {
        is_problem(&stack.api.submit_raw(&client, kind, &text).await, 415);
    }
    let large = format!("{text}{}", " ".repeat(64 * 1024));
    let answer = stack
        .api
        .submit_raw(&client, "application/json", &large)
        .await;
    is_problem(&answer, 413);
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let stack = Stack::shared().await;
    let (id, secret) = (stack.fact("client_id"), stack.fact("client_secret"));
    let list = format!("/v1/requests?sys_id={}", random_hex(32));
    for (path, status) in [
        (list.as_str(), 200),
        ("/v1/openapi.json", 200),
        ("/v1/requests", 400),
    ] {
        let call = stack.api.keyed(Method::HEAD, path);
        let answer = Answer::of(call.basic_auth(&id, Some(&secret))).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (status, ""),
            "{path}"
        );
    }
    let none = Answer::of(stack.api.keyed(Method::HEAD, &list)).await;
    assert_eq!(none.status, 401);
}

#[tokio::test]
async fn the_api_describes_itself_to_its_clients() {
    let stack = Stack::shared().await;
    let path = "/v1/openapi.json";
    let answer = stack.api.get(Some(&stack.client()), path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let written: Value = serde_json::from_str(include_str!("../../../docs/openapi.json"))
        .expect("the document is JSON");
    assert_eq!(answer.body, written);
    is_problem(&stack.api.get(None, path).await, 401);
    is_problem(&stack.api.get(Some(&stack.powerless()), path).await, 403);
}
