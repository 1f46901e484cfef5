//! Statements, ready to be asked about actions and resources.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use super::forms::{is_whole, meets};
use super::work_limit::WorkLimit;
use crate::catalogue::{Action, Service, wildcard};
use crate::condition::Clause;
use crate::document::{Effect, List, PolicyType, Resources, Statement};
use crate::evaluate::{ResourcePattern, has_short_arns};
use crate::glob::{Coverage, Glob, covered};
use crate::reach::is_of_unknown_type;
use crate::scan;

/// A statement, ready to be asked about actions.
pub(super) struct GrantRule<'d> {
    pub(super) statement: &'d Statement<'d>,
    pub(super) policy: usize,
    pub(super) conditional: bool,
    /// Whether one of its resources is `*`.
    pub(super) everywhere: bool,
    /// Whether an ARN that is cut short stands for everything behind it.
    short: bool,
    /// The resources as `evaluate` reads them, once somebody has asked; without those that match nothing.
    globs: OnceCell<Vec<Glob>>,
    /// What is known of actions that can be used on the same types: whether one of the resources is one.
    reached: RefCell<Vec<((&'static str, &'static str), bool)>>,
    /// What is known of the forms of types' ARNs: whether one of the resources is of the form.
    met: RefCell<Vec<(&'static str, bool)>>,
    /// What is known of services: whether one of the resources is of a type that the catalogue lacks.
    unknown: RefCell<Vec<(&'static str, bool)>>,
}

impl<'d> GrantRule<'d> {
    pub(super) fn new(
        policy: usize,
        policy_type: PolicyType,
        statement: &'d Statement<'d>,
    ) -> Self {
        let everywhere = match statement.resources() {
            Some(Resources::Resource(list)) => list.texts().any(|text| text == "*"),
            _ => false,
        };
        Self {
            statement,
            policy,
            conditional: is_conditional(statement),
            everywhere,
            short: has_short_arns(policy_type),
            globs: OnceCell::new(),
            reached: RefCell::new(Vec::new()),
            met: RefCell::new(Vec::new()),
            unknown: RefCell::new(Vec::new()),
        }
    }

    pub(super) fn is_negated(&self) -> bool {
        self.statement.actions().is_negated()
    }

    /// Its patterns of actions.
    pub(super) fn texts(&self) -> impl ExactSizeIterator<Item = &'d str> + use<'d> {
        self.statement.actions().list().texts()
    }

    /// Its patterns of resources; `None` for `NotResource` and for none at all.
    fn resources(&self) -> Option<&'d crate::document::List<'d>> {
        match self.statement.resources() {
            Some(Resources::Resource(list)) => Some(list),
            _ => None,
        }
    }

    /// Whether one of the resources can be a resource of the action.
    pub(super) fn reaches(&self, action: Option<Action>, work: &WorkLimit) -> bool {
        let alike = action.filter(|_| !self.everywhere);
        let Some(alike) = alike.map(|action| action.resource_types_key()) else {
            return self.reaches_some(action, work, |_| true);
        };
        let known = self.reached.borrow();
        // Those of one service are asked for one after the other.
        let mut near = known.iter().rev();
        let mut near = near.by_ref().take_while(|((of, _), _)| *of == alike.0);
        if let Some((_, reached)) = near.find(|((_, types), _)| *types == alike.1) {
            return *reached;
        }
        drop(known);
        let reached = self.reaches_some(action, work, |_| true);
        self.reached.borrow_mut().push((alike, reached));
        reached
    }

    /// Whether one of the resources can be one of the action and of a type that is wanted.
    pub(super) fn reaches_some(
        &self,
        action: Option<Action>,
        work: &WorkLimit,
        wanted: impl Fn(&str) -> bool,
    ) -> bool {
        if let Some(Resources::NotResource(list)) = self.statement.resources() {
            return self.reaches_beyond(list, action, work, wanted);
        }
        let Some(list) = self.resources().filter(|_| !self.everywhere) else {
            return true;
        };
        // What the catalogue does not know is taken for possible.
        let Some(action) = action else {
            return !list.values().is_empty();
        };
        if !work.spend(list.values().len()) || list.texts().any(wildcard::has_variable) {
            return true;
        }
        let mut kinds = action.resource_types();
        kinds.any(|(kind, _)| wanted(kind.name()) && self.meets(list, kind.arn(), work))
            || action.has_resource_types() && self.names_unknown(list, action.service(), work)
    }

    /// Whether it is about every resource of one of the action's types, in one account or in all; `false`
    /// when that is not plain.
    pub(super) fn is_about_all(&self, action: Option<Action>, work: &WorkLimit) -> bool {
        if self.everywhere {
            return true;
        }
        let (Some(action), Some(resources)) = (action, self.statement.resources()) else {
            return false;
        };
        let list = resources.list();
        if !work.spend(4 * list.values().len()) || list.texts().any(wildcard::has_variable) {
            return false;
        }
        let mut forms = action.resource_types().map(|(kind, _)| kind.arn());
        match resources {
            Resources::Resource(list) => forms.any(|form| {
                let mut texts = list.texts();
                texts.any(|text| is_whole(text, form, self.short))
            }),
            Resources::NotResource(list) => forms.any(|form| {
                let mut texts = list.texts();
                !texts.any(|text| meets(text, form, self.short, work))
            }),
        }
    }

    /// Whether one of the resources is of a type of the service that the catalogue lacks, found out once
    /// for each service.
    fn names_unknown(&self, list: &List<'_>, service: &'static Service, work: &WorkLimit) -> bool {
        let known = self.unknown.borrow();
        let found = known.iter().find(|(other, _)| *other == service.prefix());
        if let Some((_, unknown)) = found {
            return *unknown;
        }
        drop(known);
        let unknown = list
            .texts()
            .any(|text| !work.spend(16) || is_of_unknown_type(service, text));
        self.unknown.borrow_mut().push((service.prefix(), unknown));
        unknown
    }

    /// Whether something that the action can be used on is not in the list of a `NotResource`.
    fn reaches_beyond(
        &self,
        list: &List<'_>,
        action: Option<Action>,
        work: &WorkLimit,
        wanted: impl Fn(&str) -> bool,
    ) -> bool {
        let Some(action) = action.filter(Action::has_resource_types) else {
            return true;
        };
        if !work.spend(4 * list.values().len()) || list.texts().any(wildcard::has_variable) {
            return true;
        }
        let left_out = self.globs();
        let mut kinds = action
            .resource_types()
            .filter(|(kind, _)| wanted(kind.name()));
        kinds.any(|(kind, _)| {
            // Partitions other than the usual one are left to whoever names them.
            let open = wildcard::with_variables_as("*", kind.arn());
            let open = Glob::new(&open.replacen("arn:*:", "arn:aws:", 1)).segmented();
            !left_out.iter().any(|glob| glob.plainly_includes(&open))
        })
    }

    /// Whether one of the resources is of the form, found out once for each form.
    fn meets(&self, list: &List<'_>, form: &'static str, work: &WorkLimit) -> bool {
        let known = self.met.borrow();
        let found = known.iter().find(|(other, _)| std::ptr::eq(*other, form));
        if let Some((_, met)) = found {
            return *met;
        }
        drop(known);
        let met = list
            .texts()
            .any(|text| !work.spend(4) || meets(text, form, self.short, work));
        self.met.borrow_mut().push((form, met));
        met
    }

    fn globs(&self) -> &[Glob] {
        self.globs.get_or_init(|| {
            let lists = self.statement.resources().map(Resources::list);
            let texts = lists.into_iter().flat_map(|list| list.texts());
            let read = texts.map(|text| ResourcePattern::compile(text, true, self.short));
            read.filter(|one| !one.wild_type)
                .filter_map(|one| one.pattern.fixed().cloned())
                .collect()
        })
    }

    /// Whether this unconditional deny takes away all that the other statement allows.
    fn takes_all(&self, allow: &Self, work: &WorkLimit) -> bool {
        if self.everywhere || self.statement.resources().is_none() {
            return true;
        }
        let (Some(taken), Some(given)) = (self.resources(), allow.resources()) else {
            return false;
        };
        // A variable may stand for anything where it allows, and for nothing where it denies.
        if allow.everywhere
            || !work.spend(taken.values().len() * given.values().len())
            || given.texts().any(wildcard::has_variable)
        {
            return false;
        }
        let (taken, given_globs) = (self.globs(), allow.globs());
        // What matches nothing as documented is not taken for nothing where it allows.
        given_globs.len() == given.values().len()
            && given_globs
                .iter()
                .all(|given| work.ask(|budget| covered(given, taken, budget)) == Coverage::Covered)
    }
}

/// Rules, by the services they are about.
#[derive(Default)]
pub(super) struct GrantRules<'d> {
    all: Vec<GrantRule<'d>>,
    index: OnceCell<Index>,
    /// What is known of denies and the statements they take from, by their numbers.
    taken: RefCell<HashMap<(u32, u32), bool>>,
}

/// Numbers of rules and of their patterns.
#[derive(Default)]
struct Index {
    by_service: HashMap<String, Vec<(usize, usize)>>,
    /// Patterns that may be about any service.
    open: Vec<(usize, usize)>,
    /// Rules with `NotAction`.
    negated: Vec<usize>,
}

impl<'d> GrantRules<'d> {
    pub(super) fn push(&mut self, rule: GrantRule<'d>) {
        self.all.push(rule);
    }

    pub(super) fn all(&self) -> &[GrantRule<'d>] {
        &self.all
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            for (nth, rule) in self.all.iter().enumerate() {
                if rule.is_negated() {
                    index.negated.push(nth);
                    continue;
                }
                for (pattern, text) in rule.texts().enumerate() {
                    let of = scan::find(text, b':').and_then(|at| text.get(..at));
                    match of.filter(|prefix| !wildcard::has_wildcard(prefix)) {
                        Some(prefix) => index
                            .by_service
                            .entry(prefix.to_ascii_lowercase())
                            .or_default()
                            .push((nth, pattern)),
                        None => index.open.push((nth, pattern)),
                    }
                }
            }
            index
        })
    }

    /// The rules about the action; all of them when there is no work left to look.
    pub(super) fn about(&self, name: &str, work: &WorkLimit) -> Vec<(usize, &GrantRule<'d>)> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let index = self.index();
        let prefix = name.split_once(':').map_or(name, |(prefix, _)| prefix);
        let near = index.by_service.get(&prefix.to_ascii_lowercase());
        let near = near.map_or(&[][..], Vec::as_slice);
        let negated = index
            .negated
            .iter()
            .filter_map(|nth| Some((*nth, self.all.get(*nth)?)));
        let excluded: usize = negated.clone().map(|(_, rule)| rule.texts().len()).sum();
        if !work.spend(near.len() + index.open.len() + excluded) {
            return self.all.iter().enumerate().collect();
        }
        let matches = |text: &str| wildcard::matches_ignoring_case(text, name);
        let mut found: Vec<(usize, &GrantRule<'d>)> = Vec::new();
        for (nth, pattern) in near.iter().chain(&index.open) {
            let Some(rule) = self.all.get(*nth) else {
                continue;
            };
            if found.last().is_none_or(|(last, _)| last != nth)
                && rule.texts().nth(*pattern).is_some_and(matches)
            {
                found.push((*nth, rule));
            }
        }
        found.extend(negated.filter(|(_, rule)| !rule.texts().any(matches)));
        found
    }

    /// Whether these denies take away from the action all that the allowing statement gives.
    pub(super) fn take_all(
        &self,
        name: &str,
        nth: usize,
        allow: &GrantRule<'_>,
        work: &WorkLimit,
    ) -> bool
    where
        'd: 'd,
    {
        if self.all.is_empty() {
            return false;
        }
        let about = self.about(name, work);
        // When there was no work left to look, nothing is known to be taken away.
        if work.is_spent() {
            return false;
        }
        if about.iter().any(|(_, deny)| deny.everywhere) {
            return true;
        }
        about.iter().any(|(deny, rule)| {
            let key = (u32::try_from(*deny), u32::try_from(nth));
            let (Ok(deny), Ok(nth)) = key else {
                return false;
            };
            let known = self.taken.borrow().get(&(deny, nth)).copied();
            known.unwrap_or_else(|| {
                let takes = work.spend(4) && rule.takes_all(allow, work);
                self.taken.borrow_mut().insert((deny, nth), takes);
                takes
            })
        })
    }

    /// Whether one of these rules may be about an action that a pattern stands for.
    pub(super) fn may_be_about(&self, pattern: &str, work: &WorkLimit) -> bool {
        let pattern = Glob::lowercase(pattern);
        self.all.iter().any(|rule| {
            let mut texts = rule.texts();
            rule.is_negated()
                || !work.spend(texts.len())
                || texts.any(|text| !Glob::lowercase(text).plainly_disjoint(&pattern))
        })
    }

    /// Whether one of these rules allows the action on a resource it can be used on.
    pub(super) fn reach(&self, name: &str, action: Option<Action>, work: &WorkLimit) -> bool {
        let about = self.about(name, work);
        let mut about = about.into_iter();
        about.any(|(_, rule)| rule.reaches(action, work))
    }
}

/// Whether a condition limits what the statement says. One that AWS may read in another way, or
/// not at all, limits what is denied and not what is allowed.
fn is_conditional(statement: &Statement<'_>) -> bool {
    match statement.effect() {
        Effect::Deny => !statement.conditions().is_empty(),
        Effect::Allow => {
            let mut conditions = statement.conditions().iter();
            conditions.any(|condition| {
                let operator = condition.operator().text();
                let mut entries = condition.entries().iter();
                entries.any(|entry| Clause::reads_certainly(operator, entry.values().texts()))
            })
        }
    }
}
