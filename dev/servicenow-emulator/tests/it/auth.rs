use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::instance::{ITEM, Instance, header, json};

const USERS: &str = "/api/now/v2/table/sys_user?sysparm_limit=1";

#[tokio::test]
async fn missing_and_wrong_credentials_are_401_with_the_usual_texts() {
    let instance = Instance::start().await;
    let client = &instance.client;
    for request in [
        client.get(instance.url(USERS)),
        client
            .get(instance.url(USERS))
            .basic_auth("snowgate.read", Some("wrong")),
        client.get(instance.url(USERS)).bearer_auth("wrong"),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        assert!(
            header(&response, "www-authenticate")
                .unwrap()
                .starts_with("BASIC")
        );
        let error = json!({
            "message": "User Not Authenticated",
            "detail": "Required to provide Auth information",
        });
        assert_eq!(
            json(response).await,
            json!({ "error": error, "status": "failure" })
        );
    }
}

async fn token(instance: &Instance, form: &[(&str, &str)]) -> (u16, Value) {
    let login = &instance.config.read;
    let client = [
        ("client_id", login.client_id.as_str()),
        ("client_secret", login.client_secret.expose()),
    ];
    let form: Vec<_> = form.iter().copied().chain(client).collect();
    let response = instance
        .client
        .post(instance.url("/oauth_token.do"))
        .form(&form)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), json(response).await)
}

#[tokio::test]
async fn a_token_opens_tables_until_it_ends() {
    let instance = Instance::with(|config| config.token_life = Duration::from_secs(1)).await;
    let (status, reply) = token(&instance, &[("grant_type", "client_credentials")]).await;
    assert_eq!(
        (status, &reply["expires_in"], &reply["token_type"]),
        (200, &json!(1), &json!("Bearer"))
    );
    let access = reply["access_token"].as_str().unwrap();
    let call = || {
        instance
            .client
            .get(instance.url(USERS))
            .bearer_auth(access)
            .send()
    };
    assert_eq!(call().await.unwrap().status(), 200);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(call().await.unwrap().status(), 401);
}

#[tokio::test]
async fn tokens_can_be_revoked_and_refreshed() {
    let instance = Instance::start().await;
    let login = &instance.config.read;
    let form = [
        ("grant_type", "password"),
        ("username", &login.user),
        ("password", login.password.expose()),
    ];
    let (_, reply) = token(&instance, &form).await;
    let access = reply["access_token"].as_str().unwrap();
    let revoked = instance
        .control(Method::DELETE, "tokens")
        .send()
        .await
        .unwrap();
    assert_eq!(json(revoked).await["revoked"], 1);
    let call = instance.client.get(instance.url(USERS)).bearer_auth(access);
    assert_eq!(call.send().await.unwrap().status(), 401);
    let refresh = reply["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let (status, reply) = token(&instance, &form).await;
    assert_eq!(status, 200);
    let access = reply["access_token"].as_str().unwrap();
    let call = instance.client.get(instance.url(USERS)).bearer_auth(access);
    assert_eq!(call.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn token_parameters_in_the_address_are_refused() {
    let instance = Instance::start().await;
    let path = "/oauth_token.do?grant_type=client_credentials";
    let form = [("client_id", "x")];
    let response = instance
        .client
        .post(instance.url(path))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
}

/// reqwest always sends `Accept`, so this speaks for itself.
fn raw(instance: &Instance, method: &str, headers: &str, body: &str) -> u16 {
    let address = instance.running.base_url.strip_prefix("http://").unwrap();
    let login = &instance.config.write;
    let credentials = STANDARD.encode(format!("{}:{}", login.user, login.password.expose()));
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} /api/now/v2/table/sc_req_item/{ITEM} HTTP/1.1\r\nHost: {address}\r\n\
         Authorization: Basic {credentials}\r\nConnection: close\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accept_is_always_needed_and_content_type_for_writes() {
    let instance = Instance::start().await;
    let accept = "Accept: application/json\r\n";
    let plain = format!("{accept}Content-Type: text/plain\r\n");
    let good = format!("{accept}Content-Type: application/json\r\n");
    for (method, headers, status) in [
        ("GET", "", 400),
        ("GET", accept, 200),
        ("PATCH", "Content-Type: application/json\r\n", 400),
        ("PATCH", accept, 400),
        ("PATCH", plain.as_str(), 415),
        ("PATCH", good.as_str(), 200),
    ] {
        assert_eq!(
            raw(&instance, method, headers, "{}"),
            status,
            "{method} {headers}"
        );
    }
}

#[tokio::test]
async fn cookies_are_set_and_seen_when_they_come_back() {
    let instance = Instance::start().await;
    let response = instance.get(USERS).send().await.unwrap();
    let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies.len(), 3);
    let session = cookies[0]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    instance
        .get(USERS)
        .header("Cookie", session)
        .send()
        .await
        .unwrap();
    let calls = instance.calls().await;
    let sent: Vec<_> = calls["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| &call["sent_cookie"])
        .collect();
    assert_eq!(sent, [false, true]);
}

#[tokio::test]
async fn a_session_in_use_answers_202_and_does_nothing() {
    let instance = Instance::start().await;
    instance
        .fault(json!({ "fault": { "kind": "slow", "millis": 400 } }))
        .await;
    let slow = instance.get(USERS).header("Cookie", "JSESSIONID=shared");
    let slow = tokio::spawn(slow.send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let path = format!("/api/now/v2/table/sc_req_item/{ITEM}");
    let write = instance.patch(&path, &json!({ "state": "2" }));
    let write = write
        .header("Cookie", "JSESSIONID=shared")
        .send()
        .await
        .unwrap();
    assert_eq!(write.status(), 202);
    assert_eq!(slow.await.unwrap().unwrap().status(), 200);
    assert_eq!(
        instance.stored("sc_req_item", ITEM).await["values"]["state"],
        "1"
    );
}

#[tokio::test]
async fn too_many_calls_at_once_are_429_without_any_header() {
    let instance = Instance::with(|config| config.api_threads = Some(1)).await;
    instance
        .fault(json!({ "fault": { "kind": "slow", "millis": 400 } }))
        .await;
    let slow = tokio::spawn(instance.get(USERS).send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let second = instance.get(USERS).send().await.unwrap();
    assert_eq!(
        (second.status().as_u16(), header(&second, "retry-after")),
        (429, None)
    );
    assert_eq!(slow.await.unwrap().unwrap().status(), 200);
    assert_eq!(instance.calls().await["peak_in_flight"], 2);
}

#[tokio::test]
async fn locked_out_integration_users_cannot_call() {
    let instance = Instance::start().await;
    let change = json!({ "sys_user": [{ "sys_id": "aaaa0000000000000000000000000021", "active": "false" }] });
    let stored = instance
        .control(Method::POST, "records")
        .json(&change)
        .send()
        .await
        .unwrap();
    assert_eq!(stored.status(), 200);
    assert_eq!(instance.get(USERS).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn the_control_api_needs_its_token() {
    let instance = Instance::start().await;
    for path in ["faults", "requests", "tickets", "records/sys_user/x"] {
        let url = instance.url(&format!("/_emulator/{path}"));
        assert_eq!(
            instance.client.get(&url).send().await.unwrap().status(),
            401
        );
        let wrong = instance
            .client
            .get(&url)
            .bearer_auth("wrong")
            .send()
            .await
            .unwrap();
        assert_eq!(wrong.status(), 401);
    }
    let closed = Instance::with(|config| config.control_token = None).await;
    let url = closed.url("/_emulator/requests");
    assert_eq!(
        closed
            .client
            .get(url)
            .bearer_auth("")
            .send()
            .await
            .unwrap()
            .status(),
        400
    );
}
