//! Actions that the catalogue does not know: of them it can only be said that they are granted.

use super::grants::Grants;
use super::meaning::Meaning;
use super::{GrantedAction, MOST_PATTERNS};

/// The patterns of every `Allow` that stand for no action that is known, unless they are taken away or
/// left out.
pub(super) fn unknown_actions(grants: &Grants<'_>, meanings: &[Meaning]) -> Vec<GrantedAction> {
    let mut unknown = Vec::new();
    for (pattern, meaning) in grants.patterns().zip(meanings) {
        let text = pattern.text;
        if meaning.is_known()
            || unknown.len() >= MOST_PATTERNS
            || grants.work.is_spent()
            // No action is named like this.
            || !text.contains([':', '*'])
            || grants.denies.take_all(text, pattern.nth, pattern.rule, &grants.work)
        {
            continue;
        }
        let mut limits = grants.limits.iter();
        if limits.all(|layer| layer.may_be_about(text, &grants.work)) {
            unknown.push(pattern.evidence());
        }
    }
    unknown
}
