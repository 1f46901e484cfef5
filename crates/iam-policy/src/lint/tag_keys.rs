//! Conditions on the tags of resources, for services whose requests do not tell these tags.
//!
//! A condition on a key that a request does not have fails: what is to be denied is then
//! allowed, and what is to be allowed is not.

use std::collections::BTreeMap;

use super::conditions::{Compares, Operator};
use super::{Checker, Code};
use crate::catalogue;
use crate::document::DraftStatement;
use crate::foreign;
use crate::reach;

impl Checker<'_, '_> {
    pub(super) fn tag_keys(&mut self, statement: &DraftStatement<'_>) {
        let found = statement.conditions.iter().find_map(|condition| {
            let operator = Operator::read(condition.operator().text())?;
            // Others hold when the key is missing, or ask for just that.
            let fails = !operator.negated
                && !operator.if_exists
                && operator.compares != Compares::Existence;
            let mut entries = condition.entries().iter();
            let entry = entries.find(|entry| is_resource_tag(entry.key().text()))?;
            fails.then_some((condition, entry.key()))
        });
        let Some((condition, key)) = found else {
            return;
        };
        let allows = match statement.effect.as_ref().map(|effect| effect.text()) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return,
        };
        let path = statement.path().key("Condition");
        let path = path.key(condition.operator().text()).key(key.text());
        if statement.not_action.is_some() {
            let (code, message) = if allows {
                let message = "only actions that know the tags of their resources are allowed: name them in `Action`";
                (Code::AllowNotActionUnsupportedTag, message)
            } else {
                let message = "actions that do not know the tags of their resources are not denied: name them in `Action`";
                (Code::DenyNotActionUnsupportedTag, message)
            };
            self.add(code, path, key.span(), message.to_owned());
            return;
        }
        let actions = statement.action.iter().flat_map(|list| list.texts());
        // A service counts when none of its actions here knows the tags of its resources.
        let mut services: BTreeMap<&'static str, bool> = BTreeMap::new();
        for text in actions {
            let service = text
                .split_once(':')
                .and_then(|(prefix, _)| catalogue::service(prefix));
            if let Some(service) = service.filter(|service| service.retired().is_none()) {
                let known = services.entry(service.prefix()).or_default();
                *known = *known || knows_tags(service, text);
            }
        }
        services.retain(|_, known| !*known);
        if services.is_empty() {
            return;
        }
        let services: Vec<String> = services.into_keys().map(foreign::code).collect();
        let (code, word) = if allows {
            (Code::AllowUnsupportedTag, "allowed")
        } else {
            (Code::DenyUnsupportedTag, "denied")
        };
        let message = format!(
            "requests to {} do not tell the tags of resources: their actions are not {word} by this; give them a statement of their own",
            services.join(", ")
        );
        self.add(code, path, key.span(), message);
    }
}

fn is_resource_tag(key: &str) -> bool {
    key.get(..16)
        .is_some_and(|begin| begin.eq_ignore_ascii_case("aws:ResourceTag/"))
}

/// Whether an action of the service that the pattern matches knows the key, or one that is new to the
/// catalogue may.
fn knows_tags(service: &'static catalogue::Service, pattern: &str) -> bool {
    let mut keys = service.condition_keys();
    if !keys.any(|key| is_resource_tag(key.name())) {
        return false;
    }
    let mut actions = catalogue::actions_matching(pattern).peekable();
    actions.peek().is_none()
        || actions.any(|action| reach::has_key(action, |key| is_resource_tag(key.name())))
}

#[cfg(test)]
mod tests {
    use crate::document::PolicyType;
    use crate::lint::{Options, lint};

    fn codes(statement: &str, policy_type: PolicyType) -> Vec<&'static str> {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let report = lint(&text, policy_type, Options::default());
        report
            .findings()
            .iter()
            .map(|finding| finding.code().name())
            .collect()
    }

    #[test]
    fn tags_of_resources_are_asked_of_services_that_tell_them() {
        let told = |effect: &str, actions: &str, condition: &str| {
            codes(
                &format!(
                    r#"{{"Effect":"{effect}",{actions},"Resource":"*","Condition":{condition}}}"#
                ),
                PolicyType::Identity,
            )
        };
        let equals = r#"{"StringEquals":{"aws:ResourceTag/team":"a"}}"#;
        let both = r#""Action":["ec2:StartInstances","cloudshell:CreateEnvironment"]"#;
        assert_eq!(
            told("Deny", both, equals),
            ["DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE"]
        );
        assert_eq!(
            told("Allow", both, equals),
            ["ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE"]
        );
        assert_eq!(
            told("Deny", r#""NotAction":"ec2:StartInstances""#, equals),
            ["DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE"]
        );
        assert!(told("Allow", r#""Action":"ec2:StartInstances""#, equals).is_empty());
        // Decided by action: one that knows the tags speaks for its service.
        assert_eq!(
            told("Allow", r#""Action":"resource-groups:CreateGroup""#, equals),
            ["ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE"]
        );
        let two = r#""Action":["resource-groups:CreateGroup","resource-groups:DeleteGroup"]"#;
        assert!(told("Allow", two, equals).is_empty());
        for holds_without in [
            r#"{"StringEqualsIfExists":{"aws:ResourceTag/team":"a"}}"#,
            r#"{"StringNotEquals":{"aws:ResourceTag/team":"a"}}"#,
            r#"{"Null":{"aws:ResourceTag/team":"true"}}"#,
        ] {
            assert!(
                told("Deny", both, holds_without).is_empty(),
                "{holds_without}"
            );
        }
    }

    #[test]
    fn dates_in_seconds_and_sessions_of_named_roles_are_seen() {
        let dated = |key: &str, value: &str| {
            codes(
                &format!(
                    r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{{"DateLessThan":{{"{key}":"{value}"}}}}}}"#
                ),
                PolicyType::Identity,
            )
        };
        assert_eq!(
            dated("aws:CurrentTime", "1777680000"),
            ["INVALID_DATE_VALUE"]
        );
        assert!(dated("aws:EpochTime", "1777680000").is_empty());
        assert!(dated("aws:CurrentTime", "2027").is_empty());
        let trust = |role: &str| {
            codes(
                &format!(
                    r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":["arn:aws:iam::111111111111:role/{role}","arn:aws:sts::111111111111:assumed-role/app/s"]}}}}"#
                ),
                PolicyType::Trust,
            )
        };
        assert_eq!(
            trust("teams/app"),
            ["REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY"]
        );
        assert!(trust("other").is_empty());
    }
}
