//! What is read of an event. API Gateway tells much about a call; all that counts here are the
//! method that is called and the credentials. The rest is skipped where it stands: taking it apart
//! would be most of the work of a call.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use http::header::AUTHORIZATION;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// A call, as the event of a REQUEST authorizer has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "EventMembers")]
pub struct AuthorizerEvent {
    /// The ARN of the method that is called; empty where the event has none.
    pub method_arn: String,
    /// The credentials that came with it.
    pub authorization: Authorization,
}

/// The `Authorization` header fields of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// There is none.
    Absent,
    /// There is one, with this value.
    One(String),
    /// There are several: which of them was meant is not for us to say (RFC 9110, 5.3).
    Several,
}

/// The members of an event that count.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventMembers {
    method_arn: Option<String>,
    headers: Option<AuthorizationFields<String>>,
    multi_value_headers: Option<AuthorizationFields<Vec<String>>>,
}

impl From<EventMembers> for AuthorizerEvent {
    fn from(event: EventMembers) -> Self {
        let one = event.headers.map(|fields| fields.0).unwrap_or_default();
        let many = event.multi_value_headers.map(|fields| fields.0);
        let several = many.iter().flatten().flatten().nth(1).is_some();
        let mut values = one.into_iter();
        let authorization = match (values.next(), values.next()) {
            (_, Some(_)) => Authorization::Several,
            _ if several => Authorization::Several,
            (Some(value), None) => Authorization::One(value),
            (None, None) => Authorization::Absent,
        };
        Self {
            method_arn: event.method_arn.unwrap_or_default(),
            authorization,
        }
    }
}

/// The values of all header fields that are called `Authorization`, in any case.
struct AuthorizationFields<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for AuthorizationFields<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(FieldsVisitor(PhantomData))
    }
}

struct FieldsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldsVisitor<T> {
    type Value = AuthorizationFields<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("header fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name.eq_ignore_ascii_case(AUTHORIZATION.as_str()) {
                values.push(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(AuthorizationFields(values))
    }
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest;

    use super::*;

    fn read(event: &str) -> AuthorizerEvent {
        serde_json::from_str(event).unwrap()
    }

    #[test]
    fn what_counts_is_read_as_the_whole_event_has_it() {
        let recorded = include_str!("../../../events/authorizer/01-unknown-client.json");
        let whole: ApiGatewayCustomAuthorizerRequestTypeRequest =
            serde_json::from_str(recorded).unwrap();
        let read = read(recorded);
        assert_eq!(Some(&read.method_arn), whole.method_arn.as_ref());
        let Authorization::One(value) = read.authorization else {
            panic!("one header field: {:?}", read.authorization)
        };
        for theirs in [&whole.headers, &whole.multi_value_headers] {
            assert_eq!(theirs["authorization"], value);
        }
    }

    #[test]
    fn several_values_are_several_wherever_they_stand() {
        for several in [
            r#"{"headers": {"Authorization": "b"}, "multiValueHeaders": {"authorization": ["a", "b"], "x": [1]}}"#,
            r#"{"headers": {"Authorization": "b"}, "multiValueHeaders": {"AUTHORIZATION": ["a"], "Authorization": ["b"]}}"#,
            r#"{"headers": {"AUTHORIZATION": "a", "Authorization": "b"}}"#,
            r#"{"multiValueHeaders": {"authorization": ["a", "a"]}}"#,
        ] {
            assert_eq!(read(several).authorization, Authorization::Several);
        }
        let one = r#"{"headers": {"x": "y", "authorization": "a"}, "multiValueHeaders": {"authorization": ["a"]}}"#;
        assert_eq!(read(one).authorization, Authorization::One("a".to_owned()));
    }

    #[test]
    fn none_stays_none() {
        for none in [
            "{}",
            r#"{"headers": null, "multiValueHeaders": null}"#,
            r#"{"headers": {"Cookie": "a"}, "multiValueHeaders": {"authorization": []}}"#,
        ] {
            assert_eq!(read(none).authorization, Authorization::Absent, "{none}");
        }
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        for bad in [
            "[]",
            r#"{"headers": []}"#,
            r#"{"headers": {"Authorization": 1}}"#,
        ] {
            assert!(
                serde_json::from_str::<AuthorizerEvent>(bad).is_err(),
                "{bad}"
            );
        }
    }
}
