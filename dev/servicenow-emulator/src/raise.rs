//! Raising a request: what the business rule and the REST message do on the
//! ServiceNow side. The body is built as one object and serialised, never by
//! filling a template; the answer's request id goes to `correlation_id`.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::{Host, Url};

use crate::config::ServiceCredentials;
use crate::control_error::problem;
use crate::store::Row;
use crate::tickets;
use crate::world::Shared;

/// The connection and the whole call, as `RESTMessageV2.executeAsync` bounds them.
const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(30);

/// What to raise, and where.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raise {
    /// sys_id of the ticket.
    record: String,
    /// Address of the service API up to its stage, on this machine.
    service_api: String,
    /// Members that replace those built from the ticket; `null` removes one.
    #[serde(default)]
    body: Map<String, Value>,
    /// Name of the credentials, as set by `/_emulator/credentials`.
    #[serde(default = "default_credentials")]
    credentials: String,
    /// Part of the idempotency key: a new attempt asks anew.
    #[serde(default = "first")]
    attempt: u32,
}

fn default_credentials() -> String {
    "default".to_owned()
}

const fn first() -> u32 {
    1
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
enum RaiseError {
    #[error("there is no ticket with that sys_id")]
    NoTicket,
    #[error("no credentials are set under that name")]
    NoCredentials,
    #[error("`service_api` is no http address on this machine")]
    NotLoopback,
}

/// A client that keeps no cookies, follows no redirects and uses no proxy.
pub(crate) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}

/// `POST /_emulator/actions/raise`.
pub(crate) async fn serve(State(app): State<Shared>, Json(raise): Json<Raise>) -> Response {
    let message = match prepare(&app, &raise) {
        Ok(message) => message,
        Err(error @ RaiseError::NoTicket) => return problem(StatusCode::NOT_FOUND, error),
        Err(error) => return problem(StatusCode::BAD_REQUEST, error),
    };
    let before = app.world().calls.total;
    let (status, text, error) = match message.send(&app.client).await {
        Ok((status, text)) => (status, text, None),
        // Status 0: the call never left, or no answer came.
        Err(error) => (0, String::new(), Some(chain(&error))),
    };
    let answer = serde_json::from_str::<Value>(&text).unwrap_or(Value::String(text));
    let request_id = answer
        .get("request_id")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let mut world = app.world();
    let calls_meanwhile = world.calls.total.saturating_sub(before);
    if let Some(request_id) = request_id.as_deref().filter(|_| status == 202) {
        remember(&mut world.store, &raise.record, request_id);
    }
    Json(json!({
        "status": status,
        "body": answer,
        "error": error,
        "request_id": request_id,
        "idempotency_key": message.key,
        "sent": message.body,
        "calls_meanwhile": calls_meanwhile,
    }))
    .into_response()
}

/// A REST message, ready to be sent.
struct Message {
    url: Url,
    key: String,
    body: Value,
    credentials: ServiceCredentials,
}

impl Message {
    /// Sends it and gives status and text of the answer.
    async fn send(&self, client: &reqwest::Client) -> Result<(u16, String), reqwest::Error> {
        let ServiceCredentials {
            client_id,
            client_secret,
            api_key,
        } = &self.credentials;
        let mut message = client.post(self.url.clone());
        if let Some(key) = api_key {
            message = message.header("x-api-key", key.expose());
        }
        let response = message
            .basic_auth(client_id, Some(client_secret.expose()))
            .header("Idempotency-Key", &self.key)
            .header("Accept", "application/json")
            .header("Content-Type", "application/json")
            .body(self.body.to_string())
            .send()
            .await?;
        Ok((response.status().as_u16(), response.text().await?))
    }
}

fn prepare(app: &Shared, raise: &Raise) -> Result<Message, RaiseError> {
    let url = endpoint(&raise.service_api)?;
    let world = app.world();
    let row = tickets::find(&world.store, &raise.record).ok_or(RaiseError::NoTicket)?;
    Ok(Message {
        url,
        key: format!("{}-{}", raise.record, raise.attempt),
        body: build(row, &raise.body),
        credentials: app
            .credentials(&raise.credentials)
            .ok_or(RaiseError::NoCredentials)?,
    })
}

/// Credentials leave for this machine only.
fn endpoint(service_api: &str) -> Result<Url, RaiseError> {
    let text = format!("{}/v1/requests", service_api.trim_end_matches('/'));
    let url = Url::parse(&text).map_err(|_| RaiseError::NotLoopback)?;
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    };
    let web = matches!(url.scheme(), "http" | "https");
    if local && web {
        Ok(url)
    } else {
        Err(RaiseError::NotLoopback)
    }
}

/// The body that the script builds from the ticket.
fn build(row: &Row, replaced: &Map<String, Value>) -> Value {
    let requester = ["requested_for", "caller_id", "opened_by"]
        .into_iter()
        .map(|field| row.value(field))
        .find(|sys_id| !sys_id.is_empty())
        .unwrap_or_default();
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put(
        "source",
        json!({
            "table": row.table.name,
            "sys_id": row.sys_id(),
            "number": row.value("number"),
        }),
    );
    put("requested_by", json!({ "sys_id": requester }));
    put(
        "target",
        json!({
            "account_id": row.value("u_account_id"),
            "principal": {
                "type": row.value("u_principal_type"),
                "name": row.value("u_principal_name"),
            },
        }),
    );
    put(
        "grants",
        serde_json::from_str(row.value("u_grants")).unwrap_or_else(|_| json!([])),
    );
    put("duration", json!(row.value("u_duration")));
    put("justification", json!(row.value("u_justification")));
    for (name, value) in replaced {
        match value {
            Value::Null => drop(body.remove(name)),
            value => drop(body.insert(name.clone(), value.clone())),
        }
    }
    Value::Object(body)
}

/// Notes the request on its ticket, as the script's own update does.
fn remember(store: &mut crate::store::Store, record: &str, request_id: &str) {
    if let Some(row) = store.get_mut("task", record) {
        row.set("correlation_id", request_id);
        row.set("correlation_display", "Snowgate");
        row.touch(&crate::clock::stored_now(), "system");
    }
}

/// The error and its causes; addresses carry no secret here.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed;

    #[test]
    fn the_body_comes_from_the_ticket() {
        let store = seed::load().unwrap();
        let row = tickets::find(&store, "eeee0000000000000000000000000001").unwrap();
        assert_eq!(
            build(row, &Map::new()),
            json!({
                "source": {
                    "table": "sc_req_item",
                    "sys_id": "eeee0000000000000000000000000001",
                    "number": "RITM0010001",
                },
                "requested_by": { "sys_id": "aaaa0000000000000000000000000002" },
                "target": {
                    "account_id": "210987654321",
                    "principal": { "type": "user", "name": "rita.chen" },
                },
                "grants": [{
                    "type": "attach_managed_policy",
                    "policy_arn": "arn:aws:iam::210987654321:policy/reports-read",
                }],
                "duration": "PT4H",
                "justification": "Month-end reconciliation of settlement files",
            })
        );
    }

    #[test]
    fn members_can_be_replaced_and_removed() {
        let store = seed::load().unwrap();
        let row = tickets::find(&store, "eeee0000000000000000000000000001").unwrap();
        let replaced = json!({ "duration": "PT1M", "justification": null, "dry_run": true });
        let body = build(row, replaced.as_object().unwrap());
        assert_eq!(
            (&body["duration"], &body["dry_run"]),
            (&json!("PT1M"), &json!(true))
        );
        assert!(body.get("justification").is_none());
    }

    #[test]
    fn credentials_do_not_leave_this_machine() {
        for good in [
            "http://127.0.0.1:4566/_aws/x/",
            "http://localhost:1",
            "https://[::1]:2/p",
        ] {
            assert!(
                endpoint(good).unwrap().path().ends_with("/v1/requests"),
                "{good}"
            );
        }
        for bad in [
            "http://192.0.2.1",
            "http://localhost.example",
            "file:///x",
            "ftp://[::1]/",
            "",
        ] {
            assert!(endpoint(bad).is_err(), "{bad}");
        }
    }
}
