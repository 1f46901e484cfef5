//! Who gets as far as the service API: the authorizer's policies.

use authorizer::keys::{KeySource, KeySourceError};
use authorizer::{Authorizer, ClientsSecret};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ports::CallError;
use serde_json::json;
use sha2::Sha256;
use testkit::world::at;

use crate::stage::{event_of, wait};
use crate::table::{Cell, Verdict, plain};

const KEY: [u8; 32] = [5; 32];
const API: &str = "arn:aws:execute-api:eu-west-1:000000000000:abc123/live";

struct Secret;

impl ClientsSecret for Secret {
    async fn read(&self) -> Result<String, CallError> {
        let client = |id: &str, routes: &[&str]| {
            let mut mac = Hmac::<Sha256>::new_from_slice(&KEY).unwrap();
            mac.update(format!("{id}\0open sesame").as_bytes());
            let hash = STANDARD.encode(mac.finalize().into_bytes());
            json!({"id": id, "hashes": [hash], "routes": routes})
        };
        let all = ROUTES.map(|(route, _)| route);
        let clients = [
            client("servicenow", &all),
            client("watch", &all[4..6]),
            client("powerless", &[]),
        ];
        Ok(json!({"key": STANDARD.encode(KEY), "clients": clients}).to_string())
    }
}

/// No issuer of tokens is configured.
struct Nobody;

impl KeySource for Nobody {
    async fn read(&self) -> Result<Vec<u8>, KeySourceError> {
        Err(KeySourceError::Unreachable)
    }
}

const ROUTES: [(&str, &str); 9] = [
    ("POST /v1/requests", "request access"),
    ("GET /v1/requests", "list requests"),
    ("GET /v1/requests/*", "see a request"),
    ("POST /v1/requests/*/withdraw", "withdraw one"),
    ("POST /v1/requests/*/revoke", "revoke access"),
    ("POST /v1/requests/*/abandon", "abandon a removal"),
    ("POST /v1/requests/*/extend", "extend access"),
    ("GET /v1/users", "list users"),
    ("GET /v1/users/*", "see a user"),
];

const CALLERS: [(&str, Option<&str>); 5] = [
    ("nobody in particular: no credentials", None),
    ("a program with a wrong secret", Some("servicenow:guessed")),
    ("a program that has no route", Some("powerless:open sesame")),
    (
        "the security client, registered for `revoke` and `abandon` alone",
        Some("watch:open sesame"),
    ),
    (
        "the ServiceNow that is registered for all routes",
        Some("servicenow:open sesame"),
    ),
];

pub(crate) fn section() -> String {
    let authorizer = Authorizer::new(Secret, None::<authorizer::Issuer<Nobody>>);
    let rows = CALLERS.map(|(who, credentials)| {
        let header = credentials.map(|text| format!("Basic {}", STANDARD.encode(text)));
        let headers = header
            .as_ref()
            .map_or(json!({}), |value| json!({"Authorization": value}));
        let event = json!({
            "type": "REQUEST", "httpMethod": "POST", "headers": headers,
            "multiValueHeaders": {"Authorization": header.iter().collect::<Vec<_>>()},
            "requestContext": {}, "methodArn": format!("{API}/POST/v1/requests"),
        });
        let answer = wait(authorizer.authorize(&event_of(event), at(0)));
        let Ok(policy) = answer else {
            return (
                who.to_owned(),
                Cell::new(Verdict::No, "401 Unauthorized".to_owned()),
            );
        };
        let policy = serde_json::to_value(&policy).unwrap()["policyDocument"]["Statement"].clone();
        let allows = policy[0]["Effect"] == "Allow";
        let arns: Vec<&str> = policy[0]["Resource"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|arn| arn.as_str())
            .collect();
        let may = ROUTES.iter().filter(|(route, _)| {
            let arn = format!("{API}/{}", route.replacen(" /", "/", 1));
            allows && arns.contains(&arn.as_str())
        });
        let may: Vec<&str> = may.map(|(_, words)| *words).collect();
        let cell = match may.len() {
            0 => Cell::new(Verdict::No, "403 Forbidden".to_owned()),
            all if all == ROUTES.len() => Cell::new(Verdict::Yes, may.join(", ")),
            _ => Cell::new(
                Verdict::Yes,
                format!("{}; anything else is 403 Forbidden", may.join(", ")),
            ),
        };
        (who.to_owned(), cell)
    });
    plain("| who | may | what |", &rows)
}
