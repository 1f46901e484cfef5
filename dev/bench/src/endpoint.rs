//! AWS for the functions that are measured: one address over TLS that knows the operations that
//! they call, and counts them.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::certificate::Identity;
use crate::http::{self, Request};
use crate::runtime_api::Both;
use crate::store::Store;

/// How often which operation was called, such as `DynamoDB.GetItem`.
pub(crate) type Calls = BTreeMap<String, u64>;

/// What the services hold, and who has called.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// DynamoDB.
    pub(crate) store: Store,
    /// Secrets Manager: the text of every secret, by the last part of its name.
    pub(crate) secrets: BTreeMap<String, String>,
    connections: u64,
    calls: Calls,
    refused: Vec<String>,
}

/// A running endpoint.
pub(crate) struct Endpoint {
    url: String,
    roots: PathBuf,
    held: Arc<Mutex<Held>>,
}

impl Endpoint {
    /// Starts one, on a free port of the loopback address.
    ///
    /// # Errors
    /// Where no port can be had.
    pub(crate) fn start(identity: Identity) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let url = format!("https://{}", listener.local_addr()?);
        let held = Arc::new(Mutex::new(Held::default()));
        let (shared, tls) = (Arc::clone(&held), identity.server);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (held, tls) = (Arc::clone(&shared), Arc::clone(&tls));
                held.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .connections += 1;
                std::thread::spawn(move || serve(stream, tls, &held));
            }
        });
        Ok(Self {
            url,
            roots: identity.roots,
            held,
        })
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The file with the roots that its callers trust.
    pub(crate) fn roots(&self) -> &Path {
        &self.roots
    }

    /// What it holds.
    pub(crate) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The calls since this was last asked.
    pub(crate) fn calls(&self) -> Calls {
        std::mem::take(&mut self.held().calls)
    }

    /// The connections since this was last asked.
    pub(crate) fn connections(&self) -> u64 {
        std::mem::take(&mut self.held().connections)
    }

    /// The operations that were asked for and are not known here.
    pub(crate) fn refused(&self) -> Vec<String> {
        std::mem::take(&mut self.held().refused)
    }
}

fn serve(stream: TcpStream, tls: Arc<ServerConfig>, held: &Mutex<Held>) {
    let _ = stream.set_nodelay(true);
    let Ok(connection) = ServerConnection::new(tls) else {
        return;
    };
    let mut wire = BufReader::new(StreamOwned::new(connection, stream));
    while let Ok(Some(request)) = http::read(&mut Both(&mut wire)) {
        let (status, body) = answer(&request, held);
        let fields = [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("x-amzn-RequestId", "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"),
        ];
        let written = http::write(wire.get_mut(), status, &fields, body.to_string().as_bytes());
        if written.is_err() || request.closes() {
            return;
        }
    }
}

fn answer(request: &Request, held: &Mutex<Held>) -> (u16, Value) {
    let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
    let target = request.fields.get("x-amz-target");
    let target = target.map_or(request.path.as_str(), String::as_str);
    let (service, operation) = target.split_once('.').unwrap_or(("unknown", target));
    let service = service.split('_').next().unwrap_or(service).to_owned();
    *held
        .calls
        .entry(format!("{service}.{operation}"))
        .or_default() += 1;
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let known = match (service.as_str(), operation) {
        ("secretsmanager", "GetSecretValue") => secret(&held, &body),
        ("AmazonSQS", "SendMessage") => Some(json!({
            "MessageId": "5fea7756-0ea4-451a-a703-a558b933e274",
            "MD5OfMessageBody": "00000000000000000000000000000000",
        })),
        ("DynamoDB", operation) => held.store.answer(operation, &body),
        _ => None,
    };
    match known {
        Some(body) => (200, body),
        None => {
            let name = format!("{service}.{operation}");
            held.refused.push(name);
            (400, json!({"__type": "UnknownOperationException"}))
        }
    }
}

fn secret(held: &Held, body: &Value) -> Option<Value> {
    let name = body.get("SecretId")?.as_str()?;
    let text = held.secrets.get(name.rsplit(':').next().unwrap_or(name))?;
    Some(json!({
        "ARN": name, "Name": "bench", "VersionId": "00000000-0000-0000-0000-000000000001",
        "SecretString": text, "VersionStages": ["AWSCURRENT"], "CreatedDate": 1_795_338_000,
    }))
}
