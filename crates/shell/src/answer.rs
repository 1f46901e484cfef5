//! HTTP answers: JSON, and problems (RFC 9457).

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A problem (RFC 9457). Names nothing of how Snowgate works inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    status: u16,
    title: &'static str,
    detail: Option<String>,
    members: Map<String, Value>,
    headers: Vec<(&'static str, String)>,
}

impl Problem {
    /// A problem with its HTTP status and a title that is the same for all of its kind.
    #[must_use]
    pub fn new(status: u16, title: &'static str) -> Self {
        Self {
            status,
            title,
            detail: None,
            members: Map::new(),
            headers: Vec::new(),
        }
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Says what is wrong this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a member for programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.members.insert(name.to_owned(), value);
        self
    }

    /// What is said when something behind us fails: try again, and nothing else.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(503, "Temporarily unavailable").detail("Try again later; repeating the call is safe.")
    }

    /// The answer that carries the problem.
    #[must_use]
    pub fn answer(self) -> ApiGatewayProxyResponse {
        let mut body = self.members;
        body.insert("type".to_owned(), json!("about:blank"));
        body.insert("title".to_owned(), json!(self.title));
        body.insert("status".to_owned(), json!(self.status));
        if let Some(detail) = self.detail {
            body.insert("detail".to_owned(), json!(detail));
        }
        let mut headers = vec![
            ("Content-Type", "application/problem+json"),
            ("Cache-Control", "no-store"),
        ];
        if self.status == 503 {
            headers.push(("Retry-After", "30"));
        }
        let own = self.headers.iter();
        headers.extend(own.map(|(name, value)| (*name, value.as_str())));
        respond(self.status, headers, Value::Object(body).to_string())
    }
}

/// An answer with a JSON body.
#[must_use]
pub fn json_answer(status: u16, body: &Value) -> ApiGatewayProxyResponse {
    let headers = [
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-store"),
    ];
    respond(status, headers, body.to_string())
}

/// An answer with these headers and this body.
#[must_use]
pub fn respond<V: AsRef<str>>(
    status: u16,
    headers: impl IntoIterator<Item = (&'static str, V)>,
    body: String,
) -> ApiGatewayProxyResponse {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value.as_ref())) {
            map.insert(name, value);
        }
    }
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = i64::from(status);
    response.headers = map;
    response.body = Some(body.into());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_as_rfc_9457_has_them() {
        let answer = Problem::new(422, "Outside the guardrails")
            .with("findings", [1])
            .detail("No.")
            .answer();
        let text = serde_json::to_value(&answer).unwrap();
        assert_eq!(text["statusCode"], 422);
        assert_eq!(text["headers"]["content-type"], "application/problem+json");
        let body: Value = serde_json::from_str(text["body"].as_str().unwrap()).unwrap();
        let expected = json!({"type": "about:blank", "title": "Outside the guardrails", "status": 422,
                              "detail": "No.", "findings": [1]});
        assert_eq!(body, expected);
    }
}
