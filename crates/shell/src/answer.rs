//! HTTP answers: JSON, and problems (RFC 9457).

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use snowgate_core::body::FieldError;
use snowgate_core::finding::Finding;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::State;

/// A problem (RFC 9457). Names nothing of how Snowgate works inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    body: Box<ProblemBody>,
    headers: Vec<(&'static str, String)>,
}

/// A problem as it is written. Members that say nothing are left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct ProblemBody {
    /// There is no more to read about any of them (RFC 9457, 4.2.1).
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<State>,
}

/// What is answered to a call of this method: a problem as one, and to HEAD what GET would answer, without its
/// body (RFC 9110, 9.3.2).
#[must_use]
pub fn answered(
    method: &str,
    answer: Result<ApiGatewayProxyResponse, Problem>,
) -> ApiGatewayProxyResponse {
    let mut answer = answer.unwrap_or_else(Problem::answer);
    if method == "HEAD" {
        answer.body = None;
    }
    answer
}

impl Problem {
    /// That of a call that HTTP does not know ([`Received::Malformed`](crate::request::Received::Malformed)).
    #[must_use]
    pub fn malformed() -> Self {
        Self::new(400, "Bad request").detail("A header has characters that HTTP does not allow.")
    }

    /// A problem with its HTTP status and a title that is the same for all of its kind.
    #[must_use]
    pub fn new(status: u16, title: &'static str) -> Self {
        Self {
            body: Box::new(ProblemBody {
                kind: "about:blank",
                title,
                status,
                detail: None,
                errors: Vec::new(),
                findings: Vec::new(),
                request_id: None,
                state: None,
            }),
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
        self.body.detail = Some(detail.into());
        self
    }

    /// Names each invalid field of the body.
    #[must_use]
    pub fn errors(mut self, errors: Vec<FieldError>) -> Self {
        self.body.errors = errors;
        self
    }

    /// Says what the guardrails do not permit.
    #[must_use]
    pub fn findings(mut self, findings: Vec<Finding>) -> Self {
        self.body.findings = findings;
        self
    }

    /// Names the request that stands in the way.
    #[must_use]
    pub fn request(mut self, id: RequestId) -> Self {
        self.body.request_id = Some(id);
        self
    }

    /// Says where that request stands.
    #[must_use]
    pub fn state(mut self, state: State) -> Self {
        self.body.state = Some(state);
        self
    }

    /// What is said when something behind us fails: try again, and nothing else.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(503, "Temporarily unavailable")
            .detail("Try again later; repeating the call is safe.")
    }

    /// The answer that carries the problem.
    #[must_use]
    pub fn answer(self) -> ApiGatewayProxyResponse {
        let mut headers = vec![("Content-Type", "application/problem+json"), NOT_STORED];
        if self.body.status == 503 {
            headers.push(("Retry-After", "30"));
        }
        let own = self.headers.iter();
        headers.extend(own.map(|(name, value)| (*name, value.as_str())));
        written(self.body.status, headers, &self.body)
    }
}

/// Answers name requests and people: no cache keeps them.
const NOT_STORED: (&str, &str) = ("Cache-Control", "no-store");

/// An answer with a JSON body.
#[must_use]
pub fn json_answer(status: u16, body: &impl Serialize) -> ApiGatewayProxyResponse {
    let headers = [("Content-Type", "application/json"), NOT_STORED];
    written(status, headers, body)
}

/// An answer with a body of JSON. What cannot be written, which no type of ours is, is a failure
/// without words (RFC 9110, 15.6.1).
fn written<'a>(
    status: u16,
    headers: impl IntoIterator<Item = (&'static str, &'a str)>,
    body: &impl Serialize,
) -> ApiGatewayProxyResponse {
    match serde_json::to_string(body) {
        Ok(body) => respond(status, headers, body),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            respond(500, [NOT_STORED], String::new())
        }
    }
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
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn problems_are_as_rfc_9457_has_them() {
        let answer = Problem::new(409, "Not in this state")
            .state(State::Active)
            .detail("No.")
            .answer();
        let text = serde_json::to_value(&answer).unwrap();
        assert_eq!(text["statusCode"], 409);
        assert_eq!(text["headers"]["content-type"], "application/problem+json");
        let body: Value = serde_json::from_str(text["body"].as_str().unwrap()).unwrap();
        let expected = json!({"type": "about:blank", "title": "Not in this state", "status": 409,
                              "detail": "No.", "state": "Active"});
        assert_eq!(body, expected);
    }

    #[test]
    fn what_cannot_be_written_is_a_failure_without_words() {
        let bad = std::collections::BTreeMap::from([((1, 2), 3)]);
        let answer = json_answer(200, &bad);
        assert_eq!((answer.status_code, answer.body), (500, Some("".into())));
    }
}
