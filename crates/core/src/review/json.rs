//! Policy documents as AWS writes them.

use serde_json::{Map, Value};

/// The order in which AWS's documentation writes the elements of a policy (IAM User Guide, "IAM
/// JSON policy elements reference").
const ORDER: [&str; 12] = [
    "Version",
    "Id",
    "Statement",
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// The document with two spaces for each level and its elements in AWS's order, or as it is where
/// it is no JSON.
pub(super) fn indented(text: &str) -> String {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return text.to_owned();
    };
    let mut out = String::new();
    write(&mut out, &value, 0);
    out
}

fn write(out: &mut String, value: &Value, level: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let members = in_order(members);
            block(out, ('{', '}'), level, &members, |out, (name, value)| {
                out.push_str(&format!("{}: ", Value::from(name.as_str())));
                write(out, value, level + 1);
            });
        }
        Value::Array(items) if !items.is_empty() => {
            let items: Vec<&Value> = items.iter().collect();
            block(out, ('[', ']'), level, &items, |out, item| {
                write(out, item, level + 1);
            });
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn block<T>(
    out: &mut String,
    (open, close): (char, char),
    level: usize,
    items: &[T],
    write_item: impl Fn(&mut String, &T),
) {
    out.push(open);
    for (nth, item) in items.iter().enumerate() {
        out.push_str(if nth == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(level + 1));
        write_item(out, item);
    }
    out.push('\n');
    out.push_str(&"  ".repeat(level));
    out.push(close);
}

/// The known elements first; others, such as condition keys, as they stand.
fn in_order(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<(&String, &Value)> = members.iter().collect();
    let rank = |name: &str| {
        let known = ORDER.iter().position(|element| *element == name);
        known.unwrap_or(ORDER.len())
    };
    members.sort_by_key(|(name, _)| rank(name));
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_stand_in_the_order_of_aws() {
        let text = r#"{"Statement":[{"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}},"Action":["s3:GetObject","s3:List*"],"Effect":"Allow","Sid":"Read"}],"Version":"2012-10-17"}"#;
        insta::assert_snapshot!(indented(text));
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(read(&indented(text)), read(text));
        assert_eq!(indented("{}"), "{}");
        assert_eq!(indented("not JSON"), "not JSON");
    }
}
