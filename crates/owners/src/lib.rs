//! Asks the CMDB who may decide, when letters are written and again when somebody decides.
//!
//! People are looked for by standing, nearest first, and only as far as needed. Any doubt ends
//! the search with an error or with nobody; it never widens it.

mod explain;

pub use explain::explain;

use ports::CallError;
use ports::servicenow::ServiceNow;
use snowgate_core::account::AccountItem;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::{AccountId, SysId};
use snowgate_core::letter::{Review, ReviewNames, account_of};
use snowgate_core::record::RequestRecord;
use snowgate_core::slots::{Approver, Excluded, Slot, Standing, Touched, eligible};
use snowgate_core::ticket::{Person, Ticket};

/// Those who may decide on an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owners {
    /// The account in the CMDB.
    pub account: AccountItem,
    /// Why they may.
    pub standing: Standing,
    /// They, in the order in which they are asked.
    pub people: Vec<Person>,
}

impl Owners {
    /// The slot that they can fill.
    #[must_use]
    pub fn slot(&self, touched: Touched) -> Slot {
        let approver = |person: &Person| Approver {
            sys_id: person.sys_id.clone(),
            standing: self.standing,
        };
        Slot {
            id: touched.slot_id(),
            touched,
            approvers: self.people.iter().map(approver).collect(),
        }
    }
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

/// Those who may decide on an account: everybody eligible of the nearest standing that has
/// anybody. None where the CMDB does not have exactly one such account, or nobody is left.
///
/// # Errors
/// Where ServiceNow does not answer.
pub async fn find(
    servicenow: &impl ServiceNow,
    account: &AccountId,
    excluded: &Excluded,
    guardrails: &Guardrails,
) -> Result<Option<Owners>, CallError> {
    let Some(account) = servicenow.account(account).await? else {
        return Ok(None);
    };
    for standing in Standing::ORDER {
        let candidates = candidates(servicenow, &account, standing, guardrails).await?;
        let cap = guardrails.approvers_per_slot();
        let chosen = eligible(&candidates, excluded, guardrails.mail_domains(), cap);
        if !chosen.is_empty() {
            let people = chosen.into_iter().cloned().collect();
            return Ok(Some(Owners {
                account,
                standing,
                people,
            }));
        }
    }
    Ok(None)
}

/// Whether somebody who was asked may still decide: has the same standing, and nothing has come
/// up against it.
///
/// # Errors
/// Where ServiceNow does not answer.
pub async fn still_stands(
    servicenow: &impl ServiceNow,
    slot: &Slot,
    person: &SysId,
    excluded: &Excluded,
    guardrails: &Guardrails,
) -> Result<bool, CallError> {
    let Touched::Account { account_id } = &slot.touched;
    let Some(asked) = slot
        .approvers
        .iter()
        .find(|approver| approver.sys_id == *person)
    else {
        return Ok(false);
    };
    let Some(account) = servicenow.account(account_id).await? else {
        return Ok(false);
    };
    let candidates = candidates(servicenow, &account, asked.standing, guardrails).await?;
    let only: Vec<Person> = candidates
        .into_iter()
        .filter(|candidate| candidate.sys_id == *person)
        .collect();
    Ok(!eligible(&only, excluded, guardrails.mail_domains(), 1).is_empty())
}

/// What an approver is shown, in letter and page alike, and the approver's own record.
/// `documents` are the policy texts that the ledger keeps with the request. None
/// where the person was not asked for this slot, is not in ServiceNow any more, or has turned out
/// to be the requester or the beneficiary.
///
/// # Errors
/// Where ServiceNow does not answer, or does not have the requester or the account any more.
pub async fn review(
    servicenow: &impl ServiceNow,
    record: &RequestRecord,
    slot: &Slot,
    approver: &SysId,
    documents: &[String],
) -> Result<Option<(Person, Review)>, CallError> {
    let asked_person = slot
        .approvers
        .iter()
        .find(|asked| asked.sys_id == *approver);
    let (Some(asked), Some(asked_person)) = (&record.asked, asked_person) else {
        return Ok(None);
    };
    let requester = &record.request.requested_by;
    let beneficiary = asked
        .binding
        .principal
        .owner
        .as_ref()
        .filter(|owner| *owner != requester);
    let mut ids = vec![approver.clone(), requester.clone()];
    ids.extend(beneficiary.cloned());
    let people = servicenow.people(&ids).await?;
    let person = |id: &SysId| people.iter().find(|person| person.sys_id == *id);
    let Some(reader) = person(approver) else {
        return Ok(None);
    };
    let mut involved = [Some(requester), beneficiary].into_iter().flatten();
    if involved.any(|id| person(id).is_some_and(|involved| involved.is_same_as(reader))) {
        return Ok(None);
    }
    let missing = || CallError::retry("servicenow:ReadPeople", "Missing");
    let account = servicenow
        .account(account_of(&slot.touched))
        .await?
        .ok_or_else(missing)?;
    let names = ReviewNames {
        requester: person(requester).ok_or_else(missing)?.name.clone(),
        beneficiary: beneficiary
            .and_then(person)
            .map(|person| person.name.clone()),
        account: account.name,
    };
    let review = Review::new(record, asked, asked_person.standing, names, documents)
        .map_err(|error| CallError::last("dynamodb:Query", "MissingDocument").because(error))?;
    Ok(Some((reader.clone(), review)))
}

/// The people who have a standing towards an account, eligible or not.
async fn candidates(
    servicenow: &impl ServiceNow,
    account: &AccountItem,
    standing: Standing,
    guardrails: &Guardrails,
) -> Result<Vec<Person>, CallError> {
    let ids = candidate_ids(servicenow, account, standing, guardrails).await?;
    people_in_order(servicenow, &ids).await
}

/// Those whom the CMDB names for a standing, whether or not they exist.
async fn candidate_ids(
    servicenow: &impl ServiceNow,
    account: &AccountItem,
    standing: Standing,
    guardrails: &Guardrails,
) -> Result<Vec<SysId>, CallError> {
    Ok(match (standing, &account.support_group) {
        (Standing::Owner, _) => account.owned_by.iter().cloned().collect(),
        (Standing::Manager, _) => account.managed_by.iter().cloned().collect(),
        (Standing::SupportGroupManager, Some(group)) => {
            servicenow.group_manager(group).await?.into_iter().collect()
        }
        (Standing::SupportGroupMember, Some(group)) => servicenow.group_members(group).await?,
        (Standing::SupportGroupManager | Standing::SupportGroupMember, None) => Vec::new(),
        (Standing::Security, _) => {
            servicenow
                .group_members(guardrails.security_group())
                .await?
        }
    })
}

/// The people with these ids, in their order. Those that do not exist are missing.
async fn people_in_order(
    servicenow: &impl ServiceNow,
    ids: &[SysId],
) -> Result<Vec<Person>, CallError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut people = servicenow.people(ids).await?;
    people.sort_by_key(|person| ids.iter().position(|id| *id == person.sys_id));
    Ok(people)
}
