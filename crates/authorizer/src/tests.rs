//! Calls as API Gateway makes them.

use std::cell::RefCell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::*;

struct Secret(RefCell<Result<String, &'static str>>);

impl ClientsSecret for Secret {
    async fn read(&self) -> Result<String, CallError> {
        self.0
            .borrow()
            .clone()
            .map_err(|code| CallError::retry("secretsmanager:GetSecretValue", code))
    }
}

fn secret() -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&[5; 32]).unwrap();
    mac.update(b"servicenow\0open sesame");
    json!({"key": STANDARD.encode([5; 32]), "clients": [{
        "id": "servicenow", "hashes": [STANDARD.encode(mac.finalize().into_bytes())],
        "routes": ["POST /v1/requests", "GET /v1/requests", "GET /v1/requests/*"],
    }]})
    .to_string()
}

fn call(authorization: &[&str]) -> ApiGatewayCustomAuthorizerRequestTypeRequest {
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

#[test]
fn the_right_secret_opens_exactly_the_routes_of_the_client() {
    let authorizer = Authorizer::new(Secret(RefCell::new(Ok(secret()))));
    let answer = run(authorizer.authorize(&call(&[&basic("servicenow:open sesame")]))).unwrap();
    let statement = &answer.policy_document.statement[0];
    assert_eq!(statement.effect, IamPolicyEffect::Allow);
    let api = "arn:aws:execute-api:eu-west-1:000000000000:abc123/prod";
    let routes = ["POST/v1/requests", "GET/v1/requests", "GET/v1/requests/*"];
    assert_eq!(
        statement.resource,
        routes.map(|route| format!("{api}/{route}"))
    );
    assert_eq!(answer.context["client"], "servicenow");
}

#[test]
fn everything_else_is_unauthorized_in_the_same_words() {
    let authorizer = Authorizer::new(Secret(RefCell::new(Ok(secret()))));
    let good = basic("servicenow:open sesame");
    let table: [&[&str]; 6] = [
        &[],
        &["Bearer abc"],
        &[&basic("servicenow:wrong")],
        &[&basic("stranger:open sesame")],
        &[&basic("servicenow")],
        &[&good, &good],
    ];
    for headers in table {
        assert_eq!(
            run(authorizer.authorize(&call(headers))),
            Err(Unauthorized),
            "{headers:?}"
        );
    }
    assert_eq!(Unauthorized.to_string(), "Unauthorized");
}

#[test]
fn without_the_secret_everybody_is_denied_until_it_can_be_read() {
    let authorizer = Authorizer::new(Secret(RefCell::new(Err("InternalServiceError"))));
    let call = call(&[&basic("servicenow:open sesame")]);
    run(authorizer.warm_up());
    let effect = || {
        run(authorizer.authorize(&call))
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
