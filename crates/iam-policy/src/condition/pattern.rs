//! Values of conditions as they are compared.

use super::literal::{AddressRange, boolean, moment, number};
use super::{Context, Operator, Test, variable};
use crate::glob::{Glob, Syntax, Template};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Values {
    Text(Vec<Pattern>),
    Arn(Vec<ArnPattern>),
    Number(Vec<Option<f64>>),
    Date(Vec<Option<i64>>),
    Bool(Vec<Option<bool>>),
    Ip(Vec<Option<AddressRange>>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    Fixed(Glob),
    Variable(Template),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ArnPattern {
    /// The six parts; `None` when it is malformed.
    Fixed(Option<Vec<Glob>>),
    Variable(Template),
}

impl Values {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(all) => all.len(),
            Self::Arn(all) => all.len(),
            Self::Number(all) => all.len(),
            Self::Date(all) => all.len(),
            Self::Bool(all) => all.len(),
            Self::Ip(all) => all.len(),
        }
    }

    pub(super) fn read(operator: Option<Operator>, texts: &[Box<str>], variables: bool) -> Self {
        let syntax = |wildcards, fold| Syntax {
            wildcards,
            variables,
            fold,
        };
        let text = |syntax| {
            Self::Text(
                texts
                    .iter()
                    .map(|text| Pattern::read(text, syntax))
                    .collect(),
            )
        };
        match operator.map(|operator| operator.test) {
            Some(Test::Text { fold }) => text(syntax(false, fold)),
            Some(Test::Like) => text(syntax(true, false)),
            Some(Test::Arn) => {
                let patterns = texts
                    .iter()
                    .map(|text| ArnPattern::read(text, syntax(true, false)));
                Self::Arn(patterns.collect())
            }
            Some(Test::Number(_)) => Self::Number(texts.iter().map(|text| number(text)).collect()),
            Some(Test::Date(_)) => Self::Date(texts.iter().map(|text| moment(text)).collect()),
            Some(Test::Bool) => Self::Bool(texts.iter().map(|text| boolean(text)).collect()),
            Some(Test::Ip) => Self::Ip(texts.iter().map(|text| AddressRange::read(text)).collect()),
            Some(Test::Binary | Test::Null) | None => Self::Text(
                texts
                    .iter()
                    .map(|text| Pattern::Fixed(Glob::literal(text)))
                    .collect(),
            ),
        }
    }
}

impl Pattern {
    pub(crate) fn read(text: &str, syntax: Syntax) -> Self {
        let template = Template::new(text, syntax);
        if template.variables().next().is_some() {
            return Self::Variable(template);
        }
        template
            .fixed()
            .map_or(Self::Variable(template), Self::Fixed)
    }

    pub(crate) const fn template(&self) -> Option<&Template> {
        match self {
            Self::Variable(template) => Some(template),
            Self::Fixed(_) => None,
        }
    }

    /// The pattern, where it has no variables.
    pub(crate) const fn fixed(&self) -> Option<&Glob> {
        match self {
            Self::Fixed(glob) => Some(glob),
            Self::Variable(_) => None,
        }
    }

    /// Whether the text matches; `None` when a variable has no value.
    pub(crate) fn matches(&self, text: &str, context: &Context) -> Option<bool> {
        match self {
            Self::Fixed(glob) => Some(glob.matches(text)),
            Self::Variable(template) => {
                let glob = template.resolve(|name| variable(context, name))?;
                Some(glob.matches(text))
            }
        }
    }
}

impl ArnPattern {
    fn read(text: &str, syntax: Syntax) -> Self {
        match Pattern::read(text, syntax) {
            Pattern::Fixed(glob) => Self::Fixed(glob.arn_parts()),
            Pattern::Variable(template) => Self::Variable(template),
        }
    }

    pub(crate) const fn template(&self) -> Option<&Template> {
        match self {
            Self::Variable(template) => Some(template),
            Self::Fixed(_) => None,
        }
    }

    /// Whether an ARN of these parts matches; `None` when the pattern is no ARN. With a variable
    /// that has no value nothing matches.
    pub(super) fn matches(&self, parts: &[&str], context: &Context) -> Option<bool> {
        let resolved;
        let globs = match self {
            Self::Fixed(globs) => globs.as_ref()?,
            Self::Variable(template) => {
                match template.resolve(|name| variable(context, name)) {
                    None => return Some(false),
                    Some(glob) => resolved = glob.arn_parts()?,
                }
                &resolved
            }
        };
        Some(globs.len() == parts.len() && globs.iter().zip(parts).all(|(g, p)| g.matches(p)))
    }
}
