//! The last dimension: conditions, one context key after the other.

use super::{Coverage, Found, MOST_KEYS, Search};
use crate::condition::{Clause, ContextValue};
use crate::glob::{Bits, Exhausted};
use crate::prove::statement::StatementProduct;
use crate::prove::values::{KeyConditions, may_have_several};

impl<'a> Search<'_, 'a> {
    pub(super) fn conditions(
        &mut self,
        found: Found<'_>,
        alive: &Bits,
    ) -> Result<Coverage, Exhausted> {
        let region: Vec<&'a Clause> = self
            .region
            .iter()
            .flat_map(|product| product.rule.clauses.iter())
            .collect();
        let mut covers = Vec::new();
        let mut undecidable: Vec<&StatementProduct<'_>> = Vec::new();
        for id in alive.iter() {
            let Some(product) = self.covers.products.get(id) else {
                continue;
            };
            let clauses = product.rule.clauses.iter();
            self.budget
                .compare(clauses.len().saturating_mul(region.len()))?;
            let open: Vec<&Clause> = clauses
                .filter(|clause| !region.iter().any(|known| known.plainly_implies(clause)))
                .collect();
            if open.is_empty() {
                return Ok(Coverage::Covered);
            }
            let decidable = |clause: &&Clause| clause.is_certain() && !clause.has_variables();
            if open.iter().all(decidable) {
                covers.push((id, open));
            } else {
                undecidable.push(product);
            }
        }
        let found = Found {
            undecidable: &undecidable,
            ..found
        };
        let mut keys: Vec<&str> = Vec::new();
        let of_covers = covers
            .iter()
            .flat_map(|(_, clauses)| clauses.iter().copied());
        for clause in of_covers.chain(region.iter().copied()) {
            if keys.len() > MOST_KEYS {
                return Err(Exhausted);
            }
            if !keys.contains(&clause.key_lower()) {
                keys.push(clause.key_lower());
            }
        }
        self.values(found, &region, &keys, covers, &mut Vec::new())
    }

    fn values(
        &mut self,
        found: Found<'_>,
        region: &[&'a Clause],
        keys: &[&str],
        covers: Vec<(usize, Vec<&'a Clause>)>,
        chosen: &mut Vec<(&'a str, Option<ContextValue>)>,
    ) -> Result<Coverage, Exhausted> {
        if covers.iter().any(|(_, clauses)| clauses.is_empty()) {
            return Ok(Coverage::Covered);
        }
        let Some((key, rest)) = keys.split_first() else {
            return self.confirm(found, chosen);
        };
        let on_key = |clauses: &[&'a Clause]| -> Vec<&'a Clause> {
            clauses
                .iter()
                .copied()
                .filter(|clause| clause.key_lower() == *key)
                .collect()
        };
        let mut clauses = region
            .iter()
            .chain(covers.iter().flat_map(|(_, clauses)| clauses));
        let clause = clauses.find(|clause| clause.key_lower() == *key);
        let name = clause.map_or("", |clause| clause.key());
        let conditions = KeyConditions {
            region: on_key(region),
            covers: covers
                .iter()
                .map(|(id, clauses)| (*id, on_key(clauses)))
                .collect(),
            several: self.several.contains(key) || may_have_several(name),
        };
        let clauses = covers.iter().map(|(_, clauses)| clauses.len());
        let clauses = region.len() + clauses.sum::<usize>();
        let mut known = Coverage::Covered;
        for class in conditions.classes(self.budget)? {
            self.budget.compare(clauses)?;
            let left = covers.iter().filter(|(id, _)| class.mask.contains(*id));
            let left = left.map(|(id, clauses)| {
                let others = clauses
                    .iter()
                    .copied()
                    .filter(|clause| clause.key_lower() != *key);
                (*id, others.collect())
            });
            chosen.push((name, class.value));
            known = known.and(|| self.values(found, region, rest, left.collect(), chosen))?;
            chosen.pop();
        }
        Ok(known)
    }
}
