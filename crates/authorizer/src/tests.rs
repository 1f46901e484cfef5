//! Calls as API Gateway makes them.

mod bearer;
mod rotation;

use std::cell::RefCell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::*;
use crate::keys::KeySourceError;

/// The moment of all these tests.
const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

struct Secret(RefCell<Result<String, &'static str>>);

impl ClientsSecret for Secret {
    async fn read(&self) -> Result<String, CallError> {
        self.0
            .borrow()
            .clone()
            .map_err(|code| CallError::transient("secretsmanager:GetSecretValue", code))
    }
}

/// An issuer that is never asked.
struct Nobody;

impl KeySource for Nobody {
    async fn read(&self) -> Result<Vec<u8>, KeySourceError> {
        Err(KeySourceError::Unreachable)
    }
}

fn secret() -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&[5; 32]).unwrap();
    mac.update(b"servicenow\0open sesame");
    json!({"key": STANDARD.encode([5; 32]), "clients": [{
        "id": "servicenow", "hashes": [STANDARD.encode(mac.finalize().into_bytes())],
        "oauth_client_ids": ["4servicenow"],
        "routes": ["POST /v1/requests", "GET /v1/requests", "GET /v1/requests/*"],
    }, {
        "id": "powerless", "oauth_client_ids": ["5powerless"], "routes": [],
    }]})
    .to_string()
}

fn call(authorization: &[&str]) -> AuthorizerEvent {
    let headers = authorization
        .last()
        .map_or(json!({}), |value| json!({"Authorization": value}));
    serde_json::from_value(json!({
        "type": "REQUEST", "httpMethod": "POST", "headers": headers,
        "multiValueHeaders": {"Authorization": authorization}, "requestContext": {},
        "methodArn": "arn:aws:execute-api:eu-west-1:000000000000:abc123/prod/POST/v1/requests",
    }))
    .unwrap()
}

fn basic(text: &str) -> String {
    format!("Basic {}", STANDARD.encode(text))
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn without_issuer(secret: Result<String, &'static str>) -> Authorizer<Secret, Nobody> {
    Authorizer::new(Secret(RefCell::new(secret)), None)
}

/// The routes that an answer allows, without the API's part.
fn allowed(answer: &ApiGatewayCustomAuthorizerResponse) -> Vec<String> {
    let statement = &answer.policy_document.statement[0];
    assert_eq!(statement.effect, IamPolicyEffect::Allow);
    let api = "arn:aws:execute-api:eu-west-1:000000000000:abc123/prod/";
    let route = |arn: &String| arn.strip_prefix(api).unwrap().to_owned();
    statement.resource.iter().map(route).collect()
}

#[test]
fn the_right_secret_opens_exactly_the_routes_of_the_client() {
    let authorizer = without_issuer(Ok(secret()));
    let call = call(&[&basic("servicenow:open sesame")]);
    let answer = run(authorizer.authorize(&call, NOW)).unwrap();
    let routes = [
        "POST/v1/requests",
        "GET/v1/requests",
        "GET/v1/requests/*",
        "HEAD/v1/requests",
        "HEAD/v1/requests/*",
        "GET/v1/openapi.json",
        "HEAD/v1/openapi.json",
    ];
    assert_eq!(allowed(&answer), routes);
    assert_eq!(answer.context["client"], "servicenow");
}

#[test]
fn everything_else_is_unauthorized_in_the_same_words() {
    let authorizer = without_issuer(Ok(secret()));
    let good = basic("servicenow:open sesame");
    let table: [&[&str]; 8] = [
        &[],
        &["Bearer abc"],
        &["Bearer"],
        &[&basic("servicenow:wrong")],
        &[&basic("stranger:open sesame")],
        &[&basic("servicenow")],
        &[&basic("powerless:")],
        &[&good, &good],
    ];
    for headers in table {
        assert_eq!(
            run(authorizer.authorize(&call(headers), NOW)),
            Err(Unauthorized),
            "{headers:?}"
        );
    }
    assert_eq!(Unauthorized.to_string(), "Unauthorized");
}

#[test]
fn without_the_secret_everybody_is_denied_until_it_can_be_read() {
    let authorizer = without_issuer(Err("InternalServiceError"));
    let call = call(&[&basic("servicenow:open sesame")]);
    run(authorizer.warm_up(NOW));
    let effect = || {
        run(authorizer.authorize(&call, NOW))
            .unwrap()
            .policy_document
            .statement[0]
            .effect
            .clone()
    };
    assert_eq!(effect(), IamPolicyEffect::Deny);
    *authorizer.secret.0.borrow_mut() = Ok("{}".to_owned());
    assert_eq!(effect(), IamPolicyEffect::Deny);
    *authorizer.secret.0.borrow_mut() = Ok(secret());
    assert_eq!(effect(), IamPolicyEffect::Allow);
}

#[test]
fn a_withdrawn_secret_works_for_half_a_minute() {
    let authorizer = without_issuer(Ok(secret()));
    let call = call(&[&basic("servicenow:open sesame")]);
    let at = |seconds| NOW + SignedDuration::from_secs(seconds);
    assert!(run(authorizer.authorize(&call, NOW)).is_ok());
    let mut emptied: Value = serde_json::from_str(&secret()).unwrap();
    emptied["clients"] = json!([]);
    *authorizer.secret.0.borrow_mut() = Ok(emptied.to_string());
    assert!(run(authorizer.authorize(&call, at(29))).is_ok());
    assert_eq!(run(authorizer.authorize(&call, at(30))), Err(Unauthorized));
    let other = without_issuer(Ok(secret()));
    assert!(run(other.authorize(&call, at(60))).is_ok());
    *other.secret.0.borrow_mut() = Ok(emptied.to_string());
    let back = run(other.authorize(&call, at(0)));
    assert_eq!(back, Err(Unauthorized), "the clock was set back");
}
