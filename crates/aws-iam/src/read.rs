//! Reading IAM. Lists come in one order, whatever IAM's: what is bound by an approval is compared
//! later.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{AttachedPermissionsBoundary, SummaryKeyType, Tag, User};
use futures_util::future::try_join;
use ports::CallError;
use ports::directory::DirectoryError;
use snowgate_core::account::{
    GroupFacts, OWNER_TAG, PolicyFacts, PrincipalFacts, PrincipalQuotas, RoleFacts,
};
use snowgate_core::arn::{GroupArn, PolicyArn, RoleArn};
use snowgate_core::id::AccountId;
use snowgate_core::principal::{Principal, PrincipalType};
use snowgate_core::request::GroupName;

use crate::accounts::Accounts;
use crate::holder::{Holder, document, found, groups_of, unreadable};
use crate::iam_error;

pub(crate) const GET_USER: &str = "iam:GetUser";
const GET_ROLE: &str = "iam:GetRole";
const GET_GROUP: &str = "iam:GetGroup";
const GET_POLICY: &str = "iam:GetPolicy";
const GET_VERSION: &str = "iam:GetPolicyVersion";
const GET_SUMMARY: &str = "iam:GetAccountSummary";

/// The user or role with all its policies and groups.
pub(crate) async fn principal(
    accounts: &Accounts,
    principal: &Principal,
) -> Result<Option<PrincipalFacts>, DirectoryError> {
    let iam = accounts.iam(&principal.account_id).await?;
    let name = principal.name.as_str();
    let (operation, facts) = match principal.kind {
        PrincipalType::User => (GET_USER, user(&iam, name).await?),
        PrincipalType::Role => (GET_ROLE, enrolled_role(&iam, name).await?),
    };
    let Some(facts) = facts else {
        return Ok(None);
    };
    if !is_of(&facts.arn, &principal.account_id, name, operation)? {
        return Ok(None);
    }
    let (policies, groups) = match principal.kind {
        PrincipalType::User => {
            try_join(Holder::User(name).policies(&iam), groups_of(&iam, name)).await?
        }
        PrincipalType::Role => (Holder::Role(name).policies(&iam).await?, Some(Vec::new())),
    };
    // Where one is missing, it was deleted in between.
    let (Some((attached, inline)), Some(groups)) = (policies, groups) else {
        return Ok(None);
    };
    Ok(Some(PrincipalFacts {
        attached,
        inline,
        groups,
        ..facts
    }))
}

/// How much a user or role may hold. A number that is none counts as left out.
pub(crate) async fn quotas(
    accounts: &Accounts,
    account: &AccountId,
    kind: PrincipalType,
) -> Result<PrincipalQuotas, DirectoryError> {
    let iam = accounts.iam(account).await?;
    let answer = iam.get_account_summary().send().await;
    let answer = answer.map_err(|error| iam_error(GET_SUMMARY, &error))?;
    let summary = answer.summary_map.unwrap_or_default();
    let number = |key: &str| usize::try_from(*summary.get(&SummaryKeyType::from(key))?).ok();
    Ok(PrincipalQuotas::from_summary(kind, number))
}

/// What a principal is, before its policies are known.
fn facts(
    arn: String,
    unique_id: String,
    path: String,
    boundary: Option<AttachedPermissionsBoundary>,
    tags: Option<Vec<Tag>>,
) -> PrincipalFacts {
    let tags = tags.unwrap_or_default();
    let owner = tags.into_iter().find(|tag| tag.key == OWNER_TAG);
    PrincipalFacts {
        arn,
        unique_id,
        path,
        boundary: boundary.and_then(|boundary| boundary.permissions_boundary_arn),
        owner_tag: owner.map(|tag| tag.value),
        attached: Vec::new(),
        inline: Vec::new(),
        groups: Vec::new(),
    }
}

async fn user(iam: &Client, name: &str) -> Result<Option<PrincipalFacts>, CallError> {
    let answer = found(GET_USER, iam.get_user().user_name(name).send().await)?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    let user = answer.user.ok_or_else(|| unreadable(GET_USER))?;
    Ok(Some(user_facts(user)))
}

/// What a user is, before its policies are known.
pub(crate) fn user_facts(user: User) -> PrincipalFacts {
    facts(
        user.arn,
        user.user_id,
        user.path,
        user.permissions_boundary,
        user.tags,
    )
}

async fn enrolled_role(iam: &Client, name: &str) -> Result<Option<PrincipalFacts>, CallError> {
    let found = get_role(iam, name).await?;
    Ok(found.map(|role| {
        facts(
            role.arn,
            role.role_id,
            role.path,
            role.permissions_boundary,
            role.tags,
        )
    }))
}

async fn get_role(iam: &Client, name: &str) -> Result<Option<aws_sdk_iam::types::Role>, CallError> {
    let answer = found(GET_ROLE, iam.get_role().role_name(name).send().await)?;
    let role = answer.map(|answer| answer.role.ok_or_else(|| unreadable(GET_ROLE)));
    role.transpose()
}

/// The default version of a managed policy.
pub(crate) async fn policy(
    accounts: &Accounts,
    account: &AccountId,
    policy: &PolicyArn,
) -> Result<Option<PolicyFacts>, DirectoryError> {
    let iam = accounts.iam(account).await?;
    let asked = iam.get_policy().policy_arn(policy.as_str());
    let Some(answer) = found(GET_POLICY, asked.send().await)? else {
        return Ok(None);
    };
    let version = answer.policy.and_then(|policy| policy.default_version_id);
    let version = version.ok_or_else(|| unreadable(GET_POLICY))?;
    let asked = iam
        .get_policy_version()
        .policy_arn(policy.as_str())
        .version_id(&version);
    let Some(answer) = found(GET_VERSION, asked.send().await)? else {
        return Ok(None);
    };
    let encoded = answer.policy_version.and_then(|version| version.document);
    let encoded = encoded.ok_or_else(|| unreadable(GET_VERSION))?;
    Ok(Some(PolicyFacts {
        arn: policy.clone(),
        version,
        document: document(GET_VERSION, &encoded)?,
    }))
}

/// The group with all its policies. One member is asked for, as IAM gives at least one, and no
/// member is looked at.
pub(crate) async fn group(
    accounts: &Accounts,
    account: &AccountId,
    group: &GroupName,
) -> Result<Option<GroupFacts>, DirectoryError> {
    let iam = accounts.iam(account).await?;
    let name = group.as_str();
    let asked = iam.get_group().group_name(name).max_items(1);
    let Some(answer) = found(GET_GROUP, asked.send().await)? else {
        return Ok(None);
    };
    let known = answer.group.ok_or_else(|| unreadable(GET_GROUP))?;
    if !is_of(&known.arn, account, name, GET_GROUP)? {
        return Ok(None);
    }
    let arn: GroupArn = known
        .arn
        .parse()
        .map_err(|error| CallError::permanent(GET_GROUP, "UnreadableArn").because(error))?;
    let Some((attached, inline)) = Holder::Group(name).policies(&iam).await? else {
        return Ok(None);
    };
    Ok(Some(GroupFacts {
        arn,
        unique_id: known.group_id,
        attached,
        inline,
    }))
}

/// The role of this ARN, path included, with its trust policy and all its policies.
pub(crate) async fn role(
    accounts: &Accounts,
    role: &RoleArn,
) -> Result<Option<RoleFacts>, DirectoryError> {
    let iam = accounts.iam(role.account()).await?;
    let name = role.name();
    let Some(known) = get_role(&iam, name).await? else {
        return Ok(None);
    };
    // A role of this name with another path has another ARN.
    if !is_of(&known.arn, role.account(), name, GET_ROLE)? || known.arn != role.as_str() {
        return Ok(None);
    }
    let trust_and_session = known
        .assume_role_policy_document
        .zip(known.max_session_duration);
    let (trust, longest) = trust_and_session.ok_or_else(|| unreadable(GET_ROLE))?;
    let Some((attached, inline)) = Holder::Role(name).policies(&iam).await? else {
        return Ok(None);
    };
    let boundary = known.permissions_boundary;
    Ok(Some(RoleFacts {
        arn: role.clone(),
        unique_id: known.role_id,
        boundary: boundary.and_then(|boundary| boundary.permissions_boundary_arn),
        trust: document(GET_ROLE, &trust)?,
        longest_session: u32::try_from(longest).map_err(|_| unreadable(GET_ROLE))?,
        attached,
        inline,
    }))
}

/// Whether an ARN that IAM returned is of this name, to the letter: names differ in more than
/// their case only.
pub(crate) fn is_of(
    arn: &str,
    account: &AccountId,
    name: &str,
    operation: &'static str,
) -> Result<bool, CallError> {
    in_account(arn, account, operation)?;
    Ok(arn.rsplit('/').next() == Some(name))
}

/// An answer from another account is nobody's, and an error.
pub(crate) fn in_account(
    arn: &str,
    account: &AccountId,
    operation: &'static str,
) -> Result<(), CallError> {
    match arn.split(':').nth(4) == Some(account.as_str()) {
        true => Ok(()),
        false => Err(CallError::permanent(operation, "OtherAccount")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:iam::210987654321:user/enrolled/rita";

    #[test]
    fn the_owner_is_the_tag_and_nothing_like_it() {
        let tag = |key: &str| Tag::builder().key(key).value(key).build().unwrap();
        let owner =
            |tags| facts(ARN.to_owned(), String::new(), String::new(), None, tags).owner_tag;
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
    }

    #[test]
    fn answers_are_of_the_account_and_name_that_were_asked() {
        let account: AccountId = "210987654321".parse().unwrap();
        let other: AccountId = "320987654321".parse().unwrap();
        assert!(is_of(ARN, &account, "rita", GET_USER).unwrap());
        for name in ["Rita", "enrolled/rita", "ita", ""] {
            assert!(!is_of(ARN, &account, name, GET_USER).unwrap(), "{name}");
        }
        let elsewhere = is_of(ARN, &other, "rita", GET_USER).unwrap_err();
        assert_eq!(
            (elsewhere.code.as_str(), elsewhere.is_transient()),
            ("OtherAccount", false)
        );
    }
}
