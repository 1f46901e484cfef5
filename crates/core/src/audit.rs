//! Audit trails: one row for each change, each with the hash of the one before.
//!
//! Rows hold identifiers, digests, codes, and of free text the reason of a decision. No name
//! and no address is in them. A row is hashed, stored and verified as bytes.
//!
//! Whoever reads a record reads its trail with it ([`examine`]): a record that its trail does not
//! bear out is changed by nothing but what ends it ([`crate::record::ChangeError::BrokenTrail`]).

mod evidence;
mod row;

use std::collections::{BTreeMap, BTreeSet};

use crate::canonical::CanonicalError;
use crate::id::Digest;
use crate::stored::ReadError;

pub(crate) use row::since_of;
pub use row::{AuditHead, Audited, KnownRows, RecordChange, TrailFault, TrailRow};

pub use evidence::{TrailEvidence, follows_begin, is_begun, is_undone, readable};

/// A row as it is stored: its place, the bytes that were hashed, and their hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    /// Its place in the trail, as its key has it; none where the key has none.
    pub place: Option<u64>,
    /// The row's document. It is never written anew from what was read of it.
    pub bytes: String,
    /// The hash that stands beside it; none where there is none.
    pub hash: Option<Digest>,
}

impl StoredRow {
    /// What the hash of these bytes is: over all of the row, so over the whole trail before it.
    fn hash_of<R: Audited>(bytes: &str) -> Digest {
        Digest::of(&[R::PURPOSE.as_bytes(), b"\n", bytes.as_bytes()].concat())
    }

    /// Whether the hash beside it is that of its bytes.
    fn is_hashed<R: Audited>(&self) -> bool {
        self.hash.as_ref() == Some(&Self::hash_of::<R>(&self.bytes))
    }

    /// What the row says, whether or not the trail that it is part of is whole.
    ///
    /// # Errors
    /// Where it is not a row.
    pub fn read<R: Audited>(&self) -> Result<TrailRow<R>, ReadError> {
        R::read_row(&self.bytes)
    }

    /// What the row says where it is in its place, is what was hashed, and follows from the row with
    /// this hash. It is hashed before anything is read from it.
    fn read_after<R: Audited>(
        &self,
        previous: Option<&Digest>,
        n: u64,
        of: &R::Id,
    ) -> Result<TrailRow<R>, TrailFault> {
        if self.place != Some(n) {
            return Err(TrailFault::Order);
        }
        if !self.is_hashed::<R>() {
            return Err(TrailFault::Changed);
        }
        let row = self.read::<R>().map_err(|_| TrailFault::Unreadable)?;
        if row.n != n {
            return Err(TrailFault::Order);
        }
        match row.previous.as_ref() == previous && row.of == *of {
            true => Ok(row),
            false => Err(TrailFault::Changed),
        }
    }
}

impl<R: Audited> TrailRow<R> {
    /// The row as it is stored.
    ///
    /// # Errors
    /// Never for rows that were made here; the type is honest about serialisation.
    pub fn stored(&self) -> Result<StoredRow, CanonicalError> {
        let bytes = R::write_row(self)?;
        let hash = Some(StoredRow::hash_of::<R>(&bytes));
        let place = Some(self.n);
        Ok(StoredRow { place, bytes, hash })
    }

    /// The hash of this row.
    ///
    /// # Errors
    /// As [`TrailRow::stored`].
    pub fn hash(&self) -> Result<Digest, CanonicalError> {
        Ok(StoredRow::hash_of::<R>(&R::write_row(self)?))
    }
}

/// What is wrong with a trail, and at which row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("row {row} of the audit trail: {fault}")]
pub struct TrailError {
    /// What is wrong.
    pub fault: TrailFault,
    /// The first row at which it is, counted from zero.
    pub row: u64,
}

/// The rows of a trail up to the first place that has none, or one that is not what was hashed or does
/// not follow from the one before it; whatever the record says, and whatever stands beside the places.
#[must_use]
pub fn chained<R: Audited>(rows: &[StoredRow], id: &R::Id) -> Vec<TrailRow<R>> {
    let placed = rows.iter().filter_map(|row| Some((row.place?, row)));
    let places: BTreeMap<u64, &StoredRow> = placed.collect();
    let mut previous = None;
    let read = (0_u64..).map_while(|n| {
        let stored = places.get(&n)?;
        let row = stored.read_after(previous, n, id);
        previous = stored.hash.as_ref();
        row.ok()
    });
    read.collect()
}

/// Checks that rows are a whole, unchanged trail of this record, and reads them. The bytes are
/// hashed before anything is read from them.
///
/// # Errors
/// The first thing that is wrong; but first of all, whether the last row bears out the state that
/// the record is in.
pub fn verify<R: Audited>(rows: &[StoredRow], record: &R) -> Result<Vec<TrailRow<R>>, TrailError> {
    let head = record.audit();
    let last = last_place(record);
    let ends = rows.iter().find(|row| row.place == Some(last));
    let wrong = |row, fault| TrailError { fault, row };
    if !ends.is_some_and(|row| bears_out(row, record)) {
        return Err(wrong(last, TrailFault::Head));
    }
    let mut read = Vec::with_capacity(rows.len());
    let mut previous = None;
    for (n, stored) in (0_u64..).zip(rows) {
        if n >= head.count {
            return Err(wrong(n, TrailFault::InTheWay));
        }
        let row = stored.read_after(previous, n, record.id());
        read.push(row.map_err(|fault| wrong(n, fault))?);
        previous = stored.hash.as_ref();
    }
    match record.follows_from(&read) {
        true => Ok(read),
        false => Err(wrong(last, TrailFault::Disagrees)),
    }
}

/// The place of the last row of a record's trail, as the record has it.
#[must_use]
pub fn last_place<R: Audited>(record: &R) -> u64 {
    record.audit().count.saturating_sub(1)
}

/// Whether a row is the one that the record ends with, and leads to the state that it is in.
fn bears_out<R: Audited>(row: &StoredRow, record: &R) -> bool {
    let says = |row: TrailRow<R>| row.of == *record.id() && row.state == record.state();
    let hash = &record.audit().hash;
    row.is_hashed::<R>() && row.hash.as_ref() == Some(hash) && row.read().is_ok_and(says)
}

/// The record of which there are more rows than are read. Its state is held against the last row alone;
/// what may be in IAM, the first rows say, which are read; its next row goes to this place.
#[must_use]
pub fn examine_long<R: Audited>(
    first: &[StoredRow],
    last: Option<&StoredRow>,
    next: u64,
    record: R,
) -> R {
    let fault = match last.is_some_and(|row| bears_out(row, &record)) {
        true => TrailFault::TooLong,
        false => TrailFault::Head,
    };
    record.broken(fault, next, KnownRows::First(first))
}

/// The record as its trail bears it out; where it does not, the record with what is wrong, which
/// from then on allows nothing but to end it ([`TrailFault`]).
/// The error stands beside it for the log.
#[must_use]
pub fn examine<R: Audited>(rows: &[StoredRow], record: R) -> (R, Option<TrailError>) {
    match verify(rows, &record) {
        Ok(_) => (record, None),
        Err(error) => {
            // The next row goes to the first place where none is yet, whoever put those that are.
            let places: BTreeSet<u64> = rows.iter().filter_map(|row| row.place).collect();
            let mut free = record.audit().count;
            while places.contains(&free) {
                free += 1;
            }
            let record = record.broken(error.fault, free, KnownRows::All(rows));
            (record, Some(error))
        }
    }
}

#[cfg(test)]
mod tests;
