//! Goes through the rules.

use std::cell::Cell;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::applications::application;
use super::fact::{Fact, Freshness, Unread};
use super::profile::Profile;
use super::question::UserRef;
use super::resolve;
use super::resource::ResourceRef;
use super::snapshot::{ConfigurationItem, Need, Snapshot};
use super::standing::{Owned, group, owner};
use super::verdict::{Entitlement, EntitlementCode, EntitlementRule, Proof, Resolved};
use crate::id::SysId;

/// The most delegations to one person that are looked at.
const MOST_DELEGATIONS: usize = 50;

/// What is said about one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// The answer.
    Verdict(Entitlement),
    /// What has to be looked up first; never empty.
    Needs(Vec<Need>),
}

/// Why a rule cannot say whether it holds.
pub(super) enum Stop {
    /// Something has to be looked up.
    Needs(Vec<Need>),
    /// Something was looked up in vain.
    Unread(Unread),
    /// It says no for all rules.
    No(EntitlementCode),
}

impl Stop {
    /// The one of two that is said: that asking again may help, or else the one that came first.
    fn before(self, earlier: Option<Self>) -> Self {
        match (earlier, self) {
            (None, only) | (Some(_), only @ Self::Unread(Unread::Unavailable)) => only,
            (Some(earlier), _) => earlier,
        }
    }
}

impl From<EntitlementCode> for Stop {
    fn from(code: EntitlementCode) -> Self {
        Self::No(code)
    }
}

/// What one rule says: what it rests on where it holds, none where it does not.
pub(super) type Said = Result<Option<Vec<Proof>>, Stop>;

/// The facts of a verification, and how old the oldest is that was looked at.
pub(super) struct Facts<'s> {
    pub(super) snapshot: &'s Snapshot,
    oldest: Cell<Option<Freshness>>,
}

impl<'s> Facts<'s> {
    /// One fact.
    pub(super) fn get<K: Ord + Clone, V>(
        &self,
        of: &'s BTreeMap<K, Fact<V>>,
        key: &K,
        need: fn(K) -> Need,
    ) -> Result<&'s V, Stop> {
        match of.get(key) {
            None => Err(Stop::Needs(vec![need(key.clone())])),
            Some(Fact::Unread(why)) => Err(Stop::Unread(*why)),
            Some(Fact::Known { value, freshness }) => {
                let oldest = self.oldest.get();
                let oldest = oldest.map_or(*freshness, |oldest| oldest.and(*freshness));
                self.oldest.set(Some(oldest));
                Ok(value)
            }
        }
    }
}

/// Tries several ways to the same rule. The first that holds counts; whatever has to be looked up for any of those
/// before it is looked up together; and what could not be read is why it does not hold.
pub(super) fn any(ways: impl IntoIterator<Item = Said>) -> Said {
    let (mut needs, mut stopped) = (Vec::new(), None);
    for said in ways {
        match said {
            Ok(None) => {}
            Ok(Some(proofs)) if needs.is_empty() => return Ok(Some(proofs)),
            Ok(Some(_)) => break,
            Err(Stop::Needs(more)) => needs.extend(more),
            Err(stop) => stopped = Some(stop.before(stopped)),
        }
    }
    match (needs.is_empty(), stopped) {
        (false, _) => Err(Stop::Needs(needs)),
        (true, Some(stop)) => Err(stop),
        (true, None) => Ok(None),
    }
}

/// Whether the user is entitled to the resource by the rules of the profile at this moment, or what has to be
/// looked up first. Once everything that was asked for has been put into the snapshot, found or not, asking again
/// comes closer to a verdict; there are at most as many rounds as relations in a row.
#[must_use]
pub fn judge(
    profile: &Profile,
    user: &UserRef,
    resource: &ResourceRef,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Judged {
    let facts = Facts {
        snapshot,
        oldest: Cell::new(None),
    };
    match verdict(profile, user, resource, &facts, now) {
        Err(mut needs) => {
            needs.sort();
            needs.dedup();
            Judged::Needs(needs)
        }
        Ok(mut verdict) => {
            verdict.freshness = facts.oldest.get();
            Judged::Verdict(verdict)
        }
    }
}

fn verdict(
    profile: &Profile,
    user: &UserRef,
    resource: &ResourceRef,
    facts: &Facts<'_>,
    now: Timestamp,
) -> Result<Entitlement, Vec<Need>> {
    let by = resource.matched_by();
    let no = |code, item| Ok(Entitlement::no(code, item, by));
    let (user, item) = match (resolve::user(facts, user), resolve::item(facts, resource)) {
        (Err(Stop::Needs(user)), Err(Stop::Needs(item))) => return Err([user, item].concat()),
        (Err(Stop::Needs(needs)), _) => return Err(needs),
        (Err(Stop::Unread(why)), _) => return no(why.into(), None),
        (Err(Stop::No(code)), _) => return no(code, None),
        (Ok(_), Err(Stop::Needs(needs))) => return Err(needs),
        (Ok(_), Err(Stop::Unread(why))) => return no(why.into(), None),
        (Ok(_), Err(Stop::No(code))) => return no(code, None),
        (Ok(user), Ok(item)) => (user, item),
    };
    let resolved = Resolved {
        sys_id: item.sys_id.clone(),
        class: item.class.clone(),
    };
    if let Err(code) = resolve::state(item, &profile.statuses) {
        return no(code, Some(resolved));
    }
    let mut why: Option<Stop> = None;
    for rule in RULES {
        let said = match rule {
            EntitlementRule::Delegation => delegation(profile, &user.sys_id, item, facts, now),
            EntitlementRule::RoleOverride => role(profile, &user.sys_id, facts),
            direct => by_rule(direct, profile, &user.sys_id, item, facts),
        };
        match said {
            Ok(None) => {}
            Ok(Some(evidence)) => return Ok(Entitlement::yes(rule, resolved, by, evidence)),
            Err(Stop::Needs(needs)) => return Err(needs),
            Err(stop) => why = Some(stop.before(why)),
        }
    }
    let code = match why {
        Some(Stop::Unread(why)) => why.into(),
        Some(Stop::No(code)) => code,
        Some(Stop::Needs(_)) | None => EntitlementCode::NotEntitled,
    };
    no(code, Some(resolved))
}

/// All rules, in order.
const RULES: [EntitlementRule; 5] = [
    EntitlementRule::Ownership,
    EntitlementRule::Group,
    EntitlementRule::Application,
    EntitlementRule::Delegation,
    EntitlementRule::RoleOverride,
];

/// What one of the rules says that can be delegated.
fn by_rule(
    rule: EntitlementRule,
    profile: &Profile,
    person: &SysId,
    item: &ConfigurationItem,
    facts: &Facts<'_>,
) -> Said {
    let owned = Owned {
        table: &item.class,
        record: &item.sys_id,
        fields: &item.fields,
    };
    match rule {
        EntitlementRule::Ownership => owner(&owned, &profile.owner_fields, person),
        EntitlementRule::Group => match &profile.groups {
            Some(rule) => group(&owned, &rule.fields, rule.nesting, person, facts),
            None => Ok(None),
        },
        EntitlementRule::Application => match &profile.applications {
            Some(rule) => application(rule, profile, &item.sys_id, person, facts),
            None => Ok(None),
        },
        EntitlementRule::Delegation | EntitlementRule::RoleOverride => Ok(None),
    }
}

/// By somebody who is entitled by one of the rules that can be delegated, and has delegated to this person.
fn delegation(
    profile: &Profile,
    person: &SysId,
    item: &ConfigurationItem,
    facts: &Facts<'_>,
    now: Timestamp,
) -> Said {
    if profile.delegation.is_none() {
        return Ok(None);
    }
    let found = facts.get(&facts.snapshot.delegations, person, Need::DelegationsTo)?;
    let mut holding: Vec<_> = found
        .iter()
        .filter(|one| one.holds(now) && one.from != *person)
        .collect();
    if holding.len() > MOST_DELEGATIONS {
        return Err(Stop::Unread(Unread::TooMany));
    }
    holding.sort();
    any(holding.into_iter().map(|delegated| {
        let delegator = UserRef::SysId(delegated.from.clone());
        let from = match resolve::user(facts, &delegator) {
            Ok(user) => &user.sys_id,
            // Whoever may not act may not be acted for.
            Err(Stop::No(_)) => return Ok(None),
            Err(stop) => return Err(stop),
        };
        let rules = RULES.into_iter().take(3);
        let proofs = any(rules.map(|rule| by_rule(rule, profile, from, item, facts)))?;
        Ok(proofs.map(|mut proofs| {
            proofs.push(Proof {
                table: "sys_user_delegate".to_owned(),
                record: delegated.record.clone(),
                field: "delegate".to_owned(),
            });
            proofs
        }))
    }))
}

/// By the role that counts for everything.
fn role(profile: &Profile, person: &SysId, facts: &Facts<'_>) -> Said {
    let Some(role) = &profile.role else {
        return Ok(None);
    };
    if let Some(Fact::Known { freshness, .. }) = facts.snapshot.roles.get(person)
        && freshness.stale
    {
        // Whoever lost the role may use it no longer, whatever is answered meanwhile.
        return Err(Stop::Unread(Unread::Unavailable));
    }
    let held = facts.get(&facts.snapshot.roles, person, Need::RolesOf)?;
    let rows = held.iter().filter(|row| row.role == *role && row.active);
    Ok(rows.min().map(|row| {
        vec![Proof {
            table: "sys_user_has_role".to_owned(),
            record: row.record.clone(),
            field: "role".to_owned(),
        }]
    }))
}
