//! Reports to the ticket how its request went, and notifies people by e-mail.
//!
//! Woken by the queue `outcomes`; believes only the ledger. A note goes in once: the writer
//! looks for its marker first, and the ledger remembers what was reported. It writes tickets with
//! one credential and reads people with another.

mod notices;

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::Requests;
use ports::mail::Mailer;
use ports::servicenow::{ServiceNow, Tickets};
use snowgate_core::id::RequestId;
use snowgate_core::installation::Installation;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Event, RequestRecord};
use snowgate_core::ticket_note::{self, OutcomeFields};
use tracing::{error, info};
use workflow::change::{Next, NotChanged, change, load, put_off};

/// What the reporter may use, and nothing else.
pub trait Ports {
    /// Where requests are held.
    type Requests: Requests;
    /// The tickets.
    type Tickets: Tickets;
    /// Whom to write to.
    type ServiceNow: ServiceNow;
    /// The mail service.
    type Mailer: Mailer;
}

/// The reporter with what it needs.
pub struct Reporter<P: Ports> {
    /// Where requests are held.
    pub requests: P::Requests,
    /// The tickets.
    pub tickets: P::Tickets,
    /// Whom to write to.
    pub servicenow: P::ServiceNow,
    /// The mail service.
    pub mailer: P::Mailer,
    /// Which fields are set at which outcome.
    pub fields: OutcomeFields,
    /// Whose installation this is.
    pub installation: Installation,
    /// The domains that mail goes to.
    pub mail_domains: Vec<String>,
}

/// Why a request could not be reported. The queue brings the message back.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The request could not be changed.
    #[error(transparent)]
    NotChanged(#[from] NotChanged),
    /// An e-mail could not be composed.
    #[error("an e-mail could not be composed")]
    Template(#[from] askama::Error),
}

impl<P: Ports> Reporter<P> {
    /// Reports a request to its ticket, and notifies people by e-mail. A failure of one does not
    /// keep the other back.
    ///
    /// # Errors
    /// Where it is to be tried again at once. Where the ticket refuses or mail cannot be sent,
    /// the request is put off instead: the sweeper comes back to it, less and less often.
    pub async fn handle(&self, id: &RequestId, now: Timestamp) -> Result<(), ReportError> {
        let record = load(&self.requests, id).await?;
        let (record, ticket) = self.report(record, now).await?;
        let (record, mail) = self.notify(record, now).await?;
        let failures = [
            (ticket, "the ticket could not be written"),
            (mail, "an e-mail could not be sent"),
        ];
        let mut failed = false;
        for (failure, what) in failures {
            if let Some(failure) = failure {
                let (error, retry) = (shell::log::chain(&failure), failure.is_transient());
                error!(error, retry, "{what}");
                failed = true;
            }
        }
        if failed {
            put_off(&self.requests, &record, now).await?;
        }
        Ok(())
    }

    /// Writes to the ticket what it does not say yet. Answers the record afterwards, and what
    /// kept it from being written.
    async fn report(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<(RequestRecord, Option<CallError>), ReportError> {
        let (Some(update), Some(state)) = (
            ticket_note::update(&record, &self.fields),
            record.unreported(),
        ) else {
            return Ok((record, None));
        };
        let source = &record.request().source;
        let written = self.tickets.update(&source.table, &source.sys_id, &update);
        match written.await {
            Ok(written) => info!(?written, %state, "ticket written"),
            Err(failure) => return Ok((record, Some(failure))),
        }
        Ok((self.remember(record, state, now).await?, None))
    }

    async fn remember(
        &self,
        record: RequestRecord,
        state: State,
        now: Timestamp,
    ) -> Result<RequestRecord, NotChanged> {
        let next = |record: &RequestRecord| match record.is_reported(state) {
            true => Next::Done(()),
            false => Event::Reported { state }.into(),
        };
        let changed = change(&self.requests, record, &Actor::Reporter, now, next).await?;
        Ok(changed.into_record())
    }
}
