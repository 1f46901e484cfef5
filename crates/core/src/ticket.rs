//! What ServiceNow says of a ticket and of people, and what is believed of it.

use iam_policy::foreign::characters::is_space;

use crate::email::MailField;
use crate::id::SysId;
use crate::lifecycle::State;
use crate::markup::{MAX_NAME, bounded, code, seen};
use crate::request::{AccessRequest, RecordNumber};

/// A person, as in `sys_user`. Never stored: ledger and audit hold the `sys_id` only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The record.
    pub sys_id: SysId,
    /// The name as people see it.
    pub name: PersonName,
    /// The job title; empty where ServiceNow has none.
    pub title: JobTitle,
    /// Whether the account is active.
    pub active: bool,
    /// Whether the account is locked.
    pub locked_out: bool,
    /// The mail address.
    pub email: MailField,
    /// What else tells this person from others.
    pub account: UserAccount,
}

/// The names of a person's account and employment. `Debug` never shows them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UserAccount {
    /// `user_name`; empty where there is none.
    pub user_name: String,
    /// `employee_number`; empty where there is none, or where it may not be read.
    pub employee_number: String,
}

impl std::fmt::Debug for UserAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserAccount(redacted)")
    }
}

/// The name of a person. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonName {
    name: String,
    /// Who it is where the name says nothing.
    id: Option<String>,
}

impl PersonName {
    /// Takes a name from elsewhere: its spaces are plain ones.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let words = text.split(is_space).filter(|word| !word.is_empty());
        let words: Vec<&str> = words.collect();
        Self {
            name: words.join(" "),
            id: None,
        }
    }

    /// The same, with the user id or `sys_id` that tells who it is where nothing of the name can be
    /// seen, or it is too long to be shown.
    #[must_use]
    pub fn or_id(self, id: &str) -> Self {
        Self {
            id: Some(id.to_owned()),
            ..self
        }
    }

    /// The name as it is, to recognise somebody by; never shown.
    pub(crate) fn as_recorded(&self) -> &str {
        &self.name
    }

    /// The name as it stands in a sentence, marked as foreign: `` `Rita Chen` ``, or
    /// ``(no name, `rita.chen`)``.
    #[must_use]
    pub fn in_words(&self) -> String {
        let why = match seen(&self.name).map(bounded) {
            Some(Some(name)) => return code(name),
            Some(None) => format!("a name of more than {MAX_NAME} characters"),
            None => "no name".to_owned(),
        };
        match &self.id {
            Some(id) => format!("({why}, {})", code(id)),
            None => format!("({why})"),
        }
    }
}

impl std::fmt::Debug for PersonName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonName(redacted)")
    }
}

/// The job title of a person. `Debug` never shows it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct JobTitle(String);

impl JobTitle {
    /// Takes a title from elsewhere.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The title as it stands in a sentence, marked as foreign; none where there is nothing to see.
    #[must_use]
    pub fn in_words(&self) -> Option<String> {
        seen(&self.0).map(|title| match bounded(title) {
            Some(title) => code(title),
            None => format!("(a title of more than {MAX_NAME} characters)"),
        })
    }
}

impl std::fmt::Debug for JobTitle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JobTitle(redacted)")
    }
}

/// The record behind a request, as ServiceNow has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its `sys_id`.
    pub sys_id: SysId,
    /// Its number, such as `RITM0010001`.
    pub number: RecordNumber,
    /// Whether it is open (`active`).
    pub active: bool,
    /// Who opened it.
    pub opened_by: Option<SysId>,
    /// For whom it was opened (`requested_for`, or the caller of an incident).
    pub opened_for: Option<SysId>,
    /// Everybody else whom the record, or one that it belongs to, names as the one who opened it
    /// or for whom it is. Such a person carries no request, and decides on none.
    pub also_named: Vec<SysId>,
}

/// Why a ticket does not carry a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketFinding {
    /// The record's number is another one.
    #[error("the record has another number")]
    Number,
    /// The record is closed.
    #[error("the record is not open")]
    Closed,
    /// The requester neither opened the record nor is it for them.
    #[error("the record was opened neither by nor for the requester")]
    NotTheirs,
    /// The requester's account is inactive or locked.
    #[error("the requester's account is not active")]
    RequesterInactive,
}

impl Ticket {
    /// Whether this ticket carries this request.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn carries(
        &self,
        request: &AccessRequest,
        requester: &Person,
    ) -> Result<(), TicketFinding> {
        self.is_for(request)?;
        if requester.sys_id != request.requested_by || !requester.active || requester.locked_out {
            return Err(TicketFinding::RequesterInactive);
        }
        Ok(())
    }

    /// Whether this ticket is open and is the requester's, whatever the requester's account.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn is_for(&self, request: &AccessRequest) -> Result<(), TicketFinding> {
        let theirs = |person: &Option<SysId>| person.as_ref() == Some(&request.requested_by);
        if self.number != request.source.number {
            return Err(TicketFinding::Number);
        }
        if !self.active {
            return Err(TicketFinding::Closed);
        }
        if !theirs(&self.opened_by) && !theirs(&self.opened_for) {
            return Err(TicketFinding::NotTheirs);
        }
        Ok(())
    }

    /// Everybody whom it names.
    pub fn named(&self) -> impl Iterator<Item = &SysId> {
        let first = [&self.opened_by, &self.opened_for];
        first.into_iter().flatten().chain(&self.also_named)
    }
}

/// The marker that stands in the ticket's note for one event of one request; it tells a retry
/// that the note is already there.
#[must_use]
pub fn marker(request: &crate::id::RequestId, state: State) -> String {
    format!("[snowgate {request} {}]", state.name())
}

/// The marker of a note on what was found otherwise in IAM: which report it is about, from zero.
#[must_use]
pub fn deviation_marker(request: &crate::id::RequestId, report: u32) -> String {
    format!("[snowgate {request} deviation {report}]")
}
