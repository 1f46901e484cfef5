//! Statements as products of languages: principals × actions × resources × conditions.

use std::collections::HashMap;

use crate::condition::Pattern;
use crate::evaluate::{Reading, ResourceMatcher, Rule};
use crate::glob::{Bits, Budget, Class, Cover, Exhausted, Glob, Language, Template, partition};

/// A statement seen as a product.
pub(super) struct StatementProduct<'a> {
    /// The number of the statement in its document, from 0.
    pub(super) statement: usize,
    pub(super) rule: &'a Rule,
    pub(super) actions: Vec<&'a Glob>,
    pub(super) resources: Option<ResourceProduct<'a>>,
    pub(super) principals: Option<(bool, Vec<&'a Glob>)>,
}

/// The resources of a statement.
pub(super) struct ResourceProduct<'a> {
    pub(super) negated: bool,
    pub(super) fixed: Vec<&'a Glob>,
    pub(super) variable: Vec<VariablePattern<'a>>,
}

/// A pattern with variables.
pub(super) struct VariablePattern<'a> {
    pub(super) template: &'a Template,
    /// Matches whatever the pattern may match.
    pub(super) widest: Glob,
    /// With a letter of its own for every variable.
    pub(super) symbolic: Glob,
    /// The same without defaults, where there are any.
    pub(super) without_defaults: Option<Glob>,
}

impl<'a> StatementProduct<'a> {
    pub(super) fn new(statement: usize, rule: &'a Rule, reading: Reading) -> Self {
        Self {
            statement,
            rule,
            actions: rule.actions.iter().collect(),
            resources: rule
                .resources
                .as_ref()
                .map(|matcher| ResourceProduct::new(matcher, reading)),
            principals: rule
                .principals
                .as_ref()
                .filter(|_| !(rule.all_with_boundary && reading.boundary))
                .map(|matcher| (matcher.negated, matcher.patterns.iter().collect())),
        }
    }

    /// Whether it covers every request with an action it covers.
    fn is_unlimited(&self) -> bool {
        let everything = |globs: &[&Glob]| globs.iter().any(|glob| glob.is_everything());
        self.rule.clauses.is_empty()
            && self
                .resources
                .as_ref()
                .is_none_or(|r| !r.negated && everything(&r.fixed))
            && self
                .principals
                .as_ref()
                .is_none_or(|(negated, p)| !negated && everything(p))
    }
}

impl<'a> ResourceProduct<'a> {
    fn new(matcher: &'a ResourceMatcher, reading: Reading) -> Self {
        let mut resources = Self {
            negated: matcher.negated,
            fixed: Vec::with_capacity(matcher.patterns.len()),
            variable: Vec::new(),
        };
        for pattern in &matcher.patterns {
            if pattern.wild_type && !reading.wild_types {
                continue;
            }
            match &pattern.pattern {
                Pattern::Fixed(glob) => resources.fixed.push(glob),
                Pattern::Variable(template) => resources.variable.push(VariablePattern {
                    template,
                    widest: template.widest(),
                    symbolic: template.symbolic(),
                    without_defaults: template
                        .variables()
                        .any(|variable| variable.default().is_some())
                        .then(|| template.symbolic_without_defaults()),
                }),
            }
        }
        resources
    }
}

/// Statements that may cover requests, with an index of their actions.
pub(super) struct StatementSet<'a> {
    pub(super) products: Vec<StatementProduct<'a>>,
    index: ActionIndex<'a>,
    /// Those that cover every request with their actions.
    pub(super) unlimited: Bits,
}

#[derive(Default)]
struct ActionIndex<'a> {
    /// Patterns without wildcard by their text.
    exact: HashMap<&'a str, Vec<(usize, &'a Glob)>>,
    /// Patterns with a plain service by that service.
    services: HashMap<&'a str, Vec<(usize, &'a Glob)>>,
    /// Those among them that have a wildcard.
    open: HashMap<&'a str, Vec<(usize, &'a Glob)>>,
    /// Patterns with a wildcard before the colon.
    wild: Vec<(usize, &'a Glob)>,
    all: Vec<(usize, &'a Glob)>,
    negated: Bits,
}

impl<'a> StatementSet<'a> {
    pub(super) fn new(products: Vec<StatementProduct<'a>>) -> Self {
        let mut index = ActionIndex {
            negated: Bits::with_capacity(products.len()),
            ..ActionIndex::default()
        };
        let mut unlimited = Bits::with_capacity(products.len());
        for (id, product) in products.iter().enumerate() {
            if product.rule.not_actions {
                index.negated.insert(id);
            }
            if product.is_unlimited() {
                unlimited.insert(id);
            }
            for glob in product.actions.iter().copied() {
                index.add(id, glob);
            }
        }
        Self {
            products,
            index,
            unlimited,
        }
    }

    /// The patterns of actions that may overlap this one, with the statements they are in.
    pub(super) fn overlapping(&self, glob: &Glob) -> impl Iterator<Item = (usize, &'a Glob)> {
        self.index.overlapping(glob)
    }

    /// The statements with `NotAction`.
    pub(super) fn negated(&self) -> impl Iterator<Item = usize> + '_ {
        self.index.negated.iter()
    }

    /// Sorts the actions of a language by the statements whose actions hold them.
    pub(super) fn sort_actions(
        &self,
        language: &Language<'_>,
        budget: &mut Budget,
    ) -> Result<Vec<Class>, Exhausted> {
        let Some(narrowest) = language
            .positive
            .iter()
            .max_by_key(|glob| glob.code().len())
        else {
            return Ok(Vec::new());
        };
        let mut found: Vec<(usize, &Glob)> = self.index.overlapping(narrowest).collect();
        budget.compare(found.len() + self.products.len() / 64)?;
        found.sort_unstable_by_key(|(id, _)| *id);
        let globs: Vec<&Glob> = found.iter().map(|(_, glob)| *glob).collect();
        let mut base = self.index.negated.clone();
        let mut covers = Vec::new();
        let mut from = 0;
        for group in found.chunk_by(|one, other| one.0 == other.0) {
            let to = from + group.len();
            if let Some((id, _)) = group.first() {
                let negated = self.index.negated.contains(*id);
                if negated {
                    base.remove(*id);
                }
                let patterns = globs.get(from..to).unwrap_or_default();
                covers.push(Cover {
                    id: *id,
                    patterns,
                    negated,
                });
            }
            from = to;
        }
        partition(language, &base, &covers, budget)
    }
}

impl<'a> ActionIndex<'a> {
    fn add(&mut self, id: usize, glob: &'a Glob) {
        self.all.push((id, glob));
        if let Some(text) = glob.as_literal() {
            self.exact.entry(text).or_default().push((id, glob));
        }
        match glob.literal_prefix().split_once(':') {
            None if glob.as_literal().is_none() => self.wild.push((id, glob)),
            None => {}
            Some((service, _)) => {
                self.services.entry(service).or_default().push((id, glob));
                if glob.as_literal().is_none() {
                    self.open.entry(service).or_default().push((id, glob));
                }
            }
        }
    }

    fn overlapping(&self, glob: &Glob) -> impl Iterator<Item = (usize, &'a Glob)> {
        fn list<'m, T>(map: &'m HashMap<&str, Vec<T>>, key: Option<&str>) -> &'m [T] {
            let found = key.and_then(|key| map.get(key));
            found.map(Vec::as_slice).unwrap_or_default()
        }
        let service = glob
            .literal_prefix()
            .split_once(':')
            .map(|(service, _)| service);
        let (one, two, three): (&[_], &[_], &[_]) = match (glob.as_literal(), service) {
            (Some(text), service) => (
                list(&self.exact, Some(text)),
                list(&self.open, service),
                &self.wild,
            ),
            (None, Some(service)) => (list(&self.services, Some(service)), &[], &self.wild),
            (None, None) => (&self.all, &[], &[]),
        };
        one.iter().chain(two).chain(three).copied()
    }
}
