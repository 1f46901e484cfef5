use std::collections::{BTreeMap, BTreeSet};

use crate::document::{
    Document, Effect, PolicyType, PrincipalSet, Principals, Statement, Value, ValueKind, Version,
};

/// A statement without its name and the order of its lists: what it means and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StatementParts {
    pub(super) effect: Effect,
    /// The element with its value as JSON, empty when there is none.
    pub(super) principals: String,
    pub(super) not_actions: bool,
    pub(super) actions: Vec<String>,
    pub(super) not_resources: bool,
    pub(super) resources: Option<Vec<String>>,
    /// Operators, keys, values as JSON.
    pub(super) conditions: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl StatementParts {
    pub(super) fn read(statement: &Statement<'_>) -> Self {
        let texts = |list: &crate::document::List<'_>| list.texts().map(str::to_owned).collect();
        let mut conditions: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for condition in statement.conditions() {
            let keys = conditions
                .entry(condition.operator().text().to_owned())
                .or_default();
            for entry in condition.entries() {
                let values = keys.entry(entry.key().text().to_owned()).or_default();
                values.extend(entry.values().values().iter().map(json_of));
            }
        }
        Self {
            effect: statement.effect(),
            principals: statement.principals().map(principals).unwrap_or_default(),
            not_actions: statement.actions().is_negated(),
            actions: texts(statement.actions().list()),
            not_resources: statement
                .resources()
                .is_some_and(crate::document::Resources::is_negated),
            resources: statement
                .resources()
                .map(|resources| texts(resources.list())),
            conditions,
        }
    }

    /// What all statements share that can be joined by their actions.
    pub(super) fn key_without_actions(&self) -> (Effect, String) {
        (self.effect, self.write_parts(false, true))
    }

    /// What all statements share that can be joined by their resources.
    pub(super) fn key_without_resources(&self) -> (Effect, String) {
        (self.effect, self.write_parts(true, false))
    }

    /// The statement as JSON without white space.
    pub(super) fn write(&self) -> String {
        format!(
            "{{\"Effect\":\"{}\"{}}}",
            self.effect.as_str(),
            self.write_parts(true, true)
        )
    }

    fn write_parts(&self, actions: bool, resources: bool) -> String {
        let mut out = String::new();
        if !self.principals.is_empty() {
            out.push(',');
            out.push_str(&self.principals);
        }
        if actions {
            let element = if self.not_actions {
                "NotAction"
            } else {
                "Action"
            };
            element_of(&mut out, element, &self.actions);
        }
        if let Some(list) = self.resources.as_ref().filter(|_| resources) {
            let element = if self.not_resources {
                "NotResource"
            } else {
                "Resource"
            };
            element_of(&mut out, element, list);
        }
        if !self.conditions.is_empty() {
            out.push_str(",\"Condition\":{");
            for (nth, (operator, keys)) in self.conditions.iter().enumerate() {
                let comma = if nth > 0 { "," } else { "" };
                let keys = keys.iter().map(|(key, values)| {
                    let values: Vec<&str> = values.iter().map(String::as_str).collect();
                    format!("{}:{}", quote(key), scalar_or_array(&values))
                });
                let keys: Vec<String> = keys.collect();
                out.push_str(&format!(
                    "{comma}{}:{{{}}}",
                    quote(operator),
                    keys.join(",")
                ));
            }
            out.push('}');
        }
        out
    }
}

/// A document of these statements, as JSON without white space.
pub(super) fn write_document(version: Option<Version>, parts: &[StatementParts]) -> String {
    let version = version.map(|version| format!("\"Version\":\"{}\",", version.as_str()));
    let written: Vec<String> = parts.iter().map(StatementParts::write).collect();
    let written: Vec<&str> = written.iter().map(String::as_str).collect();
    let statements = scalar_or_array(&written);
    format!(
        "{{{}\"Statement\":{statements}}}",
        version.unwrap_or_default()
    )
}

/// The statements of a written document, for proving things about it.
pub(super) fn ruleset(
    version: Option<Version>,
    parts: &[StatementParts],
    policy_type: PolicyType,
) -> Option<crate::evaluate::Ruleset> {
    let text = write_document(version, parts);
    let document = Document::parse(&text, policy_type).ok()?;
    Some(crate::evaluate::Ruleset::compile(&document))
}

fn principals(principals: &Principals<'_>) -> String {
    let value = match principals.set() {
        PrincipalSet::Everyone(_) => "\"*\"".to_owned(),
        PrincipalSet::Named(entries) => {
            let mut kinds: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
            for entry in entries {
                let values = kinds.entry(entry.kind().as_str()).or_default();
                values.extend(entry.values().texts().map(quote));
            }
            let kinds = kinds.iter().map(|(kind, values)| {
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                format!("\"{kind}\":{}", scalar_or_array(&values))
            });
            format!("{{{}}}", kinds.collect::<Vec<_>>().join(","))
        }
    };
    format!("\"{}\":{value}", principals.element())
}

fn element_of(out: &mut String, element: &str, list: &[String]) {
    out.push_str(",\"");
    out.push_str(element);
    out.push_str("\":");
    if let [only] = list {
        return quote_to(only, out);
    }
    out.push('[');
    for (nth, text) in list.iter().enumerate() {
        if nth > 0 {
            out.push(',');
        }
        quote_to(text, out);
    }
    out.push(']');
}

fn scalar_or_array(values: &[&str]) -> String {
    match values {
        [only] => (*only).to_owned(),
        values => format!("[{}]", values.join(",")),
    }
}

fn json_of(value: &Value<'_>) -> String {
    match value.kind() {
        ValueKind::Text => quote(value.text()),
        ValueKind::Number | ValueKind::Bool => value.text().to_owned(),
    }
}

fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote_to(text, &mut out);
    out
}

/// Writes a text as JSON.
fn quote_to(text: &str, out: &mut String) {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}
