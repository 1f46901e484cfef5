//! Limits: calls in flight, pauses, retries, the circuit breaker.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ports::servicenow::Tickets as _;
use serde_json::json;
use servicenow::{Instance, Limits, Reader, Session, Writer};
use snowgate_core::request::TableName;

use crate::server::{BASIC, Reply, Server, quick, stopped};
use crate::steps::{Step, sys_id};
use crate::writing::update;

fn good() -> Reply {
    Reply::result(&json!([Step::Account.row()]))
}

/// A session with an instance that is not the server of the test.
fn session(instance: Instance) -> Session {
    Session::with_limits(instance, BASIC.parse().unwrap(), quick(), stopped()).unwrap()
}

/// Answers with these in turn, then well.
async fn scripted(replies: Vec<Reply>) -> Server {
    let next = AtomicUsize::new(0);
    Server::start(move |_| {
        let at = next.fetch_add(1, Ordering::SeqCst);
        replies.get(at).cloned().unwrap_or_else(good)
    })
    .await
}

#[tokio::test]
async fn at_most_three_calls_are_under_way() {
    let server = Server::start(|_| good().after(Duration::from_millis(20))).await;
    let reader = Reader::new(server.session_with(BASIC, quick()));
    let asks: Vec<_> = (0..24)
        .map(|_| {
            let reader = reader.clone();
            tokio::spawn(async move { Step::Account.ask(&reader).await })
        })
        .collect();
    for ask in asks {
        ask.await.unwrap().unwrap();
    }
    assert_eq!((server.seen().len(), server.peak()), (24, 3));
}

#[tokio::test]
async fn a_busy_instance_is_asked_again_at_most_twice() {
    for (replies, calls, code) in [
        (vec![Reply::failure(429)], 2, None),
        (vec![Reply::failure(503), Reply::failure(429)], 3, None),
        (vec![Reply::failure(503); 3], 3, Some("Unavailable")),
        (vec![Reply::failure(429); 9], 3, Some("TooManyRequests")),
        (vec![Reply::failure(500)], 1, Some("ServerError")),
        (
            vec![Reply::result(&json!([])).with("x", "y"), good()],
            1,
            None,
        ),
        (
            vec![Reply::new(200, "text/html", "<html>")],
            1,
            Some("NotJson"),
        ),
        (
            vec![Reply::failure(429).with("retry-after", "60")],
            1,
            Some("TooManyRequests"),
        ),
    ] {
        let server = scripted(replies).await;
        let reader = Reader::new(server.session_with(BASIC, quick()));
        let outcome = Step::Account
            .ask(&reader)
            .await
            .err()
            .map(|error| error.code);
        assert_eq!((outcome.as_deref(), server.seen().len()), (code, calls));
    }
}

#[tokio::test]
async fn a_short_wait_is_waited() {
    let server = scripted(vec![Reply::failure(429).with("retry-after", "1")]).await;
    let reader = Reader::new(server.session_with(BASIC, quick()));
    let start = Instant::now();
    Step::Account.ask(&reader).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_slow_instance_is_given_up() {
    let server = Server::start(|_| good().after(Duration::from_secs(30))).await;
    let limits = Limits {
        total: Duration::from_millis(200),
        ..quick()
    };
    let reader = Reader::new(server.session_with(BASIC, limits));
    // Long before the instance answers, however busy this machine is.
    let asked = tokio::time::timeout(Duration::from_secs(25), Step::Account.ask(&reader)).await;
    let error = asked.expect("given up").unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.is_transient()),
        ("TimedOut", true)
    );
}

#[tokio::test]
async fn five_failures_in_a_row_and_it_is_left_alone() {
    for reply in [
        Reply::failure(500),
        Reply::failure(401),
        Reply::failure(429),
        Reply::new(200, "text/html", "<html>"),
        Reply::new(200, "application/json", "{"),
    ] {
        let server = Server::start(move |_| reply.clone()).await;
        let reader = Reader::new(server.session());
        for call in 0..20 {
            let error = Step::Account.ask(&reader).await.unwrap_err();
            assert_eq!(
                error.code == "BreakerOpen",
                call >= 5,
                "call {call}: {error}"
            );
            assert!(error.is_transient());
        }
        assert_eq!(server.seen().len(), 5);
    }
}

#[tokio::test]
async fn an_open_breaker_lets_one_probe_through_in_thirty_seconds() {
    let mended = Arc::new(AtomicBool::new(false));
    let well = Arc::clone(&mended);
    let server = Server::start(move |_| match well.load(Ordering::SeqCst) {
        true => good(),
        false => Reply::failure(500),
    })
    .await;
    let reader = Reader::new(server.session());
    let code = async || {
        let answer = Step::Account.ask(&reader).await;
        answer.err().map(|error| error.code)
    };
    let open = || Some("BreakerOpen".to_owned());
    for _ in 0..5 {
        assert_eq!(code().await.as_deref(), Some("ServerError"));
    }
    server.advance(29);
    assert_eq!(code().await, open());
    server.advance(1);
    assert_eq!(code().await.as_deref(), Some("ServerError"), "the probe");
    assert_eq!(code().await, open(), "and no other");
    mended.store(true, Ordering::SeqCst);
    server.advance(30);
    assert_eq!(code().await, None);
    assert_eq!(code().await, None, "closed again");
    assert_eq!(server.seen().len(), 8);
}

#[tokio::test]
async fn refusals_in_its_own_words_do_not_open_the_breaker() {
    let server = Server::start(|_| Reply::failure(403)).await;
    let reader = Reader::new(server.session());
    for _ in 0..10 {
        assert_eq!(
            Step::Account.ask(&reader).await.unwrap_err().code,
            "Forbidden"
        );
    }
    assert_eq!(server.seen().len(), 10);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let session = session(format!("http://{address}").parse().unwrap());
    let error = Step::Account.ask(&Reader::new(session)).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.is_transient()),
        ("Unreachable", true)
    );
    assert!(!crate::habits::logged(&error).contains("127.0.0.1"));
}

#[tokio::test]
async fn a_write_that_may_have_happened_is_not_sent_again() {
    for reply in [
        Reply::failure(429),
        Reply::failure(500),
        Reply::failure(503),
        Reply::new(200, "text/html", "<html>"),
    ] {
        let server = Server::start(move |seen| match (seen.method.as_str(), seen.table()) {
            ("PATCH", _) => reply.clone(),
            (_, "sys_journal_field") => Reply::result(&json!([])),
            _ => Reply::result(&json!([{
                "sys_id": sys_id("0e").as_str(), "state": "1", "correlation_id": ""
            }])),
        })
        .await;
        let writer = Writer::new(server.session_with(BASIC, quick()));
        let table = TableName::try_from("sc_req_item".to_owned()).unwrap();
        let error = writer
            .update(&table, &sys_id("0e"), &update())
            .await
            .unwrap_err();
        let patches = server
            .seen()
            .iter()
            .filter(|seen| seen.method == "PATCH")
            .count();
        assert_eq!((patches, error.is_transient()), (1, true), "{error}");
    }
}

#[tokio::test]
async fn an_https_instance_is_never_spoken_to_in_the_clear() {
    let server = Server::start(|_| good()).await;
    let session = session(format!("https://{}", server.address).parse().unwrap());
    let error = Step::Account.ask(&Reader::new(session)).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.is_transient()),
        ("Unreachable", true)
    );
    assert!(server.seen().is_empty());
}
