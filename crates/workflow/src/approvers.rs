//! Asks the CMDB who may decide, when letters are written and again when somebody decides.
//!
//! People are looked for by standing, nearest first, and only as far as needed; to those found
//! come their delegates. Any doubt ends the search with an error or with nobody; it never widens
//! it.

mod explain;
mod review;

pub use explain::explain;
pub use review::review;

use jiff::Timestamp;
use ports::CallError;
use ports::servicenow::ServiceNow;
use snowgate_core::account::AccountItem;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::SysId;
use snowgate_core::slots::{
    Approver, ApproverRole, Excluded, OwnedResource, Slot, delegates, eligible,
};
use snowgate_core::ticket::{Person, Ticket};

/// What a search for people keeps to.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Who must not decide.
    pub excluded: &'a Excluded,
    /// Whom no letter reaches. They are not asked; their delegates may be.
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

/// Those who may decide on what is touched: everybody eligible of the nearest standing that has
/// anybody, and their delegates, at most as many as the guardrails allow. Nobody where the CMDB
/// does not have exactly one such item, or nobody is left.
///
/// # Errors
/// Where ServiceNow does not answer.
pub async fn find(
    servicenow: &impl ServiceNow,
    resource: &OwnedResource,
    reach: &[ApproverRole],
    rules: &Rules<'_>,
) -> Result<Vec<Approver>, CallError> {
    let Some(item) = item_of(servicenow, resource).await? else {
        return Ok(Vec::new());
    };
    for role in reach {
        let candidates = candidates(servicenow, &item, *role, rules.guardrails).await?;
        let domains = rules.guardrails.mail_domains();
        let chosen = eligible(&candidates, rules.excluded, domains, usize::MAX);
        let own = chosen
            .iter()
            .map(|person| Approver::own(person.sys_id.clone(), *role));
        let mut found: Vec<Approver> = own.collect();
        found.extend(standing_in(servicenow, &chosen, *role, rules).await?);
        found.retain(|approver| !rules.unreachable.contains(&approver.sys_id));
        found.truncate(rules.guardrails.approvers_per_slot());
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Whether somebody who was asked may still decide: has the same standing, or stands in for
/// somebody who has, and nothing has come up against either.
///
/// # Errors
/// Where ServiceNow does not answer.
pub async fn still_qualifies(
    servicenow: &impl ServiceNow,
    slot: &Slot,
    person: &SysId,
    rules: &Rules<'_>,
) -> Result<bool, CallError> {
    let Some(asked) = slot.approver(person) else {
        return Ok(false);
    };
    let Some(item) = item_of(servicenow, &slot.resource).await? else {
        return Ok(false);
    };
    let bearer = asked.on_behalf_of.as_ref().unwrap_or(person);
    let mut candidates = candidates(servicenow, &item, asked.role, rules.guardrails).await?;
    candidates.retain(|candidate| candidate.sys_id == *bearer);
    let domains = rules.guardrails.mail_domains();
    let stands = eligible(&candidates, rules.excluded, domains, 1);
    if stands.is_empty() || asked.on_behalf_of.is_none() {
        return Ok(!stands.is_empty());
    }
    let delegates = standing_in(servicenow, &stands, asked.role, rules).await?;
    Ok(delegates.iter().any(|approver| approver.sys_id == *person))
}

/// The delegates of these people at this moment.
async fn standing_in(
    servicenow: &impl ServiceNow,
    principals: &[&Person],
    role: ApproverRole,
    rules: &Rules<'_>,
) -> Result<Vec<Approver>, CallError> {
    if principals.is_empty() {
        return Ok(Vec::new());
    }
    let of: Vec<SysId> = principals.iter().map(|p| p.sys_id.clone()).collect();
    let mut delegations = servicenow.delegations(&of).await?;
    delegations.retain(|delegation| delegation.holds(rules.now));
    let mut to: Vec<SysId> = delegations.iter().map(|d| d.to.clone()).collect();
    to.sort();
    to.dedup();
    to.truncate(MOST_DELEGATES);
    if to.is_empty() {
        return Ok(Vec::new());
    }
    let people = servicenow.people(&to).await?;
    let limits = (rules.excluded, rules.guardrails.mail_domains());
    let found = delegates(principals, role, &delegations, &people, rules.now, limits);
    Ok(found.into_iter().map(|(approver, _)| approver).collect())
}

/// Of how many delegates the records are read.
const MOST_DELEGATES: usize = 50;

/// What is touched, as the CMDB has it.
pub(crate) async fn item_of(
    servicenow: &impl ServiceNow,
    resource: &OwnedResource,
) -> Result<Option<AccountItem>, CallError> {
    match resource {
        OwnedResource::Account { account_id } => servicenow.account(account_id).await,
        OwnedResource::Item { sys_id, .. } => servicenow.item(sys_id).await,
    }
}

/// The people who have a standing towards an item, eligible or not.
async fn candidates(
    servicenow: &impl ServiceNow,
    item: &AccountItem,
    role: ApproverRole,
    guardrails: &Guardrails,
) -> Result<Vec<Person>, CallError> {
    let ids = candidate_ids(servicenow, item, role, guardrails).await?;
    people_in_order(servicenow, &ids).await
}

/// Those whom the CMDB names for a standing, whether or not they exist.
async fn candidate_ids(
    servicenow: &impl ServiceNow,
    item: &AccountItem,
    role: ApproverRole,
    guardrails: &Guardrails,
) -> Result<Vec<SysId>, CallError> {
    Ok(match (role, &item.support_group) {
        (ApproverRole::Owner, _) => item.owned_by.iter().cloned().collect(),
        (ApproverRole::Manager, _) => item.managed_by.iter().cloned().collect(),
        (ApproverRole::GroupManager, Some(group)) => {
            servicenow.group_manager(group).await?.into_iter().collect()
        }
        (ApproverRole::GroupMember, Some(group)) => servicenow.group_members(group).await?,
        (ApproverRole::GroupManager | ApproverRole::GroupMember, None) => Vec::new(),
        (ApproverRole::SecurityGroup, _) => {
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
