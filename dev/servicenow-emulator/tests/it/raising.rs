use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use servicenow_emulator::{Secret, ServiceCredentials};
use tokio::net::TcpListener;

use crate::instance::{ITEM, Instance, RITA, json};

/// What the service API received, and what it answers.
#[derive(Default)]
struct Received {
    calls: Vec<(HeaderMap, Value)>,
    answer: Option<(u16, Value)>,
}

type Log = Arc<Mutex<Received>>;

async fn accept(
    State(log): State<Log>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Json<Value>) {
    let mut log = log.lock().unwrap();
    log.calls
        .push((headers, serde_json::from_slice(&body).unwrap()));
    let answer = log
        .answer
        .clone()
        .unwrap_or((202, json!({ "request_id": "req-1" })));
    (StatusCode::from_u16(answer.0).unwrap(), Json(answer.1))
}

/// A service API under a stage, as API Gateway serves it.
async fn service() -> (String, Log) {
    let log = Log::default();
    let router = Router::new()
        .route("/local/v1/requests", post(accept))
        .with_state(log.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/local", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    (url, log)
}

async fn with_credentials() -> Instance {
    Instance::with(|config| {
        config.service_api = Some(ServiceCredentials {
            client_id: "servicenow".to_owned(),
            client_secret: Secret::from("a:b".to_owned()),
            api_key: Some(Secret::from("key".to_owned())),
        });
    })
    .await
}

async fn raise(instance: &Instance, body: Value) -> (u16, Value) {
    let call = instance.control(Method::POST, "actions/raise").json(&body);
    let response = call.send().await.unwrap();
    (response.status().as_u16(), json(response).await)
}

#[tokio::test]
async fn the_rest_message_carries_the_ticket_and_its_answer_is_kept() {
    let (service_api, log) = service().await;
    let instance = with_credentials().await;
    let (status, answer) = raise(
        &instance,
        json!({ "record": ITEM, "service_api": service_api }),
    )
    .await;
    assert_eq!(
        (status, &answer["status"], &answer["request_id"]),
        (200, &json!(202), &json!("req-1"))
    );
    assert_eq!(answer["calls_meanwhile"], 0);
    let (headers, body) = log.lock().unwrap().calls[0].clone();
    let basic = format!("Basic {}", STANDARD.encode("servicenow:a:b"));
    assert_eq!(headers["authorization"], basic);
    assert_eq!(headers["idempotency-key"], format!("{ITEM}-1"));
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["x-api-key"], "key");
    assert!(headers.get("cookie").is_none());
    let number = "RITM0010001";
    assert_eq!(
        body["source"],
        json!({ "table": "sc_req_item", "sys_id": ITEM, "number": number })
    );
    assert_eq!(body["requested_by"], json!({ "sys_id": RITA }));
    assert_eq!(answer["sent"], body);
    let ticket = instance
        .control(Method::GET, &format!("tickets/{ITEM}"))
        .send()
        .await
        .unwrap();
    let ticket = json(ticket).await;
    assert_eq!(ticket["correlation_id"], "req-1");
    assert_eq!(ticket["mod_count"], "1");
}

#[tokio::test]
async fn a_refusal_is_passed_on_and_leaves_the_ticket_alone() {
    let (service_api, log) = service().await;
    let problem = json!({ "title": "outside the guardrails" });
    log.lock().unwrap().answer = Some((422, problem.clone()));
    let instance = with_credentials().await;
    let raised = json!({
        "record": ITEM, "service_api": service_api, "attempt": 2, "body": { "duration": "P90D" },
    });
    let (_, answer) = raise(&instance, raised).await;
    assert_eq!(
        (&answer["status"], &answer["body"]),
        (&json!(422), &problem)
    );
    assert_eq!(answer["idempotency_key"], format!("{ITEM}-2"));
    assert_eq!(log.lock().unwrap().calls[0].1["duration"], "P90D");
    let stored = instance.stored("sc_req_item", ITEM).await;
    assert_eq!(stored["values"].get("correlation_id"), None);
}

#[tokio::test]
async fn a_call_that_never_left_has_status_zero() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let instance = with_credentials().await;
    let (status, answer) = raise(&instance, json!({ "record": ITEM, "service_api": gone })).await;
    assert_eq!((status, &answer["status"]), (200, &json!(0)));
    assert!(answer["error"].is_string());
}

#[tokio::test]
async fn nothing_is_sent_elsewhere_or_without_ticket_or_credentials() {
    let (service_api, log) = service().await;
    let instance = with_credentials().await;
    for (body, status) in [
        (
            json!({ "record": ITEM, "service_api": "http://192.0.2.1" }),
            400,
        ),
        (
            json!({ "record": "0".repeat(32), "service_api": service_api }),
            404,
        ),
        (
            json!({ "record": ITEM, "service_api": service_api, "credentials": "other" }),
            400,
        ),
    ] {
        assert_eq!(raise(&instance, body).await.0, status);
    }
    assert!(log.lock().unwrap().calls.is_empty());
}

#[tokio::test]
async fn credentials_can_come_from_a_private_file_later() {
    use std::os::unix::fs::PermissionsExt as _;
    let (service_api, log) = service().await;
    let instance = Instance::start().await;
    let path = std::env::temp_dir().join(format!("emulator-client-{}", std::process::id()));
    let text = r#"{"client_id":"late","client_secret":"s","service_api":"ignored"}"#;
    std::fs::write(&path, text).unwrap();
    let set = async |mode| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let body = json!({ "name": "stack", "file": path });
        let call = instance.control(Method::POST, "credentials").json(&body);
        call.send().await.unwrap().status().as_u16()
    };
    assert_eq!((set(0o644).await, set(0o600).await), (400, 204));
    std::fs::remove_file(&path).unwrap();
    let body = json!({ "record": ITEM, "service_api": service_api, "credentials": "stack" });
    assert_eq!(raise(&instance, body).await.1["status"], 202);
    let sent = log.lock().unwrap().calls[0].0["authorization"].clone();
    assert_eq!(sent, format!("Basic {}", STANDARD.encode("late:s")));
}

#[tokio::test]
async fn tables_answer_while_a_call_is_under_way() {
    let instance = with_credentials().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let table = instance.url("/api/now/v2/table/sys_user?sysparm_limit=1");
    // A service that calls back before it answers: allowed here, counted in the answer.
    let calls_back = move || async move {
        let called = reqwest::get(table).await.unwrap();
        assert_eq!(called.status(), 401);
        (StatusCode::ACCEPTED, Json(json!({ "request_id": "req-2" })))
    };
    let router = Router::new().route("/v1/requests", post(calls_back));
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    let (_, answer) = raise(&instance, json!({ "record": ITEM, "service_api": url })).await;
    assert_eq!(
        (&answer["status"], &answer["calls_meanwhile"]),
        (&json!(202), &json!(1))
    );
}
