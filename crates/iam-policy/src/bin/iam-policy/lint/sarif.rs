//! Findings in the Static Analysis Results Interchange Format, OASIS SARIF 2.1.0.

use std::collections::BTreeSet;
use std::io::Write;

use iam_policy::lint::{Code, FindingType, positions};
use serde_json::json;

use super::LintedFile;

const fn level(kind: FindingType) -> &'static str {
    match kind {
        FindingType::Error => "error",
        FindingType::SecurityWarning | FindingType::Warning => "warning",
        FindingType::Suggestion => "note",
    }
}

/// Writes one run about all files.
pub(crate) fn write(out: &mut dyn Write, files: &[LintedFile]) -> std::io::Result<()> {
    let used: BTreeSet<Code> = files
        .iter()
        .flat_map(|file| file.report.findings())
        .map(|finding| finding.code())
        .collect();
    let rules: Vec<_> = used.iter().map(|code| rule(*code)).collect();
    let results: Vec<_> = files.iter().flat_map(results).collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "iam-policy", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

/// A rule with what GitHub and other readers show of it.
fn rule(code: Code) -> serde_json::Value {
    let kind = code.finding_type();
    let text = sentence(code.name());
    json!({
        "id": code.name(),
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "helpUri": help(code),
        "help": {"text": format!("{text}. See {}", help(code))},
        "defaultConfiguration": {"level": level(kind)},
        "properties": {
            "type": kind.name(),
            "tags": ["security", "iam"],
            "security-severity": severity(kind),
        },
    })
}

/// How grave, on the scale of CVSS that readers of SARIF sort by.
const fn severity(kind: FindingType) -> &'static str {
    match kind {
        FindingType::SecurityWarning => "7.5",
        FindingType::Error => "5.0",
        FindingType::Warning => "3.0",
        FindingType::Suggestion => "1.0",
    }
}

/// The code as words: `INVALID_ACTION` is `Invalid action`.
fn sentence(code: &str) -> String {
    let words = code.to_ascii_lowercase().replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Where the rule is explained.
fn help(code: Code) -> String {
    let page = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html";
    if code.name().starts_with("IAM_POLICY_") {
        // Our own are explained where the engine is.
        return page.to_owned();
    }
    let kind = match code.finding_type() {
        FindingType::Error => "error",
        FindingType::SecurityWarning => "security-warning",
        FindingType::Warning => "general-warning",
        FindingType::Suggestion => "suggestion",
    };
    let name = code.name().to_ascii_lowercase().replace('_', "-");
    format!("{page}#access-analyzer-reference-policy-checks-{kind}-{name}")
}

fn results(file: &LintedFile) -> Vec<serde_json::Value> {
    let findings = file.report.findings();
    let places = positions(&file.input.text, findings);
    findings
        .iter()
        .zip(places)
        .map(|(finding, place)| {
            let (start, end) = (finding.span().start, finding.span().end);
            json!({
                "ruleId": finding.code().name(),
                "level": level(finding.finding_type()),
                "message": {"text": finding.message()},
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": {"uri": file.input.name},
                        "region": {
                            "startLine": place.line,
                            "startColumn": place.column,
                            "byteOffset": start,
                            "byteLength": end.saturating_sub(start),
                        },
                    },
                    "logicalLocations": [{"fullyQualifiedName": finding.path().to_string()}],
                }],
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use iam_policy::document::PolicyType;
    use iam_policy::lint::{Options, lint};

    use super::*;
    use crate::input::Input;

    #[test]
    fn findings_name_rule_file_and_region() {
        let text = "{\"Version\":\"2012-10-17\",\n\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:Fly\",\"Resource\":\"*\"}}";
        let report = lint(text, PolicyType::Identity, Options::default());
        let input = Input {
            name: "a.json".to_owned(),
            text: text.to_owned(),
            path: None,
        };
        let mut out = Vec::new();
        write(&mut out, &[LintedFile { input, report }]).unwrap();
        let log: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let run = &log["runs"][0];
        let rule = &run["tool"]["driver"]["rules"][0];
        assert_eq!(rule["id"], "INVALID_ACTION");
        assert_eq!(rule["shortDescription"]["text"], "Invalid action");
        assert_eq!(rule["properties"]["security-severity"], "5.0");
        let uri = rule["helpUri"].as_str().unwrap();
        assert!(uri.ends_with("#access-analyzer-reference-policy-checks-error-invalid-action"));
        let place = &run["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a.json");
        assert_eq!(
            (
                &place["region"]["startLine"],
                &place["region"]["startColumn"]
            ),
            (&2.into(), &40.into())
        );
    }
}
