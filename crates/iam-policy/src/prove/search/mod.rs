//! Looking for a request in a product of languages that no cover holds.
//!
//! One dimension after the other is sorted into classes by the covers that hold them; only
//! classes with the fewest covers are followed, for whatever the rest of the covers fails
//! to hold, fewer of them fail to hold too. A class is done with when a cover that is left
//! asks for nothing more.

mod conditions;
mod quick_check;
mod request;

pub(super) use quick_check::Cache;

use crate::evaluate::Request;
use crate::glob::{Bits, Budget, Class, Cover, Exhausted, Glob, Language, partition, push_minimal};
use crate::prove::alternative::{
    Alternative, ResourceCover, principal_alternatives, resource_alternatives,
};
use crate::prove::statement::{StatementProduct, StatementSet};

/// What is known of a region and the covers.
#[derive(Debug)]
pub(super) enum Coverage {
    /// Some cover holds each request of the region.
    Covered,
    /// This request of the region is held by none, and is what is looked for.
    NotCovered(Box<Request>),
    /// Neither could be shown: a gap was found whose request is not what is looked for, or the
    /// budget was used up.
    Undecided,
}

impl Coverage {
    /// What is known of two regions together; the second is looked at unless the first has a gap.
    fn and(self, second: impl FnOnce() -> Result<Self, Exhausted>) -> Result<Self, Exhausted> {
        Ok(match self {
            Self::NotCovered(_) => self,
            Self::Covered => second()?,
            Self::Undecided => match second()? {
                Self::Covered => Self::Undecided,
                known => known,
            },
        })
    }
}

/// The search in one product: the intersection of some statements.
pub(super) struct Search<'s, 'a> {
    pub(super) region: &'s [&'s StatementProduct<'a>],
    pub(super) covers: &'s StatementSet<'a>,
    pub(super) budget: &'s mut Budget,
    /// Whether a request is what is looked for.
    pub(super) confirm: &'s dyn Fn(&Request) -> bool,
    pub(super) universes: &'s Universes,
    /// Keys, in lower case, that some policy takes for keys with several values.
    pub(super) several: &'s [&'s str],
    pub(super) cache: &'s mut Cache,
    /// Whether the principals in question have permissions boundaries.
    pub(super) boundary: bool,
    /// How many patterns a request is compared with to confirm it.
    pub(super) patterns: usize,
}

/// More context keys in the conditions of one question than anybody compares.
const MOST_KEYS: usize = 100;

/// The form that words have.
pub(super) struct Universes {
    action: Glob,
    arn: Glob,
    star: Glob,
    everything: Glob,
}

impl Default for Universes {
    fn default() -> Self {
        Self {
            action: Glob::new("?*:?*"),
            arn: Glob::new("arn:?*:?*:*:*:?*"),
            star: Glob::literal("*"),
            everything: Glob::everything(),
        }
    }
}

/// A gap found so far.
#[derive(Clone, Copy)]
struct Found<'f> {
    action: &'f str,
    resource: &'f str,
    principal: &'f str,
    /// Statements that may hold the request depending on the values of variables.
    undecidable: &'f [&'f StatementProduct<'f>],
}

impl<'a> Search<'_, 'a> {
    /// Searches among these actions.
    pub(super) fn run(&mut self, actions: &[Language<'_>]) -> Coverage {
        self.actions(actions).unwrap_or(Coverage::Undecided)
    }

    fn actions(&mut self, actions: &[Language<'_>]) -> Result<Coverage, Exhausted> {
        let everything = &self.universes.everything;
        let alternatives = resource_alternatives(self.region, everything, self.budget)?;
        if alternatives.is_empty() {
            return Ok(Coverage::Covered);
        }
        self.cache.begin(self.covers.products.len());
        let mut classes = Vec::new();
        for (nth, language) in actions.iter().enumerate() {
            if self.is_plainly_held(nth, language, &alternatives)? {
                continue;
            }
            let language = Language {
                universe: Some(&self.universes.action),
                ..*language
            };
            for class in self.covers.sort_actions(&language, self.budget)? {
                let done = class
                    .mask
                    .iter()
                    .any(|id| self.covers.unlimited.contains(id));
                if !done {
                    push_minimal(&mut classes, class);
                }
            }
        }
        let mut known = Coverage::Covered;
        for class in classes {
            known = known.and(|| self.resources(&class, &alternatives))?;
        }
        Ok(known)
    }

    fn resources(
        &mut self,
        action: &Class,
        alternatives: &[Alternative<'_>],
    ) -> Result<Coverage, Exhausted> {
        let mut classes: Vec<Class> = Vec::new();
        let covers = self.covers;
        let mut rest: Vec<&StatementProduct<'_>> = Vec::new();
        for product in action.mask.iter().filter_map(|id| covers.products.get(id)) {
            self.budget.compare(1)?;
            if self.plainly_holds_rest(product)? {
                rest.push(product);
            }
        }
        for (nth, alternative) in alternatives.iter().enumerate() {
            self.budget.spend(1 + rest.len())?;
            let mut held = false;
            for product in &rest {
                held = held || product.plainly_holds(nth, alternative, self.budget)?;
            }
            if held {
                continue;
            }
            self.sort_resources(alternative, &action.mask, &mut classes)?;
        }
        let mut known = Coverage::Covered;
        for class in classes {
            let found = Found {
                action: &action.word,
                resource: &class.word,
                principal: "",
                undecidable: &[],
            };
            known = known.and(|| self.principals(found, &class.mask))?;
        }
        Ok(known)
    }

    /// Sorts the resources of one alternative by the covers among `alive` that hold them.
    fn sort_resources(
        &mut self,
        alternative: &Alternative<'_>,
        alive: &Bits,
        classes: &mut Vec<Class>,
    ) -> Result<(), Exhausted> {
        let mut base = Bits::default();
        let mut covers = Vec::new();
        for id in alive.iter() {
            let Some(product) = self.covers.products.get(id) else {
                continue;
            };
            match &product.resources {
                None => base.insert(id),
                Some(resources) => match resources.hold(alternative) {
                    ResourceCover::All => base.insert(id),
                    ResourceCover::Nothing => {}
                    ResourceCover::Fixed => covers.push(Cover {
                        id,
                        patterns: &resources.fixed,
                        negated: resources.negated,
                    }),
                },
            }
        }
        // A request may be to no resource in particular: it then says `*`.
        let mut star = alternative.positive.clone();
        star.push(&self.universes.star);
        for (positive, universe) in [
            (&alternative.positive, &self.universes.arn),
            (&star, &self.universes.star),
        ] {
            let language = Language {
                positive,
                negative: &alternative.negative,
                universe: Some(universe),
            };
            for class in partition(&language, &base, &covers, self.budget)? {
                push_minimal(classes, class);
            }
        }
        Ok(())
    }

    fn principals(&mut self, found: Found<'_>, alive: &Bits) -> Result<Coverage, Exhausted> {
        let named = |id: &usize| {
            self.covers
                .products
                .get(*id)
                .and_then(|v| v.principals.as_ref())
        };
        let nobody = self
            .region
            .iter()
            .all(|product| product.principals.is_none());
        if nobody && alive.iter().all(|id| named(&id).is_none()) {
            return self.conditions(found, alive);
        }
        let mut base = Bits::default();
        let mut covers = Vec::new();
        for id in alive.iter() {
            match named(&id) {
                None => base.insert(id),
                Some((negated, patterns)) => covers.push(Cover {
                    id,
                    patterns,
                    negated: *negated,
                }),
            }
        }
        let mut classes: Vec<Class> = Vec::new();
        let everything = &self.universes.everything;
        for alternative in principal_alternatives(self.region, everything, self.budget)? {
            // Those who look like somebody first; the last pattern adds nothing to the others.
            let strangers = STRANGERS.iter().map(|word| Glob::literal(word));
            let bounded = BOUNDED.iter().map(|pattern| Glob::new(pattern));
            let last: Vec<Glob> = if self.boundary {
                bounded.collect()
            } else {
                strangers.chain([Glob::everything()]).collect()
            };
            for last in last {
                let mut positive = alternative.positive.clone();
                positive.push(&last);
                let language = Language {
                    positive: &positive,
                    negative: &alternative.negative,
                    universe: None,
                };
                for class in partition(&language, &base, &covers, self.budget)? {
                    push_minimal(&mut classes, class);
                }
            }
        }
        let mut known = Coverage::Covered;
        for class in classes {
            let found = Found {
                principal: &class.word,
                ..found
            };
            known = known.and(|| self.conditions(found, &class.mask))?;
        }
        Ok(known)
    }
}

/// Principals that can have permissions boundaries.
const BOUNDED: [&str; 4] = [
    "AWS:arn:*:iam::*:user/*",
    "AWS:arn:*:iam::*:role/*",
    "AWS:arn:*:sts::*:assumed-role/*",
    "AWS:arn:*:sts::*:federated-user/*",
];

/// Principals that are tried first, so that witnesses look like somebody.
const STRANGERS: [&str; 3] = [
    "AWS:arn:aws:iam::999999999999:user/somebody",
    "*",
    "Service:example.amazonaws.com",
];
