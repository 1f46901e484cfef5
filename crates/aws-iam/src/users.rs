//! Users that Snowgate makes, through the member role.

use aws_sdk_iam::types::{Tag, User};
use jiff::Timestamp;
use ports::CallError;
use ports::directory::DirectoryError;
use ports::users::{Creation, Deletion, Users};
use snowgate_core::id::{AccountId, RequestId};
use snowgate_core::identity::{
    LIFE_POLICY_NAME, LifePolicy, MadeUser, NewUser, UserCredentials, UserPart,
};
use snowgate_core::principal::{Principal, PrincipalType};

use crate::holder::{found, unreadable};
use crate::member_role::{MemberRole, gone, put};
use crate::read::in_account;
use crate::{credentials, iam_error};

const CREATE: &str = "iam:CreateUser";
const GET: &str = "iam:GetUser";
const PUT: &str = "iam:PutUserPolicy";
const DELETE: &str = "iam:DeleteUser";

impl Users for MemberRole {
    async fn create(
        &self,
        user: &NewUser,
        request: &RequestId,
    ) -> Result<Creation, DirectoryError> {
        let iam = self.accounts.iam(&user.account_id).await?;
        let create = iam
            .create_user()
            .user_name(user.name.as_str())
            .path(&user.path)
            .permissions_boundary(user.boundary.as_str())
            .set_tags(Some(tags(user, request)?));
        match create.send().await {
            Ok(answer) => {
                let made = answer.user.ok_or_else(|| unreadable(CREATE))?;
                in_account(&made.arn, &user.account_id, CREATE)?;
                let unique_id = made.user_id;
                Ok(Creation::Made { unique_id })
            }
            Err(error) => Ok(not_created(iam_error(CREATE, &error))?),
        }
    }

    async fn made(&self, principal: &Principal) -> Result<Option<MadeUser>, DirectoryError> {
        let name = user_name(GET, principal)?;
        let iam = self.accounts.iam(&principal.account_id).await?;
        let answer = found(GET, iam.get_user().user_name(name).send().await)?;
        let user = answer.map(|answer| answer.user.ok_or_else(|| unreadable(GET)));
        let user = user.transpose()?;
        let user = user.map(|user| made_user(user, &principal.account_id));
        Ok(user.transpose()?)
    }

    async fn put_life(
        &self,
        principal: &Principal,
        life: LifePolicy,
    ) -> Result<(), DirectoryError> {
        user_name(PUT, principal)?;
        let iam = self.accounts.iam(&principal.account_id).await?;
        Ok(put(&iam, principal, LIFE_POLICY_NAME, &life.document()).await?)
    }

    async fn credentials(
        &self,
        principal: &Principal,
    ) -> Result<Option<UserCredentials>, DirectoryError> {
        let name = user_name(credentials::LIST_KEYS, principal)?;
        let iam = self.accounts.iam(&principal.account_id).await?;
        Ok(credentials::of_user(&iam, name).await?)
    }

    async fn deactivate_keys(&self, principal: &Principal) -> Result<(), DirectoryError> {
        let name = user_name(credentials::UPDATE_KEY, principal)?;
        let iam = self.accounts.iam(&principal.account_id).await?;
        Ok(credentials::deactivate_keys(&iam, name).await?)
    }

    async fn remove(&self, principal: &Principal, part: &UserPart) -> Result<(), DirectoryError> {
        user_name(DELETE, principal)?;
        let iam = self.accounts.iam(&principal.account_id).await?;
        Ok(gone(credentials::remove(&iam, principal, part).await)?)
    }

    async fn delete(&self, principal: &Principal) -> Result<Deletion, DirectoryError> {
        let name = user_name(DELETE, principal)?;
        let iam = self.accounts.iam(&principal.account_id).await?;
        let answer = iam.delete_user().user_name(name).send().await;
        match answer.map_err(|error| iam_error(DELETE, &error)) {
            Err(error) if error.code == "DeleteConflict" => Ok(Deletion::InTheWay),
            answer => {
                gone(answer.map(|_| ()))?;
                Ok(Deletion::Done)
            }
        }
    }
}

/// All that a user is tagged with.
fn tags(user: &NewUser, request: &RequestId) -> Result<Vec<Tag>, CallError> {
    let tags = user.tags_for(request).into_iter();
    tags.map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<_, _>>()
        .map_err(|error| CallError::permanent(CREATE, "NotSent").because(error))
}

/// What came of it where IAM did not create the user.
fn not_created(error: CallError) -> Result<Creation, CallError> {
    match error.code.as_str() {
        "EntityAlreadyExists" => Ok(Creation::NameTaken),
        "AccessDenied" => Ok(Creation::Denied),
        _ => Err(error),
    }
}

/// A user in an answer.
pub(crate) fn made_user(user: User, account: &AccountId) -> Result<MadeUser, CallError> {
    in_account(&user.arn, account, GET)?;
    let boundary = user.permissions_boundary;
    let tags = user.tags.unwrap_or_default().into_iter();
    let created = Timestamp::from_second(user.create_date.secs());
    Ok(MadeUser {
        name: user.user_name.parse().map_err(|_| unreadable(GET))?,
        unique_id: user.user_id,
        path: user.path,
        boundary: boundary.and_then(|boundary| boundary.permissions_boundary_arn),
        tags: tags.map(|tag| (tag.key, tag.value)).collect(),
        created_at: created.map_err(|_| unreadable(GET))?,
    })
}

/// The name of a user. A role is none, and a user of its name is somebody else.
pub(crate) fn user_name<'p>(
    operation: &'static str,
    principal: &'p Principal,
) -> Result<&'p str, CallError> {
    match principal.kind {
        PrincipalType::User => Ok(principal.name.as_str()),
        PrincipalType::Role => Err(CallError::permanent(operation, "RolesAreNoUsers")),
    }
}

#[cfg(test)]
mod tests;
