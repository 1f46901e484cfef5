use iam_policy::document::Document;
use iam_policy::explain::{Sentence, explain};
use serde::Serialize;

use super::{Fault, Line, type_of};

#[derive(Serialize)]
pub(super) struct Answer {
    sentences: Vec<Sentence>,
}

/// `{id, policy, policy_type}`
pub(super) fn answer(line: &Line<'_, '_>) -> Result<Answer, Fault> {
    let text = line.policy("policy")?;
    let policy_type = line.policy_type()?.unwrap_or_else(|| type_of(&text));
    let document =
        Document::parse(&text, policy_type).map_err(|error| Fault::Policy("policy", error))?;
    Ok(Answer {
        sentences: explain(&document),
    })
}
