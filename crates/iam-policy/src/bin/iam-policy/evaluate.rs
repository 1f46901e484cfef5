//! `iam-policy evaluate` for people and for programs.

use std::io::Write;
use std::path::Path;

use iam_policy::evaluate::{DecidedBy, Outcome as Decided};
use iam_policy::foreign::code;
use iam_policy::json::{Item, Json, Kind, LineIndex};

use crate::arguments::{Color, Evaluate};
use crate::snippet::{self, Paint};
use crate::{Error, Outcome, batch, input};

pub(crate) fn run(options: &Evaluate, out: &mut dyn Write) -> Result<Outcome, Error> {
    let input = input::read(options.request.as_deref().unwrap_or(Path::new("-")))?;
    let decision = match batch::decide(&input.text) {
        Ok(decision) => decision,
        Err(error) => {
            let source = <serde_json::Error as serde::de::Error>::custom(error);
            return Err(Error::Json {
                name: input.name,
                source,
            });
        }
    };
    if options.json {
        serde_json::to_writer_pretty(&mut *out, &decision).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        let verdict = match decision.outcome {
            Decided::Allowed => "allowed",
            Decided::ImplicitlyDenied => "denied: nothing allows it",
            Decided::ExplicitlyDenied => "denied by a statement",
        };
        writeln!(out, "{verdict}")?;
        if let Some(by) = &decision.decided_by {
            decided(out, &input.text, by)?;
        }
        if !decision.missing_context.is_empty() {
            let keys: Vec<String> = decision
                .missing_context
                .iter()
                .map(|key| code(key))
                .collect();
            writeln!(out, "  not known: {}", keys.join(", "))?;
        }
    }
    let allowed = decision.outcome == Decided::Allowed;
    Ok(if allowed {
        Outcome::Clean
    } else {
        Outcome::Found
    })
}

/// Writes what decided, with the place where it stands.
fn decided(out: &mut dyn Write, text: &str, by: &DecidedBy) -> std::io::Result<()> {
    let layer = serde_json::to_value(by.layer).unwrap_or_default();
    let layer = layer.as_str().unwrap_or_default().to_owned();
    let mut name = layer.clone();
    for index in [by.level, by.policy].into_iter().flatten() {
        name.push_str(&format!("[{index}]"));
    }
    if let Some(statement) = by.statement {
        name.push_str(&format!(" statement {statement}"));
    }
    if let Some(sid) = &by.sid {
        name.push_str(&format!(" {}", code(sid)));
    }
    writeln!(out, "  by {name}")?;
    let Ok(json) = Json::parse_any_depth(text) else {
        return Ok(());
    };
    if let Some(item) = place(json.root(), &layer, by) {
        let paint = Paint::new(Color::Auto);
        let position = LineIndex::new(text).position(item.span());
        snippet::write(out, paint, "1;33", text, item.span(), position)?;
    }
    Ok(())
}

/// The statement in the input; `None` when no statement decided, or its policy is given as a text.
fn place<'j, 'a>(root: Item<'j, 'a>, layer: &str, by: &DecidedBy) -> Option<Item<'j, 'a>> {
    let member = |item: Item<'j, 'a>, name: &str| {
        let mut members = item.members();
        let found = members.find(|(key, _)| key.string().is_some_and(|key| key == name));
        found.map(|(_, value)| value)
    };
    let nth = |item: Item<'j, 'a>, nth: usize| match item.kind() {
        Kind::Array => item.elements().nth(nth),
        _ => Some(item).filter(|_| nth == 0),
    };
    let mut policy = member(root, layer)?;
    for index in [by.level, by.policy].into_iter().flatten() {
        policy = nth(policy, index)?;
    }
    nth(member(policy, "Statement")?, by.statement?)
}
