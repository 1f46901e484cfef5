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
use snowgate_core::record::{ChangeError, Event, RequestRecord};
use tracing::{info, warn};

use crate::letters::TRIES;
use crate::{DispatchError, Dispatcher};

/// What the ledger knows of a letter that is said to be lost.
#[derive(Debug, PartialEq, Eq)]
enum Letter {
    /// It was sent, and is the last to this person.
    Sent,
    /// It is being sent: who sends it has not said so yet.
    OnItsWay,
    /// There is no such letter, or a later one.
    Unknown,
}

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
            match letter(&record, bounce) {
                Letter::Sent => {}
                Letter::OnItsWay => return Err(DispatchError::Busy),
                Letter::Unknown => {
                    info!("a report of a letter that nobody waits for");
                    return Ok(());
                }
            }
            let event = Event::LetterBounced {
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

fn letter(record: &RequestRecord, bounce: &Bounce) -> Letter {
    let letters = record.round().into_iter().flat_map(|asked| &asked.letters);
    let mut letters = letters.filter(|letter| letter.approver == bounce.tags.approver);
    match letters.next() {
        Some(letter) if letter.message.as_ref() == Some(&bounce.message) => Letter::Sent,
        Some(letter) if letter.sent_at.is_none() && letter.claimed_at.is_some() => Letter::OnItsWay,
        _ => Letter::Unknown,
    }
}
