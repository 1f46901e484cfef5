//! The role that changes IAM. What it makes and ends of users is in the modules `users` and `credentials`.

use aws_sdk_iam::Client;
use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use ports::CallError;
use ports::directory::{DirectoryError, Member};
use snowgate_core::arn::PolicyArn;
use snowgate_core::effect::EffectChange;
use snowgate_core::id::AccountId;
use snowgate_core::identity::{LIFE_POLICY_NAME, LifePolicy};
use snowgate_core::principal::{Principal, PrincipalName, PrincipalType};
use snowgate_core::request::GroupName;

use crate::holder::unreadable;
use crate::iam_error;
use crate::target::TargetAccounts;

/// The role may read and change.
#[derive(Debug)]
pub enum ReadWrite {}

/// Reads and changes IAM through the member role of each target account.
pub type MemberRole = TargetAccounts<ReadWrite>;

/// How many users IAM lists in one answer at most (IAM API, ListUsers).
const USERS_PAGE: i32 = 1_000;

impl Member for MemberRole {
    async fn user_name(
        &self,
        account: &AccountId,
        unique_id: &str,
    ) -> Result<Option<PrincipalName>, DirectoryError> {
        let iam = self.accounts.iam(account).await?;
        Ok(user_name(&iam, unique_id).await?)
    }

    async fn make(
        &self,
        principal: &Principal,
        change: &EffectChange,
    ) -> Result<(), DirectoryError> {
        let iam = self.accounts.iam(&principal.account_id).await?;
        let made = match change {
            EffectChange::PolicyAttached { policy_arn } => {
                attach(&iam, principal, policy_arn).await
            }
            EffectChange::InlinePolicyPut { name, document, .. } => {
                put(&iam, principal, name, document).await
            }
            EffectChange::GroupJoined { group, .. } => join(&iam, principal, group).await,
            EffectChange::UserCreated { ends_at, .. } => {
                let life = LifePolicy::Until(*ends_at).document();
                put(&iam, principal, LIFE_POLICY_NAME, &life).await
            }
        };
        Ok(made?)
    }

    async fn take_back(
        &self,
        principal: &Principal,
        change: &EffectChange,
    ) -> Result<(), DirectoryError> {
        let iam = self.accounts.iam(&principal.account_id).await?;
        let taken_back = match change {
            EffectChange::PolicyAttached { policy_arn } => {
                detach(&iam, principal, policy_arn.as_str()).await
            }
            EffectChange::InlinePolicyPut { name, .. } => delete(&iam, principal, name).await,
            EffectChange::GroupJoined { group, .. } => leave(&iam, principal, group.as_str()).await,
            // The user stays, denied everything, until it is deleted.
            EffectChange::UserCreated { .. } => {
                let over = LifePolicy::Over.document();
                put(&iam, principal, LIFE_POLICY_NAME, &over).await
            }
        };
        Ok(gone(taken_back)?)
    }
}

async fn user_name(iam: &Client, unique_id: &str) -> Result<Option<PrincipalName>, CallError> {
    const LIST: &str = "iam:ListUsers";
    let asked = iam.list_users().max_items(USERS_PAGE);
    let mut users = asked.into_paginator().items().send();
    while let Some(user) = users.next().await {
        let user = user.map_err(|error| iam_error(LIST, &error))?;
        if user.user_id == unique_id {
            let name = user.user_name.parse();
            return name.map(Some).map_err(|_| unreadable(LIST));
        }
    }
    Ok(None)
}

async fn attach(iam: &Client, principal: &Principal, policy: &PolicyArn) -> Result<(), CallError> {
    let (name, arn) = (principal.name.as_str(), policy.as_str());
    match principal.kind {
        PrincipalType::User => {
            let call = iam.attach_user_policy().user_name(name).policy_arn(arn);
            done("iam:AttachUserPolicy", call.send().await)
        }
        PrincipalType::Role => {
            let call = iam.attach_role_policy().role_name(name).policy_arn(arn);
            done("iam:AttachRolePolicy", call.send().await)
        }
    }
}

pub(crate) async fn detach(
    iam: &Client,
    principal: &Principal,
    arn: &str,
) -> Result<(), CallError> {
    let name = principal.name.as_str();
    match principal.kind {
        PrincipalType::User => {
            let call = iam.detach_user_policy().user_name(name).policy_arn(arn);
            done("iam:DetachUserPolicy", call.send().await)
        }
        PrincipalType::Role => {
            let call = iam.detach_role_policy().role_name(name).policy_arn(arn);
            done("iam:DetachRolePolicy", call.send().await)
        }
    }
}

pub(crate) async fn put(
    iam: &Client,
    principal: &Principal,
    policy: &str,
    document: &str,
) -> Result<(), CallError> {
    let name = principal.name.as_str();
    match principal.kind {
        PrincipalType::User => {
            let call = iam.put_user_policy().user_name(name).policy_name(policy);
            let call = call.policy_document(document);
            done("iam:PutUserPolicy", call.send().await)
        }
        PrincipalType::Role => {
            let call = iam.put_role_policy().role_name(name).policy_name(policy);
            let call = call.policy_document(document);
            done("iam:PutRolePolicy", call.send().await)
        }
    }
}

pub(crate) async fn delete(
    iam: &Client,
    principal: &Principal,
    policy: &str,
) -> Result<(), CallError> {
    let name = principal.name.as_str();
    match principal.kind {
        PrincipalType::User => {
            let call = iam.delete_user_policy().user_name(name).policy_name(policy);
            done("iam:DeleteUserPolicy", call.send().await)
        }
        PrincipalType::Role => {
            let call = iam.delete_role_policy().role_name(name).policy_name(policy);
            done("iam:DeleteRolePolicy", call.send().await)
        }
    }
}

async fn join(iam: &Client, principal: &Principal, group: &GroupName) -> Result<(), CallError> {
    const JOIN: &str = "iam:AddUserToGroup";
    let user = user(JOIN, principal)?;
    let call = iam.add_user_to_group().group_name(group.as_str());
    done(JOIN, call.user_name(user).send().await)
}

pub(crate) async fn leave(
    iam: &Client,
    principal: &Principal,
    group: &str,
) -> Result<(), CallError> {
    const LEAVE: &str = "iam:RemoveUserFromGroup";
    let user = user(LEAVE, principal)?;
    let call = iam.remove_user_from_group().group_name(group);
    done(LEAVE, call.user_name(user).send().await)
}

/// The name of a user. A role is in no group, and a user of its name is somebody else.
fn user<'a>(operation: &'static str, principal: &'a Principal) -> Result<&'a str, CallError> {
    match principal.kind {
        PrincipalType::User => Ok(principal.name.as_str()),
        PrincipalType::Role => Err(CallError::permanent(operation, "RolesHaveNoGroups")),
    }
}

pub(crate) fn done<T, E: ProvideErrorMetadata>(
    operation: &'static str,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<(), CallError> {
    answer
        .map(|_| ())
        .map_err(|error| iam_error(operation, &error))
}

/// What is not there needs no removal.
pub(crate) fn gone(outcome: Result<(), CallError>) -> Result<(), CallError> {
    match outcome {
        Err(error) if error.code == "NoSuchEntity" => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_needs_no_removal() {
        let failed = |code| gone(Err(CallError::permanent("iam:DetachUserPolicy", code)));
        assert!(failed("NoSuchEntity").is_ok());
        assert_eq!(failed("AccessDenied").unwrap_err().code, "AccessDenied");
        assert!(gone(Ok(())).is_ok());
    }

    #[test]
    fn a_role_joins_no_group() {
        let mut principal = Principal {
            account_id: "210987654321".parse().unwrap(),
            kind: PrincipalType::User,
            name: "rita".parse().unwrap(),
        };
        assert_eq!(user("iam:AddUserToGroup", &principal).unwrap(), "rita");
        principal.kind = PrincipalType::Role;
        let refused = user("iam:AddUserToGroup", &principal).unwrap_err();
        assert!(!refused.is_transient());
    }
}
