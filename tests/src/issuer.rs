//! A token issuer on this machine, whose keys the authorizer reads over HTTP as it reads those of
//! a user pool over HTTPS.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use testkit::token_issuer::{SigningKey, key_set};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// An issuer with a key of its own; it ends with the test.
pub struct LocalIssuer {
    key: SigningKey,
    base: String,
    answer: Arc<Mutex<String>>,
}

impl LocalIssuer {
    /// An issuer that listens and publishes its key.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let answer = Arc::new(Mutex::new(String::new()));
        let given = Arc::clone(&answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let body = given.lock().unwrap_or_else(PoisonError::into_inner).clone();
                tokio::spawn(serve(stream, body));
            }
        });
        let mut issuer = Self {
            key: SigningKey::rsa("first"),
            base,
            answer,
        };
        issuer.publish();
        issuer
    }

    fn publish(&mut self) {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        *answer = key_set(&[&self.key]).to_string();
    }

    /// Signs with another key from now on, and publishes that one alone.
    pub fn rotate(&mut self) {
        self.key = SigningKey::rsa("second");
        self.publish();
    }

    /// Its name, as `iss` has it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.base
    }

    /// Where its keys are.
    #[must_use]
    pub fn keys_url(&self) -> String {
        format!("{}/keys", self.base)
    }

    /// A token for a client that begins now and is good for a minute, with some claims changed.
    #[must_use]
    pub fn token(&self, client_id: &str, scope: &str, change: &Value) -> String {
        let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
        let now = now.as_secs();
        let mut claims = json!({
            "iss": self.base, "token_use": "access", "client_id": client_id, "sub": client_id,
            "scope": scope, "iat": now, "exp": now + 60,
        });
        let members = claims.as_object_mut().expect("an object");
        members.extend(change.as_object().expect("an object").clone());
        self.key.token(&claims)
    }
}

async fn serve(mut stream: TcpStream, body: String) {
    let _ = stream.read(&mut [0; 4096]).await;
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    let answer = format!("{head}Content-Length: {length}\r\n\r\n{body}");
    let _ = stream.write_all(answer.as_bytes()).await;
}
