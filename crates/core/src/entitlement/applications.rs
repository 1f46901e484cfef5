//! The applications that an item is part of, and whether the user is in charge of one of them.

use std::collections::{BTreeMap, BTreeSet};

use super::fact::Unread;
use super::judge::{Facts, Said, Stop, any};
use super::profile::{ApplicationRule, Profile};
use super::snapshot::{Need, Parent, is_retired};
use super::standing::{Owned, group, owner};
use super::verdict::{EntitlementCode, Proof};
use crate::id::SysId;

/// The most applications that are looked at for one item.
const MOST: usize = 1_000;

/// Whether the person owns an application that the item is part of, or counts for a group that it names. An item that is
/// part of many applications belongs to the team of none, unless the profile says otherwise.
pub(super) fn application(
    rule: &ApplicationRule,
    profile: &Profile,
    item: &SysId,
    person: &SysId,
    facts: &Facts<'_>,
) -> Said {
    let found = all(rule, item, facts)?;
    let applications: BTreeSet<_> = found.iter().map(|path| &path.parent.sys_id).collect();
    if applications.len() > usize::from(rule.most) && !rule.shared {
        return Err(Stop::No(EntitlementCode::Shared));
    }
    let nesting = profile.groups.as_ref().map_or(0, |groups| groups.nesting);
    any(found.iter().map(|path| {
        let owned = Owned {
            table: "cmdb_ci",
            record: &path.parent.sys_id,
            fields: &path.parent.fields,
        };
        let proofs = any([
            owner(&owned, &rule.owner_fields, person),
            group(&owned, &rule.group_fields, nesting, person, facts),
        ])?;
        Ok(proofs.map(|proofs| path.relations().chain(proofs).collect()))
    }))
}

/// An application, and the relations that lead to it from the item.
#[derive(Clone)]
struct PathUp<'s> {
    parent: &'s Parent,
    before: Vec<&'s Parent>,
}

impl PathUp<'_> {
    fn relations(&self) -> impl Iterator<Item = Proof> + '_ {
        let relations = self.before.iter().copied().chain([self.parent]);
        relations.map(|parent| Proof {
            table: parent.by.table().to_owned(),
            record: parent.record.clone(),
            field: "parent".to_owned(),
        })
    }
}

/// All applications up to the depth of the rule, the nearest first, whatever the order of rows. If any relation could not be
/// read the item may be part of more, so none counts.
fn all<'s>(
    rule: &ApplicationRule,
    item: &SysId,
    facts: &Facts<'s>,
) -> Result<Vec<PathUp<'s>>, Stop> {
    let mut found: Vec<PathUp<'s>> = Vec::new();
    let mut below: BTreeMap<SysId, Vec<&'s Parent>> = BTreeMap::from([(item.clone(), Vec::new())]);
    let mut seen: BTreeSet<SysId> = BTreeSet::from([item.clone()]);
    for _ in 0..rule.depth {
        let mut next = BTreeMap::new();
        let mut needs = Vec::new();
        for (child, before) in &below {
            let parents = match facts.get(&facts.snapshot.parents, child, Need::Parents) {
                Ok(parents) => parents,
                Err(Stop::Needs(more)) => {
                    needs.extend(more);
                    continue;
                }
                Err(stop) => return Err(stop),
            };
            let mut parents: Vec<&Parent> = parents.iter().collect();
            parents.sort_by_key(|parent| (&parent.sys_id, parent.by, &parent.record));
            for parent in parents {
                let install = parent.install_status.as_deref();
                match is_retired(install, parent.operational_status.as_deref()) {
                    Some(true) => continue,
                    Some(false) => {}
                    None => return Err(Stop::Unread(Unread::Inconsistent)),
                }
                if seen.contains(&parent.sys_id) {
                    continue;
                }
                let before = before.clone();
                found.push(PathUp { parent, before });
                let mut upward = found
                    .last()
                    .map(|path| path.before.clone())
                    .unwrap_or_default();
                upward.push(parent);
                next.entry(parent.sys_id.clone()).or_insert(upward);
            }
        }
        if !needs.is_empty() {
            return Err(Stop::Needs(needs));
        }
        seen.extend(next.keys().cloned());
        if seen.len() > MOST {
            return Err(Stop::Unread(Unread::TooMany));
        }
        below = next;
    }
    Ok(found)
}
