//! What an approver is shown.

use jiff::Timestamp;
use ports::CallError;
use ports::servicenow::ServiceNow;
use snowgate_core::id::SysId;
use snowgate_core::installation::Installation;
use snowgate_core::record::{ApprovalRound, RequestRecord};
use snowgate_core::review::{Review, ReviewContext};
use snowgate_core::slots::OwnedResource;
use snowgate_core::ticket::Person;

use super::find::item_of;

/// What an approver is shown, in e-mail and page alike, and the approver's own record.
/// `documents` are the policy texts that the ledger keeps with the request. None where the person
/// may fill no open slot, is not in ServiceNow any more, or has turned out to be the requester or
/// the beneficiary.
///
/// # Errors
/// Where ServiceNow does not answer, or does not have the requester or the beneficiary any more.
pub async fn review(
    servicenow: &impl ServiceNow,
    record: &RequestRecord,
    approver: &SysId,
    documents: &[String],
    installation: &Installation,
    now: Timestamp,
) -> Result<Option<(Person, Review)>, CallError> {
    let Some(round) = record.round() else {
        return Ok(None);
    };
    if record.open_slot_of(approver).is_none() {
        return Ok(None);
    }
    let requester = &record.request().requested_by;
    let owner = round.binding.owner();
    let beneficiary = owner.filter(|owner| *owner != requester);
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
    let missing = || CallError::transient("servicenow:ReadPeople", "Missing");
    // Somebody whose record is hidden is not to pass for the requester.
    let beneficiary = match beneficiary {
        Some(beneficiary) => Some(person(beneficiary).ok_or_else(missing)?.name.clone()),
        None => None,
    };
    let slots = names(servicenow, round).await?;
    let context = ReviewContext {
        installation,
        requester: person(requester).ok_or_else(missing)?.clone(),
        beneficiary,
        account: target_name(servicenow, record, round, &slots).await?,
        slots,
        documents,
        now,
    };
    let review = Review::new(record, round, approver, &context).map_err(|error| {
        CallError::permanent("dynamodb:Query", "MissingDocument").because(error)
    })?;
    Ok(Some((reader.clone(), review)))
}

/// The names of what the slots stand for, in their order; empty for a person, and for what the CMDB
/// does not have any more.
async fn names(
    servicenow: &impl ServiceNow,
    round: &ApprovalRound,
) -> Result<Vec<String>, CallError> {
    let mut names = Vec::new();
    for slot in &round.slots {
        let item = item_of(servicenow, &slot.resource).await?;
        names.push(item.map(|item| item.name).unwrap_or_default());
    }
    Ok(names)
}

/// The name of the target account; its number where the CMDB has no name for it.
async fn target_name(
    servicenow: &impl ServiceNow,
    record: &RequestRecord,
    round: &ApprovalRound,
    names: &[String],
) -> Result<String, CallError> {
    let account_id = &record.request().target.account_id;
    let target = OwnedResource::Account {
        account_id: account_id.clone(),
    };
    let slot = round.slots.iter().position(|slot| slot.resource == target);
    let name = match slot.and_then(|index| names.get(index)) {
        Some(name) => name.clone(),
        None => item_of(servicenow, &target)
            .await?
            .map(|item| item.name)
            .unwrap_or_default(),
    };
    Ok(match name.is_empty() {
        true => account_id.to_string(),
        false => name,
    })
}
