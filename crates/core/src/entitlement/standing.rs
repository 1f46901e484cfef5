//! Whether a record names a person, or a group that the person counts for.

use std::collections::{BTreeMap, BTreeSet};

use super::fact::Unread;
use super::judge::{Facts, Said, Stop};
use super::profile::FieldName;
use super::snapshot::{FieldContent, GroupMembership, Need};
use super::verdict::Proof;
use crate::id::SysId;

/// A record with fields that name people and groups.
pub(super) struct Owned<'a> {
    /// Its table or class.
    pub(super) table: &'a str,
    /// The record.
    pub(super) record: &'a SysId,
    /// Its fields.
    pub(super) fields: &'a BTreeMap<FieldName, FieldContent>,
}

impl Owned<'_> {
    fn proof(&self, field: &FieldName) -> Proof {
        Proof {
            table: self.table.to_owned(),
            record: self.record.clone(),
            field: field.as_str().to_owned(),
        }
    }

    /// The fields that name a record, in order, and whether one could not be read.
    fn named<'f>(&'f self, fields: &'f [FieldName]) -> (Vec<(&'f FieldName, &'f SysId)>, bool) {
        let (mut named, mut unreadable) = (Vec::new(), false);
        for field in fields {
            match self.fields.get(field) {
                Some(FieldContent::Id(id)) => named.push((field, id)),
                Some(FieldContent::Empty) => {}
                Some(FieldContent::Unreadable) | None => unreadable = true,
            }
        }
        (named, unreadable)
    }
}

/// No, unless something could not be read.
fn unless(unreadable: bool) -> Said {
    match unreadable {
        true => Err(Stop::Unread(Unread::Inconsistent)),
        false => Ok(None),
    }
}

/// Whether the record names the person.
pub(super) fn owner(owned: &Owned<'_>, fields: &[FieldName], person: &SysId) -> Said {
    let (named, unreadable) = owned.named(fields);
    match named.into_iter().find(|(_, id)| *id == person) {
        Some((field, _)) => Ok(Some(vec![owned.proof(field)])),
        None => unless(unreadable),
    }
}

/// Whether the record names an active group that the person is a member of, or that is up to so many parents above such a group.
/// A member of a group counts for what is above it, never for what is below.
pub(super) fn group(
    owned: &Owned<'_>,
    fields: &[FieldName],
    nesting: u8,
    person: &SysId,
    facts: &Facts<'_>,
) -> Said {
    let (named, unreadable) = owned.named(fields);
    if named.is_empty() {
        return unless(unreadable);
    }
    let memberships = facts.get(&facts.snapshot.groups_of, person, Need::GroupsOf)?;
    let mut memberships: Vec<_> = memberships.iter().filter(|one| one.active).collect();
    memberships.sort();
    let mut reached: Vec<Climb<'_>> = Vec::new();
    let mut seen = BTreeSet::new();
    for membership in memberships {
        if seen.insert(&membership.group) {
            reached.push(Climb::begin(membership));
        }
    }
    let mut unread = unreadable.then_some(Unread::Inconsistent);
    for level in 0..=nesting {
        let found = named.iter().find_map(|(field, id)| {
            let climb = reached.iter().find(|climb| climb.at == *id)?;
            Some((field, climb))
        });
        if let Some((field, climb)) = found {
            let mut proofs = vec![owned.proof(field)];
            proofs.extend(climb.proofs());
            return Ok(Some(proofs));
        }
        if level == nesting || reached.is_empty() {
            break;
        }
        let (next, hidden) = above(&reached, &mut seen, facts)?;
        reached = next;
        unread = unread.into_iter().chain(hidden).min();
    }
    match unread {
        Some(why) => Err(Stop::Unread(why)),
        None => Ok(None),
    }
}

/// A group that a member counts for, and by which groups below it.
#[derive(Clone)]
struct Climb<'s> {
    at: &'s SysId,
    membership: &'s GroupMembership,
    below: Vec<&'s SysId>,
}

impl<'s> Climb<'s> {
    const fn begin(membership: &'s GroupMembership) -> Self {
        Self {
            at: &membership.group,
            membership,
            below: Vec::new(),
        }
    }

    fn up(&self, to: &'s SysId) -> Self {
        let mut up = self.clone();
        up.below.push(self.at);
        up.at = to;
        up
    }

    /// From the group that is named down to the membership.
    fn proofs(&self) -> impl Iterator<Item = Proof> + '_ {
        let proof = |table: &str, record: &SysId, field: &str| Proof {
            table: table.to_owned(),
            record: record.clone(),
            field: field.to_owned(),
        };
        let below = self.below.iter().rev();
        let parents = below.map(move |group| proof("sys_user_group", group, "parent"));
        let membership = proof("sys_user_grmember", &self.membership.record, "user");
        parents.chain([membership])
    }
}

/// The active parents of these groups that were not seen before, in order, and why one could not be read.
fn above<'s>(
    reached: &[Climb<'s>],
    seen: &mut BTreeSet<&'s SysId>,
    facts: &Facts<'s>,
) -> Result<(Vec<Climb<'s>>, Option<Unread>), Stop> {
    let (mut next, mut needs) = (Vec::new(), Vec::new());
    let mut unread: Option<Unread> = None;
    let mut look = |group: &SysId| match facts.get(&facts.snapshot.groups, group, Need::Group) {
        Ok(group) => group.as_ref().filter(|group| group.active),
        Err(Stop::Needs(more)) => {
            needs.extend(more);
            None
        }
        Err(Stop::Unread(why)) => {
            unread = Some(unread.map_or(why, |earlier| earlier.min(why)));
            None
        }
        Err(Stop::No(_)) => None,
    };
    for climb in reached {
        let Some(parent) = look(climb.at).and_then(|group| group.parent.as_ref()) else {
            continue;
        };
        if !seen.contains(parent) && look(parent).is_some() {
            seen.insert(parent);
            next.push(climb.up(parent));
        }
    }
    match needs.is_empty() {
        true => Ok((next, unread)),
        false => Err(Stop::Needs(needs)),
    }
}
