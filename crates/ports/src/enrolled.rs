//! Who is enrolled in a target account, for comparing it with the ledger.

use std::future::Future;

use snowgate_core::id::AccountId;
use snowgate_core::principal::Principal;

use crate::directory::DirectoryError;

/// A user or role that is enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolledPrincipal {
    /// The user or role.
    pub principal: Principal,
    /// Its unique id.
    pub unique_id: String,
}

/// Lists target accounts.
pub trait Enrolled: Send + Sync {
    /// All users and roles of an account with exactly this path.
    fn enrolled(
        &self,
        account: &AccountId,
        path: &str,
    ) -> impl Future<Output = Result<Vec<EnrolledPrincipal>, DirectoryError>> + Send;

    /// The names of the inline policies of a user or role; none if it is gone.
    fn inline_policies(
        &self,
        principal: &Principal,
    ) -> impl Future<Output = Result<Option<Vec<String>>, DirectoryError>> + Send;
}
