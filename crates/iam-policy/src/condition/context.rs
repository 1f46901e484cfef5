use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::foreign;

/// The value of a context key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextValue {
    /// A key with one value.
    One(String),
    /// A key that can have several values. With none of them the key counts as missing.
    Many(Vec<String>),
}

/// What is known about a request: context keys with their values.
///
/// Names of keys do not care for case; a key is there once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    lower: Box<str>,
    name: Box<str>,
    value: ContextValue,
}

impl Context {
    /// A context without keys.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// Sets a key, in place of its former value.
    pub fn set(&mut self, name: &str, value: ContextValue) {
        let lower = name.to_lowercase().into_boxed_str();
        let entry = Entry {
            name: name.into(),
            value,
            lower,
        };
        match self
            .entries
            .binary_search_by(|other| other.lower.cmp(&entry.lower))
        {
            Ok(at) => {
                if let Some(slot) = self.entries.get_mut(at) {
                    *slot = entry;
                }
            }
            Err(at) => self.entries.insert(at, entry),
        }
    }

    /// Sets a key to one value and answers the context.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, ContextValue::One(value.to_owned()));
        self
    }

    /// The value of a key; `None` when it is missing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ContextValue> {
        self.get_lower(&name.to_lowercase())
    }

    /// The value of a key given in lower case.
    pub(crate) fn get_lower(&self, lower: &str) -> Option<&ContextValue> {
        let at = self
            .entries
            .binary_search_by(|entry| (*entry.lower).cmp(lower));
        let value = self.entries.get(at.ok()?).map(|entry| &entry.value);
        value.filter(|value| !matches!(value, ContextValue::Many(list) if list.is_empty()))
    }

    /// All values.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let values = self.entries.iter().map(|entry| match &entry.value {
            ContextValue::One(value) => std::slice::from_ref(value),
            ContextValue::Many(values) => values,
        });
        values.flatten().map(String::as_str)
    }

    /// The keys with their values, sorted by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &ContextValue)> {
        self.entries
            .iter()
            .map(|entry| (&*entry.name, &entry.value))
    }
}

impl Serialize for ContextValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(value) => value.serialize(serializer),
            Self::Many(values) => values.serialize(serializer),
        }
    }
}

impl Serialize for Context {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.entries.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Context {
    /// Reads an object of keys; values are texts, numbers, Booleans, or arrays of them.
    /// `null` means that the key is missing.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Context;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of context keys")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Context, A::Error> {
                let mut entries = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
                    if value.is_null() {
                        continue;
                    }
                    let value = read_value(&value).ok_or_else(|| {
                        A::Error::custom(format_args!(
                            "value of {} is neither text nor list of texts",
                            foreign::code(&name)
                        ))
                    })?;
                    entries.push(Entry {
                        lower: name.to_lowercase().into(),
                        name: name.into(),
                        value,
                    });
                }
                // Of a key that is there twice the last value counts.
                entries.sort_by(|one, other| one.lower.cmp(&other.lower));
                entries.dedup_by(|later, earlier| {
                    let same = later.lower == earlier.lower;
                    if same {
                        std::mem::swap(later, earlier);
                    }
                    same
                });
                Ok(Context { entries })
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

fn read_value(value: &serde_json::Value) -> Option<ContextValue> {
    match value {
        serde_json::Value::Array(values) => {
            let values: Option<Vec<String>> = values.iter().map(read_scalar).collect();
            values.map(ContextValue::Many)
        }
        value => read_scalar(value).map(ContextValue::One),
    }
}

fn read_scalar(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Bool(bool) => Some(bool.to_string()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_json() {
        let text = r#"{"aws:SourceIp":"1.2.3.4","aws:MultiFactorAuthPresent":true,"n:n":5,"aws:TagKeys":["a"],"aws:Gone":null}"#;
        let context: Context = serde_json::from_str(text).unwrap();
        assert_eq!(
            context.get("AWS:sourceip"),
            Some(&ContextValue::One("1.2.3.4".into()))
        );
        assert_eq!(context.get("n:N"), Some(&ContextValue::One("5".into())));
        assert_eq!(context.get("aws:gone"), None);
        let again: Context =
            serde_json::from_str(&serde_json::to_string(&context).unwrap()).unwrap();
        assert_eq!(again, context);
        assert!(serde_json::from_str::<Context>(r#"{"a":{}}"#).is_err());
    }

    #[test]
    fn a_key_is_there_once() {
        let context = Context::new().with("a:B", "1").with("A:b", "2");
        assert_eq!(context.iter().len(), 1);
        assert_eq!(context.get("a:b"), Some(&ContextValue::One("2".into())));
        let text = r#"{"a:B":"1","c:d":"3","A:b":"2","B:b":"4"}"#;
        let read: Context = serde_json::from_str(text).unwrap();
        assert_eq!(read, context.with("c:d", "3").with("B:b", "4"));
    }
}
