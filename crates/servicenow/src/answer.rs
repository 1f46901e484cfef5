//! What an instance answered, and whether it is an answer at all.

use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use http::{Request, StatusCode};
use https::{Client, HttpsError};
use serde_json::Value;
use snowgate_core::strict_json;

use crate::trouble::Trouble;

/// The most bytes of an answer that are read. The largest asked for are fifty work notes.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// A status with headers and a whole body, not yet judged.
pub(crate) struct Raw {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// An answer of the Table API.
pub(crate) struct Answer {
    /// What stands under `result`.
    pub(crate) result: Value,
    /// `X-Total-Count`: how many records match, hidden ones included; not always there.
    pub(crate) total: Option<u64>,
}

/// Sends a request and reads the whole answer, within bounds.
pub(crate) async fn receive(client: &Client, request: Request<Vec<u8>>) -> Result<Raw, Trouble> {
    let answer = client.call(request, MAX_BODY).await.map_err(transport)?;
    let (parts, body) = answer.into_parts();
    Ok(Raw {
        status: parts.status,
        headers: parts.headers,
        body,
    })
}

fn transport(error: HttpsError) -> Trouble {
    match error {
        HttpsError::Unreachable(kind) => Trouble::Unreachable(kind),
        HttpsError::Interrupted => Trouble::Interrupted,
        HttpsError::TooLarge => Trouble::TooLarge,
    }
}

impl Raw {
    /// Judges an answer of the Table API.
    pub(crate) fn table(self) -> Result<Answer, Trouble> {
        self.succeeded()?;
        let total = self
            .header("x-total-count")
            .and_then(|text| text.parse().ok());
        match self.json()? {
            Value::Object(mut members) => {
                if members.contains_key("error") || members.contains_key("status") {
                    return Err(Trouble::Cancelled);
                }
                let result = members.remove("result").ok_or(Trouble::Incomplete)?;
                Ok(Answer { result, total })
            }
            _ => Err(Trouble::Incomplete),
        }
    }

    /// Judges an answer of the token endpoint and gives its JSON.
    pub(crate) fn token(self) -> Result<Value, Trouble> {
        match self.status {
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(Trouble::SignInRefused)
            }
            _ => {
                self.succeeded()?;
                self.json()
            }
        }
    }

    /// Whether the status is that of an answer.
    fn succeeded(&self) -> Result<(), Trouble> {
        let after = self.retry_after();
        Err(match self.status.as_u16() {
            200 => return Ok(()),
            401 => Trouble::Unauthorized,
            408 => Trouble::ServerError,
            429 => Trouble::TooManyRequests { after },
            503 => Trouble::Unavailable { after },
            300..=399 => Trouble::Redirected,
            400..=499 if !self.is_json() => Trouble::Intercepted,
            403 => Trouble::Forbidden,
            404 => Trouble::NotFound,
            400..=499 => Trouble::Rejected,
            500..=599 => Trouble::ServerError,
            _ => Trouble::Accepted,
        })
    }

    fn json(&self) -> Result<Value, Trouble> {
        if !self.is_json() {
            return Err(Trouble::NotJson);
        }
        strict_json::parse(&self.body).map_err(|_| Trouble::Incomplete)
    }

    fn is_json(&self) -> bool {
        let kind = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    }

    /// `Retry-After` in seconds. A date, which ServiceNow does not send, counts as a long time.
    fn retry_after(&self) -> Option<Duration> {
        let text = self.header(RETRY_AFTER.as_str())?;
        let seconds = text.trim().parse().unwrap_or(u64::from(u32::MAX));
        Some(Duration::from_secs(seconds))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(status: u16, kind: &str, body: &str) -> Raw {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        Raw {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    fn judged(status: u16, kind: &str, body: &str) -> Result<Value, Trouble> {
        raw(status, kind, body).table().map(|answer| answer.result)
    }

    const JSON: &str = "application/json;charset=UTF-8";

    #[test]
    fn only_a_whole_document_with_status_200_is_an_answer() {
        assert_eq!(
            judged(200, JSON, r#"{"result":[]}"#),
            Ok(serde_json::json!([]))
        );
        for (body, why) in [
            ("", Trouble::Incomplete),
            (r#"{"result":[{"sys_id":"0a"#, Trouble::Incomplete),
            (r#"{"result":[]}{"error":{}}"#, Trouble::Incomplete),
            (r#"{"result":[],"result":[{}]}"#, Trouble::Incomplete),
            (
                r#"{"result":[],"error":{"message":"m"},"status":"failure"}"#,
                Trouble::Cancelled,
            ),
            (r#"{"result":[],"error":null}"#, Trouble::Cancelled),
            (r#"{"result":[],"status":"failure"}"#, Trouble::Cancelled),
            (r#"{}"#, Trouble::Incomplete),
            (r#"[]"#, Trouble::Incomplete),
        ] {
            assert_eq!(judged(200, JSON, body), Err(why), "{body}");
        }
        let page = judged(200, "text/html", r#"{"result":[]}"#);
        assert_eq!(page, Err(Trouble::NotJson));
    }

    #[test]
    fn every_other_status_is_an_error() {
        for (status, json, html) in [
            (201, Trouble::Accepted, Trouble::Accepted),
            (202, Trouble::Accepted, Trouble::Accepted),
            (204, Trouble::Accepted, Trouble::Accepted),
            (302, Trouble::Redirected, Trouble::Redirected),
            (400, Trouble::Rejected, Trouble::Intercepted),
            (401, Trouble::Unauthorized, Trouble::Unauthorized),
            (403, Trouble::Forbidden, Trouble::Intercepted),
            (404, Trouble::NotFound, Trouble::Intercepted),
            (
                429,
                Trouble::TooManyRequests { after: None },
                Trouble::TooManyRequests { after: None },
            ),
            (500, Trouble::ServerError, Trouble::ServerError),
            (
                503,
                Trouble::Unavailable { after: None },
                Trouble::Unavailable { after: None },
            ),
        ] {
            assert_eq!(
                judged(status, JSON, r#"{"result":[]}"#),
                Err(json),
                "{status}"
            );
            assert_eq!(judged(status, "text/html", "<html>"), Err(html), "{status}");
        }
    }

    #[test]
    fn a_wait_is_read_and_a_date_counts_as_long() {
        let mut busy = raw(429, JSON, "");
        busy.headers.insert(RETRY_AFTER, "2".parse().unwrap());
        let after = Some(Duration::from_secs(2));
        assert_eq!(busy.succeeded(), Err(Trouble::TooManyRequests { after }));
        let date = "Wed, 21 Oct 2026 07:28:00 GMT".parse().unwrap();
        busy.headers.insert(RETRY_AFTER, date);
        assert!(busy.retry_after() > Some(Duration::from_secs(86_400)));
    }
}
