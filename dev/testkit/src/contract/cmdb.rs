//! What reading the CMDB must do.

use std::fmt::Debug;
use std::time::Duration;

use ports::cmdb::{Cmdb, Found};
use snowgate_core::entitlement::{Fact, Profile, ResourceRef, Snapshot, UserRef};

use crate::samples::sys_id;

/// What the CMDB under test holds, and the profile whose fields, roles and flags it holds it for.
#[derive(Debug, Clone)]
pub struct CmdbWorld {
    /// With applications, a role and a delegation flag.
    pub profile: Profile,
    /// At least one fact of each kind.
    pub facts: Snapshot,
}

const LONG: Duration = Duration::from_secs(20);

/// Every fact reads as it is, whatever is asked for beside it, and of what is not there nothing is found.
pub async fn cmdb(cmdb: &impl Cmdb, world: &CmdbWorld) {
    let CmdbWorld { profile, facts } = world;
    let nobody = [sys_id()];
    let with = |keys: Vec<_>| [keys, nobody.to_vec()].concat();

    let users: Vec<UserRef> = facts.users.keys().cloned().collect();
    let nowhere = UserRef::SysId(sys_id());
    let found = cmdb.users(&[users, vec![nowhere]].concat(), LONG).await;
    same(found, &facts.users);

    let people = with(facts.groups_of.keys().cloned().collect());
    same(cmdb.groups_of(&people, LONG).await, &facts.groups_of);

    let groups = with(facts.groups.keys().cloned().collect());
    same(cmdb.groups(&groups, LONG).await, &facts.groups);

    let people = with(facts.delegations.keys().cloned().collect());
    let flag = profile.delegation.unwrap();
    let found = cmdb.delegations_to(&people, flag, LONG).await;
    same(found, &facts.delegations);

    let people = with(facts.roles.keys().cloned().collect());
    let role = profile.role.as_ref().unwrap();
    same(cmdb.roles_of(&people, role, LONG).await, &facts.roles);

    let mut resources: Vec<ResourceRef> = facts.items.keys().cloned().collect();
    let nowhere = ["no-such-host", "no-such-host.example", "10.99.99.99"];
    resources.extend(nowhere.map(|text| text.parse().unwrap()));
    same(cmdb.items(&resources, profile, LONG).await, &facts.items);

    let items = with(facts.parents.keys().cloned().collect());
    let rule = profile.applications.as_ref().unwrap();
    same(cmdb.parents(&items, rule, LONG).await, &facts.parents);
}

/// The same values for the keys that there are facts of, nothing for the others, each key once; when they were read
/// does not matter.
fn same<K: Ord + Debug, V: Default + PartialEq + Debug>(
    found: Found<K, V>,
    facts: &std::collections::BTreeMap<K, Fact<V>>,
) {
    assert!(!facts.is_empty(), "a world has facts of each kind");
    assert!(found.len() > facts.len());
    let mut seen = std::collections::BTreeSet::new();
    for (key, fact) in found {
        match (&fact, facts.get(&key)) {
            (Fact::Known { value, .. }, Some(Fact::Known { value: wanted, .. })) => {
                assert_eq!(value, wanted, "{key:?}");
            }
            (Fact::Known { value, .. }, None) => assert_eq!(value, &V::default(), "{key:?}"),
            (fact, wanted) => assert_eq!(Some(fact), wanted, "{key:?}"),
        }
        assert!(seen.insert(key), "answered twice");
    }
}
