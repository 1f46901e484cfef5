//! Users for whoever only reads, whose calls fail.

use std::collections::BTreeMap;

use ports::CallError;
use ports::described_users::DescribedUsers;
use ports::directory::DirectoryError;
use ports::user_records::{RecordedChanges, UserPage, UserPlace, UserRecords};
use snowgate_core::id::{AccountId, ClientId, RequestId};
use snowgate_core::identity::{DescribedUser, IdentityRecord};
use snowgate_core::principal::{Principal, PrincipalKey};

use super::Failing;

impl<T: UserRecords> UserRecords for Failing<T> {
    async fn users(
        &self,
        account: &AccountId,
        after: Option<&UserPlace>,
        limit: u16,
    ) -> Result<UserPage, CallError> {
        self.call(self.inner.users(account, after, limit)).await
    }

    async fn user_named(&self, user: &Principal) -> Result<Option<IdentityRecord>, CallError> {
        self.call(self.inner.user_named(user)).await
    }

    async fn recorded_on(&self, principal: &PrincipalKey) -> Result<RecordedChanges, CallError> {
        self.call(self.inner.recorded_on(principal)).await
    }

    async fn clients_of(
        &self,
        requests: &[RequestId],
    ) -> Result<BTreeMap<RequestId, ClientId>, CallError> {
        self.call(self.inner.clients_of(requests)).await
    }
}

impl<T: DescribedUsers> DescribedUsers for Failing<T> {
    async fn described(&self, user: &Principal) -> Result<Option<DescribedUser>, DirectoryError> {
        self.call(self.inner.described(user)).await
    }
}
