//! Who would be asked, and why others would not: for dry runs.

use ports::CallError;
use ports::servicenow::ServiceNow;
use snowgate_core::id::SysId;
use snowgate_core::preview::{PassedOver, PassedOverBecause, PreviewSlot};
use snowgate_core::slots::{Approver, ApproverRole, OwnedResource, judge};
use snowgate_core::ticket::Person;

use super::Rules;
use super::find::{asked_in, candidate_ids, people_in_order, source_of};

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
    let source = source_of(servicenow, &resource).await?;
    let roles = resource.roles().iter().copied();
    let mut slot = PreviewSlot {
        id: resource.slot_id(),
        resource,
        known: source.is_some(),
        would_ask: Vec::new(),
        passed_over: Vec::new(),
    };
    let Some(source) = source else {
        return Ok(slot);
    };
    let mut steered = false;
    for role in roles.filter(|role| rules.excluded.allows(*role)) {
        if steered && role != ApproverRole::SecurityGroup {
            continue;
        }
        let asked = asked_in(servicenow, &source, role, rules).await?;
        steered |= asked.is_none();
        let ids = candidate_ids(servicenow, &source, role, rules.guardrails).await?;
        let people = people_in_order(servicenow, &ids).await?;
        let found = Found {
            people: &people,
            asked: asked.as_deref(),
        };
        slot.passed_over.extend(found.passed(&ids, role, rules));
        slot.would_ask = asked.unwrap_or_default();
        if !slot.would_ask.is_empty() {
            break;
        }
    }
    Ok(slot)
}

/// The people of one role.
struct Found<'f> {
    people: &'f [Person],
    /// Who is asked of them, with delegates; none where the ticket names one of them.
    asked: Option<&'f [Approver]>,
}

impl Found<'_> {
    /// All who are not asked, with what was found against them.
    fn passed(&self, ids: &[SysId], role: ApproverRole, rules: &Rules<'_>) -> Vec<PassedOver> {
        let domains = rules.guardrails.mail_domains();
        let asked = self.asked.unwrap_or_default();
        let mut passed = Vec::new();
        for id in ids
            .iter()
            .filter(|id| !asked.iter().any(|one| one.sys_id == **id))
        {
            let person = self.people.iter().find(|person| person.sys_id == *id);
            let because = match person {
                None => PassedOverBecause::Missing,
                Some(person) => PassedOverBecause::of(judge(person, rules.excluded, domains))
                    .unwrap_or_else(|| self.although_fit(person)),
            };
            passed.push(PassedOver {
                sys_id: id.clone(),
                role,
                because,
            });
        }
        passed
    }

    /// Why somebody is not asked against whom nothing was found.
    fn although_fit(&self, person: &Person) -> PassedOverBecause {
        let Some(asked) = self.asked else {
            return PassedOverBecause::TicketNamesApprover;
        };
        let mut others = self.people.iter();
        let twin = others.any(|other| {
            asked.iter().any(|one| one.sys_id == other.sys_id) && other.is_same_as(person)
        });
        match twin {
            true => PassedOverBecause::SamePerson,
            false => PassedOverBecause::Enough,
        }
    }
}
