//! The role that only reads.

use aws_config::SdkConfig;
use ports::directory::{Directory, DirectoryError};
use snowgate_core::account::{PolicyFacts, PrincipalFacts};
use snowgate_core::arn::PolicyArn;
use snowgate_core::id::AccountId;
use snowgate_core::principal::Principal;

use crate::accounts::{Accounts, RoleToAssume};
use crate::read;

/// Reads IAM through the read role of each target account.
#[derive(Debug)]
pub struct ReadRole {
    accounts: Accounts,
}

impl ReadRole {
    /// Assumes this role with the credentials of the configuration.
    #[must_use]
    pub fn new(config: &SdkConfig, role: RoleToAssume) -> Self {
        Self {
            accounts: Accounts::new(config, role),
        }
    }
}

impl Directory for ReadRole {
    async fn principal(
        &self,
        principal: &Principal,
    ) -> Result<Option<PrincipalFacts>, DirectoryError> {
        read::principal(&self.accounts, principal).await
    }

    async fn policy(
        &self,
        account: &AccountId,
        policy: &PolicyArn,
    ) -> Result<Option<PolicyFacts>, DirectoryError> {
        read::policy(&self.accounts, account, policy).await
    }
}
