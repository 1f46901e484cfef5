//! Patterns that others of the same list already cover, and statements said twice.
//!
//! Access Analyzer joins patterns of one list of which one, read as a pattern, matches
//! the text of the other, and reports each group once.

use std::collections::HashMap;

use super::{Checker, Code, Place};
use crate::catalogue::wildcard;
use crate::document::{DraftStatement, List};

/// Comparisons per list; more than a policy within the quotas can need.
const COMPARISONS: usize = 200_000;

impl Checker<'_, '_> {
    pub(super) fn redundancy(&mut self, statement: &DraftStatement<'_>) {
        for (name, list, actions) in [
            ("Action", &statement.action, true),
            ("NotAction", &statement.not_action, true),
            ("Resource", &statement.resource, false),
            ("NotResource", &statement.not_resource, false),
        ] {
            let Some(list) = list.as_ref().filter(|list| list.values().len() > 1) else {
                continue;
            };
            let Some(groups) = groups(list, actions) else {
                let message = "too many patterns to look for redundant ones".to_owned();
                self.add(
                    Code::OwnTooManyToCompare,
                    statement.path().key(name),
                    list.span(),
                    message,
                );
                continue;
            };
            for group in groups {
                self.redundant(list, &group, || statement.path().key(name), actions);
            }
        }
    }

    fn redundant(
        &mut self,
        list: &List<'_>,
        group: &[usize],
        element: impl Fn() -> crate::document::Path,
        actions: bool,
    ) {
        let values = || {
            group
                .iter()
                .filter_map(|nth| Some((*nth, list.values().get(*nth)?)))
        };
        let places = values()
            .map(|(nth, value)| Place {
                path: list.path(element(), nth),
                span: value.span(),
            })
            .collect();
        let texts: Vec<String> = values()
            .map(|(_, value)| format!("`{}`", value.text()))
            .collect();
        let code = if actions {
            Code::RedundantAction
        } else {
            Code::RedundantResource
        };
        let message = format!(
            "these cover each other, keep the widest: {}",
            texts.join(", ")
        );
        self.add_many(code, places, message);
    }

    pub(super) fn redundant_statements(&mut self) {
        let draft = self.draft;
        let Some(statements) = draft.statements.as_ref().filter(|all| all.len() > 1) else {
            return;
        };
        let mut seen: HashMap<Vec<Vec<String>>, &DraftStatement<'_>> = HashMap::new();
        for statement in statements {
            if let Some(first) = seen.get(&meaning(statement)) {
                let places = [first, &statement]
                    .map(|one| Place {
                        path: one.path(),
                        span: one.span,
                    })
                    .to_vec();
                let message = "these statements say the same; remove one".to_owned();
                self.add_many(Code::RedundantStatement, places, message);
            } else {
                seen.insert(meaning(statement), statement);
            }
        }
    }
}

/// Everything that counts of a statement, with lists in order.
fn meaning(statement: &DraftStatement<'_>) -> Vec<Vec<String>> {
    let list = |list: &Option<List<'_>>, fold: bool| {
        let mut texts: Vec<String> = list
            .iter()
            .flat_map(List::texts)
            .map(|text| {
                if fold {
                    text.to_ascii_lowercase()
                } else {
                    text.to_owned()
                }
            })
            .collect();
        texts.sort_unstable();
        texts
    };
    let mut conditions: Vec<String> = Vec::new();
    for condition in &statement.conditions {
        for entry in condition.entries() {
            let mut values: Vec<&str> = entry.values().texts().collect();
            values.sort_unstable();
            let operator = condition.operator().text();
            conditions.push(format!(
                "{operator}\n{}\n{values:?}",
                entry.key().text().to_ascii_lowercase()
            ));
        }
    }
    conditions.sort_unstable();
    let principal = |set: &Option<crate::document::PrincipalSet<'_>>| match set {
        None => Vec::new(),
        Some(crate::document::PrincipalSet::Everyone(_)) => vec!["*".to_owned()],
        Some(crate::document::PrincipalSet::Named(entries)) => {
            let texts = |entry: &crate::document::PrincipalEntry<'_>| {
                entry
                    .values()
                    .texts()
                    .map(|text| format!("{} {text}", entry.kind().as_str()))
                    .collect::<Vec<_>>()
            };
            let mut all: Vec<String> = entries.iter().flat_map(texts).collect();
            all.sort_unstable();
            all
        }
    };
    vec![
        statement
            .effect
            .iter()
            .map(|effect| effect.text().to_owned())
            .collect(),
        list(&statement.action, true),
        list(&statement.not_action, true),
        list(&statement.resource, false),
        list(&statement.not_resource, false),
        principal(&statement.principal),
        principal(&statement.not_principal),
        conditions,
    ]
}

/// Groups of patterns that cover each other, in the order of the list; `None` when it
/// would take too long.
fn groups(list: &List<'_>, fold: bool) -> Option<Vec<Vec<usize>>> {
    let values = list.values();
    let folded: Vec<String> = if fold {
        values
            .iter()
            .map(|value| value.text().to_ascii_lowercase())
            .collect()
    } else {
        Vec::new()
    };
    let text = |nth: usize| match folded.get(nth) {
        Some(text) => text.as_str(),
        None => values.get(nth).map_or("", |value| value.text()),
    };
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by_key(|nth| text(*nth));
    let mut groups = Groups((0..values.len()).collect());
    for pair in order.windows(2) {
        if let [one, other] = pair
            && text(*one) == text(*other)
        {
            groups.join(*one, *other);
        }
    }
    let mut left = COMPARISONS;
    for (nth, value) in values.iter().enumerate() {
        if !wildcard::has_wildcard(value.text()) {
            continue;
        }
        // What the pattern matches begins with its literal beginning.
        let pattern = text(nth);
        let literal = pattern.split(['*', '?']).next().unwrap_or_default();
        let start = order.partition_point(|other| text(*other) < literal);
        let near = order
            .iter()
            .skip(start)
            .take_while(|other| text(**other).starts_with(literal));
        for &other in near {
            left = left.checked_sub(1)?;
            if other != nth && wildcard::matches(pattern, text(other)) {
                groups.join(nth, other);
            }
        }
    }
    Some(groups.of_many())
}

/// Who belongs together: each points to another of its group, the first to itself.
struct Groups(Vec<usize>);

impl Groups {
    fn first(&mut self, mut of: usize) -> usize {
        while let Some(&next) = self.0.get(of).filter(|next| **next != of) {
            let after = self.0.get(next).copied().unwrap_or(next);
            if let Some(slot) = self.0.get_mut(of) {
                *slot = after;
            }
            of = after;
        }
        of
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        if let Some(slot) = self.0.get_mut(one.max(other)) {
            *slot = one.min(other);
        }
    }

    fn of_many(mut self) -> Vec<Vec<usize>> {
        let mut groups: Vec<(usize, Vec<usize>)> = Vec::new();
        let firsts: Vec<usize> = (0..self.0.len()).map(|nth| self.first(nth)).collect();
        let mut at: HashMap<usize, usize> = HashMap::new();
        for (nth, &first) in firsts
            .iter()
            .enumerate()
            .filter(|(nth, first)| nth != *first)
        {
            let slot = *at.entry(first).or_insert_with(|| {
                groups.push((first, vec![first]));
                groups.len() - 1
            });
            if let Some((_, group)) = groups.get_mut(slot) {
                group.push(nth);
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }
}
