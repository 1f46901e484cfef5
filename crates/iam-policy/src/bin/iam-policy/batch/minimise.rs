use iam_policy::document::Document;
use iam_policy::minimise::{MANAGED_POLICY_QUOTA, minimise};
use serde::Serialize;

use super::{InputLine, LineError, type_of};

#[derive(Serialize)]
pub(super) struct MinimiseOutput {
    policies: Vec<serde_json::Value>,
}

/// `{id, policy, policy_type, quota}`
pub(super) fn answer(line: &InputLine<'_, '_>) -> Result<MinimiseOutput, LineError> {
    let text = line.policy("policy")?;
    let policy_type = line.policy_type()?.unwrap_or_else(|| type_of(&text));
    let quota = match line.get("quota") {
        None => MANAGED_POLICY_QUOTA,
        Some(item) => item
            .raw()
            .parse()
            .map_err(|_| LineError::Kind("quota", "a whole number"))?,
    };
    let document =
        Document::parse(&text, policy_type).map_err(|error| LineError::Policy("policy", error))?;
    let texts = minimise(&document, quota)?;
    let read = |text: &String| {
        serde_json::from_str(text).map_err(|error| LineError::Value("policy", error))
    };
    Ok(MinimiseOutput {
        policies: texts.iter().map(read).collect::<Result<_, _>>()?,
    })
}
