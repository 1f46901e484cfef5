//! Making a connection: name, TCP and TLS, all within one time.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;

/// Makes connections.
#[derive(Debug, Clone)]
pub(crate) struct Dial {
    https: HttpsConnector<HttpConnector>,
    timeout: Duration,
}

/// No connection within the time for it.
#[derive(Debug, thiserror::Error)]
#[error("no connection was made in time")]
pub(crate) struct ConnectTimedOut;

impl Dial {
    /// Connections with TLS; without it only where `plain` addresses are allowed.
    pub(crate) fn new(config: ClientConfig, plain: bool, timeout: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        // A request is written in one piece or two; none of them waits for an acknowledgement.
        tcp.set_nodelay(true);
        let builder = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(config);
        let builder = match plain {
            true => builder.https_or_http(),
            false => builder.https_only(),
        };
        Self {
            https: builder.enable_http1().wrap_connector(tcp),
            timeout,
        }
    }
}

impl Service<Uri> for Dial {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = tokio::time::timeout(self.timeout, self.https.call(to));
        Box::pin(async move {
            connecting
                .await
                .unwrap_or_else(|_| Err(ConnectTimedOut.into()))
        })
    }
}
