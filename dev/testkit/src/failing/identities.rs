//! Users that Snowgate made, whose calls fail.

use jiff::Timestamp;
use ports::CallError;
use ports::identities::{Identities, IdentityCommit};
use ports::ledger::CommitError;
use snowgate_core::audit::StoredRow;
use snowgate_core::id::IdentityId;
use snowgate_core::identity::{HeldName, IdentityRecord};
use snowgate_core::principal::{Principal, PrincipalKey};

use super::Failing;

impl<T: Identities> Identities for Failing<T> {
    async fn identity(&self, id: &IdentityId) -> Result<Option<IdentityRecord>, CallError> {
        self.call(self.inner.identity(id)).await
    }

    async fn identity_of(&self, principal: &PrincipalKey) -> Result<Option<IdentityId>, CallError> {
        self.call(self.inner.identity_of(principal)).await
    }

    async fn held_name(&self, user: &Principal) -> Result<Option<HeldName>, CallError> {
        self.call(self.inner.held_name(user)).await
    }

    async fn commit_identity(&self, commit: &IdentityCommit) -> Result<(), CommitError> {
        self.call(self.inner.commit_identity(commit)).await
    }

    async fn postpone_identity(
        &self,
        id: &IdentityId,
        version: u64,
        due_at: Timestamp,
        attempts: u32,
    ) -> Result<bool, CallError> {
        let postponed = self.inner.postpone_identity(id, version, due_at, attempts);
        self.call(postponed).await
    }

    async fn identity_trail(&self, id: &IdentityId) -> Result<Vec<StoredRow>, CallError> {
        self.call(self.inner.identity_trail(id)).await
    }
}
