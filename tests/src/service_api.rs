//! The service API, as any client calls it.

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use serde_json::Value;

/// The service API.
pub struct ServiceApi {
    http: reqwest::Client,
    base: String,
    key: String,
}

/// A client's name and secret.
#[derive(Clone)]
pub struct Credentials {
    id: String,
    secret: String,
}

impl Credentials {
    /// These.
    #[must_use]
    pub fn new(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
        }
    }
}

/// What the API answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
    /// The body as JSON; null where it is none.
    pub body: Value,
}

impl Answer {
    /// A header's value; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl ServiceApi {
    pub(crate) fn new(http: reqwest::Client, base: String, key: String) -> Self {
        Self { http, base, key }
    }

    /// Any call, without API key and credentials.
    pub fn call(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Any call, with the API key.
    pub fn keyed(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.call(method, path).header("x-api-key", &self.key)
    }

    /// GET of a path.
    pub async fn get(&self, credentials: Option<&Credentials>, path: &str) -> Answer {
        let sent = self.keyed(Method::GET, path);
        answer(sent, credentials).await
    }

    /// A new request, with or without an idempotency key.
    pub async fn submit(
        &self,
        credentials: Option<&Credentials>,
        key: Option<&str>,
        body: &Value,
    ) -> Answer {
        let text = body.to_string();
        let mut sent = self.keyed(Method::POST, "/v1/requests");
        if let Some(key) = key {
            sent = sent.header("Idempotency-Key", key);
        }
        let sent = sent.header(CONTENT_TYPE, "application/json").body(text);
        answer(sent, credentials).await
    }

    /// Ends a request: `withdraw`, `revoke` or `abandon`, with a body or without.
    pub async fn end(
        &self,
        credentials: Option<&Credentials>,
        id: &str,
        how: &str,
        body: Option<&Value>,
    ) -> Answer {
        let mut sent = self.keyed(Method::POST, &format!("/v1/requests/{id}/{how}"));
        if let Some(body) = body {
            sent = sent
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        answer(sent, credentials).await
    }

    /// A new request that is sent as these bytes, whatever they are.
    pub async fn submit_raw(&self, credentials: &Credentials, kind: &str, bytes: &str) -> Answer {
        let sent = self.keyed(Method::POST, "/v1/requests");
        let sent = sent.header(CONTENT_TYPE, kind).body(bytes.to_owned());
        answer(sent, Some(credentials)).await
    }
}

/// Sends a call with these credentials.
pub(crate) async fn answer(
    mut sent: reqwest::RequestBuilder,
    credentials: Option<&Credentials>,
) -> Answer {
    if let Some(Credentials { id, secret }) = credentials {
        sent = sent.basic_auth(id, Some(secret));
    }
    Answer::of(sent.header(ACCEPT, "application/json")).await
}

impl Answer {
    /// Sends a call; what was answered.
    pub async fn of(call: reqwest::RequestBuilder) -> Self {
        let answer = call.send().await.expect("the service API answers");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("an answer is text");
        let body = serde_json::from_str(&text).unwrap_or_default();
        Self {
            status,
            headers,
            text,
            body,
        }
    }
}
