//! The ledger: where requests are held, and where the first decision wins. Nothing scans.
//!
//! One port for each part that a function may be given or not: the requests themselves, their
//! indexes, the effects on principals, and the review links.

use std::future::Future;

use jiff::Timestamp;
use snowgate_core::aggregate::Aggregate;
use snowgate_core::approval::TokenRow;
use snowgate_core::audit::StoredRow;
use snowgate_core::effect::Effect;
use snowgate_core::id::{ClientId, Digest, RequestId, SysId};
use snowgate_core::lifecycle::State;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::{Change, RequestRecord};

use crate::CallError;

/// How many partitions the index of due requests has.
pub const DUE_BUCKETS: u8 = 8;

/// How many dry runs one ServiceNow record may have, over all clients and for good: each answers
/// questions about people and policies.
pub const MAX_DRY_RUNS: u32 = 10;

/// A new request with what makes it unique.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// The record and its first audit row.
    pub change: Change,
    /// The client's idempotency key and the digest of the call, where it sent a key.
    pub key: Option<IdempotencyKey>,
}

/// A client's idempotency key (`Idempotency-Key`), 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key as sent.
    pub key: String,
    /// The digest of the call that it was first sent with: method, path and body.
    pub call: Digest,
    /// When it is forgotten. A record past this time counts as absent, whether or not the table
    /// has dropped it yet.
    pub expires_at: Timestamp,
}

/// What became of a new request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// The request was new and is held.
    New,
    /// The key was used before with the same call, for this request.
    Replayed(Box<RequestRecord>),
    /// The key was used before with another call.
    KeyReused,
    /// The same ServiceNow record has a request that has not ended: this one, where it is of the
    /// same client, else one of another.
    RecordBusy(Option<RequestId>),
    /// The ServiceNow record has had [`MAX_DRY_RUNS`].
    TooManyDryRuns,
}

/// A change with what is written beside it in the same transaction.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The change of the request.
    pub change: Change,
    /// Effects to record. One that is there already for the same request is kept as it is.
    pub put_effects: Vec<Effect>,
    /// Effects to forget.
    pub delete_effects: Vec<Effect>,
    /// Review links to open.
    pub tokens: Vec<TokenRow>,
    /// Policy texts to keep with the request, by their digests. One that is there already is the
    /// same.
    pub documents: Vec<String>,
}

impl From<Change> for Commit {
    fn from(change: Change) -> Self {
        Self {
            change,
            put_effects: Vec::new(),
            delete_effects: Vec::new(),
            tokens: Vec::new(),
            documents: Vec::new(),
        }
    }
}

/// Why a change was not written.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else changed the request first. Load it again and look.
    #[error("the request was changed by somebody else first")]
    Conflict,
    /// The table could not be reached, or holds what cannot be read.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Something that somebody must look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueItem {
    /// The request that is due.
    pub aggregate: Aggregate,
    /// Since when.
    pub due_at: Timestamp,
}

/// Requests: records, their audit trails and policy texts. Everything is read consistently.
pub trait Requests: Send + Sync {
    /// Holds a new request: record, audit row, key and the claim on the ServiceNow record, in
    /// one transaction. A ServiceNow record is claimed once, whichever client asks; dry runs on
    /// it are counted.
    fn create(&self, new: &NewRequest) -> impl Future<Output = Result<Created, CallError>> + Send;

    /// Reads a request.
    fn load(
        &self,
        id: &RequestId,
    ) -> impl Future<Output = Result<Option<RequestRecord>, CallError>> + Send;

    /// Writes a change with its audit row and what belongs to it, in one transaction, on the
    /// condition that nobody changed the request in between. Where the new state no longer
    /// holds the ServiceNow record ([`State::holds_record`]), the claim on it is released too.
    fn commit(&self, commit: &Commit) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Puts off the time when a request is looked at again, where nobody changed it in between.
    /// Answers whether it did.
    fn postpone(
        &self,
        id: &RequestId,
        version: u64,
        due_at: Timestamp,
        attempts: u32,
    ) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// The audit trail of a request, in order, as it was stored
    /// ([`verify`](snowgate_core::audit::verify) reads it).
    fn trail(
        &self,
        id: &RequestId,
    ) -> impl Future<Output = Result<Vec<StoredRow>, CallError>> + Send;

    /// The policy texts kept with a request, in any order. Whoever shows one checks it against
    /// the digest that is bound.
    fn documents(
        &self,
        id: &RequestId,
    ) -> impl Future<Output = Result<Vec<String>, CallError>> + Send;
}

/// The indexes of requests. Eventually consistent: whoever acts on a request loads it first.
pub trait RequestIndex: Send + Sync {
    /// The requests of a client for one ServiceNow record, the newest first, at most 25.
    fn of_record(
        &self,
        client: &ClientId,
        sys_id: &SysId,
    ) -> impl Future<Output = Result<Vec<(RequestId, State)>, CallError>> + Send;

    /// What is due in one bucket (0 to [`DUE_BUCKETS`] − 1), the longest due first, at most
    /// `limit`.
    fn due(
        &self,
        bucket: u8,
        now: Timestamp,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<DueItem>, CallError>> + Send;
}

/// What requests have changed in IAM. Effects are written with a request's change
/// ([`Requests::commit`]).
pub trait Effects: Send + Sync {
    /// All live effects on a principal, consistently.
    fn effects(
        &self,
        principal: &PrincipalKey,
    ) -> impl Future<Output = Result<Vec<Effect>, CallError>> + Send;
}

/// Review links. They are written with a request's change ([`Requests::commit`]).
pub trait Tokens: Send + Sync {
    /// The review link with this digest, whether or not it has expired.
    fn token(
        &self,
        digest: &Digest,
    ) -> impl Future<Output = Result<Option<TokenRow>, CallError>> + Send;
}

/// The bucket of a request in the index of due requests.
#[must_use]
pub fn bucket_of(id: &RequestId) -> u8 {
    id.as_str()
        .bytes()
        .fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte))
        % DUE_BUCKETS
}
