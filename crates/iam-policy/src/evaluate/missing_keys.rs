//! Context keys that statements asked for and that the request does not have.

use crate::condition::{Clause, Context, Test, variable};

/// Adds the keys that the condition asks for and the request has not.
pub(super) fn note_missing(clause: &Clause, context: &Context, missing: &mut Vec<String>) {
    let null = clause
        .operator()
        .is_some_and(|operator| operator.test() == Test::Null);
    if !null && context.get_lower(clause.key_lower()).is_none() {
        note(clause.key(), missing);
    }
    if clause.has_variables() {
        for name in clause.variables() {
            if variable(context, name).is_none() && name.default().is_none() {
                note(name.name(), missing);
            }
        }
    }
}

/// More missing keys than anybody supplies.
const MOST_MISSING: usize = 1_000;

pub(super) fn note(key: &str, missing: &mut Vec<String>) {
    if missing.len() < MOST_MISSING && !missing.iter().any(|known| known.eq_ignore_ascii_case(key))
    {
        missing.push(key.to_owned());
    }
}
