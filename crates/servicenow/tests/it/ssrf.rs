//! Calls leave for the configured instance and nowhere else, whatever it answers and whatever
//! the environment says.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ports::servicenow::Tickets as _;
use serde_json::{Value, json};
use servicenow::{Reader, Writer};
use snowgate_core::request::TableName;
use tokio::net::TcpListener;

use crate::server::{BASIC, Reply, Server, quick};
use crate::steps::{Step, id, sys_id};
use crate::writing::update;

/// A host that nobody may call: counts connections.
struct Elsewhere {
    origin: String,
    connections: Arc<AtomicUsize>,
}

impl Elsewhere {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self {
            origin,
            connections,
        }
    }

    async fn connections(&self) -> usize {
        // Whatever was on its way has arrived after this.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        self.connections.load(Ordering::SeqCst)
    }
}

/// Answers that point elsewhere, in every place an answer can.
fn pointing(to: &str, row: &Value) -> Vec<Reply> {
    let good = Reply::result(&json!([row]));
    let mut linked = row.clone();
    for (_, value) in linked.as_object_mut().unwrap() {
        if value.as_str() == Some(&id("0a")) {
            *value = json!({"link": format!("{to}/api/now/v2/table/sys_user/{}", id("0a")),
                            "value": id("0a")});
        }
    }
    let mut replies: Vec<Reply> = [301, 302, 303, 307, 308]
        .into_iter()
        .flat_map(|status| {
            [
                to.to_owned(),
                format!("//{}/x", to.trim_start_matches("http://")),
            ]
            .map(|place| Reply::new(status, "text/html", "").with("location", place))
        })
        .collect();
    replies.extend([
        Reply::new(401, "text/html", "").with("location", to).with(
            "www-authenticate",
            format!("Bearer realm=\"{to}\", resource_metadata=\"{to}\""),
        ),
        Reply::new(
            200,
            "text/html",
            format!("<meta http-equiv=refresh content='0;url={to}'>"),
        )
        .with("refresh", format!("0; url={to}")),
        good.clone()
            .with(
                "link",
                format!("<{to}/api/now/v2/table/x?sysparm_offset=1>;rel=\"next\""),
            )
            .with("content-location", to)
            .with("location", to)
            .with(
                "alt-svc",
                format!("h2=\"{}\"", to.trim_start_matches("http://")),
            )
            .with("set-cookie", "JSESSIONID=canary; Path=/")
            .with("x-total-count", "1"),
        Reply::result(&json!([linked])),
        Reply::result(&json!([{"sys_id": to}])),
        Reply::json(200, &json!({"result": [row], "next": to})),
    ]);
    replies
}

/// How often one lookup was answered before the breaker would step in: each has its own session.
async fn survey(elsewhere: &Elsewhere) -> usize {
    let mut calls = 0;
    for step in Step::ALL {
        for reply in pointing(&elsewhere.origin, &step.row()) {
            let server = Server::start(move |_| reply.clone()).await;
            let reader = Reader::new(server.session());
            let _ = step.ask(&reader).await;
            let _ = step.ask(&reader).await;
            let seen = server.seen();
            assert!(
                seen.iter().all(|seen| seen.header("cookie").is_none()),
                "no cookie jar"
            );
            assert!(
                seen.iter()
                    .all(|seen| seen.path.starts_with("/api/now/v2/table/"))
            );
            assert_eq!(seen.len(), 2, "each lookup is one call");
            calls += seen.len();
        }
    }
    calls
}

#[tokio::test]
async fn whatever_it_answers_nobody_else_is_called() {
    let elsewhere = Elsewhere::start().await;
    assert_eq!(survey(&elsewhere).await, 2 * 9 * 16);
    assert_eq!(elsewhere.connections().await, 0);
}

#[tokio::test]
async fn whatever_it_answers_to_a_sign_in_or_a_write_nobody_else_is_called() {
    let elsewhere = Elsewhere::start().await;
    let to = elsewhere.origin.clone();
    let row = json!({"sys_id": id("0e"), "state": "1", "correlation_id": ""});
    let token = json!({
        "access_token": "t", "token_type": "Bearer", "expires_in": 1800,
        "instance_url": to, "token_endpoint": to, "scope": to
    });
    let credentials = r#"{"client_id":"i","client_secret":"s","grant_type":"client_credentials"}"#;
    let mut replies = pointing(&to, &row);
    replies.push(Reply::json(200, &token).with("location", to.clone()));
    for reply in replies {
        let (first, token, row) = (reply.clone(), token.clone(), row.clone());
        let server = Server::start(move |_| first.clone()).await;
        let session = server.session_with(credentials, quick());
        let _ = Step::Account.ask(&Reader::new(session)).await;
        assert!(!server.seen().is_empty());
        let server = Server::start(move |seen| match seen.table() {
            "/oauth_token.do" => Reply::json(200, &token),
            "sys_journal_field" => Reply::result(&json!([])),
            _ if seen.method == "PATCH" => reply.clone(),
            _ => Reply::result(&json!([row])),
        })
        .await;
        let writer = Writer::new(server.session_with(credentials, quick()));
        let table = TableName::try_from("incident".to_owned()).unwrap();
        writer
            .update(&table, &sys_id("0e"), &update())
            .await
            .unwrap_err();
        assert!(server.seen().iter().any(|seen| seen.method == "PATCH"));
    }
    assert_eq!(elsewhere.connections().await, 0);
}

/// Runs this very program again with proxies in its environment, for the test below only.
#[tokio::test]
async fn proxies_in_the_environment_are_ignored() {
    let elsewhere = Elsewhere::start().await;
    let origin = elsewhere.origin.clone();
    let child = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([
            "--exact",
            "ssrf::a_call_reaches_the_instance",
            "--nocapture",
        ]);
        for name in [
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "all_proxy",
        ] {
            command.env(name, &origin);
        }
        command
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .env_remove("REQUEST_METHOD");
        command.output().unwrap()
    });
    let output = child.await.unwrap();
    let logged = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && logged.contains("1 passed"),
        "{logged}"
    );
    assert_eq!(elsewhere.connections().await, 0);
}

#[tokio::test]
async fn a_call_reaches_the_instance() {
    let server = Server::start(|_| Reply::result(&json!([Step::Account.row()]))).await;
    let reader = Reader::new(server.session_with(BASIC, quick()));
    assert!(
        Step::Account
            .ask(&reader)
            .await
            .unwrap()
            .contains(&id("0a"))
    );
    assert_eq!(server.seen().len(), 1);
}
