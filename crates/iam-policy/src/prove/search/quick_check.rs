//! Quick checks: most questions need no search.

use super::Search;
use crate::glob::{Exhausted, Language};
use crate::prove::alternative::Alternative;
use crate::prove::statement::StatementProduct;

impl Search<'_, '_> {
    /// Whether one cover holds all of these actions and everything else.
    ///
    /// Policies that are compared are often versions of one: the cover after the one that
    /// held the last statement is looked at first, and in it the action at the same place.
    pub(super) fn is_plainly_held(
        &mut self,
        nth: usize,
        language: &Language<'_>,
        alternatives: &[Alternative<'_>],
    ) -> Result<bool, Exhausted> {
        let covers = self.covers;
        let near = [self.cache.last_cover, self.cache.last_cover.wrapping_add(1)];
        for id in near {
            let product = covers.products.get(id);
            let same = product.and_then(|product| product.actions.get(nth));
            let held = same.is_some_and(|same| {
                let mut globs = language.positive.iter();
                globs.any(|glob| same.plainly_includes(glob))
            });
            if held && self.holds_rest(id, alternatives)? {
                self.cache.last_cover = id;
                return Ok(true);
            }
        }
        for glob in language.positive {
            for (id, pattern) in covers.overlapping(glob) {
                self.budget.compare(1)?;
                if pattern.plainly_includes(glob) && self.holds_rest(id, alternatives)? {
                    self.cache.last_cover = id;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether a cover holds all but the actions of the region. Found out
    /// once for each cover.
    fn holds_rest(
        &mut self,
        id: usize,
        alternatives: &[Alternative<'_>],
    ) -> Result<bool, Exhausted> {
        let Some(product) = self.covers.products.get(id).filter(|v| !v.rule.not_actions) else {
            return Ok(false);
        };
        if let Some(known) = self.cache.get(id) {
            return Ok(known);
        }
        let mut held = self.plainly_holds_rest(product)?;
        for (nth, one) in alternatives.iter().enumerate() {
            held = held && product.plainly_holds(nth, one, self.budget)?;
        }
        self.cache.set(id, held);
        Ok(held)
    }

    /// Whether a cover holds all principals and conditions of the region.
    pub(super) fn plainly_holds_rest(
        &mut self,
        cover: &StatementProduct<'_>,
    ) -> Result<bool, Exhausted> {
        let named = |product: &StatementProduct<'_>| {
            product.principals.as_ref().map_or(0, |(_, all)| all.len())
        };
        let values = |product: &StatementProduct<'_>| {
            let clauses = product.rule.clauses.iter();
            clauses
                .map(|clause| 1 + clause.values().len())
                .sum::<usize>()
        };
        for product in self.region {
            self.budget.compare(
                named(product).saturating_mul(named(cover))
                    + values(product).saturating_mul(cover.rule.clauses.len()),
            )?;
        }
        let principals = match &cover.principals {
            None => true,
            Some((true, _)) => false,
            Some((false, patterns)) => {
                patterns.iter().any(|glob| glob.is_everything())
                    || self.region.iter().any(|product| match &product.principals {
                        Some((false, own)) => own.iter().all(|narrow| {
                            patterns.iter().any(|wide| wide.plainly_includes(narrow))
                        }),
                        _ => false,
                    })
            }
        };
        Ok(principals
            && cover.rule.clauses.iter().all(|clause| {
                let mut region = self.region.iter().flat_map(|product| &product.rule.clauses);
                region.any(|known| known.plainly_implies(clause))
            }))
    }
}

/// What quick checks have shown of the covers of one search. Used again for the next search, so that
/// many searches among many covers need not begin with empty lists of that length.
pub(in crate::prove) struct Cache {
    /// The cover that held the last actions looked at; at first the one before all.
    last_cover: usize,
    search: usize,
    /// The search that found it out, and what it found.
    covers: Vec<(usize, bool)>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            last_cover: usize::MAX,
            search: 0,
            covers: Vec::new(),
        }
    }
}

impl Cache {
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
