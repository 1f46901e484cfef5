//! Review requests and reminders that did not arrive: the next person is asked.
//!
//! A report is believed only where the ledger says that this very e-mail was sent, under the id
//! that the mail service gave it. Whatever else comes changes nothing.

use jiff::Timestamp;
use ports::ledger::Requests as _;
use snowgate_core::bounce::Bounce;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{BouncedMessage, ChangeError, Event, RequestRecord};
use tracing::{info, warn};
use workflow::change::{Changed, Next, NotChanged, change};

use crate::{DispatchError, Dispatcher, DispatcherPorts};

impl<P: DispatcherPorts> Dispatcher<P> {
    /// Takes a report that a review request or reminder did not arrive, and asks the next person.
    ///
    /// # Errors
    /// Where it is to be tried again.
    pub async fn bounced(&self, bounce: &Bounce, now: Timestamp) -> Result<(), DispatchError> {
        let Some(kind) = bounce.kind else {
            info!("an e-mail may be late");
            return Ok(());
        };
        let id = &bounce.tags.request;
        let Some(record) = self.requests.load(id).await? else {
            warn!("a report names a request that the ledger does not have");
            return Ok(());
        };
        let next = |record: &RequestRecord| match record.bounced_message(bounce) {
            BouncedMessage::Sent => Next::from(Event::DeliveryBounced {
                approver: bounce.tags.approver.clone(),
                kind,
            }),
            other => Next::Done(other),
        };
        match change(&self.requests, record, &Actor::Dispatcher, now, next).await {
            Ok(Changed::Written(_)) => {
                warn!(?kind, "an e-mail to an approver did not arrive");
                self.handle(id, now).await
            }
            Ok(Changed::Left(_, BouncedMessage::InFlight)) => Err(DispatchError::InFlight),
            Ok(Changed::Left(..)) => {
                info!("a report of an e-mail that nobody waits for");
                Ok(())
            }
            // The slots of this person are decided, or the request has ended, or nobody is asked
            // about it any more.
            Err(NotChanged::Rules(
                ChangeError::NotAsked | ChangeError::Transition(_) | ChangeError::BrokenTrail(_),
            )) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}
