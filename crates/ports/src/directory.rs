//! IAM in target accounts: reading it, and, for the provisioner alone, changing it.

use std::future::Future;

use snowgate_core::account::{PolicyFacts, PrincipalFacts};
use snowgate_core::arn::PolicyArn;
use snowgate_core::id::AccountId;
use snowgate_core::principal::Principal;

use crate::CallError;

/// Why a target account could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The account has no role for us, or it does not trust us (`sts:AssumeRole` is denied).
    #[error("the role in account {0} cannot be assumed")]
    NotPrepared(AccountId),
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Reads IAM in target accounts.
pub trait Directory: Send + Sync {
    /// The user or role, with its tags and all its attached policies; none if it does not exist.
    fn principal(
        &self,
        principal: &Principal,
    ) -> impl Future<Output = Result<Option<PrincipalFacts>, DirectoryError>> + Send;

    /// The default version of a managed policy, as seen from this account; none if it does not
    /// exist.
    fn policy(
        &self,
        account: &AccountId,
        policy: &PolicyArn,
    ) -> impl Future<Output = Result<Option<PolicyFacts>, DirectoryError>> + Send;
}

/// Changes IAM in target accounts. Both calls are idempotent.
pub trait Member: Directory {
    /// Attaches a managed policy; it may be attached already.
    fn attach(
        &self,
        principal: &Principal,
        policy: &PolicyArn,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send;

    /// Detaches a managed policy; it may be detached already.
    fn detach(
        &self,
        principal: &Principal,
        policy: &PolicyArn,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send;
}
