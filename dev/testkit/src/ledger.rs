//! The ledger in memory.

mod identities;
mod limits;
mod tampering;
mod times;
mod user_records;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{
    Commit, CommitError, Created, DueItem, EffectKeys, Effects, IdempotencyKey, MAX_DRY_RUNS,
    NewRequest, PEEKED, RequestIndex, Requests, Tokens,
};
use snowgate_core::approval::TokenRow;
use snowgate_core::audit::{self, StoredRow};
use snowgate_core::effect::{RecordedEffect, Removal};
use snowgate_core::id::{ClientId, Digest, RequestId, SysId};
use snowgate_core::lifecycle::State;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::{AuditRow, RequestRecord};
use snowgate_core::volume::{VolumeOf, VolumeWindows};

const WRITE: &str = "fake:Write";

/// The ledger in memory. Times when something is due are kept to the second, rounded up, as the
/// real one keeps them in its index.
#[derive(Debug, Clone, Default)]
pub struct FakeLedger(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    records: BTreeMap<RequestId, RequestRecord>,
    rows: BTreeMap<RequestId, Vec<StoredRow>>,
    keys: HashMap<(ClientId, String), (RequestId, IdempotencyKey)>,
    claims: HashMap<String, RequestId>,
    dry_runs: HashMap<String, u32>,
    /// By principal and key; none where the document cannot be read.
    effects: BTreeMap<PrincipalKey, BTreeMap<String, Option<RecordedEffect>>>,
    tokens: HashMap<Digest, TokenRow>,
    documents: BTreeMap<RequestId, BTreeSet<String>>,
    /// Requests that cannot be read any more.
    unreadable: BTreeSet<RequestId>,
    /// What stands in the index of what is due beside requests, by bucket.
    strays: Vec<(u8, DueItem)>,
    /// What was removed from principals, and when for the last time.
    removals: BTreeMap<PrincipalKey, BTreeMap<String, Timestamp>>,
    /// How big a request may be, where that is not as it is in DynamoDB.
    biggest_item: Option<usize>,
    /// When the access that an effect belongs to ends.
    ends: BTreeMap<String, (RecordedEffect, Timestamp)>,
    /// Of which of them the keys do not say whose they are.
    illegible_ends: BTreeSet<String>,
    /// Users that Snowgate made.
    users: identities::Users,
    /// What is counted, by its key.
    volume: BTreeMap<String, VolumeWindows>,
}

fn claim_of(record: &RequestRecord) -> String {
    let source = &record.request().source;
    format!("{}#{}", source.table.as_str(), source.sys_id)
}

fn stored(row: &AuditRow) -> StoredRow {
    row.stored().unwrap()
}

fn whole_second(at: Timestamp) -> Timestamp {
    let second = at.as_second() + i64::from(at.subsec_nanosecond() > 0);
    Timestamp::from_second(second).unwrap()
}

impl FakeLedger {
    /// All requests, for looking at.
    #[must_use]
    pub fn records(&self) -> Vec<RequestRecord> {
        self.0.lock().unwrap().records.values().cloned().collect()
    }

    /// The effects on a principal that can be read, for looking at.
    #[must_use]
    pub fn effects_on(&self, principal: &PrincipalKey) -> Vec<RecordedEffect> {
        let tables = self.0.lock().unwrap();
        let recorded = tables.effects.get(principal).into_iter().flatten();
        recorded.filter_map(|(_, effect)| effect.clone()).collect()
    }

    /// All review links, for looking at.
    #[must_use]
    pub fn tokens(&self) -> Vec<TokenRow> {
        self.0.lock().unwrap().tokens.values().cloned().collect()
    }
}

impl Tables {
    fn read(&self, id: &RequestId) -> Result<Option<RequestRecord>, CallError> {
        if self.unreadable.contains(id) {
            return Err(CallError::permanent("fake:Read", "UnreadableItem"));
        }
        let rows = self.rows.get(id).map_or(&[][..], Vec::as_slice);
        let held = self.records.get(id).cloned();
        let examined = |held| match limits::is_read(rows) {
            Ok(()) => audit::examine(rows, held).0,
            Err(_) => limits::examine_long(rows, held),
        };
        Ok(held.map(examined))
    }

    fn of_key(&self, client: &ClientId, key: &IdempotencyKey, now: Timestamp) -> Option<Created> {
        let (first, held) = self.keys.get(&(client.clone(), key.key.clone()))?;
        if held.expires_at.as_second() <= now.as_second() {
            return None;
        }
        Some(match held.call == key.call {
            true => Created::Replayed(Box::new(self.records.get(first).unwrap().clone())),
            false => Created::KeyReused,
        })
    }

    fn create(&mut self, new: &NewRequest) -> Result<Created, CallError> {
        let record = &new.change.record;
        if new.change.replaces.is_some() {
            return Err(CallError::permanent(WRITE, "NotNew"));
        }
        if let Some(key) = &new.key
            && let Some(found) = self.of_key(record.client(), key, record.created_at())
        {
            return Ok(found);
        }
        if let Some(held) = self.records.get(record.id()) {
            return if held.created_at() == record.created_at()
                && held.client() == record.client()
                && held.request_digest() == record.request_digest()
            {
                Ok(Created::New)
            } else {
                Err(CallError::permanent(WRITE, "RequestIdTaken"))
            };
        }
        if let Some(other) = self.claims.get(&claim_of(record)) {
            let own = self.records.get(other);
            let own = own.is_some_and(|open| open.client() == record.client());
            return Ok(Created::RecordBusy(own.then(|| other.clone())));
        }
        if record.request().dry_run {
            let dry_runs = self.dry_runs.entry(claim_of(record)).or_default();
            if *dry_runs >= MAX_DRY_RUNS {
                return Ok(Created::TooManyDryRuns);
            }
            *dry_runs += 1;
        }
        self.claims.insert(claim_of(record), record.id().clone());
        if let Some(key) = &new.key {
            let name = (record.client().clone(), key.key.clone());
            self.keys.insert(name, (record.id().clone(), key.clone()));
        }
        self.rows
            .insert(record.id().clone(), vec![stored(&new.change.row)]);
        self.records.insert(record.id().clone(), record.clone());
        Ok(Created::New)
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), CommitError> {
        let (record, row) = (&commit.change.record, &commit.change.row);
        let Some(replaces) = commit.change.replaces else {
            return Err(CallError::permanent(WRITE, "NotAChange").into());
        };
        let held = self.records.get(record.id()).ok_or(CommitError::Conflict)?;
        let rows = self.rows.entry(record.id().clone()).or_default();
        if held.version() != replaces
            || rows.iter().any(|there| there.place == Some(row.n))
            || commit
                .tokens
                .iter()
                .any(|token| self.tokens.contains_key(&token.digest))
        {
            return Err(CommitError::Conflict);
        }
        if let Some(identity) = &commit.identity {
            self.users.admits(identity)?;
        }
        limits::fits(record, self.biggest_item)?;
        rows.push(stored(row));
        rows.sort_by_key(|row| row.place);
        if let Some(identity) = &commit.identity {
            self.users.write(identity);
            self.move_effects(identity);
        }
        for effect in &commit.put_effects {
            if let Some(end) = commit.effects_end {
                let name = format!("{}#{}", effect.principal_key, effect.key());
                self.ends.insert(name, (effect.clone(), whole_second(end)));
            }
            let of_principal = self
                .effects
                .entry(effect.principal_key.clone())
                .or_default();
            of_principal
                .entry(effect.key())
                .or_insert_with(|| Some(effect.clone()));
        }
        for effect in &commit.delete_effects {
            self.forget(effect, row.at);
        }
        let documents = self.documents.entry(record.id().clone()).or_default();
        documents.extend(commit.documents.iter().cloned());
        for token in &commit.tokens {
            self.tokens.insert(token.digest.clone(), token.clone());
        }
        for count in &commit.volume {
            let windows = self.volume.entry(count.share.of.key()).or_default();
            *windows.entry(count.window).or_default() += count.share.grants;
            windows.retain(|window, _| !count.over.contains(window));
        }
        let claim = claim_of(record);
        if !record.state().holds_record() && self.claims.get(&claim) == Some(record.id()) {
            self.claims.remove(&claim);
        }
        self.records.insert(record.id().clone(), record.clone());
        Ok(())
    }
}

impl Tables {
    fn forget(&mut self, effect: &RecordedEffect, now: Timestamp) {
        if let Some(Removal { change, at }) = effect.removal(now) {
            let of_principal = self.removals.entry(effect.principal_key.clone());
            of_principal.or_default().insert(change, whole_second(at));
        }
        self.drop_effect(effect);
    }

    /// Drops an effect where it is, and nothing else.
    fn drop_effect(&mut self, effect: &RecordedEffect) {
        if let Some(of_principal) = self.effects.get_mut(&effect.principal_key) {
            of_principal.remove(&effect.key());
        }
        let name = format!("{}#{}", effect.principal_key, effect.key());
        self.ends.remove(&name);
    }
}

impl Requests for FakeLedger {
    async fn create(&self, new: &NewRequest) -> Result<Created, CallError> {
        self.0.lock().unwrap().create(new)
    }

    async fn made_by(
        &self,
        client: &ClientId,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<Created>, CallError> {
        Ok(self.0.lock().unwrap().of_key(client, key, now))
    }

    async fn load(&self, id: &RequestId) -> Result<Option<RequestRecord>, CallError> {
        self.0.lock().unwrap().read(id)
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        self.0.lock().unwrap().commit(commit)
    }

    async fn counted(&self, of: &VolumeOf) -> Result<VolumeWindows, CallError> {
        let counted = self.0.lock().unwrap().volume.get(&of.key()).cloned();
        Ok(counted.unwrap_or_default())
    }

    async fn postpone(
        &self,
        id: &RequestId,
        version: u64,
        due_at: Timestamp,
        attempts: u32,
    ) -> Result<bool, CallError> {
        let mut tables = self.0.lock().unwrap();
        let biggest = tables.biggest_item;
        let held = tables.records.get_mut(id);
        let Some(held) = held.filter(|held| held.version() == version) else {
            return Ok(false);
        };
        let put_off = held.clone();
        let put_off = put_off.rescheduled(Some(whole_second(due_at)), attempts);
        limits::fits(&put_off, biggest)?;
        *held = put_off;
        Ok(true)
    }

    async fn peek(&self, ids: &[RequestId]) -> Result<Vec<RequestRecord>, CallError> {
        assert!(ids.len() <= PEEKED);
        let tables = self.0.lock().unwrap();
        let readable = ids.iter().filter(|id| !tables.unreadable.contains(*id));
        let held = readable.filter_map(|id| tables.records.get(id).cloned());
        Ok(held.collect())
    }

    async fn trail(&self, id: &RequestId) -> Result<Vec<StoredRow>, CallError> {
        let tables = self.0.lock().unwrap();
        let rows = tables.rows.get(id).map_or(&[][..], Vec::as_slice);
        limits::is_read(rows)?;
        Ok(rows.to_vec())
    }

    async fn first_rows(&self, id: &RequestId) -> Result<Vec<StoredRow>, CallError> {
        let tables = self.0.lock().unwrap();
        let rows = tables.rows.get(id).map_or(&[][..], Vec::as_slice);
        Ok(limits::first_rows(rows))
    }

    async fn documents(&self, id: &RequestId) -> Result<Vec<String>, CallError> {
        let tables = self.0.lock().unwrap();
        let documents = tables.documents.get(id).cloned().unwrap_or_default();
        Ok(documents.into_iter().collect())
    }
}

impl RequestIndex for FakeLedger {
    async fn of_record(
        &self,
        client: &ClientId,
        sys_id: &SysId,
    ) -> Result<Vec<(RequestId, State)>, CallError> {
        let tables = self.0.lock().unwrap();
        let mut found: Vec<_> = tables
            .records
            .values()
            .filter(|held| *held.client() == *client && held.request().source.sys_id == *sys_id)
            .collect();
        found.sort_by_key(|held| std::cmp::Reverse(held.created_at()));
        Ok(found
            .into_iter()
            .take(25)
            .map(|held| (held.id().clone(), held.state()))
            .collect())
    }
}

impl Effects for FakeLedger {
    async fn effect_keys(&self, principal: &PrincipalKey) -> Result<EffectKeys, CallError> {
        let tables = self.0.lock().unwrap();
        let recorded = tables.effects.get(principal).into_iter();
        Ok(recorded.flat_map(|rows| rows.keys().cloned()).collect())
    }

    async fn effects(
        &self,
        principal: &PrincipalKey,
        keys: &[String],
    ) -> Result<Vec<RecordedEffect>, CallError> {
        assert!(keys.len() <= PEEKED, "{} effects in one call", keys.len());
        let mut recorded = self.effects_on(principal);
        recorded.retain(|effect| keys.contains(&effect.key()));
        Ok(recorded)
    }

    async fn forget(&self, effect: &RecordedEffect, now: Timestamp) -> Result<(), CallError> {
        self.0.lock().unwrap().forget(effect, now);
        Ok(())
    }

    async fn removals(&self, principal: &PrincipalKey) -> Result<Vec<Removal>, CallError> {
        let tables = self.0.lock().unwrap();
        let removals = tables.removals.get(principal).into_iter().flatten();
        let removal = |(change, at): (&String, &Timestamp)| Removal {
            change: change.clone(),
            at: *at,
        };
        Ok(removals.map(removal).collect())
    }
}

impl Tokens for FakeLedger {
    async fn token(&self, digest: &Digest) -> Result<Option<TokenRow>, CallError> {
        Ok(self.0.lock().unwrap().tokens.get(digest).cloned())
    }
}
