//! Answers of the instance, and the shape of its errors.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

/// An answer before it is sent, so that a fault can still spoil it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: String,
    pub(crate) content_type: &'static str,
}

const JSON: &str = "application/json;charset=UTF-8";

impl Answer {
    /// JSON with this status.
    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_string(),
            content_type: JSON,
        }
    }

    /// A result: `{"result": …}`.
    pub(crate) fn result(status: StatusCode, result: Value) -> Self {
        Self::json(status, &json!({ "result": result }))
    }

    /// An error in the instance's shape; `detail` may be null.
    pub(crate) fn failure(status: StatusCode, message: &str, detail: Option<&str>) -> Self {
        let error = json!({ "message": message, "detail": detail });
        Self::json(status, &json!({ "error": error, "status": "failure" }))
    }

    /// No content.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
            content_type: JSON,
        }
    }

    /// An HTML page.
    pub(crate) fn page(status: StatusCode, html: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: html.to_owned(),
            content_type: "text/html;charset=UTF-8",
        }
    }

    /// The same with one more header.
    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// 401 as an instance words it, with its challenge.
    pub(crate) fn unauthenticated() -> Self {
        Self::failure(
            StatusCode::UNAUTHORIZED,
            "User Not Authenticated",
            Some("Required to provide Auth information"),
        )
        .with(header::WWW_AUTHENTICATE, "BASIC realm=\"Service-now\"")
    }

    /// Turns it into what is sent.
    pub(crate) fn into_response(self) -> Response<Body> {
        let empty = self.body.is_empty();
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if !empty {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static(self.content_type),
            );
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(name, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_message_detail_and_status() {
        let answer = Answer::failure(StatusCode::BAD_REQUEST, "Invalid table x", None);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let error = json!({ "message": "Invalid table x", "detail": null });
        assert_eq!(body, json!({ "error": error, "status": "failure" }));
    }
}
