//! How much one condition lets through: for sentences that must not claim a limit that is none.

use super::values;
use crate::condition::{Clause, Context, KeyValue, Quantifier, Test, arn_parts, boolean};
use crate::glob::Budget;

/// Of the values that a key can have, how many fulfil a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    All,
    Some,
    None,
}

/// What a condition lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Whether it holds when its key is missing.
    pub(crate) missing: bool,
    /// How many of single values fulfil it; with a quantifier, of the members of a list.
    pub(crate) values: Share,
}

/// More steps than one condition of a policy within the quotas needs; what they do not decide is
/// taken for a limit to some values.
const STEPS: u64 = 20_000;

/// What a condition lets through; `None` when AWS may read it otherwise.
pub(crate) fn extent(clause: &Clause) -> Option<Extent> {
    let operator = clause.operator().filter(|_| clause.is_certain())?;
    let missing = clause.holds_for(KeyValue::Missing, &Context::new());
    let values = if operator.test() == Test::Null {
        // With any value, whatever it is.
        match clause.holds_for(KeyValue::One("x"), &Context::new()) {
            true => Share::All,
            false => Share::None,
        }
    } else {
        share(clause)
    };
    Some(Extent { missing, values })
}

fn share(clause: &Clause) -> Share {
    // A value with a variable may match anything and nothing: what the others decide counts.
    let fixed = clause.without_variables();
    let is_negated = clause.operator().is_some_and(|o| o.is_negated());
    let Ok(elements) = values::elements(&fixed, &mut Budget::of(STEPS)) else {
        return Share::Some;
    };
    let possible = elements.iter().filter(|text| is_possible(&fixed, text));
    let held: Vec<bool> = possible
        .map(|text| fixed.holds_for(KeyValue::One(text), &Context::new()))
        .collect();
    let share = if held.iter().all(|held| *held) {
        Share::All
    } else if held.iter().any(|held| *held) {
        Share::Some
    } else {
        Share::None
    };
    let decided = if is_negated { Share::None } else { Share::All };
    if clause.has_variables() && share != decided {
        return Share::Some;
    }
    share
}

/// Whether a key of the kind that the condition compares can have the value.
fn is_possible(clause: &Clause, text: &str) -> bool {
    match clause.operator().map(|operator| operator.test()) {
        Some(Test::Arn) => arn_parts(text).is_some(),
        Some(Test::Bool) => boolean(text).is_some(),
        _ => text != values::MALFORMED,
    }
}

impl Extent {
    /// Whether it limits nothing: each request fulfils it, whatever it has for the key.
    pub(crate) const fn is_everything(self) -> bool {
        self.missing && matches!(self.values, Share::All)
    }

    /// Whether no request fulfils it.
    pub(crate) fn is_nothing(self, quantifier: Option<Quantifier>) -> bool {
        !self.missing && self.values == Share::None && quantifier != Some(Quantifier::All)
    }
}
