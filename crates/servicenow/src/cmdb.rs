//! Reading what entitlements are judged by.
//!
//! Look-ups use `=` and `IN` alone and ask for no order, since query ACLs may refuse ranges and sorting. Keys go in batches that
//! fit an address, the batches side by side within what the session has in flight. A fact is known only if every record that
//! matches was seen: the total must be there and be met, over all pages.

mod addresses;
mod complete;
mod items;
mod key;
mod parents;
mod people;

use std::time::Duration;

use ports::cmdb::{Cmdb, Found};
use snowgate_core::entitlement::{
    ApplicationRule, ConfigurationItem, DelegatedTo, DelegationFlag, GroupMembership, NestedGroup,
    Parent, Profile, ResourceRef, RoleHeld, UserRef, UserState,
};
use snowgate_core::id::SysId;

use crate::session::Session;
use complete::Lookups;

/// Reads the CMDB. Holds nothing between calls but the session.
#[derive(Debug, Clone)]
pub struct CmdbReader {
    session: Session,
}

impl CmdbReader {
    /// A reader over this session.
    #[must_use]
    pub const fn new(session: Session) -> Self {
        Self { session }
    }

    fn lookups(&self, within: Duration) -> Lookups<'_> {
        Lookups::new(&self.session, within)
    }
}

impl Cmdb for CmdbReader {
    async fn users(&self, users: &[UserRef], within: Duration) -> Found<UserRef, Vec<UserState>> {
        people::users(&self.lookups(within), users).await
    }

    async fn groups_of(
        &self,
        people: &[SysId],
        within: Duration,
    ) -> Found<SysId, Vec<GroupMembership>> {
        people::groups_of(&self.lookups(within), people).await
    }

    async fn groups(
        &self,
        groups: &[SysId],
        within: Duration,
    ) -> Found<SysId, Option<NestedGroup>> {
        people::groups(&self.lookups(within), groups).await
    }

    async fn delegations_to(
        &self,
        people: &[SysId],
        flag: DelegationFlag,
        within: Duration,
    ) -> Found<SysId, Vec<DelegatedTo>> {
        people::delegations_to(&self.lookups(within), people, flag).await
    }

    async fn roles_of(
        &self,
        people: &[SysId],
        role: &SysId,
        within: Duration,
    ) -> Found<SysId, Vec<RoleHeld>> {
        people::roles_of(&self.lookups(within), people, role).await
    }

    async fn items(
        &self,
        resources: &[ResourceRef],
        profile: &Profile,
        within: Duration,
    ) -> Found<ResourceRef, Vec<ConfigurationItem>> {
        items::items(&self.lookups(within), resources, profile).await
    }

    async fn parents(
        &self,
        items: &[SysId],
        rule: &ApplicationRule,
        within: Duration,
    ) -> Found<SysId, Vec<Parent>> {
        parents::parents(&self.lookups(within), items, rule).await
    }
}
