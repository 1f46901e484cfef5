use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::Ruleset;
use iam_policy::prove::{Verdict, check_no_new_access};
use serde::Serialize;

use super::{Fault, Line, type_of};

/// A verdict; with the reason when a policy could not be read, which is no pass.
#[derive(Serialize)]
pub(super) struct Answer {
    #[serde(flatten)]
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// `{id, reference, candidate, policy_type}`
pub(super) fn answer(line: &Line<'_, '_>) -> Answer {
    match verdict(line) {
        Ok(verdict) => Answer {
            verdict,
            error: None,
        },
        Err(fault) => Answer {
            verdict: Verdict::Undecided { statement: None },
            error: Some(fault.to_string()),
        },
    }
}

fn verdict(line: &Line<'_, '_>) -> Result<Verdict, Fault> {
    let (reference, candidate) = (line.policy("reference")?, line.policy("candidate")?);
    let policy_type = line
        .policy_type()?
        .unwrap_or_else(|| match type_of(&reference) {
            PolicyType::Resource => PolicyType::Resource,
            _ => type_of(&candidate),
        });
    let compile = |name, text| {
        let document =
            Document::parse(text, policy_type).map_err(|error| Fault::Policy(name, error))?;
        Ok::<_, Fault>(Ruleset::compile(&document))
    };
    let (reference, candidate) = (
        compile("reference", &reference)?,
        compile("candidate", &candidate)?,
    );
    Ok(check_no_new_access(&reference, &candidate))
}
