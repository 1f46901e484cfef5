//! Tells the ticket how its request went, and people by mail.
//!
//! Woken by the queue `outcomes`; believes only the ledger. A note goes in once: the writer
//! looks for its marker first, and the ledger remembers what was told. It writes tickets with
//! one credential and reads people with another.

mod notices;

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::Ledger;
use ports::mail::Mailer;
use ports::servicenow::{ServiceNow, Tickets};
use snowgate_core::id::RequestId;
use snowgate_core::outcome::{self, OutcomeFields};
use snowgate_core::record::{ChangeError, Event, Message, RequestRecord};
use tracing::{error, info};

/// How often a change is tried again when somebody else changed the request first.
const TRIES: usize = 5;

/// The reporter with what it needs.
pub struct Reporter<L, T, S, M> {
    /// Where requests are held.
    pub ledger: L,
    /// The tickets.
    pub tickets: T,
    /// Whom to write to.
    pub servicenow: S,
    /// The mail service.
    pub mailer: M,
    /// Which fields are set at which outcome.
    pub fields: OutcomeFields,
    /// The domains that mail goes to.
    pub mail_domains: Vec<String>,
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
    /// A mail could not be written.
    #[error("a mail could not be written")]
    Letter(#[from] askama::Error),
    /// The request changed under our hands, again and again.
    #[error("the request keeps changing")]
    Busy,
}

impl<L: Ledger, T: Tickets, S: ServiceNow, M: Mailer> Reporter<L, T, S, M> {
    /// Tells the ticket of a request what it has not been told, and people by mail. Trouble with
    /// one does not keep the other back.
    ///
    /// # Errors
    /// Where it is to be tried again at once. Where the ticket refuses or mail cannot be sent,
    /// the request is put off instead: the sweeper comes back to it, less and less often.
    pub async fn handle(&self, id: &RequestId, now: Timestamp) -> Result<(), ReportError> {
        let record = self.ledger.load(id).await?.ok_or(ReportError::Unknown)?;
        let (record, ticket) = self.tell_ticket(record, now).await?;
        let (record, mail) = self.tell_people(record, now).await?;
        let troubles = [
            (ticket, "the ticket could not be told"),
            (mail, "a mail could not be sent"),
        ];
        let mut trouble = false;
        for (failure, what) in troubles {
            if let Some(failure) = failure {
                let (error, retry) = (shell::log::chain(&failure), failure.is_transient());
                error!(error, retry, "{what}");
                trouble = true;
            }
        }
        match trouble {
            true => self.put_off(&record, now).await,
            false => Ok(()),
        }
    }

    /// Answers the record afterwards, and what kept the ticket from being told.
    async fn tell_ticket(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<(RequestRecord, Option<CallError>), ReportError> {
        let Some(state) = record.unreported() else {
            return Ok((record, None));
        };
        let note = Message::TicketNote { state };
        let claim = Event::DeliveryClaimed {
            message: note.clone(),
        };
        let (record, claimed) = self.write(record, claim, &note, true, now).await?;
        let Some(update) = outcome::update(&record, &self.fields).filter(|_| claimed) else {
            return Ok((record, None));
        };
        let source = &record.request().source;
        match self
            .tickets
            .update(&source.table, &source.sys_id, &update)
            .await
        {
            Ok(written) => info!(?written, %state, "ticket told"),
            Err(failure) => return Ok((record, Some(failure))),
        }
        let sent = Event::DeliverySent {
            message: note.clone(),
            message_id: None,
        };
        let (record, _) = self.write(record, sent, &note, false, now).await?;
        Ok((record, None))
    }

    async fn reload(&self, record: &RequestRecord) -> Result<RequestRecord, ReportError> {
        let loaded = self.ledger.load(record.id()).await?;
        loaded.ok_or(ReportError::Unknown)
    }

    async fn put_off(&self, record: &RequestRecord, now: Timestamp) -> Result<(), ReportError> {
        // Where the request has changed meanwhile, it has a due time of its own.
        let (again, attempts) = (record.next_try(now), record.attempts().saturating_add(1));
        self.ledger
            .postpone(record.id(), record.version(), again, attempts)
            .await?;
        Ok(())
    }
}
