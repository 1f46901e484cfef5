//! `iam:PassRole` and `iam:CreateServiceLinkedRole` for more roles than are named.

use super::conditions::Operator;
use super::{Checker, Code, Location, arn};
use crate::catalogue::wildcard;
use crate::document::DraftStatement;
use crate::foreign;

struct Sensitive {
    action: &'static str,
    /// A condition on this key limits the action well enough.
    limit: &'static str,
    /// Whether a resource stands for roles of any name.
    is_open: fn(&str) -> bool,
    /// Codes for an action named, an action with wildcard, `NotAction`.
    star: [Code; 3],
    not_resource: [Code; 3],
}

const SENSITIVE: [Sensitive; 2] = [
    Sensitive {
        action: "iam:passrole",
        limit: "iam:PassedToService",
        is_open: every_role,
        star: [
            Code::PassRoleWithStarInResource,
            Code::PassRoleWithStarInActionAndResource,
            Code::PassRoleWithStarInResourceAndNotAction,
        ],
        not_resource: [
            Code::PassRoleWithNotResource,
            Code::PassRoleWithStarInActionAndNotResource,
            Code::PassRoleWithNotActionAndNotResource,
        ],
    },
    Sensitive {
        action: "iam:createservicelinkedrole",
        limit: "iam:AWSServiceName",
        is_open: every_linked_role,
        star: [
            Code::CreateSlrWithStarInResource,
            Code::CreateSlrWithStarInActionAndResource,
            Code::CreateSlrWithStarInResourceAndNotAction,
        ],
        not_resource: [
            Code::CreateSlrWithNotResource,
            Code::CreateSlrWithStarInActionAndNotResource,
            Code::CreateSlrWithNotActionAndNotResource,
        ],
    },
];

impl Checker<'_, '_> {
    pub(super) fn grants(&mut self, statement: &DraftStatement<'_>) {
        if statement
            .effect
            .as_ref()
            .is_none_or(|effect| effect.text() != "Allow")
        {
            return;
        }
        for sensitive in &SENSITIVE {
            let Some((kind, action)) = granted(statement, sensitive.action) else {
                continue;
            };
            let Some(open) = open_resource(statement, sensitive.is_open) else {
                continue;
            };
            let (negated, resource) = open();
            if limited(statement, sensitive.limit) {
                continue;
            }
            let codes = if negated {
                sensitive.not_resource
            } else {
                sensitive.star
            };
            let Some(code) = codes.get(kind).copied() else {
                continue;
            };
            let name = sensitive
                .action
                .replace("passrole", "PassRole")
                .replace("createservicelinkedrole", "CreateServiceLinkedRole");
            let message = format!(
                "this allows {} for roles that are not named; name them or add {}",
                foreign::code(&name),
                foreign::code(sensitive.limit)
            );
            self.add_many(code, vec![action, resource], message);
        }
    }
}

/// How the statement is about the action: 0 by name, 1 by a wildcard, 2 by `NotAction`.
fn granted(statement: &DraftStatement<'_>, action: &str) -> Option<(usize, Location)> {
    if let Some(list) = &statement.action {
        let found = list.values().iter().enumerate().filter(|(_, value)| {
            // All that is looked for is of IAM.
            matches!(
                value.text().as_bytes().first(),
                Some(b'i' | b'I' | b'*' | b'?')
            ) && wildcard::matches_ignoring_case(value.text(), action)
        });
        let (nth, value) = found.min_by_key(|(_, value)| wildcard::has_wildcard(value.text()))?;
        let path = list.path(statement.path().key("Action"), nth);
        return Some((
            usize::from(wildcard::has_wildcard(value.text())),
            Location {
                path,
                span: value.span(),
            },
        ));
    }
    let list = statement.not_action.as_ref()?;
    let excluded = list
        .texts()
        .any(|text| wildcard::matches_ignoring_case(text, action));
    let path = statement.path().key("NotAction");
    (!excluded).then(|| {
        (
            2,
            Location {
                path,
                span: list.span(),
            },
        )
    })
}

/// The resource that stands for roles of any name, or `NotResource`; whether it is the latter.
fn open_resource(
    statement: &DraftStatement<'_>,
    is_open: fn(&str) -> bool,
) -> Option<impl Fn() -> (bool, Location)> {
    let (element, list, nth) = match &statement.resource {
        Some(list) => {
            let nth = list.texts().position(is_open)?;
            ("Resource", list, Some(nth))
        }
        None => ("NotResource", statement.not_resource.as_ref()?, None),
    };
    Some(move || {
        let path = statement.path().key(element);
        match nth.and_then(|nth| Some((nth, list.values().get(nth)?))) {
            Some((nth, value)) => {
                let (path, span) = (list.path(path, nth), value.span());
                (false, Location { path, span })
            }
            None => {
                let span = list.span();
                (true, Location { path, span })
            }
        }
    })
}

/// Whether a resource reaches roles that services own of any name: everything, or a name that
/// begins with a wildcard, which also stands for the path of such roles.
fn every_linked_role(text: &str) -> bool {
    every_role(text)
        || arn::Arn::read(text).is_some_and(|arn| {
            let name = arn.resource.strip_prefix("role/");
            wildcard::matches(arn.service, "iam") && name.is_some_and(|name| name.starts_with('*'))
        })
}

fn every_role(text: &str) -> bool {
    text == "*"
        || arn::Arn::read(text).is_some_and(|arn| {
            wildcard::matches(arn.service, "iam")
                && ["role/a", "role/b/c"]
                    .iter()
                    .all(|role| wildcard::matches(arn.resource, role))
        })
}

/// Whether a condition limits the action. Access Analyzer takes every operator on the
/// key but `StringEqualsIfExists`.
fn limited(statement: &DraftStatement<'_>, key: &str) -> bool {
    statement.conditions.iter().any(|condition| {
        let operator = Operator::read(condition.operator().text());
        operator.is_some_and(|operator| !operator.if_exists || operator.wildcards)
            && condition
                .entries()
                .iter()
                .any(|entry| entry.key().text().eq_ignore_ascii_case(key))
    })
}
