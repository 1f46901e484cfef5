//! Which actions are left after every deny, boundary and service control policy.

use std::collections::HashMap;

use super::Subject;
use super::facts::Named;
use crate::catalogue::{self, Action, wildcard};
use crate::document::{Actions, Document, Effect, Path, Resources, Statement};
use crate::glob::{Budget, Coverage, Glob, common, covered};

/// What grants an action.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) policy: usize,
    pub(super) path: Path,
    pub(super) conditional: bool,
    /// Whether none of the resources is one that the action can be used on.
    pub(super) unmatched: bool,
    /// Whether it is granted on every resource.
    pub(super) everywhere: bool,
}

/// A statement, ready to be asked about actions.
struct Rule<'d> {
    statement: &'d Statement<'d>,
    policy: usize,
    patterns: Vec<String>,
    by_service: HashMap<String, Vec<usize>>,
    /// Patterns that may match actions of any service.
    open: Vec<usize>,
    conditional: bool,
}

impl<'d> Rule<'d> {
    fn new(policy: usize, statement: &'d Statement<'d>) -> Self {
        let patterns: Vec<String> = statement
            .actions()
            .list()
            .texts()
            .map(str::to_ascii_lowercase)
            .collect();
        let mut by_service: HashMap<String, Vec<usize>> = HashMap::new();
        let mut open = Vec::new();
        for (nth, pattern) in patterns.iter().enumerate() {
            match pattern.split_once(':') {
                Some((prefix, _)) if !wildcard::has_wildcard(prefix) => {
                    by_service.entry(prefix.to_owned()).or_default().push(nth);
                }
                _ => open.push(nth),
            }
        }
        let conditional = !statement.conditions().is_empty();
        Self {
            statement,
            policy,
            patterns,
            by_service,
            open,
            conditional,
        }
    }

    /// The number of the pattern by which the statement is about the action; 0 for `NotAction`.
    fn about(&self, lower: &str) -> Option<usize> {
        let prefix = lower.split_once(':').map_or(lower, |(prefix, _)| prefix);
        let near = self.by_service.get(prefix).map_or(&[][..], Vec::as_slice);
        let hit = near.iter().chain(&self.open).copied().find(|nth| {
            self.patterns
                .get(*nth)
                .is_some_and(|pattern| wildcard::matches(pattern, lower))
        });
        match (self.statement.actions(), hit) {
            (Actions::Action(_), hit) => hit,
            (Actions::NotAction(_), None) => Some(0),
            (Actions::NotAction(_), Some(_)) => None,
        }
    }

    /// Whether one of the resources can be a resource of the action.
    fn reaches(&self, action: Option<Action>) -> bool {
        let list = match self.statement.resources() {
            None | Some(Resources::NotResource(_)) => return true,
            Some(Resources::Resource(list)) => list,
        };
        if list
            .texts()
            .any(|text| text == "*" || wildcard::has_variable(text))
        {
            return !list.values().is_empty();
        }
        // What the catalogue does not know is taken for possible.
        let Some(action) = action else {
            return !list.values().is_empty();
        };
        if !action.has_resource_types() {
            return false;
        }
        list.texts().any(|text| {
            action
                .resource_types()
                .any(|(kind, _)| meets(text, kind.arn()))
        })
    }

    fn is_everywhere(&self) -> bool {
        match self.statement.resources() {
            Some(Resources::Resource(list)) => list.texts().any(|text| text == "*"),
            _ => false,
        }
    }

    /// Whether this unconditional deny takes away all that the other statement allows.
    fn takes_all(&self, allow: &Self) -> bool {
        let taken = match self.statement.resources() {
            None => return true,
            Some(Resources::NotResource(_)) => return false,
            Some(Resources::Resource(list)) => list,
        };
        if taken.texts().any(|text| text == "*") {
            return true;
        }
        let Some(Resources::Resource(given)) = allow.statement.resources() else {
            return false;
        };
        if given
            .texts()
            .chain(taken.texts())
            .any(wildcard::has_variable)
        {
            return false;
        }
        let taken: Vec<Glob> = taken.texts().map(Glob::new).collect();
        let mut budget = Budget::of(50_000);
        given
            .texts()
            .all(|text| covered(&Glob::new(text), &taken, &mut budget) == Coverage::Covered)
    }
}

/// Whether a pattern of a policy and the form of a type's ARNs have an ARN in common.
fn meets(pattern: &str, form: &str) -> bool {
    fits(pattern, form) && overlaps(pattern, form)
}

/// Whether the fields before the first `*` fit: no field before the last has a colon, so a `*`
/// of the last one cannot reach into those before.
fn fits(pattern: &str, form: &str) -> bool {
    let fields = pattern.splitn(6, ':').zip(form.splitn(6, ':')).take(5);
    fields
        .take_while(|(field, _)| !field.contains('*'))
        .all(|(field, of_form)| of_form.contains("${") || wildcard::matches(field, of_form))
        && tails(pattern, form).is_none_or(|(tail, of_form)| overlaps(tail, of_form))
}

/// What follows the account of an ARN whose other fields have no `*`, and its form.
fn tails<'p, 'f>(pattern: &'p str, form: &'f str) -> Option<(&'p str, &'f str)> {
    let mut fields = pattern.splitn(6, ':');
    let plain = fields.by_ref().take(5).all(|field| !field.contains('*'));
    let tail = fields.next().filter(|_| plain)?;
    Some((tail, form.splitn(6, ':').nth(5)?))
}

fn overlaps(pattern: &str, form: &str) -> bool {
    let mut open = String::with_capacity(form.len());
    for (nth, part) in form.splitn(6, ':').enumerate() {
        if nth > 0 {
            open.push(':');
        }
        let mut rest = part;
        while let Some((plain, after)) = rest.split_once("${") {
            open.push_str(plain);
            open.push('*');
            rest = after.split_once('}').map_or("", |(_, behind)| behind);
        }
        open.push_str(rest);
    }
    // An account is twelve digits: what belongs to `aws` cannot be changed by anybody.
    let account = pattern.split(':').nth(4).unwrap_or("*");
    let foreign = !wildcard::has_wildcard(account)
        && !account.is_empty()
        && !account.bytes().all(|b| b.is_ascii_digit());
    if foreign && form.split(':').nth(4) == Some("${Account}") {
        return false;
    }
    wildcard::matches(pattern, &open)
        || wildcard::matches(&open, pattern)
        || common(
            &Glob::new(pattern),
            &Glob::new(&open),
            &mut Budget::of(20_000),
        )
        .map_or(true, |word| word.is_some())
}

/// Rules by the services they are about.
#[derive(Default)]
struct Rules<'d> {
    all: Vec<Rule<'d>>,
    by_service: HashMap<String, Vec<usize>>,
    /// Those that may be about any service.
    open: Vec<usize>,
}

impl<'d> Rules<'d> {
    fn push(&mut self, rule: Rule<'d>) {
        let nth = self.all.len();
        if rule.statement.actions().is_negated() || !rule.open.is_empty() {
            self.open.push(nth);
        } else {
            for service in rule.by_service.keys() {
                self.by_service
                    .entry(service.clone())
                    .or_default()
                    .push(nth);
            }
        }
        self.all.push(rule);
    }

    /// The rules about the action, with the number of the pattern.
    fn about<'r>(&'r self, lower: &str) -> Vec<(&'r Rule<'d>, usize)> {
        let prefix = lower.split_once(':').map_or(lower, |(prefix, _)| prefix);
        let near = self.by_service.get(prefix).map_or(&[][..], Vec::as_slice);
        let near = near.iter().chain(&self.open).filter_map(|nth| {
            let rule = self.all.get(*nth)?;
            Some((rule, rule.about(lower)?))
        });
        near.collect()
    }
}

/// Patterns beyond which levels are not looked for one by one: a hundred times what the
/// quotas let one principal have.
const MOST_PATTERNS: usize = 100_000;

/// Layers of rules: what is allowed must be allowed by each.
pub(super) struct Grants<'d> {
    allows: Rules<'d>,
    denies: Rules<'d>,
    /// Boundary and levels of service control policies.
    limits: Vec<Rules<'d>>,
}

impl<'d> Grants<'d> {
    pub(super) fn of(subject: Subject<'d>) -> Self {
        let mut denies = Rules::default();
        let mut layer = |documents: &'d [Document<'d>]| {
            let mut allows = Rules::default();
            for (policy, document) in documents.iter().enumerate() {
                for statement in document
                    .statements()
                    .iter()
                    .filter(|statement| !is_over(statement))
                {
                    let rule = Rule::new(policy, statement);
                    match statement.effect() {
                        Effect::Allow => allows.push(rule),
                        Effect::Deny if !rule.conditional => denies.push(rule),
                        Effect::Deny => {}
                    }
                }
            }
            allows
        };
        let allows = layer(subject.policies);
        let mut limits = Vec::new();
        if !subject.boundaries.is_empty() {
            limits.push(layer(subject.boundaries));
        }
        for level in subject.service_control {
            limits.push(layer(level));
        }
        Self {
            allows,
            denies,
            limits,
        }
    }

    /// What grants the action: an unconditional grant on everything rather than a narrower one.
    pub(super) fn grant(&self, named: &Named) -> Option<Grant> {
        self.find(&named.lower, named.action)
            .map(|(rule, nth)| Grant {
                policy: rule.policy,
                path: match rule.statement.actions() {
                    Actions::Action(_) => rule.statement.action_path(nth),
                    Actions::NotAction(_) => rule.statement.path().key("NotAction"),
                },
                conditional: rule.conditional,
                unmatched: !rule.reaches(named.action),
                everywhere: rule.is_everywhere(),
            })
    }

    /// Whether the action is granted, on resources it can be used on or not.
    pub(super) fn grants_action(&self, action: Action) -> bool {
        let lower = action.full_name().to_ascii_lowercase();
        self.find(&lower, Some(action)).is_some()
    }

    fn find(&self, lower: &str, action: Option<Action>) -> Option<(&Rule<'d>, usize)> {
        let mut best: Option<(&Rule<'d>, usize)> = None;
        let mut denies: Option<Vec<(&Rule<'d>, usize)>> = None;
        let rank = |rule: &Rule<'_>| {
            (
                rule.reaches(action),
                !rule.conditional,
                rule.is_everywhere(),
            )
        };
        for (rule, nth) in self.allows.about(lower) {
            let denies = denies.get_or_insert_with(|| self.denies.about(lower));
            if best.is_some_and(|(best, _)| rank(rule) <= rank(best))
                || denies.iter().any(|(deny, _)| deny.takes_all(rule))
            {
                continue;
            }
            best = Some((rule, nth));
            if rank(rule) == (true, true, true) {
                break;
            }
        }
        for layer in &self.limits {
            if !layer
                .about(lower)
                .iter()
                .any(|(rule, _)| rule.reaches(action))
            {
                return None;
            }
        }
        best
    }

    /// Whether there are too many patterns to look at the actions of each.
    pub(super) fn is_vast(&self) -> bool {
        self.allows
            .all
            .iter()
            .map(|rule| rule.patterns.len())
            .sum::<usize>()
            > MOST_PATTERNS
    }

    /// Walks over the actions that an `Allow` is about, until told to stop.
    pub(super) fn each_action(&self, mut visit: impl FnMut(Action) -> bool) {
        for rule in &self.allows.all {
            if rule.statement.actions().is_negated() {
                for action in catalogue::actions_matching("*") {
                    if !visit(action) {
                        return;
                    }
                }
                continue;
            }
            for pattern in &rule.patterns {
                for action in catalogue::actions_matching(pattern) {
                    if !visit(action) {
                        return;
                    }
                }
            }
        }
    }
}

/// Whether the statement holds only until a date before the catalogue was made.
fn is_over(statement: &Statement<'_>) -> bool {
    const CLOCKS: [&str; 2] = ["aws:CurrentTime", "aws:TokenIssueTime"];
    statement.conditions().iter().any(|condition| {
        matches!(
            condition.operator().text(),
            "DateLessThan" | "DateLessThanEquals" | "DateEquals"
        ) && condition.entries().iter().any(|entry| {
            CLOCKS
                .iter()
                .any(|clock| clock.eq_ignore_ascii_case(entry.key().text()))
                && entry.values().texts().all(|date| {
                    // Dates with four-digit years compare as text.
                    let begins = date.bytes().take(4).filter(u8::is_ascii_digit).count() == 4;
                    begins
                        && date.len() >= 10
                        && date.contains('-')
                        && date < catalogue::release().date
                })
        })
    })
}
