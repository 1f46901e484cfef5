//! Looking for a request in a product of languages that no cover holds.
//!
//! One dimension after the other is sorted into classes by the covers that hold them; only
//! classes with the fewest covers are followed, for whatever the rest of the covers fails
//! to hold, fewer of them fail to hold too. A class is done with when a cover that is left
//! asks for nothing more.

use crate::condition::{Clause, Context, ContextValue};
use crate::evaluate::{Principal, Request};
use crate::glob::{Bits, Budget, Class, Cover, Exhausted, Glob, Problem, partition, push_minimal};
use crate::prove::alternative::{Alternative, Hold, principal_alternatives, resource_alternatives};
use crate::prove::glance::Known;
use crate::prove::values::{KeyProblem, is_multi_valued};
use crate::prove::view::{Lot, View};

/// The search in one product: the intersection of some statements.
pub(super) struct Search<'s, 'a> {
    pub(super) region: &'s [&'s View<'a>],
    pub(super) covers: &'s Lot<'a>,
    pub(super) budget: &'s mut Budget,
    /// Whether the request found is what is looked for. To go on is to answer `false`.
    pub(super) confirm: &'s mut dyn FnMut(Request) -> bool,
    /// A gap was found whose request was not confirmed.
    pub(super) doubtful: bool,
    pub(super) universes: &'s Universes,
    /// The cover that held the last actions looked at.
    pub(super) held: &'s mut usize,
    /// Keys, in lower case, that some policy in question reckons to have several values.
    pub(super) quantified: &'s [&'s str],
    /// What a glance has shown of the covers.
    pub(super) known: &'s mut Known,
    /// How many patterns a request is compared with to confirm it.
    pub(super) weight: usize,
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
}

impl<'a> Search<'_, 'a> {
    /// Searches among these actions; `true` when a confirmed request was found.
    pub(super) fn run(&mut self, actions: &[Problem<'_>]) -> Result<bool, Exhausted> {
        let everything = &self.universes.everything;
        let alternatives = resource_alternatives(self.region, everything, self.budget)?;
        if alternatives.is_empty() {
            return Ok(false);
        }
        self.known.begin(self.covers.views.len());
        let mut classes = Vec::new();
        for (nth, problem) in actions.iter().enumerate() {
            if self.is_plainly_held(nth, problem, &alternatives)? {
                continue;
            }
            let problem = Problem {
                universe: Some(&self.universes.action),
                ..*problem
            };
            for class in self.covers.sort_actions(&problem, self.budget)? {
                let done = class
                    .mask
                    .iter()
                    .any(|id| self.covers.unlimited.contains(id));
                if !done {
                    push_minimal(&mut classes, class);
                }
            }
        }
        for class in classes {
            if self.resources(&class, &alternatives)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn resources(
        &mut self,
        action: &Class,
        alternatives: &[Alternative<'_>],
    ) -> Result<bool, Exhausted> {
        let mut classes: Vec<Class> = Vec::new();
        let covers = self.covers;
        let mut rest: Vec<&View<'_>> = Vec::new();
        for view in action.mask.iter().filter_map(|id| covers.views.get(id)) {
            self.budget.compare(1)?;
            if self.plainly_holds_rest(view)? {
                rest.push(view);
            }
        }
        for (nth, alternative) in alternatives.iter().enumerate() {
            self.budget.spend(1 + rest.len())?;
            let mut held = false;
            for view in &rest {
                held = held || view.plainly_holds(nth, alternative, self.budget)?;
            }
            if held {
                continue;
            }
            self.sort_resources(alternative, &action.mask, &mut classes)?;
        }
        for class in classes {
            let found = Found {
                action: &action.word,
                resource: &class.word,
                principal: "",
            };
            if self.principals(found, &class.mask)? {
                return Ok(true);
            }
        }
        Ok(false)
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
            let Some(view) = self.covers.views.get(id) else {
                continue;
            };
            match &view.resources {
                None => base.insert(id),
                Some(resources) => match resources.hold(alternative) {
                    Hold::All => base.insert(id),
                    Hold::Nothing => {}
                    Hold::Fixed => covers.push(Cover {
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
            let problem = Problem {
                positive,
                negative: &alternative.negative,
                universe: Some(universe),
            };
            for class in partition(&problem, &base, &covers, self.budget)? {
                push_minimal(classes, class);
            }
        }
        Ok(())
    }

    fn principals(&mut self, found: Found<'_>, alive: &Bits) -> Result<bool, Exhausted> {
        let named = |id: &usize| {
            self.covers
                .views
                .get(*id)
                .and_then(|v| v.principals.as_ref())
        };
        let nobody = self.region.iter().all(|view| view.principals.is_none());
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
            for last in strangers.chain([Glob::everything()]) {
                let mut positive = alternative.positive.clone();
                positive.push(&last);
                let problem = Problem {
                    positive: &positive,
                    negative: &alternative.negative,
                    universe: None,
                };
                for class in partition(&problem, &base, &covers, self.budget)? {
                    push_minimal(&mut classes, class);
                }
            }
        }
        for class in classes {
            let found = Found {
                principal: &class.word,
                ..found
            };
            if self.conditions(found, &class.mask)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn conditions(&mut self, found: Found<'_>, alive: &Bits) -> Result<bool, Exhausted> {
        let region: Vec<&'a Clause> = self
            .region
            .iter()
            .flat_map(|view| view.rule.clauses.iter())
            .collect();
        let mut covers = Vec::new();
        for id in alive.iter() {
            let Some(view) = self.covers.views.get(id) else {
                continue;
            };
            let clauses = view.rule.clauses.iter();
            self.budget
                .compare(clauses.len().saturating_mul(region.len()))?;
            let open: Vec<&Clause> = clauses
                .filter(|clause| !region.iter().any(|known| known.plainly_implies(clause)))
                .collect();
            if open.is_empty() {
                return Ok(false);
            }
            let decidable =
                |clause: &&Clause| clause.operator().is_some() && !clause.has_variables();
            if open.iter().all(decidable) {
                covers.push((id, open));
            }
        }
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
    ) -> Result<bool, Exhausted> {
        if covers.iter().any(|(_, clauses)| clauses.is_empty()) {
            return Ok(false);
        }
        let Some((key, rest)) = keys.split_first() else {
            return self.report(found, chosen);
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
        let problem = KeyProblem {
            region: on_key(region),
            covers: covers
                .iter()
                .map(|(id, clauses)| (*id, on_key(clauses)))
                .collect(),
            several: self.quantified.contains(key) || is_multi_valued(name),
        };
        let clauses = covers.iter().map(|(_, clauses)| clauses.len());
        let clauses = region.len() + clauses.sum::<usize>();
        for class in problem.classes(self.budget)? {
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
            let confirmed = self.values(found, region, rest, left.collect(), chosen)?;
            chosen.pop();
            if confirmed {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn report(
        &mut self,
        found: Found<'_>,
        chosen: &[(&str, Option<ContextValue>)],
    ) -> Result<bool, Exhausted> {
        self.budget.compare(self.weight)?;
        let mut context = Context::new();
        for (key, value) in chosen {
            if let Some(value) = value {
                context.set(key, value.clone());
            }
        }
        self.give_variables(found.resource, &mut context);
        let principal = if found.principal.is_empty() {
            Principal::from_word(SOMEBODY)
        } else {
            Principal::from_word(found.principal)
        };
        let request = Request::new(found.action, found.resource, principal, context);
        let confirmed = (self.confirm)(request);
        self.doubtful |= !confirmed;
        Ok(confirmed)
    }
}

impl Search<'_, '_> {
    /// Gives values to the variables of the region, so that the resource matches where it was
    /// taken to match, and to the keys that are compared with variables.
    fn give_variables(&self, resource: &str, context: &mut Context) {
        for view in self.region {
            for variable in view
                .resources
                .iter()
                .flat_map(|resources| &resources.variable)
            {
                if !variable.widest.matches(resource) {
                    continue;
                }
                for (name, value) in variable.template.capture(resource).unwrap_or_default() {
                    if context.get(name.name()).is_none() {
                        context.set(name.name(), ContextValue::One(value));
                    }
                }
            }
        }
        for clause in self.region.iter().flat_map(|view| &view.rule.clauses) {
            for name in clause.variables() {
                if context.get(name.name()).is_none() {
                    context.set(name.name(), ContextValue::One("somebody".to_owned()));
                }
            }
            if clause.has_variables()
                && !clause.holds(context)
                && let Some(value) = clause.example(context)
            {
                context.set(clause.key(), ContextValue::One(value));
            }
        }
    }
}

/// Principals that are tried first, so that witnesses look like somebody.
const STRANGERS: [&str; 3] = [SOMEBODY, "*", "Service:example.amazonaws.com"];
const SOMEBODY: &str = "AWS:arn:aws:iam::999999999999:user/somebody";
