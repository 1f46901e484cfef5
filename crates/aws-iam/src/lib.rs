//! IAM in target accounts, through roles there that trust us.
//!
//! [`ReadRole`] reads. [`MemberRole`] reads and changes, and only its modules `member_role`, `users` and
//! `credentials` hold the calls that change anything: a function that is built with `ReadRole` alone does
//! not contain them.

mod accounts;
mod credentials;
mod described;
mod document;
mod enrolled;
mod holder;
mod member_role;
mod read;
mod target;
mod users;

pub use accounts::{RoleToAssume, RoleToAssumeError, in_sessions_about};
pub use member_role::{MemberRole, ReadWrite};
pub use target::{ReadOnly, ReadRole, TargetAccounts};

use aws_errors::call_error_with;
use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use ports::CallError;

/// A call of IAM that failed. The credentials of a session that was just opened may not be known
/// everywhere yet (IAM User Guide, "Changes that I make are not always immediately visible").
fn iam_error<E: ProvideErrorMetadata>(
    operation: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> CallError {
    call_error_with(operation, error, &["InvalidClientTokenId"])
}
