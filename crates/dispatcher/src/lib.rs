//! Finds out who must decide on a request, binds what they decide on, and writes to them.
//!
//! Woken by the queue `requests`. Every step is written to the ledger before the next one, so
//! that a crash anywhere is taken up where it happened. The queue `bounces` reports e-mails that
//! did not arrive.

mod approval_emails;
mod ask;
mod bounced;
mod incoming;
mod manager;
mod new_user;
mod preview;
mod reassign;
mod volume;

pub use incoming::Incoming;

use jiff::{SignedDuration, Timestamp};
use ports::CallError;
use ports::directory::Directory;
use ports::identities::Identities;
use ports::ledger::Requests;
use ports::mail::Mailer;
use ports::queue::OutcomesQueue;
use ports::servicenow::ServiceNow;
use snowgate_core::canonical::CanonicalError;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::RequestId;
use snowgate_core::installation::Installation;
use snowgate_core::lifecycle::State;
use snowgate_core::record::RequestRecord;
use snowgate_core::slots::MAX_REASSIGNMENTS;
use tracing::warn;
use workflow::change::{Changed, NotChanged, load};
use workflow::outbox::{ByMail, deliver};
use workflow::wake;

use crate::approval_emails::ApprovalEmails;

/// What the dispatcher may use, and nothing else.
pub trait DispatcherPorts {
    /// Where requests are held, and review links are opened.
    type Requests: Requests;
    /// Users that Snowgate made, of which whose a name is.
    type Identities: Identities;
    /// People, tickets and owners.
    type ServiceNow: ServiceNow;
    /// The target accounts, read only.
    type Directory: Directory;
    /// The mail service.
    type Mailer: Mailer;
    /// The queue that wakes the reporter.
    type Outcomes: OutcomesQueue;
}

/// The dispatcher with what it needs.
pub struct Dispatcher<P: DispatcherPorts> {
    /// Where requests are held, and review links are opened.
    pub requests: P::Requests,
    /// Users that Snowgate made, of which whose a name is.
    pub identities: P::Identities,
    /// People, tickets and owners.
    pub servicenow: P::ServiceNow,
    /// The target accounts, read only.
    pub directory: P::Directory,
    /// The mail service.
    pub mailer: P::Mailer,
    /// The queue that wakes the reporter.
    pub outcomes: P::Outcomes,
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
    /// How long before the end of the access the requester is notified of it; zero for never.
    pub notice_before_end: SignedDuration,
}

/// Why a request could not be dispatched. The queue brings it back.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The request could not be changed.
    #[error(transparent)]
    NotChanged(#[from] NotChanged),
    /// An e-mail is said to be lost that is still being sent.
    #[error("the e-mail that bounced is still being sent")]
    InFlight,
    /// Approvers are disqualified as fast as new ones are found.
    #[error("the approvers keep changing")]
    ApproversKeepChanging,
    /// An e-mail could not be composed.
    #[error("an e-mail could not be composed")]
    Template(#[from] askama::Error),
    /// What is decided on could not be hashed.
    #[error("what is decided on could not be hashed")]
    Canonical(#[from] CanonicalError),
    /// The operating system has no random bytes.
    #[error("no random bytes")]
    Random(#[from] getrandom::Error),
}

impl<P: DispatcherPorts> Dispatcher<P> {
    /// Does what is to be done about a request.
    ///
    /// # Errors
    /// Where it is to be tried again.
    pub async fn handle(&self, id: &RequestId, now: Timestamp) -> Result<(), DispatchError> {
        let record = load(&self.requests, id).await?;
        if let Some(fault) = record.trail_fault() {
            // It ends when its time is over; nobody is asked about it.
            warn!(%fault, "nobody is asked about a request with a broken audit trail");
            return Ok(());
        }
        let (record, fresh) = match self.ask(record, now).await? {
            Changed::Written(record) => (record, true),
            Changed::Left(record, ()) => (record, false),
        };
        let record = match record.state() {
            State::Pending => self.send_approval_emails(record, fresh, now).await?,
            _ => record,
        };
        wake::reporter(&self.outcomes, &record, now).await;
        Ok(())
    }

    /// Finds people for the slots that lost somebody and sends every review request and reminder
    /// that is due, until neither is left. `fresh` says that the people were found just now.
    async fn send_approval_emails(
        &self,
        mut record: RequestRecord,
        fresh: bool,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        let (carrier, dispatcher) = (ByMail(&self.mailer), self);
        let emails = ApprovalEmails {
            dispatcher,
            fresh,
            now,
        };
        // Each turn but the last costs a slot one of its attempts.
        for _ in 0..=MAX_REASSIGNMENTS + 1 {
            record = self.reassign(record, now).await?;
            let delivered = deliver(&self.requests, &carrier, &emails, record, now).await?;
            if let Some(failure) = delivered.failed {
                return Err(failure);
            }
            record = delivered.record;
            if record.state() != State::Pending || record.needs_reassignment().is_none() {
                return Ok(record);
            }
        }
        Err(DispatchError::ApproversKeepChanging)
    }
}
