use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::Ruleset;
use iam_policy::prove::{
    CheckResult, check_disjoint, check_equivalent, check_no_new_access, check_no_public_access,
};
use serde::Serialize;

use super::{InputLine, LineError};
use crate::policy_type::type_of;

/// A result; with the reason when a policy could not be read, which is no pass.
#[derive(Serialize)]
pub(super) struct ProveOutput {
    #[serde(flatten)]
    result: CheckResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// What a line may have.
const MEMBERS: [&str; 6] = [
    "id",
    "question",
    "reference",
    "candidate",
    "policy_type",
    "not_public",
];

/// `{id, reference, candidate, policy_type, question}`; `question` is `no_new_access` when left out,
/// `equivalent`, `disjoint`, or `not_public`, which needs no reference. `not_public: true` asks that
/// too.
pub(super) fn answer(line: &InputLine<'_, '_>) -> ProveOutput {
    match result(line) {
        Ok(result) => ProveOutput {
            result,
            error: None,
        },
        Err(error) => ProveOutput {
            result: CheckResult::Undecided { statement: None },
            error: Some(error.to_string()),
        },
    }
}

fn result(line: &InputLine<'_, '_>) -> Result<CheckResult, LineError> {
    line.only(&MEMBERS)?;
    let candidate = line.policy("candidate")?;
    let asked = line.get("question").and_then(|item| item.string());
    let not_public = line
        .get("not_public")
        .is_some_and(|item| item.raw() == "true");
    let check = match asked.as_deref() {
        _ if not_public => check_no_public_access,
        Some("not_public") => check_no_public_access,
        Some("equivalent") => return compare(line, &candidate, check_equivalent),
        Some("disjoint") => return compare(line, &candidate, check_disjoint),
        None | Some("no_new_access") => {
            return compare(line, &candidate, check_no_new_access);
        }
        Some(_) => return Err(LineError::Kind("question", "a question that `prove` knows")),
    };
    let policy_type = line.policy_type()?.unwrap_or(PolicyType::Resource);
    Ok(check(&compile("candidate", &candidate, policy_type)?))
}

fn compare(
    line: &InputLine<'_, '_>,
    candidate: &str,
    check: impl Fn(&Ruleset, &Ruleset) -> CheckResult,
) -> Result<CheckResult, LineError> {
    let reference = line.policy("reference")?;
    let policy_type = line
        .policy_type()?
        .unwrap_or_else(|| match type_of(&reference) {
            PolicyType::Identity => type_of(candidate),
            policy_type => policy_type,
        });
    let reference = compile("reference", &reference, policy_type)?;
    Ok(check(
        &reference,
        &compile("candidate", candidate, policy_type)?,
    ))
}

fn compile(name: &'static str, text: &str, policy_type: PolicyType) -> Result<Ruleset, LineError> {
    let document =
        Document::parse(text, policy_type).map_err(|error| LineError::Policy(name, error))?;
    Ok(Ruleset::compile(&document))
}
