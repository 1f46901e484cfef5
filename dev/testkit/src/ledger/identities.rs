//! Users that Snowgate made, in memory.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ports::CallError;
use ports::identities::{Identities, IdentityCommit};
use ports::ledger::CommitError;
use snowgate_core::audit::{self, StoredRow};
use snowgate_core::effect::RecordedEffect;
use snowgate_core::id::IdentityId;
use snowgate_core::identity::{HeldName, IdentityEvent, IdentityRecord, NameStep};
use snowgate_core::principal::{Principal, PrincipalKey};

use super::{FakeLedger, Tables, whole_second};

/// What the table has of users.
#[derive(Debug, Default)]
pub(super) struct Users {
    records: BTreeMap<IdentityId, IdentityRecord>,
    rows: BTreeMap<IdentityId, Vec<StoredRow>>,
    pointers: BTreeMap<PrincipalKey, IdentityId>,
    names: BTreeMap<PrincipalKey, HeldName>,
}

impl Users {
    /// Whether a change can be written.
    pub(super) fn admits(&self, commit: &IdentityCommit) -> bool {
        let (record, row) = (&commit.change.record, &commit.change.row);
        let id = record.id();
        let held = self.records.get(id).map(IdentityRecord::version);
        let mut rows = self.rows.get(id).into_iter().flatten();
        let is_next =
            held == commit.change.replaces && rows.all(|there| there.place != Some(row.n));
        let name = self.names.get(&record.user().principal().key_by_name());
        let is_own = name.is_some_and(|name| name.identity.as_ref() == Some(id));
        let is_named = match row.event.name_step(row.at) {
            None => true,
            Some(NameStep::Claim) => {
                is_own || name.is_none_or(|name| name.is_free_for(&record.user().owner, row.at))
            }
            Some(NameStep::Keep(_) | NameStep::Release) => is_own,
        };
        let pointer = self.pointers.get(&record.principal_key());
        let is_pointed = !matches!(row.event, IdentityEvent::UserCreated { .. })
            || pointer.is_none_or(|other| other == id);
        is_next && is_named && is_pointed
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
        let step = row.event.name_step(row.at).map(|step| match step {
            NameStep::Claim => held(Some(id.clone()), kept_until),
            NameStep::Keep(until) => held(None, Some(whole_second(until))),
            NameStep::Release => held(None, kept_until),
        });
        self.names.extend(step.map(|held| (name, held)));
        if matches!(row.event, IdentityEvent::UserCreated { .. }) {
            self.pointers.insert(record.principal_key(), id.clone());
        }
        self.records.insert(id.clone(), record.clone());
    }
}

impl Tables {
    /// Drops effects that are recorded elsewhere.
    pub(super) fn drop_moved(&mut self, moved: &[RecordedEffect]) {
        for effect in moved {
            if let Some(of_principal) = self.effects.get_mut(&effect.principal_key) {
                of_principal.remove(&effect.key());
            }
            let name = format!("{}#{}", effect.principal_key, effect.key());
            self.ends.remove(&name);
        }
    }
}

impl Identities for FakeLedger {
    async fn identity(&self, id: &IdentityId) -> Result<Option<IdentityRecord>, CallError> {
        let tables = self.0.lock().unwrap();
        let rows = tables.users.rows.get(id).map_or(&[][..], Vec::as_slice);
        let held = tables.users.records.get(id).cloned();
        Ok(held.map(|held| audit::examine(rows, held).0))
    }

    async fn identity_of(&self, principal: &PrincipalKey) -> Result<Option<IdentityId>, CallError> {
        Ok(self
            .0
            .lock()
            .unwrap()
            .users
            .pointers
            .get(principal)
            .cloned())
    }

    async fn held_name(&self, user: &Principal) -> Result<Option<HeldName>, CallError> {
        let tables = self.0.lock().unwrap();
        Ok(tables.users.names.get(&user.key_by_name()).cloned())
    }

    async fn commit_identity(&self, commit: &IdentityCommit) -> Result<(), CommitError> {
        let mut tables = self.0.lock().unwrap();
        if !tables.users.admits(commit) {
            return Err(CommitError::Conflict);
        }
        tables.users.write(commit);
        tables.drop_moved(&commit.moved);
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
        Ok(tables.users.rows.get(id).cloned().unwrap_or_default())
    }
}
