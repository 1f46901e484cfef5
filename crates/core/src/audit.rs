//! The audit trail of a request: one row for each change, each with the hash of the one before.
//!
//! Rows hold identifiers, digests, codes, and of free text the reason of a decision. No name
//! and no address is in them. A row is hashed, stored and verified as bytes.

use crate::canonical::CanonicalError;
use crate::id::Digest;
use crate::record::{AuditHead, AuditRow};
use crate::stored::{self, ReadError};

/// A row as it is stored: the bytes that were hashed, and their hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    /// The row's document. It is never written anew from what was read of it.
    pub bytes: String,
    /// The hash that stands beside it.
    pub hash: Digest,
}

impl StoredRow {
    /// What the hash of these bytes is: over all of the row, so over the whole trail before it.
    fn hash_of(bytes: &str) -> Digest {
        Digest::of(&[b"snowgate/audit/1\n", bytes.as_bytes()].concat())
    }

    /// What the row says, whether or not the trail that it is part of is whole.
    ///
    /// # Errors
    /// Where it is not a row.
    pub fn read(&self) -> Result<AuditRow, ReadError> {
        stored::read(&self.bytes)
    }
}

impl AuditRow {
    /// The row as it is stored.
    ///
    /// # Errors
    /// Never for rows that were made here; the type is honest about serialisation.
    pub fn stored(&self) -> Result<StoredRow, CanonicalError> {
        let bytes = stored::write(self)?;
        let hash = StoredRow::hash_of(&bytes);
        Ok(StoredRow { bytes, hash })
    }

    /// The hash of this row.
    ///
    /// # Errors
    /// As [`AuditRow::stored`].
    pub fn hash(&self) -> Result<Digest, CanonicalError> {
        Ok(self.stored()?.hash)
    }
}

/// What is wrong with a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrailError {
    /// A row is missing, doubled or out of order.
    #[error("row {0} is missing or out of order")]
    Order(u64),
    /// A row does not follow from the one before it, or is not what was hashed.
    #[error("row {0} was changed")]
    Changed(u64),
    /// A row is what was hashed, but cannot be read.
    #[error("row {0} cannot be read")]
    Unreadable(u64, #[source] ReadError),
    /// The last row is not the one the record knows.
    #[error("the end of the trail is not the one recorded")]
    Head,
}

/// Checks that rows are a whole, unchanged trail that ends where the record says, and reads them.
/// The bytes are hashed before anything is read from them.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(rows: &[StoredRow], head: &AuditHead) -> Result<Vec<AuditRow>, TrailError> {
    let mut read = Vec::with_capacity(rows.len());
    let mut previous = None;
    for (n, stored) in (0_u64..).zip(rows) {
        if StoredRow::hash_of(&stored.bytes) != stored.hash {
            return Err(TrailError::Changed(n));
        }
        let row = stored
            .read()
            .map_err(|error| TrailError::Unreadable(n, error))?;
        if row.n != n {
            return Err(TrailError::Order(n));
        }
        if row.previous != previous {
            return Err(TrailError::Changed(n));
        }
        previous = Some(stored.hash.clone());
        read.push(row);
    }
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    if count != head.count || previous.as_ref() != Some(&head.hash) {
        return Err(TrailError::Head);
    }
    Ok(read)
}
