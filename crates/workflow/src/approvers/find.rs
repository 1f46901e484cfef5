//! Finds approvers.

use ports::CallError;
use ports::servicenow::ServiceNow;
use snowgate_core::account::AccountItem;
use snowgate_core::guardrails::Guardrails;
use snowgate_core::id::SysId;
use snowgate_core::slots::{Approver, ApproverRole, Excluded, OwnedResource, delegates, eligible};
use snowgate_core::ticket::Person;

use super::Rules;

/// Of how many delegates the records are read.
const MOST_DELEGATES: usize = 50;

/// The approvers of a resource: everybody eligible of the nearest role that has
/// anybody, and their delegates, at most as many as the guardrails allow. Where the ticket names
/// one of these, or one looks like somebody involved, the members of the security group. Nobody where the CMDB does not have exactly one
/// such item, or nobody is left.
///
/// # Errors
/// Where ServiceNow does not answer.
pub async fn find(
    servicenow: &impl ServiceNow,
    resource: &OwnedResource,
    roles: &[ApproverRole],
    rules: &Rules<'_>,
) -> Result<Vec<Approver>, CallError> {
    let Some(source) = source_of(servicenow, resource).await? else {
        return Ok(Vec::new());
    };
    let mut steered = false;
    for role in roles.iter().filter(|role| rules.excluded.allows(**role)) {
        if steered && *role != ApproverRole::SecurityGroup {
            continue;
        }
        match asked_in(servicenow, &source, *role, rules).await? {
            Some(found) if found.is_empty() => {}
            Some(found) => return Ok(found),
            None => steered = true,
        }
    }
    Ok(Vec::new())
}

/// Who is asked in one role. None where the ticket names one of them, or the record of somebody
/// involved looks like theirs, so that nobody but the security group may decide.
pub(super) async fn asked_in(
    servicenow: &impl ServiceNow,
    source: &RoleSource,
    role: ApproverRole,
    rules: &Rules<'_>,
) -> Result<Option<Vec<Approver>>, CallError> {
    let beyond_doubt = match role {
        // There is nobody behind them.
        ApproverRole::SecurityGroup => rules.excluded.clone(),
        _ => rules.excluded.beyond_doubt(),
    };
    let others = Rules {
        excluded: &beyond_doubt,
        ..*rules
    };
    let found = of_role(servicenow, source, role, &others).await?;
    let steered = found.iter().any(|one| one.is_excluded(rules.excluded));
    let found = found.into_iter().map(|one| one.approver);
    Ok((!steered).then(|| found.collect()))
}

/// Somebody who would be asked.
struct Candidate {
    approver: Approver,
    person: Person,
    /// Whom they stand in for.
    stands_in_for: Option<Person>,
}

impl Candidate {
    /// Whether this person, or whom they stand in for, must not decide.
    fn is_excluded(&self, excluded: &Excluded) -> bool {
        let own = std::iter::once(&self.person);
        let mut people = own.chain(&self.stands_in_for);
        people.any(|person| excluded.names(person))
    }
}

/// Who is asked in one role, with delegates, at most as many as the guardrails allow.
async fn of_role(
    servicenow: &impl ServiceNow,
    source: &RoleSource,
    role: ApproverRole,
    rules: &Rules<'_>,
) -> Result<Vec<Candidate>, CallError> {
    let candidates = candidates(servicenow, source, role, rules.guardrails).await?;
    let domains = rules.guardrails.mail_domains();
    let chosen = eligible(&candidates, rules.excluded, domains, usize::MAX);
    let own = chosen.iter().map(|person| Candidate {
        approver: Approver::own(person.sys_id.clone(), role),
        person: (*person).clone(),
        stands_in_for: None,
    });
    let mut found: Vec<Candidate> = own.collect();
    let delegates = standing_in(servicenow, &chosen, role, rules).await?;
    found.extend(delegates.into_iter().map(|(approver, person)| {
        let of = approver.on_behalf_of.as_ref();
        let of = of.and_then(|of| chosen.iter().find(|person| person.sys_id == *of));
        Candidate {
            stands_in_for: of.map(|person| (*person).clone()),
            approver,
            person,
        }
    }));
    found.retain(|one| !rules.unreachable.contains(&one.approver.sys_id));
    found.truncate(rules.guardrails.approvers_per_slot());
    Ok(found)
}

/// The delegates of these people at this moment, with their records.
pub(super) async fn standing_in(
    servicenow: &impl ServiceNow,
    principals: &[&Person],
    role: ApproverRole,
    rules: &Rules<'_>,
) -> Result<Vec<(Approver, Person)>, CallError> {
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
    let found = found.into_iter();
    Ok(found
        .map(|(approver, person)| (approver, person.clone()))
        .collect())
}

/// Where it stands who has which role for a resource.
#[derive(Debug)]
pub(super) enum RoleSource {
    /// In a configuration item.
    Item(AccountItem),
    /// In the record of this person.
    Person(SysId),
}

/// Where it stands who has which role for a resource; none where the CMDB does not have exactly one
/// such item.
pub(super) async fn source_of(
    servicenow: &impl ServiceNow,
    resource: &OwnedResource,
) -> Result<Option<RoleSource>, CallError> {
    Ok(match resource {
        OwnedResource::Beneficiary { sys_id } => Some(RoleSource::Person(sys_id.clone())),
        OwnedResource::Account { .. } | OwnedResource::Item { .. } => {
            item_of(servicenow, resource).await?.map(RoleSource::Item)
        }
    })
}

/// The configuration item of a resource; none for a person.
pub(super) async fn item_of(
    servicenow: &impl ServiceNow,
    resource: &OwnedResource,
) -> Result<Option<AccountItem>, CallError> {
    match resource {
        OwnedResource::Account { account_id } => servicenow.account(account_id).await,
        OwnedResource::Item { sys_id, .. } => servicenow.item(sys_id).await,
        OwnedResource::Beneficiary { .. } => Ok(None),
    }
}

/// The people who have a role, eligible or not.
pub(super) async fn candidates(
    servicenow: &impl ServiceNow,
    source: &RoleSource,
    role: ApproverRole,
    guardrails: &Guardrails,
) -> Result<Vec<Person>, CallError> {
    let ids = candidate_ids(servicenow, source, role, guardrails).await?;
    people_in_order(servicenow, &ids).await
}

/// Those whom ServiceNow names for a role, whether or not they exist.
pub(super) async fn candidate_ids(
    servicenow: &impl ServiceNow,
    source: &RoleSource,
    role: ApproverRole,
    guardrails: &Guardrails,
) -> Result<Vec<SysId>, CallError> {
    let item = match (source, role) {
        (RoleSource::Person(person), ApproverRole::LineManager) => {
            return Ok(servicenow.manager(person).await?.into_iter().collect());
        }
        (RoleSource::Person(_), _) => return Ok(Vec::new()),
        (RoleSource::Item(item), _) => item,
    };
    Ok(match (role, &item.support_group) {
        (ApproverRole::Owner, _) => item.owned_by.iter().cloned().collect(),
        (ApproverRole::Manager, _) => item.managed_by.iter().cloned().collect(),
        (ApproverRole::GroupManager, Some(group)) => {
            servicenow.group_manager(group).await?.into_iter().collect()
        }
        (ApproverRole::GroupMember, Some(group)) => servicenow.group_members(group).await?,
        (ApproverRole::GroupManager | ApproverRole::GroupMember, None)
        | (ApproverRole::LineManager, _) => Vec::new(),
        (ApproverRole::SecurityGroup, _) => {
            servicenow
                .group_members(guardrails.security_group())
                .await?
        }
    })
}

/// The people with these ids, in their order. Those that do not exist are missing.
pub(super) async fn people_in_order(
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
