//! Reminders: one to each approver who has not decided, before the time is over, with a fresh
//! link. The old link stays good; a slot is decided once, through whichever.
//!
//! A reminder is claimed in the ledger, together with its link, before it is sent, and closed
//! afterwards. Whoever is not to be written to any more is passed over for good.

use jiff::Timestamp;
use ports::ledger::Requests as _;
use ports::mail::Mailer as _;
use snowgate_core::approval::ReviewToken;
use snowgate_core::email::EmailAddress;
use snowgate_core::id::{RequestId, SysId};
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{ChangeError, Event, Notice, RequestRecord, SkipCode};
use snowgate_core::review::Review;
use snowgate_core::slots::{Eligibility, Excluded, judge};
use tracing::{error, info, warn};
use workflow::approvers;
use workflow::change::{Changed, Draft, Next, NotChanged, change, load, write};

use crate::letters::link;
use crate::{DispatchError, Dispatcher, Ports};

impl<P: Ports> Dispatcher<P> {
    /// Sends every reminder that is due. One that fails does not keep the others back. Whoever
    /// turns out not to stand any more gets none: the slot is left to be reassigned.
    pub(crate) async fn remind(
        &self,
        mut record: RequestRecord,
        now: Timestamp,
    ) -> (RequestRecord, Result<(), DispatchError>) {
        let mut failed = None;
        for notice in record.due_notices(now) {
            let Notice::Reminder { approver } = &notice else {
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
        notice: &Notice,
        approver: &SysId,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        let record = load(&self.requests, id).await?;
        if !record.due_notices(now).contains(notice) {
            return Ok(record);
        }
        let lost = self.lost(&record, approver, now).await?;
        let record = self.disqualify(record, approver, &lost, now).await?;
        if record.open_slot_of(approver).is_none() {
            return Ok(record);
        }
        let documents = self.requests.documents(record.id()).await?;
        let (servicenow, installation) = (&self.servicenow, &self.installation);
        let shown =
            approvers::review(servicenow, &record, approver, &documents, installation, now).await?;
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
        let record = match self
            .claim_reminder(record, notice, approver, &token, now)
            .await?
        {
            Changed::Written(record) => record,
            // Somebody else is sending it, or it is not wanted any more.
            Changed::Left(record, ()) => return Ok(record),
        };
        match self.send_reminder(&review, address, &token).await {
            Ok(()) => info!("reminder sent"),
            Err(DispatchError::Call(call)) if !call.is_transient() => {
                error!(
                    error = shell::log::chain(&call),
                    "the mail service refused a reminder"
                );
                let why = SkipCode::MailRefused;
                return self.pass_over(record, notice, why, now).await;
            }
            Err(other) => return Err(other),
        }
        let sent = Event::NoticeSent {
            notice: notice.clone(),
        };
        self.close(record, sent, now).await
    }

    /// Claims a reminder, together with its link, where it is still due.
    async fn claim_reminder(
        &self,
        record: RequestRecord,
        notice: &Notice,
        approver: &SysId,
        token: &ReviewToken,
        now: Timestamp,
    ) -> Result<Changed, DispatchError> {
        let next = |record: &RequestRecord| match record.round() {
            Some(asked) if record.due_notices(now).contains(notice) => {
                let event = Event::NoticeClaimed {
                    notice: notice.clone(),
                };
                Next::from(Draft {
                    tokens: vec![link(token, record, asked, approver)],
                    ..Draft::from(event)
                })
            }
            _ => Next::Done(()),
        };
        Ok(change(&self.requests, record, &Actor::Dispatcher, now, next).await?)
    }

    async fn send_reminder(
        &self,
        review: &Review,
        address: &EmailAddress,
        token: &ReviewToken,
    ) -> Result<(), DispatchError> {
        let link = format!("{}/r/{}", self.approval_url, token.expose());
        let email = review.reminder(&link)?;
        self.mailer.send(address, &email, None).await?;
        Ok(())
    }

    async fn pass_over(
        &self,
        record: RequestRecord,
        notice: &Notice,
        why: SkipCode,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        warn!(?why, "a reminder is not sent");
        let event = Event::NoticeSkipped {
            notice: notice.clone(),
            why,
        };
        self.close(record, event, now).await
    }

    /// Writes down what became of a reminder, however often the request changes meanwhile.
    async fn close(
        &self,
        record: RequestRecord,
        event: Event,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        let id = record.id().clone();
        match write(&self.requests, record, event, &Actor::Dispatcher, now).await {
            Ok(record) => Ok(record),
            // Somebody else has closed it.
            Err(NotChanged::Rules(ChangeError::NoNotice)) => Ok(load(&self.requests, &id).await?),
            Err(other) => Err(other.into()),
        }
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
