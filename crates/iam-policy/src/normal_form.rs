//! One text for all documents that say the same in another order.
//!
//! Two documents whose normal forms are equal allow and deny the same, so that a digest of the normal
//! form binds what a policy means and not how it happens to be written: the order of members, statements
//! and lists, a single value or a list of one, names of statements, capitals where IAM does not mind
//! them, an account by its number or by its root.

use serde_json::{Map, Value, json};

use crate::document::{
    Document, List, PrincipalKind, PrincipalSet, Principals, Resources, Statement,
};

/// The document in its normal form, as JSON without white space.
///
/// The same meaning in other patterns, such as `s3:*` beside `s3:Get*`, is another text: whether two
/// such documents mean the same is asked of [`crate::prove::check_equivalent`].
#[must_use]
pub fn normal_form(document: &Document<'_>) -> String {
    format!(
        "{{\"Version\":\"{}\",\"Statement\":[{}]}}",
        document.version().as_str(),
        statements(document, false)
    )
}

/// The same with the names that the document and its statements have: they mean nothing to IAM, but
/// people read them.
#[must_use]
pub fn normal_form_with_names(document: &Document<'_>) -> String {
    let id = document.id().map_or("", |id| id.text());
    format!(
        "{{\"Version\":\"{}\",\"Id\":{},\"Statement\":[{}]}}",
        document.version().as_str(),
        json!(id),
        statements(document, true)
    )
}

fn statements(document: &Document<'_>, names: bool) -> String {
    let all = document.statements().iter();
    let mut all: Vec<String> = all.map(|one| statement(one, names).to_string()).collect();
    all.sort_unstable();
    all.dedup();
    all.join(",")
}

/// A statement; its members are in the order of their names.
fn statement(statement: &Statement<'_>, names: bool) -> Value {
    let mut members = Map::new();
    let sid = statement.sid().map_or("", |sid| sid.text());
    if names && !sid.is_empty() {
        members.insert("Sid".to_owned(), json!(sid));
    }
    members.insert("Effect".to_owned(), json!(statement.effect().as_str()));
    if let Some(principals) = statement.principals() {
        members.insert(principals.element().to_owned(), principal_set(principals));
    }
    let actions = statement.actions();
    let element = if actions.is_negated() {
        "NotAction"
    } else {
        "Action"
    };
    members.insert(
        element.to_owned(),
        sorted(actions.list().texts().map(str::to_ascii_lowercase)),
    );
    if let Some(resources) = statement.resources() {
        let (element, list): (_, &List<'_>) = match resources {
            Resources::Resource(list) => ("Resource", list),
            Resources::NotResource(list) => ("NotResource", list),
        };
        members.insert(element.to_owned(), sorted(list.texts().map(str::to_owned)));
    }
    let conditions = conditions(statement);
    if !conditions.is_empty() {
        members.insert("Condition".to_owned(), ordered(conditions));
    }
    ordered(members)
}

/// Operators with keys in lower case and their values. A document has no key twice in one block, in
/// whatever case, so that no two of them become one: letters beyond ASCII stay as they are.
fn conditions(statement: &Statement<'_>) -> Map<String, Value> {
    let mut found = Map::new();
    for condition in statement.conditions() {
        let mut keys = Map::new();
        for entry in condition.entries() {
            let values = sorted(entry.values().texts().map(str::to_owned));
            keys.insert(entry.key().text().to_ascii_lowercase(), values);
        }
        found.insert(condition.operator().text().to_owned(), ordered(keys));
    }
    found
}

fn principal_set(principals: &Principals<'_>) -> Value {
    let entries = match principals.set() {
        PrincipalSet::Everyone(_) => return json!("*"),
        PrincipalSet::Named(entries) => entries,
    };
    let mut kinds: Map<String, Value> = Map::new();
    for entry in entries {
        let kind = entry.kind();
        let names = entry.values().texts().map(|name| {
            let digits = name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit());
            if kind == PrincipalKind::Aws && digits {
                format!("arn:aws:iam::{name}:root")
            } else {
                name.to_owned()
            }
        });
        kinds.insert(kind.as_str().to_owned(), sorted(names));
    }
    ordered(kinds)
}

/// A list, sorted, each member once.
fn sorted(texts: impl Iterator<Item = String>) -> Value {
    let mut texts: Vec<String> = texts.collect();
    texts.sort_unstable();
    texts.dedup();
    json!(texts)
}

/// An object with its members in the order of their names.
fn ordered(members: Map<String, Value>) -> Value {
    let mut members: Vec<(String, Value)> = members.into_iter().collect();
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    Value::Object(members.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::PolicyType;
    use crate::evaluate::Ruleset;
    use crate::prove::check_equivalent;

    fn of(text: &str, policy_type: PolicyType) -> String {
        let document = Document::parse(text, policy_type).unwrap();
        let normal = normal_form(&document);
        // Proved to say the same, and its own normal form.
        let again = Document::parse(&normal, policy_type).unwrap();
        let (one, other) = (Ruleset::compile(&document), Ruleset::compile(&again));
        assert!(check_equivalent(&one, &other).is_pass(), "{text}\n{normal}");
        assert_eq!(normal_form(&again), normal);
        normal
    }

    #[test]
    fn the_order_and_the_way_of_writing_do_not_count() {
        let one = r#"{"Version":"2012-10-17","Id":"x","Statement":[
            {"Sid":"A","Effect":"Allow","Principal":{"AWS":"111111111111","Service":"a.amazonaws.com"},"Action":"S3:GetObject","Resource":["arn:aws:s3:::b","arn:aws:s3:::a"],
             "Condition":{"StringEquals":{"AWS:PrincipalTag/x":["b","a"]},"Bool":{"aws:SecureTransport":true}}},
            {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}"#;
        let other = r#"{"Statement":[{"Resource":["*"],"Action":["s3:*"],"Principal":"*","Effect":"Deny"},
            {"Condition":{"Bool":{"aws:securetransport":["true"]},"StringEquals":{"aws:PrincipalTag/x":["a","b","a"]}},
             "Resource":["arn:aws:s3:::a","arn:aws:s3:::b"],"Action":["s3:getobject"],"Principal":{"Service":["a.amazonaws.com"],"AWS":["arn:aws:iam::111111111111:root"]},"Effect":"Allow"}],
            "Version":"2012-10-17"}"#;
        assert_eq!(
            of(one, PolicyType::Resource),
            of(other, PolicyType::Resource)
        );
    }

    #[test]
    fn what_is_said_counts() {
        let base = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}"}]}"#;
        for (from, to) in [
            ("2012-10-17", "2008-10-17"),
            ("Allow", "Deny"),
            ("GetObject", "PutObject"),
            ("s3:::b", "s3:::B"),
            ("\"Resource\"", "\"NotResource\""),
        ] {
            let changed = base.replace(from, to);
            assert_ne!(
                of(base, PolicyType::Identity),
                of(&changed, PolicyType::Identity),
                "{to}"
            );
        }
        let absent = base.replace("\"Version\":\"2012-10-17\",", "");
        let old = base.replace("2012-10-17", "2008-10-17");
        assert_eq!(
            of(&absent, PolicyType::Identity),
            of(&old, PolicyType::Identity)
        );
    }

    #[test]
    fn names_count_where_people_read_them() {
        let named = |sids: [&str; 2]| {
            let [one, two] = sids.map(|sid| format!("\"Sid\":\"{sid}\","));
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{{one}"Effect":"Allow","Action":"s3:*","Resource":"*"}},{{{two}"Effect":"Deny","Action":"sqs:*","Resource":"*"}}]}}"#
            );
            let document = Document::parse(&text, PolicyType::Identity).unwrap();
            (normal_form(&document), normal_form_with_names(&document))
        };
        let (plain, with) = named(["A", "B"]);
        for other in [["B", "A"], ["A", ""], ["A", "C"]] {
            let (same, differs) = named(other);
            assert_eq!(plain, same);
            assert_ne!(with, differs, "{other:?}");
        }
    }

    #[test]
    fn no_condition_is_lost() {
        // The sign for kelvin is another letter, although its small form is `k`.
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*",
            "Condition":{"StringLike":{"aws:PrincipalTag/K":"a*","aws:PrincipalTag/\u212a":"*b"}}}]}"#;
        let document = Document::parse(text, PolicyType::Identity).unwrap();
        let normal = normal_form(&document);
        assert!(normal.contains("a*") && normal.contains("*b"), "{normal}");
        // What is one key to IAM stands in a block once.
        let twice = text.replace("\\u212a", "k");
        assert!(Document::parse(&twice, PolicyType::Identity).is_err());
    }
}
