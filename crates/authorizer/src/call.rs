//! What is read of an event. API Gateway tells much about a call; all that counts here are the
//! method that is called and the credentials. The rest is skipped where it stands: taking it apart
//! would be most of the work of a call.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use aws_lambda_events::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A call, as the event of a REQUEST authorizer has it.
#[derive(Debug)]
pub(crate) struct Call {
    method_arn: Option<String>,
    headers: Option<Credentials<String>>,
    multi_value_headers: Option<Credentials<Vec<String>>>,
}

/// The members of an event that count. Header fields are left as they stand at first: the
/// runtime's deserialiser would note the name of each of them, for an error that is never made.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members<'e> {
    method_arn: Option<String>,
    #[serde(borrow)]
    headers: Option<&'e RawValue>,
    #[serde(borrow)]
    multi_value_headers: Option<&'e RawValue>,
}

impl<'de> Deserialize<'de> for Call {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let members = Members::deserialize(from)?;
        Ok(Self {
            method_arn: members.method_arn,
            headers: read(members.headers).map_err(D::Error::custom)?,
            multi_value_headers: read(members.multi_value_headers).map_err(D::Error::custom)?,
        })
    }
}

fn read<'e, T: Deserialize<'e>>(fields: Option<&'e RawValue>) -> serde_json::Result<Option<T>> {
    fields.map_or(Ok(None), |fields| serde_json::from_str(fields.get()))
}

/// The values of all header fields that are called `Authorization`, in any case.
#[derive(Debug)]
struct Credentials<T>(Vec<T>);

impl From<Call> for ApiGatewayCustomAuthorizerRequestTypeRequest {
    fn from(call: Call) -> Self {
        let one = call.headers.map(|found| found.0).unwrap_or_default();
        let many = call.multi_value_headers.map(|found| found.0);
        let mut event = Self::default();
        event.method_arn = call.method_arn;
        event.headers = fields(one);
        event.multi_value_headers = fields(many.into_iter().flatten().flatten());
        event
    }
}

/// A value that no header field can have proves nothing and is left out.
fn fields(values: impl IntoIterator<Item = String>) -> HeaderMap {
    let values = values.into_iter().map(HeaderValue::try_from);
    values.flatten().map(|value| (AUTHORIZATION, value)).fold(
        HeaderMap::new(),
        |mut map, (name, value)| {
            map.append(name, value);
            map
        },
    )
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Credentials<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Fields(PhantomData))
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = Credentials<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("header fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name.eq_ignore_ascii_case(AUTHORIZATION.as_str()) {
                found.push(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Credentials(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(event: &str) -> ApiGatewayCustomAuthorizerRequestTypeRequest {
        serde_json::from_str::<Call>(event).unwrap().into()
    }

    #[test]
    fn what_counts_is_read_as_the_whole_event_has_it() {
        let recorded = include_str!("../../../events/authorizer/01-unknown-client.json");
        let whole: ApiGatewayCustomAuthorizerRequestTypeRequest =
            serde_json::from_str(recorded).unwrap();
        let read = read(recorded);
        assert_eq!(read.method_arn, whole.method_arn);
        for (ours, theirs) in [
            (&read.headers, &whole.headers),
            (&read.multi_value_headers, &whole.multi_value_headers),
        ] {
            assert_eq!(ours.get("authorization"), theirs.get("authorization"));
            assert_eq!(ours.len(), 1);
        }
    }

    #[test]
    fn two_values_stay_two_and_none_stays_none() {
        let twice = r#"{"multiValueHeaders": {"authorization": ["a", "b"], "x": [1]}}"#;
        assert_eq!(read(twice).multi_value_headers.len(), 2);
        let apart = r#"{"multiValueHeaders": {"AUTHORIZATION": ["a"], "Authorization": ["b"]}}"#;
        assert_eq!(read(apart).multi_value_headers.len(), 2);
        for none in [
            "{}",
            r#"{"headers": null}"#,
            r#"{"headers": {"Authorization": "\n"}}"#,
        ] {
            assert!(read(none).headers.is_empty(), "{none}");
        }
    }
}
