//! Whether two statements can be about one request, as far as a quick check shows.

use crate::glob::{Budget, Exhausted, Glob};
use crate::prove::statement::{ResourceProduct, StatementProduct, StatementSet};

/// So many patterns are compared one by one.
const FEW: usize = 4;

/// Statements that others are compared with, each looked at more closely once it is needed.
pub(super) struct Meetings<'s, 'g> {
    statements: &'s StatementSet<'g>,
    /// The resources of each, once it was asked for.
    bundles: Vec<Option<Vec<Bundle<'g>>>>,
}

/// Patterns that begin alike.
struct Bundle<'g> {
    /// Matches all that one of them matches.
    hull: Glob,
    globs: Vec<&'g Glob>,
}

impl<'s, 'g> Meetings<'s, 'g> {
    pub(super) fn with(statements: &'s StatementSet<'g>) -> Self {
        let mut bundles = Vec::new();
        bundles.resize_with(statements.products.len(), || None);
        Self {
            statements,
            bundles,
        }
    }

    /// Whether the statement and the one with this number can be about one resource and principal.
    pub(super) fn meets(
        &mut self,
        product: &StatementProduct<'_>,
        id: usize,
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        let Some(other) = self.statements.products.get(id) else {
            return Ok(false);
        };
        let resources = match (&product.resources, &other.resources) {
            (Some(one), Some(two)) => self.share_resource(one, two, id, budget)?,
            _ => true,
        };
        match (&product.principals, &other.principals) {
            (Some((false, one)), Some((false, two))) if resources => overlap(one, two, budget),
            _ => Ok(resources),
        }
    }

    fn share_resource(
        &mut self,
        one: &ResourceProduct<'_>,
        two: &ResourceProduct<'g>,
        id: usize,
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        if one.negated || two.negated || !one.variable.is_empty() || !two.variable.is_empty() {
            return Ok(true);
        }
        let slot = self.bundles.get_mut(id).filter(|_| two.fixed.len() >= FEW);
        let Some(slot) = slot else {
            return overlap(&one.fixed, &two.fixed, budget);
        };
        let bundles = match slot {
            Some(known) => known,
            None => slot.insert(bundles(&two.fixed, budget)?),
        };
        for bundle in bundles {
            budget.compare(one.fixed.len())?;
            for glob in &one.fixed {
                if !glob.plainly_disjoint(&bundle.hull) && overlap(&[*glob], &bundle.globs, budget)?
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// Whether one of these patterns and one of those may match the same.
fn overlap(one: &[&Glob], two: &[&Glob], budget: &mut Budget) -> Result<bool, Exhausted> {
    for a in one {
        budget.compare(two.len())?;
        if two.iter().any(|b| !a.plainly_disjoint(b)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The patterns by what they say before the third colon.
fn bundles<'g>(globs: &[&'g Glob], budget: &mut Budget) -> Result<Vec<Bundle<'g>>, Exhausted> {
    budget.compare(globs.len())?;
    let mut ordered = globs.to_vec();
    ordered.sort_unstable_by_key(|glob| glob.code());
    let begin = |glob: &&'g Glob| {
        let mut bytes = glob.code().iter();
        let mut colons = 0;
        let third = bytes.position(|byte| {
            colons += usize::from(*byte == b':');
            colons == 3
        });
        glob.code().get(..third.unwrap_or(0))
    };
    let alike = ordered.chunk_by(|one, other| begin(one) == begin(other));
    let bundles = alike.filter_map(|globs| {
        Some(Bundle {
            hull: Glob::hull(globs.first()?, globs.last()?),
            globs: globs.to_vec(),
        })
    });
    Ok(bundles.collect())
}
