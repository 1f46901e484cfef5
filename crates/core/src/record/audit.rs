//! The rows of the audit trail: one for each change, each with the hash of the one before.

use jiff::Timestamp;

use super::Event;
use crate::id::{Digest, RequestId};
use crate::lifecycle::{Actor, State};

/// One row of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// The request.
    pub request: RequestId,
    /// Its place in the trail, from zero.
    pub n: u64,
    /// When it happened, by the clock of the function that wrote the row.
    pub at: Timestamp,
    /// Who brought it about.
    pub actor: Actor,
    /// What happened.
    pub event: Event,
    /// The state it led to.
    pub state: State,
    /// The hash of the row before; none for the first.
    pub previous: Option<Digest>,
}

/// The end of a trail, kept in the request's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// How many rows there are.
    pub count: u64,
    /// The hash of the last row.
    pub hash: Digest,
}
