//! What IAM has otherwise than the ledger records of a user.
//!
//! Told from one look at both, so nothing is told of what may be on its way: what was begun, removed or
//! came to its state less than [`SETTLES_WITHIN`] ago.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{DescribedUser, IdentityPhase, IdentityRecord, LifePolicy};
use crate::effect::{
    EffectChange, RecordedEffect, Removal, SETTLES_WITHIN, request_of_inline_policy,
};
use crate::markup::code;

/// Something that IAM has otherwise than the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// In what they differ.
    pub code: DriftCode,
    /// What it is about, in words; none where the code says all.
    pub what: Option<String>,
}

/// In what IAM and the ledger differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftCode {
    /// IAM has no user of this name.
    Missing,
    /// The user that has the name is another one.
    AnotherUser,
    /// It is on another path.
    Path,
    /// It has another permissions boundary, or none.
    Boundary,
    /// It lacks a tag that it was created with, or has another value of it.
    Tag,
    /// Its life policy is not there, or says something else.
    LifePolicy,
    /// It has an active access key, and should have none that is.
    ActiveKey,
    /// It lacks something that was granted to it.
    NotThere,
    /// It has something that no request granted to it.
    Beside,
}

impl From<DriftCode> for Drift {
    fn from(code: DriftCode) -> Self {
        Self { code, what: None }
    }
}

impl DriftCode {
    fn of(self, what: impl Into<String>) -> Drift {
        Drift {
            code: self,
            what: Some(what.into()),
        }
    }
}

/// What the ledger records of a user and on it.
#[derive(Debug, Clone, Copy)]
pub struct RecordedUser<'a> {
    /// The user.
    pub record: &'a IdentityRecord,
    /// What requests granted to it.
    pub effects: &'a [RecordedEffect],
    /// What was removed from it.
    pub removals: &'a [Removal],
}

/// In what IAM differs from the ledger, all of it, in the order of [`DriftCode`]; `found` is the user that
/// has the name in IAM, if one has. Nothing is told of a user that is being created or deleted, or was
/// abandoned.
#[must_use]
pub fn drift(
    recorded: RecordedUser<'_>,
    found: Option<&DescribedUser>,
    now: Timestamp,
) -> Vec<Drift> {
    let record = recorded.record;
    let is_settled = |since: Timestamp| now.duration_since(since).abs() >= SETTLES_WITHIN;
    let until = match record.phase() {
        IdentityPhase::Live { until } => Some(*until),
        IdentityPhase::Disabled { .. } | IdentityPhase::Ended { .. } => None,
        _ => return Vec::new(),
    };
    let is_denied = until.is_none();
    if !is_settled(record.since()) {
        return Vec::new();
    }
    let Some(found) = found else {
        return vec![DriftCode::Missing.into()];
    };
    if record.unique_id() != Some(found.made.unique_id.as_str()) {
        return vec![DriftCode::AnotherUser.into()];
    }
    let mut all = of_the_user(record, found);
    all.extend(of_the_life_policy(recorded, found, until, now));
    let keys = found.keys.iter().flatten();
    let keys = keys.filter(|key| is_denied && key.is_active);
    all.extend(keys.map(|key| DriftCode::ActiveKey.of(code(&key.masked_id()))));
    let granted = recorded.effects.iter().filter(|effect| {
        let is_over = effect.latest_end.is_some_and(|end| end <= now);
        !effect.change.is_of_user() && is_settled(effect.since) && !is_over
    });
    let lacking = granted.filter(|effect| !found.facts.shows(&effect.change));
    all.extend(lacking.map(|effect| DriftCode::NotThere.of(effect.change.in_words())));
    let listed = recorded.removals.iter();
    let listed = listed.filter(|removal| removal.may_be_listed(now));
    let mut known: Vec<String> = listed.map(|removal| removal.change.clone()).collect();
    known.extend(recorded.effects.iter().map(|effect| effect.change.key()));
    // What is named for a request leaves no trace of its removal while the user lives; the provisioner
    // compares it with the ledger.
    let named = found.facts.inline.iter().filter(|_| !is_denied);
    let named = named.filter_map(|inline| request_of_inline_policy(&inline.name));
    known.extend(
        named.map(|request| {
            EffectChange::inline_policy(&request, String::new(), Timestamp::MIN).key()
        }),
    );
    let beside = found.facts.beside(&known).into_iter();
    all.extend(beside.map(|what| DriftCode::Beside.of(what)));
    all
}

/// Path, boundary and tags.
fn of_the_user(record: &IdentityRecord, found: &DescribedUser) -> Vec<Drift> {
    let (user, made) = (record.user(), &found.made);
    let mut all = Vec::new();
    all.extend((made.path != user.path).then(|| DriftCode::Path.into()));
    let has_boundary = made.boundary.as_deref() == Some(user.boundary.as_str());
    all.extend((!has_boundary).then(|| DriftCode::Boundary.into()));
    let tags = user.tags_for(record.created_by());
    let other = tags
        .into_iter()
        .filter(|(key, value)| made.tag(key) != Some(value));
    all.extend(other.map(|(key, _)| DriftCode::Tag.of(code(&key))));
    all
}

/// The life policy, which denies everything where there is no end any more. Every request that created or extended the user has its end, and the latest counts; one
/// whose end has come, or that has just begun, may be about to change it.
fn of_the_life_policy(
    recorded: RecordedUser<'_>,
    found: &DescribedUser,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Option<Drift> {
    let is_as_recorded = match until {
        None => found.facts.has_life(LifePolicy::Over),
        Some(until) => {
            let mut ends = recorded
                .effects
                .iter()
                .filter(|one| one.change.is_of_user());
            let is_moving = |effect: &RecordedEffect| {
                now.duration_since(effect.since).abs() < SETTLES_WITHIN
                    || effect.change.ends_at().is_some_and(|end| end <= now)
            };
            ends.clone().count() == 0
                || ends.clone().any(is_moving)
                || found.facts.has_life(LifePolicy::Until(until))
                || ends.any(|effect| found.facts.shows(&effect.change))
        }
    };
    (!is_as_recorded).then(|| DriftCode::LifePolicy.into())
}

#[cfg(test)]
mod tests;
