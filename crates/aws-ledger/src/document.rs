//! Documents: JSON with the number of its schema.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use ports::CallError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The schema that is written, and the only one that is read.
const SCHEMA: u32 = 1;

pub(crate) type Item = HashMap<String, AttributeValue>;

#[derive(Serialize)]
struct Written<'a, T> {
    schema: u32,
    body: &'a T,
}

#[derive(Deserialize)]
struct Read<T> {
    schema: u32,
    body: T,
}

/// Why a stored document cannot be read. Says where, never what.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("the attribute `{0}` is missing or of another type")]
    Attribute(&'static str),
    #[error("schema {0} is not known")]
    Schema(u32),
    #[error("not the expected JSON at line {line}, column {column}")]
    Json { line: usize, column: usize },
}

pub(crate) fn write<T: Serialize>(
    operation: &'static str,
    value: &T,
) -> Result<AttributeValue, CallError> {
    let written = Written {
        schema: SCHEMA,
        body: value,
    };
    serde_json::to_string(&written)
        .map(AttributeValue::S)
        .map_err(|error| {
            CallError::permanent(operation, "UnwritableDocument").because(Unreadable::Json {
                line: error.line(),
                column: error.column(),
            })
        })
}

pub(crate) fn read<T: DeserializeOwned>(
    operation: &'static str,
    item: &Item,
) -> Result<T, CallError> {
    let text = text(operation, item, "doc")?;
    let read: Read<T> = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        unreadable(operation, Unreadable::Json { line, column })
    })?;
    if read.schema == SCHEMA {
        Ok(read.body)
    } else {
        Err(unreadable(operation, Unreadable::Schema(read.schema)))
    }
}

pub(crate) fn text<'a>(
    operation: &'static str,
    item: &'a Item,
    name: &'static str,
) -> Result<&'a str, CallError> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(unreadable(operation, Unreadable::Attribute(name))),
    }
}

/// A number; none where the attribute is absent.
pub(crate) fn number<T: std::str::FromStr>(
    operation: &'static str,
    item: &Item,
    name: &'static str,
) -> Result<Option<T>, CallError> {
    let bad = || unreadable(operation, Unreadable::Attribute(name));
    match item.get(name) {
        None => Ok(None),
        Some(AttributeValue::N(text)) => text.parse().map(Some).map_err(|_| bad()),
        Some(_) => Err(bad()),
    }
}

/// The error for an attribute that holds something else than it should.
pub(crate) fn bad_attribute(operation: &'static str, name: &'static str) -> CallError {
    unreadable(operation, Unreadable::Attribute(name))
}

fn unreadable(operation: &'static str, why: Unreadable) -> CallError {
    CallError::permanent(operation, "UnreadableItem").because(why)
}

#[cfg(test)]
mod tests {
    use ports::Failure;

    use super::*;

    fn item(doc: &str) -> Item {
        HashMap::from([("doc".to_owned(), AttributeValue::S(doc.to_owned()))])
    }

    #[test]
    fn what_is_written_is_read() {
        let doc = write("x:Y", &vec![1, 2]).unwrap();
        assert_eq!(doc.as_s().unwrap(), r#"{"schema":1,"body":[1,2]}"#);
        let item = HashMap::from([("doc".to_owned(), doc)]);
        assert_eq!(read::<Vec<u8>>("x:Y", &item).unwrap(), [1, 2]);
    }

    #[test]
    fn what_cannot_be_read_is_final_and_not_told() {
        for doc in [
            "",
            "canary",
            r#"{"schema":2,"body":[1]}"#,
            r#"{"body":[1]}"#,
            r#"{"schema":1,"body":"canary"}"#,
        ] {
            let error = read::<Vec<u8>>("x:Y", &item(doc)).unwrap_err();
            assert_eq!(
                (error.code.as_str(), error.failure),
                ("UnreadableItem", Failure::Permanent)
            );
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
        assert!(read::<Vec<u8>>("x:Y", &Item::new()).is_err());
    }
}
