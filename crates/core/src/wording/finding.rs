//! Findings as sentences.

use crate::finding::{Evidence, Finding};
use crate::markup::{Text, code};

/// The most findings that are listed; the service API has them all.
const MAX_FINDINGS: usize = 20;

/// Findings as sentences: the first of them, and how many more there are.
pub(crate) fn findings<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<Text> {
    let mut lines: Vec<Text> = findings.map(finding).collect();
    let more = lines.len().saturating_sub(MAX_FINDINGS);
    lines.truncate(MAX_FINDINGS);
    if more > 0 {
        let line = format!("The service API lists {more} more findings.");
        lines.push(Text::new(line));
    }
    lines
}

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
