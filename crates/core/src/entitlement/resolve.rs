//! Which item a reference leads to, and whether it may be answered for at all.

use super::judge::{Facts, Stop};
use super::profile::Statuses;
use super::question::UserRef;
use super::resource::ResourceRef;
use super::snapshot::{ConfigurationItem, FieldContent, Need, UserState};
use super::verdict::EntitlementCode;

/// The one active person.
pub(super) fn user<'s>(facts: &Facts<'s>, user: &UserRef) -> Result<&'s UserState, Stop> {
    let rows = facts.get(&facts.snapshot.users, user, Need::User)?;
    let mut active = rows.iter().filter(|row| row.active);
    let user = match (active.next(), active.next()) {
        (Some(user), None) => user,
        (Some(_), Some(_)) => return Err(EntitlementCode::UserAmbiguous.into()),
        (None, _) if rows.is_empty() => return Err(EntitlementCode::UserNotFound.into()),
        (None, _) => return Err(EntitlementCode::UserInactive.into()),
    };
    match user {
        UserState {
            locked_out: true, ..
        } => Err(EntitlementCode::UserLocked.into()),
        UserState {
            integration: true, ..
        } => Err(EntitlementCode::UserIntegration.into()),
        _ => Ok(user),
    }
}

/// The one item that a reference leads to. Retired ones and duplicates are left out before counting.
pub(super) fn item<'s>(
    facts: &Facts<'s>,
    reference: &ResourceRef,
) -> Result<&'s ConfigurationItem, Stop> {
    let rows = facts.get(&facts.snapshot.items, reference, Need::Items)?;
    let mut live = Vec::new();
    for row in rows {
        match row.counts() {
            Some(true) => live.push(row),
            Some(false) => {}
            None => return Err(EntitlementCode::InconsistentData.into()),
        }
    }
    let duplicate = |row: &ConfigurationItem| matches!(row.duplicate_of, FieldContent::Id(_));
    match live.as_slice() {
        [one] if one.in_root => Ok(one),
        [_] => Err(EntitlementCode::ResourceNotFound.into()),
        [_, _, ..] => Err(EntitlementCode::ResourceAmbiguous.into()),
        [] if rows.is_empty() => Err(EntitlementCode::ResourceNotFound.into()),
        [] if rows.iter().any(duplicate) => Err(EntitlementCode::ResourceDuplicate.into()),
        [] => Err(EntitlementCode::ResourceRetired.into()),
    }
}

/// Whether an item is in a state that the profile lists.
pub(super) fn state(item: &ConfigurationItem, allowed: &Statuses) -> Result<(), EntitlementCode> {
    let listed = |status: &Option<String>, list: &[String]| match status {
        Some(status) => Ok(list.contains(status)),
        None => Err(EntitlementCode::InconsistentData),
    };
    let life_cycle = match (allowed.life_cycle.as_slice(), item.life_cycle.as_deref()) {
        ([], _) | (_, Some("")) => true,
        (list, _) => listed(&item.life_cycle, list)?,
    };
    let install = listed(&item.install_status, &allowed.install)?;
    let operational = listed(&item.operational_status, &allowed.operational)?;
    match life_cycle && install && operational {
        true => Ok(()),
        false => Err(EntitlementCode::StatusNotAllowed),
    }
}
