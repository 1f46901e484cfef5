//! `iam-policy explain` for people and for programs.

use std::io::Write;

use iam_policy::document::Document;
use iam_policy::explain::explain;

use crate::arguments::Explain;
use crate::input::{self, Input};
use crate::policy_type::type_of;
use crate::{Error, Outcome};

/// Writes a sentence for each statement.
pub(crate) fn run(options: &Explain, out: &mut dyn Write) -> Result<Outcome, Error> {
    let mut inputs = input::read_each(&options.paths)?;
    let all = std::mem::take(&mut inputs.read);
    for input in &all {
        let Some(document) = inputs.note(document(input, options.policy_type))? else {
            continue;
        };
        let sentences = explain(&document);
        if options.json {
            serde_json::to_writer_pretty(&mut *out, &sentences).map_err(std::io::Error::from)?;
            writeln!(out)?;
            continue;
        }
        if all.len() > 1 {
            writeln!(out, "{}:", input.shown())?;
        }
        for sentence in sentences {
            writeln!(out, "{}", sentence.text)?;
        }
    }
    Ok(inputs.outcome(false))
}

/// The document, of the type given or found out.
pub(crate) fn document(
    input: &Input,
    policy_type: Option<iam_policy::document::PolicyType>,
) -> Result<Document<'_>, Error> {
    let policy_type = policy_type.unwrap_or_else(|| type_of(&input.text));
    Document::parse(&input.text, policy_type).map_err(|source| Error::Policy {
        name: input.name.clone(),
        source,
    })
}
