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
use snowgate_core::bounce::{LetterTags, MessageId};
use snowgate_core::id::SysId;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{ApprovalRound, ChangeError, Event, Message, RequestRecord};
use snowgate_core::slots::{Eligibility, Excluded, judge};
use tracing::{info, warn};
use workflow::approvers;

use crate::{DispatchError, Dispatcher};

/// How often a change is tried again when somebody else changed the request first.
pub(crate) const TRIES: usize = 5;

impl<L, S, D, M, Q> Dispatcher<L, S, D, M, Q>
where
    L: Ledger,
    S: ServiceNow,
    D: Directory,
    M: Mailer,
    Q: OutcomesQueue,
{
    /// Sends every letter that is due. A letter that fails does not keep the others back. Whoever
    /// turns out not to stand any more gets none: the slot is left to be settled.
    pub(crate) async fn write_letters(
        &self,
        mut record: RequestRecord,
        fresh: bool,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        let mut failed = None;
        for message in record.due_deliveries(now) {
            let Message::ReviewRequest { approver } = message else {
                continue;
            };
            if record.state() != State::Pending || record.open_slot_of(&approver).is_none() {
                continue;
            }
            match self.write(record.clone(), &approver, fresh, now).await {
                Ok(after) => record = after,
                Err(error) => {
                    warn!(error = shell::log::chain(&error), "a letter was not sent");
                    failed = Some(error);
                    record = self.load(record.id()).await?;
                }
            }
        }
        failed.map_or(Ok(record), Err)
    }

    async fn write(
        &self,
        record: RequestRecord,
        approver: &SysId,
        fresh: bool,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        // Whatever changed since the owners were found: no letter goes to anybody unfit.
        let lost = match fresh {
            true => Vec::new(),
            false => self.lost(&record, approver, now).await?,
        };
        if !lost.is_empty() {
            return self.drop(record, approver, &lost, now).await;
        }
        let documents = self.ledger.documents(record.id()).await?;
        let shown = approvers::review(&self.servicenow, &record, approver, &documents).await?;
        let domains = self.guardrails.mail_domains();
        let fit = shown.filter(|(person, _)| {
            judge(person, &Excluded::default(), domains) == Eligibility::Eligible
        });
        let Some((person, review)) = fit else {
            let all: Vec<String> = record
                .open_slots_of(approver)
                .map(|slot| slot.id.clone())
                .collect();
            return self.drop(record, approver, &all, now).await;
        };
        let unfit = || CallError::transient("servicenow:ReadPeople", "UnfitForALetter");
        let address = person.email.as_ref().ok_or_else(unfit)?;
        let token = ReviewToken::from_random(shell::random::bytes()?);
        let link = format!("{}/r/{}", self.approval_url, token.expose());
        let letter = review.letter(&link)?;
        let claimed = self.claim(&record, approver, &token, now).await?;
        let tags = LetterTags {
            request: record.id().clone(),
            approver: approver.clone(),
        };
        let message = self.mailer.send_tagged(address, &letter, &tags).await?;
        info!("letter sent");
        self.mark_sent(claimed, approver, message, now).await
    }

    /// The open slots that this person was asked for and may not decide any more.
    pub(crate) async fn lost(
        &self,
        record: &RequestRecord,
        approver: &SysId,
        now: Timestamp,
    ) -> Result<Vec<String>, CallError> {
        let excluded = self.excluded(record).await?;
        let rules = self.rules(record, &excluded, now);
        let mut lost = Vec::new();
        for slot in record.open_slots_of(approver) {
            if !approvers::still_qualifies(&self.servicenow, slot, approver, &rules).await? {
                lost.push(slot.id.clone());
            }
        }
        Ok(lost)
    }

    /// Takes a person out of slots, which are settled next.
    pub(crate) async fn drop(
        &self,
        mut record: RequestRecord,
        approver: &SysId,
        slots: &[String],
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        for slot in slots {
            let event = Event::ApproverDisqualified {
                slot: slot.clone(),
                approver: approver.clone(),
            };
            let change = record.apply(event, Actor::Dispatcher, now)?;
            self.ledger.commit(&change.clone().into()).await?;
            warn!("somebody who was asked may not decide any more");
            record = change.record;
        }
        Ok(record)
    }

    /// Claims a letter, together with its link.
    async fn claim(
        &self,
        record: &RequestRecord,
        approver: &SysId,
        token: &ReviewToken,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        let asked = record.round().ok_or(ChangeError::NoDelivery)?;
        let row = link(token, record, asked, approver);
        let claim = Event::DeliveryClaimed {
            message: review_request(approver),
        };
        let change = record.apply(claim, Actor::Dispatcher, now)?;
        let commit = Commit {
            tokens: vec![row],
            ..Commit::from(change)
        };
        self.ledger.commit(&commit).await?;
        Ok(commit.change.record)
    }

    /// Marks a letter as sent, however often the request changes meanwhile: the approver may be
    /// quicker than we are.
    async fn mark_sent(
        &self,
        mut record: RequestRecord,
        approver: &SysId,
        message: Option<MessageId>,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        for _ in 0..TRIES {
            let sent = Event::DeliverySent {
                message: review_request(approver),
                message_id: message.clone(),
            };
            let change = match record.apply(sent, Actor::Dispatcher, now) {
                Ok(change) => change,
                // The person was taken out of the slot meanwhile; the link says so.
                Err(ChangeError::NoDelivery) => return Ok(record),
                Err(other) => return Err(other.into()),
            };
            match self.ledger.commit(&change.clone().into()).await {
                Ok(()) => return Ok(change.record),
                Err(CommitError::Conflict) => {
                    record = self.load(record.id()).await?;
                }
                Err(CommitError::Call(call)) => return Err(call.into()),
            }
        }
        Err(DispatchError::Busy)
    }
}

fn review_request(approver: &SysId) -> Message {
    Message::ReviewRequest {
        approver: approver.clone(),
    }
}

/// What is stored of the link in a letter or reminder: it opens the request for its reader as long
/// as a decision is awaited.
pub(crate) fn link(
    token: &ReviewToken,
    record: &RequestRecord,
    asked: &ApprovalRound,
    approver: &SysId,
) -> TokenRow {
    TokenRow {
        digest: token.digest(),
        request: record.id().clone(),
        approver: approver.clone(),
        expires_at: asked.expires_at,
    }
}
