//! Statements, ready to be asked about actions and resources.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use super::work_limit::WorkLimit;
use crate::catalogue::{Action, wildcard};
use crate::condition::Clause;
use crate::document::{Effect, List, Resources, Statement};
use crate::glob::{Coverage, Glob, common, covered};
use crate::scan;

/// A statement, ready to be asked about actions.
pub(super) struct GrantRule<'d> {
    pub(super) statement: &'d Statement<'d>,
    pub(super) policy: usize,
    pub(super) conditional: bool,
    /// Whether one of its resources is `*`.
    pub(super) everywhere: bool,
    /// The resources as patterns, once somebody has asked.
    globs: OnceCell<Vec<Glob>>,
    /// What is known of the forms of types' ARNs: whether one of the resources is of the form.
    met: RefCell<Vec<(&'static str, bool)>>,
}

impl<'d> GrantRule<'d> {
    pub(super) fn new(policy: usize, statement: &'d Statement<'d>) -> Self {
        let everywhere = match statement.resources() {
            Some(Resources::Resource(list)) => list.texts().any(|text| text == "*"),
            _ => false,
        };
        Self {
            statement,
            policy,
            conditional: is_conditional(statement),
            everywhere,
            globs: OnceCell::new(),
            met: RefCell::new(Vec::new()),
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
        if let Some(Resources::NotResource(list)) = self.statement.resources() {
            return reaches_beyond(list, action, work);
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
        kinds.any(|(kind, _)| self.meets(list, kind.arn(), work))
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
            .any(|text| !work.spend(4) || meets(text, form, work));
        self.met.borrow_mut().push((form, met));
        met
    }

    fn globs(&self) -> &[Glob] {
        self.globs.get_or_init(|| {
            let texts = self.resources().into_iter().flat_map(|list| list.texts());
            texts.map(Glob::new).collect()
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
        if allow.everywhere
            || !work.spend(taken.values().len() * given.values().len())
            || given
                .texts()
                .chain(taken.texts())
                .any(wildcard::has_variable)
        {
            return false;
        }
        let taken = self.globs();
        allow
            .globs()
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
            !statement.conditions().is_empty()
                && Clause::read(statement, true).iter().any(Clause::is_certain)
        }
    }
}

/// Whether a pattern of a policy and the form of a type's ARNs have an ARN in common.
fn meets(pattern: &str, form: &str, work: &WorkLimit) -> bool {
    match by_field(pattern, form, work) {
        Some(met) => met,
        None => fits(pattern, form, work) && overlaps(pattern, form, work),
    }
}

/// Decided field by field, where the fields of the pattern stand where those of an ARN stand: wildcards
/// then stay in their field, as in requests. `None` for other patterns.
fn by_field(pattern: &str, form: &str, work: &WorkLimit) -> Option<bool> {
    let (mut fields, mut forms) = (pattern.splitn(6, ':'), form.splitn(6, ':'));
    let mut met = true;
    for nth in 0..5 {
        let (field, of_form) = (fields.next()?, forms.next()?);
        let usual = |byte: u8| {
            byte.is_ascii_digit()
                || matches!(byte, b'*' | b'?')
                || nth < 4 && (byte.is_ascii_lowercase() || byte == b'-')
        };
        if !field.bytes().all(usual) {
            return None;
        }
        met = met && overlaps_plainly(field, of_form);
    }
    let (tail, of_form) = (fields.next()?, forms.next()?);
    Some(met && overlaps(tail, of_form, work))
}

/// Whether a field and its form have a text in common: a form is a text, or a variable.
fn overlaps_plainly(field: &str, of_form: &str) -> bool {
    let variable = of_form.starts_with("${") && of_form.find('}') == Some(of_form.len() - 1);
    variable || field == "*" || field == of_form || {
        let open = wildcard::with_variables_as("*", of_form);
        wildcard::matches(&open, field) || wildcard::matches(field, &open)
    }
}

/// Whether the fields before the first `*` fit: no field before the last has a colon, so a `*`
/// of the last one cannot reach into those before.
fn fits(pattern: &str, form: &str, work: &WorkLimit) -> bool {
    let fields = pattern.splitn(6, ':').zip(form.splitn(6, ':')).take(5);
    fields
        .take_while(|(field, _)| !field.contains('*'))
        .all(|(field, of_form)| of_form.contains("${") || wildcard::matches(field, of_form))
        && tails(pattern, form).is_none_or(|(tail, of_form)| overlaps(tail, of_form, work))
}

/// What follows the account of an ARN whose other fields have no `*`, and its form.
fn tails<'p, 'f>(pattern: &'p str, form: &'f str) -> Option<(&'p str, &'f str)> {
    let mut fields = pattern.splitn(6, ':');
    let plain = fields.by_ref().take(5).all(|field| !field.contains('*'));
    let tail = fields.next().filter(|_| plain)?;
    Some((tail, form.splitn(6, ':').nth(5)?))
}

/// Whether something that the action can be used on is not in the list of a `NotResource`.
fn reaches_beyond(list: &List<'_>, action: Option<Action>, work: &WorkLimit) -> bool {
    let Some(action) = action.filter(Action::has_resource_types) else {
        return true;
    };
    if !work.spend(4 * list.values().len()) || list.texts().any(wildcard::has_variable) {
        return true;
    }
    let mut kinds = action.resource_types();
    kinds.any(|(kind, _)| {
        // Partitions other than the usual one are left to whoever names them.
        let open = wildcard::with_variables_as("*", kind.arn()).replacen("arn:*:", "arn:aws:", 1);
        let open = Glob::new(&open);
        !list
            .texts()
            .any(|text| Glob::new(text).plainly_includes(&open))
    })
}

fn overlaps(pattern: &str, form: &str, work: &WorkLimit) -> bool {
    let open = wildcard::with_variables_as("*", form);
    // An account is twelve digits: what belongs to `aws` cannot be changed by anybody.
    let account = pattern.split(':').nth(4).unwrap_or("*");
    let foreign = !wildcard::has_wildcard(account)
        && !account.is_empty()
        && !account.bytes().all(|b| b.is_ascii_digit());
    if foreign && form.split(':').nth(4) == Some("${Account}") {
        return false;
    }
    wildcard::matches(pattern, &open) || wildcard::matches(&open, pattern) || {
        let (one, other) = (Glob::new(pattern), Glob::new(&open));
        !one.plainly_disjoint(&other)
            && work
                .ask(|budget| common(&one, &other, budget))
                .map_or(true, |word| word.is_some())
    }
}
