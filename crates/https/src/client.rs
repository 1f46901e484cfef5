//! Requests and answers.

use std::error::Error;
use std::io;
use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::dial::{ConnectTimedOut, Dial};
use crate::tls::{self, Roots, TlsError};

/// How connections are made and kept.
#[derive(Debug, Clone, Copy)]
pub struct HttpsSettings {
    /// Which authorities are believed.
    pub roots: Roots,
    /// Whether `http` addresses may be called too: for services on the same machine.
    pub plain: bool,
    /// How long a connection may take to be made: name, TCP and TLS.
    pub connect: Duration,
    /// How long a connection that nobody uses is kept.
    pub idle: Duration,
    /// How many of these are kept for one server.
    pub idle_connections: usize,
}

/// Calls servers, and keeps connections to them. Clones share these.
#[derive(Debug, Clone)]
pub struct HttpsClient(legacy::Client<Dial, SdkBody>);

/// Why there is no answer. Keeps no text of the transport: it may name hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpsError {
    /// No connection, or none that could be trusted.
    #[error("no connection could be made ({0})")]
    Unreachable(io::ErrorKind),
    /// The connection broke while the call was under way.
    #[error("the connection broke during the call")]
    Interrupted,
    /// More bytes than were allowed.
    #[error("the answer is too large")]
    TooLarge,
}

impl HttpsClient {
    /// A client. Nothing is connected yet.
    ///
    /// # Errors
    /// Where TLS could not be set up: never with the provider of this build.
    pub fn new(settings: &HttpsSettings) -> Result<Self, TlsError> {
        let dial = Dial::new(
            tls::config(settings.roots)?,
            settings.plain,
            settings.connect,
        );
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.idle)
            .pool_max_idle_per_host(settings.idle_connections)
            .build(dial);
        Ok(Self(client))
    }

    /// Sends a request to an absolute address and reads the whole answer, of `max_bytes` at most. It is
    /// not given up after some time: bound it where it is called.
    ///
    /// # Errors
    /// Where there is no answer, or a larger one.
    pub async fn call(
        &self,
        request: Request<Vec<u8>>,
        max_bytes: usize,
    ) -> Result<Response<Vec<u8>>, HttpsError> {
        let answer = self.send(request.map(SdkBody::from)).await;
        let (parts, mut body) = answer.map_err(|error| unanswered(&error))?.into_parts();
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| HttpsError::Interrupted)?;
            if let Some(data) = frame.data_ref() {
                if bytes.len() + data.len() > max_bytes {
                    return Err(HttpsError::TooLarge);
                }
                bytes.extend_from_slice(data);
            }
        }
        Ok(Response::from_parts(parts, bytes))
    }

    /// Sends a request; the answer's body is still to be read.
    pub(crate) fn send(&self, request: Request<SdkBody>) -> legacy::ResponseFuture {
        self.0.request(request)
    }
}

/// The first error of a kind in a chain.
pub(crate) fn cause<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn unanswered(error: &legacy::Error) -> HttpsError {
    if !error.is_connect() {
        return HttpsError::Interrupted;
    }
    let kind = match (cause::<ConnectTimedOut>(error), cause::<io::Error>(error)) {
        (Some(_), _) => io::ErrorKind::TimedOut,
        (None, Some(io)) => io.kind(),
        (None, None) => io::ErrorKind::Other,
    };
    HttpsError::Unreachable(kind)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn client(plain: bool) -> HttpsClient {
        HttpsClient::new(&HttpsSettings {
            roots: Roots::Mozilla,
            plain,
            connect: Duration::from_millis(300),
            idle: Duration::from_secs(20),
            idle_connections: 1,
        })
        .unwrap()
    }

    fn get(address: &str) -> Request<Vec<u8>> {
        Request::get(address).body(Vec::new()).unwrap()
    }

    /// A server that says this to whoever calls, once, and then nothing more.
    async fn server(says: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1_024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(says.as_bytes()).await;
                held.push(stream);
            }
        });
        address
    }

    #[tokio::test]
    async fn answers_are_read_whole_or_not_at_all() {
        let address = server("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
        let address = format!("http://{address}/");
        let answer = client(true).call(get(&address), 5).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.body().as_slice()),
            (200, &b"hello"[..])
        );
        let large = client(true).call(get(&address), 4).await;
        assert_eq!(large.err(), Some(HttpsError::TooLarge));
    }

    #[tokio::test]
    async fn redirects_are_answers() {
        let moved =
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        let address = server(moved).await;
        let answer = client(true)
            .call(get(&format!("http://{address}/")), 5)
            .await;
        assert_eq!(answer.unwrap().status().as_u16(), 302);
    }

    #[tokio::test]
    async fn a_server_that_is_silent_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}/", listener.local_addr().unwrap());
        let late = client(false).call(get(&address), 5).await;
        assert_eq!(
            late.err(),
            Some(HttpsError::Unreachable(io::ErrorKind::TimedOut))
        );
        drop(listener);
        let gone = client(false).call(get(&address), 5).await;
        assert_eq!(
            gone.err(),
            Some(HttpsError::Unreachable(io::ErrorKind::ConnectionRefused))
        );
    }

    #[tokio::test]
    async fn what_is_not_tls_is_not_trusted_and_never_called_without() {
        let address = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let untrusted = client(false)
            .call(get(&format!("https://{address}/")), 5)
            .await;
        assert!(matches!(untrusted.err(), Some(HttpsError::Unreachable(_))));
        let plain = client(false)
            .call(get(&format!("http://{address}/")), 5)
            .await;
        assert!(matches!(plain.err(), Some(HttpsError::Unreachable(_))));
    }

    #[tokio::test]
    async fn a_broken_answer_is_no_answer() {
        let address = server("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhel").await;
        let call = client(true);
        let broken = tokio::time::timeout(
            Duration::from_millis(200),
            call.call(get(&format!("http://{address}/")), 9),
        );
        assert!(broken.await.is_err(), "it waits for the rest");
        let address = server("nonsense\r\n\r\n").await;
        let nonsense = call.call(get(&format!("http://{address}/")), 9).await;
        assert_eq!(nonsense.err(), Some(HttpsError::Interrupted));
    }
}
