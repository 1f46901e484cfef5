//! Who would be asked, and why others would not: for dry runs.

use ports::CallError;
use ports::servicenow::ServiceNow;
use snowgate_core::id::SysId;
use snowgate_core::preview::{PassedOver, PassedOverBecause, PreviewSlot};
use snowgate_core::slots::{Approver, ApproverRole, OwnedResource, eligible, judge};
use snowgate_core::ticket::Person;

use super::Rules;
use super::find::{candidate_ids, item_of, people_in_order, standing_in};

/// Looks for those who may decide as [`super::find()`] does, and keeps what was found against
/// everybody who was passed over on the way.
///
/// # Errors
/// Where ServiceNow does not answer.
pub async fn explain(
    servicenow: &impl ServiceNow,
    resource: OwnedResource,
    rules: &Rules<'_>,
) -> Result<PreviewSlot, CallError> {
    let item = item_of(servicenow, &resource).await?;
    let mut slot = PreviewSlot {
        id: resource.slot_id(),
        resource,
        known: item.is_some(),
        would_ask: Vec::new(),
        passed_over: Vec::new(),
    };
    let Some(item) = item else {
        return Ok(slot);
    };
    let roles = ApproverRole::ORDER.into_iter();
    for role in roles.filter(|role| rules.excluded.allows(*role)) {
        let ids = candidate_ids(servicenow, &item, role, rules.guardrails).await?;
        let people = people_in_order(servicenow, &ids).await?;
        let (mut asked, passed) = part(&people, &ids, role, rules);
        let chosen = people.iter().filter(|person| is_in(&asked, person));
        let chosen: Vec<&Person> = chosen.collect();
        let delegates = standing_in(servicenow, &chosen, role, rules).await?;
        asked.extend(delegates.into_iter().map(|(approver, _)| approver));
        asked.truncate(rules.guardrails.approvers_per_slot());
        slot.passed_over.extend(passed);
        if !asked.is_empty() {
            slot.would_ask = asked;
            break;
        }
    }
    Ok(slot)
}

fn is_in(asked: &[Approver], person: &Person) -> bool {
    asked
        .iter()
        .any(|approver| approver.sys_id == person.sys_id)
}

/// Those of one role who would be asked, and all others with what was found against them.
fn part(
    people: &[Person],
    ids: &[SysId],
    role: ApproverRole,
    rules: &Rules<'_>,
) -> (Vec<Approver>, Vec<PassedOver>) {
    let domains = rules.guardrails.mail_domains();
    let cap = rules.guardrails.approvers_per_slot();
    let chosen = eligible(people, rules.excluded, domains, cap);
    let (mut asked, mut passed) = (Vec::new(), Vec::new());
    for id in ids {
        let person = people.iter().find(|person| person.sys_id == *id);
        let is_chosen = chosen.iter().any(|person| person.sys_id == *id);
        let because = match person {
            None => PassedOverBecause::Missing,
            Some(_) if is_chosen => {
                asked.push(Approver::own(id.clone(), role));
                continue;
            }
            Some(person) => {
                let twin = chosen.iter().any(|other| other.is_same_as(person));
                let fine = if twin {
                    PassedOverBecause::SamePerson
                } else {
                    PassedOverBecause::Enough
                };
                PassedOverBecause::of(judge(person, rules.excluded, domains)).unwrap_or(fine)
            }
        };
        let sys_id = id.clone();
        passed.push(PassedOver {
            sys_id,
            role,
            because,
        });
    }
    (asked, passed)
}
