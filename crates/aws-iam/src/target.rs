//! IAM in target accounts through one role there, which reads, or reads and changes.

use std::marker::PhantomData;

use aws_config::SdkConfig;
use ports::Clock;
use ports::directory::{Directory, DirectoryError};
use snowgate_core::account::{GroupFacts, PolicyFacts, PrincipalFacts, PrincipalQuotas, RoleFacts};
use snowgate_core::arn::{PolicyArn, RoleArn};
use snowgate_core::id::AccountId;
use snowgate_core::principal::{Principal, PrincipalType};
use snowgate_core::request::GroupName;

use crate::accounts::{Accounts, RoleToAssume};
use crate::read;

/// IAM in target accounts, as far as the role there goes. Everyone reads; only
/// [`MemberRole`](crate::MemberRole) changes.
#[derive(Debug)]
pub struct TargetAccounts<May> {
    pub(crate) accounts: Accounts,
    may: PhantomData<May>,
}

/// The role may read.
#[derive(Debug)]
pub enum ReadOnly {}

/// Reads IAM through the read role of each target account.
pub type ReadRole = TargetAccounts<ReadOnly>;

impl<May> TargetAccounts<May> {
    /// Assumes this role with the credentials of the configuration. The clock says when a session
    /// is to be renewed.
    #[must_use]
    pub fn new(config: &SdkConfig, role: RoleToAssume, clock: Clock) -> Self {
        Self {
            accounts: Accounts::new(config, role, clock),
            may: PhantomData,
        }
    }
}

impl<May: Send + Sync> Directory for TargetAccounts<May> {
    async fn principal(
        &self,
        principal: &Principal,
    ) -> Result<Option<PrincipalFacts>, DirectoryError> {
        read::principal(&self.accounts, principal).await
    }

    async fn quotas(
        &self,
        account: &AccountId,
        kind: PrincipalType,
    ) -> Result<PrincipalQuotas, DirectoryError> {
        read::quotas(&self.accounts, account, kind).await
    }

    async fn policy(
        &self,
        account: &AccountId,
        policy: &PolicyArn,
    ) -> Result<Option<PolicyFacts>, DirectoryError> {
        read::policy(&self.accounts, account, policy).await
    }

    async fn group(
        &self,
        account: &AccountId,
        group: &GroupName,
    ) -> Result<Option<GroupFacts>, DirectoryError> {
        read::group(&self.accounts, account, group).await
    }

    async fn role(&self, role: &RoleArn) -> Result<Option<RoleFacts>, DirectoryError> {
        read::role(&self.accounts, role).await
    }
}
