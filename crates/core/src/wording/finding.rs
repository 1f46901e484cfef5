//! Findings as sentences.

use crate::finding::{Evidence, Finding};
use crate::markup::{Text, code};

/// A finding as a sentence, with the policy that shows it.
pub(crate) fn finding(finding: &Finding) -> Text {
    let detail = finding.detail.trim_end_matches('.');
    let policy = finding.evidence.as_ref().map(|evidence| {
        let policy = evidence.policy.as_str();
        match policy {
            Evidence::INLINE_POLICY => " (in the inline policy)".to_owned(),
            _ => {
                let name = policy.rsplit_once('/').map_or(policy, |(_, name)| name);
                format!(" (in policy {})", code(name))
            }
        }
    });
    Text::new(format!("{detail}{}.", policy.unwrap_or_default())).capitalized()
}
