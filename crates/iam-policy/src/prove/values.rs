//! The values of one context key, sorted by the conditions that hold for them.
//!
//! The values are tried out with the very code that evaluates requests; what has to be
//! argued is only that enough of them are tried. Texts: one for every combination of
//! patterns that a text can match, found by automata. Numbers, dates and addresses: every bound,
//! its neighbours, and a value between any two. Besides a missing key, a malformed
//! value, and for keys with several values every set of element kinds.

use crate::catalogue;
use crate::condition::{AddressRange, ArnPattern};
use crate::condition::{
    Clause, Context, ContextValue, KeyValue, Pattern, Quantifier, Test, Values, write_address,
    write_moment,
};
use crate::glob::{Bits, Budget, Exhausted, Glob, Spec, arn_code, explore};

/// A value of a key with the covers whose conditions on it hold.
pub(super) struct ValueClass {
    pub(super) mask: Bits,
    /// `None` when the key is missing.
    pub(super) value: Option<ContextValue>,
}

/// The conditions on one key.
pub(super) struct KeyConditions<'a> {
    /// They all hold.
    pub(super) region: Vec<&'a Clause>,
    /// The covers with their conditions on this key.
    pub(super) covers: Vec<(usize, Vec<&'a Clause>)>,
    /// Whether the key may have several values.
    pub(super) several: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Text,
    Number,
    Date,
    Address,
}

const MANY_KINDS: usize = 10;

impl KeyConditions<'_> {
    /// The classes with the fewest covers. None when no value fulfils the region.
    pub(super) fn classes(&self, budget: &mut Budget) -> Result<Vec<ValueClass>, Exhausted> {
        let family = self.family();
        let counts = |clause: &Clause| family_of(clause).is_none_or(|own| own == family);
        // Conditions of another family on the same key, and those that AWS may read otherwise: a
        // region without them is wider, a cover with them is taken for empty.
        let tested: Vec<&Clause> = self
            .region
            .iter()
            .copied()
            .filter(|clause| counts(clause) && clause.is_certain() && !clause.has_variables())
            .collect();
        let mut covers: Vec<&(usize, Vec<&Clause>)> = self.covers.iter().collect();
        covers.retain(|(_, clauses)| clauses.iter().all(|clause| counts(clause)));
        let mut all = tested.clone();
        all.extend(covers.iter().flat_map(|(_, clauses)| clauses));
        let doubtful: Vec<&Clause> = self
            .region
            .iter()
            .copied()
            .filter(|clause| counts(clause) && !clause.is_certain() && !clause.has_variables())
            .collect();
        all.extend(&doubtful);
        let mut values = self.values(family, &tested, &all, budget)?;
        let empty = Context::new();
        // Those first that `evaluate` is going to confirm.
        budget.spend(values.len().saturating_mul(doubtful.len()))?;
        values.sort_by_cached_key(|value| {
            let subject = KeyValue::of(value.as_ref());
            !doubtful
                .iter()
                .all(|clause| clause.holds_for(subject, &empty))
        });
        let mut classes: Vec<ValueClass> = Vec::new();
        let compared: usize = all.iter().map(|clause| clause.values().len()).sum();
        for value in values {
            budget.spend(1 + all.len())?;
            budget.compare(compared + classes.len())?;
            let subject = KeyValue::of(value.as_ref());
            let possible = tested
                .iter()
                .all(|clause| clause.holds_for(subject, &empty))
                && (subject != KeyValue::Missing || !self.region.iter().any(|c| needs_key(c)));
            if !possible {
                continue;
            }
            let mut mask = Bits::default();
            for (id, clauses) in &covers {
                if clauses
                    .iter()
                    .all(|clause| clause.holds_for(subject, &empty))
                {
                    mask.insert(*id);
                }
            }
            if !classes.iter().any(|class| class.mask.is_subset(&mask)) {
                classes.retain(|class| !mask.is_subset(&class.mask));
                classes.push(ValueClass { mask, value });
            }
        }
        Ok(classes)
    }

    /// The values that have to be tried.
    fn values(
        &self,
        family: Family,
        region: &[&Clause],
        all: &[&Clause],
        budget: &mut Budget,
    ) -> Result<Vec<Option<ContextValue>>, Exhausted> {
        let elements = match family {
            Family::Text => texts(region, all, self.several, budget)?,
            Family::Number => numbers(all),
            Family::Date => dates(all),
            Family::Address => addresses(all),
        };
        let sets = if self.several {
            sets(&elements, all, budget)?
        } else {
            Vec::new()
        };
        let single = elements
            .into_iter()
            .map(|text| Some(ContextValue::One(text)));
        Ok([None].into_iter().chain(single).chain(sets).collect())
    }

    fn family(&self) -> Family {
        let covers = self.covers.iter().flat_map(|(_, clauses)| clauses.iter());
        let mut families = covers
            .chain(&self.region)
            .filter_map(|clause| family_of(clause));
        families.next().unwrap_or(Family::Text)
    }
}

/// Whether a request may have several values for the key: as the catalogue says, and for a key
/// that it does not know always.
pub(super) fn may_have_several(key: &str) -> bool {
    let of_service = || {
        let (service, _) = key.split_once(':')?;
        Some(
            catalogue::service(service)?
                .condition_key(key)?
                .is_multi_valued(),
        )
    };
    catalogue::global_key(key)
        .map(catalogue::GlobalKey::is_multi_valued)
        .or_else(of_service)
        .unwrap_or(true)
}

pub(super) fn quantifier(clause: &Clause) -> Option<Quantifier> {
    clause.operator().and_then(|operator| operator.quantifier())
}

/// Whether a condition with variables cannot hold when its key is missing.
fn needs_key(clause: &Clause) -> bool {
    clause
        .operator()
        .filter(|_| clause.is_certain())
        .is_some_and(|operator| match operator.quantifier() {
            Some(Quantifier::Any) => true,
            Some(Quantifier::All) => false,
            None => {
                operator.test() != Test::Null && !operator.is_negated() && !operator.if_exists()
            }
        })
}

/// Values of which every other one is treated by the condition as one of them is.
pub(super) fn elements(clause: &Clause, budget: &mut Budget) -> Result<Vec<String>, Exhausted> {
    let all = [clause];
    match family_of(clause) {
        None => Ok(Vec::new()),
        Some(Family::Text) => texts(&[], &all, false, budget),
        Some(Family::Number) => Ok(numbers(&all)),
        Some(Family::Date) => Ok(dates(&all)),
        Some(Family::Address) => Ok(addresses(&all)),
    }
}

/// `None` for conditions that look at the presence of the key only.
fn family_of(clause: &Clause) -> Option<Family> {
    match (clause.values(), clause.operator()?.test()) {
        (_, Test::Null) => None,
        (Values::Number(_), _) => Some(Family::Number),
        (Values::Date(_), _) => Some(Family::Date),
        (Values::Ip(_), _) => Some(Family::Address),
        (Values::Text(_) | Values::Arn(_) | Values::Bool(_), _) => Some(Family::Text),
    }
}

/// One text for every set of patterns that a text can match.
fn texts(
    region: &[&Clause],
    all: &[&Clause],
    several: bool,
    budget: &mut Budget,
) -> Result<Vec<String>, Exhausted> {
    let mut codes = Vec::new();
    for clause in all {
        codes_of(clause, &mut codes);
    }
    if all
        .iter()
        .any(|clause| matches!(clause.values(), Values::Arn(_)))
    {
        let parts = ["arn", "*", "*", "*", "*", "*"].map(Glob::new);
        codes.push((arn_code(&parts), false));
    }
    codes.sort_unstable();
    codes.dedup();
    if codes.is_empty() {
        return Ok(vec!["x".to_owned()]);
    }
    let specs: Vec<Spec<'_>> = codes
        .iter()
        .map(|(code, fold)| Spec { code, fold: *fold })
        .collect();
    // When the value must match one of some patterns, nothing else needs to be looked at.
    let limiting = region.iter().find(|clause| {
        let operator = clause.operator();
        !several
            && operator.is_some_and(|o| !o.is_negated() && !o.if_exists() && o.test() != Test::Null)
    });
    let mut words = Vec::new();
    if let Some(clause) = limiting {
        let mut limits = Vec::new();
        codes_of(clause, &mut limits);
        for (code, fold) in &limits {
            match std::str::from_utf8(code) {
                Ok(text) if !fold => words.push(text.to_owned()),
                _ => {
                    let limit = [Spec { code, fold: *fold }];
                    let found = explore(&limit, &[], &specs, budget)?;
                    words.extend(found.into_iter().map(|(_, word)| word));
                }
            }
        }
    } else {
        let found = explore(&[], &[], &specs, budget)?;
        words.extend(found.into_iter().map(|(_, word)| word));
    }
    Ok(words)
}

fn codes_of(clause: &Clause, codes: &mut Vec<(Vec<u8>, bool)>) {
    let test = clause.operator().map(|operator| operator.test());
    match clause.values() {
        _ if test == Some(Test::Null) => {}
        Values::Text(patterns) => {
            codes.extend(patterns.iter().filter_map(|pattern| match pattern {
                Pattern::Fixed(glob) => Some((
                    glob.code().to_vec(),
                    test == Some(Test::Text { fold: true }),
                )),
                Pattern::Variable(_) => None,
            }))
        }
        Values::Arn(patterns) => {
            codes.extend(patterns.iter().filter_map(|pattern| match pattern {
                ArnPattern::Fixed(Some(parts)) => Some((arn_code(parts), false)),
                _ => None,
            }))
        }
        Values::Bool(_) => codes.extend(["true", "false"].map(|text| (text.into(), true))),
        _ => {}
    }
}

pub(super) const MALFORMED: &str = "malformed";

/// Every bound, the numbers next to it, some between and beyond, and none at all.
fn numbers(all: &[&Clause]) -> Vec<String> {
    let mut bounds: Vec<f64> = Vec::new();
    for clause in all {
        if let Values::Number(values) = clause.values() {
            bounds.extend(values.iter().flatten());
        }
    }
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    // First those that are pleasant to read; the neighbours are what a proof needs.
    let mut numbers = bounds.clone();
    numbers.extend(bounds.array_windows::<2>().map(|[a, b]| a / 2.0 + b / 2.0));
    numbers.extend(bounds.first().map(|first| first - first.abs().max(1.0)));
    numbers.extend(bounds.last().map(|last| last + last.abs().max(1.0)));
    let near = |bound: &f64| [bound.next_down(), bound.next_up()];
    numbers.extend(bounds.iter().flat_map(near));
    if numbers.is_empty() {
        numbers.push(0.0);
    }
    let numbers = numbers.iter().filter(|number| number.is_finite());
    numbers
        .map(f64::to_string)
        .chain([MALFORMED.to_owned()])
        .collect()
}

/// Every bound, the moments next to it, and no date. Far away only whole seconds can be written.
fn dates(all: &[&Clause]) -> Vec<String> {
    let mut moments: Vec<i64> = Vec::new();
    for clause in all {
        if let Values::Date(values) = clause.values() {
            let near = |moment: &i64| {
                let steps = [-1000, -1, 0, 1, 1000];
                steps.map(|step| moment.saturating_add(step))
            };
            moments.extend(values.iter().flatten().flat_map(near));
        }
    }
    moments.push(0);
    moments.sort_unstable();
    moments.dedup();
    moments
        .into_iter()
        .filter_map(write_moment)
        .chain([MALFORMED.to_owned()])
        .collect()
}

fn addresses(all: &[&Clause]) -> Vec<String> {
    let mut bounds: Vec<(bool, u128)> = vec![(false, 0), (true, 0)];
    for clause in all {
        if let Values::Ip(ranges) = clause.values() {
            for AddressRange { six, first, last } in ranges.iter().flatten() {
                let near = [
                    Some(*first),
                    Some(*last),
                    first.checked_sub(1),
                    last.checked_add(1),
                ];
                bounds.extend(near.into_iter().flatten().map(|bits| (*six, bits)));
            }
        }
    }
    bounds.sort_unstable();
    bounds.dedup();
    let written = bounds
        .into_iter()
        .filter_map(|(six, bits)| write_address(six, bits));
    written.chain([MALFORMED.to_owned()]).collect()
}

/// Every set of kinds of elements; elements of a kind are treated alike by all conditions.
fn sets(
    elements: &[String],
    all: &[&Clause],
    budget: &mut Budget,
) -> Result<Vec<Option<ContextValue>>, Exhausted> {
    let empty = Context::new();
    let quantified: Vec<&&Clause> = all.iter().filter(|c| quantifier(c).is_some()).collect();
    let compared = quantified.iter().map(|clause| clause.values().len()).sum();
    let mut kinds: Vec<(Vec<bool>, &String)> = Vec::new();
    for element in elements {
        budget.spend(1 + quantified.len())?;
        budget.compare(compared)?;
        let subject = KeyValue::One(element);
        let kind: Vec<bool> = quantified
            .iter()
            .map(|c| c.holds_for(subject, &empty))
            .collect();
        if !kinds.iter().any(|(known, _)| *known == kind) {
            kinds.push((kind, element));
        }
        if kinds.len() > MANY_KINDS {
            return Err(Exhausted);
        }
    }
    let sets = (1_u32..1 << kinds.len()).map(|set| {
        let chosen = kinds
            .iter()
            .enumerate()
            .filter(|(nth, _)| set >> nth & 1 == 1);
        Some(ContextValue::Many(
            chosen.map(|(_, (_, element))| (*element).clone()).collect(),
        ))
    });
    Ok(sets.collect())
}
