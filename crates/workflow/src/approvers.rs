//! Asks the CMDB who may decide, when e-mails are written and again when somebody decides.
//!
//! [`find()`] looks for people by role, nearest first, and only as far as needed; to those found
//! come their delegates. Any doubt ends the search with an error or with nobody; it never widens
//! it. Where somebody who would be asked may not decide only because the ticket names them, or
//! because a record of somebody involved looks like theirs, the search goes on with the security
//! group alone: otherwise whoever edits the ticket, or that record, would choose who decides.
//! [`explain()`] says for a dry run what [`find()`] would do, [`review()`] what an approver is
//! shown.

mod disqualify;
mod explain;
mod find;
mod review;

pub use disqualify::{Qualification, disqualify, qualification};
pub use explain::explain;
pub use find::find;
pub use review::review;

use jiff::Timestamp;
use ports::CallError;
use ports::servicenow::ServiceNow;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::SysId;
use snowgate_core::person::{Involved, Unrecognisable};
use snowgate_core::record::RequestRecord;
use snowgate_core::slots::Excluded;
use snowgate_core::ticket::Ticket;

/// What a search for people keeps to.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Who must not decide.
    pub excluded: &'a Excluded,
    /// Whom no e-mail reaches. They are not asked; their delegates may be.
    pub unreachable: &'a [SysId],
    /// Mail domains, the security group, and how many people are asked for one slot.
    pub guardrails: &'a Guardrails,
    /// When it is: delegations have dates.
    pub now: Timestamp,
}

/// Why it is not known who must not decide.
#[derive(Debug, thiserror::Error)]
pub enum InvolvedError {
    /// Somebody involved is not in ServiceNow, or cannot be recognised under another record.
    #[error(transparent)]
    Unrecognisable(#[from] Unrecognisable),
    /// ServiceNow does not answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl From<InvolvedError> for CallError {
    /// For where nothing but trying again can be done about it.
    fn from(error: InvolvedError) -> Self {
        match error {
            InvolvedError::Unrecognisable(_) => {
                Self::transient("servicenow:ReadPeople", "Unrecognisable")
            }
            InvolvedError::Call(call) => call,
        }
    }
}

/// Everybody who must not decide on a request: the requester, whoever opened the ticket or is
/// named in it, and the person whom the principal belongs to.
///
/// # Errors
/// [`InvolvedError`].
pub async fn involved(
    servicenow: &impl ServiceNow,
    requester: &SysId,
    ticket: &Ticket,
    beneficiary: Option<&SysId>,
    guardrails: &Guardrails,
) -> Result<Excluded, InvolvedError> {
    let mut sys_ids: Vec<SysId> = [Some(requester), beneficiary]
        .into_iter()
        .flatten()
        .chain(ticket.named())
        .cloned()
        .collect();
    sys_ids.sort();
    sys_ids.dedup();
    let found = servicenow.people(&sys_ids).await?;
    // Whoever may edit a ticket may name whom they like on it. What does not rest on the ticket
    // alone is whom the principal belongs to, and a requester who opened the ticket.
    let asks = (ticket.opened_by.as_ref() == Some(requester)).then_some(requester);
    let known = |sys_id: &SysId| beneficiary == Some(sys_id) || asks == Some(sys_id);
    let named = sys_ids.iter().filter(|sys_id| !known(sys_id));
    let named = named.cloned().collect();
    let mut people = Vec::with_capacity(sys_ids.len());
    for sys_id in &sys_ids {
        let person = found.iter().find(|person| person.sys_id == *sys_id);
        let person = person.ok_or(Unrecognisable)?;
        people.push(Involved::new(person, guardrails.mail_domains())?);
    }
    Ok(Excluded {
        people,
        sys_ids,
        named,
    })
}

/// Everybody who must not decide on a request whose owners were asked before.
///
/// # Errors
/// [`InvolvedError`].
pub async fn involved_in(
    servicenow: &impl ServiceNow,
    record: &RequestRecord,
    ticket: &Ticket,
    guardrails: &Guardrails,
) -> Result<Excluded, InvolvedError> {
    let requester = &record.request().requested_by;
    involved(servicenow, requester, ticket, record.owner(), guardrails).await
}
