//! People who were asked and may not decide any more.

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::Requests;
use ports::servicenow::ServiceNow;
use snowgate_core::id::SysId;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{ChangeError, Event, RequestRecord};
use snowgate_core::slots::{ApproverRole, Slot, eligible};
use snowgate_core::ticket::Person;
use tracing::warn;

use super::Rules;
use super::find::{RoleSource, asked_in, candidates, source_of, standing_in};
use crate::change::{self, NotChanged};

/// What ServiceNow says of somebody who was asked.
#[derive(Debug, Default)]
pub struct Qualification {
    /// The ids of the slots that this person may not decide any more.
    pub lost: Vec<String>,
    /// The records that it was judged by: of the person, and of those whom they stand in for.
    pub deciders: Vec<Person>,
}

/// Whether somebody who was asked may still decide these slots.
///
/// # Errors
/// Where ServiceNow does not answer.
pub async fn qualification<'a>(
    servicenow: &impl ServiceNow,
    slots: impl IntoIterator<Item = &'a Slot>,
    person: &SysId,
    rules: &Rules<'_>,
) -> Result<Qualification, CallError> {
    let mut found = Qualification::default();
    for slot in slots {
        match still_qualifies(servicenow, slot, person, rules).await? {
            Some(deciders) => found.deciders.extend(deciders),
            None => found.lost.push(slot.id.clone()),
        }
    }
    Ok(found)
}

/// The records of somebody who was asked and may still decide: has the same role, or stands in for
/// somebody who has, and nothing has come up against either. None where that does not hold, or where
/// somebody else who was asked may not decide because of the ticket or of a record that looks like
/// theirs: then only the security group decides.
async fn still_qualifies(
    servicenow: &impl ServiceNow,
    slot: &Slot,
    person: &SysId,
    rules: &Rules<'_>,
) -> Result<Option<Vec<Person>>, CallError> {
    let Some(asked) = slot.approver(person) else {
        return Ok(None);
    };
    if !rules.excluded.allows(asked.role) {
        return Ok(None);
    }
    let Some(source) = source_of(servicenow, &slot.resource).await? else {
        return Ok(None);
    };
    let everybody = (slot, &source, asked.role);
    if is_steered(servicenow, everybody, rules).await? {
        return Ok(None);
    }
    let bearer = asked.on_behalf_of.as_ref().unwrap_or(person);
    let mut candidates = candidates(servicenow, &source, asked.role, rules.guardrails).await?;
    candidates.retain(|candidate| candidate.sys_id == *bearer);
    let domains = rules.guardrails.mail_domains();
    let stands = eligible(&candidates, rules.excluded, domains, 1);
    let Some(bearer) = stands.first() else {
        return Ok(None);
    };
    let mut deciders = vec![(*bearer).clone()];
    if asked.on_behalf_of.is_some() {
        let delegates = standing_in(servicenow, &stands, asked.role, rules).await?;
        let mut delegates = delegates.into_iter();
        match delegates.find(|(approver, _)| approver.sys_id == *person) {
            Some((_, delegate)) => deciders.push(delegate),
            None => return Ok(None),
        }
    }
    Ok(Some(deciders))
}

/// Whether the ticket names one of those who were asked beside somebody in this role, or who would be
/// now, or the record of somebody involved looks like theirs.
async fn is_steered(
    servicenow: &impl ServiceNow,
    (slot, source, role): (&Slot, &RoleSource, ApproverRole),
    rules: &Rules<'_>,
) -> Result<bool, CallError> {
    if role == ApproverRole::SecurityGroup {
        return Ok(false);
    }
    if asked_in(servicenow, source, role, rules).await?.is_none() {
        return Ok(true);
    }
    let approvers = slot.approvers.iter();
    let asked = approvers.flat_map(|one| [Some(&one.sys_id), one.on_behalf_of.as_ref()]);
    let mut ids: Vec<SysId> = asked.flatten().cloned().collect();
    ids.sort();
    ids.dedup();
    let people = servicenow.people(&ids).await?;
    let beyond_doubt = rules.excluded.beyond_doubt();
    let mut people = people.iter();
    Ok(people.any(|person| rules.excluded.names(person) && !beyond_doubt.names(person)))
}

/// Takes a person out of slots. That makes the request due, and the dispatcher looks for others.
/// A slot that was decided meanwhile keeps its people.
///
/// # Errors
/// [`NotChanged`].
pub async fn disqualify(
    requests: &impl Requests,
    mut record: RequestRecord,
    (person, slots): (&SysId, &[String]),
    actor: &Actor,
    now: Timestamp,
) -> Result<RequestRecord, NotChanged> {
    for slot in slots {
        let event = Event::ApproverDisqualified {
            slot: slot.clone(),
            approver: person.clone(),
        };
        let id = record.id().clone();
        record = match change::write(requests, record, event, actor, now).await {
            Ok(record) => {
                warn!("somebody who was asked may not decide any more");
                record
            }
            // Decided, ended, or known by now.
            Err(NotChanged::Rules(
                ChangeError::SlotDecided | ChangeError::NotAsked | ChangeError::Transition(_),
            )) => change::load(requests, &id).await?,
            Err(other) => return Err(other),
        };
    }
    Ok(record)
}
