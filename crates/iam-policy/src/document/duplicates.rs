//! Keys that stand twice in one object, perhaps in different capitals.

use std::borrow::Cow;

use super::{Draft, Path, ProblemKind};
use crate::json::{Item, Span};
use crate::scan;

/// How many keys are compared each with each.
const FEW: usize = 16;

impl<'a> Draft<'a> {
    pub(super) fn check_duplicates(&mut self, object: Item<'_, 'a>, path: impl Fn() -> Path) {
        let mut keys = object.members();
        let mut seen: [Cow<'a, str>; FEW] = [const { Cow::Borrowed("") }; FEW];
        for nth in 0..FEW {
            let Some((key, _)) = keys.next() else { return };
            let name = key.string().unwrap_or_default();
            let before = seen.get(..nth).unwrap_or_default();
            if before.iter().any(|other| scan::same_folded(other, &name)) {
                let same = before.contains(&name);
                self.doubled(same, key.span(), || path().key(&name));
            }
            if let Some(slot) = seen.get_mut(nth) {
                *slot = name;
            }
        }
        if keys.next().is_some() {
            let all = object.members();
            let all = all.map(|(key, _)| (key.string().unwrap_or_default(), key.span()));
            self.check_many_duplicates(all.collect(), path);
        }
    }

    fn doubled(&mut self, same: bool, span: Span, path: impl FnOnce() -> Path) {
        let kind = if same {
            ProblemKind::DuplicateKey
        } else {
            ProblemKind::DuplicateKeyInOtherCase
        };
        self.problem(kind, span, path);
    }

    /// The same for the keys behind the first few, without comparing each with each.
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
                [(first, _), (second, nth)] if first == second && *nth >= FEW => Some(*nth),
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
            self.doubled(same, *span, || path().key(name));
        }
    }
}
