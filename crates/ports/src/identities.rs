//! Users that Snowgate made, with their trails, and whose names they have.
//!
//! What changes a user together with a request is written with the request ([`crate::ledger::Commit`]), so
//! that neither is there without the other.

use std::future::Future;

use jiff::Timestamp;
use snowgate_core::audit::StoredRow;
use snowgate_core::effect::RecordedEffect;
use snowgate_core::id::IdentityId;
use snowgate_core::identity::{HeldName, IdentityChange, IdentityRecord};
use snowgate_core::principal::{Principal, PrincipalKey};

use crate::CallError;
use crate::ledger::CommitError;

/// A change of a user with what is written in the same transaction. What it means for its name
/// ([`NameStep`](snowgate_core::identity::NameStep)), and to whom its unique id belongs, is written with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityCommit {
    /// The change.
    pub change: IdentityChange,
    /// Effects that were recorded under its name and are recorded under its unique id from now on. Nothing
    /// of them was removed from IAM.
    pub moved: Vec<MovedEffect>,
}

/// An effect whose principal has its unique id now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedEffect {
    /// As it was, under the name.
    pub effect: RecordedEffect,
    /// When the access that it belongs to ends.
    pub ends_at: Timestamp,
}

impl MovedEffect {
    /// As it is, under the unique id.
    #[must_use]
    pub fn under(&self, principal_key: PrincipalKey) -> RecordedEffect {
        RecordedEffect {
            principal_key,
            ..self.effect.clone()
        }
    }
}

impl From<IdentityChange> for IdentityCommit {
    fn from(change: IdentityChange) -> Self {
        Self {
            change,
            moved: Vec::new(),
        }
    }
}

/// Users that Snowgate made. Everything is read consistently, a record together with its trail
/// ([`examine`](snowgate_core::audit::examine)).
pub trait Identities: Send + Sync {
    /// Reads a user.
    fn identity(
        &self,
        id: &IdentityId,
    ) -> impl Future<Output = Result<Option<IdentityRecord>, CallError>> + Send;

    /// Which user a principal is. Who else writes the table may have said so: it is believed as far as that
    /// user's record bears it out.
    fn identity_of(
        &self,
        principal: &PrincipalKey,
    ) -> impl Future<Output = Result<Option<IdentityId>, CallError>> + Send;

    /// Whose a name is; none where no user of Snowgate's ever had it.
    fn held_name(
        &self,
        user: &Principal,
    ) -> impl Future<Output = Result<Option<HeldName>, CallError>> + Send;

    /// Writes a change alone, on the condition that nobody changed the user in between.
    fn commit_identity(
        &self,
        commit: &IdentityCommit,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Puts off the time when a user is looked at again, where nobody changed it in between. Answers
    /// whether it did.
    fn postpone_identity(
        &self,
        id: &IdentityId,
        version: u64,
        due_at: Timestamp,
        attempts: u32,
    ) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// The trail of a user, in order, as it was stored.
    fn identity_trail(
        &self,
        id: &IdentityId,
    ) -> impl Future<Output = Result<Vec<StoredRow>, CallError>> + Send;
}
