//! The letters: one for each approver, each with a link of its own.
//!
//! A letter is claimed in the ledger, together with its link, before it is sent, and marked as
//! sent afterwards. A second letter goes out only after a crash between the two.

use jiff::Timestamp;
use ports::CallError;
use ports::directory::Directory;
use ports::ledger::{Commit, CommitError, Ledger};
use ports::mail::Mailer;
use ports::queue::OutcomesQueue;
use ports::servicenow::ServiceNow;
use snowgate_core::approval::{ReviewToken, TokenRow};
use snowgate_core::id::SysId;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Asked, Event, RequestRecord};
use snowgate_core::slots::{Excluded, Slot, Verdict, judge};
use tracing::{info, warn};

use crate::{DispatchError, Dispatcher};

/// How often a change is tried again when somebody else changed the request first.
const TRIES: usize = 5;

impl<L, S, D, M, Q> Dispatcher<L, S, D, M, Q>
where
    L: Ledger,
    S: ServiceNow,
    D: Directory,
    M: Mailer,
    Q: OutcomesQueue,
{
    /// Sends every letter that is due. A letter that fails does not keep the others back.
    pub(crate) async fn write_letters(
        &self,
        mut record: RequestRecord,
        now: Timestamp,
    ) -> Result<(), DispatchError> {
        let Some(asked) = record.asked.clone() else {
            return Ok(());
        };
        let due = asked.letters.iter().filter(|letter| letter.is_due(now));
        let due: Vec<SysId> = due.map(|letter| letter.approver.clone()).collect();
        let mut failed = None;
        for approver in due {
            let slot = record.open_slot_of(&approver).cloned();
            let Some(slot) = slot.filter(|_| record.state == State::Pending) else {
                continue;
            };
            match self
                .write(record.clone(), &asked, &slot, &approver, now)
                .await
            {
                Ok(after) => record = after,
                Err(error) => {
                    warn!(error = shell::log::chain(&error), "a letter was not sent");
                    failed = Some(error);
                    record = self
                        .ledger
                        .load(&record.id)
                        .await?
                        .ok_or(DispatchError::Unknown)?;
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn write(
        &self,
        record: RequestRecord,
        asked: &Asked,
        slot: &Slot,
        approver: &SysId,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        let documents = self.ledger.documents(&record.id).await?;
        let shown = owners::review(&self.servicenow, &record, slot, approver, &documents).await?;
        let unfit = || CallError::retry("servicenow:ReadPeople", "UnfitForALetter");
        let (person, review) = shown.ok_or_else(unfit)?;
        // Whatever changed since the owners were found: no letter goes to anybody unfit. The
        // sweeper comes back to it.
        let domains = self.guardrails.mail_domains();
        let fit = judge(&person, &Excluded::default(), domains) == Verdict::Eligible;
        let address = person.email.as_ref().filter(|_| fit).ok_or_else(unfit)?;
        let token = ReviewToken::from_random(shell::random::bytes()?);
        let link = format!("{}/r/{}", self.approval_url, token.expose());
        let letter = review.letter(&link)?;
        let row = TokenRow {
            digest: token.digest(),
            request: record.id.clone(),
            approver: approver.clone(),
            expires_at: asked.expires_at,
        };
        let claim = Event::LetterClaimed {
            approver: approver.clone(),
        };
        let change = record.apply(claim, Actor::Dispatcher, now)?;
        let commit = Commit {
            tokens: vec![row],
            ..Commit::from(change)
        };
        self.ledger.commit(&commit).await?;
        self.mailer.send(address, &letter).await?;
        info!("letter sent");
        self.mark_sent(commit.change.record, approver, now).await
    }

    /// Marks a letter as sent, however often the request changes meanwhile: the approver may be
    /// quicker than we are.
    async fn mark_sent(
        &self,
        mut record: RequestRecord,
        approver: &SysId,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        for _ in 0..TRIES {
            let sent = Event::LetterSent {
                approver: approver.clone(),
            };
            let change = record.apply(sent, Actor::Dispatcher, now)?;
            match self.ledger.commit(&change.clone().into()).await {
                Ok(()) => return Ok(change.record),
                Err(CommitError::Conflict) => {
                    record = self
                        .ledger
                        .load(&record.id)
                        .await?
                        .ok_or(DispatchError::Unknown)?;
                }
                Err(CommitError::Call(call)) => return Err(call.into()),
            }
        }
        Err(DispatchError::Busy)
    }
}
