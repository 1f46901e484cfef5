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
    let rules: Vec<_> = used
        .iter()
        .map(|code| {
            json!({"id": code.name(), "defaultConfiguration": {"level": level(code.finding_type())},
                   "properties": {"type": code.finding_type().name()}})
        })
        .collect();
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
        };
        let mut out = Vec::new();
        write(&mut out, &[LintedFile { input, report }]).unwrap();
        let log: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "INVALID_ACTION");
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
