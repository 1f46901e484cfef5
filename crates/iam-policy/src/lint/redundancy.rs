//! Patterns that others of the same list already cover, and statements said twice.
//!
//! Access Analyzer joins patterns of one list of which one, read as a pattern, matches
//! the text of the other, and reports each group once.

use std::collections::HashMap;

use super::{Checker, Code, Location};
use crate::catalogue::wildcard;
use crate::document::{DraftStatement, List, Value};
use crate::foreign;
use crate::scan;

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
        let locations = values()
            .map(|(nth, value)| Location {
                path: list.path(element(), nth),
                span: value.span(),
            })
            .collect();
        let texts: Vec<String> = values()
            .map(|(_, value)| foreign::code(value.text()))
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
        self.add_many(code, locations, message);
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
                let place = |one: &DraftStatement<'_>| Location {
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
    let mut pairs = Vec::new();
    same_texts(values, fold, &mut pairs);
    let literals = (0_u32..).zip(values).filter_map(|(nth, value)| {
        let text = Some(value.text()).filter(|text| scan::is_open(text));
        let literal = scan::find_wildcard(text?)?;
        Some((nth, literal))
    });
    let patterns: Vec<(u32, usize)> = literals.collect();
    if !patterns.is_empty() {
        covered(values, &patterns, fold, &mut pairs)?;
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

/// Finds values that say the same.
fn same_texts(values: &[Value<'_>], fold: bool, pairs: &mut Vec<(usize, usize)>) {
    // Most lists hold nothing twice; a few bits tell.
    let mut marks = [0_u64; 32];
    let mut mark = |hash: u64| {
        let bit = 1 << (hash & 63);
        let word = marks.get_mut((hash >> 6 & 31) as usize);
        word.is_some_and(|word| std::mem::replace(word, *word | bit) & bit != 0)
    };
    let mut hashes = (0_u32..)
        .zip(values)
        .map(|(nth, value)| (scan::folded_hash(value.text()), nth));
    if values.len() <= 128 && !hashes.clone().any(|(hash, _)| mark(hash)) {
        return;
    }
    let mut hashes: Vec<(u64, u32)> = hashes.by_ref().collect();
    hashes.sort_unstable();
    for (one, other) in hashes.iter().zip(hashes.iter().skip(1)) {
        let (first, second) = (one.1 as usize, other.1 as usize);
        if one.0 == other.0 && same(text(values, first), text(values, second), fold) {
            pairs.push((first, second));
        }
    }
}

/// Finds values that a pattern covers; each pattern comes with the length of what stands
/// before its first wildcard.
fn covered(
    values: &[Value<'_>],
    patterns: &[(u32, usize)],
    fold: bool,
    pairs: &mut Vec<(usize, usize)>,
) -> Option<()> {
    let order = Order::of(values, fold);
    let mut left = COMPARISONS;
    for &(nth, literal) in patterns {
        let pattern = text(values, nth as usize);
        // What the pattern matches begins with its literal beginning.
        let literal = pattern.get(..literal).unwrap_or_default();
        for &(_, other) in order.near(literal) {
            let candidate = text(values, other as usize);
            left = left.checked_sub(1 + pattern.len() * candidate.len() / 256)?;
            let begin = candidate.get(..literal.len());
            if other == nth || !begin.is_some_and(|begin| same(begin, literal, fold)) {
                continue;
            }
            let covers = if fold {
                wildcard::matches_ignoring_case(pattern, candidate)
            } else {
                wildcard::matches(pattern, candidate)
            };
            if covers {
                pairs.push((nth as usize, other as usize));
            }
        }
    }
    Some(())
}

fn text<'v>(values: &'v [Value<'_>], nth: usize) -> &'v str {
    values.get(nth).map_or("", Value::text)
}

fn same(one: &str, other: &str, fold: bool) -> bool {
    one == other || fold && scan::same_folded(one, other)
}

/// Texts ordered by sixteen bytes: those behind what all of them begin with.
struct Order {
    shared: usize,
    fold: bool,
    keys: Vec<(u128, u32)>,
}

impl Order {
    fn of(values: &[Value<'_>], fold: bool) -> Self {
        let first = text(values, 0);
        let shared = values.iter().fold(first.len(), |shared, value| {
            shared.min(scan::shared(first, value.text(), fold))
        });
        let mut keys: Vec<(u128, u32)> = (0_u32..)
            .zip(values)
            .map(|(nth, value)| (scan::begin(value.text(), shared, fold), nth))
            .collect();
        keys.sort_unstable();
        Self { shared, fold, keys }
    }

    /// The texts that may begin with the literal: all between its sixteen bytes with
    /// nothing and with everything behind.
    fn near(&self, literal: &str) -> &[(u128, u32)] {
        let own = literal.len().saturating_sub(self.shared).min(16) as u32;
        let low = scan::begin(literal, self.shared, self.fold);
        let high = low | u128::MAX.checked_shr(8 * own).unwrap_or(0);
        let start = self.keys.partition_point(|(begin, _)| *begin < low);
        let end = self.keys.partition_point(|(begin, _)| *begin <= high);
        self.keys.get(start..end).unwrap_or_default()
    }
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
