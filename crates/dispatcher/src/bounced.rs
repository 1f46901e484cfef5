//! Letters that did not arrive: the next person is asked.
//!
//! A report is believed only where the ledger says that this very letter was sent, under the id
//! that the mail service gave it. Whatever else comes changes nothing.

use jiff::Timestamp;
use ports::directory::Directory;
use ports::ledger::{CommitError, Ledger};
use ports::mail::Mailer;
use ports::queue::OutcomesQueue;
use ports::servicenow::ServiceNow;
use snowgate_core::bounce::Bounce;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{BouncedMessage, ChangeError, Event};
use tracing::{info, warn};

use crate::letters::TRIES;
use crate::{DispatchError, Dispatcher};

impl<L, S, D, M, Q> Dispatcher<L, S, D, M, Q>
where
    L: Ledger,
    S: ServiceNow,
    D: Directory,
    M: Mailer,
    Q: OutcomesQueue,
{
    /// Takes a report that a letter did not arrive, and asks the next person.
    ///
    /// # Errors
    /// Where it is to be tried again.
    pub async fn bounced(&self, bounce: &Bounce, now: Timestamp) -> Result<(), DispatchError> {
        let Some(kind) = bounce.kind else {
            info!("a letter may be late");
            return Ok(());
        };
        let id = &bounce.tags.request;
        for _ in 0..TRIES {
            let Some(record) = self.ledger.load(id).await? else {
                warn!("a report names a request that the ledger does not have");
                return Ok(());
            };
            match record.bounced_message(bounce) {
                BouncedMessage::Sent => {}
                BouncedMessage::InFlight => return Err(DispatchError::Busy),
                BouncedMessage::Unknown => {
                    info!("a report of a letter that nobody waits for");
                    return Ok(());
                }
            }
            let event = Event::DeliveryBounced {
                approver: bounce.tags.approver.clone(),
                kind,
            };
            let change = match record.apply(event, Actor::Dispatcher, now) {
                Ok(change) => change,
                Err(ChangeError::NotAsked | ChangeError::Transition(_)) => return Ok(()),
                Err(other) => return Err(other.into()),
            };
            match self.ledger.commit(&change.into()).await {
                Ok(()) => {
                    warn!(?kind, "a letter did not arrive");
                    return self.handle(id, now).await;
                }
                Err(CommitError::Conflict) => {}
                Err(CommitError::Call(call)) => return Err(call.into()),
            }
        }
        Err(DispatchError::Busy)
    }
}
