use iam_policy::document::PolicyType;
use iam_policy::lint::{LintFinding, Options, lint};
use serde::Serialize;

use super::{InputLine, LineError};

#[derive(Serialize)]
pub(super) struct LintOutput {
    valid: bool,
    error: Option<String>,
    findings: Vec<JsonFinding>,
}

#[derive(Serialize)]
struct JsonFinding {
    code: &'static str,
    r#type: &'static str,
    path: String,
    /// All places, when there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    paths: Vec<String>,
    message: String,
}

impl JsonFinding {
    fn of(finding: &LintFinding) -> Self {
        let several = finding.locations().len() > 1;
        let locations = finding.locations().iter().filter(|_| several);
        Self {
            code: finding.code().name(),
            r#type: finding.finding_type().name(),
            path: finding.path().to_string(),
            paths: locations
                .map(|location| location.path.to_string())
                .collect(),
            message: finding.message().to_owned(),
        }
    }
}

/// `{id, policy, policy_type, own_codes}`
pub(super) fn answer(line: &InputLine<'_, '_>) -> Result<LintOutput, LineError> {
    let text = line.policy("policy")?;
    let policy_type = line.policy_type()?.unwrap_or(PolicyType::Identity);
    let own_codes = line
        .get("own_codes")
        .is_some_and(|item| item.raw() == "true");
    let report = lint(&text, policy_type, Options { own_codes });
    let grammar = report.grammar();
    Ok(LintOutput {
        valid: grammar.is_ok(),
        error: grammar.err().map(ToString::to_string),
        findings: report.findings().iter().map(JsonFinding::of).collect(),
    })
}
