//! The issuer's keys over HTTPS, with the AWS SDK's own client: TLS 1.2 or later with the system's
//! roots, no redirects, no proxy, a small answer or none.

use std::str::FromStr;
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use http_body_util::{BodyExt as _, Limited};

use crate::keys::{KeySource, KeySourceError};

/// How long everything may take, from the name to the last byte.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How large a key set may be, in bytes.
const SIZE: usize = 64 * 1024;

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

/// The issuer's address for its keys.
pub struct IssuerKeys {
    connector: Connector,
    url: KeysUrl,
}

impl IssuerKeys {
    /// Keys from this address.
    #[must_use]
    pub fn new(url: KeysUrl) -> Self {
        let connector = Connector::builder()
            .proxy_config(ProxyConfig::disabled())
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .tls_context(tls::TlsContext::default())
            .build();
        Self { connector, url }
    }

    async fn fetch(&self) -> Result<Vec<u8>, KeySourceError> {
        let request = HttpRequest::get(self.url.0.as_str());
        let mut request = request.map_err(|_| KeySourceError::Unreachable)?;
        request.headers_mut().insert("accept", "application/json");
        let answer = self.connector.call(request).await;
        let answer = answer.map_err(|_| KeySourceError::Unreachable)?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(KeySourceError::Status(status));
        }
        let body = Limited::new(answer.into_body(), SIZE).collect().await;
        let body = body.map_err(|_| KeySourceError::Body)?;
        Ok(body.to_bytes().to_vec())
    }
}

impl KeySource for IssuerKeys {
    async fn read(&self) -> Result<Vec<u8>, KeySourceError> {
        tokio::time::timeout(PATIENCE, self.fetch())
            .await
            .unwrap_or(Err(KeySourceError::Late))
    }
}
