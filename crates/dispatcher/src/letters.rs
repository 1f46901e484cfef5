//! The letters: one for each approver, each with a link of its own.
//!
//! A letter is claimed in the ledger, together with its link, before it is sent, and marked as
//! sent afterwards. A second letter goes out only after a crash between the two.

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::Requests as _;
use ports::mail::Mailer as _;
use snowgate_core::approval::{ReviewToken, TokenRow};
use snowgate_core::bounce::{LetterTags, MessageId};
use snowgate_core::id::SysId;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{ApprovalRound, ChangeError, Event, RequestRecord};
use snowgate_core::slots::{Eligibility, Excluded, judge};
use tracing::{info, warn};
use workflow::approvers;
use workflow::change::{Changed, Draft, Next, NotChanged, change, load, write};

use crate::{DispatchError, Dispatcher, Ports};

impl<P: Ports> Dispatcher<P> {
    /// Sends every letter that is due. A letter that fails does not keep the others back. Whoever
    /// turns out not to stand any more gets none: the slot is left to be reassigned.
    pub(crate) async fn write_letters(
        &self,
        mut record: RequestRecord,
        fresh: bool,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        let letters = record.round().into_iter().flat_map(|asked| &asked.letters);
        let due = letters.filter(|letter| letter.is_due(now));
        let due: Vec<SysId> = due.map(|letter| letter.approver.clone()).collect();
        let mut failed = None;
        for approver in due {
            if record.state() != State::Pending || record.open_slot_of(&approver).is_none() {
                continue;
            }
            match self.write(record.clone(), &approver, fresh, now).await {
                Ok(after) => record = after,
                Err(error) => {
                    warn!(error = shell::log::chain(&error), "a letter was not sent");
                    failed = Some(error);
                    record = load(&self.requests, record.id()).await?;
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
            return self.disqualify(record, approver, &lost, now).await;
        }
        let documents = self.requests.documents(record.id()).await?;
        let (servicenow, installation) = (&self.servicenow, &self.installation);
        let shown =
            approvers::review(servicenow, &record, approver, &documents, installation, now).await?;
        let domains = self.guardrails.mail_domains();
        let fit = shown.filter(|(person, _)| {
            judge(person, &Excluded::default(), domains) == Eligibility::Eligible
        });
        let Some((person, review)) = fit else {
            let all: Vec<String> = record
                .open_slots_of(approver)
                .map(|slot| slot.id.clone())
                .collect();
            return self.disqualify(record, approver, &all, now).await;
        };
        let unfit = || CallError::transient("servicenow:ReadPeople", "UnfitForALetter");
        let address = person.email.as_ref().ok_or_else(unfit)?;
        let token = ReviewToken::from_random(shell::random::bytes()?);
        let link = format!("{}/r/{}", self.approval_url, token.expose());
        let email = review.email(&link)?;
        let claimed = match self.claim(record, approver, &token, now).await? {
            Changed::Written(record) => record,
            // Somebody else is sending it, or it is not wanted any more.
            Changed::Left(record, ()) => return Ok(record),
        };
        let tags = LetterTags {
            request: claimed.id().clone(),
            approver: approver.clone(),
        };
        let message = self.mailer.send(address, &email, Some(&tags)).await?;
        info!("review request sent");
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
        let slots = record.open_slots_of(approver);
        approvers::disqualified(&self.servicenow, slots, approver, &rules).await
    }

    /// Takes a person out of slots, which are reassigned next.
    pub(crate) async fn disqualify(
        &self,
        record: RequestRecord,
        approver: &SysId,
        slots: &[String],
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        let actor = Actor::Dispatcher;
        let whom = (approver, slots);
        Ok(approvers::disqualify(&self.requests, record, whom, &actor, now).await?)
    }

    /// Claims a letter, together with its link, where it is still due.
    async fn claim(
        &self,
        record: RequestRecord,
        approver: &SysId,
        token: &ReviewToken,
        now: Timestamp,
    ) -> Result<Changed, DispatchError> {
        let next = |record: &RequestRecord| {
            let asked = record.round();
            let asked = asked.filter(|asked| {
                let mut letters = asked.letters.iter();
                letters.any(|one| one.approver == *approver && one.is_due(now))
            });
            let Some(asked) = asked.filter(|_| record.open_slot_of(approver).is_some()) else {
                return Next::Done(());
            };
            let event = Event::LetterClaimed {
                approver: approver.clone(),
            };
            Next::from(Draft {
                tokens: vec![link(token, record, asked, approver)],
                ..Draft::from(event)
            })
        };
        Ok(change(&self.requests, record, &Actor::Dispatcher, now, next).await?)
    }

    /// Marks a letter as sent, however often the request changes meanwhile: the approver may be
    /// quicker than we are.
    async fn mark_sent(
        &self,
        record: RequestRecord,
        approver: &SysId,
        message: Option<MessageId>,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        let id = record.id().clone();
        let sent = Event::LetterSent {
            approver: approver.clone(),
            message,
        };
        match write(&self.requests, record, sent, &Actor::Dispatcher, now).await {
            Ok(record) => Ok(record),
            // The person was taken out of the slot meanwhile; the link says so.
            Err(NotChanged::Rules(ChangeError::NoLetter)) => Ok(load(&self.requests, &id).await?),
            Err(other) => Err(other.into()),
        }
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
