//! Review requests that did not arrive: the next person is asked.
//!
//! A report is believed only where the ledger says that this very e-mail was sent, under the id
//! that the mail service gave it. Whatever else comes changes nothing.

use jiff::Timestamp;
use ports::ledger::Requests as _;
use snowgate_core::bounce::Bounce;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{ChangeError, Event, RequestRecord};
use tracing::{info, warn};
use workflow::change::{Changed, Next, NotChanged, change};

use crate::{DispatchError, Dispatcher, Ports};

/// What the ledger knows of an e-mail that is said to be lost.
#[derive(Debug, PartialEq, Eq)]
enum Known {
    /// It was sent, and is the last to this person.
    Sent,
    /// It is being sent: who sends it has not said so yet.
    InTransit,
    /// There is no such e-mail, or a later one.
    No,
}

impl<P: Ports> Dispatcher<P> {
    /// Takes a report that a review request did not arrive, and asks the next person.
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
        let next = |record: &RequestRecord| match known(record, bounce) {
            Known::Sent => Next::from(Event::LetterBounced {
                approver: bounce.tags.approver.clone(),
                kind,
            }),
            other => Next::Done(other),
        };
        match change(&self.requests, record, &Actor::Dispatcher, now, next).await {
            Ok(Changed::Written(_)) => {
                warn!(?kind, "a review request did not arrive");
                self.handle(id, now).await
            }
            Ok(Changed::Left(_, Known::InTransit)) => Err(DispatchError::InTransit),
            Ok(Changed::Left(..)) => {
                info!("a report of an e-mail that nobody waits for");
                Ok(())
            }
            // The slots of this person are decided, or the request has ended.
            Err(NotChanged::Rules(ChangeError::NotAsked | ChangeError::Transition(_))) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}

fn known(record: &RequestRecord, bounce: &Bounce) -> Known {
    let letters = record.round().into_iter().flat_map(|asked| &asked.letters);
    let mut letters = letters.filter(|letter| letter.approver == bounce.tags.approver);
    match letters.next() {
        Some(letter) if letter.message.as_ref() == Some(&bounce.message) => Known::Sent,
        Some(letter) if letter.sent_at.is_none() && letter.claimed_at.is_some() => Known::InTransit,
        _ => Known::No,
    }
}
