//! Tells the ticket how its request ended.
//!
//! Woken by the queue `outcomes`; believes only the ledger. A note goes in once: the writer
//! looks for its marker first, and the ledger remembers what was told.

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{CommitError, Ledger};
use ports::servicenow::Tickets;
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::Actor;
use snowgate_core::outcome::{self, OutcomeFields};
use snowgate_core::record::{ChangeError, Event, RequestRecord};
use tracing::{error, info};

/// How often a change is tried again when somebody else changed the request first.
const TRIES: usize = 5;

/// The reporter with what it needs.
pub struct Reporter<L, T> {
    /// Where requests are held.
    pub ledger: L,
    /// The tickets.
    pub tickets: T,
    /// Which fields are set at which outcome.
    pub fields: OutcomeFields,
}

/// Why a ticket could not be told. The queue brings the message back.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The ledger has no such request.
    #[error("the ledger has no such request")]
    Unknown,
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A change that the rules do not allow.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The request changed under our hands, again and again.
    #[error("the request keeps changing")]
    Busy,
}

impl<L: Ledger, T: Tickets> Reporter<L, T> {
    /// Tells the ticket of a request what it has not been told.
    ///
    /// # Errors
    /// Where it is to be tried again at once. Where the ticket refuses, the request is put off
    /// instead: the sweeper comes back to it, less and less often, and never gives up.
    pub async fn handle(&self, id: &RequestId, now: Timestamp) -> Result<(), ReportError> {
        let record = self.ledger.load(id).await?.ok_or(ReportError::Unknown)?;
        let (Some(update), Some(state)) = (outcome::update(&record, &self.fields), record.untold())
        else {
            return Ok(());
        };
        let source = &record.request.source;
        match self
            .tickets
            .update(&source.table, &source.sys_id, &update)
            .await
        {
            Ok(written) => info!(?written, %state, "ticket told"),
            Err(failure) => return self.put_off(&record, &failure, now).await,
        }
        self.remember(record, state, now).await
    }

    async fn remember(
        &self,
        mut record: RequestRecord,
        state: snowgate_core::lifecycle::State,
        now: Timestamp,
    ) -> Result<(), ReportError> {
        for _ in 0..TRIES {
            if record.told.contains(&state) {
                return Ok(());
            }
            let change = record.apply(Event::Told { state }, Actor::Reporter, now)?;
            match self.ledger.commit(&change.into()).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Conflict) => {
                    record = self
                        .ledger
                        .load(&record.id)
                        .await?
                        .ok_or(ReportError::Unknown)?;
                }
                Err(CommitError::Call(call)) => return Err(call.into()),
            }
        }
        Err(ReportError::Busy)
    }

    async fn put_off(
        &self,
        record: &RequestRecord,
        failure: &CallError,
        now: Timestamp,
    ) -> Result<(), ReportError> {
        error!(
            error = shell::log::chain(failure),
            retry = failure.may_retry(),
            "the ticket could not be told"
        );
        // Where the request has changed meanwhile, it has a due time of its own.
        let (again, attempts) = (record.next_try(now), record.attempts.saturating_add(1));
        self.ledger
            .postpone(&record.id, record.version, again, attempts)
            .await?;
        Ok(())
    }
}
