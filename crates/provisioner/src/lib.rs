//! Changes IAM, and nothing else does.
//!
//! Woken by the FIFO queue `work`, one group for each principal, so that one principal is
//! changed by one run at a time. A wake-up is no order: whatever the ledger says is due on the
//! principal is done, removals first. Every step is written down before it is taken, and
//! everything is read back; a crash anywhere is taken up where it happened.

mod grant;
mod revoke;

use std::time::Duration;

use jiff::Timestamp;
use ports::directory::{DirectoryError, Member};
use ports::ledger::{Commit, CommitError, Ledger};
use ports::queue::OutcomesQueue;
use ports::signature::Verifier;
use ports::{CallError, Clock};
use snowgate_core::canonical::CanonicalError;
use snowgate_core::effect::Effect;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{ChangeError, Event, RequestRecord};
use tracing::{error, info, warn};

/// How often a change is looked for in IAM before the request is put off.
const LOOKS: u32 = 8;

/// How often a step is tried again at once when somebody else changed the request first.
const TRIES: usize = 4;

/// The provisioner with what it needs.
pub struct Provisioner<L, M, V, Q> {
    /// Where requests are held.
    pub ledger: L,
    /// The target accounts, with the right to change them.
    pub member: M,
    /// What verifies decisions.
    pub verifier: V,
    /// The queue that wakes the reporter.
    pub outcomes: Q,
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
    /// The ledger has no such request.
    #[error("the ledger has no such request")]
    Unknown,
    /// A call to the ledger, the key or a queue failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A call to the target account failed.
    #[error(transparent)]
    Account(#[from] DirectoryError),
    /// Somebody else changed the request first.
    #[error("the request was changed by somebody else first")]
    Conflict,
    /// A change is not to be seen in IAM yet.
    #[error("the change is not to be seen in IAM yet")]
    NotSeen,
    /// A change that the rules do not allow.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// A decision could not be hashed.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
}

impl From<CommitError> for ProvisionError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::Conflict,
            CommitError::Call(call) => Self::Call(call),
        }
    }
}

impl<L, M, V, Q> Provisioner<L, M, V, Q>
where
    L: Ledger,
    M: Member,
    V: Verifier,
    Q: OutcomesQueue,
{
    /// Does all that is due on the principal of this request: what has ended is taken back
    /// first, then this request is provisioned.
    ///
    /// # Errors
    /// Only where the ledger itself does not answer. Every other trouble is written into the
    /// ledger as a later time, and the message is done with, so that it keeps nothing else back.
    pub async fn handle(&self, id: &RequestId, now: Timestamp) -> Result<(), ProvisionError> {
        let record = self.ledger.load(id).await?.ok_or(ProvisionError::Unknown)?;
        let live = self.ledger.effects(&record.principal_key()).await?;
        let mut others: Vec<&RequestId> = live.iter().map(|effect| &effect.request).collect();
        others.sort();
        others.dedup();
        let mut ended = false;
        for other in others.into_iter().filter(|other| *other != id) {
            ended |= self.end(other, now).await;
        }
        if ended && record.state() == State::Approved {
            let left = self.ledger.effects(&record.principal_key()).await?;
            if left.len() < live.len() {
                // IAM may still list what was just taken back, and it would pass for found there.
                return self.put_off(&record, now).await;
            }
        }
        self.step(record, now).await
    }

    /// Takes back what another request gave, if that is over. Trouble with it is its own: it is
    /// due by itself, and keeps nothing else back. Answers whether there was anything to do.
    async fn end(&self, id: &RequestId, now: Timestamp) -> bool {
        let done = match self.ledger.load(id).await {
            Ok(Some(record)) if record.is_over(now) => self.step(record, now).await,
            Ok(_) => return false,
            Err(failure) => Err(failure.into()),
        };
        if let Err(failure) = &done {
            let error = shell::log::chain(failure);
            error!(other = %id, error, "another request on the principal could not be ended");
        }
        true
    }

    /// Takes the next step, and puts it off where that does not work now. Where somebody else
    /// wrote to the request first (noted a mail, or withdrew it), where it stands then decides.
    async fn step(&self, mut record: RequestRecord, now: Timestamp) -> Result<(), ProvisionError> {
        let mut tries = 0;
        loop {
            let done = match record.state() {
                _ if self.hold => {
                    warn!(state = %record.state(), "all changes are stopped");
                    return self.put_off(&record, now).await;
                }
                State::Approved | State::Provisioning => self.grant(record.clone(), now).await,
                State::Active | State::Revoking if record.is_over(now) => {
                    self.revoke(record.clone(), now).await
                }
                _ => return Ok(()),
            };
            match done {
                Ok(after) => {
                    shell::wake::reporter(&self.outcomes, &after, now).await;
                    return Ok(());
                }
                Err(ProvisionError::Conflict) if tries < TRIES => {
                    tries += 1;
                    record = self.reload(&record).await?;
                }
                Err(failure) => {
                    error!(error = shell::log::chain(&failure), state = %record.state(), "not done yet");
                    // The step may have been written down before the trouble came.
                    let current = self.reload(&record).await?;
                    return self.put_off(&current, now).await;
                }
            }
        }
    }

    async fn reload(&self, record: &RequestRecord) -> Result<RequestRecord, ProvisionError> {
        let loaded = self.ledger.load(record.id()).await?;
        loaded.ok_or(ProvisionError::Unknown)
    }

    async fn put_off(&self, record: &RequestRecord, now: Timestamp) -> Result<(), ProvisionError> {
        if record.due_at().is_some() {
            let (again, attempts) = (record.next_try(now), record.attempts().saturating_add(1));
            self.ledger
                .postpone(record.id(), record.version(), again, attempts)
                .await?;
        }
        Ok(())
    }

    /// Writes an event with its effects; answers the record afterwards.
    async fn write(
        &self,
        record: &RequestRecord,
        event: Event,
        put_effects: Vec<Effect>,
        delete_effects: Vec<Effect>,
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        let change = record.apply(event, Actor::Provisioner, now)?;
        let commit = Commit {
            change,
            put_effects,
            delete_effects,
            tokens: Vec::new(),
            documents: Vec::new(),
        };
        self.ledger.commit(&commit).await?;
        info!(state = %commit.change.record.state(), "written down");
        Ok(commit.change.record)
    }
}

/// The effects of one request among those on a principal.
fn effects_of(id: &RequestId, live: &[Effect]) -> Vec<Effect> {
    live.iter()
        .filter(|effect| effect.request == *id)
        .cloned()
        .collect()
}
