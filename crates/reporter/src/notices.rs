//! Mails to the requester and to those who were asked and have nothing left to do.
//!
//! Addresses are read from ServiceNow for each mail and never stored. A mail is claimed in the
//! ledger before it is sent and closed afterwards; a second one goes out only after a crash
//! between the two. Whoever cannot be written to is passed over for good, in the open.

use jiff::{SignedDuration, Timestamp};
use ports::CallError;
use ports::mail::Mailer as _;
use ports::servicenow::ServiceNow as _;
use snowgate_core::email::Email;
use snowgate_core::id::SysId;
use snowgate_core::lifecycle::Actor;
use snowgate_core::notification;
use snowgate_core::record::{ChangeError, Event, Notice, RequestRecord, SkipCode};
use snowgate_core::slots::{Eligibility, Excluded, judge};
use snowgate_core::ticket::Person;
use tracing::{error, info, warn};
use workflow::change::{Changed, Next, NotChanged, change, load, write};

use crate::{Ports, ReportError, Reporter};

/// After this nobody needs to hear of an end any more.
const WORTH_TELLING: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What came of one mail.
enum Reported {
    /// It is sent or passed over; the record afterwards.
    Done(Box<RequestRecord>),
    /// It could not be sent now; the record afterwards.
    Later(Box<RequestRecord>, CallError),
}

impl<P: Ports> Reporter<P> {
    /// Sends every mail that is due; answers the record afterwards, and what kept a mail back.
    pub(crate) async fn notify(
        &self,
        mut record: RequestRecord,
        now: Timestamp,
    ) -> Result<(RequestRecord, Option<CallError>), ReportError> {
        let mut due = record.due_notices(now);
        due.retain(|notice| !notice.is_by_dispatcher());
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
        notice: &Notice,
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
        let Some(email) = self.email(&record, notice, people, now)? else {
            return Ok(Reported::Done(Box::new(record)));
        };
        let record = match self.claim(record, notice, now).await? {
            Changed::Written(record) => record,
            // Somebody else is sending it, or it is not wanted any more.
            Changed::Left(record, ()) => return Ok(Reported::Done(Box::new(record))),
        };
        match self.mailer.send(address, &email, None).await {
            Ok(_) => info!("notice sent"),
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
        let sent = Event::NoticeSent {
            notice: notice.clone(),
        };
        let record = self.close(record, sent, now).await?;
        Ok(Reported::Done(Box::new(record)))
    }

    fn email(
        &self,
        record: &RequestRecord,
        notice: &Notice,
        people: &[Person],
        now: Timestamp,
    ) -> Result<Option<Email>, askama::Error> {
        let requester = &record.request().requested_by;
        let named = people.iter().find(|person| person.sys_id == *requester);
        let installation = &self.installation;
        Ok(match notice {
            Notice::Outcome { state } => notification::outcome_email(record, *state, installation)?,
            Notice::EndsSoon => Some(notification::ends_soon(record, installation, now)?),
            Notice::Handled { .. } => {
                let name = named.map(|person| &person.name);
                Some(notification::handled(record, name, installation)?)
            }
            Notice::Reminder { .. } => None,
        })
    }

    async fn pass_over(
        &self,
        record: RequestRecord,
        notice: &Notice,
        why: SkipCode,
        now: Timestamp,
    ) -> Result<Reported, ReportError> {
        warn!(?why, "a notice is not sent");
        let event = Event::NoticeSkipped {
            notice: notice.clone(),
            why,
        };
        let record = self.close(record, event, now).await?;
        Ok(Reported::Done(Box::new(record)))
    }

    /// Claims an e-mail, where it is still due.
    async fn claim(
        &self,
        record: RequestRecord,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<Changed, NotChanged> {
        let next = |record: &RequestRecord| match record.due_notices(now).contains(notice) {
            true => Next::from(Event::NoticeClaimed {
                notice: notice.clone(),
            }),
            false => Next::Done(()),
        };
        change(&self.requests, record, &Actor::Reporter, now, next).await
    }

    /// Writes down what became of an e-mail, however often the request changes meanwhile.
    async fn close(
        &self,
        record: RequestRecord,
        event: Event,
        now: Timestamp,
    ) -> Result<RequestRecord, NotChanged> {
        let id = record.id().clone();
        match write(&self.requests, record, event, &Actor::Reporter, now).await {
            // Somebody else has closed it.
            Err(NotChanged::Rules(ChangeError::NoNotice)) => load(&self.requests, &id).await,
            closed => closed,
        }
    }
}

/// Whom a mail is for.
const fn reader<'a>(record: &'a RequestRecord, notice: &'a Notice) -> &'a SysId {
    match notice {
        Notice::Handled { approver } | Notice::Reminder { approver } => approver,
        Notice::Outcome { .. } | Notice::EndsSoon => &record.request().requested_by,
    }
}

/// Everybody who is written to or named, each once.
fn readers(record: &RequestRecord, due: &[Notice]) -> Vec<SysId> {
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
