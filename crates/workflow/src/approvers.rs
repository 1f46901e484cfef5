//! Asks the CMDB who may decide, when e-mails are written and again when somebody decides.
//!
//! [`find()`] looks for people by role, nearest first, and only as far as needed; to those found
//! come their delegates. Any doubt ends the search with an error or with nobody; it never widens
//! it. [`explain()`] says for a dry run what [`find()`] would do, [`review()`] what an approver is
//! shown.

mod disqualify;
mod explain;
mod find;
mod review;

pub use disqualify::{disqualified, disqualify};
pub use explain::explain;
pub use find::find;
pub use review::review;

use jiff::Timestamp;
use ports::CallError;
use ports::servicenow::ServiceNow;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::SysId;
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

/// Everybody who must not decide on a request: the requester, whoever opened the ticket or is
/// named in it, and the person whom the principal belongs to.
///
/// # Errors
/// Where ServiceNow does not answer.
pub async fn involved(
    servicenow: &impl ServiceNow,
    requester: &SysId,
    ticket: &Ticket,
    beneficiary: Option<&SysId>,
) -> Result<Excluded, CallError> {
    let mut sys_ids: Vec<SysId> = [
        Some(requester),
        ticket.opened_by.as_ref(),
        ticket.opened_for.as_ref(),
        beneficiary,
    ]
    .into_iter()
    .flatten()
    .cloned()
    .collect();
    sys_ids.sort();
    sys_ids.dedup();
    let people = servicenow.people(&sys_ids).await?;
    Ok(Excluded { people, sys_ids })
}

/// Everybody who must not decide on a request whose owners were asked before.
///
/// # Errors
/// Where ServiceNow does not answer.
pub async fn involved_in(
    servicenow: &impl ServiceNow,
    record: &RequestRecord,
    ticket: &Ticket,
) -> Result<Excluded, CallError> {
    let asked = record.round();
    let beneficiary = asked.and_then(|asked| asked.binding.principal.owner.as_ref());
    involved(
        servicenow,
        &record.request().requested_by,
        ticket,
        beneficiary,
    )
    .await
}
