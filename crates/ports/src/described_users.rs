//! IAM users as IAM describes them, for whoever only looks.

use std::future::Future;

use snowgate_core::identity::DescribedUser;
use snowgate_core::principal::Principal;

use crate::directory::DirectoryError;

/// Reads users in target accounts.
pub trait DescribedUsers: Send + Sync {
    /// The user of this name, to the letter, with its tags, policies, groups and access keys; none where
    /// there is none. A role is an error for good. It takes some ten calls, more with many policies, and
    /// gives up after a few seconds with an error that may be retried.
    fn described(
        &self,
        user: &Principal,
    ) -> impl Future<Output = Result<Option<DescribedUser>, DirectoryError>> + Send;
}
