//! What a requested policy may not have in it, beside what IAM's grammar refuses.

use serde_json::Value;

use crate::body::pointer_token;

/// The JSON pointer to the first condition of a policy that has no values, or operator that has no keys.
pub(super) fn empty_condition(policy: &Value) -> Option<String> {
    let is_empty = |value: &Value| match value {
        Value::Array(values) => values.is_empty(),
        Value::Object(keys) => keys.is_empty(),
        _ => false,
    };
    let statements = policy.get("Statement")?;
    let listed = statements.as_array().map_or(&[][..], Vec::as_slice);
    let listed = (0..)
        .zip(listed)
        .map(|(n, one)| (format!("/Statement/{n}"), one));
    let single = statements
        .is_object()
        .then(|| ("/Statement".to_owned(), statements));
    for (at, statement) in listed.chain(single) {
        let operators = statement.get("Condition").and_then(Value::as_object);
        for (operator, keys) in operators.into_iter().flatten() {
            if is_empty(keys) {
                return Some(format!("{at}/Condition/{operator}"));
            }
            let keys = keys.as_object().into_iter().flatten();
            if let Some((key, _)) = keys.into_iter().find(|(_, values)| is_empty(values)) {
                return Some(format!("{at}/Condition/{operator}/{key}"));
            }
        }
    }
    None
}

/// The first control character in a string or key, with the JSON pointer to where it stands: no name
/// in AWS has one, and whoever reads the policy would see a line that is not in it.
pub(super) fn control_character(value: &Value) -> Option<(String, u32)> {
    let of_text = |text: &str| text.chars().find(|c| c.is_control()).map(u32::from);
    let below = |step: String, value: &Value| {
        let (pointer, character) = control_character(value)?;
        Some((format!("/{step}{pointer}"), character))
    };
    match value {
        Value::String(text) => Some((String::new(), of_text(text)?)),
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| below(index.to_string(), item))
        }
        Value::Object(members) => members.iter().find_map(|(key, value)| match of_text(key) {
            Some(character) => Some((String::new(), character)),
            None => below(pointer_token(key), value),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}
