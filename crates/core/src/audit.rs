//! The audit trail of a request: one row for each change, each with the hash of the one before.
//!
//! Rows hold identifiers, digests, codes, and of free text the reason of a decision. No name
//! and no address is in them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::id::{Digest, RequestId};
use crate::lifecycle::{Actor, State};
use crate::record::Event;

/// One row of the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// The request.
    pub request: RequestId,
    /// Its place in the trail, from zero.
    pub n: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// What happened.
    pub event: Event,
    /// The state it led to.
    pub state: State,
    /// The hash of the row before; none for the first.
    pub previous: Option<Digest>,
}

impl AuditRow {
    /// The hash of this row: over all its members, so over the whole trail before it.
    ///
    /// # Errors
    /// Never for rows that were made here; the type is honest about serialisation.
    pub fn hash(&self) -> Result<Digest, CanonicalError> {
        canonical::digest("audit", self)
    }
}

/// The end of a trail, kept in the request's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// How many rows there are.
    pub count: u64,
    /// The hash of the last row.
    pub hash: Digest,
}

/// What is wrong with a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrailError {
    /// A row is missing, doubled or out of order.
    #[error("row {0} is missing or out of order")]
    Order(u64),
    /// A row does not follow from the one before it.
    #[error("row {0} was changed")]
    Changed(u64),
    /// The last row is not the one the record knows.
    #[error("the end of the trail is not the one recorded")]
    Head,
}

/// Checks that rows are a whole, unchanged trail that ends where the record says.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(rows: &[AuditRow], head: &AuditHead) -> Result<(), TrailError> {
    let mut previous = None;
    for (n, row) in (0_u64..).zip(rows) {
        if row.n != n {
            return Err(TrailError::Order(n));
        }
        if row.previous != previous {
            return Err(TrailError::Changed(n));
        }
        previous = Some(row.hash().map_err(|_| TrailError::Changed(n))?);
    }
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    if count != head.count || previous.as_ref() != Some(&head.hash) {
        return Err(TrailError::Head);
    }
    Ok(())
}
