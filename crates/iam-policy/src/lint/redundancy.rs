//! Patterns that others of the same list already cover, and statements said twice.
//!
//! Access Analyzer joins patterns of one list of which one, read as a pattern, matches
//! the text of the other, and reports each group once.

use std::collections::HashMap;

use super::{Checker, Code, Place};
use crate::catalogue::wildcard;
use crate::document::{DraftStatement, List};

/// Work per list, in comparisons of short patterns; more than a policy within the quotas
/// can need.
const COMPARISONS: usize = 1_000_000;

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
        // Statements that say the same have as many words of the same lengths.
        let mut sizes: Vec<(usize, usize)> = statements
            .iter()
            .enumerate()
            .map(|(nth, statement)| (size(statement), nth))
            .collect();
        sizes.sort_unstable();
        for same in sizes
            .chunk_by(|one, other| one.0 == other.0)
            .filter(|same| same.len() > 1)
        {
            let mut seen: HashMap<Vec<Vec<String>>, &DraftStatement<'_>> = HashMap::new();
            for statement in same.iter().filter_map(|(_, nth)| statements.get(*nth)) {
                let Some(first) = seen.get(&meaning(statement)) else {
                    seen.insert(meaning(statement), statement);
                    continue;
                };
                let place = |one: &DraftStatement<'_>| Place {
                    path: one.path(),
                    span: one.span,
                };
                let message = "these statements say the same; remove one".to_owned();
                self.add_many(
                    Code::RedundantStatement,
                    vec![place(first), place(statement)],
                    message,
                );
            }
        }
    }
}

/// A number that statements with the same meaning share.
fn size(statement: &DraftStatement<'_>) -> usize {
    let lists = [
        &statement.action,
        &statement.not_action,
        &statement.resource,
        &statement.not_resource,
    ];
    let listed = lists.into_iter().zip(1_usize..).flat_map(|(list, nth)| {
        list.iter()
            .flat_map(List::texts)
            .map(move |text| text.len() * 8 + nth)
    });
    let conditions = statement
        .conditions
        .iter()
        .flat_map(|condition| condition.entries());
    listed.sum::<usize>() * 64
        + conditions
            .map(|entry| entry.key().text().len())
            .sum::<usize>()
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
    let text = |nth: usize| values.get(nth).map_or("", |value| value.text());
    let same = |one: &str, other: &str| {
        if fold {
            one.eq_ignore_ascii_case(other)
        } else {
            one == other
        }
    };
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let mut order: Vec<(u64, u32)> = (0_u32..)
        .zip(values)
        .map(|(nth, value)| (begin(value.text(), fold), nth))
        .collect();
    order.sort_unstable();
    let mut hashes: Vec<(u64, u32)> = (0_u32..)
        .zip(values)
        .map(|(nth, value)| (wildcard::folded_hash(value.text()), nth))
        .collect();
    hashes.sort_unstable();
    for (one, other) in hashes.iter().zip(hashes.iter().skip(1)) {
        let (first, second) = (one.1 as usize, other.1 as usize);
        if one.0 == other.0 && same(text(first), text(second)) {
            pairs.push((first, second));
        }
    }
    let mut left = COMPARISONS;
    for (nth, value) in values.iter().enumerate() {
        let pattern = value.text();
        let Some(literal) = pattern.bytes().position(|byte| matches!(byte, b'*' | b'?')) else {
            continue;
        };
        // What the pattern matches begins with its literal beginning.
        let literal = pattern.get(..literal).unwrap_or_default();
        for other in near(&order, literal, fold) {
            let candidate = text(other);
            left = left.checked_sub(1 + pattern.len() * candidate.len() / 256)?;
            if other == nth
                || !candidate
                    .get(..literal.len())
                    .is_some_and(|start| same(start, literal))
            {
                continue;
            }
            let covers = if fold {
                wildcard::matches_ignoring_case(pattern, candidate)
            } else {
                wildcard::matches(pattern, candidate)
            };
            if covers {
                pairs.push((nth, other));
            }
        }
    }
    if pairs.is_empty() {
        return Some(Vec::new());
    }
    let mut groups = Groups((0..values.len()).collect());
    for (one, other) in pairs {
        groups.join(one, other);
    }
    Some(groups.of_many())
}

/// The first eight bytes of a text as a number that sorts like them.
fn begin(text: &str, fold: bool) -> u64 {
    text.bytes()
        .take(8)
        .chain(std::iter::repeat(0))
        .take(8)
        .fold(0, |number, byte| {
            let byte = if fold {
                byte.to_ascii_lowercase()
            } else {
                byte
            };
            number << 8 | u64::from(byte)
        })
}

/// The texts that may begin with the literal: all between its first eight bytes with
/// nothing and with everything behind.
fn near<'o>(
    order: &'o [(u64, u32)],
    literal: &str,
    fold: bool,
) -> impl Iterator<Item = usize> + use<'o> {
    let low = begin(literal, fold);
    let behind = 8 * (8 - literal.len().min(8)) as u32;
    let high = low | u64::MAX.checked_shr(64 - behind).unwrap_or(0);
    let start = order.partition_point(|(begin, _)| *begin < low);
    order
        .iter()
        .skip(start)
        .take_while(move |(begin, _)| *begin <= high)
        .map(|(_, nth)| *nth as usize)
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
