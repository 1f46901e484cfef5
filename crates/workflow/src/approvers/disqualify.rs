//! People who were asked and may not decide any more.

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::Requests;
use ports::servicenow::ServiceNow;
use snowgate_core::id::SysId;
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{ChangeError, Event, RequestRecord};
use snowgate_core::slots::{Slot, eligible};
use tracing::warn;

use super::Rules;
use super::find::{candidates, item_of, standing_in};
use crate::change::{self, NotChanged};

/// The ids of those of these slots that this person may not decide any more.
///
/// # Errors
/// Where ServiceNow does not answer.
pub async fn disqualified<'a>(
    servicenow: &impl ServiceNow,
    slots: impl IntoIterator<Item = &'a Slot>,
    person: &SysId,
    rules: &Rules<'_>,
) -> Result<Vec<String>, CallError> {
    let mut lost = Vec::new();
    for slot in slots {
        if !still_qualifies(servicenow, slot, person, rules).await? {
            lost.push(slot.id.clone());
        }
    }
    Ok(lost)
}

/// Whether somebody who was asked may still decide: has the same role, or stands in for
/// somebody who has, and nothing has come up against either.
async fn still_qualifies(
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
