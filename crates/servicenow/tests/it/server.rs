//! A server that answers what a test tells it to, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, Response};
use jiff::Timestamp;
use ports::Clock;
use serde_json::Value;
use servicenow::{Instance, Limits, ServiceNowCredentials, Session};
use tokio::net::TcpListener;

/// One request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The raw query.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    /// A parameter of the query, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The table that was asked, or the path.
    pub(crate) fn table(&self) -> &str {
        match self.path.strip_prefix("/api/now/v2/table/") {
            Some(table) => table.split('/').next().unwrap(),
            None => &self.path,
        }
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) delay: Duration,
}

impl Reply {
    pub(crate) fn new(status: u16, kind: &str, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: vec![("content-type", kind.to_owned())],
            body: body.into(),
            delay: Duration::ZERO,
        }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json;charset=UTF-8", body.to_string())
    }

    /// `{"result": …}` with status 200.
    pub(crate) fn result(result: &Value) -> Self {
        Self::json(200, &serde_json::json!({ "result": result }))
    }

    /// An error in ServiceNow's shape, with a text that must never be repeated.
    pub(crate) fn failure(status: u16) -> Self {
        Self::json(
            status,
            &serde_json::json!({
                "error": {"message": "canary message", "detail": "canary detail"},
                "status": "failure"
            }),
        )
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// A running server. It ends with the runtime of its test.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    peak: Arc<AtomicUsize>,
    seconds: Arc<AtomicI64>,
}

impl Server {
    /// Starts a server that answers with what the function gives.
    pub(crate) async fn start(reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            peak: Arc::default(),
            seconds: Arc::default(),
        };
        let (seen, peak) = (Arc::clone(&server.seen), Arc::clone(&server.peak));
        let (busy, reply) = (Arc::new(AtomicUsize::new(0)), Arc::new(reply));
        let app = Router::new().fallback(move |request: Request| {
            let (seen, peak) = (Arc::clone(&seen), Arc::clone(&peak));
            let (busy, reply) = (Arc::clone(&busy), Arc::clone(&reply));
            async move {
                peak.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let request = read(request).await;
                let answer = reply(&request);
                seen.lock().unwrap().push(request);
                tokio::time::sleep(answer.delay).await;
                busy.fetch_sub(1, Ordering::SeqCst);
                write(answer)
            }
        });
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        server
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many requests there were for a table or path.
    pub(crate) fn count(&self, table: &str) -> usize {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .filter(|seen| seen.table() == table)
            .count()
    }

    /// The most requests that were answered at once.
    pub(crate) fn peak(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }

    pub(crate) fn instance(&self) -> Instance {
        format!("http://{}", self.address).parse().unwrap()
    }

    /// A session with a user and password, without pauses or second attempts.
    pub(crate) fn session(&self) -> Session {
        self.session_with(
            BASIC,
            Limits {
                retries: 0,
                ..quick()
            },
        )
    }

    pub(crate) fn session_with(&self, credentials: &str, limits: Limits) -> Session {
        let credentials: ServiceNowCredentials = credentials.parse().unwrap();
        Session::with_limits(self.instance(), credentials, limits, self.clock()).unwrap()
    }

    /// The clock of all sessions with this server, which only moves by [`Server::advance`].
    pub(crate) fn clock(&self) -> Clock {
        let seconds = Arc::clone(&self.seconds);
        Clock::new(move || {
            let second = 1_800_000_000 + seconds.load(Ordering::SeqCst);
            Timestamp::from_second(second).unwrap()
        })
    }

    /// Puts the clock forward.
    pub(crate) fn advance(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// A clock that stands still.
pub(crate) fn stopped() -> Clock {
    Clock::new(|| Timestamp::UNIX_EPOCH)
}

pub(crate) const BASIC: &str = r#"{"username":"canary.user","password":"canary:password"}"#;

/// The usual limits with short times.
pub(crate) fn quick() -> Limits {
    Limits {
        total: Duration::from_secs(5),
        pause: Duration::from_millis(5),
        ..Limits::default()
    }
}

async fn read(request: Request) -> Seen {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    Seen {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

fn write(reply: Reply) -> Response<Body> {
    let response = reply.headers.into_iter().fold(
        Response::builder().status(reply.status),
        |response, (name, value)| response.header(name, value),
    );
    response.body(Body::from(reply.body)).unwrap()
}
