//! What can go wrong, and the answers that show it.

use axum::http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// 429: by a rate rule with `retry_after` and all its headers, by a full semaphore without.
    TooManyRequests {
        /// Seconds to wait.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// 500.
    ServerError {},
    /// 503.
    Unavailable {
        /// Seconds to wait.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// Any other error in the instance's shape.
    Failure {
        /// HTTP status, 400 to 599.
        status: u16,
        /// `error.message`.
        message: String,
        /// `error.detail`.
        #[serde(default)]
        detail: Option<String>,
    },
    /// 200 whose JSON ends in the middle: a call that a quota cancelled.
    Truncated {},
    /// 200 with the result and, after it, an `error` object: the other way a quota shows.
    TrailingError {},
    /// 200 with an HTML page: the instance is hibernating.
    Hibernating {},
    /// 202 with an empty result; the call may never run.
    Accepted {},
    /// The right answer, late. With `after` the work is done first and the wait follows.
    Slow {
        /// Milliseconds.
        millis: u64,
    },
    /// A write answered 200 although fields were not saved.
    NotSaved {
        /// The fields; empty: all of them.
        #[serde(default)]
        fields: Vec<String>,
        /// The answer shows what was sent, although it was not saved.
        #[serde(default)]
        claims: bool,
    },
    /// Fields left out of the answer, as an ACL does.
    HiddenField {
        /// The fields, dotted ones as they were asked for.
        fields: Vec<String>,
    },
    /// Another record in place of the right one.
    WrongRow {
        /// Which; without it, any other of the table.
        #[serde(default)]
        sys_id: Option<String>,
    },
    /// Another record besides the right ones.
    ExtraRow {
        /// Which; without it, any other of the table.
        #[serde(default)]
        sys_id: Option<String>,
    },
    /// The right records left out: the limit was applied before the ACLs.
    NoRow {},
}

impl FaultKind {
    /// One of each kind, for tests that must survive all of them.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        vec![
            Self::TooManyRequests {
                retry_after: Some(1),
            },
            Self::TooManyRequests { retry_after: None },
            Self::ServerError {},
            Self::Unavailable { retry_after: None },
            Self::Failure {
                status: 403,
                message: "User Not Authorized".to_owned(),
                detail: None,
            },
            Self::Truncated {},
            Self::TrailingError {},
            Self::Hibernating {},
            Self::Accepted {},
            Self::Slow { millis: 50 },
            Self::NotSaved {
                fields: Vec::new(),
                claims: false,
            },
            Self::NotSaved {
                fields: Vec::new(),
                claims: true,
            },
            Self::HiddenField {
                fields: vec!["sys_id".to_owned(), "active".to_owned()],
            },
            Self::WrongRow { sys_id: None },
            Self::ExtraRow { sys_id: None },
            Self::NoRow {},
        ]
    }

    /// The name in JSON.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::ServerError {} => "server_error",
            Self::Unavailable { .. } => "unavailable",
            Self::Failure { .. } => "failure",
            Self::Truncated {} => "truncated",
            Self::TrailingError {} => "trailing_error",
            Self::Hibernating {} => "hibernating",
            Self::Accepted {} => "accepted",
            Self::Slow { .. } => "slow",
            Self::NotSaved { .. } => "not_saved",
            Self::HiddenField { .. } => "hidden_field",
            Self::WrongRow { .. } => "wrong_row",
            Self::ExtraRow { .. } => "extra_row",
            Self::NoRow {} => "no_row",
        }
    }

    /// The answer that stands in for the real one, for kinds that replace it.
    pub(crate) fn replacement(&self) -> Option<Answer> {
        let answer = match self {
            Self::TooManyRequests { retry_after } => too_many(*retry_after),
            Self::ServerError {} => Answer::failure(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Unable to process the request",
                Some("An unexpected error occurred"),
            ),
            Self::Unavailable { retry_after } => {
                let answer =
                    Answer::failure(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable", None);
                match retry_after {
                    Some(seconds) => answer.with(header::RETRY_AFTER, seconds.to_string()),
                    None => answer,
                }
            }
            Self::Failure {
                status,
                message,
                detail,
            } => Answer::failure(
                StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                message,
                detail.as_deref(),
            ),
            Self::Hibernating {} => Answer::page(StatusCode::OK, HIBERNATING),
            Self::Accepted {} => accepted(),
            _ => return None,
        };
        Some(answer)
    }

    /// Spoils the text of a real answer, for kinds that cut it or add to it.
    pub(crate) fn spoil(&self, answer: &mut Answer) {
        match self {
            Self::Truncated {} => {
                let half = answer.body.chars().count() / 2;
                answer.body = answer.body.chars().take(half.max(1)).collect();
                answer.status = StatusCode::OK;
            }
            Self::TrailingError {} => {
                let whole = answer.body.trim_end_matches('}');
                answer.body = format!(
                    "{whole}{},{TRAILING}",
                    "}".repeat((answer.body.len() - whole.len()).saturating_sub(1))
                );
                answer.status = StatusCode::OK;
            }
            _ => {}
        }
    }
}

/// 202 as an instance gives when a session is in use by another call.
pub(crate) fn accepted() -> Answer {
    Answer::result(StatusCode::ACCEPTED, serde_json::Value::Array(Vec::new()))
}

/// 429 by a rate rule (with headers) or by a full semaphore (without).
pub(crate) fn too_many(retry_after: Option<u64>) -> Answer {
    let answer = Answer::failure(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded", None);
    let Some(seconds) = retry_after else {
        return answer;
    };
    let reset = crate::clock::now()
        .as_second()
        .saturating_add_unsigned(seconds);
    answer
        .with(header::RETRY_AFTER, seconds.to_string())
        .with(HeaderName::from_static("x-ratelimit-limit"), "1000")
        .with(
            HeaderName::from_static("x-ratelimit-reset"),
            reset.to_string(),
        )
        .with(HeaderName::from_static("x-ratelimit-rule"), "0".repeat(32))
}

const HIBERNATING: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Instance asleep</title>\
    </head><body><h1>This instance is hibernating</h1><p>Sign in to the developer site to wake \
    it.</p></body></html>\n";

const TRAILING: &str = r#""error":{"message":"Transaction cancelled: maximum execution time exceeded","detail":"Transaction cancelled: maximum execution time exceeded"},"status":"failure"}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_written_and_read_under_its_name() {
        for kind in FaultKind::samples() {
            let json = serde_json::to_value(&kind).unwrap();
            assert_eq!(json["kind"], kind.name());
            assert_eq!(serde_json::from_value::<FaultKind>(json).unwrap(), kind);
        }
    }

    #[test]
    fn a_trailing_error_follows_the_whole_result_and_a_cut_one_is_no_json() {
        let real = || Answer::result(StatusCode::OK, serde_json::json!([{ "a": { "b": "c" } }]));
        let mut answer = real();
        FaultKind::TrailingError {}.spoil(&mut answer);
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["result"][0]["a"]["b"], "c");
        assert_eq!(body["status"], "failure");
        let mut answer = real();
        FaultKind::Truncated {}.spoil(&mut answer);
        assert!(serde_json::from_str::<serde_json::Value>(&answer.body).is_err());
    }
}
