//! A request that shows a gap: values for what patterns leave open.

use super::{Coverage, Found, Search};
use crate::condition::{Context, ContextValue};
use crate::evaluate::{Request, RequestPrincipal};
use crate::glob::{Exhausted, Variable};
use crate::prove::statement::StatementProduct;
use crate::prove::witness;

/// A value of a variable that no policy is likely to name.
const NAME: &str = "somebody";

/// More statements with variables than are tried one by one.
const MOST_TRIED: usize = 8;

impl Search<'_, '_> {
    /// Whether a request with the words and values found is what is looked for. Statements with
    /// variables may cover it all the same: for each of them other values are tried.
    pub(super) fn confirm(
        &mut self,
        found: Found<'_>,
        chosen: &[(&str, Option<ContextValue>)],
    ) -> Result<Coverage, Exhausted> {
        let mut context = Context::new();
        for (key, value) in chosen {
            if let Some(value) = value {
                context.set(key, value.clone());
            }
        }
        self.give_variables(found.resource, &mut context);
        if let Some(request) = self.try_context(found, &context)? {
            return Ok(Coverage::NotCovered(request));
        }
        let mut all = context.clone();
        for cover in found.undecidable.iter().take(MOST_TRIED) {
            let mut one = context.clone();
            evade(cover, found.resource, &mut one);
            evade(cover, found.resource, &mut all);
            if let Some(request) = self.try_context(found, &one)? {
                return Ok(Coverage::NotCovered(request));
            }
        }
        let last = if found.undecidable.len() > 1 {
            self.try_context(found, &all)?
        } else {
            None
        };
        Ok(last.map_or(Coverage::Undecided, Coverage::NotCovered))
    }

    fn try_context(
        &mut self,
        found: Found<'_>,
        context: &Context,
    ) -> Result<Option<Box<Request>>, Exhausted> {
        self.budget.compare(self.patterns)?;
        let resource = if witness::is_about_everything(found.action) {
            "*"
        } else {
            found.resource
        };
        let principal = if found.principal.is_empty() {
            witness::somebody_near(resource)
        } else {
            RequestPrincipal::from_word(found.principal)
        };
        let request = Request::new(found.action, resource, principal, context.clone());
        let request = witness::in_own_account(request);
        let request = if self.boundary {
            request.with_boundary()
        } else {
            request
        };
        Ok((self.confirm)(&request).then(|| Box::new(request)))
    }

    /// Gives values to the variables of the region, so that the resource matches where it was
    /// taken to match, and to the keys that are compared with variables.
    fn give_variables(&self, resource: &str, context: &mut Context) {
        for product in self.region.iter().filter(|product| !leaves_out(product)) {
            capture(product, resource, context);
        }
        // What is left out by `NotResource` must be known.
        for product in self.region.iter().filter(|product| leaves_out(product)) {
            let resources = product.resources.iter();
            for variable in resources.flat_map(|resources| &resources.variable) {
                name_unset(variable.template.variables(), context);
            }
        }
        for clause in self.region.iter().flat_map(|product| &product.rule.clauses) {
            name_unset(clause.variables().into_iter(), context);
            if clause.has_variables()
                && !clause.holds(context)
                && let Some(value) = clause.example(context)
            {
                context.set(clause.key(), ContextValue::One(value));
            }
        }
    }
}

/// Whether the statement has `NotResource`.
fn leaves_out(product: &StatementProduct<'_>) -> bool {
    let resources = product.resources.as_ref();
    resources.is_some_and(|resources| resources.negated)
}

/// Gives the variables in the resources of a statement the values with which one of its patterns
/// matches, unless one without variables does.
fn capture(product: &StatementProduct<'_>, resource: &str, context: &mut Context) {
    let Some(resources) = &product.resources else {
        return;
    };
    if resources.fixed.iter().any(|glob| glob.matches(resource)) {
        return;
    }
    let mut near = resources.variable.iter();
    if let Some(variable) = near.find(|variable| variable.widest.matches(resource)) {
        for (name, value) in variable.template.capture(resource).unwrap_or_default() {
            if context.get(name.name()).is_none() {
                context.set(name.name(), ContextValue::One(value));
            }
        }
    }
}

/// Gives every variable a value, unless it has one.
fn name_unset<'v>(variables: impl Iterator<Item = &'v Variable>, context: &mut Context) {
    for name in variables {
        if context.get(name.name()).is_none() {
            context.set(name.name(), ContextValue::One(NAME.to_owned()));
        }
    }
}

/// Gives values with which the statement probably does not hold the request.
fn evade(cover: &StatementProduct<'_>, resource: &str, context: &mut Context) {
    if leaves_out(cover) {
        capture(cover, resource, context);
    }
    for clause in cover
        .rule
        .clauses
        .iter()
        .filter(|clause| clause.has_variables())
    {
        name_unset(clause.variables().into_iter(), context);
        if clause.holds(context)
            && clause
                .operator()
                .is_some_and(|operator| operator.is_negated())
            && let Some(value) = clause.example(context)
        {
            context.set(clause.key(), ContextValue::One(value));
        }
    }
}
