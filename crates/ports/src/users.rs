//! IAM users that Snowgate makes: created, looked at, disabled and deleted. The provisioner alone has them.
//!
//! Users are known to IAM by name. Who holds one by its unique id looks at it before each change: between
//! two calls a name may become another's.

use std::future::Future;

use snowgate_core::id::RequestId;
use snowgate_core::identity::{LifePolicy, MadeUser, NewUser, UserCredentials, UserPart};
use snowgate_core::principal::Principal;

use crate::directory::{DirectoryError, Member};

/// What came of creating a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// It is there.
    Made {
        /// Its unique id (`AIDA…`).
        unique_id: String,
    },
    /// A user has the name, in this or another case. It may be ours, where an earlier answer was lost:
    /// [`Users::made`] and [`whose`](snowgate_core::identity::whose) tell.
    NameTaken,
    /// IAM denies it. So it may where a user has the name, as its conditions may be tried on that one: to be
    /// looked at like [`Creation::NameTaken`].
    Denied,
}

/// What came of deleting a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone, or was before.
    Done,
    /// It has something that IAM wants gone before (`DeleteConflict`).
    InTheWay,
}

/// Makes and ends users in target accounts. Everything but creating is idempotent: what is gone already
/// counts as removed. `principal` is a user throughout; for a role every call fails for good.
pub trait Users: Member {
    /// Creates a user with its path, boundary and tags, for a request. Nothing else is given to it.
    fn create(
        &self,
        user: &NewUser,
        request: &RequestId,
    ) -> impl Future<Output = Result<Creation, DirectoryError>> + Send;

    /// The user that has this name, in whatever case it is written, with all its tags; none where there is
    /// none, or none to be seen yet.
    fn made(
        &self,
        principal: &Principal,
    ) -> impl Future<Output = Result<Option<MadeUser>, DirectoryError>> + Send;

    /// Puts the life policy of a user, in place of the one that it has.
    fn put_life(
        &self,
        principal: &Principal,
        life: LifePolicy,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send;

    /// All credentials of a user; none where there is no such user.
    fn credentials(
        &self,
        principal: &Principal,
    ) -> impl Future<Output = Result<Option<UserCredentials>, DirectoryError>> + Send;

    /// Makes every access key of a user inactive. They can be made active again.
    fn deactivate_keys(
        &self,
        principal: &Principal,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send;

    /// Removes something that a user has. It may be removed already.
    fn remove(
        &self,
        principal: &Principal,
        part: &UserPart,
    ) -> impl Future<Output = Result<(), DirectoryError>> + Send;

    /// Deletes a user who has nothing left. It may be deleted already.
    fn delete(
        &self,
        principal: &Principal,
    ) -> impl Future<Output = Result<Deletion, DirectoryError>> + Send;
}
