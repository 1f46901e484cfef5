//! What is read of an API Gateway event.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};
use snowgate_core::id::ClientId;

/// What API Gateway hands over: a call, or one that HTTP does not know.
#[derive(Debug, Clone)]
pub enum Received {
    /// A call.
    Call(Box<ApiGatewayProxyRequest>),
    /// API Gateway lets headers through that have other characters than HTTP allows (RFC 9110,
    /// 5.5). The caller is told so; for API Gateway it is no failure of the function.
    Malformed,
}

impl<'de> Deserialize<'de> for Received {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By way of a value: what is left of a call that was given up halfway must be read.
        let event = serde_json::Value::deserialize(deserializer)?;
        Ok(match ApiGatewayProxyRequest::deserialize(event) {
            Ok(call) if has_text_headers(&call) => Self::Call(Box::new(call)),
            _ => Self::Malformed,
        })
    }
}

/// Whether all values of headers are visible ASCII. The events' own type takes other bytes in some
/// places and not in others.
fn has_text_headers(call: &ApiGatewayProxyRequest) -> bool {
    let mut values = call
        .headers
        .values()
        .chain(call.multi_value_headers.values());
    values.all(|value| value.to_str().is_ok())
}

/// A body that says it is base64 and is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not the base64 that the event says it is")]
pub struct BodyError;

/// The bytes of the body, empty where there is none.
///
/// # Errors
/// Where the event says that the body is base64 and it is not.
pub fn body(event: &ApiGatewayProxyRequest) -> Result<Vec<u8>, BodyError> {
    let text = event.body.as_deref().unwrap_or_default();
    match event.is_base64_encoded {
        true => STANDARD.decode(text).map_err(|_| BodyError),
        false => Ok(text.as_bytes().to_vec()),
    }
}

/// A header, where it is there once and is text. A header that stands twice counts as absent:
/// what is ambiguous is not believed.
#[must_use]
pub fn header<'a>(event: &'a ApiGatewayProxyRequest, name: &str) -> Option<&'a str> {
    if event
        .multi_value_headers
        .get_all(name)
        .iter()
        .nth(1)
        .is_some()
    {
        return None;
    }
    event.headers.get(name)?.to_str().ok()
}

/// The client that the authorizer let in (`requestContext.authorizer.client`).
#[must_use]
pub fn client(event: &ApiGatewayProxyRequest) -> Option<ClientId> {
    let fields = &event.request_context.authorizer.fields;
    fields.get("client")?.as_str()?.parse().ok()
}

/// Whether the body is of this media type, with no parameter but `charset=utf-8` (RFC 9110, 8.3).
#[must_use]
pub fn is_media_type(event: &ApiGatewayProxyRequest, expected: &str) -> bool {
    let Some(value) = header(event, "content-type") else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let media = parts
        .next()
        .is_some_and(|media| media.eq_ignore_ascii_case(expected));
    media
        && parts.all(|part| {
            let value = part
                .split_once('=')
                .filter(|(name, _)| name.eq_ignore_ascii_case("charset"));
            value.is_some_and(|(_, value)| value.trim_matches('"').eq_ignore_ascii_case("utf-8"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_http_does_not_allow() {
        let received = |name: &str, value: &str| {
            let event = serde_json::json!({
                "httpMethod": "GET", "headers": {name: value},
                "multiValueHeaders": {name: [value]}, "requestContext": {"httpMethod": "GET"},
            });
            serde_json::from_str::<Received>(&event.to_string()).unwrap()
        };
        for (name, value) in [("X-A", "Zo\u{eb}"), ("X-A", "a\u{0}b"), ("na\u{ef}ve", "a")] {
            assert!(
                matches!(received(name, value), Received::Malformed),
                "{name}"
            );
        }
        for headers in ["headers", "multiValueHeaders"] {
            let value = match headers {
                "headers" => serde_json::json!("Zo\u{eb}"),
                _ => serde_json::json!(["Zo\u{eb}"]),
            };
            let event = serde_json::json!({headers: {"X-A": value}, "httpMethod": "GET"});
            let received: Received = serde_json::from_value(event).unwrap();
            assert!(matches!(received, Received::Malformed), "{headers}");
        }
        let Received::Call(call) = received("X-A", "Zoe") else {
            panic!("a call is a call");
        };
        assert_eq!(header(&call, "x-a"), Some("Zoe"));
    }

    fn event(content_type: &str) -> ApiGatewayProxyRequest {
        serde_json::from_value(serde_json::json!({
            "httpMethod": "POST", "headers": {"Content-Type": content_type},
            "body": "e30=", "isBase64Encoded": true, "requestContext": {"httpMethod": "POST"},
        }))
        .unwrap()
    }

    #[test]
    fn media_types() {
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
        ] {
            assert!(is_media_type(&event(good), "application/json"), "{good}");
        }
        for bad in [
            "",
            "text/json",
            "application/json; charset=latin1",
            "application/json; x=utf-8",
            "application/jsonx",
        ] {
            assert!(!is_media_type(&event(bad), "application/json"), "{bad}");
        }
    }

    #[test]
    fn bodies() {
        assert_eq!(body(&event("x")), Ok(b"{}".to_vec()));
        let mut bad = event("x");
        bad.body = Some("%%".to_owned());
        assert_eq!(body(&bad), Err(BodyError));
    }
}
