//! HTTP answers of an instance, and whether each can be relied on.

use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use http::{Request, StatusCode};
use https::{HttpsClient, HttpsError};
use serde_json::Value;
use snowgate_core::strict_json;

use crate::error::ServiceNowError;

/// The most bytes of an answer that are read. The largest asked for are fifty work notes.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Status, headers and whole body as they came.
pub(crate) struct RawAnswer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// An answer of the Table API.
pub(crate) struct TableAnswer {
    /// What stands under `result`.
    pub(crate) result: Value,
    /// `X-Total-Count`: how many records match, hidden ones included; not always there.
    pub(crate) total: Option<u64>,
}

/// Sends a request and reads the whole answer, within bounds.
pub(crate) async fn receive(
    client: &HttpsClient,
    request: Request<Vec<u8>>,
) -> Result<RawAnswer, ServiceNowError> {
    let answer = client.call(request, MAX_BODY).await.map_err(transport)?;
    let (parts, body) = answer.into_parts();
    Ok(RawAnswer {
        status: parts.status,
        headers: parts.headers,
        body,
    })
}

fn transport(error: HttpsError) -> ServiceNowError {
    match error {
        HttpsError::Unreachable(kind) => ServiceNowError::Unreachable(kind),
        HttpsError::Interrupted => ServiceNowError::Interrupted,
        HttpsError::TooLarge => ServiceNowError::TooLarge,
    }
}

impl RawAnswer {
    /// Reads an answer of the Table API.
    pub(crate) fn table(self) -> Result<TableAnswer, ServiceNowError> {
        self.succeeded()?;
        let total = self
            .header("x-total-count")
            .and_then(|text| text.parse().ok());
        match self.json()? {
            Value::Object(mut members) => {
                if members.contains_key("error") || members.contains_key("status") {
                    return Err(ServiceNowError::Cancelled);
                }
                let result = members
                    .remove("result")
                    .ok_or(ServiceNowError::Incomplete)?;
                Ok(TableAnswer { result, total })
            }
            _ => Err(ServiceNowError::Incomplete),
        }
    }

    /// Reads an answer of the token endpoint and gives its JSON.
    pub(crate) fn token(self) -> Result<Value, ServiceNowError> {
        match self.status {
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(ServiceNowError::SignInRefused)
            }
            _ => {
                self.succeeded()?;
                self.json()
            }
        }
    }

    /// Whether the status is 200; what any other means.
    fn succeeded(&self) -> Result<(), ServiceNowError> {
        let after = self.retry_after();
        Err(match self.status.as_u16() {
            200 => return Ok(()),
            401 => ServiceNowError::Unauthorized,
            408 => ServiceNowError::ServerError,
            429 => ServiceNowError::TooManyRequests { after },
            503 => ServiceNowError::Unavailable { after },
            300..=399 => ServiceNowError::Redirected,
            400..=499 if !self.is_json() => ServiceNowError::Intercepted,
            403 => ServiceNowError::Forbidden,
            404 => ServiceNowError::NotFound,
            400..=499 => ServiceNowError::Rejected,
            500..=599 => ServiceNowError::ServerError,
            _ => ServiceNowError::Accepted,
        })
    }

    fn json(&self) -> Result<Value, ServiceNowError> {
        if !self.is_json() {
            return Err(ServiceNowError::NotJson);
        }
        strict_json::parse(&self.body).map_err(|_| ServiceNowError::Incomplete)
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

    fn raw(status: u16, kind: &str, body: &str) -> RawAnswer {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        RawAnswer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    fn table(status: u16, kind: &str, body: &str) -> Result<Value, ServiceNowError> {
        raw(status, kind, body).table().map(|answer| answer.result)
    }

    const JSON: &str = "application/json;charset=UTF-8";

    #[test]
    fn only_a_whole_document_with_status_200_is_an_answer() {
        assert_eq!(
            table(200, JSON, r#"{"result":[]}"#),
            Ok(serde_json::json!([]))
        );
        for (body, why) in [
            ("", ServiceNowError::Incomplete),
            (r#"{"result":[{"sys_id":"0a"#, ServiceNowError::Incomplete),
            (r#"{"result":[]}{"error":{}}"#, ServiceNowError::Incomplete),
            (
                r#"{"result":[],"result":[{}]}"#,
                ServiceNowError::Incomplete,
            ),
            (
                r#"{"result":[],"error":{"message":"m"},"status":"failure"}"#,
                ServiceNowError::Cancelled,
            ),
            (r#"{"result":[],"error":null}"#, ServiceNowError::Cancelled),
            (
                r#"{"result":[],"status":"failure"}"#,
                ServiceNowError::Cancelled,
            ),
            (r#"{}"#, ServiceNowError::Incomplete),
            (r#"[]"#, ServiceNowError::Incomplete),
        ] {
            assert_eq!(table(200, JSON, body), Err(why), "{body}");
        }
        let page = table(200, "text/html", r#"{"result":[]}"#);
        assert_eq!(page, Err(ServiceNowError::NotJson));
    }

    #[test]
    fn every_other_status_is_an_error() {
        for (status, json, html) in [
            (201, ServiceNowError::Accepted, ServiceNowError::Accepted),
            (202, ServiceNowError::Accepted, ServiceNowError::Accepted),
            (204, ServiceNowError::Accepted, ServiceNowError::Accepted),
            (
                302,
                ServiceNowError::Redirected,
                ServiceNowError::Redirected,
            ),
            (400, ServiceNowError::Rejected, ServiceNowError::Intercepted),
            (
                401,
                ServiceNowError::Unauthorized,
                ServiceNowError::Unauthorized,
            ),
            (
                403,
                ServiceNowError::Forbidden,
                ServiceNowError::Intercepted,
            ),
            (404, ServiceNowError::NotFound, ServiceNowError::Intercepted),
            (
                429,
                ServiceNowError::TooManyRequests { after: None },
                ServiceNowError::TooManyRequests { after: None },
            ),
            (
                500,
                ServiceNowError::ServerError,
                ServiceNowError::ServerError,
            ),
            (
                503,
                ServiceNowError::Unavailable { after: None },
                ServiceNowError::Unavailable { after: None },
            ),
        ] {
            assert_eq!(
                table(status, JSON, r#"{"result":[]}"#),
                Err(json),
                "{status}"
            );
            assert_eq!(table(status, "text/html", "<html>"), Err(html), "{status}");
        }
    }

    #[test]
    fn a_wait_is_read_and_a_date_counts_as_long() {
        let mut busy = raw(429, JSON, "");
        busy.headers.insert(RETRY_AFTER, "2".parse().unwrap());
        let after = Some(Duration::from_secs(2));
        assert_eq!(
            busy.succeeded(),
            Err(ServiceNowError::TooManyRequests { after })
        );
        let date = "Wed, 21 Oct 2026 07:28:00 GMT".parse().unwrap();
        busy.headers.insert(RETRY_AFTER, date);
        assert!(busy.retry_after() > Some(Duration::from_secs(86_400)));
    }
}
