//! What the security team does about requests, through the service API.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request, Response, StatusCode, Uri};
use https::{HttpsClient, HttpsError, HttpsSettings, Roots, TlsError};
use serde::Deserialize;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::State;
use snowgate_core::prose::Reason;

use crate::terminal::line;

/// How long the service may take for its answer: API Gateway gives it 29 seconds.
const PATIENCE: Duration = Duration::from_secs(35);
/// The largest answer that is read, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum RequestsError {
    /// A variable of the environment is missing, or is no text.
    #[error("the environment has no `{0}`")]
    Variable(&'static str),
    /// The address or a credential cannot be sent.
    #[error("the address of the service API, or a credential, cannot be sent as it is")]
    Unsendable(#[source] http::Error),
    /// TLS could not be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The service gave no answer.
    #[error(
        "the service API gave no answer; whether it did what was asked is not known: ask again"
    )]
    NoAnswer(#[source] HttpsError),
    /// The service took too long.
    #[error("the service API took too long; whether it did what was asked is not known: ask again")]
    TooLate,
    /// The service refused.
    #[error("the service API answered {status}: {title}{detail}")]
    Refused {
        /// The status of the answer.
        status: u16,
        /// What the problem is called (RFC 9457, `title`); empty where the answer is none.
        title: String,
        /// What it says of this call (`detail`), after a colon; empty where it says nothing.
        detail: String,
    },
}

/// A parked removal, and why it is abandoned.
#[derive(Debug, Clone, clap::Args)]
pub struct AbandonOptions {
    /// The request's id.
    request: RequestId,
    /// Why, for the ticket and the audit trail: 3 to 1,000 characters.
    #[arg(long)]
    reason: Reason,
    /// Where the service API is: the stack's output ServiceApiUrl [env: SNOWGATE_SERVICE_API]
    #[arg(long, value_name = "ADDRESS")]
    api: Option<String>,
}

/// The credentials of a security client. `Debug` never shows them.
struct Credentials {
    authorization: String,
    api_key: Option<String>,
}

/// What the service says of an ended request.
#[derive(Deserialize)]
struct EndedState {
    state: String,
}

/// A problem (RFC 9457).
#[derive(Default, Deserialize)]
struct ProblemDetails {
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
}

/// Abandons a parked removal, as the client whose credentials the environment has.
///
/// # Errors
/// Where the service did not answer that it is abandoned.
pub async fn abandon(options: AbandonOptions) -> Result<(), RequestsError> {
    let api = match &options.api {
        Some(api) => api.clone(),
        None => variable("SNOWGATE_SERVICE_API")?,
    };
    let id = variable("SNOWGATE_CLIENT_ID")?;
    let secret = variable("SNOWGATE_CLIENT_SECRET")?;
    let credentials = Credentials {
        authorization: format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))),
        api_key: variable("SNOWGATE_API_KEY").ok(),
    };
    let state = abandon_at(&api, &credentials, &options).await?;
    line(&format!("{} is {state}.", options.request));
    line("Its access may remain in effect until someone removes it in IAM; the ticket says so.");
    Ok(())
}

fn variable(name: &'static str) -> Result<String, RequestsError> {
    let found = std::env::var(name).ok().filter(|text| !text.is_empty());
    found.ok_or(RequestsError::Variable(name))
}

/// The state of the request after the call.
async fn abandon_at(
    api: &str,
    credentials: &Credentials,
    options: &AbandonOptions,
) -> Result<String, RequestsError> {
    let api = api.trim_end_matches('/');
    let address: Uri = format!("{api}/v1/requests/{}/abandon", options.request)
        .parse()
        .map_err(|error| RequestsError::Unsendable(http::Error::from(error)))?;
    let client = HttpsClient::new(&HttpsSettings {
        roots: Roots::Mozilla,
        plain: is_this_machine(&address),
        connect: PATIENCE,
        idle: PATIENCE,
        idle_connections: 1,
    })?;
    let body = serde_json::json!({ "reason": options.reason });
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(address)
        .header("Authorization", &credentials.authorization)
        .header("Content-Type", "application/json")
        .header("Accept", "application/json");
    if let Some(api_key) = &credentials.api_key {
        request = request.header("x-api-key", api_key);
    }
    let request = request
        .body(body.to_string().into_bytes())
        .map_err(RequestsError::Unsendable)?;
    let answer = tokio::time::timeout(PATIENCE, client.call(request, MOST_BYTES)).await;
    let answer = answer.map_err(|_| RequestsError::TooLate)?;
    state_in(&answer.map_err(RequestsError::NoAnswer)?)
}

/// Whether credentials may go there in plain: to a stack on this machine only. What stands in front of
/// the host is somebody else's host in disguise.
fn is_this_machine(address: &Uri) -> bool {
    let authority = address
        .authority()
        .map_or("", |authority| authority.as_str());
    address.host() == Some("127.0.0.1") && !authority.contains('@')
}

fn state_in(answer: &Response<Vec<u8>>) -> Result<String, RequestsError> {
    let ended: Option<EndedState> = serde_json::from_slice(answer.body()).ok();
    let is_it = |ended: &EndedState| {
        answer.status() == StatusCode::OK && ended.state == State::Abandoned.name()
    };
    match ended.filter(is_it) {
        Some(ended) => Ok(ended.state),
        None => Err(refusal(answer)),
    }
}

fn refusal(answer: &Response<Vec<u8>>) -> RequestsError {
    let problem: ProblemDetails = serde_json::from_slice(answer.body()).unwrap_or_default();
    let detail = match problem.detail.is_empty() {
        true => String::new(),
        false => format!(": {}", problem.detail),
    };
    RequestsError::Refused {
        status: answer.status().as_u16(),
        title: problem.title,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread::{JoinHandle, spawn};

    use super::*;

    /// A service that gives one answer; its address, and what it was sent: the head and the body.
    fn service(status: &'static str, body: &'static str) -> (String, JoinHandle<(String, String)>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let (mut head, mut line) = (String::new(), String::new());
            while reader.read_line(&mut line).unwrap() > 2 {
                head.push_str(&line.to_lowercase());
                line.clear();
            }
            let (_, length) = head.split_once("content-length: ").unwrap();
            let length = length.lines().next().unwrap().parse().unwrap();
            let mut sent = vec![0; length];
            reader.read_exact(&mut sent).unwrap();
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
            (head, String::from_utf8(sent).unwrap())
        });
        (address, asked)
    }

    async fn abandon(api: &str) -> Result<String, RequestsError> {
        let options = AbandonOptions {
            request: RequestId::from_random([1; 16]),
            reason: "The account is closed".parse().unwrap(),
            api: None,
        };
        let credentials = Credentials {
            authorization: "Basic d2F0Y2g6c2VjcmV0".to_owned(),
            api_key: Some("key".to_owned()),
        };
        abandon_at(api, &credentials, &options).await
    }

    #[tokio::test]
    async fn a_removal_is_abandoned_with_a_reason() {
        let id = RequestId::from_random([1; 16]);
        let (api, asked) = service("200 OK", r#"{"request_id":"req-1","state":"Abandoned"}"#);
        let state = abandon(&format!("{api}/live/")).await.unwrap();
        assert_eq!(state, "Abandoned");
        let (head, body) = asked.join().unwrap();
        let first = format!("post /live/v1/requests/{id}/abandon http/1.1\r\n");
        assert!(head.starts_with(&first), "{head}");
        for header in [
            "authorization: basic d2f0y2g6c2vjcmv0\r\n",
            "content-type: application/json\r\n",
            "x-api-key: key\r\n",
        ] {
            assert!(head.contains(header), "{header}: {head}");
        }
        assert_eq!(body, r#"{"reason":"The account is closed"}"#);
    }

    #[tokio::test]
    async fn a_refusal_is_told_in_the_words_of_the_service() {
        let problem =
            r#"{"title":"Not in this state","status":409,"detail":"The removal is not parked."}"#;
        let told = [
            (
                "409 Conflict",
                problem,
                "the service API answered 409: Not in this state: The removal is not parked.",
            ),
            ("403 Forbidden", "", "the service API answered 403: "),
            ("200 OK", "<html>", "the service API answered 200: "),
            (
                "200 OK",
                r#"{"state":"Active"}"#,
                "the service API answered 200: ",
            ),
        ];
        for (status, body, words) in told {
            let (api, asked) = service(status, body);
            let error = abandon(&api).await.unwrap_err();
            assert_eq!(error.to_string(), words);
            asked.join().unwrap();
        }
    }

    #[tokio::test]
    async fn where_nobody_answers_nothing_is_said_to_be_done() {
        let unreachable = abandon("http://127.0.0.1:1").await.unwrap_err();
        assert!(matches!(unreachable, RequestsError::NoAnswer(_)));
        // Credentials go over TLS, but for this machine: nobody connects.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        for plain in ["http://localhost", "http://127.0.0.1:80@localhost"] {
            let plain = abandon(&format!("{plain}:{port}")).await.unwrap_err();
            assert!(
                matches!(
                    plain,
                    RequestsError::NoAnswer(_) | RequestsError::Unsendable(_)
                ),
                "{plain:?}"
            );
            assert!(listener.accept().is_err(), "somebody connected");
        }
        let nowhere = abandon("no address").await.unwrap_err();
        assert!(matches!(nowhere, RequestsError::Unsendable(_)));
    }
}
