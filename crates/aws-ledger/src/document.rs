//! Documents and attributes of items. How a document is written is the core's
//! ([`snowgate_core::stored`]).

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use ports::CallError;
use snowgate_core::stored::{self, ReadError, StoredDocument};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// Why a stored item cannot be read. Says where, never what.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("the attribute `{0}` is missing or of another type")]
    Attribute(&'static str),
    #[error("the document cannot be read")]
    Document(#[source] ReadError),
}

pub(crate) fn write<T: StoredDocument>(
    operation: &'static str,
    value: &T,
) -> Result<AttributeValue, CallError> {
    let written = stored::write(value);
    written
        .map(AttributeValue::S)
        .map_err(|error| CallError::permanent(operation, "UnwritableDocument").because(error))
}

pub(crate) fn read<T: StoredDocument>(
    operation: &'static str,
    item: &Item,
) -> Result<T, CallError> {
    let text = text(operation, item, "doc")?;
    stored::read(text).map_err(|error| unreadable(operation, Unreadable::Document(error)))
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
    use snowgate_core::approval::TokenRow;

    use super::*;

    fn item(doc: &str) -> Item {
        HashMap::from([("doc".to_owned(), AttributeValue::S(doc.to_owned()))])
    }

    #[test]
    fn what_cannot_be_read_is_final_and_not_told() {
        for doc in [
            "",
            "canary",
            r#"{"schema":2,"body":{}}"#,
            r#"{"body":{}}"#,
            r#"{"schema":1,"body":"canary"}"#,
        ] {
            let error = read::<TokenRow>("x:Y", &item(doc)).unwrap_err();
            assert_eq!(
                (error.code.as_str(), error.failure),
                ("UnreadableItem", Failure::Permanent)
            );
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
        assert!(read::<TokenRow>("x:Y", &Item::new()).is_err());
    }
}
