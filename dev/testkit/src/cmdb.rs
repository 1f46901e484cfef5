//! A CMDB in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use ports::cmdb::{Cmdb, Found};
use snowgate_core::entitlement::{
    ApplicationRule, ConfigurationItem, DelegatedTo, DelegationFlag, Fact, GroupMembership, Need,
    NestedGroup, Parent, Profile, ResourceRef, RoleHeld, Snapshot, UserRef, UserState,
};
use snowgate_core::id::SysId;

/// Facts, as they are looked up. What is not among them is not there.
#[derive(Debug, Clone, Default)]
pub struct FakeCmdb(Arc<Mutex<Facts>>);

#[derive(Debug, Default)]
struct Facts {
    facts: Snapshot,
    asked: Vec<Need>,
}

impl FakeCmdb {
    /// A CMDB that holds these facts.
    #[must_use]
    pub fn new(facts: Snapshot) -> Self {
        let facts = Facts {
            facts,
            asked: Vec::new(),
        };
        Self(Arc::new(Mutex::new(facts)))
    }

    /// Changes the facts.
    pub fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        change(&mut self.0.lock().unwrap().facts);
    }

    /// What was looked up since it was last asked, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<Need> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }

    fn find<K: Ord + Clone, V: Clone + Default>(
        &self,
        keys: &[K],
        of: fn(&Snapshot) -> &BTreeMap<K, Fact<V>>,
        need: fn(K) -> Need,
    ) -> Found<K, V> {
        let mut held = self.0.lock().unwrap();
        held.asked.extend(keys.iter().cloned().map(need));
        let fact = |key: &K| {
            let found = of(&held.facts).get(key).cloned();
            found.unwrap_or_else(|| Fact::read(V::default(), Timestamp::UNIX_EPOCH))
        };
        keys.iter().map(|key| (key.clone(), fact(key))).collect()
    }
}

impl Cmdb for FakeCmdb {
    async fn users(&self, users: &[UserRef], _: Duration) -> Found<UserRef, Vec<UserState>> {
        self.find(users, |facts| &facts.users, Need::User)
    }

    async fn groups_of(&self, people: &[SysId], _: Duration) -> Found<SysId, Vec<GroupMembership>> {
        self.find(people, |facts| &facts.groups_of, Need::GroupsOf)
    }

    async fn groups(&self, groups: &[SysId], _: Duration) -> Found<SysId, Option<NestedGroup>> {
        self.find(groups, |facts| &facts.groups, Need::Group)
    }

    async fn delegations_to(
        &self,
        people: &[SysId],
        _: DelegationFlag,
        _: Duration,
    ) -> Found<SysId, Vec<DelegatedTo>> {
        self.find(people, |facts| &facts.delegations, Need::DelegationsTo)
    }

    async fn roles_of(
        &self,
        people: &[SysId],
        role: &SysId,
        _: Duration,
    ) -> Found<SysId, Vec<RoleHeld>> {
        let mut found = self.find(people, |facts| &facts.roles, Need::RolesOf);
        for (_, fact) in &mut found {
            if let Fact::Known { value, .. } = fact {
                value.retain(|held| held.role == *role);
            }
        }
        found
    }

    async fn items(
        &self,
        resources: &[ResourceRef],
        _: &Profile,
        _: Duration,
    ) -> Found<ResourceRef, Vec<ConfigurationItem>> {
        self.find(resources, |facts| &facts.items, Need::Items)
    }

    async fn parents(
        &self,
        items: &[SysId],
        _: &ApplicationRule,
        _: Duration,
    ) -> Found<SysId, Vec<Parent>> {
        self.find(items, |facts| &facts.parents, Need::Parents)
    }
}
