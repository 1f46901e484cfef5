//! Mails to the requester and to those who were asked and have nothing left to do.
//!
//! Addresses are read from ServiceNow for each mail and never stored. A mail is claimed in the
//! ledger before it is sent and closed afterwards; a second one goes out only after a crash
//! between the two. Whoever cannot be written to is passed over for good, in the open.

use jiff::{SignedDuration, Timestamp};
use ports::CallError;
use ports::ledger::{CommitError, Ledger};
use ports::mail::Mailer;
use ports::servicenow::{ServiceNow, Tickets};
use snowgate_core::id::SysId;
use snowgate_core::letter::Letter;
use snowgate_core::lifecycle::Actor;
use snowgate_core::notice;
use snowgate_core::record::{Event, Message, RequestRecord, Sender, SkipCode};
use snowgate_core::slots::{Eligibility, Excluded, judge};
use snowgate_core::ticket::{Person, PersonName};
use tracing::{error, info, warn};

use crate::{ReportError, Reporter, TRIES};

/// After this nobody needs to hear of an end any more.
const WORTH_TELLING: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What came of one mail.
enum Reported {
    /// It is sent or passed over; the record afterwards.
    Done(Box<RequestRecord>),
    /// It could not be sent now; the record afterwards.
    Later(Box<RequestRecord>, CallError),
}

impl<L: Ledger, T: Tickets, S: ServiceNow, M: Mailer> Reporter<L, T, S, M> {
    /// Sends every mail that is due; answers the record afterwards, and what kept a mail back.
    pub(crate) async fn tell_people(
        &self,
        mut record: RequestRecord,
        now: Timestamp,
    ) -> Result<(RequestRecord, Option<CallError>), ReportError> {
        let mut due = record.due_deliveries(now);
        due.retain(is_mail);
        if due.is_empty() {
            return Ok((record, None));
        }
        let people = match self.servicenow.people(&readers(&record, &due)).await {
            Ok(people) => people,
            Err(failure) => return Ok((record, Some(failure))),
        };
        let mut kept_back = None;
        for notice in due {
            match self.tell(record, &notice, &people, now).await? {
                Reported::Done(after) => record = *after,
                Reported::Later(after, failure) => {
                    record = *after;
                    kept_back = Some(failure);
                }
            }
        }
        Ok((record, kept_back))
    }

    async fn tell(
        &self,
        record: RequestRecord,
        notice: &Message,
        people: &[Person],
        now: Timestamp,
    ) -> Result<Reported, ReportError> {
        let to = reader(&record, notice);
        let person = people.iter().find(|person| person.sys_id == *to);
        let late =
            record.state().is_terminal() && now.duration_since(record.since()) >= WORTH_TELLING;
        let fit = match person {
            _ if late => Err(SkipCode::TooLate),
            None => Err(SkipCode::NoSuchPerson),
            Some(person) => address_of(person, &self.mail_domains),
        };
        let address = match fit {
            Ok(address) => address,
            Err(why) => return self.pass_over(record, notice, why, now).await,
        };
        let Some(letter) = letter(&record, notice, people)? else {
            return Ok(Reported::Done(Box::new(record)));
        };
        let claim = Event::DeliveryClaimed {
            message: notice.clone(),
        };
        let (record, claimed) = self.write(record, claim, notice, true, now).await?;
        if !claimed {
            // Somebody else has set about it, or it is not wanted any more.
            return Ok(Reported::Done(Box::new(record)));
        }
        match self.mailer.send(address, &letter).await {
            Ok(()) => info!("notice sent"),
            Err(failure) if failure.is_transient() => {
                return Ok(Reported::Later(Box::new(record), failure));
            }
            Err(failure) => {
                error!(
                    error = shell::log::chain(&failure),
                    "the mail service refused a notice"
                );
                let why = SkipCode::MailRefused;
                return self.pass_over(record, notice, why, now).await;
            }
        }
        let sent = Event::DeliverySent {
            message_id: None,
            message: notice.clone(),
        };
        let (record, _) = self.write(record, sent, notice, false, now).await?;
        Ok(Reported::Done(Box::new(record)))
    }

    async fn pass_over(
        &self,
        record: RequestRecord,
        notice: &Message,
        why: SkipCode,
        now: Timestamp,
    ) -> Result<Reported, ReportError> {
        warn!(?why, "a notice is not sent");
        let event = Event::DeliverySkipped {
            message: notice.clone(),
            code: why,
        };
        let (record, _) = self.write(record, event, notice, false, now).await?;
        Ok(Reported::Done(Box::new(record)))
    }

    /// Writes how far a mail is, however often the request changes meanwhile; a claim only as
    /// long as the mail is due. Answers the record, and whether it was written.
    pub(crate) async fn write(
        &self,
        mut record: RequestRecord,
        event: Event,
        notice: &Message,
        only_if_due: bool,
        now: Timestamp,
    ) -> Result<(RequestRecord, bool), ReportError> {
        for _ in 0..TRIES {
            if only_if_due && !record.due_deliveries(now).contains(notice) {
                return Ok((record, false));
            }
            let change = match record.apply(event.clone(), Actor::Reporter, now) {
                Ok(change) => change,
                // Somebody else has closed it.
                Err(snowgate_core::record::ChangeError::NoDelivery) => return Ok((record, false)),
                Err(other) => return Err(other.into()),
            };
            match self.ledger.commit(&change.clone().into()).await {
                Ok(()) => return Ok((change.record, true)),
                Err(CommitError::Conflict) => record = self.reload(&record).await?,
                Err(CommitError::Call(call)) => return Err(call.into()),
            }
        }
        Err(ReportError::Busy)
    }
}

/// Whether the reporter sends it, and by mail.
const fn is_mail(message: &Message) -> bool {
    matches!(message.sender(), Sender::Reporter) && !matches!(message, Message::TicketNote { .. })
}

/// Whom a mail is for.
const fn reader<'a>(record: &'a RequestRecord, notice: &'a Message) -> &'a SysId {
    match notice {
        Message::Handled { approver }
        | Message::Reminder { approver }
        | Message::ReviewRequest { approver } => approver,
        Message::Outcome { .. } | Message::EndsSoon | Message::TicketNote { .. } => {
            &record.request().requested_by
        }
    }
}

/// Everybody who is written to or named, each once.
fn readers(record: &RequestRecord, due: &[Message]) -> Vec<SysId> {
    let all = due.iter().map(|notice| reader(record, notice));
    let mut ids: Vec<SysId> = all
        .chain([&record.request().requested_by])
        .cloned()
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

/// The address of a person who may be written to.
fn address_of<'a>(
    person: &'a Person,
    mail_domains: &[String],
) -> Result<&'a snowgate_core::email::EmailAddress, SkipCode> {
    match judge(person, &Excluded::default(), mail_domains) {
        Eligibility::Eligible => person.email.as_ref().ok_or(SkipCode::NoMail),
        Eligibility::Inactive => Err(SkipCode::Inactive),
        Eligibility::Locked => Err(SkipCode::Locked),
        Eligibility::NoMail => Err(SkipCode::NoMail),
        Eligibility::ForeignMail => Err(SkipCode::ForeignMail),
        Eligibility::Involved => Err(SkipCode::NotAnApprover),
    }
}

fn letter(
    record: &RequestRecord,
    notice: &Message,
    people: &[Person],
) -> Result<Option<Letter>, askama::Error> {
    let requester = &record.request().requested_by;
    let named = people.iter().find(|person| person.sys_id == *requester);
    Ok(match notice {
        Message::Outcome { state } => notice::outcome(record, *state)?,
        Message::EndsSoon => Some(notice::ends_soon(record)?),
        Message::Handled { .. } => {
            let nobody = PersonName::new("a person who has left");
            let name = named.map_or(&nobody, |person| &person.name);
            Some(notice::handled(record, name)?)
        }
        Message::Reminder { .. } | Message::ReviewRequest { .. } | Message::TicketNote { .. } => {
            None
        }
    })
}
