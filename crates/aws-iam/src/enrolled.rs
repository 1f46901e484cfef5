//! Who is enrolled in a target account. IAM lists by path, a thousand at a time.

use aws_sdk_iam::Client;
use ports::CallError;
use ports::directory::DirectoryError;
use ports::enrolled::{Enrolled, EnrolledPrincipal};
use snowgate_core::id::AccountId;
use snowgate_core::principal::{Principal, PrincipalType};

use crate::holder::Holder;
use crate::iam_error;
use crate::target::TargetAccounts;

/// How many IAM lists in one answer at most (IAM API, ListUsers and ListRoles).
const PAGE: i32 = 1_000;

/// A user or role as IAM lists it.
struct Listed {
    kind: PrincipalType,
    name: String,
    unique_id: String,
}

impl<May: Send + Sync> Enrolled for TargetAccounts<May> {
    async fn enrolled(
        &self,
        account: &AccountId,
        path: &str,
    ) -> Result<Vec<EnrolledPrincipal>, DirectoryError> {
        let iam = self.accounts.iam(account).await?;
        let users = users(&iam, path).await?;
        let roles = roles(&iam, path).await?;
        let enrolled = users.into_iter().chain(roles).filter_map(|listed| {
            let principal = Principal {
                account_id: account.clone(),
                kind: listed.kind,
                // IAM gives no name that is none.
                name: listed.name.parse().ok()?,
            };
            Some(EnrolledPrincipal {
                principal,
                unique_id: listed.unique_id,
            })
        });
        Ok(enrolled.collect())
    }

    async fn inline_policies(
        &self,
        principal: &Principal,
    ) -> Result<Option<Vec<String>>, DirectoryError> {
        let iam = self.accounts.iam(&principal.account_id).await?;
        let name = principal.name.as_str();
        let holder = match principal.kind {
            PrincipalType::User => Holder::User(name),
            PrincipalType::Role => Holder::Role(name),
        };
        Ok(holder.inline_names(&iam).await?)
    }
}

async fn users(iam: &Client, path: &str) -> Result<Vec<Listed>, CallError> {
    let asked = iam.list_users().path_prefix(path).max_items(PAGE);
    let mut pages = asked.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(user) = pages.next().await {
        let user = user.map_err(|error| iam_error("iam:ListUsers", &error))?;
        found.extend((user.path == path).then_some(Listed {
            kind: PrincipalType::User,
            name: user.user_name,
            unique_id: user.user_id,
        }));
    }
    Ok(found)
}

async fn roles(iam: &Client, path: &str) -> Result<Vec<Listed>, CallError> {
    let asked = iam.list_roles().path_prefix(path).max_items(PAGE);
    let mut pages = asked.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(role) = pages.next().await {
        let role = role.map_err(|error| iam_error("iam:ListRoles", &error))?;
        found.extend((role.path == path).then_some(Listed {
            kind: PrincipalType::Role,
            name: role.role_name,
            unique_id: role.role_id,
        }));
    }
    Ok(found)
}
