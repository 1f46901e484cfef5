//! The issuer's keys over HTTPS: TLS 1.2 or later with the system's roots, no redirects, no proxy, a
//! small answer or none.

use std::str::FromStr;
use std::time::Duration;

use http::Request;
use https::{HttpsClient, HttpsError, HttpsSettings, Roots, TlsError};

use crate::keys::{KeySource, KeySourceError};

/// How long everything may take, from the name to the last byte.
const TIMEOUT: Duration = Duration::from_millis(1500);
/// How large a key set may be, in bytes.
const MAX_SIZE: usize = 64 * 1024;

/// An address that keys may be read from: `https`, or `http` on 127.0.0.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysUrl(String);

/// An address that keys may not be read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("keys are read from an https address without user, query and fragment")]
pub struct KeysUrlError;

impl FromStr for KeysUrl {
    type Err = KeysUrlError;

    fn from_str(text: &str) -> Result<Self, KeysUrlError> {
        let url: http::Uri = text.parse().map_err(|_| KeysUrlError)?;
        let authority = url.authority().ok_or(KeysUrlError)?;
        let safe = match url.scheme_str() {
            Some("https") => true,
            // A run on one machine.
            Some("http") => authority.host() == "127.0.0.1",
            _ => false,
        };
        let plain = !authority.as_str().contains('@') && url.query().is_none();
        if safe && plain && !text.contains('#') {
            Ok(Self(text.to_owned()))
        } else {
            Err(KeysUrlError)
        }
    }
}

/// Reads the issuer's keys from its address.
pub struct HttpsKeySource {
    client: HttpsClient,
    url: KeysUrl,
}

impl HttpsKeySource {
    /// Keys from this address.
    ///
    /// # Errors
    /// Where TLS could not be set up.
    pub fn new(url: KeysUrl) -> Result<Self, TlsError> {
        let client = HttpsClient::new(&HttpsSettings {
            roots: Roots::System,
            plain: url.0.starts_with("http:"),
            connect: TIMEOUT,
            idle: TIMEOUT,
            idle_connections: 1,
        })?;
        Ok(Self { client, url })
    }

    async fn fetch(&self) -> Result<Vec<u8>, KeySourceError> {
        let request = Request::get(self.url.0.as_str())
            .header("accept", "application/json")
            .body(Vec::new())
            .map_err(|_| KeySourceError::Unreachable)?;
        let answer = self.client.call(request, MAX_SIZE).await;
        let answer = answer.map_err(|error| match error {
            HttpsError::Unreachable(_) => KeySourceError::Unreachable,
            HttpsError::Interrupted | HttpsError::TooLarge => KeySourceError::Body,
        })?;
        match answer.status().as_u16() {
            200 => Ok(answer.into_body()),
            status => Err(KeySourceError::Status(status)),
        }
    }
}

impl KeySource for HttpsKeySource {
    async fn read(&self) -> Result<Vec<u8>, KeySourceError> {
        tokio::time::timeout(TIMEOUT, self.fetch())
            .await
            .unwrap_or(Err(KeySourceError::TimedOut))
    }
}
