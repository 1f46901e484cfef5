//! Users that Snowgate made, in memory.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ports::CallError;
use ports::identities::{Identities, IdentityCommit};
use ports::ledger::{CommitError, DueItem, DueKind, ItemKey, bucket_of};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::audit::{self, StoredRow};
use snowgate_core::id::IdentityId;
use snowgate_core::identity::{HeldName, IdentityEvent, IdentityRecord, NameStep};
use snowgate_core::principal::{Principal, PrincipalKey};

use super::{FakeLedger, Tables, limits, times, whole_second};

/// What the key of a user in the index begins with.
const PREFIX: &str = "IDN#";

/// What the table has of users.
#[derive(Debug, Default)]
pub(super) struct Users {
    records: BTreeMap<IdentityId, IdentityRecord>,
    rows: BTreeMap<IdentityId, Vec<StoredRow>>,
    pointers: BTreeMap<PrincipalKey, IdentityId>,
    /// The principals of which it cannot be read which user they are.
    illegible: BTreeSet<PrincipalKey>,
    names: BTreeMap<PrincipalKey, HeldName>,
}

impl Users {
    /// Whether a change can be written.
    pub(super) fn admits(&self, commit: &IdentityCommit) -> Result<(), CommitError> {
        let (record, row) = (&commit.change.record, &commit.change.row);
        let id = record.id();
        let held = self.records.get(id).map(IdentityRecord::version);
        let mut rows = self.rows.get(id).into_iter().flatten();
        let is_next =
            held == commit.change.replaces && rows.all(|there| there.place != Some(row.n));
        let pointer = self.pointers.get(&record.principal_key());
        let is_pointed = !matches!(row.event, IdentityEvent::UserCreated { .. })
            || pointer.is_none_or(|other| other == id);
        if !is_next || !is_pointed {
            return Err(CommitError::Conflict);
        }
        let name = self.names.get(&record.user().principal().key_by_name());
        let is_free = name.is_none_or(|name| name.is_free_for(&record.user().owner, row.at));
        match row.event.name_step(row.at) {
            Some(NameStep::Claim) if !is_free && !self.has_name(record) => {
                Err(CommitError::NameTaken)
            }
            _ => Ok(()),
        }
    }

    /// Those of a bucket that somebody must look at at some time.
    pub(super) fn due(&self, bucket: u8) -> impl Iterator<Item = (ItemKey, DueItem)> {
        let mine = self.records.values();
        let mine = mine.filter(move |held| bucket_of(held.id()) == bucket);
        mine.filter_map(|held| {
            let due_at = whole_second(held.due_at()?);
            let key = times::key(format!("{PREFIX}{}", held.id()), due_at);
            let item = DueItem {
                key: key.clone(),
                about: DueKind::Known(Aggregate::Identity(held.id().clone())),
                due_at: Some(due_at),
            };
            Some((key, item))
        })
    }

    /// Writes when a user is looked at again; none where the key is of something else.
    pub(super) fn put_due(
        &mut self,
        key: &ItemKey,
        version: Option<u64>,
        to: Option<Timestamp>,
    ) -> Option<bool> {
        let id: IdentityId = key.pk.strip_prefix(PREFIX)?.parse().ok()?;
        let held = self.records.get_mut(&id).filter(|held| {
            let at = held.due_at().map(whole_second);
            at.is_some_and(|at| at.as_second().to_string() == key.at)
                && version.is_none_or(|version| held.version() == version)
        });
        let Some(held) = held else {
            return Some(false);
        };
        let attempts = held.attempts();
        *held = held.clone().rescheduled(to.map(whole_second), attempts);
        Some(true)
    }

    /// All users, whatever has become of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &IdentityRecord> {
        self.records.values()
    }

    /// Whether a user has its name.
    fn has_name(&self, record: &IdentityRecord) -> bool {
        let name = self.names.get(&record.user().principal().key_by_name());
        name.is_some_and(|name| name.identity.as_ref() == Some(record.id()))
    }

    /// Writes a change that can be written.
    pub(super) fn write(&mut self, commit: &IdentityCommit) {
        let (record, row) = (&commit.change.record, &commit.change.row);
        let (id, user) = (record.id(), record.user());
        let rows = self.rows.entry(id.clone()).or_default();
        rows.push(row.stored().unwrap());
        let name = user.principal().key_by_name();
        let kept_until = self.names.get(&name).and_then(|name| name.kept_until);
        let held = |identity, kept_until| HeldName {
            identity,
            owner: user.owner.clone(),
            kept_until,
        };
        let is_others = self
            .names
            .get(&name)
            .is_some_and(|held| held.identity.is_some() && !self.has_name(record));
        let step = row.event.name_step(row.at).and_then(|step| match step {
            NameStep::Claim => Some(held(Some(id.clone()), kept_until)),
            NameStep::Keep(_) if is_others => None,
            NameStep::Keep(until) => Some(held(None, Some(whole_second(until)))),
            NameStep::Release => self.has_name(record).then(|| held(None, kept_until)),
        });
        self.names.extend(step.map(|held| (name, held)));
        if matches!(row.event, IdentityEvent::UserCreated { .. }) {
            self.pointers.insert(record.principal_key(), id.clone());
        }
        self.records.insert(id.clone(), record.clone());
    }
}

impl Tables {
    /// Records effects under the unique id of their user.
    pub(super) fn move_effects(&mut self, commit: &IdentityCommit) {
        for moved in &commit.moved {
            self.drop_effect(&moved.effect);
            let after = moved.under(commit.change.record.principal_key());
            let name = format!("{}#{}", after.principal_key, after.key());
            self.ends
                .insert(name, (after.clone(), whole_second(moved.ends_at)));
            let of_principal = self.effects.entry(after.principal_key.clone()).or_default();
            of_principal.entry(after.key()).or_insert(Some(after));
        }
    }

    /// Puts another user's name, or nobody's, where one was.
    fn put_name(&mut self, user: &Principal, held: Option<HeldName>) {
        let key = user.key_by_name();
        match held {
            Some(held) => self.users.names.insert(key, held),
            None => self.users.names.remove(&key),
        };
    }
}

impl FakeLedger {
    /// Puts the record of a user with this trail, in place of what is there.
    pub fn put_identity(&self, record: IdentityRecord, rows: Vec<StoredRow>) {
        let mut tables = self.0.lock().unwrap();
        let id = record.id().clone();
        tables.users.rows.insert(id.clone(), rows);
        tables.users.records.insert(id, record);
    }

    /// Makes it unreadable which user a principal is.
    pub fn garble_pointer(&self, principal: &PrincipalKey) {
        let mut tables = self.0.lock().unwrap();
        tables.users.illegible.insert(principal.clone());
    }

    /// Takes the record of a user away, with its trail.
    pub fn remove_identity(&self, id: &IdentityId) {
        let mut tables = self.0.lock().unwrap();
        tables.users.rows.remove(id);
        tables.users.records.remove(id);
    }

    /// Spoils whose a name is, as somebody with access to the table can.
    pub fn spoil_name(&self, user: &Principal, held: Option<HeldName>) {
        self.0.lock().unwrap().put_name(user, held);
    }
}

impl Identities for FakeLedger {
    async fn identity(&self, id: &IdentityId) -> Result<Option<IdentityRecord>, CallError> {
        let tables = self.0.lock().unwrap();
        let rows = tables.users.rows.get(id).map_or(&[][..], Vec::as_slice);
        let held = tables.users.records.get(id).cloned();
        Ok(held.map(|held| match limits::is_read(rows) {
            Ok(()) => audit::examine(rows, held).0,
            Err(_) => limits::examine_long(rows, held),
        }))
    }

    async fn identity_of(&self, principal: &PrincipalKey) -> Result<Option<IdentityId>, CallError> {
        let tables = self.0.lock().unwrap();
        match tables.users.illegible.contains(principal) {
            true => Err(CallError::permanent("fake:GetItem", "BadAttribute")),
            false => Ok(tables.users.pointers.get(principal).cloned()),
        }
    }

    async fn held_name(&self, user: &Principal) -> Result<Option<HeldName>, CallError> {
        let tables = self.0.lock().unwrap();
        Ok(tables.users.names.get(&user.key_by_name()).cloned())
    }

    async fn commit_identity(&self, commit: &IdentityCommit) -> Result<(), CommitError> {
        let mut tables = self.0.lock().unwrap();
        tables.users.admits(commit)?;
        tables.users.write(commit);
        tables.move_effects(commit);
        Ok(())
    }

    async fn postpone_identity(
        &self,
        id: &IdentityId,
        version: u64,
        due_at: Timestamp,
        attempts: u32,
    ) -> Result<bool, CallError> {
        let mut tables = self.0.lock().unwrap();
        let held = tables.users.records.get_mut(id);
        let Some(held) = held.filter(|held| held.version() == version) else {
            return Ok(false);
        };
        let put_off = held.clone();
        *held = put_off.rescheduled(Some(whole_second(due_at)), attempts);
        Ok(true)
    }

    async fn identity_trail(&self, id: &IdentityId) -> Result<Vec<StoredRow>, CallError> {
        let tables = self.0.lock().unwrap();
        let rows = tables.users.rows.get(id).cloned().unwrap_or_default();
        limits::is_read(&rows)?;
        Ok(rows)
    }
}
