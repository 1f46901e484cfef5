//! OAuth access tokens.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::error::ServiceNowError;

/// How long before its end a token is no longer used.
const RENEWAL_MARGIN: u64 = 60;

/// The longest that a token is trusted to live, whatever the instance says.
const MAX_LIFE: u64 = 24 * 60 * 60;

/// An access token. `Debug` never shows it.
pub(crate) struct OAuthToken {
    text: Secret,
    fresh_until: Timestamp,
    /// Counts the tokens of a session, so that two calls refused with the same one fetch one anew.
    pub(crate) serial: u64,
}

impl OAuthToken {
    /// Reads the answer of the token endpoint (RFC 6749, 5.1).
    pub(crate) fn read(
        answer: Value,
        serial: u64,
        now: Timestamp,
    ) -> Result<Self, ServiceNowError> {
        let Value::Object(mut members) = answer else {
            return Err(ServiceNowError::Incomplete);
        };
        let Some(Value::String(text)) = members.remove("access_token") else {
            return Err(ServiceNowError::Incomplete);
        };
        let text = Zeroizing::new(text);
        let bearer = members
            .get("token_type")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
        let plain = (1..=4_096).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        let seconds = match members.get("expires_in") {
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(digits)) => digits.parse().ok(),
            _ => None,
        };
        let (true, true, Some(seconds)) = (bearer, plain, seconds) else {
            return Err(ServiceNowError::Incomplete);
        };
        let life = Duration::from_secs(seconds.min(MAX_LIFE).saturating_sub(RENEWAL_MARGIN));
        let fresh_until = now.saturating_add(life).unwrap_or(now);
        Ok(Self {
            text,
            fresh_until,
            serial,
        })
    }

    pub(crate) fn expose(&self) -> &str {
        &self.text
    }

    /// Whether a new call may use it.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.fresh_until
    }
}

impl fmt::Debug for OAuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OAuthToken({}, redacted)", self.serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn token(answer: Value) -> Result<OAuthToken, ServiceNowError> {
        OAuthToken::read(answer, 1, at(0))
    }

    #[test]
    fn a_token_is_fresh_until_a_minute_before_its_end() {
        for life in [json!(1_800), json!("1800")] {
            let token = token(json!({
                "access_token": "canary", "token_type": "Bearer", "expires_in": life, "scope": "x"
            }))
            .unwrap();
            assert!(token.is_fresh(at(1_739)) && !token.is_fresh(at(1_740)));
            assert!(!format!("{token:?}").contains("canary"));
        }
        let brief = token(json!({"access_token": "t", "token_type": "bearer", "expires_in": 30}));
        assert!(!brief.unwrap().is_fresh(at(0)));
        let huge = json!({"access_token": "t", "token_type": "Bearer", "expires_in": u64::MAX});
        assert!(!token(huge).unwrap().is_fresh(at(86_400)));
    }

    #[test]
    fn other_answers_are_no_tokens() {
        for answer in [
            json!([]),
            json!({}),
            json!({"access_token": "t", "token_type": "Bearer"}),
            json!({"access_token": "t", "expires_in": 1800}),
            json!({"access_token": "t", "token_type": "MAC", "expires_in": 1800}),
            json!({"access_token": "", "token_type": "Bearer", "expires_in": 1800}),
            json!({"access_token": "a b", "token_type": "Bearer", "expires_in": 1800}),
            json!({"access_token": "a\r\nX: y", "token_type": "Bearer", "expires_in": 1800}),
            json!({"access_token": 7, "token_type": "Bearer", "expires_in": 1800}),
            json!({"access_token": "t", "token_type": "Bearer", "expires_in": -1}),
        ] {
            assert_eq!(
                token(answer.clone()).err(),
                Some(ServiceNowError::Incomplete),
                "{answer}"
            );
        }
    }
}
