//! Reads everything in IAM that a request touches: before anyone is asked, and again before
//! anything is changed.
//!
//! The calls are bounded by IAM's own quotas: a principal, a group and a role each hold at most
//! so many policies, and a request at most so many grants.

use ports::CallError;
use ports::directory::{Directory, DirectoryError};
use snowgate_core::account::{InlineFacts, PolicyFacts, PrincipalFacts};
use snowgate_core::arn::PolicyArn;
use snowgate_core::facts::{GrantFacts, IamFacts};
use snowgate_core::id::AccountId;
use snowgate_core::request::{AccessRequest, Grant};

/// What is missing, so that there is nothing to decide on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The user or role.
    Principal,
    /// A managed policy.
    Policy,
    /// A role that is to be assumed.
    Role,
    /// A group that is to be joined.
    Group,
}

/// Reads what a request touches.
///
/// # Errors
/// Where a target account is not prepared or does not answer, or lists what it then does not have.
pub async fn survey(
    directory: &impl Directory,
    request: &AccessRequest,
) -> Result<Result<IamFacts, Missing>, DirectoryError> {
    let target = &request.target;
    let account = &target.account_id;
    let Some(principal) = directory.principal(target).await? else {
        return Ok(Err(Missing::Principal));
    };
    let mut grants = Vec::with_capacity(request.grants.len());
    for grant in &request.grants {
        match bring(directory, account, grant).await? {
            Ok(one) => grants.push(one),
            Err(missing) => return Ok(Err(missing)),
        }
    }
    let boundary = boundary(directory, account, principal.boundary.as_deref()).await?;
    let (held, held_inline) = held(directory, account, &principal).await?;
    Ok(Ok(IamFacts {
        principal,
        boundary,
        grants,
        held,
        held_inline,
    }))
}

async fn bring(
    directory: &impl Directory,
    account: &AccountId,
    grant: &Grant,
) -> Result<Result<GrantFacts, Missing>, DirectoryError> {
    Ok(match grant {
        Grant::AttachManagedPolicy { policy_arn } => {
            let policy = directory.policy(account, policy_arn).await?;
            policy.map(GrantFacts::Policy).ok_or(Missing::Policy)
        }
        Grant::InlinePolicy { .. } => Ok(GrantFacts::Inline),
        Grant::AssumeRole { role_arn } => {
            let Some(role) = directory.role(role_arn).await? else {
                return Ok(Err(Missing::Role));
            };
            let home = role_arn.account();
            let policies = all_listed(directory, home, &role.attached).await?;
            let boundary = boundary(directory, home, role.boundary.as_deref()).await?;
            Ok(GrantFacts::Role {
                role,
                policies,
                boundary,
            })
        }
        Grant::GroupMembership { group } => {
            let Some(group) = directory.group(account, group).await? else {
                return Ok(Err(Missing::Group));
            };
            let policies = all_listed(directory, account, &group.attached).await?;
            Ok(GrantFacts::Group { group, policies })
        }
    })
}

/// A permissions boundary. One that is not there bounds nothing.
async fn boundary(
    directory: &impl Directory,
    account: &AccountId,
    arn: Option<&str>,
) -> Result<Option<PolicyFacts>, DirectoryError> {
    match arn.map(str::parse) {
        Some(Ok(arn)) => directory.policy(account, &arn).await,
        Some(Err(_)) | None => Ok(None),
    }
}

/// The policies that the principal holds already: its own managed ones, and all of its groups.
async fn held(
    directory: &impl Directory,
    account: &AccountId,
    principal: &PrincipalFacts,
) -> Result<(Vec<PolicyFacts>, Vec<InlineFacts>), DirectoryError> {
    let mut attached = principal.attached.clone();
    let mut inline = Vec::new();
    for name in &principal.groups {
        let group = name
            .parse()
            .map_err(|_| CallError::permanent("iam:ListGroupsForUser", "UnreadableAnswer"))?;
        // A group that was deleted in between gives nothing.
        if let Some(group) = directory.group(account, &group).await? {
            attached.extend(group.attached);
            inline.extend(group.inline);
        }
    }
    attached.sort();
    attached.dedup();
    Ok((all_listed(directory, account, &attached).await?, inline))
}

async fn all_listed(
    directory: &impl Directory,
    account: &AccountId,
    arns: &[String],
) -> Result<Vec<PolicyFacts>, DirectoryError> {
    let mut policies = Vec::with_capacity(arns.len());
    for arn in arns {
        policies.push(listed(directory, account, arn).await?);
    }
    Ok(policies)
}

/// A policy that IAM has just listed. One that is not there after all was deleted in between, and
/// is looked for again later.
async fn listed(
    directory: &impl Directory,
    account: &AccountId,
    arn: &str,
) -> Result<PolicyFacts, DirectoryError> {
    let arn: PolicyArn = arn
        .parse()
        .map_err(|_| CallError::permanent("iam:GetPolicy", "UnreadableArn"))?;
    let policy = directory.policy(account, &arn).await?;
    policy.ok_or_else(|| CallError::transient("iam:GetPolicy", "ListedAndGone").into())
}
