//! `iam-policy minimise` and `iam-policy explain`.

use std::io::Write;

use iam_policy::document::Document;
use iam_policy::explain::explain;
use iam_policy::minimise::{MANAGED_POLICY_QUOTA, minimise};

use crate::arguments::{Explain, Minimise};
use crate::input::Input;
use crate::{Error, Outcome, batch, input};

/// Writes the shorter policies, one per line.
pub(crate) fn run(options: &Minimise, out: &mut dyn Write) -> Result<Outcome, Error> {
    for input in input::read_all(&options.paths)? {
        let document = document(&input, options.policy_type)?;
        let shorter = minimise(&document, options.quota.unwrap_or(MANAGED_POLICY_QUOTA)).map_err(
            |source| Error::Minimise {
                name: input.name.clone(),
                source,
            },
        )?;
        for text in shorter {
            writeln!(out, "{text}")?;
        }
    }
    Ok(Outcome::Clean)
}

/// Writes a sentence for each statement.
pub(crate) fn explain_all(options: &Explain, out: &mut dyn Write) -> Result<Outcome, Error> {
    let inputs = input::read_all(&options.paths)?;
    for input in &inputs {
        let sentences = explain(&document(input, options.policy_type)?);
        if options.json {
            serde_json::to_writer_pretty(&mut *out, &sentences).map_err(std::io::Error::from)?;
            writeln!(out)?;
            continue;
        }
        if inputs.len() > 1 {
            writeln!(out, "{}:", input.name)?;
        }
        for sentence in sentences {
            writeln!(out, "{}", sentence.text)?;
        }
    }
    Ok(Outcome::Clean)
}

fn document(
    input: &Input,
    policy_type: Option<iam_policy::document::PolicyType>,
) -> Result<Document<'_>, Error> {
    Document::parse(
        &input.text,
        policy_type.unwrap_or_else(|| batch::type_of(&input.text)),
    )
    .map_err(|source| Error::Policy {
        name: input.name.clone(),
        source,
    })
}
