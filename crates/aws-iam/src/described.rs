//! Users as IAM describes them, with what they sign in with.

use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::{AccessKeyLastUsed, AccessKeyMetadata, StatusType};
use futures_util::future::try_join3;
use jiff::Timestamp;
use ports::CallError;
use ports::described_users::DescribedUsers;
use ports::directory::DirectoryError;
use snowgate_core::account::PrincipalFacts;
use snowgate_core::identity::{DescribedKey, DescribedUser, KeyUse};
use snowgate_core::principal::Principal;

use crate::credentials::LIST_KEYS;
use crate::holder::{Holder, found, groups_of, unreadable};
use crate::read::{GET_USER, is_of, user_facts};
use crate::target::TargetAccounts;
use crate::users::{made_user, user_name};

const LAST_USED: &str = "iam:GetAccessKeyLastUsed";

/// How long a user is read before it is given up: somebody waits for the answer.
const PATIENCE: Duration = Duration::from_secs(7);

impl<May: Send + Sync> DescribedUsers for TargetAccounts<May> {
    async fn described(&self, user: &Principal) -> Result<Option<DescribedUser>, DirectoryError> {
        user_name(GET_USER, user)?;
        let reading = async {
            let iam = self.accounts.iam(&user.account_id).await?;
            Ok(read(&iam, user).await?)
        };
        let late = || CallError::transient(GET_USER, "TimedOut").into();
        let read = tokio::time::timeout(PATIENCE, reading).await;
        read.unwrap_or_else(|_| Err(late()))
    }
}

/// The user; none where it is not there, or was deleted in between.
async fn read(iam: &Client, user: &Principal) -> Result<Option<DescribedUser>, CallError> {
    let name = user.name.as_str();
    let answer = found(GET_USER, iam.get_user().user_name(name).send().await)?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    let described = answer.user.ok_or_else(|| unreadable(GET_USER))?;
    if !is_of(&described.arn, &user.account_id, name, GET_USER)? {
        return Ok(None);
    }
    let signed_in_at = described.password_last_used.as_ref();
    let signed_in_at = signed_in_at.map(|at| time(GET_USER, at)).transpose()?;
    let facts = user_facts(described.clone());
    let made = made_user(described, &user.account_id)?;
    let (policies, groups, keys) = try_join3(
        Holder::User(name).policies(iam),
        groups_of(iam, name),
        keys(iam, name),
    )
    .await?;
    let (Some((attached, inline)), Some(groups), Some(keys)) = (policies, groups, keys) else {
        return Ok(None);
    };
    let facts = PrincipalFacts {
        attached,
        inline,
        groups,
        ..facts
    };
    Ok(Some(DescribedUser {
        made,
        facts,
        signed_in_at,
        keys,
    }))
}

/// The access keys of a user, one after the other, or none where they may not be read; none at all where there
/// is no such user. A key that is deleted in between is left out.
async fn keys(iam: &Client, user: &str) -> Result<Option<Option<Vec<DescribedKey>>>, CallError> {
    let asked = iam.list_access_keys().user_name(user);
    let pages = asked.into_paginator().items().send();
    let listed = match found(LIST_KEYS, pages.collect::<Result<_, _>>().await) {
        // The read role may read keys on the path of users that Snowgate makes; this one was moved.
        Err(error) if error.code == "AccessDenied" => return Ok(Some(None)),
        listed => listed?,
    };
    let listed: Option<Vec<AccessKeyMetadata>> = listed;
    let Some(listed) = listed else {
        return Ok(None);
    };
    let mut keys = Vec::new();
    for key in listed {
        let id = key.access_key_id.ok_or_else(|| unreadable(LIST_KEYS))?;
        let created = key.create_date.ok_or_else(|| unreadable(LIST_KEYS))?;
        let asked = iam.get_access_key_last_used().access_key_id(&id);
        let Some(answer) = found(LAST_USED, asked.send().await)? else {
            continue;
        };
        let last_use = answer.access_key_last_used;
        keys.push(DescribedKey {
            id,
            is_active: key.status != Some(StatusType::Inactive),
            created_at: time(LIST_KEYS, &created)?,
            last_use: last_use.map(key_use).transpose()?.flatten(),
        });
    }
    Ok(Some(Some(keys)))
}

/// The last use of a key; none where it was not used since IAM keeps account of it.
fn key_use(used: AccessKeyLastUsed) -> Result<Option<KeyUse>, CallError> {
    let at = used.last_used_date.as_ref();
    let at = at.map(|at| time(LAST_USED, at)).transpose()?;
    Ok(at.map(|at| KeyUse {
        at,
        service: used.service_name,
        region: used.region,
    }))
}

fn time(operation: &'static str, at: &DateTime) -> Result<Timestamp, CallError> {
    Timestamp::from_second(at.secs()).map_err(|_| unreadable(operation))
}
