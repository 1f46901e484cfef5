//! The role that changes IAM: the only module with calls that do.

use aws_config::SdkConfig;
use ports::CallError;
use ports::directory::{Directory, DirectoryError, Member};
use snowgate_core::account::{PolicyFacts, PrincipalFacts};
use snowgate_core::arn::PolicyArn;
use snowgate_core::id::AccountId;
use snowgate_core::principal::{Principal, PrincipalType};

use crate::accounts::{Accounts, RoleToAssume};
use crate::{iam_error, read};

/// Reads and changes IAM through the member role of each target account.
#[derive(Debug)]
pub struct MemberRole {
    accounts: Accounts,
}

impl MemberRole {
    /// Assumes this role with the credentials of the configuration.
    #[must_use]
    pub fn new(config: &SdkConfig, role: RoleToAssume) -> Self {
        Self {
            accounts: Accounts::new(config, role),
        }
    }
}

impl Directory for MemberRole {
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

impl Member for MemberRole {
    async fn attach(
        &self,
        principal: &Principal,
        policy: &PolicyArn,
    ) -> Result<(), DirectoryError> {
        let iam = self.accounts.iam(&principal.account_id).await?;
        let name = principal.name.as_str();
        let outcome = match principal.kind {
            PrincipalType::User => iam
                .attach_user_policy()
                .user_name(name)
                .policy_arn(policy.as_str())
                .send()
                .await
                .map(|_| ())
                .map_err(|error| iam_error("iam:AttachUserPolicy", &error)),
            PrincipalType::Role => iam
                .attach_role_policy()
                .role_name(name)
                .policy_arn(policy.as_str())
                .send()
                .await
                .map(|_| ())
                .map_err(|error| iam_error("iam:AttachRolePolicy", &error)),
        };
        Ok(outcome?)
    }

    async fn detach(
        &self,
        principal: &Principal,
        policy: &PolicyArn,
    ) -> Result<(), DirectoryError> {
        let iam = self.accounts.iam(&principal.account_id).await?;
        let name = principal.name.as_str();
        let outcome = match principal.kind {
            PrincipalType::User => iam
                .detach_user_policy()
                .user_name(name)
                .policy_arn(policy.as_str())
                .send()
                .await
                .map(|_| ())
                .map_err(|error| iam_error("iam:DetachUserPolicy", &error)),
            PrincipalType::Role => iam
                .detach_role_policy()
                .role_name(name)
                .policy_arn(policy.as_str())
                .send()
                .await
                .map(|_| ())
                .map_err(|error| iam_error("iam:DetachRolePolicy", &error)),
        };
        Ok(gone(outcome)?)
    }
}

/// What is not attached, or not there at all, is detached.
fn gone(outcome: Result<(), CallError>) -> Result<(), CallError> {
    match outcome {
        Err(error) if error.code == "NoSuchEntity" => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_attached_is_detached() {
        let failed = |code| gone(Err(CallError::last("iam:DetachUserPolicy", code)));
        assert!(failed("NoSuchEntity").is_ok());
        assert_eq!(failed("AccessDenied").unwrap_err().code, "AccessDenied");
        assert!(gone(Ok(())).is_ok());
    }
}
