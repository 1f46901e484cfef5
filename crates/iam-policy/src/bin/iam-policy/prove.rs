//! `iam-policy prove` for people and for programs.

use std::io::Write;
use std::path::Path;

use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::Ruleset;
use iam_policy::prove::{CheckResult, check_no_new_access, check_no_public_access};

use crate::arguments::Prove;
use crate::{Error, Outcome, batch, input};

pub(crate) fn run(options: &Prove, out: &mut dyn Write) -> Result<Outcome, Error> {
    let candidate = input::read(options.candidate.as_deref().unwrap_or(Path::new("-")))?;
    let reference = options.reference.as_deref().map(input::read).transpose()?;
    let default = if options.not_public {
        Some(PolicyType::Resource)
    } else {
        None
    };
    let policy_type = options.policy_type.or(default);
    let compile = |input: &input::Input| {
        let policy_type = policy_type.unwrap_or_else(|| batch::type_of(&input.text));
        Document::parse(&input.text, policy_type)
            .map(|document| Ruleset::compile(&document))
            .map_err(|source| Error::Policy {
                name: input.name.clone(),
                source,
            })
    };
    let verdict = match &reference {
        Some(reference) => check_no_new_access(&compile(reference)?, &compile(&candidate)?),
        None => check_no_public_access(&compile(&candidate)?),
    };
    if options.json {
        serde_json::to_writer_pretty(&mut *out, &verdict).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        write(out, &verdict, reference.is_some())?;
    }
    Ok(if verdict.is_pass() {
        Outcome::Clean
    } else {
        Outcome::Found
    })
}

fn write(out: &mut dyn Write, verdict: &CheckResult, referenced: bool) -> std::io::Result<()> {
    let beyond = if referenced {
        "that the reference does not allow"
    } else {
        "to the public"
    };
    match verdict {
        CheckResult::Pass => writeln!(out, "pass: nothing is allowed {beyond}"),
        CheckResult::Fail { witness, statement } => {
            let sid = statement
                .sid
                .as_deref()
                .map_or(String::new(), |sid| format!(" `{sid}`"));
            writeln!(
                out,
                "fail: statement {}{sid} allows something {beyond}, for example",
                statement.index
            )?;
            writeln!(
                out,
                "  {} on {} by {}",
                witness.action(),
                witness.resource(),
                witness.principal().name()
            )?;
            for (key, value) in witness.context().iter() {
                let value = serde_json::to_string(value).unwrap_or_default();
                writeln!(out, "  with {key} = {value}")?;
            }
            Ok(())
        }
        CheckResult::Undecided { statement } => {
            writeln!(out, "fail: could not be decided")?;
            match statement {
                Some(statement) => writeln!(out, "  because of statement {}", statement.index),
                None => Ok(()),
            }
        }
    }
}
