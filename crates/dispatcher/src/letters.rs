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
use snowgate_core::letter::{Review, ReviewNames, account_of};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Asked, Event, RequestRecord};
use snowgate_core::slots::Slot;
use snowgate_core::ticket::Person;
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
        let (person, names) = self.names(&record, asked, slot, approver).await?;
        let Some(address) = person.email.as_ref() else {
            // The address went away since the owners were found; the sweeper comes back to it.
            return Err(CallError::retry("servicenow:ReadPeople", "NoMail").into());
        };
        let standing = slot
            .approvers
            .iter()
            .find(|a| a.sys_id == *approver)
            .map(|a| a.standing);
        let Some(standing) = standing else {
            return Ok(record);
        };
        let token = ReviewToken::from_random(shell::random::bytes()?);
        let link = format!("{}/r/{}", self.approval_url, token.expose());
        let letter = Review::new(&record, asked, standing, names).letter(&link)?;
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

    async fn names(
        &self,
        record: &RequestRecord,
        asked: &Asked,
        slot: &Slot,
        approver: &SysId,
    ) -> Result<(Person, ReviewNames), DispatchError> {
        let requester = &record.request.requested_by;
        let beneficiary = asked
            .binding
            .principal
            .owner
            .as_ref()
            .filter(|owner| *owner != requester);
        let mut ids = vec![approver.clone(), requester.clone()];
        ids.extend(beneficiary.cloned());
        let people = self.servicenow.people(&ids).await?;
        let missing = || CallError::retry("servicenow:ReadPeople", "Missing");
        let person = |id: &SysId| people.iter().find(|person| person.sys_id == *id);
        let account = self
            .servicenow
            .account(account_of(&slot.touched))
            .await?
            .ok_or_else(missing)?;
        let names = ReviewNames {
            requester: person(requester).ok_or_else(missing)?.name.clone(),
            beneficiary: beneficiary
                .and_then(person)
                .map(|person| person.name.clone()),
            account: account.name,
        };
        Ok((person(approver).ok_or_else(missing)?.clone(), names))
    }
}
