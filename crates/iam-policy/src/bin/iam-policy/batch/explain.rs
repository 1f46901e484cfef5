use iam_policy::document::Document;
use iam_policy::explain::{Sentence, explain};
use serde::Serialize;

use super::{InputLine, LineError, type_of};

#[derive(Serialize)]
pub(super) struct ExplainOutput {
    sentences: Vec<Sentence>,
}

/// `{id, policy, policy_type}`
pub(super) fn answer(line: &InputLine<'_, '_>) -> Result<ExplainOutput, LineError> {
    let text = line.policy("policy")?;
    let policy_type = line.policy_type()?.unwrap_or_else(|| type_of(&text));
    let document =
        Document::parse(&text, policy_type).map_err(|error| LineError::Policy("policy", error))?;
    Ok(ExplainOutput {
        sentences: explain(&document),
    })
}
