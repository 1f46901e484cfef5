//! What a user or role has that no request gave to it.

use jiff::Timestamp;

use super::PrincipalFacts;
use crate::effect::EffectChange;
use crate::identity::LIFE_POLICY_NAME;
use crate::markup::code;

impl PrincipalFacts {
    /// What it has that is none of these changes ([`EffectChange::key`]), in words: its managed policies, its
    /// inline policies but for the life policy, and its groups.
    #[must_use]
    pub fn beside(&self, known: &[String]) -> Vec<String> {
        let attached = self.attached.iter().map(|arn| match arn.parse() {
            Ok(policy_arn) => Ok(EffectChange::PolicyAttached { policy_arn }),
            Err(_) => Err(format!("policy {}", code(arn))),
        });
        let inline = self.inline.iter();
        let inline = inline.filter(|inline| inline.name != LIFE_POLICY_NAME);
        let inline = inline.map(|inline| {
            Ok(EffectChange::InlinePolicyPut {
                name: inline.name.clone(),
                document: String::new(),
                ends_at: Timestamp::UNIX_EPOCH,
            })
        });
        let groups = self.groups.iter().map(|group| match group.name.parse() {
            Ok(name) => Ok(EffectChange::GroupJoined {
                group: name,
                unique_id: Some(group.unique_id.clone()),
            }),
            Err(_) => Err(format!("membership in group {}", code(&group.name))),
        });
        let all = attached.chain(inline).chain(groups);
        let unknown = all.filter_map(|found| match found {
            Ok(change) => (!known.contains(&change.key())).then(|| change.in_words()),
            Err(unreadable) => Some(unreadable),
        });
        unknown.collect()
    }
}
