//! The reader takes what serde_json takes, and strings mean the same.
#![no_main]

use iam_policy::json::{Item, Json, Kind, SyntaxErrorKind};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    match (Json::parse(text), serde_json::from_str::<Value>(text)) {
        (Ok(json), Ok(value)) => compare(json.root(), &value),
        (Ok(json), Err(error)) => {
            // serde_json wants numbers to fit; ours are kept as text.
            assert!(
                error.to_string().contains("number out of range"),
                "{error}: {:?}",
                json.root().raw()
            );
        }
        (Err(error), Ok(_)) => assert_eq!(error.kind(), SyntaxErrorKind::TooDeep),
        (Err(_), Err(_)) => {}
    }
});

fn compare(item: Item<'_, '_>, value: &Value) {
    match value {
        Value::Null => assert_eq!(item.kind(), Kind::Null),
        Value::Bool(_) => assert_eq!(item.kind(), Kind::Bool),
        Value::Number(_) => assert_eq!(item.kind(), Kind::Number),
        Value::String(text) => assert_eq!(item.string().as_deref(), Some(text.as_str())),
        Value::Array(values) => {
            assert_eq!(item.elements().count(), values.len());
            item.elements()
                .zip(values)
                .for_each(|(item, value)| compare(item, value));
        }
        Value::Object(members) => {
            // Of doubled keys serde_json keeps the last.
            for (key, value) in members {
                let ours = item
                    .members()
                    .filter(|(name, _)| name.string().is_some_and(|name| name == *key))
                    .last();
                compare(ours.expect("the key is there").1, value);
            }
        }
    }
}
