//! The outbox: one machine for every message to people and tickets.
//!
//! What is to be sent follows from the record. A message is composed, claimed in the ledger
//! (together with its review link, where it has one), sent, and closed, as sent or as skipped
//! for good. A second one goes out only after a crash between sending and closing. A function
//! composes what it may ([`Compose`]); the outbox claims, closes and hands over to the
//! [`Carrier`].

use std::error::Error;
use std::future::Future;

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::Requests;
use ports::mail::Mailer;
use ports::servicenow::Tickets;
use snowgate_core::approval::TokenRow;
use snowgate_core::bounce::{EmailTags, MessageId};
use snowgate_core::email::{Email, EmailAddress};
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{ChangeError, Event, Message, RequestRecord, SkipCode};
use snowgate_core::request::Source;
use snowgate_core::slots::{Eligibility, Excluded, judge};
use snowgate_core::ticket::Person;
use snowgate_core::ticket_note::TicketUpdate;
use tracing::{error, info, warn};

use crate::change::{Changed, Draft, Next, NotChanged, change, load, write};

/// What a function makes of a message that is due.
pub enum Composed<P> {
    /// It is to be sent.
    Parcel(P),
    /// It is to be sent, and opens this review link.
    WithLink(P, TokenRow),
    /// It is not sent, for good.
    Skip(SkipCode),
    /// The record asks for it no more.
    Unwanted,
}

/// A function that composes messages.
pub trait Compose: Send + Sync {
    /// What it hands to the carrier.
    type Parcel: Send + Sync;
    /// Why a message could not be composed or sent.
    type Error: Error + Send + From<NotChanged> + From<CallError> + 'static;
    /// In whose name it writes down what became of a message.
    const ACTOR: Actor;

    /// Whether this function sends such messages.
    fn composes(&self, message: &Message) -> bool;

    /// Composes a message. Takes the record that the message is about and returns it as it stands
    /// afterwards.
    fn compose(
        &self,
        record: RequestRecord,
        message: &Message,
    ) -> impl Future<Output = Result<(RequestRecord, Composed<Self::Parcel>), Self::Error>> + Send;
}

/// What hands messages over.
pub trait Carrier: Send + Sync {
    /// What it carries.
    type Parcel: Send + Sync;

    /// Sends one. Answers the id that a report of its loss will name, where there is one.
    fn carry(
        &self,
        parcel: &Self::Parcel,
    ) -> impl Future<Output = Result<Option<MessageId>, CallError>> + Send;
}

/// An e-mail to one person.
#[derive(Debug, Clone)]
pub struct AddressedEmail {
    /// The address of the recipient.
    pub to: EmailAddress,
    /// What it says.
    pub email: Email,
    /// What the mail service reports its loss with, where that is to be known.
    pub tags: Option<EmailTags>,
}

/// The mail service as a carrier.
#[derive(Debug, Clone, Copy)]
pub struct ByMail<'a, M>(
    /// The mail service.
    pub &'a M,
);

impl<M: Mailer> Carrier for ByMail<'_, M> {
    type Parcel = AddressedEmail;

    async fn carry(&self, parcel: &AddressedEmail) -> Result<Option<MessageId>, CallError> {
        let sent = self.0.send(&parcel.to, &parcel.email, parcel.tags.as_ref());
        sent.await
    }
}

/// A note in a ticket.
#[derive(Debug, Clone)]
pub struct Note {
    /// The ticket.
    pub source: Source,
    /// What is written to it.
    pub update: TicketUpdate,
}

/// ServiceNow as a carrier of notes in tickets. A note that is there already is not written
/// again.
#[derive(Debug, Clone, Copy)]
pub struct InTickets<'a, T>(
    /// The tickets.
    pub &'a T,
);

impl<T: Tickets> Carrier for InTickets<'_, T> {
    type Parcel = Note;

    async fn carry(&self, note: &Note) -> Result<Option<MessageId>, CallError> {
        let (table, sys_id) = (&note.source.table, &note.source.sys_id);
        let written = self.0.update(table, sys_id, &note.update).await?;
        info!(?written, "ticket written");
        Ok(None)
    }
}

/// What became of all messages that were due.
#[derive(Debug)]
pub struct Delivered<E> {
    /// The record as it stands afterwards.
    pub record: RequestRecord,
    /// Why the last of those was not sent that were not: it stays due, and the failure is for the
    /// caller to log. Earlier ones are logged.
    pub failed: Option<E>,
}

/// Sends every message that is due and that this function composes. One that fails keeps no
/// other back.
///
/// # Errors
/// Where the ledger does not answer.
pub async fn deliver<C, P>(
    requests: &impl Requests,
    carrier: &C,
    composer: &P,
    mut record: RequestRecord,
    now: Timestamp,
) -> Result<Delivered<P::Error>, NotChanged>
where
    C: Carrier,
    P: Compose<Parcel = C::Parcel>,
{
    let mut failed: Option<(P::Error, Message)> = None;
    let mut due = record.due_deliveries(now);
    due.retain(|message| composer.composes(message));
    for message in due {
        let id = record.id().clone();
        record = match one(requests, carrier, composer, record, (&message, now)).await {
            Ok(after) => after,
            Err(failure) => {
                if let Some((earlier, message)) = failed.replace((failure, message)) {
                    log(&earlier, &message, "a message was not sent");
                }
                load(requests, &id).await?
            }
        };
    }
    let failed = failed.map(|(failure, _)| failure);
    Ok(Delivered { record, failed })
}

async fn one<C, P>(
    requests: &impl Requests,
    carrier: &C,
    composer: &P,
    record: RequestRecord,
    (message, now): (&Message, Timestamp),
) -> Result<RequestRecord, P::Error>
where
    C: Carrier,
    P: Compose<Parcel = C::Parcel>,
{
    if !record.due_deliveries(now).contains(message) {
        return Ok(record);
    }
    let (record, composed) = composer.compose(record, message).await?;
    let (parcel, link) = match composed {
        Composed::Parcel(parcel) => (parcel, None),
        Composed::WithLink(parcel, link) => (parcel, Some(link)),
        Composed::Skip(code) => {
            warn!(?code, kind = kind(message), "a message is not sent");
            return Ok(close(requests, record, skipped(message, code), &P::ACTOR, now).await?);
        }
        Composed::Unwanted => return Ok(record),
    };
    let claim = Draft {
        tokens: link.into_iter().collect(),
        ..Draft::from(Event::DeliveryClaimed {
            message: message.clone(),
        })
    };
    // Somebody else may be sending it, or it is not wanted any more.
    let next = |record: &RequestRecord| match record.due_deliveries(now).contains(message) {
        true => Next::from(claim.clone()),
        false => Next::Done(()),
    };
    let record = match change(requests, record, &P::ACTOR, now, next).await? {
        Changed::Written(record) => record,
        Changed::Left(record, ()) => return Ok(record),
    };
    let closing = match carrier.carry(&parcel).await {
        Ok(message_id) => {
            info!(kind = kind(message), "message sent");
            Event::DeliverySent {
                message: message.clone(),
                message_id,
            }
        }
        Err(refusal) if !refusal.is_transient() && may_be_skipped(message) => {
            log(&refusal, message, "a message was refused");
            skipped(message, SkipCode::MailRefused)
        }
        Err(failure) => return Err(failure.into()),
    };
    Ok(close(requests, record, closing, &P::ACTOR, now).await?)
}

fn skipped(message: &Message, code: SkipCode) -> Event {
    Event::DeliverySkipped {
        message: message.clone(),
        code,
    }
}

/// Whether a message that is refused for good is given up. Without a review request nobody could
/// decide, and the ticket is owed its notes: these are tried again, less and less often.
const fn may_be_skipped(message: &Message) -> bool {
    !matches!(
        message,
        Message::ReviewRequest { .. } | Message::TicketNote { .. } | Message::Deviation { .. }
    )
}

fn log(error: &(dyn Error + 'static), message: &Message, what: &'static str) {
    error!(error, kind = kind(message), "{what}");
}

/// The kind of a message, for the log.
const fn kind(message: &Message) -> &'static str {
    match message {
        Message::ReviewRequest { .. } => "review request",
        Message::Reminder { .. } => "reminder",
        Message::Handled { .. } => "handled",
        Message::Outcome { .. } => "outcome",
        Message::EndsSoon => "ends soon",
        Message::ManagerNotice { .. } => "manager notice",
        Message::TicketNote { .. } => "ticket note",
        Message::Deviation { .. } => "note on a deviation",
    }
}

/// Writes down what became of a message, however often the request changes meanwhile.
async fn close(
    requests: &impl Requests,
    record: RequestRecord,
    closing: Event,
    actor: &Actor,
    now: Timestamp,
) -> Result<RequestRecord, NotChanged> {
    let id = record.id().clone();
    match write(requests, record, closing, actor, now).await {
        // Somebody else has closed it, or it went with the person whom it was for.
        Err(NotChanged::Rules(ChangeError::NoDelivery)) => load(requests, &id).await,
        closed => closed,
    }
}

/// The address of a person who may be written to.
///
/// # Errors
/// Why the person is not written to.
pub fn address<'a>(
    person: &'a Person,
    mail_domains: &[String],
) -> Result<&'a EmailAddress, SkipCode> {
    match judge(person, &Excluded::default(), mail_domains) {
        Eligibility::Eligible => person.email.address().ok_or(SkipCode::NoMail),
        Eligibility::Inactive => Err(SkipCode::Inactive),
        Eligibility::Locked => Err(SkipCode::Locked),
        Eligibility::NoMail => Err(SkipCode::NoMail),
        Eligibility::ForeignMail => Err(SkipCode::ForeignMail),
        Eligibility::Involved => Err(SkipCode::NotAnApprover),
    }
}

#[cfg(test)]
mod tests;
