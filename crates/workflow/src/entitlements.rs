//! Answers questions about entitlements: looks up in rounds what the rules need, until they need no more or the time is up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::{join, join4};
use jiff::Timestamp;
use ports::Clock;
use ports::cmdb::{Cmdb, Found};
use snowgate_core::entitlement::{
    Entitlement, Fact, Judged, Need, Profile, Question, ResourceRef, Snapshot, Unread, UserRef,
    judge,
};
use snowgate_core::id::SysId;

/// More rounds than any question needs: people and items, groups up to ten above each other, relations, delegators and
/// their groups, roles.
const MOST_ROUNDS: usize = 40;

/// The answers, in the order in which was asked; of what was asked twice, two. What is not known by the deadline is not
/// entitled, and says that asking again may help.
pub async fn verify(
    cmdb: &impl Cmdb,
    clock: &Clock,
    profile: &Profile,
    question: &Question,
    deadline: Duration,
) -> Vec<Entitlement> {
    let begun = clock.now();
    let resources: BTreeSet<&ResourceRef> = question.resources.iter().collect();
    let mut verdicts: BTreeMap<&ResourceRef, Entitlement> = BTreeMap::new();
    let mut snapshot = Snapshot::default();
    for _ in 0..MOST_ROUNDS {
        let mut needs = BTreeSet::new();
        for resource in &resources {
            if verdicts.contains_key(resource) {
                continue;
            }
            match judge(profile, &question.user, resource, &snapshot, clock.now()) {
                Judged::Verdict(verdict) => drop(verdicts.insert(resource, verdict)),
                Judged::Needs(more) => needs.extend(more),
            }
        }
        if needs.is_empty() {
            break;
        }
        // Each verdict that is missing needs something that was never asked for: this comes to an end.
        let left = remaining(begun, clock.now(), deadline);
        look_up(cmdb, profile, &mut snapshot, needs, left).await;
    }
    let verdicts = question.resources.iter().map(|resource| {
        let verdict = verdicts.get(resource).cloned();
        verdict.unwrap_or_else(|| Entitlement::unavailable(resource))
    });
    verdicts.collect()
}

/// How much of the time is left; nothing where the clock was set back or the time is up.
fn remaining(begun: Timestamp, now: Timestamp, deadline: Duration) -> Duration {
    match now.duration_since(begun).unsigned_abs() {
        _ if now < begun => Duration::ZERO,
        passed => deadline.saturating_sub(passed),
    }
}

/// What is needed, by kind.
#[derive(Default)]
struct ByKind {
    users: Vec<UserRef>,
    groups_of: Vec<SysId>,
    groups: Vec<SysId>,
    delegations: Vec<SysId>,
    roles: Vec<SysId>,
    items: Vec<ResourceRef>,
    parents: Vec<SysId>,
}

/// Looks everything up that is needed, all kinds side by side, and notes what was found. What was not answered is noted
/// as not read, so that it is never asked for twice.
async fn look_up(
    cmdb: &impl Cmdb,
    profile: &Profile,
    snapshot: &mut Snapshot,
    needs: BTreeSet<Need>,
    within: Duration,
) {
    let mut wanted = ByKind::default();
    for need in needs {
        match need {
            Need::User(user) => wanted.users.push(user),
            Need::GroupsOf(person) => wanted.groups_of.push(person),
            Need::Group(group) => wanted.groups.push(group),
            Need::DelegationsTo(person) => wanted.delegations.push(person),
            Need::RolesOf(person) => wanted.roles.push(person),
            Need::Items(resource) => wanted.items.push(resource),
            Need::Parents(item) => wanted.parents.push(item),
        }
    }
    let users = unless_none(&wanted.users, within, |keys| cmdb.users(keys, within));
    let groups_of = unless_none(&wanted.groups_of, within, |keys| {
        cmdb.groups_of(keys, within)
    });
    let groups = unless_none(&wanted.groups, within, |keys| cmdb.groups(keys, within));
    let delegations = async {
        match profile.delegation {
            Some(flag) => {
                unless_none(&wanted.delegations, within, |keys| {
                    cmdb.delegations_to(keys, flag, within)
                })
                .await
            }
            None => Vec::new(),
        }
    };
    let roles = async {
        match &profile.role {
            Some(role) => {
                unless_none(&wanted.roles, within, |keys| {
                    cmdb.roles_of(keys, role, within)
                })
                .await
            }
            None => Vec::new(),
        }
    };
    let items = unless_none(&wanted.items, within, |keys| {
        cmdb.items(keys, profile, within)
    });
    let parents = async {
        match &profile.applications {
            Some(rule) => {
                unless_none(&wanted.parents, within, |keys| {
                    cmdb.parents(keys, rule, within)
                })
                .await
            }
            None => Vec::new(),
        }
    };
    let people = join4(users, groups_of, groups, delegations);
    let ((users, groups_of, groups, delegations), ((roles, items), parents)) =
        join(people, join(join(roles, items), parents)).await;
    note(&mut snapshot.users, wanted.users, users);
    note(&mut snapshot.groups_of, wanted.groups_of, groups_of);
    note(&mut snapshot.groups, wanted.groups, groups);
    note(&mut snapshot.delegations, wanted.delegations, delegations);
    note(&mut snapshot.roles, wanted.roles, roles);
    note(&mut snapshot.items, wanted.items, items);
    note(&mut snapshot.parents, wanted.parents, parents);
}

/// Asks for these keys, if there are any and there is time.
async fn unless_none<'k, K, V, F: Future<Output = Found<K, V>>>(
    keys: &'k [K],
    within: Duration,
    ask: impl FnOnce(&'k [K]) -> F,
) -> Found<K, V> {
    match keys.is_empty() || within.is_zero() {
        true => Vec::new(),
        false => ask(keys).await,
    }
}

/// Notes what was found for the keys that were asked for, and for no others.
fn note<K: Ord, V>(facts: &mut BTreeMap<K, Fact<V>>, asked: Vec<K>, found: Found<K, V>) {
    let mut found: BTreeMap<K, Fact<V>> = found.into_iter().collect();
    for key in asked {
        let fact = found.remove(&key);
        facts.insert(key, fact.unwrap_or(Fact::Unread(Unread::Unavailable)));
    }
}

#[cfg(test)]
mod tests;
