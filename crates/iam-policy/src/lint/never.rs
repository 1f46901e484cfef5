//! Statements that hold for no request: actions without any of the resources named, and conditions on
//! keys that requests for the actions never have.

use super::{Checker, Code};
use crate::catalogue::{self, Action, wildcard};
use crate::condition::Clause;
use crate::document::{DraftStatement, List, Value};
use crate::foreign;
use crate::reach;

/// More actions or resources of one statement than are looked at.
const MOST: usize = 500;

/// More resources than the actions that a pattern stands for are looked at with.
const MOST_OF_PATTERNS: usize = 20;

impl Checker<'_, '_> {
    /// Own codes about what never matches.
    pub(super) fn never_matches(&mut self, statement: &DraftStatement<'_>) {
        let Some(actions) = &statement.action else {
            return;
        };
        let known = named_actions(actions);
        if let Some(resources) = &statement.resource {
            let few = (1..=MOST).contains(&resources.values().len());
            for (nth, value) in actions.values().iter().enumerate().take(MOST) {
                let exact = known.iter().find(|(of, _, _)| *of == nth);
                let message = match exact {
                    _ if !few => None,
                    Some((_, _, action)) => unreached(*action, value.text(), resources),
                    None => unreached_by_all(value.text(), resources),
                };
                if let Some(message) = message {
                    let path = actions.path(statement.path().key("Action"), nth);
                    self.add(Code::OwnResourceNeverMatches, path, value.span(), message);
                }
            }
            self.incomplete_secrets(statement, resources);
        }
        let all = known.len() == actions.values().len() && !known.is_empty();
        if all {
            self.missing_keys(statement, &known);
        }
    }

    fn incomplete_secrets(&mut self, statement: &DraftStatement<'_>, resources: &List<'_>) {
        for (nth, value) in resources.values().iter().enumerate().take(MOST) {
            if reach::is_incomplete_secret(value.text()) {
                let message = "the ARN of every secret ends in a hyphen and six characters; `-??????` stands for them".to_owned();
                let path = resources.path(statement.path().key("Resource"), nth);
                self.add(Code::OwnResourceNeverMatches, path, value.span(), message);
            }
        }
    }

    /// Conditions that fail for all actions, for requests never have the key.
    fn missing_keys(
        &mut self,
        statement: &DraftStatement<'_>,
        known: &[(usize, &Value<'_>, Action)],
    ) {
        for condition in &statement.conditions {
            for entry in condition.entries() {
                let texts = entry.values().texts();
                let key = entry.key();
                let clause = Clause::new(condition.operator().text(), key.text(), texts, true);
                let mut actions = known.iter().map(|(_, _, action)| *action);
                if actions.all(|action| reach::never_holds(action, &clause)) {
                    let message = format!(
                        "no request for these actions has the key {}: the condition never holds",
                        foreign::code(key.text())
                    );
                    let path = super::conditions::operator_path(statement, condition.operator());
                    let path = path.key(key.text());
                    self.add(Code::OwnConditionNeverHolds, path, key.span(), message);
                }
            }
        }
    }
}

/// The actions of a list that are written without wildcards and known, with their places.
fn named_actions<'l, 'a>(actions: &'l List<'a>) -> Vec<(usize, &'l Value<'a>, Action)> {
    let values = actions.values().iter().enumerate().take(MOST);
    let named = values.filter(|(_, value)| !wildcard::has_wildcard(value.text()));
    named
        .filter_map(|(nth, value)| Some((nth, value, catalogue::action(value.text())?)))
        .collect()
}

/// Why none of the actions that a pattern of one service stands for can be used on any of the resources.
fn unreached_by_all(pattern: &str, resources: &List<'_>) -> Option<String> {
    if resources.values().len() > MOST_OF_PATTERNS {
        return None;
    }
    let mut actions = reach::actions_of(pattern)?.into_iter();
    let mut reached = |action: Action| {
        let mut texts = resources.texts();
        texts.any(|text| reach::may_reach(action, text))
    };
    (!actions.any(&mut reached)).then(|| {
        format!(
            "none of the actions that {} stands for can be used on the resources named here",
            foreign::code(pattern)
        )
    })
}

/// Why the action can be used on none of the resources.
fn unreached(action: Action, name: &str, resources: &List<'_>) -> Option<String> {
    if resources.texts().any(|text| reach::may_reach(action, text)) {
        return None;
    }
    Some(if action.has_resource_types() {
        format!(
            "{} matches none of the resources named here",
            foreign::code(name)
        )
    } else {
        format!(
            "{} cannot be limited to resources: it needs `*`",
            foreign::code(name)
        )
    })
}
