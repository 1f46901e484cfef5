//! Reading IAM.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{AttachedPermissionsBoundary, AttachedPolicy, Tag};
use ports::CallError;
use ports::directory::DirectoryError;
use snowgate_core::account::{OWNER_TAG, PolicyFacts, PrincipalFacts};
use snowgate_core::arn::PolicyArn;
use snowgate_core::id::AccountId;
use snowgate_core::principal::{Principal, PrincipalType};

use crate::accounts::Accounts;
use crate::document::percent_decoded;
use crate::iam_error;

const GET_USER: &str = "iam:GetUser";
const GET_ROLE: &str = "iam:GetRole";
const LIST_USER: &str = "iam:ListAttachedUserPolicies";
const LIST_ROLE: &str = "iam:ListAttachedRolePolicies";
const GET_POLICY: &str = "iam:GetPolicy";
const GET_VERSION: &str = "iam:GetPolicyVersion";

/// The user or role with all its attached policies.
pub(crate) async fn principal(
    accounts: &Accounts,
    principal: &Principal,
) -> Result<Option<PrincipalFacts>, DirectoryError> {
    let iam = accounts.iam(&principal.account_id).await?;
    let name = principal.name.as_str();
    let (found, attached) = match principal.kind {
        PrincipalType::User => {
            let Some(found) = user(&iam, name).await? else {
                return Ok(None);
            };
            (found, of_user(&iam, name).await?)
        }
        PrincipalType::Role => {
            let Some(found) = role(&iam, name).await? else {
                return Ok(None);
            };
            (found, of_role(&iam, name).await?)
        }
    };
    // It was deleted in between.
    let Some(attached) = attached else {
        return Ok(None);
    };
    // An answer from another account is nobody's principal.
    if account_of(&found.arn) != Some(principal.account_id.as_str()) {
        return Err(CallError::last(found.operation, "OtherAccount").into());
    }
    Ok(Some(PrincipalFacts {
        attached: attached
            .into_iter()
            .filter_map(|policy| policy.policy_arn)
            .collect(),
        ..found.facts
    }))
}

/// What a principal is, before its policies are known.
struct Found {
    operation: &'static str,
    arn: String,
    facts: PrincipalFacts,
}

fn found(
    operation: &'static str,
    arn: String,
    unique_id: String,
    path: String,
    boundary: Option<AttachedPermissionsBoundary>,
    tags: Option<Vec<Tag>>,
) -> Found {
    let owner = tags
        .unwrap_or_default()
        .into_iter()
        .find(|tag| tag.key == OWNER_TAG);
    Found {
        operation,
        arn,
        facts: PrincipalFacts {
            unique_id,
            path,
            boundary: boundary.and_then(|boundary| boundary.permissions_boundary_arn),
            owner_tag: owner.map(|tag| tag.value),
            attached: Vec::new(),
        },
    }
}

async fn user(iam: &Client, name: &str) -> Result<Option<Found>, CallError> {
    let answer = match iam.get_user().user_name(name).send().await {
        Ok(answer) => answer,
        Err(error) => return none_where_missing(iam_error(GET_USER, &error)),
    };
    Ok(answer.user.map(|user| {
        found(
            GET_USER,
            user.arn,
            user.user_id,
            user.path,
            user.permissions_boundary,
            user.tags,
        )
    }))
}

async fn role(iam: &Client, name: &str) -> Result<Option<Found>, CallError> {
    let answer = match iam.get_role().role_name(name).send().await {
        Ok(answer) => answer,
        Err(error) => return none_where_missing(iam_error(GET_ROLE, &error)),
    };
    Ok(answer.role.map(|role| {
        found(
            GET_ROLE,
            role.arn,
            role.role_id,
            role.path,
            role.permissions_boundary,
            role.tags,
        )
    }))
}

async fn of_user(iam: &Client, name: &str) -> Result<Option<Vec<AttachedPolicy>>, CallError> {
    let listed = iam
        .list_attached_user_policies()
        .user_name(name)
        .into_paginator()
        .items()
        .send();
    match listed.collect::<Result<Vec<_>, _>>().await {
        Ok(policies) => Ok(Some(policies)),
        Err(error) => none_where_missing(iam_error(LIST_USER, &error)),
    }
}

async fn of_role(iam: &Client, name: &str) -> Result<Option<Vec<AttachedPolicy>>, CallError> {
    let listed = iam
        .list_attached_role_policies()
        .role_name(name)
        .into_paginator()
        .items()
        .send();
    match listed.collect::<Result<Vec<_>, _>>().await {
        Ok(policies) => Ok(Some(policies)),
        Err(error) => none_where_missing(iam_error(LIST_ROLE, &error)),
    }
}

/// The default version of a managed policy.
pub(crate) async fn policy(
    accounts: &Accounts,
    account: &AccountId,
    policy: &PolicyArn,
) -> Result<Option<PolicyFacts>, DirectoryError> {
    let iam = accounts.iam(account).await?;
    let version = match iam.get_policy().policy_arn(policy.as_str()).send().await {
        Ok(answer) => answer.policy.and_then(|policy| policy.default_version_id),
        Err(error) => return Ok(none_where_missing(iam_error(GET_POLICY, &error))?),
    };
    let Some(version) = version else {
        return Err(CallError::retry(GET_POLICY, "UnreadableAnswer").into());
    };
    let answer = iam
        .get_policy_version()
        .policy_arn(policy.as_str())
        .version_id(&version)
        .send()
        .await;
    let document = match answer {
        Ok(answer) => answer.policy_version.and_then(|version| version.document),
        Err(error) => return Ok(none_where_missing(iam_error(GET_VERSION, &error))?),
    };
    let Some(document) = document else {
        return Err(CallError::retry(GET_VERSION, "UnreadableAnswer").into());
    };
    let document = percent_decoded(&document)
        .map_err(|error| CallError::last(GET_VERSION, "UnreadableDocument").because(error))?;
    Ok(Some(PolicyFacts {
        arn: policy.clone(),
        version,
        document,
    }))
}

/// The account in an ARN.
fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4)
}

/// Nothing, where IAM says that there is no such thing.
fn none_where_missing<T>(error: CallError) -> Result<Option<T>, CallError> {
    if error.code == "NoSuchEntity" {
        Ok(None)
    } else {
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_is_no_error_and_everything_else_is() {
        let none = none_where_missing::<()>(CallError::last(GET_USER, "NoSuchEntity"));
        assert_eq!(none.unwrap(), None);
        let denied = none_where_missing::<()>(CallError::last(GET_USER, "AccessDenied"));
        assert_eq!(denied.unwrap_err().code, "AccessDenied");
    }

    #[test]
    fn the_owner_is_the_tag_and_nothing_like_it() {
        let tag = |key: &str| Tag::builder().key(key).value(key).build().unwrap();
        let found = |tags| {
            found(
                GET_USER,
                "arn:aws:iam::210987654321:user/enrolled/rita".to_owned(),
                String::new(),
                "/enrolled/".to_owned(),
                None,
                tags,
            )
        };
        let owner = |tags| found(tags).facts.owner_tag;
        assert_eq!(
            owner(Some(vec![tag("team"), tag(OWNER_TAG)])).as_deref(),
            Some(OWNER_TAG)
        );
        // IAM keeps the case of tag keys; another case is not the tag that the template sets.
        assert_eq!(
            owner(Some(vec![tag("snowgate:owner2"), tag("Snowgate:Owner")])),
            None
        );
        assert_eq!(owner(None), None);
        assert_eq!(account_of(&found(None).arn), Some("210987654321"));
    }
}
