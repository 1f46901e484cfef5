//! What a glance shows: most questions need no search.

use crate::glob::{Exhausted, Problem};
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
    ) -> Result<bool, Exhausted> {
        let covers = self.covers;
        let near = [*self.held, self.held.wrapping_add(1)];
        for id in near {
            let view = covers.views.get(id);
            let same = view.and_then(|view| view.actions.get(nth));
            let held = same.is_some_and(|same| {
                let mut globs = problem.positive.iter();
                globs.any(|glob| same.plainly_includes(glob))
            });
            if held && self.holds_rest(id, alternatives)? {
                *self.held = id;
                return Ok(true);
            }
        }
        for glob in problem.positive {
            for (id, pattern) in covers.overlapping(glob) {
                self.budget.compare(1)?;
                if pattern.plainly_includes(glob) && self.holds_rest(id, alternatives)? {
                    *self.held = id;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether a cover holds all but the actions of the region, as a glance shows. Found out
    /// once for each cover.
    fn holds_rest(
        &mut self,
        id: usize,
        alternatives: &[Alternative<'_>],
    ) -> Result<bool, Exhausted> {
        let Some(view) = self.covers.views.get(id).filter(|v| !v.rule.not_actions) else {
            return Ok(false);
        };
        if let Some(known) = self.known.get(id) {
            return Ok(known);
        }
        let mut held = self.plainly_holds_rest(view)?;
        for (nth, one) in alternatives.iter().enumerate() {
            held = held && view.plainly_holds(nth, one, self.budget)?;
        }
        self.known.set(id, held);
        Ok(held)
    }

    /// Whether a cover holds all principals and conditions of the region, as a glance shows.
    pub(super) fn plainly_holds_rest(&mut self, cover: &View<'_>) -> Result<bool, Exhausted> {
        let named = |view: &View<'_>| view.principals.as_ref().map_or(0, |(_, all)| all.len());
        let values = |view: &View<'_>| {
            let clauses = view.rule.clauses.iter();
            clauses
                .map(|clause| 1 + clause.values().len())
                .sum::<usize>()
        };
        for view in self.region {
            self.budget.compare(
                named(view).saturating_mul(named(cover))
                    + values(view).saturating_mul(cover.rule.clauses.len()),
            )?;
        }
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
        Ok(principals
            && cover.rule.clauses.iter().all(|clause| {
                let mut region = self.region.iter().flat_map(|view| &view.rule.clauses);
                region.any(|known| known.plainly_implies(clause))
            }))
    }
}

/// What a glance has shown of the covers of one search. Used again for the next search, so that
/// many searches among many covers need not begin with empty lists of that length.
#[derive(Default)]
pub(super) struct Known {
    search: usize,
    /// The search that found it out, and what it found.
    covers: Vec<(usize, bool)>,
}

impl Known {
    /// Forgets everything; there are so many covers now.
    pub(super) fn begin(&mut self, covers: usize) {
        self.search += 1;
        if self.covers.len() < covers {
            self.covers.resize(covers, (0, false));
        }
    }

    fn get(&self, id: usize) -> Option<bool> {
        let (search, held) = self.covers.get(id)?;
        (*search == self.search).then_some(*held)
    }

    fn set(&mut self, id: usize, held: bool) {
        if let Some(slot) = self.covers.get_mut(id) {
            *slot = (self.search, held);
        }
    }
}
