//! What an item can hold, and how much of a trail is read.

use ports::CallError;
use ports::ledger::{MAX_TRAIL_BYTES, MAX_TRAIL_ROWS, TRAIL_TOO_LONG};
use snowgate_core::audit::{self, Audited, StoredRow};
use snowgate_core::id::RequestId;
use snowgate_core::record::RequestRecord;
use snowgate_core::stored;

use super::{FakeLedger, WRITE};

/// How big a request may be. DynamoDB counts the other attributes and all names too (Developer Guide,
/// "Item sizes": 400 KB).
const BIGGEST_ITEM: usize = 400 << 10;

impl FakeLedger {
    /// How big a request is: its document, and the time in the index, which is changed beside it.
    #[must_use]
    pub fn size_of(record: &RequestRecord) -> usize {
        let due_at = record.due_at().map(|at| at.as_second().to_string());
        stored::write(record).unwrap().len() + due_at.map_or(0, |digits| digits.len())
    }

    /// How big a request may be, in bytes.
    #[must_use]
    pub fn biggest_item(&self) -> usize {
        let tables = self.0.lock().unwrap();
        tables.biggest_item.unwrap_or(BIGGEST_ITEM)
    }

    /// All rows of a trail, however many.
    #[must_use]
    pub fn rows(&self, id: &RequestId) -> Vec<StoredRow> {
        let tables = self.0.lock().unwrap();
        tables.rows.get(id).cloned().unwrap_or_default()
    }

    /// Lets no request be bigger than this, so that a test with many big ones is quick.
    pub fn hold_no_bigger(&self, bytes: usize) {
        self.0.lock().unwrap().biggest_item = Some(bytes);
    }
}

/// Whether a request can be written.
pub(super) fn fits(record: &RequestRecord, biggest: Option<usize>) -> Result<(), CallError> {
    match FakeLedger::size_of(record) <= biggest.unwrap_or(BIGGEST_ITEM) {
        true => Ok(()),
        false => Err(CallError::permanent(WRITE, "ValidationError")),
    }
}

/// As many of these rows as are read.
fn within<'a>(rows: impl Iterator<Item = &'a StoredRow>) -> Vec<StoredRow> {
    let mut bytes = 0;
    let is_within = |row: &&StoredRow| {
        bytes += row.bytes.len();
        bytes <= MAX_TRAIL_BYTES
    };
    let read = rows.take(MAX_TRAIL_ROWS).take_while(is_within);
    read.cloned().collect()
}

/// Whether a trail is read.
pub(super) fn is_read(rows: &[StoredRow]) -> Result<(), CallError> {
    match within(rows.iter()).len() == rows.len() {
        true => Ok(()),
        false => Err(CallError::permanent("fake:Read", TRAIL_TOO_LONG)),
    }
}

/// The rows of a trail, where it is too long those in the first places.
pub(super) fn first_rows(rows: &[StoredRow]) -> Vec<StoredRow> {
    match is_read(rows) {
        Ok(()) => rows.to_vec(),
        Err(_) => within(rows.iter().filter(|row| row.place.is_some())),
    }
}

/// A record whose trail is not read as a whole; its next row goes where none is.
pub(super) fn examine_long<R: Audited>(rows: &[StoredRow], held: R) -> R {
    let at = |n| rows.iter().find(|row| row.place == Some(n));
    let mut next = held.audit().count;
    while at(next).is_some() {
        next += 1;
    }
    audit::examine_long(&first_rows(rows), at(audit::last_place(&held)), next, held)
}
