//! Calls to IAM.

use ports::directory::{Directory, DirectoryError, Member};
use ports::enrolled::{Enrolled, EnrolledPrincipal};
use ports::users::{Creation, Deletion, Users};
use snowgate_core::account::{GroupFacts, PolicyFacts, PrincipalFacts, PrincipalQuotas, RoleFacts};
use snowgate_core::arn::{PolicyArn, RoleArn};
use snowgate_core::effect::EffectChange;
use snowgate_core::id::{AccountId, RequestId};
use snowgate_core::identity::{LifePolicy, MadeUser, NewUser, UserCredentials, UserPart};
use snowgate_core::principal::{Principal, PrincipalName, PrincipalType};
use snowgate_core::request::GroupName;

use super::Failing;

impl<T: Directory> Directory for Failing<T> {
    async fn principal(
        &self,
        principal: &Principal,
    ) -> Result<Option<PrincipalFacts>, DirectoryError> {
        self.call(self.inner.principal(principal)).await
    }

    async fn quotas(
        &self,
        account: &AccountId,
        kind: PrincipalType,
    ) -> Result<PrincipalQuotas, DirectoryError> {
        self.call(self.inner.quotas(account, kind)).await
    }

    async fn policy(
        &self,
        account: &AccountId,
        policy: &PolicyArn,
    ) -> Result<Option<PolicyFacts>, DirectoryError> {
        self.call(self.inner.policy(account, policy)).await
    }

    async fn group(
        &self,
        account: &AccountId,
        group: &GroupName,
    ) -> Result<Option<GroupFacts>, DirectoryError> {
        self.call(self.inner.group(account, group)).await
    }

    async fn role(&self, role: &RoleArn) -> Result<Option<RoleFacts>, DirectoryError> {
        self.call(self.inner.role(role)).await
    }
}

impl<T: Enrolled> Enrolled for Failing<T> {
    async fn enrolled(
        &self,
        account: &AccountId,
        path: &str,
    ) -> Result<Vec<EnrolledPrincipal>, DirectoryError> {
        self.call(self.inner.enrolled(account, path)).await
    }

    async fn inline_policies(
        &self,
        principal: &Principal,
    ) -> Result<Option<Vec<String>>, DirectoryError> {
        self.call(self.inner.inline_policies(principal)).await
    }
}

impl<T: Member> Member for Failing<T> {
    async fn user_name(
        &self,
        account: &AccountId,
        unique_id: &str,
    ) -> Result<Option<PrincipalName>, DirectoryError> {
        self.call(self.inner.user_name(account, unique_id)).await
    }

    async fn make(
        &self,
        principal: &Principal,
        change: &EffectChange,
    ) -> Result<(), DirectoryError> {
        self.call(self.inner.make(principal, change)).await
    }

    async fn take_back(
        &self,
        principal: &Principal,
        change: &EffectChange,
    ) -> Result<(), DirectoryError> {
        self.call(self.inner.take_back(principal, change)).await
    }
}

impl<T: Users> Users for Failing<T> {
    async fn create(
        &self,
        user: &NewUser,
        request: &RequestId,
    ) -> Result<Creation, DirectoryError> {
        self.call(self.inner.create(user, request)).await
    }

    async fn made(&self, principal: &Principal) -> Result<Option<MadeUser>, DirectoryError> {
        self.call(self.inner.made(principal)).await
    }

    async fn put_life(
        &self,
        principal: &Principal,
        life: LifePolicy,
    ) -> Result<(), DirectoryError> {
        self.call(self.inner.put_life(principal, life)).await
    }

    async fn credentials(
        &self,
        principal: &Principal,
    ) -> Result<Option<UserCredentials>, DirectoryError> {
        self.call(self.inner.credentials(principal)).await
    }

    async fn deactivate_keys(&self, principal: &Principal) -> Result<(), DirectoryError> {
        self.call(self.inner.deactivate_keys(principal)).await
    }

    async fn remove(&self, principal: &Principal, part: &UserPart) -> Result<(), DirectoryError> {
        self.call(self.inner.remove(principal, part)).await
    }

    async fn delete(&self, principal: &Principal) -> Result<Deletion, DirectoryError> {
        self.call(self.inner.delete(principal)).await
    }
}
