//! `iam-policy prove` for people and for programs.

use std::io::Write;
use std::path::Path;

use iam_policy::condition::ContextValue;
use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::Ruleset;
use iam_policy::foreign::code;
use iam_policy::json::LineIndex;
use iam_policy::prove::{
    CheckResult, StatementRef, check_disjoint, check_equivalent, check_no_new_access,
    check_no_public_access,
};

use crate::arguments::{Color, Prove};
use crate::input::Input;
use crate::policy_type::type_of;
use crate::snippet::{self, Paint};
use crate::{Error, Outcome, input};

pub(crate) fn run(options: &Prove, out: &mut dyn Write) -> Result<Outcome, Error> {
    if options.reference.is_none() && !options.not_public {
        return Err(Error::NoReference);
    }
    let candidate = input::read(options.candidate.as_deref().unwrap_or(Path::new("-")))?;
    let reference = options.reference.as_deref().map(input::read).transpose()?;
    let policy_type = common_type(options, reference.as_ref(), &candidate)?;
    let allowed = parse(&candidate, policy_type)?;
    let compiled = Ruleset::compile(&allowed);
    let result = match &reference {
        Some(reference) => {
            let reference = Ruleset::compile(&parse(reference, policy_type)?);
            let check = match (options.equivalent, options.disjoint) {
                (true, _) => check_equivalent,
                (_, true) => check_disjoint,
                _ => check_no_new_access,
            };
            check(&reference, &compiled)
        }
        None => check_no_public_access(&compiled),
    };
    if options.json {
        serde_json::to_writer_pretty(&mut *out, &result).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        write(out, &result, options)?;
        // Of two equivalent policies either may be the one that allows more.
        if let (Some(statement), false) = (statement(&result), options.equivalent) {
            show(out, &candidate, &allowed, statement)?;
        }
    }
    Ok(if result.is_pass() {
        Outcome::Clean
    } else {
        Outcome::Found
    })
}

/// The type of both policies: as given, or found out and the same.
fn common_type(
    options: &Prove,
    reference: Option<&Input>,
    candidate: &Input,
) -> Result<PolicyType, Error> {
    if let Some(policy_type) = options.policy_type {
        return Ok(policy_type);
    }
    let found = type_of(&candidate.text);
    let Some(reference) = reference else {
        // What names no principals is public to nobody: it is asked of policies of resources.
        let public = found.has_principal();
        return Ok(if public { found } else { PolicyType::Resource });
    };
    let other = type_of(&reference.text);
    if other == found {
        return Ok(found);
    }
    Err(Error::Types {
        one: reference.name.clone(),
        one_type: other.name(),
        other: candidate.name.clone(),
        other_type: found.name(),
    })
}

fn parse(input: &Input, policy_type: PolicyType) -> Result<Document<'_>, Error> {
    Document::parse(&input.text, policy_type).map_err(|source| Error::Policy {
        name: input.name.clone(),
        source,
    })
}

const fn statement(result: &CheckResult) -> Option<&StatementRef> {
    match result {
        CheckResult::Pass => None,
        CheckResult::Fail { statement, .. } => Some(statement),
        CheckResult::Undecided { statement } => statement.as_ref(),
    }
}

/// Shows where a statement begins.
fn show(
    out: &mut dyn Write,
    input: &Input,
    document: &Document<'_>,
    statement: &StatementRef,
) -> std::io::Result<()> {
    let Some(found) = document.statements().get(statement.index) else {
        return Ok(());
    };
    let span = found.span();
    let place = LineIndex::new(&input.text).position(span);
    let paint = Paint::new(Color::Auto);
    let (line, column) = (place.line, place.column);
    writeln!(
        out,
        "  {} {}:{line}:{column}  {}",
        paint.of("34", "-->"),
        input.shown(),
        found.path().in_words()
    )?;
    snippet::write(out, paint, "1;31", &input.text, span, place)
}

fn write(out: &mut dyn Write, result: &CheckResult, options: &Prove) -> std::io::Result<()> {
    let (all, some) = if options.equivalent {
        (
            "both policies allow the same",
            "one policy allows something that the other does not",
        )
    } else if options.disjoint {
        (
            "no request is allowed by both policies",
            "both policies allow something",
        )
    } else if options.not_public {
        (
            "nothing is allowed to the public",
            "something is allowed to the public",
        )
    } else {
        (
            "nothing is allowed that the reference does not allow",
            "something is allowed that the reference does not allow",
        )
    };
    match result {
        CheckResult::Pass => writeln!(out, "pass: {all}"),
        CheckResult::Fail { witness, statement } => {
            let sid = statement
                .sid
                .as_deref()
                .map_or(String::new(), |sid| format!(" {}", code(sid)));
            writeln!(
                out,
                "fail: {some}, by statement {}{sid}, for example",
                statement.index
            )?;
            writeln!(
                out,
                "  {} on {} by {}",
                code(witness.action()),
                code(witness.resource()),
                code(witness.principal().name())
            )?;
            for (key, value) in witness.context().iter() {
                let values = match value {
                    ContextValue::One(value) => std::slice::from_ref(value),
                    ContextValue::Many(values) => values.as_slice(),
                };
                let values: Vec<String> = values.iter().map(|value| code(value)).collect();
                writeln!(out, "  with {} = {}", code(key), values.join(", "))?;
            }
            if witness.has_boundary() {
                writeln!(out, "  with a permissions boundary that allows it")?;
            }
            Ok(())
        }
        CheckResult::Undecided { statement } => {
            writeln!(out, "fail: it could not be decided whether {all}")?;
            match statement {
                Some(statement) => writeln!(out, "  because of statement {}", statement.index),
                None => Ok(()),
            }
        }
    }
}
