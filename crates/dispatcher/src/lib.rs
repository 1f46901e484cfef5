//! Finds out who must decide on a request, binds what they decide on, and writes to them.
//!
//! Woken by the queue `requests`. Every step is written to the ledger before the next one, so
//! that a crash anywhere is taken up where it happened. The queue `bounces` reports letters that
//! did not arrive.

mod ask;
mod bounced;
mod letters;
mod message;
mod preview;
mod reassign;
mod reminders;

pub use message::Message;

use jiff::{SignedDuration, Timestamp};
use ports::CallError;
use ports::directory::Directory;
use ports::ledger::{CommitError, Ledger};
use ports::mail::Mailer;
use ports::queue::OutcomesQueue;
use ports::servicenow::ServiceNow;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::RequestId;
use snowgate_core::installation::Installation;
use snowgate_core::lifecycle::State;
use snowgate_core::record::{ChangeError, RequestRecord};
use snowgate_core::slots::MAX_REASSIGNMENTS;

/// The dispatcher with what it needs.
pub struct Dispatcher<L, S, D, M, Q> {
    /// Where requests are held.
    pub ledger: L,
    /// People, tickets and owners.
    pub servicenow: S,
    /// The target accounts, read only.
    pub directory: D,
    /// The mail service.
    pub mailer: M,
    /// The queue that wakes the reporter.
    pub outcomes: Q,
    /// What may be granted.
    pub guardrails: Guardrails,
    /// Whose installation this is.
    pub installation: Installation,
    /// What review links start with: an origin and a stage, without a slash at the end.
    pub approval_url: String,
    /// How long a decision is awaited.
    pub pending_for: SignedDuration,
    /// How long before that time is over those who have not decided are reminded; zero for never.
    pub remind_before: SignedDuration,
    /// How long before the end of the access the requester is told of it; zero for never.
    pub notice_before_end: SignedDuration,
}

/// Why a request could not be dispatched. The queue brings it back.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The ledger has no such request.
    #[error("the ledger has no such request")]
    Unknown,
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The request changed under our hands, again and again.
    #[error("the request keeps changing")]
    Busy,
    /// A change that the rules do not allow.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// An e-mail could not be written.
    #[error("an e-mail could not be written")]
    Email(#[from] askama::Error),
    /// The operating system has no random bytes.
    #[error("no random bytes")]
    Random(#[from] getrandom::Error),
}

impl From<CommitError> for DispatchError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::Busy,
            CommitError::Call(call) => Self::Call(call),
        }
    }
}

impl<L, S, D, M, Q> Dispatcher<L, S, D, M, Q>
where
    L: Ledger,
    S: ServiceNow,
    D: Directory,
    M: Mailer,
    Q: OutcomesQueue,
{
    /// Does what is to be done about a request.
    ///
    /// # Errors
    /// Where it is to be tried again.
    pub async fn handle(&self, id: &RequestId, now: Timestamp) -> Result<(), DispatchError> {
        let record = self.load(id).await?;
        let fresh = record.state() == State::Received;
        let record = match record.state() {
            State::Received => self.ask(record, now).await?,
            _ => record,
        };
        if record.state() != State::Pending {
            shell::wake::reporter(&self.outcomes, &record, now).await;
            return Ok(());
        }
        let (record, written) = match self.see_to_people(record, fresh, now).await {
            Ok(record) => (record, Ok(())),
            // A letter that fails does not keep reminders back.
            Err(error) => (self.load(id).await?, Err(error)),
        };
        let (record, reminded) = self.remind(record, now).await;
        // Whoever is found to have lost their standing when a reminder is due, is replaced now.
        let lost = written.is_ok() && record.needs_reassignment().is_some();
        let record = match record.state() {
            State::Pending if lost => self.see_to_people(record, false, now).await?,
            _ => record,
        };
        if record.state() != State::Pending {
            shell::wake::reporter(&self.outcomes, &record, now).await;
        }
        written.and(reminded)
    }

    /// Finds people for the slots that lost somebody and writes every letter that is due, until
    /// neither is left. `fresh` says that the people were found just now.
    async fn see_to_people(
        &self,
        mut record: RequestRecord,
        fresh: bool,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        // Each turn but the last costs a slot one of its rounds.
        for _ in 0..=MAX_REASSIGNMENTS + 1 {
            record = self.reassign(record, now).await?;
            record = self.write_letters(record, fresh, now).await?;
            if record.state() != State::Pending || record.needs_reassignment().is_none() {
                return Ok(record);
            }
        }
        Err(DispatchError::Busy)
    }

    pub(crate) async fn load(&self, id: &RequestId) -> Result<RequestRecord, DispatchError> {
        self.ledger.load(id).await?.ok_or(DispatchError::Unknown)
    }
}
