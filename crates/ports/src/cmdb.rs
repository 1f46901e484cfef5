//! The CMDB, as entitlements are judged by it: one look-up for each kind of fact, which is also what is cached.

use std::future::Future;
use std::time::Duration;

use snowgate_core::entitlement::{
    ApplicationRule, ConfigurationItem, DelegatedTo, DelegationFlag, Fact, GroupMembership,
    NestedGroup, Parent, Profile, ResourceRef, RoleHeld, UserRef, UserState,
};
use snowgate_core::id::SysId;

/// What was found: each key that was asked for, once, in any order.
pub type Found<K, V> = Vec<(K, Fact<V>)>;

/// Looks facts up. A look-up never fails as a whole: what could not be read in the time that it was given, may not be read,
/// or contradicts itself is a fact that is not read. A fact is known only if every record that matches was seen, and each
/// shows what it was asked for by. Keys are distinct, and there may be many: whoever implements this makes batches.
pub trait Cmdb: Send + Sync {
    /// The records of people.
    fn users(
        &self,
        users: &[UserRef],
        within: Duration,
    ) -> impl Future<Output = Found<UserRef, Vec<UserState>>> + Send;

    /// The direct memberships of people.
    fn groups_of(
        &self,
        people: &[SysId],
        within: Duration,
    ) -> impl Future<Output = Found<SysId, Vec<GroupMembership>>> + Send;

    /// Groups; none where there is no such record.
    fn groups(
        &self,
        groups: &[SysId],
        within: Duration,
    ) -> impl Future<Output = Found<SysId, Option<NestedGroup>>> + Send;

    /// What has been delegated to people with this flag, whatever the dates.
    fn delegations_to(
        &self,
        people: &[SysId],
        flag: DelegationFlag,
        within: Duration,
    ) -> impl Future<Output = Found<SysId, Vec<DelegatedTo>>> + Send;

    /// The rows by which people hold this role, inherited ones too.
    fn roles_of(
        &self,
        people: &[SysId],
        role: &SysId,
        within: Duration,
    ) -> impl Future<Output = Found<SysId, Vec<RoleHeld>>> + Send;

    /// The items that references lead to, with the fields of the profile; retired ones and duplicates too.
    fn items(
        &self,
        resources: &[ResourceRef],
        profile: &Profile,
        within: Duration,
    ) -> impl Future<Output = Found<ResourceRef, Vec<ConfigurationItem>>> + Send;

    /// The applications one relation above items, with the fields of the rule.
    fn parents(
        &self,
        items: &[SysId],
        rule: &ApplicationRule,
        within: Duration,
    ) -> impl Future<Output = Found<SysId, Vec<Parent>>> + Send;
}
