//! Signing in: where the credentials go, and how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use servicenow::{Limits, Reader};

use crate::habits::logged;
use crate::server::{BASIC, Reply, Seen, Server, quick};
use crate::steps::Step;

const TOKEN: &str = "/oauth_token.do";
const CLIENT: &str = r#"{"client_id":"canary-id","client_secret":"canary&secret","grant_type":"client_credentials"}"#;
const PASSWORD: &str = r#"{"username":"canary-user","password":"canary+word","client_id":"canary-id","client_secret":"canary&secret"}"#;

/// Gives out `token-1`, `token-2`, …, each for so many seconds, and takes those from `valid` on.
struct Gate {
    given: AtomicU64,
    valid: AtomicU64,
    life: u64,
}

impl Gate {
    fn new(life: u64) -> Arc<Self> {
        Arc::new(Self {
            given: AtomicU64::new(0),
            valid: AtomicU64::new(1),
            life,
        })
    }

    fn reply(&self, seen: &Seen) -> Reply {
        if seen.path == TOKEN {
            let count = self.given.fetch_add(1, Ordering::SeqCst) + 1;
            let token = json!({
                "access_token": format!("token-{count}"), "token_type": "Bearer",
                "expires_in": self.life, "scope": "useraccount", "refresh_token": "unused"
            });
            return Reply::json(200, &token).after(Duration::from_millis(30));
        }
        let token = seen
            .header("authorization")
            .unwrap()
            .strip_prefix("Bearer token-")
            .unwrap();
        if token.parse::<u64>().unwrap() < self.valid.load(Ordering::SeqCst) {
            return Reply::failure(401);
        }
        Reply::result(&json!([Step::Account.row()]))
    }
}

async fn gated(gate: &Arc<Gate>) -> Server {
    let gate = Arc::clone(gate);
    Server::start(move |seen| gate.reply(seen)).await
}

async fn many(reader: &Reader, count: usize) -> usize {
    let asks = (0..count).map(|_| {
        let reader = reader.clone();
        tokio::spawn(async move { Step::Account.ask(&reader).await.is_ok() })
    });
    let asks: Vec<_> = asks.collect();
    let mut good = 0;
    for ask in asks {
        good += usize::from(ask.await.unwrap());
    }
    good
}

#[tokio::test]
async fn credentials_go_into_the_form_and_nowhere_else() {
    for (credentials, form) in [
        (
            CLIENT,
            "grant_type=client_credentials&client_id=canary-id&client_secret=canary%26secret",
        ),
        (
            PASSWORD,
            "grant_type=password&client_id=canary-id&client_secret=canary%26secret\
             &username=canary-user&password=canary%2Bword",
        ),
    ] {
        let server = gated(&Gate::new(1_800)).await;
        let reader = Reader::new(server.session_with(credentials, quick()));
        Step::Account.ask(&reader).await.unwrap();
        let seen = server.seen();
        let [sign_in, question] = seen.as_slice() else {
            panic!("two calls")
        };
        assert_eq!(
            (sign_in.method.as_str(), sign_in.path.as_str()),
            ("POST", TOKEN)
        );
        assert_eq!((sign_in.query.as_str(), sign_in.body.as_str()), ("", form));
        assert_eq!(sign_in.header("authorization"), None);
        assert_eq!(
            sign_in.header("content-type"),
            Some("application/x-www-form-urlencoded")
        );
        assert_eq!(question.header("authorization"), Some("Bearer token-1"));
        let rest = format!("{:?}{question:?}", sign_in.headers);
        assert!(!rest.contains("canary"), "{rest}");
        assert!(!format!("{reader:?}").contains("canary"));
    }
}

#[tokio::test]
async fn a_user_signs_in_with_every_call() {
    let server = Server::start(|_| Reply::result(&json!([Step::Account.row()]))).await;
    Step::Account
        .ask(&Reader::new(server.session_with(BASIC, quick())))
        .await
        .unwrap();
    let seen = server.seen();
    // RFC 7617: base64 of `canary.user:canary:password`.
    let header = "Basic Y2FuYXJ5LnVzZXI6Y2FuYXJ5OnBhc3N3b3Jk";
    assert_eq!(seen[0].header("authorization"), Some(header));
}

#[tokio::test]
async fn one_token_serves_many_calls_at_once() {
    let server = gated(&Gate::new(1_800)).await;
    let reader = Reader::new(server.session_with(CLIENT, quick()));
    assert_eq!(many(&reader, 20).await, 20);
    assert_eq!((server.count(TOKEN), server.seen().len()), (1, 21));
}

#[tokio::test]
async fn a_token_near_its_end_is_not_used_again() {
    let server = gated(&Gate::new(1_800)).await;
    let reader = Reader::new(server.session_with(CLIENT, quick()));
    for (seconds, tokens) in [(0, 1), (1_739, 1), (1, 2), (1_739, 2), (1, 3)] {
        server.advance(seconds);
        Step::Account.ask(&reader).await.unwrap();
        assert_eq!(server.count(TOKEN), tokens);
    }
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_for_all() {
    let gate = Gate::new(1_800);
    let server = gated(&gate).await;
    let reader = Reader::new(server.session_with(CLIENT, quick()));
    Step::Account.ask(&reader).await.unwrap();
    gate.valid.store(2, Ordering::SeqCst);
    assert_eq!(many(&reader, 12).await, 12);
    assert_eq!(server.count(TOKEN), 2);
}

#[tokio::test]
async fn signing_in_again_is_never_a_loop() {
    let gate = Gate::new(1_800);
    gate.valid.store(1_000, Ordering::SeqCst);
    let server = gated(&gate).await;
    let reader = Reader::new(server.session_with(CLIENT, quick()));
    let error = Step::Account.ask(&reader).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.is_transient()),
        ("Unauthorized", true)
    );
    assert_eq!((server.count(TOKEN), server.seen().len()), (2, 4));

    let server = Server::start(|_| Reply::failure(401)).await;
    let reader = Reader::new(server.session_with(BASIC, quick()));
    assert_eq!(
        Step::Account.ask(&reader).await.unwrap_err().code,
        "Unauthorized"
    );
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_call_signs_in_again_once_however_often_it_is_sent() {
    let gate = Gate::new(1_800);
    let asked = AtomicU64::new(0);
    let server = Server::start(move |seen| match seen.path == TOKEN {
        true => gate.reply(seen),
        false => match asked.fetch_add(1, Ordering::SeqCst) {
            0 | 2 => Reply::failure(401),
            1 => Reply::failure(503),
            _ => Reply::result(&json!([Step::Account.row()])),
        },
    })
    .await;
    let reader = Reader::new(server.session_with(CLIENT, quick()));
    let error = Step::Account.ask(&reader).await.unwrap_err();
    assert_eq!(error.code, "Unauthorized");
    assert_eq!((server.count(TOKEN), server.seen().len()), (2, 5));
    assert!(
        Step::Account.ask(&reader).await.is_ok(),
        "the next call starts anew"
    );
}

#[tokio::test]
async fn without_a_token_nothing_is_asked() {
    let refused = json!({"error": "access_denied", "error_description": "canary"});
    for (reply, code) in [
        (Reply::json(400, &refused), "SignInRefused"),
        (Reply::json(401, &refused), "SignInRefused"),
        (Reply::json(403, &refused), "SignInRefused"),
        (Reply::failure(500), "ServerError"),
        (Reply::new(200, "text/html", "<html>canary"), "NotJson"),
        (
            Reply::json(200, &json!({"access_token": "canary"})),
            "Incomplete",
        ),
        (Reply::json(202, &json!({})), "Accepted"),
        (
            Reply::new(302, "text/html", "").with("location", "/login.do"),
            "Redirected",
        ),
    ] {
        let server = Server::start(move |_| reply.clone()).await;
        let limits = Limits {
            retries: 0,
            ..quick()
        };
        let reader = Reader::new(server.session_with(CLIENT, limits));
        let error = Step::Account.ask(&reader).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.is_transient()), (code, true));
        assert_eq!((server.count(TOKEN), server.seen().len()), (1, 1), "{code}");
        assert!(!logged(&error).contains("canary"));
    }
}
