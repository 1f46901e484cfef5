//! IAM in target accounts: reading it, and, for the provisioner alone, changing it.

use std::future::Future;

use snowgate_core::account::{GroupFacts, PolicyFacts, PrincipalFacts, PrincipalQuotas, RoleFacts};
use snowgate_core::arn::{PolicyArn, RoleArn};
use snowgate_core::effect::EffectChange;
use snowgate_core::id::AccountId;
use snowgate_core::principal::{Principal, PrincipalName, PrincipalType};
use snowgate_core::request::GroupName;

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

/// Reads IAM in target accounts. What does not exist, or is deleted between two calls, is none.
pub trait Directory: Send + Sync {
    /// The user or role, with its tags, all its attached and inline policies and its groups.
    fn principal(
        &self,
        principal: &Principal,
    ) -> impl Future<Output = Result<Option<PrincipalFacts>, DirectoryError>> + Send;

    /// How much a user or role may hold in this account.
    fn quotas(
        &self,
        account: &AccountId,
        kind: PrincipalType,
    ) -> impl Future<Output = Result<PrincipalQuotas, DirectoryError>> + Send;

    /// The default version of a managed policy, as seen from this account.
    fn policy(
        &self,
        account: &AccountId,
        policy: &PolicyArn,
    ) -> impl Future<Output = Result<Option<PolicyFacts>, DirectoryError>> + Send;

    /// The group of this name, with all its attached and inline policies.
    fn group(
        &self,
        account: &AccountId,
        group: &GroupName,
    ) -> impl Future<Output = Result<Option<GroupFacts>, DirectoryError>> + Send;

    /// The role, with its trust policy and all its attached and inline policies, read in its own
    /// account.
    fn role(
        &self,
        role: &RoleArn,
    ) -> impl Future<Output = Result<Option<RoleFacts>, DirectoryError>> + Send;
}

/// Changes IAM in target accounts. Making and taking back are idempotent.
pub trait Member: Directory {
    /// The name that the user with this unique id has now, whatever it was called before and
    /// wherever it was moved; none if there is no such user. Reads the users of the whole account:
    /// for when a user is not found by name.
    fn user_name(
        &self,
        account: &AccountId,
        unique_id: &str,
    ) -> impl Future<Output = Result<Option<PrincipalName>, DirectoryError>> + Send;

    /// Makes a change; it may be made already. An inline policy of the same name is replaced.
    fn make(
        &self,
        principal: &Principal,
        change: &EffectChange,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send;

    /// Removes a change; it may be removed already.
    fn take_back(
        &self,
        principal: &Principal,
        change: &EffectChange,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send;
}
