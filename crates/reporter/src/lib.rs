//! Reports to the ticket how its request went, and notifies people by e-mail.
//!
//! Woken by the queue `outcomes`; believes only the ledger. A note goes in once: the writer
//! looks for its marker first, and the ledger remembers what was reported. It writes tickets with
//! one credential and reads people with another.

mod compose;

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::Requests;
use ports::mail::Mailer;
use ports::servicenow::{ServiceNow, Tickets};
use snowgate_core::id::RequestId;
use snowgate_core::installation::Installation;
use snowgate_core::record::RequestRecord;
use snowgate_core::ticket_note::OutcomeFields;
use tracing::error;
use workflow::change::{NotChanged, load, put_off};
use workflow::outbox::{ByMail, Delivered, InTickets, deliver};

use crate::compose::{Notes, Notifications};

/// What the reporter may use, and nothing else.
pub trait ReporterPorts {
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
pub struct Reporter<P: ReporterPorts> {
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

impl<P: ReporterPorts> Reporter<P> {
    /// Reports a request to its ticket, and notifies people by e-mail. A failure of one does not
    /// keep the other back.
    ///
    /// # Errors
    /// Where it is to be tried again at once. Where the ticket refuses or mail cannot be sent,
    /// the request is put off instead: the sweeper comes back to it, less and less often.
    pub async fn handle(&self, id: &RequestId, now: Timestamp) -> Result<(), ReportError> {
        let record = load(&self.requests, id).await?;
        let (carrier, notes) = (
            InTickets(&self.tickets),
            Notes {
                fields: &self.fields,
            },
        );
        let reported = deliver(&self.requests, &carrier, &notes, record, now).await?;
        let notified = self.notify(reported.record, now).await?;
        let failures = [
            (reported.failed, "the ticket could not be written"),
            (notified.failed, "an e-mail could not be sent"),
        ];
        let mut failed = false;
        for (failure, what) in failures {
            if let Some(failure) = failure {
                error!(error = shell::log::chain(&failure), "{what}");
                failed = true;
            }
        }
        if failed {
            put_off(&self.requests, &notified.record, now).await?;
        }
        Ok(())
    }

    /// Sends every e-mail that is due.
    async fn notify(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<Delivered<ReportError>, NotChanged> {
        let readers = compose::readers(&record, now);
        let people = match readers.is_empty() {
            true => Ok(Vec::new()),
            false => self.servicenow.people(&readers).await,
        };
        let people = match people {
            Ok(people) => people,
            Err(failure) => {
                let failed = Some(failure.into());
                return Ok(Delivered { record, failed });
            }
        };
        let notifications = Notifications {
            people,
            mail_domains: &self.mail_domains,
            installation: &self.installation,
            now,
        };
        deliver(
            &self.requests,
            &ByMail(&self.mailer),
            &notifications,
            record,
            now,
        )
        .await
    }
}
