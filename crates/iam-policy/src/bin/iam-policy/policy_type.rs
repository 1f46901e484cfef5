//! What a policy is attached to, found out from what it says.

use iam_policy::document::PolicyType;
use iam_policy::json::{Item, Json, Kind};

/// What a policy is probably attached to: one that names principals to a resource, and to a role when
/// it is about taking it.
pub(crate) fn type_of(text: &str) -> PolicyType {
    let Ok(json) = Json::parse(text) else {
        return PolicyType::Identity;
    };
    let statements = statements(json.root());
    let has = |statement: &Item<'_, '_>, names: &[&str]| {
        let mut members = statement.members();
        members.any(|(key, _)| key.string().is_some_and(|key| names.contains(&&*key)))
    };
    let named = |statement: &Item<'_, '_>| has(statement, &["Principal", "NotPrincipal"]);
    if !statements.iter().any(named) {
        return PolicyType::Identity;
    }
    let trusts = |statement: &Item<'_, '_>| {
        !has(statement, &["Resource", "NotResource"]) && is_about_roles(*statement)
    };
    if statements.iter().all(trusts) {
        PolicyType::Trust
    } else {
        PolicyType::Resource
    }
}

fn statements<'j, 'a>(root: Item<'j, 'a>) -> Vec<Item<'j, 'a>> {
    let list = root
        .members()
        .find(|(key, _)| key.string().is_some_and(|key| key == "Statement"));
    match list {
        Some((_, list)) if list.kind() == Kind::Array => list.elements().collect(),
        Some((_, one)) => vec![one],
        None => Vec::new(),
    }
}

/// Whether every action is one of STS.
fn is_about_roles(statement: Item<'_, '_>) -> bool {
    let actions = statement
        .members()
        .find(|(key, _)| key.string().is_some_and(|key| key == "Action"));
    let of_sts = |item: Item<'_, '_>| {
        let text = item.string().unwrap_or_default().to_ascii_lowercase();
        text.starts_with("sts:")
    };
    match actions {
        Some((_, list)) if list.kind() == Kind::Array => list.elements().all(of_sts),
        Some((_, one)) => of_sts(one),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_and_actions_tell_the_type() {
        for (statement, expected) in [
            (r#"{"Action":"s3:*","Resource":"*"}"#, PolicyType::Identity),
            (
                r#"{"Principal":"*","Action":"s3:*","Resource":"*"}"#,
                PolicyType::Resource,
            ),
            (
                r#"[{"Principal":"*","Action":["sts:AssumeRole"]}]"#,
                PolicyType::Trust,
            ),
            (
                r#"{"Principal":"*","Action":"sqs:*"}"#,
                PolicyType::Resource,
            ),
            ("[]", PolicyType::Identity),
        ] {
            let text = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
            assert_eq!(type_of(&text), expected, "{statement}");
        }
        assert_eq!(type_of("{"), PolicyType::Identity);
    }
}
