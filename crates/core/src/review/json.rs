//! Policy documents as AWS writes them.

use iam_policy::foreign::characters::{MarkCount, is_hidden, is_mark, is_space};
use iam_policy::foreign::visible;
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
        return text.lines().map(visible).collect::<Vec<_>>().join("\n");
    };
    let mut out = String::new();
    write(&mut out, &value, 0);
    out
}

/// A text in quotes. What a reader cannot see is written as an escape, which JSON has for every
/// character.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    let (mut marks, mut before) = (MarkCount::default(), ' ');
    for c in Value::from(text).to_string().chars() {
        let stacked = marks.is_stacked(c) || before == '"' && is_mark(c);
        before = c;
        if stacked || is_hidden(c) || is_space(c) && c != ' ' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn write(out: &mut String, value: &Value, level: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let members = in_order(members);
            block(out, ('{', '}'), level, &members, |out, (name, value)| {
                out.push_str(&format!("{}: ", quoted(name)));
                write(out, value, level + 1);
            });
        }
        Value::Array(items) if !items.is_empty() => {
            let items: Vec<&Value> = items.iter().collect();
            block(out, ('[', ']'), level, &items, |out, item| {
                write(out, item, level + 1);
            });
        }
        Value::String(text) => out.push_str(&quoted(text)),
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
        assert_eq!(indented("not\u{202e}\nJSON"), "not⟨U+202E⟩\nJSON");
    }

    #[test]
    fn what_is_hidden_is_escaped_and_is_the_same_json() {
        let value = Value::from("a\u{202e}b\u{2800}\u{a0}\u{e0100}\u{301}\n\"é");
        let shown = indented(&value.to_string());
        assert_eq!(shown, r#""a\u202eb\u2800\u00a0\udb40\udd00\u0301\n\"é""#);
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
        let key = indented(r#"{"a\u202eb":1}"#);
        assert!(key.contains(r#""a\u202eb": 1"#), "{key}");
    }
}
