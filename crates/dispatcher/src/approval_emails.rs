//! Review requests and reminders: one to each approver, each with a link of its own. The old
//! link stays good; a slot is decided once, through whichever.

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::Requests as _;
use snowgate_core::approval::{ReviewToken, TokenRow};
use snowgate_core::bounce::EmailTags;
use snowgate_core::id::SysId;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{Message, RequestRecord, Worker};
use workflow::approvers;
use workflow::change::NotChanged;
use workflow::outbox::{AddressedEmail, Compose, Composed, address};

use crate::{DispatchError, Dispatcher, DispatcherPorts};

/// What asks approvers for their decisions.
pub(crate) struct ApprovalEmails<'a, P: DispatcherPorts> {
    pub(crate) dispatcher: &'a Dispatcher<P>,
    /// Whether the approvers were found just now, so that review requests need no second look.
    pub(crate) fresh: bool,
    pub(crate) now: Timestamp,
}

impl<P: DispatcherPorts> Compose for ApprovalEmails<'_, P> {
    type Parcel = AddressedEmail;
    type Error = DispatchError;
    const ACTOR: Actor = Actor::Dispatcher;

    fn composes(&self, message: &Message) -> bool {
        message.sender() == Worker::Dispatcher
    }

    /// Whatever changed since the owners were found: nobody unfit is written to. Whoever may not
    /// decide any more is taken out of the slot, which is reassigned next.
    async fn compose(
        &self,
        record: RequestRecord,
        message: &Message,
    ) -> Result<(RequestRecord, Composed<AddressedEmail>), DispatchError> {
        let Some(approver) = message.asks() else {
            return Ok((record, Composed::Unwanted));
        };
        let known_fit = self.fresh && matches!(message, Message::ReviewRequest { .. });
        let lost = match known_fit {
            true => Vec::new(),
            false => self.lost(&record, approver).await?,
        };
        let record = self.disqualify(record, approver, &lost).await?;
        let asked = record.open_slot_of(approver).is_some();
        let Some(expires_at) = record.expires_at().filter(|_| asked) else {
            return Ok((record, Composed::Unwanted));
        };
        let (servicenow, requests) = (&self.dispatcher.servicenow, &self.dispatcher.requests);
        let documents = requests.documents(record.id()).await?;
        let installation = &self.dispatcher.installation;
        let shown = approvers::review(
            servicenow,
            &record,
            approver,
            &documents,
            installation,
            self.now,
        )
        .await?;
        let domains = self.dispatcher.guardrails.mail_domains();
        let fit = shown.and_then(|(person, review)| {
            let to = address(&person, domains).ok()?.clone();
            Some((to, review))
        });
        let Some((to, review)) = fit else {
            let slots = record.open_slots_of(approver);
            let all: Vec<String> = slots.map(|slot| slot.id.clone()).collect();
            let record = self.disqualify(record, approver, &all).await?;
            return Ok((record, Composed::Unwanted));
        };
        let token = ReviewToken::from_random(shell::random::bytes()?);
        let link = format!("{}/r/{}", self.dispatcher.approval_url, token.expose());
        let email = match message {
            Message::Reminder { .. } => review.reminder(&link)?,
            _ => review.email(&link)?,
        };
        let tags = Some(EmailTags {
            request: record.id().clone(),
            approver: approver.clone(),
        });
        let row = TokenRow {
            digest: token.digest(),
            request: record.id().clone(),
            approver: approver.clone(),
            expires_at,
        };
        let parcel = AddressedEmail { to, email, tags };
        Ok((record, Composed::WithLink(parcel, row)))
    }
}

impl<P: DispatcherPorts> ApprovalEmails<'_, P> {
    /// The open slots that this person was asked for and may not decide any more.
    async fn lost(
        &self,
        record: &RequestRecord,
        approver: &SysId,
    ) -> Result<Vec<String>, CallError> {
        let excluded = self.dispatcher.excluded(record).await?;
        let rules = self.dispatcher.rules(record, &excluded, self.now);
        let slots = record.open_slots_of(approver);
        let servicenow = &self.dispatcher.servicenow;
        let found = approvers::qualification(servicenow, slots, approver, &rules).await?;
        Ok(found.lost)
    }

    async fn disqualify(
        &self,
        record: RequestRecord,
        approver: &SysId,
        slots: &[String],
    ) -> Result<RequestRecord, NotChanged> {
        let (requests, whom) = (&self.dispatcher.requests, (approver, slots));
        approvers::disqualify(requests, record, whom, &Self::ACTOR, self.now).await
    }
}
