//! The ledger: where requests are held, and where the first decision wins. Nothing scans.
//!
//! One port for each part that a function may be given or not: the requests themselves, their
//! indexes, the effects on principals, and the review links.

mod effect_keys;

use std::future::Future;

use jiff::Timestamp;
use snowgate_core::aggregate::Aggregate;
pub use snowgate_core::aggregate::{DUE_BUCKETS, bucket_of};
use snowgate_core::approval::TokenRow;
use snowgate_core::audit::StoredRow;
use snowgate_core::effect::{RecordedEffect, Removal};
use snowgate_core::id::{ClientId, Digest, RequestId, SysId};
use snowgate_core::lifecycle::State;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::{Change, RequestRecord};
use snowgate_core::volume::{VolumeCount, VolumeOf, VolumeWindows};

pub use effect_keys::EffectKeys;

use crate::CallError;
use crate::identities::IdentityCommit;

/// How many dry runs one ServiceNow record may have, over all clients and for good: each answers
/// questions about people and policies.
pub const MAX_DRY_RUNS: u32 = 10;

/// How much of an audit trail is read, in bytes of its rows. Whoever writes the table can put rows below
/// any request, each as big as an item may be (400 KB). A trail that Snowgate writes is far below: what
/// was asked is 400 KB at the most, and each of a few thousand other rows about half a KB.
pub const MAX_TRAIL_BYTES: usize = 4 << 20;

/// How many rows of an audit trail are read. Access that is active for a year, of which the ticket cannot
/// be written all the time, has fewer than 500 for each note.
pub const MAX_TRAIL_ROWS: usize = 8_192;

/// The code of the error for a trail that is longer.
pub const TRAIL_TOO_LONG: &str = "TrailTooLong";

/// How many requests are peeked at, or effects read, in one call: of items as big as they may be it is
/// 10 MB. A request has fewer effects.
pub const PEEKED: usize = 25;

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
    pub put_effects: Vec<RecordedEffect>,
    /// When the access that they belong to ends; where it has ended is looked for from then on.
    pub effects_end: Option<Timestamp>,
    /// Effects to forget, with a [`Removal`] for each that has one.
    pub delete_effects: Vec<RecordedEffect>,
    /// Review links to open.
    pub tokens: Vec<TokenRow>,
    /// Policy texts to keep with the request, by their digests. One that is there already is the
    /// same.
    pub documents: Vec<String>,
    /// What happens to the user that it is about. Both are written, each on its own version, or neither.
    pub identity: Option<Box<IdentityCommit>>,
    /// What is counted with it: added to what others have counted, whatever that is by now.
    pub volume: Vec<VolumeCount>,
}

impl From<Change> for Commit {
    fn from(change: Change) -> Self {
        Self {
            change,
            put_effects: Vec::new(),
            effects_end: None,
            delete_effects: Vec::new(),
            tokens: Vec::new(),
            documents: Vec::new(),
            identity: None,
            volume: Vec::new(),
        }
    }
}

/// Why a change was not written.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else changed what is changed first. Load it again and look.
    #[error("the record was changed by somebody else first")]
    Conflict,
    /// The name of the user that is to be created is another's, or kept for another person. Looking
    /// again does not help.
    #[error("the name of the user is taken")]
    NameTaken,
    /// The table could not be reached, or holds what cannot be read.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// An item of the table, and where it stands in an index. Only the ledger looks inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemKey {
    /// Its partition key.
    pub pk: String,
    /// Its sort key.
    pub sk: String,
    /// The time in the index, as it is written there.
    pub at: String,
}

/// Part of what an index has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPage<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// After which item the next page begins; none where this is the last one.
    pub next: Option<ItemKey>,
}

impl<T> IndexPage<T> {
    /// The page with something made of each of its items.
    #[must_use]
    pub fn map<U>(self, of: impl FnMut(T) -> U) -> IndexPage<U> {
        IndexPage {
            items: self.items.into_iter().map(of).collect(),
            next: self.next,
        }
    }
}

/// Something that stands in the index of what is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueItem {
    /// The item that stands there.
    pub key: ItemKey,
    /// What it is about.
    pub about: DueKind,
    /// Since when; none where what is written there is no time.
    pub due_at: Option<Timestamp>,
}

/// What an item in the index of what is due is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DueKind {
    /// Something that somebody must look at.
    Known(Aggregate),
    /// An item of a request that is never due itself, such as an audit row.
    Stray,
    /// Of a kind that is not known here. Whoever wrote it may know more.
    Unknown,
}

/// An effect whose access should be over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedEffect {
    /// The item of the effect.
    pub key: ItemKey,
    /// On which principal, and for which request; none where the item's keys do not say.
    pub of: Option<(PrincipalKey, RequestId)>,
}

/// Requests: records, their audit trails and policy texts. Everything is read consistently.
///
/// A record is read together with its trail. One that its trail does not bear out is answered all
/// the same, so that it can be ended, and says so ([`RequestRecord::trail_fault`]); nothing else
/// can be written to it.
pub trait Requests: Send + Sync {
    /// Holds a new request: record, audit row, key and the claim on the ServiceNow record, in
    /// one transaction. A ServiceNow record is claimed once, whichever client asks; dry runs on
    /// it are counted.
    fn create(&self, new: &NewRequest) -> impl Future<Output = Result<Created, CallError>> + Send;

    /// What a client's key was used for: [`Created::Replayed`] or [`Created::KeyReused`]. None where it is
    /// free or forgotten at this time.
    fn made_by(
        &self,
        client: &ClientId,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Created>, CallError>> + Send;

    /// Reads a request, and examines its trail ([`examine`](snowgate_core::audit::examine)).
    fn load(
        &self,
        id: &RequestId,
    ) -> impl Future<Output = Result<Option<RequestRecord>, CallError>> + Send;

    /// Writes a change with its audit row and what belongs to it, in one transaction, on the
    /// condition that nobody changed the request in between. Where the new state no longer
    /// holds the ServiceNow record ([`State::holds_record`]), the claim on it is released too.
    fn commit(&self, commit: &Commit) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// What was counted of this so far ([`Commit::volume`]), by window. What is no number there is left
    /// out.
    fn counted(
        &self,
        of: &VolumeOf,
    ) -> impl Future<Output = Result<VolumeWindows, CallError>> + Send;

    /// Puts off the time when a request is looked at again, where nobody changed it in between.
    /// Answers whether it did.
    fn postpone(
        &self,
        id: &RequestId,
        version: u64,
        due_at: Timestamp,
        attempts: u32,
    ) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// Those of these requests, at most [`PEEKED`], that are there and can be read, in any order, with
    /// nothing of their trails: to sort out which are worth to be loaded, and never to act on.
    fn peek(
        &self,
        ids: &[RequestId],
    ) -> impl Future<Output = Result<Vec<RequestRecord>, CallError>> + Send;

    /// The audit trail of a request, in order, as it was stored
    /// ([`verify`](snowgate_core::audit::verify) reads it). One that is longer than
    /// [`MAX_TRAIL_BYTES`] or [`MAX_TRAIL_ROWS`] is a permanent error with the code
    /// [`TRAIL_TOO_LONG`].
    fn trail(
        &self,
        id: &RequestId,
    ) -> impl Future<Output = Result<Vec<StoredRow>, CallError>> + Send;

    /// The rows of a trail in order; of one that is too long those in its first places, as many as are
    /// read. For whoever ends access by what they say: what stands beside the places hides none of them.
    fn first_rows(
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
}

/// The indexes by time. Eventually consistent, and written by whoever writes the table: nothing
/// that stands in them is believed, and nothing in them keeps anything else back.
pub trait TimeIndex: Send + Sync {
    /// What is due in one bucket (0 to [`DUE_BUCKETS`] − 1), the longest due first, at most
    /// `limit`, after this item.
    fn due(
        &self,
        bucket: u8,
        now: Timestamp,
        limit: u16,
        after: Option<&ItemKey>,
    ) -> impl Future<Output = Result<IndexPage<DueItem>, CallError>> + Send;

    /// The effects of one bucket whose access should be over, the longest over first, at most
    /// `limit`, after this item.
    fn ended(
        &self,
        bucket: u8,
        now: Timestamp,
        limit: u16,
        after: Option<&ItemKey>,
    ) -> impl Future<Output = Result<IndexPage<EndedEffect>, CallError>> + Send;

    /// Puts what is due where it belongs in the index, or takes it out; where nobody has done so
    /// in between, and, with a version, where the request still has that. Answers whether it did.
    fn put_due(
        &self,
        key: &ItemKey,
        version: Option<u64>,
        to: Option<Timestamp>,
    ) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// The same for an effect.
    fn put_end(
        &self,
        key: &ItemKey,
        to: Timestamp,
    ) -> impl Future<Output = Result<bool, CallError>> + Send;
}

/// What requests have changed in IAM. Effects are written with a request's change
/// ([`Requests::commit`]).
pub trait Effects: Send + Sync {
    /// The keys of all effects that are recorded on a principal, consistently. What the effects hold is
    /// not kept: whoever writes the table can put thousands of big ones there.
    fn effect_keys(
        &self,
        principal: &PrincipalKey,
    ) -> impl Future<Output = Result<EffectKeys, CallError>> + Send;

    /// Those effects on a principal under these keys, at most [`PEEKED`], that are there and can be read,
    /// in any order, consistently.
    fn effects(
        &self,
        principal: &PrincipalKey,
        keys: &[String],
    ) -> impl Future<Output = Result<Vec<RecordedEffect>, CallError>> + Send;

    /// Forgets an effect of a request that has ended, or that cannot be read: nothing is left of
    /// it since now.
    fn forget(
        &self,
        effect: &RecordedEffect,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// What was removed from a principal, each policy and group with the last time, consistently.
    /// Those that cannot be read are left out.
    fn removals(
        &self,
        principal: &PrincipalKey,
    ) -> impl Future<Output = Result<Vec<Removal>, CallError>> + Send;
}

/// Review links. They are written with a request's change ([`Requests::commit`]).
pub trait Tokens: Send + Sync {
    /// The review link with this digest, whether or not it has expired.
    fn token(
        &self,
        digest: &Digest,
    ) -> impl Future<Output = Result<Option<TokenRow>, CallError>> + Send;
}
