//! What follows from the grants of a request, taken together.

use jiff::Timestamp;

use super::{AccessRequest, UserTags};
use crate::id::SysId;

impl AccessRequest {
    /// Whether its grants put an inline policy.
    #[must_use]
    pub fn puts_inline_policy(&self) -> bool {
        let mut grants = self.grants.iter();
        grants.any(|grant| grant.comes_to(&self.target, None, Timestamp::MIN).is_none())
    }

    /// What the request says of a user that it creates, or that a request before created which it
    /// extends: its tags, and whom it is to belong to.
    #[must_use]
    pub fn user(&self) -> Option<(&UserTags, &SysId)> {
        let mut grants = self.grants.iter();
        let (tags, owner) = grants.find_map(|grant| grant.named().user())?;
        Some((tags, owner.unwrap_or(&self.requested_by)))
    }

    /// Whether the target is a user that this request creates.
    #[must_use]
    pub fn creates_user(&self) -> bool {
        self.extends.is_none() && self.user().is_some()
    }
}
