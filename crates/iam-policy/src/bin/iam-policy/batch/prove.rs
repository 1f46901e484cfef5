use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::Ruleset;
use iam_policy::prove::{CheckResult, check_no_new_access};
use serde::Serialize;

use super::{InputLine, LineError, type_of};

/// A verdict; with the reason when a policy could not be read, which is no pass.
#[derive(Serialize)]
pub(super) struct ProveOutput {
    #[serde(flatten)]
    verdict: CheckResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// `{id, reference, candidate, policy_type}`
pub(super) fn answer(line: &InputLine<'_, '_>) -> ProveOutput {
    match verdict(line) {
        Ok(verdict) => ProveOutput {
            verdict,
            error: None,
        },
        Err(error) => ProveOutput {
            verdict: CheckResult::Undecided { statement: None },
            error: Some(error.to_string()),
        },
    }
}

fn verdict(line: &InputLine<'_, '_>) -> Result<CheckResult, LineError> {
    let (reference, candidate) = (line.policy("reference")?, line.policy("candidate")?);
    let policy_type = line
        .policy_type()?
        .unwrap_or_else(|| match type_of(&reference) {
            PolicyType::Resource => PolicyType::Resource,
            _ => type_of(&candidate),
        });
    let compile = |name, text| {
        let document =
            Document::parse(text, policy_type).map_err(|error| LineError::Policy(name, error))?;
        Ok::<_, LineError>(Ruleset::compile(&document))
    };
    let (reference, candidate) = (
        compile("reference", &reference)?,
        compile("candidate", &candidate)?,
    );
    Ok(check_no_new_access(&reference, &candidate))
}
