//! `iam-policy lint` for people and for programs.

mod sarif;

use std::io::Write;

use iam_policy::lint::{FindingType, LintFinding, Options, Report, lint, positions};
use serde::Serialize;

use crate::arguments::Lint;
use crate::policy_type::type_of;
use crate::snippet::{self, Paint};
use crate::{Error, Outcome, input};

/// A policy with all that was found.
pub(crate) struct LintedFile {
    pub(crate) input: input::Input,
    pub(crate) report: Report,
}

#[derive(Serialize)]
struct JsonFile<'a> {
    file: &'a str,
    valid: bool,
    error: Option<String>,
    findings: Vec<JsonFinding<'a>>,
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    code: &'static str,
    r#type: &'static str,
    path: String,
    line: usize,
    column: usize,
    message: &'a str,
}

pub(crate) fn run(options: &Lint, out: &mut dyn Write) -> Result<Outcome, Error> {
    let linting = Options {
        own_codes: !options.aws_codes_only,
    };
    let mut inputs = input::read_each(&options.paths)?;
    let files: Vec<LintedFile> = std::mem::take(&mut inputs.read)
        .into_iter()
        .map(|input| LintedFile {
            report: {
                let policy_type = options.policy_type.unwrap_or_else(|| type_of(&input.text));
                lint(&input.text, policy_type, linting)
            },
            input,
        })
        .collect();
    if options.sarif {
        sarif::write(out, &files)?;
    } else if options.json {
        let answer: Vec<JsonFile<'_>> = files.iter().map(json).collect();
        serde_json::to_writer_pretty(&mut *out, &answer).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        let paint = Paint::new(options.color);
        for file in &files {
            write_file(out, paint, file)?;
        }
        summary(out, paint, &files)?;
    }
    let grave = files.iter().any(|file| {
        let kinds = file.report.findings().iter().map(LintFinding::finding_type);
        file.report.grammar().is_err()
            || kinds
                .into_iter()
                .any(|kind| kind <= FindingType::SecurityWarning)
    });
    Ok(inputs.outcome(grave))
}

fn json(file: &LintedFile) -> JsonFile<'_> {
    let findings = file.report.findings();
    let places = positions(&file.input.text, findings);
    let findings = findings
        .iter()
        .zip(places)
        .map(|(finding, place)| JsonFinding {
            code: finding.code().name(),
            r#type: finding.finding_type().name(),
            path: finding.path().to_string(),
            line: place.line,
            column: place.column,
            message: finding.message(),
        });
    let grammar = file.report.grammar();
    JsonFile {
        file: &file.input.name,
        valid: grammar.is_ok(),
        error: grammar.err().map(ToString::to_string),
        findings: findings.collect(),
    }
}

const fn look(kind: FindingType) -> (&'static str, &'static str) {
    match kind {
        FindingType::Error => ("1;31", "error"),
        FindingType::SecurityWarning => ("1;35", "security"),
        FindingType::Warning => ("1;33", "warning"),
        FindingType::Suggestion => ("1;36", "suggestion"),
    }
}

fn write_file(out: &mut dyn Write, paint: Paint, file: &LintedFile) -> std::io::Result<()> {
    let text = &file.input.text;
    let findings = file.report.findings();
    for (finding, place) in findings.iter().zip(positions(text, findings)) {
        let (color, word) = look(finding.finding_type());
        let head = paint.of(color, &format!("{word}[{}]", finding.code().name()));
        writeln!(out, "{head}: {}", paint.of("1", finding.message()))?;
        let arrow = paint.of("34", "-->");
        writeln!(
            out,
            "  {arrow} {}:{}:{}  {}",
            file.input.shown(),
            place.line,
            place.column,
            finding.path().in_words()
        )?;
        snippet::write(out, paint, color, text, finding.span(), place)?;
        writeln!(out)?;
    }
    let errors = findings
        .iter()
        .any(|finding| finding.finding_type() == FindingType::Error);
    if let (Err(error), false) = (file.report.grammar(), errors) {
        writeln!(
            out,
            "{}: {}: {error}\n",
            paint.of("1;31", "refused"),
            file.input.shown()
        )?;
    }
    Ok(())
}

fn summary(out: &mut dyn Write, paint: Paint, files: &[LintedFile]) -> std::io::Result<()> {
    let count = |wanted: FindingType| {
        files
            .iter()
            .flat_map(|file| file.report.findings())
            .filter(|finding| finding.finding_type() == wanted)
            .count()
    };
    let kinds = [
        FindingType::Error,
        FindingType::SecurityWarning,
        FindingType::Warning,
        FindingType::Suggestion,
    ];
    let counts: Vec<String> = kinds
        .into_iter()
        .map(|kind| (count(kind), look(kind).1))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| counted(count, word))
        .collect();
    let policies = match files.len() {
        1 => "1 policy".to_owned(),
        count => format!("{count} policies"),
    };
    let found = if counts.is_empty() {
        paint.of("1;32", "nothing found")
    } else {
        counts.join(", ")
    };
    writeln!(out, "{policies}: {found}")
}

/// Such as `1 error` and `2 errors`.
fn counted(count: usize, word: &str) -> String {
    let noun = if word == "security" {
        "security warning"
    } else {
        word
    };
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_plurals() {
        assert_eq!(counted(1, "error"), "1 error");
        assert_eq!(counted(2, "security"), "2 security warnings");
    }
}
