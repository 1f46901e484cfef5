//! Users that Snowgate made, for whoever only reads: nothing here changes a user, a request or an effect.

use std::collections::BTreeMap;
use std::future::Future;

use snowgate_core::effect::{RecordedEffect, Removal};
use snowgate_core::id::{AccountId, ClientId, RequestId};
use snowgate_core::identity::IdentityRecord;
use snowgate_core::principal::{Principal, PrincipalKey};

use crate::CallError;

/// Where a user stands in the list of its account: its name in lowercase, which no other user there has.
/// Whoever writes the table may have put something there that is no name; the list goes on after it all the
/// same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserPlace(pub String);

/// Part of the list of an account's users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPage {
    /// The users, in the order of their names. A page may have fewer than were asked for, and none, before
    /// the list ends.
    pub users: Vec<IdentityRecord>,
    /// After which place the next page begins; none where this is the last one.
    pub next: Option<UserPlace>,
}

/// What is recorded on a principal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordedChanges {
    /// What requests changed, in any order. What cannot be read is left out.
    pub effects: Vec<RecordedEffect>,
    /// What was removed, each policy and group with the last time.
    pub removals: Vec<Removal>,
}

/// How many effects are read of one principal. IAM lets a user hold far fewer, over which a few requests
/// overlap; whoever writes the table can put thousands there.
pub const MAX_EFFECTS: usize = 250;

/// The code of the error where there are more.
pub const TOO_MANY_EFFECTS: &str = "TooManyEffects";

/// Reads users that Snowgate made, and what requests changed on them.
pub trait UserRecords: Send + Sync {
    /// The users of an account that are or may be in IAM, after this place, at most `limit`, itself at most
    /// [`PEEKED`](crate::ledger::PEEKED). Which there are is read from an index that follows the table after
    /// a moment, the users themselves as they are, without their trails: to be shown, and never to act on.
    fn users(
        &self,
        account: &AccountId,
        after: Option<&UserPlace>,
        limit: u16,
    ) -> impl Future<Output = Result<UserPage, CallError>> + Send;

    /// The user that has this name, in whatever case, read consistently and with its trail examined; none
    /// where no user of Snowgate's has it now.
    fn user_named(
        &self,
        user: &Principal,
    ) -> impl Future<Output = Result<Option<IdentityRecord>, CallError>> + Send;

    /// What is recorded on a principal, consistently; for more than [`MAX_EFFECTS`] a permanent error with
    /// the code [`TOO_MANY_EFFECTS`].
    fn recorded_on(
        &self,
        principal: &PrincipalKey,
    ) -> impl Future<Output = Result<RecordedChanges, CallError>> + Send;

    /// Whose these requests are, as the table has it beside their records; those that are not there, or do
    /// not say, are left out.
    fn clients_of(
        &self,
        requests: &[RequestId],
    ) -> impl Future<Output = Result<BTreeMap<RequestId, ClientId>, CallError>> + Send;
}
