//! Whose a user's name is: one user's at a time, and its owner's for a while after it was deleted.
//!
//! Policies of keys, buckets and roles match by name (`aws:PrincipalArn`, `aws:username`). Whoever takes
//! the name of a user that is gone has what they still give to it.

use jiff::{SignedDuration, Timestamp};

use super::IdentityEvent;
use crate::id::{IdentityId, SysId};
use crate::time::shifted;

/// How long the name of a user that was deleted is kept for its owner.
pub const NAME_KEPT_FOR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Whose a name is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldName {
    /// The user that has it; none once that is gone.
    pub identity: Option<IdentityId>,
    /// The person whom the user belongs to that has it or had it last, or was to have it.
    pub owner: SysId,
    /// Until when nobody else can have it; none where no user of this name was deleted.
    pub kept_until: Option<Timestamp>,
}

impl HeldName {
    /// Whether a new user of this person can have the name.
    #[must_use]
    pub fn is_free_for(&self, owner: &SysId, now: Timestamp) -> bool {
        let is_kept = self.kept_until.is_some_and(|until| now < until);
        self.identity.is_none() && (!is_kept || self.owner == *owner)
    }
}

/// What an event means for the name of its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameStep {
    /// The user takes it, where it is free for its owner.
    Claim,
    /// The user gives it up, and it is kept for its owner until then.
    Keep(Timestamp),
    /// The user gives it up, for it was never there: until when the name is kept stays as it was.
    Release,
}

impl IdentityEvent {
    /// What it means for the name of the user; none where nothing changes. The name of a user that
    /// was abandoned stays with it: it may be there.
    #[must_use]
    pub fn name_step(&self, at: Timestamp) -> Option<NameStep> {
        match self {
            Self::Begun { .. } => Some(NameStep::Claim),
            Self::Deleted => Some(NameStep::Keep(shifted(at, NAME_KEPT_FOR))),
            Self::Discarded => Some(NameStep::Release),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RequestId;
    use crate::record::tests::at;

    #[test]
    fn a_name_is_free_for_its_owner_first_and_for_others_a_year_later() {
        let owner: SysId = "aa".repeat(16).parse().unwrap();
        let other: SysId = "bb".repeat(16).parse().unwrap();
        let held = HeldName {
            identity: Some(IdentityId::of(&RequestId::from_random([1; 16]))),
            owner: owner.clone(),
            kept_until: None,
        };
        assert!(!held.is_free_for(&owner, at(0)) && !held.is_free_for(&other, at(0)));
        let Some(NameStep::Keep(until)) = IdentityEvent::Deleted.name_step(at(0)) else {
            panic!("the name of a user that was deleted is kept");
        };
        assert_eq!(until, at(365 * 86_400));
        let kept = HeldName {
            identity: None,
            kept_until: Some(until),
            ..held
        };
        let year = 365 * 86_400;
        assert!(kept.is_free_for(&owner, at(1)) && !kept.is_free_for(&other, at(year - 1)));
        assert!(kept.is_free_for(&other, at(year)));
        let released = HeldName {
            kept_until: None,
            ..kept
        };
        assert!(released.is_free_for(&other, at(1)));
    }
}
