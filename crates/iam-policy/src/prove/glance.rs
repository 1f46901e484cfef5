//! What a glance shows: most questions need no search.

use crate::glob::Problem;
use crate::prove::alternative::Alternative;
use crate::prove::search::Search;
use crate::prove::view::View;

impl Search<'_, '_> {
    /// Whether one cover holds all of these actions and everything else, as a glance shows.
    ///
    /// Policies that are compared are often versions of one: the cover after the one that
    /// held the last statement is looked at first, and in it the action at the same place.
    pub(super) fn is_plainly_held(
        &mut self,
        nth: usize,
        problem: &Problem<'_>,
        alternatives: &[Alternative<'_>],
        known: &mut [Option<bool>],
    ) -> bool {
        let covers = self.covers;
        let mut holds = |id: usize| {
            let (Some(view), Some(known)) = (covers.views.get(id), known.get_mut(id)) else {
                return false;
            };
            !view.rule.not_actions
                && *known.get_or_insert_with(|| {
                    alternatives.iter().all(|one| view.plainly_holds(one))
                        && self.plainly_holds_rest(view)
                })
        };
        let near = [*self.held, self.held.wrapping_add(1)];
        let next = near.into_iter().find(|id| {
            let view = covers.views.get(*id);
            let same = view.and_then(|view| view.actions.get(nth));
            same.is_some_and(|same| {
                let mut globs = problem.positive.iter();
                globs.any(|glob| same.plainly_includes(glob)) && holds(*id)
            })
        });
        let held = next.or_else(|| {
            problem.positive.iter().find_map(|glob| {
                let mut all = covers.overlapping(glob);
                all.find(|(id, pattern)| pattern.plainly_includes(glob) && holds(*id))
                    .map(|(id, _)| id)
            })
        });
        if let Some(held) = held {
            *self.held = held;
        }
        held.is_some()
    }

    /// Whether a cover holds all principals and conditions of the region, as a glance shows.
    pub(super) fn plainly_holds_rest(&self, cover: &View<'_>) -> bool {
        let principals = match &cover.principals {
            None => true,
            Some((true, _)) => false,
            Some((false, patterns)) => {
                patterns.iter().any(|glob| glob.is_everything())
                    || self.region.iter().any(|view| match &view.principals {
                        Some((false, own)) => own.iter().all(|narrow| {
                            patterns.iter().any(|wide| wide.plainly_includes(narrow))
                        }),
                        _ => false,
                    })
            }
        };
        principals
            && cover.rule.clauses.iter().all(|clause| {
                let mut region = self.region.iter().flat_map(|view| &view.rule.clauses);
                region.any(|known| known.plainly_implies(clause))
            })
    }
}
