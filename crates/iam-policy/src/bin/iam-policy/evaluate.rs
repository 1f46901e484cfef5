//! `iam-policy evaluate` for people and for programs.

use std::io::Write;
use std::path::Path;

use iam_policy::evaluate::Outcome as Decided;

use crate::arguments::Evaluate;
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
            writeln!(
                out,
                "  by {}",
                serde_json::to_string(by).unwrap_or_default()
            )?;
        }
        if !decision.missing_context.is_empty() {
            writeln!(out, "  not known: {}", decision.missing_context.join(", "))?;
        }
    }
    let allowed = decision.outcome == Decided::Allowed;
    Ok(if allowed {
        Outcome::Clean
    } else {
        Outcome::Found
    })
}
