//! What somebody with access to the table could do to it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ports::ledger::{DueItem, DueKind, ItemKey};
use snowgate_core::audit::StoredRow;
use snowgate_core::effect::RecordedEffect;
use snowgate_core::id::RequestId;
use snowgate_core::record::RequestRecord;

use super::FakeLedger;

/// What somebody with access to the table could do to it.
impl FakeLedger {
    /// Rewrites the trail of a request.
    pub fn rewrite_trail(&self, id: &RequestId, rewrite: impl FnOnce(&mut Vec<StoredRow>)) {
        let mut tables = self.0.lock().unwrap();
        let rows = tables.rows.entry(id.clone()).or_default();
        rewrite(rows);
        rows.sort_by_key(|row| row.place);
    }

    /// Makes an effect unreadable: its row is there, what stands in it is not understood.
    pub fn spoil_effect(&self, effect: &RecordedEffect) {
        let mut tables = self.0.lock().unwrap();
        let of_principal = tables.effects.entry(effect.principal_key.clone());
        of_principal.or_default().insert(effect.key(), None);
    }

    /// Puts an effect.
    pub fn put_effect(&self, effect: RecordedEffect) {
        let mut tables = self.0.lock().unwrap();
        let of_principal = tables.effects.entry(effect.principal_key.clone());
        of_principal.or_default().insert(effect.key(), Some(effect));
    }

    /// Deletes an effect.
    pub fn delete_effect(&self, effect: &RecordedEffect) {
        let mut tables = self.0.lock().unwrap();
        if let Some(of_principal) = tables.effects.get_mut(&effect.principal_key) {
            of_principal.remove(&effect.key());
        }
    }

    /// Puts a record in place of the one that is there.
    pub fn overwrite(&self, record: RequestRecord) {
        let mut tables = self.0.lock().unwrap();
        tables.records.insert(record.id().clone(), record);
    }

    /// Makes the record of a request unreadable.
    pub fn garble(&self, id: &RequestId) {
        self.0.lock().unwrap().unreadable.insert(id.clone());
    }

    /// Makes the keys of all effects that have an end say nothing of whose they are.
    pub fn garble_ends(&self) {
        let mut tables = self.0.lock().unwrap();
        tables.illegible_ends = tables.ends.keys().cloned().collect();
    }

    /// Puts something that is no request into the index of what is due.
    pub fn put_stray(&self, bucket: u8, about: DueKind, due_at: Timestamp) {
        let mut tables = self.0.lock().unwrap();
        let key = ItemKey {
            pk: format!("STRAY#{}", tables.strays.len()),
            sk: "META".to_owned(),
            at: due_at.as_second().to_string(),
        };
        let due_at = Some(due_at);
        tables.strays.push((bucket, DueItem { key, about, due_at }));
    }

    /// What stands in the index of what is due and is no request.
    #[must_use]
    pub fn strays(&self) -> Vec<DueItem> {
        let tables = self.0.lock().unwrap();
        tables.strays.iter().map(|(_, item)| item.clone()).collect()
    }

    /// All effects.
    #[must_use]
    pub fn all_effects(&self) -> Vec<RecordedEffect> {
        let tables = self.0.lock().unwrap();
        let all = tables.effects.values().flat_map(BTreeMap::values);
        all.flatten().cloned().collect()
    }
}
