//! Conditions: every operator, policy variables, keys that are missing or have several values.
//!
//! Decided where AWS's documents leave room, always the same for evaluating and proving:
//!
//! - A missing key: negated operators and `…IfExists` match, `ForAllValues` matches,
//!   `ForAnyValue` does not, with `…IfExists` neither.
//! - A key with several values is matched by quantified operators only.
//! - A value that is malformed for its operator never matches, in the request or in the
//!   policy, and neither does its negation.
//! - A variable without value and default: the value does not match, so that a negated
//!   operator holds. An empty text is no value.
//! - No values at all: no match; under a negated operator a match.
//! - An operator that is unknown never matches.
//!
//! What AWS may decide otherwise – values that are malformed or read in more than one way, lists
//! without values, operators that are unknown – is not relied on by proofs: see
//! [`Clause::is_certain`].

mod certain;
mod context;
mod literal;
mod operator;
mod pattern;

pub use context::{Context, ContextValue};
pub(crate) use literal::{AddressRange, boolean, moment, number, write_address, write_moment};
pub(crate) use operator::OPERATORS;
pub use operator::{Operator, Order, Quantifier, Test, UnknownOperator};
pub(crate) use pattern::{ArnPattern, Pattern, Values};

use crate::document;
use crate::glob::{Template, Variable};

/// One condition: an operator, a key and values.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    operator: Option<Operator>,
    operator_text: Box<str>,
    key: Box<str>,
    key_lower: Box<str>,
    texts: Vec<Box<str>>,
    values: Values,
    /// Whether `${…}` in the values is a variable: the version of the document decides.
    variables: bool,
    certain: bool,
}

/// What a request has for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyValue<'a> {
    Missing,
    One(&'a str),
    Many(&'a [String]),
}

impl<'a> KeyValue<'a> {
    pub(crate) fn of(value: Option<&'a ContextValue>) -> Self {
        match value {
            None => Self::Missing,
            Some(ContextValue::One(value)) => Self::One(value),
            Some(ContextValue::Many(values)) if values.is_empty() => Self::Missing,
            Some(ContextValue::Many(values)) => Self::Many(values),
        }
    }
}

/// The value of a variable: that of a key with one value, unless it is empty.
pub(crate) fn variable<'c>(context: &'c Context, variable: &Variable) -> Option<&'c str> {
    match context.get_lower(variable.name()) {
        Some(ContextValue::One(value)) if !value.is_empty() => Some(value),
        _ => None,
    }
}

impl Clause {
    /// Reads all conditions of a statement; all of them must hold.
    #[must_use]
    pub fn read(statement: &document::Statement<'_>, variables: bool) -> Vec<Self> {
        let conditions = statement.conditions().iter();
        let all = conditions.flat_map(|condition| {
            let operator = condition.operator().text();
            condition.entries().iter().map(move |entry| {
                Self::new(
                    operator,
                    entry.key().text(),
                    entry.values().texts(),
                    variables,
                )
            })
        });
        all.collect()
    }

    /// Builds a condition. With `variables`, `${…}` in values of texts and ARNs is replaced
    /// when the condition is tested.
    pub fn new<'t>(
        operator: &str,
        key: &str,
        values: impl IntoIterator<Item = &'t str>,
        variables: bool,
    ) -> Self {
        let mut texts: Vec<Box<str>> = values.into_iter().map(Into::into).collect();
        texts.sort_unstable();
        texts.dedup();
        let parsed: Option<Operator> = operator.parse().ok();
        Self {
            values: Values::read(parsed, &texts, variables),
            certain: parsed.is_some_and(|operator| {
                certain::are_certain(operator, texts.iter().map(|text| &**text))
            }),
            operator: parsed,
            operator_text: operator.into(),
            key: key.into(),
            key_lower: key.to_lowercase().into(),
            texts,
            variables,
        }
    }

    /// Whether a condition of this operator with these values is certain, as [`Self::is_certain`] says
    /// of one that is built.
    pub(crate) fn reads_certainly<'t>(
        operator: &str,
        values: impl IntoIterator<Item = &'t str>,
    ) -> bool {
        let operator = operator.parse().ok();
        operator.is_some_and(|operator| certain::are_certain(operator, values))
    }

    /// The operator; `None` when it is unknown.
    #[must_use]
    pub const fn operator(&self) -> Option<Operator> {
        self.operator
    }

    /// Whether AWS surely reads the condition as this crate does. If not, [`Self::holds`] answers
    /// by what is decided above, and a proof must take both answers for possible.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        self.certain
    }

    /// The operator as written.
    #[must_use]
    pub fn operator_text(&self) -> &str {
        &self.operator_text
    }

    /// The key as written.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn key_lower(&self) -> &str {
        &self.key_lower
    }

    /// The values as written, sorted, each once.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.texts.iter().map(|text| &**text)
    }

    pub(crate) const fn values(&self) -> &Values {
        &self.values
    }

    /// Whether a value holds a variable.
    pub(crate) fn has_variables(&self) -> bool {
        match &self.values {
            Values::Text(all) => all.iter().any(|p| matches!(p, Pattern::Variable(_))),
            Values::Arn(all) => all.iter().any(|p| matches!(p, ArnPattern::Variable(_))),
            _ => false,
        }
    }

    /// The condition with those of its values only that hold no variable.
    pub(crate) fn without_variables(&self) -> Self {
        let is_fixed = |nth: usize| match &self.values {
            Values::Text(all) => all.get(nth).is_some_and(|p| p.template().is_none()),
            Values::Arn(all) => all.get(nth).is_some_and(|p| p.template().is_none()),
            _ => true,
        };
        let fixed = self.texts().enumerate().filter(|(nth, _)| is_fixed(*nth));
        let fixed = fixed.map(|(_, text)| text);
        Self::new(&self.operator_text, &self.key, fixed, self.variables)
    }

    /// The variables in the values.
    pub(crate) fn variables(&self) -> Vec<&Variable> {
        let templates: Vec<&Template> = match &self.values {
            Values::Text(all) => all.iter().filter_map(Pattern::template).collect(),
            Values::Arn(all) => all.iter().filter_map(ArnPattern::template).collect(),
            _ => Vec::new(),
        };
        templates
            .into_iter()
            .flat_map(Template::variables)
            .collect()
    }

    /// Whether the condition holds.
    #[must_use]
    pub fn holds(&self, context: &Context) -> bool {
        self.holds_for(KeyValue::of(context.get_lower(&self.key_lower)), context)
    }

    /// Whether the condition holds when its key has this value; the context is asked for
    /// variables only.
    pub(crate) fn holds_for(&self, value: KeyValue<'_>, context: &Context) -> bool {
        let Some(operator) = self.operator else {
            return false;
        };
        if operator.test == Test::Null {
            let missing = value == KeyValue::Missing;
            return self.texts.iter().any(|text| boolean(text) == Some(missing));
        }
        let one = |value: &str| self.matches(operator, value, context);
        match (operator.quantifier, value) {
            (Some(Quantifier::All), KeyValue::Missing) => true,
            (Some(Quantifier::Any), KeyValue::Missing) | (None, KeyValue::Many(_)) => false,
            (None, KeyValue::Missing) => operator.if_exists || operator.negated,
            (_, KeyValue::One(value)) => one(value),
            (Some(Quantifier::All), KeyValue::Many(values)) => values.iter().all(|v| one(v)),
            (Some(Quantifier::Any), KeyValue::Many(values)) => values.iter().any(|v| one(v)),
        }
    }

    /// A value that one of the patterns with variables matches, given their values.
    pub(crate) fn example(&self, context: &Context) -> Option<String> {
        let mut templates = match &self.values {
            Values::Text(all) => all.iter().filter_map(Pattern::template).collect::<Vec<_>>(),
            Values::Arn(all) => all.iter().filter_map(ArnPattern::template).collect(),
            _ => Vec::new(),
        }
        .into_iter();
        templates.find_map(|t| Some(t.resolve(|name| variable(context, name))?.example()))
    }

    fn matches(&self, operator: Operator, value: &str, context: &Context) -> bool {
        // A malformed value on either side matches nothing and does not differ either.
        let decide = |mut tests: &mut dyn Iterator<Item = Option<bool>>| {
            if operator.negated {
                Iterator::all(&mut tests, |test| test == Some(false))
            } else {
                Iterator::any(&mut tests, |test| test == Some(true))
            }
        };
        match &self.values {
            Values::Text(patterns) => {
                let fold = operator.test == Test::Text { fold: true };
                let folded = if fold {
                    value.to_ascii_lowercase()
                } else {
                    String::new()
                };
                let value = if fold { &folded } else { value };
                decide(
                    // A variable without value matches nothing.
                    &mut patterns
                        .iter()
                        .map(|pattern| Some(pattern.matches(value, context) == Some(true))),
                )
            }
            Values::Arn(patterns) => match arn_parts(value) {
                Some(parts) => decide(&mut patterns.iter().map(|p| p.matches(&parts, context))),
                None => false,
            },
            Values::Number(all) => match (number(value), operator.test) {
                (Some(left), Test::Number(order)) => decide(
                    &mut all
                        .iter()
                        .map(|right| right.map(|right| order.holds(&left, &right))),
                ),
                _ => false,
            },
            Values::Date(all) => match (moment(value), operator.test) {
                (Some(left), Test::Date(order)) => decide(
                    &mut all
                        .iter()
                        .map(|right| right.map(|right| order.holds(&left, &right))),
                ),
                _ => false,
            },
            Values::Bool(all) => boolean(value).is_some_and(|value| all.contains(&Some(value))),
            Values::Ip(all) => match AddressRange::read_address(value) {
                Some(value) => decide(
                    &mut all
                        .iter()
                        .map(|range| range.map(|range| range.holds(&value))),
                ),
                None => false,
            },
        }
    }

    /// Whether this condition shows by a quick check that `other` holds too, whatever the request
    /// and the variables are: same operator and key, values that ask for no less, and the same
    /// reading of `${…}`.
    pub(crate) fn plainly_implies(&self, other: &Self) -> bool {
        let read_alike = self.variables == other.variables
            || !self
                .texts
                .iter()
                .chain(&other.texts)
                .any(|text| text.contains("${"));
        if self.key_lower != other.key_lower || !read_alike {
            return false;
        }
        // Both are in order.
        let within = |inner: &[Box<str>], outer: &[Box<str>]| {
            inner.iter().all(|text| outer.binary_search(text).is_ok())
        };
        let (Some(one), Some(two)) = (self.operator, other.operator) else {
            return self.operator_text == other.operator_text && self.texts == other.texts;
        };
        // What one doubtful value does to the others of its list is not known.
        if !(self.certain && other.certain) && self.texts != other.texts {
            return false;
        }
        let same = one.quantifier == two.quantifier
            && one.test == two.test
            && one.negated == two.negated
            && (two.if_exists || !one.if_exists);
        same && if one.negated {
            within(&other.texts, &self.texts)
        } else {
            within(&self.texts, &other.texts)
        }
    }
}

/// The six parts of an ARN; `None` when the text is none.
pub(crate) fn arn_parts(text: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    (parts.len() == 6 && parts.first() == Some(&"arn")).then_some(parts)
}

#[cfg(test)]
mod tests;
