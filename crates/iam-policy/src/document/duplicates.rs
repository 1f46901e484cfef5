//! Keys that stand twice in one object, perhaps in different capitals.

use std::borrow::Cow;

use super::{Draft, Path, ProblemKind};
use crate::json::{Item, Span};

impl<'a> Draft<'a> {
    pub(super) fn check_duplicates(&mut self, object: Item<'_, 'a>, path: impl Fn() -> Path) {
        let mut seen: Vec<(Cow<'a, str>, Span)> = Vec::with_capacity(6);
        for (key, _) in object.members() {
            let name = key.string().unwrap_or_default();
            if seen.len() < 16
                && seen
                    .iter()
                    .any(|(other, _)| other.eq_ignore_ascii_case(&name))
            {
                let same = seen.iter().any(|(other, _)| *other == name);
                let kind = if same {
                    ProblemKind::DuplicateKey
                } else {
                    ProblemKind::DuplicateKeyInOtherCase
                };
                self.problem(kind, key.span(), || path().key(&name));
            }
            seen.push((name, key.span()));
        }
        if seen.len() > 16 {
            self.check_many_duplicates(seen, path);
        }
    }

    /// The same for objects with many keys, without comparing each with each.
    fn check_many_duplicates(&mut self, seen: Vec<(Cow<'a, str>, Span)>, path: impl Fn() -> Path) {
        let mut folded: Vec<_> = seen
            .iter()
            .enumerate()
            .map(|(nth, (name, _))| (name.to_ascii_lowercase(), nth))
            .collect();
        folded.sort_unstable();
        let mut doubled: Vec<usize> = folded
            .windows(2)
            .filter_map(|pair| match pair {
                [(first, _), (second, nth)] if first == second && *nth >= 16 => Some(*nth),
                _ => None,
            })
            .collect();
        doubled.sort_unstable();
        let mut exact: Vec<(&str, usize)> = seen
            .iter()
            .enumerate()
            .map(|(nth, (name, _))| (&**name, nth))
            .collect();
        exact.sort_unstable();
        for nth in doubled {
            let Some((name, span)) = seen.get(nth) else {
                continue;
            };
            let first = exact.partition_point(|(other, _)| *other < &**name);
            let same = exact
                .get(first)
                .is_some_and(|(other, at)| other == name && *at < nth);
            let kind = if same {
                ProblemKind::DuplicateKey
            } else {
                ProblemKind::DuplicateKeyInOtherCase
            };
            self.problem(kind, *span, || path().key(name));
        }
    }
}
