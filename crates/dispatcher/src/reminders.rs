//! Reminders: one to each approver who has not decided, before the time is over, with a fresh
//! link. The old link stays good; a slot is decided once, through whichever.
//!
//! A reminder is claimed in the ledger, together with its link, before it is sent, and closed
//! afterwards. Whoever is not to be written to any more is passed over for good.

use jiff::Timestamp;
use ports::CallError;
use ports::directory::Directory;
use ports::ledger::{Commit, CommitError, Ledger};
use ports::mail::Mailer;
use ports::queue::OutcomesQueue;
use ports::servicenow::ServiceNow;
use snowgate_core::approval::ReviewToken;
use snowgate_core::bounce::{LetterTags, MessageId};
use snowgate_core::email::EmailAddress;
use snowgate_core::id::{RequestId, SysId};
use snowgate_core::letter::Review;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{ChangeError, Event, Message, RequestRecord, SkipCode};
use snowgate_core::slots::{Eligibility, Excluded, judge};
use tracing::{error, info, warn};
use workflow::approvers;

use crate::letters::link;
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
    /// Sends every reminder that is due. One that fails does not keep the others back. Whoever
    /// turns out not to stand any more gets none: the slot is left to be settled.
    pub(crate) async fn remind(
        &self,
        mut record: RequestRecord,
        now: Timestamp,
    ) -> (RequestRecord, Result<(), DispatchError>) {
        let mut failed = None;
        for notice in record.due_deliveries(now) {
            let Message::Reminder { approver } = &notice else {
                continue;
            };
            match self.remind_one(record.id(), &notice, approver, now).await {
                Ok(after) => record = after,
                Err(error) => {
                    warn!(error = shell::log::chain(&error), "a reminder was not sent");
                    failed = Some(error);
                }
            }
        }
        (record, failed.map_or(Ok(()), Err))
    }

    async fn remind_one(
        &self,
        id: &RequestId,
        notice: &Message,
        approver: &SysId,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        let record = self.load(id).await?;
        if !record.due_deliveries(now).contains(notice) {
            return Ok(record);
        }
        let lost = self.lost(&record, approver, now).await?;
        let record = self.drop(record, approver, &lost, now).await?;
        if record.open_slot_of(approver).is_none() {
            return Ok(record);
        }
        let documents = self.ledger.documents(record.id()).await?;
        let shown = approvers::review(&self.servicenow, &record, approver, &documents).await?;
        let Some((person, review)) = shown else {
            return self
                .pass_over(record, notice, SkipCode::NotAnApprover, now)
                .await;
        };
        let domains = self.guardrails.mail_domains();
        let address = match (judge(&person, &Excluded::default(), domains), &person.email) {
            (Eligibility::Eligible, Some(address)) => address,
            (verdict, _) => {
                return self.pass_over(record, notice, why(verdict), now).await;
            }
        };
        let token = ReviewToken::from_random(shell::random::bytes()?);
        let record = self
            .claim_reminder(&record, notice, approver, &token, now)
            .await?;
        let tags = LetterTags {
            request: record.id().clone(),
            approver: approver.clone(),
        };
        let message_id = match self.send_reminder(&review, address, &tags, &token).await {
            Ok(message_id) => message_id,
            Err(DispatchError::Call(call)) if !call.is_transient() => {
                error!(
                    error = shell::log::chain(&call),
                    "the mail service refused a reminder"
                );
                let why = SkipCode::MailRefused;
                return self.pass_over(record, notice, why, now).await;
            }
            Err(other) => return Err(other),
        };
        info!("reminder sent");
        let sent = Event::DeliverySent {
            message_id,
            message: notice.clone(),
        };
        self.close(record, sent, now).await
    }

    /// Claims a reminder, together with its link.
    async fn claim_reminder(
        &self,
        record: &RequestRecord,
        notice: &Message,
        approver: &SysId,
        token: &ReviewToken,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        let asked = record.round().ok_or(ChangeError::NoDelivery)?;
        let row = link(token, record, asked, approver);
        let claim = Event::DeliveryClaimed {
            message: notice.clone(),
        };
        let commit = Commit {
            tokens: vec![row],
            ..Commit::from(record.apply(claim, Actor::Dispatcher, now)?)
        };
        self.ledger.commit(&commit).await?;
        Ok(commit.change.record)
    }

    async fn send_reminder(
        &self,
        review: &Review,
        address: &EmailAddress,
        tags: &LetterTags,
        token: &ReviewToken,
    ) -> Result<Option<MessageId>, DispatchError> {
        let link = format!("{}/r/{}", self.approval_url, token.expose());
        let letter = review.reminder(&link)?;
        let sent: Result<_, CallError> = self.mailer.send_tagged(address, &letter, tags).await;
        Ok(sent?)
    }

    async fn pass_over(
        &self,
        record: RequestRecord,
        notice: &Message,
        why: SkipCode,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        warn!(?why, "a reminder is not sent");
        let event = Event::DeliverySkipped {
            message: notice.clone(),
            code: why,
        };
        self.close(record, event, now).await
    }

    /// Writes down what became of a reminder, however often the request changes meanwhile.
    async fn close(
        &self,
        mut record: RequestRecord,
        event: Event,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        for _ in 0..TRIES {
            let change = match record.apply(event.clone(), Actor::Dispatcher, now) {
                Ok(change) => change,
                // Somebody else has closed it.
                Err(ChangeError::NoDelivery) => return Ok(record),
                Err(other) => return Err(other.into()),
            };
            match self.ledger.commit(&change.clone().into()).await {
                Ok(()) => return Ok(change.record),
                Err(CommitError::Conflict) => record = self.load(record.id()).await?,
                Err(CommitError::Call(call)) => return Err(call.into()),
            }
        }
        Err(DispatchError::Busy)
    }
}

const fn why(eligibility: Eligibility) -> SkipCode {
    match eligibility {
        Eligibility::Inactive => SkipCode::Inactive,
        Eligibility::Locked => SkipCode::Locked,
        Eligibility::ForeignMail => SkipCode::ForeignMail,
        Eligibility::Eligible | Eligibility::NoMail => SkipCode::NoMail,
        Eligibility::Involved => SkipCode::NotAnApprover,
    }
}
