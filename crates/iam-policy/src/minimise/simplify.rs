//! Steps that make statements fewer and shorter. Each keeps what is allowed and what is denied.

use std::collections::HashMap;

use super::statement_parts::{StatementParts, ruleset};
use crate::condition::Pattern;
use crate::document::{Effect, PolicyType, Version};
use crate::evaluate::{ResourcePattern, Rule, Ruleset, has_short_arns};
use crate::glob::{Budget, Coverage, Glob, covered};
use crate::prove::is_within;

/// Above this many statements and actions, those that others cover are not looked for.
const MANY: usize = 400;

/// Takes out of each list what the rest of the list covers, and sorts it.
pub(super) fn tidy_lists(
    parts: &mut [StatementParts],
    version: Option<Version>,
    policy_type: PolicyType,
    budget: &mut Budget,
) {
    let variables = version.is_some_and(Version::has_variables);
    let short = has_short_arns(policy_type);
    for part in parts {
        tidy(&mut part.actions, budget, |text| {
            Some(Glob::lowercase(text))
        });
        if let Some(resources) = &mut part.resources {
            tidy(resources, budget, |text| {
                let compiled = ResourcePattern::compile(text, variables, short);
                match compiled.pattern {
                    Pattern::Fixed(glob) if !compiled.wild_type => Some(glob),
                    _ => None,
                }
            });
        }
    }
}

/// Patterns that `read` refuses are kept and cover nothing but themselves.
fn tidy(list: &mut Vec<String>, budget: &mut Budget, read: impl Fn(&str) -> Option<Glob>) {
    list.sort_unstable_by(|one, other| {
        let stars = |text: &String| !text.contains(['*', '?']);
        stars(one)
            .cmp(&stars(other))
            .then_with(|| one.len().cmp(&other.len()))
            .then_with(|| one.cmp(other))
    });
    list.dedup();
    let mut kept: Vec<(String, Option<Glob>)> = Vec::new();
    let mut plain: std::collections::HashSet<Glob> = std::collections::HashSet::new();
    let mut wild: Vec<Glob> = Vec::new();
    for text in list.drain(..) {
        let glob = read(&text);
        if let Some(glob) = &glob {
            let known = !plain.insert(glob.clone());
            let look = budget.compare(wild.len()).is_ok();
            if known || look && wild.iter().any(|wide| wide.plainly_includes(glob)) {
                continue;
            }
            if glob.as_literal().is_none() {
                wild.push(glob.clone());
            }
        }
        kept.push((text, glob));
    }
    // A union may cover what none of its members covers.
    let mut at = kept.len();
    while at > 0 && wild.len() > 1 && kept.len() <= MANY {
        at -= 1;
        let Some((_, Some(glob))) = kept.get(at) else {
            continue;
        };
        let others = kept.iter().enumerate().filter(|(nth, _)| *nth != at);
        let others: Vec<Glob> = others
            .filter_map(|(_, (_, other))| other.clone())
            .filter(|other| !other.plainly_disjoint(glob))
            .collect();
        if others.len() < 2 {
            continue;
        }
        match budget.within(20_000, |budget| covered(glob, &others, budget)) {
            Coverage::Covered => drop(kept.remove(at)),
            Coverage::Undecided if budget.compare(kept.len()).is_err() => break,
            Coverage::Undecided | Coverage::Uncovered(_) => {}
        }
    }
    list.extend(kept.into_iter().map(|(text, _)| text));
    list.sort_unstable();
}

/// Joins statements that differ in their actions only, or in their resources only.
pub(super) fn join(parts: &mut Vec<StatementParts>) -> bool {
    let before = parts.len();
    join_by(parts, StatementParts::key_without_actions, |into, from| {
        let fits = !into.not_actions && !from.not_actions;
        if fits {
            into.actions.extend_from_slice(&from.actions);
        }
        fits
    });
    join_by(
        parts,
        StatementParts::key_without_resources,
        |into, from| match (&mut into.resources, &from.resources) {
            (Some(list), Some(more)) if !into.not_resources && !from.not_resources => {
                list.extend_from_slice(more);
                true
            }
            _ => false,
        },
    );
    parts.len() < before
}

fn join_by(
    parts: &mut Vec<StatementParts>,
    key: impl Fn(&StatementParts) -> (Effect, String),
    take_in: impl Fn(&mut StatementParts, &StatementParts) -> bool,
) {
    let mut places: HashMap<(Effect, String), usize> = HashMap::new();
    let mut kept: Vec<StatementParts> = Vec::with_capacity(parts.len());
    for part in parts.drain(..) {
        let key = key(&part);
        let place = places.get(&key).copied();
        if let Some(into) = place.and_then(|place| kept.get_mut(place))
            && (*into == part || take_in(into, &part))
        {
            continue;
        }
        places.insert(key, kept.len());
        kept.push(part);
    }
    *parts = kept;
}

/// Takes out statements, and actions of statements, that the rest of the document covers.
pub(super) fn drop_covered(
    parts: &mut Vec<StatementParts>,
    from_end: bool,
    version: Option<Version>,
    policy_type: PolicyType,
    budget: &mut Budget,
) {
    let actions: usize = parts.iter().map(|part| part.actions.len()).sum();
    if parts.len() > MANY || actions > MANY {
        return;
    }
    let Some(ruleset) = ruleset(version, parts, policy_type) else {
        return;
    };
    // Each statement with what it means; both are changed together.
    let mut all: Vec<(StatementParts, Rule)> = parts
        .drain(..)
        .zip(ruleset.rules().iter().cloned())
        .collect();
    let mut visited = 0;
    let mut at = if from_end { all.len() } else { 0 };
    for _ in 0..all.len() {
        at = if from_end {
            at.saturating_sub(1)
        } else {
            visited
        };
        visited += 1;
        let Some(rest) = Rest::of(&all, at, policy_type, budget) else {
            continue;
        };
        let Some((part, rule)) = all.get_mut(at) else {
            continue;
        };
        if rest.covers(rule.clone(), budget) {
            all.remove(at);
            visited -= 1;
        } else if !rule.not_actions && rule.actions.len() > 1 {
            let needed: Vec<bool> = rule
                .actions
                .iter()
                .map(|action| {
                    let alone = Rule {
                        actions: vec![action.clone()],
                        ..rule.clone()
                    };
                    !rest.covers(alone, budget)
                })
                .collect();
            if needed.contains(&true) {
                keep(&mut part.actions, &needed);
                keep(&mut rule.actions, &needed);
            }
        }
    }
    parts.extend(all.into_iter().map(|(part, _)| part));
}

/// Keeps the members for which it is said.
fn keep<T>(list: &mut Vec<T>, needed: &[bool]) {
    let mut needed = needed.iter();
    list.retain(|_| needed.next() != Some(&false));
}

/// What else a document says that may make one of its statements needless.
struct Rest {
    reference: Ruleset,
    /// What is denied besides the statement.
    denies: Vec<Rule>,
    policy_type: PolicyType,
}

impl Rest {
    /// `None` when no other statement is about the same actions.
    fn of(
        all: &[(StatementParts, Rule)],
        at: usize,
        policy_type: PolicyType,
        budget: &mut Budget,
    ) -> Option<Self> {
        let (_, rule) = all.get(at)?;
        let others = all.iter().enumerate().filter(|(nth, _)| *nth != at);
        let mut near: Vec<Rule> = Vec::new();
        for (_, (_, other)) in others {
            budget
                .compare(rule.actions.len() * other.actions.len())
                .ok()?;
            if overlaps(rule, other) {
                near.push(other.clone());
            }
        }
        let mut denies = Vec::new();
        if rule.effect == Effect::Deny {
            // What is denied is compared with what else is denied, for other documents may allow it.
            near.iter_mut().for_each(|rule| rule.effect = Effect::Allow);
        } else {
            let denying = near.iter().filter(|other| other.effect == Effect::Deny);
            denies.extend(denying.cloned());
        }
        (!near.is_empty()).then(|| Self {
            reference: Ruleset::of(near, policy_type),
            denies,
            policy_type,
        })
    }

    /// Whether a statement changes nothing beside the others.
    fn covers(&self, rule: Rule, budget: &mut Budget) -> bool {
        if self.plainly_leaves(&rule, budget) {
            return false;
        }
        let rule = Rule {
            effect: Effect::Allow,
            ..rule
        };
        let rules = [rule].into_iter().chain(self.denies.iter().cloned());
        let candidate = Ruleset::of(rules.collect(), self.policy_type);
        budget.within(PROOF, |budget| {
            is_within(&self.reference, &candidate, budget)
        })
    }
}

impl Rest {
    /// Whether an example shows that the others do not hold all of a statement. `false` means
    /// unknown.
    fn plainly_leaves(&self, rule: &Rule, budget: &mut Budget) -> bool {
        if rule.not_actions || rule.resources.as_ref().is_some_and(|r| r.negated) {
            return false;
        }
        let resources: Vec<Option<String>> = match &rule.resources {
            None => vec![None],
            Some(matcher) => {
                let fixed = matcher
                    .patterns
                    .iter()
                    .filter_map(|pattern| match &pattern.pattern {
                        Pattern::Fixed(glob) if !pattern.wild_type => Some(Some(glob.example())),
                        _ => None,
                    });
                fixed.take(EXAMPLES).collect()
            }
        };
        rule.actions.iter().take(EXAMPLES).any(|action| {
            let action = action.example();
            resources.iter().any(|resource| {
                let held = |other: &Rule| may_hold(other, &action, resource.as_deref());
                budget.compare(self.reference.rules().len()).is_ok()
                    && !self.reference.rules().iter().any(held)
            })
        })
    }
}

/// So many actions and resources of a statement are taken as examples.
const EXAMPLES: usize = 8;

/// Whether a statement may be about the action and the resource: principals, conditions and
/// variables are not looked at.
fn may_hold(rule: &Rule, action: &str, resource: Option<&str>) -> bool {
    let named = rule.actions.iter().any(|glob| glob.matches(action));
    let Some((matcher, resource)) = rule.resources.as_ref().zip(resource) else {
        return named != rule.not_actions;
    };
    let matches = |pattern: &ResourcePattern| match &pattern.pattern {
        Pattern::Fixed(glob) => glob.matches(resource),
        Pattern::Variable(template) => template.widest().matches(resource),
    };
    named != rule.not_actions && (matcher.negated || matcher.patterns.iter().any(matches))
}

/// Steps that one proof may cost.
const PROOF: u64 = 200_000;

/// Whether another statement might make this one needless.
fn overlaps(rule: &Rule, other: &Rule) -> bool {
    if rule.effect == Effect::Deny && other.effect == Effect::Allow {
        return false;
    }
    rule.not_actions
        || other.not_actions
        || rule.actions.iter().any(|own| {
            let mut others = other.actions.iter();
            others.any(|glob| !glob.plainly_disjoint(own))
        })
}
