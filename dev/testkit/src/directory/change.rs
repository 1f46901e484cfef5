//! What a change does to a principal.

use std::collections::BTreeMap;

use ports::CallError;
use snowgate_core::account::{
    GroupFacts, InlineFacts, Membership, PrincipalFacts, PrincipalQuotas,
};
use snowgate_core::effect::EffectChange;
use snowgate_core::identity::{LIFE_POLICY_NAME, LifePolicy};
use snowgate_core::principal::{Principal, PrincipalType};

/// Makes a change to a principal that does not show it; false where IAM lets it hold no more.
pub(super) fn make(
    quotas: PrincipalQuotas,
    facts: &mut PrincipalFacts,
    groups: &BTreeMap<String, GroupFacts>,
    change: &EffectChange,
) -> bool {
    match change {
        EffectChange::PolicyAttached { policy_arn } => {
            facts.attached.push(policy_arn.as_str().to_owned());
            facts.attached.len() <= quotas.attached
        }
        EffectChange::InlinePolicyPut { name, document, .. } => {
            put(facts, name, document.clone()) <= quotas.inline
        }
        EffectChange::UserCreated { ends_at, .. } => {
            let life = LifePolicy::Until(*ends_at).document();
            put(facts, LIFE_POLICY_NAME, life) <= quotas.inline
        }
        EffectChange::GroupJoined { group, .. } => {
            let known = groups.get(group.as_str());
            facts.groups.extend(known.map(|known| Membership {
                name: known.arn.name().to_owned(),
                unique_id: known.unique_id.clone(),
            }));
            facts.groups.sort();
            facts.groups.len() <= quotas.groups
        }
    }
}

/// Puts an inline policy; how many characters all of them have then.
fn put(facts: &mut PrincipalFacts, name: &str, document: String) -> usize {
    facts.inline.retain(|inline| inline.name != name);
    let name = name.to_owned();
    facts.inline.push(InlineFacts { name, document });
    facts.inline.sort_by(|a, b| a.name.cmp(&b.name));
    let texts = facts.inline.iter().map(|inline| &inline.document);
    let counted = texts.flat_map(|text| text.chars());
    counted.filter(|c| !c.is_whitespace()).count()
}

/// Takes a change back from a principal, whether it is there or not.
pub fn take_back(facts: &mut PrincipalFacts, change: &EffectChange) {
    match change {
        EffectChange::PolicyAttached { policy_arn } => {
            facts.attached.retain(|arn| arn != policy_arn.as_str());
        }
        EffectChange::InlinePolicyPut { name, .. } => {
            facts.inline.retain(|inline| inline.name != *name);
        }
        EffectChange::GroupJoined { group, .. } => {
            facts.groups.retain(|one| one.name != group.as_str());
        }
        EffectChange::UserCreated { .. } => {
            put(facts, LIFE_POLICY_NAME, LifePolicy::Over.document());
        }
    }
}

/// How a change is listed: the words for making it and for removing it, and what it concerns.
pub(super) fn reported(change: &EffectChange) -> (&'static str, &'static str, &str) {
    match change {
        EffectChange::PolicyAttached { policy_arn } => ("attach", "detach", policy_arn.as_str()),
        EffectChange::InlinePolicyPut { name, .. } => ("put", "delete", name),
        EffectChange::GroupJoined { group, .. } => ("join", "leave", group.as_str()),
        EffectChange::UserCreated { name, .. } => ("live", "end", name.as_str()),
    }
}

/// A role is in no group.
pub(super) fn suits(
    operation: &'static str,
    principal: &Principal,
    change: &EffectChange,
) -> Result<(), CallError> {
    match (principal.kind, change) {
        (PrincipalType::Role, EffectChange::GroupJoined { .. }) => {
            Err(CallError::permanent(operation, "RolesHaveNoGroups"))
        }
        (PrincipalType::Role, EffectChange::UserCreated { .. }) => {
            Err(CallError::permanent(operation, "NoUser"))
        }
        _ => Ok(()),
    }
}
