//! Principals of resource and trust policies.

use super::condition_values::is_service_principal;
use super::conditions::names_key;
use super::{Checker, Code};
use crate::catalogue::wildcard;
use crate::document::{
    DraftStatement, Element, Path, PolicyType, PrincipalEntry, PrincipalKind, PrincipalSet, Value,
};
use crate::foreign;

/// Keys that say where a service acts for.
const SOURCE_KEYS: [&str; 4] = [
    "aws:SourceArn",
    "aws:SourceAccount",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
];

/// Keys about a principal with an identity, which a service has not.
const IDENTITY_KEYS: [&str; 4] = [
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalAccount",
];

impl Checker<'_, '_> {
    pub(super) fn principals(&mut self, statement: &DraftStatement<'_>) {
        for (name, set) in [
            ("Principal", &statement.principal),
            ("NotPrincipal", &statement.not_principal),
        ] {
            let Some(PrincipalSet::Named(entries)) = set else {
                continue;
            };
            let element = || statement.path().key(name);
            let span = statement.place(if name == "Principal" {
                Element::Principal
            } else {
                Element::NotPrincipal
            });
            if let (true, Some(span)) = (entries.is_empty(), span) {
                let message = "the statement names no principals and has no effect".to_owned();
                self.add(Code::EmptyObjectPrincipal, element(), span, message);
            }
            for entry in entries {
                self.principal_entry(entry, element);
            }
        }
        let allows = statement
            .effect
            .as_ref()
            .is_some_and(|effect| effect.text() == "Allow");
        if let (true, Some(span)) = (allows, statement.place(Element::NotPrincipal)) {
            let message = "allowing all but some principals lets everyone else in".to_owned();
            self.add(
                Code::AllowWithNotPrincipal,
                statement.path().key("NotPrincipal"),
                span,
                message,
            );
        }
        if allows && self.policy_type == PolicyType::Resource {
            self.service_principals(statement);
        }
    }

    fn principal_entry(&mut self, entry: &PrincipalEntry<'_>, element: impl Fn() -> Path) {
        let list = entry.values();
        let here = || element().key(entry.kind().as_str());
        if list.values().is_empty() {
            let message = "the statement names no principals and has no effect".to_owned();
            self.add(Code::EmptyArrayPrincipal, here(), list.span(), message);
        }
        if entry.kind() == PrincipalKind::Federated && self.policy_type == PolicyType::Resource {
            let message = "resource policies do not know federated principals".to_owned();
            self.add(
                Code::FederatedPrincipalNotSupported,
                here(),
                entry.key_span(),
                message,
            );
        }
        for (nth, value) in list.values().iter().enumerate() {
            if let Some((code, message)) = fault(entry.kind(), value) {
                self.add(code, list.path(here(), nth), value.span(), message);
            }
        }
    }

    fn service_principals(&mut self, statement: &DraftStatement<'_>) {
        let Some(PrincipalSet::Named(entries)) = &statement.principal else {
            return;
        };
        let Some(entry) = entries
            .iter()
            .find(|entry| entry.kind() == PrincipalKind::Service)
        else {
            return;
        };
        let path = || statement.path().key("Principal").key("Service");
        if !SOURCE_KEYS.iter().any(|key| names_key(statement, key)) {
            let message =
                "say for whom the service may act: add `aws:SourceArn` or `aws:SourceAccount`"
                    .to_owned();
            self.add(
                Code::RestrictAccessToServicePrincipal,
                path(),
                entry.values().span(),
                message,
            );
        }
        let unsupported = IDENTITY_KEYS.iter().find(|key| names_key(statement, key));
        if let (Some(key), 1) = (unsupported, entries.len()) {
            let message = format!(
                "a service has no {}: the condition never holds for it",
                foreign::code(key)
            );
            self.add(
                Code::UnsupportedConditionKeyForServicePrincipal,
                path(),
                entry.values().span(),
                message,
            );
        }
    }
}

fn fault(kind: PrincipalKind, value: &Value<'_>) -> Option<(Code, String)> {
    let text = value.text();
    if text.contains("${") {
        let message = "variables are not replaced in principals".to_owned();
        return Some((Code::VariableUnsupportedInElement, message));
    }
    match kind {
        PrincipalKind::Aws => {
            if text != "*" && wildcard::has_wildcard(text) {
                let message = "a principal is named in full or `*`".to_owned();
                return Some((Code::UnsupportedWildcardInPrincipal, message));
            }
            let id = |prefix| text.starts_with(prefix) && !text.contains(':');
            if id("AROA") {
                let message = format!(
                    "{} is the id of a role that was deleted; name an ARN",
                    foreign::code(text)
                );
                return Some((Code::InvalidRoleReference, message));
            }
            id("AIDA").then(|| {
                let message = format!(
                    "{} is the id of a user who was deleted; name an ARN",
                    foreign::code(text)
                );
                (Code::InvalidUserReference, message)
            })
        }
        PrincipalKind::Service => {
            if wildcard::has_wildcard(text) {
                let message = "a service principal is named in full".to_owned();
                return Some((Code::UnsupportedWildcardInPrincipal, message));
            }
            // Here two labels before the domain are usual, such as `tasks.apprunner`.
            let domain = text.ends_with(".amazonaws.com")
                || text.ends_with(".amazonaws.com.cn")
                || is_service_principal(text);
            let small = !text.bytes().any(|byte| byte.is_ascii_uppercase());
            (!domain || !small).then(|| {
                let message = format!(
                    "{} is no service principal such as `ec2.amazonaws.com`",
                    foreign::code(text)
                );
                (Code::InvalidServicePrincipalFormat, message)
            })
        }
        PrincipalKind::Federated | PrincipalKind::CanonicalUser => None,
    }
}
