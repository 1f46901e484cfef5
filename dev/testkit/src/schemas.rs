//! The part of JSON Schema 2020-12 that docs/openapi.json is written in, and which of its
//! properties were met.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// Keywords that constrain values further than their type. The bodies that are read check them
/// themselves; for answers the type suffices.
const NOT_CHECKED: [&str; 13] = [
    "description",
    "examples",
    "default",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "propertyNames",
];

/// The document, and the properties that a value was met for, each by its JSON pointer there.
#[derive(Debug, Clone)]
pub struct Schemas {
    document: Value,
    met: BTreeSet<String>,
}

impl Schemas {
    /// Nothing is met yet.
    #[must_use]
    pub fn new(document: Value) -> Self {
        let met = BTreeSet::new();
        Self { document, met }
    }

    /// Asserts that the value is as the schema of this name says.
    ///
    /// # Panics
    /// Where it is not.
    #[track_caller]
    pub fn check(&mut self, name: &str, value: &Value) {
        let place = format!("/components/schemas/{name}");
        match self.matches(&place, value) {
            Ok(met) => self.met.extend(met),
            Err(error) => panic!("not a {name}: {error}\n{value:#}"),
        }
    }

    /// The properties below these schemas that no value was met for.
    #[must_use]
    pub fn not_met(&self, names: &[&str]) -> Vec<String> {
        let mut all = BTreeSet::new();
        for name in names {
            self.collect(&format!("/components/schemas/{name}"), &mut all);
        }
        all.difference(&self.met).cloned().collect()
    }

    /// The place that a schema stands at, after its references.
    fn follow(&self, place: &str) -> (String, &Map<String, Value>) {
        let schema = self
            .document
            .pointer(place)
            .unwrap_or_else(|| panic!("{place}"));
        let schema = schema.as_object().unwrap_or_else(|| panic!("{place}"));
        match schema.get("$ref") {
            Some(target) => self.follow(target.as_str().unwrap().trim_start_matches('#')),
            None => (place.to_owned(), schema),
        }
    }

    fn collect(&self, place: &str, all: &mut BTreeSet<String>) {
        let (place, schema) = self.follow(place);
        for name in members(schema.get("properties")) {
            let place = format!("{place}/properties/{name}");
            if all.insert(place.clone()) {
                self.collect(&place, all);
            }
        }
        for list in ["anyOf", "oneOf"] {
            for n in 0..length(schema.get(list)) {
                self.collect(&format!("{place}/{list}/{n}"), all);
            }
        }
        if schema.contains_key("items") {
            self.collect(&format!("{place}/items"), all);
        }
    }

    /// The properties that the value has, if the schema at this place describes it.
    fn matches(&self, place: &str, value: &Value) -> Result<BTreeSet<String>, String> {
        let (place, schema) = self.follow(place);
        let mut met = BTreeSet::new();
        for (keyword, wanted) in schema {
            let below = format!("{place}/{keyword}");
            let fits = match keyword.as_str() {
                "type" => is_of_type(value, wanted),
                "const" => value == wanted,
                "enum" => wanted.as_array().unwrap().contains(value),
                "format" => has_format(value, wanted),
                "required" => {
                    let mut names = wanted.as_array().unwrap().iter();
                    names.all(|name| value.get(name.as_str().unwrap()).is_some())
                }
                "additionalProperties" => {
                    let known = members(schema.get("properties"));
                    let is_known = |name: &&str| known.clone().any(|one| one == *name);
                    let mut others = members(Some(value)).filter(|name| !is_known(name));
                    match wanted {
                        Value::Bool(more) => *more || others.next().is_none(),
                        _ => others.all(|name| {
                            let inner = value.get(name);
                            inner.is_some_and(|inner| self.matches(&below, inner).is_ok())
                        }),
                    }
                }
                "properties" => {
                    for name in members(Some(wanted)) {
                        let Some(inner) = value.get(name) else {
                            continue;
                        };
                        let place = format!("{below}/{name}");
                        met.extend(self.matches(&place, inner)?);
                        if !inner.is_null() {
                            met.insert(place);
                        }
                    }
                    true
                }
                "items" => {
                    for item in value.as_array().into_iter().flatten() {
                        met.extend(self.matches(&below, item)?);
                    }
                    true
                }
                "anyOf" | "oneOf" => {
                    let of = (0..length(Some(wanted)))
                        .find_map(|n| self.matches(&format!("{below}/{n}"), value).ok());
                    let fits = of.is_some();
                    met.extend(of.into_iter().flatten());
                    fits
                }
                other if NOT_CHECKED.contains(&other) => true,
                other => panic!("the keyword {other} at {place}"),
            };
            if !fits {
                return Err(format!("{below} does not hold for {value}"));
            }
        }
        Ok(met)
    }
}

fn members(object: Option<&Value>) -> impl Iterator<Item = &str> + Clone {
    let members = object.and_then(Value::as_object);
    members.into_iter().flat_map(Map::keys).map(String::as_str)
}

fn length(list: Option<&Value>) -> usize {
    list.and_then(Value::as_array).map_or(0, Vec::len)
}

fn is_of_type(value: &Value, wanted: &Value) -> bool {
    let one = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other}"),
    };
    match wanted {
        Value::Array(names) => names.iter().any(one),
        name => one(name),
    }
}

fn has_format(value: &Value, wanted: &Value) -> bool {
    assert_eq!(wanted, "date-time");
    let is_time = |text: &str| text.parse::<Timestamp>().is_ok();
    value.as_str().is_none_or(is_time)
}

#[test]
fn what_a_schema_does_not_say_does_not_match() {
    use serde_json::json;
    let schemas = || {
        Schemas::new(json!({"components": {"schemas": {
            "One": {
                "type": "object", "required": ["a"], "additionalProperties": false,
                "properties": {
                    "a": {"type": "string", "format": "date-time"},
                    "b": {"anyOf": [{"$ref": "#/components/schemas/Two"}, {"type": "null"}]},
                },
            },
            "Two": {"type": "object", "properties": {"c": {"enum": [1, 2]}}},
        }}}))
    };
    let time = "2026-01-01T00:00:00Z";
    let matches = |value: &Value| schemas().matches("/components/schemas/One", value).is_ok();
    assert!(matches(&json!({"a": time, "b": {"c": 2}})));
    for bad in [
        json!([]),
        json!({}),
        json!({"a": 1}),
        json!({"a": "soon"}),
        json!({"a": time, "b": {"c": 3}}),
        json!({"a": time, "c": 1}),
    ] {
        assert!(!matches(&bad), "{bad}");
    }
    let mut some = schemas();
    some.check("One", &json!({"a": time, "b": null}));
    let (b, c) = ("One/properties/b", "Two/properties/c");
    let missing = [b, c].map(|place| format!("/components/schemas/{place}"));
    assert_eq!(some.not_met(&["One"]), missing);
    some.check("One", &json!({"a": time, "b": {"c": 1}}));
    assert!(some.not_met(&["One"]).is_empty());
}
