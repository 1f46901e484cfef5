//! Variables in the names of resources, which are told as they are written.
//!
//! A `/` or `:` in `${aws:PrincipalTag/team}` parts nothing. So such signs are sheltered before a pattern
//! is taken apart, and stand in their place again where a name is told.

use super::wording::name;
use crate::glob::{Syntax, Template};

/// Signs that part a pattern or stand for others, and what stands for them in variables: noncharacters.
const SHELTERED: [(char, char); 4] = [
    ('/', '\u{fdd0}'),
    (':', '\u{fdd1}'),
    ('*', '\u{fdd2}'),
    ('?', '\u{fdd3}'),
];

/// Whether a pattern has signs of ours already.
pub(super) fn is_sheltered(pattern: &str) -> bool {
    SHELTERED.iter().any(|(_, ours)| pattern.contains(*ours))
}

/// The pattern, in whose variables nothing parts it.
pub(super) fn shelter(pattern: &str) -> String {
    let sheltered = |c: char| SHELTERED.iter().find(|(sign, _)| *sign == c);
    each_variable(pattern, |variable| {
        let signs = variable
            .chars()
            .map(|c| sheltered(c).map_or(c, |(_, ours)| *ours));
        signs.collect()
    })
}

/// A name of a resource, or a pattern of names. Values that variables have where there are no others are
/// told apart.
pub(super) fn resource_name(text: &str) -> String {
    let written = |c: char| SHELTERED.iter().find(|(_, ours)| *ours == c);
    let text: String = text
        .chars()
        .map(|c| written(c).map_or(c, |(sign, _)| *sign))
        .collect();
    let syntax = Syntax {
        wildcards: false,
        variables: true,
        fold: false,
    };
    let read = |variable: &str| {
        let template = Template::new(variable, syntax);
        let default = template.variables().next()?.default()?.to_owned();
        let (name, _) = variable.split_once(',')?;
        Some((format!("{}}}", name.trim_end()), default))
    };
    let plain = each_variable(&text, |variable| match read(variable) {
        Some((name, _)) => name,
        None => variable.to_owned(),
    });
    if plain == text {
        return name(&text);
    }
    let without = each_variable(&text, |variable| match read(variable) {
        Some((_, default)) => default,
        None => variable.to_owned(),
    });
    format!(
        "{} (or {} where there is none)",
        name(&plain),
        name(&without)
    )
}

/// The text with each variable, `${` and `}` included, as it is told.
fn each_variable(text: &str, told: impl Fn(&str) -> String) -> String {
    let mut all = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, end)) = rest
        .find("${")
        .and_then(|start| Some((start, start + rest.get(start..)?.find('}')? + 1)))
    {
        all.push_str(rest.get(..start).unwrap_or_default());
        all.push_str(&told(rest.get(start..end).unwrap_or_default()));
        rest = rest.get(end..).unwrap_or_default();
    }
    all + rest
}
