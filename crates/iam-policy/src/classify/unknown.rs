//! Actions that the catalogue does not know: of them it can only be said that they are granted.

use super::grants::{Grants, each_matching};
use super::{GrantedAction, MOST_PATTERNS};

/// The patterns of every `Allow` that stand for no action that is known, unless they are taken away or
/// left out.
pub(super) fn unknown_actions(grants: &Grants<'_>) -> Vec<GrantedAction> {
    let mut latest = None;
    let mut unknown = Vec::new();
    let rules = grants.allows.all().iter().enumerate();
    for (nth, rule) in rules.filter(|(_, rule)| !rule.is_negated()) {
        for (pattern, text) in rule.texts().enumerate() {
            let mut known = false;
            each_matching(text, &mut latest, &grants.work, |_| {
                known = true;
                false
            });
            if known
                || unknown.len() >= MOST_PATTERNS
                || grants.work.is_spent()
                // No action is named like this.
                || !text.contains([':', '*'])
                || grants.denies.take_all(text, nth, rule, &grants.work)
            {
                continue;
            }
            let mut limits = grants.limits.iter();
            if limits.all(|layer| layer.may_be_about(text, &grants.work)) {
                unknown.push(GrantedAction {
                    action: text.to_owned(),
                    policy: rule.policy,
                    path: rule.statement.action_path(pattern),
                    conditional: rule.conditional,
                    unmatched: false,
                });
            }
        }
    }
    unknown
}
