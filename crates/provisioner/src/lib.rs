//! Changes IAM, and nothing else does.
//!
//! Woken by the FIFO queue `work`, one group for each principal, so that one principal is
//! changed by one run at a time. A wake-up is no order: whatever the ledger says is due on the
//! principal is done, removals first. Every step is written down before it is taken, and
//! everything is read back; a crash anywhere is taken up where it happened.

mod compare;
mod create_user;
mod delete_user;
mod effects;
mod end_user;
mod grant;
mod leftover;
mod locate;
mod put_back;
mod remove;
mod revoke;
mod roll_back_user;
mod unknown;
mod user;
mod whose_user;

pub use unknown::Compared;

use std::time::Duration;

use jiff::Timestamp;
use ports::directory::DirectoryError;
use ports::identities::Identities;
use ports::ledger::{CommitError, Effects, Requests};
use ports::queue::OutcomesQueue;
use ports::signature::Verifier;
use ports::users::Users;
use ports::{CallError, Clock};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::canonical::CanonicalError;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::RequestId;
use snowgate_core::identity::IdentityChangeError;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{FailureCode, RequestRecord};
use tracing::{error, info, warn};
use workflow::change::{self, Draft, Next, NotChanged, change, load};
use workflow::wake;

/// How often a change is looked for in IAM before the request is put off.
const LOOKS: u32 = 8;

/// What the provisioner may use, and nothing else.
pub trait ProvisionerPorts {
    /// Where requests are held.
    type Requests: Requests;
    /// What requests have changed in IAM.
    type Effects: Effects;
    /// Users that Snowgate made.
    type Identities: Identities;
    /// The target accounts, with the right to change them.
    type Member: Users;
    /// What verifies decisions.
    type Verifier: Verifier;
    /// The queue that wakes the reporter.
    type Outcomes: OutcomesQueue;
}

/// The provisioner with what it needs.
pub struct Provisioner<P: ProvisionerPorts> {
    /// Where requests are held.
    pub requests: P::Requests,
    /// What requests have changed in IAM.
    pub effects: P::Effects,
    /// Users that Snowgate made.
    pub identities: P::Identities,
    /// The target accounts, with the right to change them.
    pub member: P::Member,
    /// What verifies decisions.
    pub verifier: P::Verifier,
    /// The queue that wakes the reporter.
    pub outcomes: P::Outcomes,
    /// What may be granted today.
    pub guardrails: Guardrails,
    /// Whether all changes are stopped.
    pub hold: bool,
    /// How long to wait between two looks for a change; IAM is eventually consistent.
    pub look_again: Duration,
    /// Says when access was read back, which may be a while after the call began: it lasts from
    /// then.
    pub clock: Clock,
}

/// Why a request could not be provisioned now.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// A call to the ledger or the key failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A call to the target account failed.
    #[error(transparent)]
    Account(#[from] DirectoryError),
    /// A change is not to be seen in IAM yet.
    #[error("the change is not to be seen in IAM yet")]
    NotSeen,
    /// What is to be removed is still there, and the ticket is told why.
    #[error("what is to be removed cannot be removed")]
    Blocked,
    /// The request could not be changed.
    #[error(transparent)]
    NotChanged(#[from] NotChanged),
    /// The record of the user does not allow the change.
    #[error(transparent)]
    User(#[from] IdentityChangeError),
    /// The record of the user could not be written.
    #[error(transparent)]
    UserNotWritten(#[from] CommitError),
    /// A decision could not be hashed.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
}

impl ProvisionError {
    /// Whether it fails again however often it is tried: refused for what it is, or no role to assume.
    fn is_permanent(&self) -> bool {
        match self {
            Self::Call(call)
            | Self::Account(DirectoryError::Call(call))
            | Self::NotChanged(NotChanged::Call(call)) => !call.is_transient(),
            Self::Account(DirectoryError::NotPrepared(_)) => true,
            Self::NotChanged(NotChanged::Rules(_)) | Self::Canonical(_) => true,
            Self::UserNotWritten(CommitError::Call(call)) => !call.is_transient(),
            Self::User(_) | Self::UserNotWritten(CommitError::NameTaken) => true,
            Self::UserNotWritten(CommitError::Conflict)
            | Self::NotChanged(_)
            | Self::NotSeen
            | Self::Blocked => false,
        }
    }
}

impl<P: ProvisionerPorts> Provisioner<P> {
    /// Does what a wake-up is about.
    ///
    /// # Errors
    /// As [`Provisioner::handle`].
    pub async fn take(&self, wake: &Aggregate, now: Timestamp) -> Result<(), ProvisionError> {
        match wake {
            Aggregate::Request(id) => self.handle(id, now).await,
            Aggregate::Principal(key) => self.end_all(key, now).await,
            Aggregate::Identity(id) => self.handle_user(id, now).await,
        }
    }

    /// Does all that is due on the principal of this request: access that has ended is removed
    /// first, its own before that of others, then this request is provisioned.
    ///
    /// # Errors
    /// Only where the ledger itself does not answer. After every other failure the request is
    /// rescheduled in the ledger and the message acknowledged, so that it blocks no other request.
    pub async fn handle(&self, id: &RequestId, now: Timestamp) -> Result<(), ProvisionError> {
        let record = load(&self.requests, id).await?;
        let record = match self.with_user(record.clone()).await {
            Ok(record) => record,
            Err(failure) if failure.is_permanent() => {
                error!(
                    error = shell::log::chain(&failure),
                    "which user it made cannot be found out"
                );
                record
            }
            Err(failure) => {
                error!(error = shell::log::chain(&failure), "not done yet");
                return Ok(self.put_off(&record, record.next_try(now)).await?);
            }
        };
        let principal = record.principal_key();
        let is_over = record.is_over(now);
        if is_over {
            self.step(record.clone(), now).await?;
        }
        for other in self.over_on(&principal, id, now).await? {
            self.end(other, now).await;
        }
        match is_over {
            true => Ok(()),
            false => self.step(record, now).await,
        }
    }

    /// Ends another request, which is over. A failure is its own: it is due by itself, and blocks no
    /// other request.
    async fn end(&self, other: RequestRecord, now: Timestamp) {
        let id = other.id().clone();
        if let Err(failure) = self.step(other, now).await {
            let error = shell::log::chain(&failure);
            error!(other = %id, error, "another request on the principal could not be ended");
        }
    }

    /// Takes the next step, and puts it off where that does not work now.
    async fn step(&self, record: RequestRecord, now: Timestamp) -> Result<(), ProvisionError> {
        let (id, state) = (record.id().clone(), record.state());
        let done = match state {
            _ if self.hold => {
                warn!(%state, "all changes are stopped");
                return Ok(self.put_off(&record, record.next_try(now)).await?);
            }
            State::Received if record.was_put_back() => self.end_put_back(record, now).await,
            State::Pending if record.was_put_back() => {
                self.fail(record, FailureCode::BrokenTrail, now).await
            }
            State::Approved | State::Provisioning if record.trail_fault().is_some() => {
                self.fail(record, FailureCode::BrokenTrail, now).await
            }
            State::Approved | State::Provisioning => self.grant(record, now).await,
            State::Active | State::Revoking if record.is_over(now) => {
                self.revoke(record, now).await
            }
            State::Active => self.keep(record, now).await,
            _ => return Ok(()),
        };
        match done {
            Ok(after) => wake::reporter(&self.outcomes, &after, now).await,
            Err(failure) => {
                error!(error = shell::log::chain(&failure), %state, "not done yet");
                // The step may have been written down before the failure.
                let current = load(&self.requests, &id).await?;
                let again = match failure {
                    ProvisionError::Blocked => current.next_try_of_blocked(now),
                    _ => current.next_try(now),
                };
                self.put_off(&current, again).await?;
                wake::reporter(&self.outcomes, &current, now).await;
            }
        }
        Ok(())
    }

    /// Puts off the next look. Where that can never be written, the sweeper comes again all the same.
    async fn put_off(&self, record: &RequestRecord, until: Timestamp) -> Result<(), CallError> {
        match change::put_off_until(&self.requests, record, until).await {
            Err(failure) if !failure.is_transient() => {
                let error = shell::log::chain(&failure);
                error!(error, "the next look could not be written down");
                Ok(())
            }
            done => done,
        }
    }

    /// Looks after access that its record says is not over. A record that its trail does not bear out
    /// says when access ends only as far as signatures do: one that proves nothing ends it now.
    async fn keep(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        if record.trail_fault().is_some() && !self.is_proved(&record).await? {
            error!("access whose record proves nothing ends now");
            return self.revoke(record, now).await;
        }
        self.compare_active(record, now).await
    }

    /// Writes down a step, however often the request changes meanwhile, as long as it stays in
    /// its state: whoever brought it further counts, a client that withdrew it above all.
    /// Answers the record afterwards.
    async fn write(
        &self,
        record: RequestRecord,
        draft: Draft,
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        let from = record.state();
        let next = |record: &RequestRecord| match record.state() == from {
            true => Next::from(draft.clone()),
            false => Next::Done(()),
        };
        let changed = change(&self.requests, record, &Actor::Provisioner, now, next).await?;
        let after = changed.into_record();
        info!(%from, to = %after.state(), "written down");
        Ok(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_again_however_often_is_told_from_what_may_pass() {
        let account: snowgate_core::id::AccountId = "210987654321".parse().unwrap();
        let calls = |call: fn() -> CallError| {
            let in_account = DirectoryError::Call(call());
            [
                ProvisionError::from(call()),
                ProvisionError::from(in_account),
                ProvisionError::from(NotChanged::from(call())),
            ]
        };
        let denied = calls(|| CallError::permanent("iam:GetUser", "AccessDenied"));
        assert!(denied.iter().all(ProvisionError::is_permanent));
        let gone = ProvisionError::from(DirectoryError::NotPrepared(account));
        assert!(gone.is_permanent());
        let throttled = calls(|| CallError::transient("iam:GetUser", "Throttling"));
        assert!(!throttled.iter().any(ProvisionError::is_permanent));
        assert!(!ProvisionError::NotSeen.is_permanent());
    }
}
