//! Notes to the ticket, and e-mails to the requester and to those who were asked and have nothing
//! left to do.
//!
//! Addresses are read from ServiceNow for each run and never stored. Somebody who cannot be written
//! to is skipped for good, and the timeline says so.

use jiff::{SignedDuration, Timestamp};
use snowgate_core::email::{Email, EmailAddress};
use snowgate_core::id::SysId;
use snowgate_core::installation::Installation;
use snowgate_core::lifecycle::Actor;
use snowgate_core::notification;
use snowgate_core::record::{Message, RequestRecord, SkipCode, Worker};
use snowgate_core::ticket::Person;
use snowgate_core::ticket_note::{self, OutcomeFields};
use workflow::outbox::{AddressedEmail, Compose, Composed, Note, address};

use crate::ReportError;

/// An end that is older is not reported by e-mail any more.
const WORTH_REPORTING: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Notes to the ticket.
pub(crate) struct Notes<'a> {
    pub(crate) fields: &'a OutcomeFields,
}

impl Compose for Notes<'_> {
    type Parcel = Note;
    type Error = ReportError;
    const ACTOR: Actor = Actor::Reporter;

    fn composes(&self, message: &Message) -> bool {
        is_note(message)
    }

    async fn compose(
        &self,
        record: RequestRecord,
        message: &Message,
    ) -> Result<(RequestRecord, Composed<Note>), ReportError> {
        let update = match message {
            Message::Deviation { report } => ticket_note::deviation_update(&record, *report),
            _ => ticket_note::update(&record, self.fields),
        };
        let composed = match update {
            Some(update) => Composed::Parcel(Note {
                source: record.request().source.clone(),
                update,
            }),
            None => Composed::Unwanted,
        };
        Ok((record, composed))
    }
}

/// Notifications: e-mails that need no answer.
pub(crate) struct Notifications<'a> {
    /// Everybody who is written to or named.
    pub(crate) people: Vec<Person>,
    pub(crate) mail_domains: &'a [String],
    pub(crate) installation: &'a Installation,
    pub(crate) now: Timestamp,
}

impl Compose for Notifications<'_> {
    type Parcel = AddressedEmail;
    type Error = ReportError;
    const ACTOR: Actor = Actor::Reporter;

    fn composes(&self, message: &Message) -> bool {
        is_notification(message)
    }

    async fn compose(
        &self,
        record: RequestRecord,
        message: &Message,
    ) -> Result<(RequestRecord, Composed<AddressedEmail>), ReportError> {
        let composed = match self.address(&record, message) {
            Ok(to) => match self.email(&record, message)? {
                Some(email) => {
                    let (to, tags) = (to.clone(), None);
                    Composed::Parcel(AddressedEmail { to, email, tags })
                }
                None => Composed::Unwanted,
            },
            Err(code) => Composed::Skip(code),
        };
        Ok((record, composed))
    }
}

impl Notifications<'_> {
    fn address(
        &self,
        record: &RequestRecord,
        message: &Message,
    ) -> Result<&EmailAddress, SkipCode> {
        let waited = self.now.duration_since(record.since());
        if record.state().is_terminal() && waited >= WORTH_REPORTING {
            return Err(SkipCode::TooLate);
        }
        let to = recipient(record, message);
        let person = self.people.iter().find(|person| person.sys_id == *to);
        address(person.ok_or(SkipCode::NoSuchPerson)?, self.mail_domains)
    }

    fn email(
        &self,
        record: &RequestRecord,
        message: &Message,
    ) -> Result<Option<Email>, askama::Error> {
        let name = |of: &SysId| {
            let mut people = self.people.iter();
            let person = people.find(|person| person.sys_id == *of);
            person.map(|person| &person.name)
        };
        let requester = name(&record.request().requested_by);
        Ok(match message {
            Message::Outcome { state } => {
                notification::outcome_email(record, *state, self.installation)?
            }
            Message::EndsSoon => Some(notification::ends_soon(
                record,
                self.installation,
                self.now,
            )?),
            Message::Handled { .. } => {
                Some(notification::handled(record, requester, self.installation)?)
            }
            Message::ManagerNotice { .. } => {
                let names = (requester, record.owner().and_then(name));
                Some(notification::manager_notice(
                    record,
                    names,
                    self.installation,
                )?)
            }
            Message::ReviewRequest { .. }
            | Message::Reminder { .. }
            | Message::TicketNote { .. }
            | Message::Deviation { .. } => None,
        })
    }
}

/// Whether a message is a notification.
fn is_notification(message: &Message) -> bool {
    message.sender() == Worker::Reporter && !is_note(message)
}

/// Whether a message is a note on the ticket.
const fn is_note(message: &Message) -> bool {
    matches!(
        message,
        Message::TicketNote { .. } | Message::Deviation { .. }
    )
}

/// Everybody who is to be written to now, or named in what they get, each once; nobody where no
/// e-mail is due.
pub(crate) fn readers(record: &RequestRecord, now: Timestamp) -> Vec<SysId> {
    let mut due = record.due_deliveries(now);
    due.retain(is_notification);
    let mut ids: Vec<SysId> = due
        .iter()
        .flat_map(|message| [recipient(record, message), &record.request().requested_by])
        .chain(record.owner().filter(|_| due.iter().any(names_beneficiary)))
        .cloned()
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

/// Whether a message says whom the access is for.
const fn names_beneficiary(message: &Message) -> bool {
    matches!(message, Message::ManagerNotice { .. })
}

/// Whom a message is for.
const fn recipient<'a>(record: &'a RequestRecord, message: &'a Message) -> &'a SysId {
    match message {
        Message::ReviewRequest { approver }
        | Message::Reminder { approver }
        | Message::Handled { approver } => approver,
        Message::ManagerNotice { manager } => manager,
        Message::Outcome { .. }
        | Message::EndsSoon
        | Message::TicketNote { .. }
        | Message::Deviation { .. } => &record.request().requested_by,
    }
}
