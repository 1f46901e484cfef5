//! Who would be asked, and why others would not: for dry runs.

use ports::CallError;
use ports::servicenow::ServiceNow;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::SysId;
use snowgate_core::letter::account_of;
use snowgate_core::preview::{PassedOver, PassedOverBecause, PreviewSlot};
use snowgate_core::slots::{Approver, Excluded, Standing, Touched, eligible, judge};
use snowgate_core::ticket::Person;

use crate::{candidate_ids, people_in_order};

/// Looks for those who may decide as [`crate::find`] does, and keeps what was found against
/// everybody who was passed over on the way.
///
/// # Errors
/// Where ServiceNow does not answer.
pub async fn explain(
    servicenow: &impl ServiceNow,
    touched: Touched,
    excluded: &Excluded,
    guardrails: &Guardrails,
) -> Result<PreviewSlot, CallError> {
    let account = servicenow.account(account_of(&touched)).await?;
    let mut slot = PreviewSlot {
        id: touched.slot_id(),
        touched,
        known: account.is_some(),
        would_ask: Vec::new(),
        passed_over: Vec::new(),
    };
    let Some(account) = account else {
        return Ok(slot);
    };
    for standing in Standing::ORDER {
        let ids = candidate_ids(servicenow, &account, standing, guardrails).await?;
        let people = people_in_order(servicenow, &ids).await?;
        let (asked, passed) = part(&people, &ids, standing, excluded, guardrails);
        slot.passed_over.extend(passed);
        if !asked.is_empty() {
            slot.would_ask = asked;
            break;
        }
    }
    Ok(slot)
}

/// Those of one standing who would be asked, and all others with what was found against them.
fn part(
    people: &[Person],
    ids: &[SysId],
    standing: Standing,
    excluded: &Excluded,
    guardrails: &Guardrails,
) -> (Vec<Approver>, Vec<PassedOver>) {
    let domains = guardrails.mail_domains();
    let cap = guardrails.approvers_per_slot();
    let chosen = eligible(people, excluded, domains, cap);
    let (mut asked, mut passed) = (Vec::new(), Vec::new());
    for id in ids {
        let person = people.iter().find(|person| person.sys_id == *id);
        let is_chosen = chosen.iter().any(|person| person.sys_id == *id);
        let because = match person {
            None => PassedOverBecause::Missing,
            Some(_) if is_chosen => {
                let sys_id = id.clone();
                asked.push(Approver { sys_id, standing });
                continue;
            }
            Some(person) => {
                let twin = chosen.iter().any(|other| other.is_same_as(person));
                let fine = if twin {
                    PassedOverBecause::SamePerson
                } else {
                    PassedOverBecause::Enough
                };
                PassedOverBecause::of(judge(person, excluded, domains)).unwrap_or(fine)
            }
        };
        let sys_id = id.clone();
        passed.push(PassedOver {
            sys_id,
            standing,
            because,
        });
    }
    (asked, passed)
}
