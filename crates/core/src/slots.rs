//! Who must approve. The requester never chooses: slots follow from the accounts that the grants
//! affect and from whom the access is for, and people come from the CMDB and from `sys_user`.

mod cap;
mod delegation;
mod excluded;
mod owned_resource;
mod role;

pub use cap::{TooManyPeople, fit};
pub use delegation::{Delegation, delegates};
pub use excluded::Excluded;
pub use owned_resource::{OwnedResource, OwnedResourceKind, owned_resources};
pub use role::ApproverRole;

use serde::Serialize;

use crate::email::MailField;
use crate::id::SysId;
use crate::ticket::Person;
pub(crate) use owned_resource::in_words as accounts_in_words;

/// How often the people of a slot are looked for anew before only the security group is left.
pub const MAX_REASSIGNMENTS: u8 = 5;

/// One approval that is needed. Any denial ends the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Names the slot within the request: `account:210987654321`.
    pub id: String,
    /// The account or configuration item whose owner approves, or the person whose manager does.
    pub resource: OwnedResource,
    /// The people who may fill it and were asked. Each of them alone suffices.
    pub approvers: Vec<Approver>,
    /// How often people were looked for anew after the first time.
    pub attempts: u8,
    /// Whether people are to be looked for anew: somebody who was asked cannot decide any more.
    pub needs_reassignment: bool,
}

impl Slot {
    /// A slot with the approvers who were found first.
    #[must_use]
    pub fn new(resource: OwnedResource, approvers: Vec<Approver>) -> Self {
        Self {
            id: resource.slot_id(),
            resource,
            approvers,
            attempts: 0,
            needs_reassignment: false,
        }
    }

    /// The person among those who may fill this slot.
    #[must_use]
    pub fn approver(&self, person: &SysId) -> Option<&Approver> {
        self.approvers
            .iter()
            .find(|approver| approver.sys_id == *person)
    }

    /// Where people may be looked for next: everywhere, after [`MAX_REASSIGNMENTS`] in the security
    /// group alone, and after that nowhere. Nobody stands in for a person's manager, so that such a
    /// slot has nowhere to look sooner.
    #[must_use]
    pub const fn eligible_roles(&self) -> &'static [ApproverRole] {
        match (self.attempts, self.resource.kind()) {
            (0..MAX_REASSIGNMENTS, _) => self.resource.roles(),
            (MAX_REASSIGNMENTS, OwnedResourceKind::Account | OwnedResourceKind::Item) => {
                &[ApproverRole::SecurityGroup]
            }
            _ => &[],
        }
    }
}

/// A person who may fill a slot, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approver {
    /// The person.
    pub sys_id: SysId,
    /// Why this person; of a delegate, why the person delegated for.
    pub role: ApproverRole,
    /// Whose approvals this person decides in their absence (`sys_user_delegate`); none for
    /// somebody who decides in their own right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<SysId>,
}

impl Approver {
    /// Somebody who decides in their own right.
    #[must_use]
    pub const fn own(sys_id: SysId, role: ApproverRole) -> Self {
        Self {
            sys_id,
            role,
            on_behalf_of: None,
        }
    }

    /// Why this person, in words that follow "because you are".
    #[must_use]
    pub fn in_words(&self, resource: &OwnedResource) -> String {
        let role = self.role.in_words_for(resource);
        match self.on_behalf_of {
            None => role,
            Some(_) => format!("a delegate, in ServiceNow, of {role}"),
        }
    }
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Eligibility {
    /// May decide.
    Eligible,
    /// The account is inactive.
    Inactive,
    /// The account is locked.
    Locked,
    /// There is no usable mail address.
    NoMail,
    /// The mail address is in a domain that is not allowed.
    ForeignMail,
    /// The person requested the access, receives it, or is named in the ticket.
    Involved,
}

/// Judges one candidate. Fails closed: everything must hold.
#[must_use]
pub fn judge(candidate: &Person, excluded: &Excluded, mail_domains: &[String]) -> Eligibility {
    if excluded.names(candidate) {
        return Eligibility::Involved;
    }
    if !candidate.active {
        return Eligibility::Inactive;
    }
    if candidate.locked_out {
        return Eligibility::Locked;
    }
    match &candidate.email {
        MailField::Empty | MailField::Unreadable => Eligibility::NoMail,
        MailField::Address(email) if !mail_domains.contains(&email.domain()) => {
            Eligibility::ForeignMail
        }
        MailField::Address(_) => Eligibility::Eligible,
    }
}

/// The people among the candidates of one role who may decide, in their order, each under one
/// record, at most `cap`.
#[must_use]
pub fn eligible<'a>(
    candidates: &'a [Person],
    excluded: &Excluded,
    mail_domains: &[String],
    cap: usize,
) -> Vec<&'a Person> {
    let mut chosen: Vec<&Person> = Vec::new();
    for person in candidates {
        let known = chosen.iter().any(|other| other.is_same_as(person));
        if !known && judge(person, excluded, mail_domains) == Eligibility::Eligible {
            chosen.push(person);
        }
    }
    chosen.truncate(cap);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::Involved;
    use crate::ticket::{JobTitle, PersonName, UserAccount};

    fn person(n: u8, email: &str) -> Person {
        Person {
            sys_id: format!("{n:032x}").parse().unwrap(),
            name: PersonName::new("A Person"),
            title: JobTitle::default(),
            active: true,
            locked_out: false,
            email: MailField::read(email),
            account: UserAccount::default(),
        }
    }

    fn domains() -> Vec<String> {
        vec!["meridian.example".to_owned()]
    }

    #[test]
    fn who_may_not_decide() {
        let rita = person(1, "rita@meridian.example");
        let excluded = Excluded {
            people: vec![Involved::new(&rita, &domains()).unwrap()],
            sys_ids: vec![person(9, "").sys_id],
            ..Excluded::default()
        };
        let fine = person(2, "ada@meridian.example");
        let table = [
            (fine.clone(), Eligibility::Eligible),
            (
                Person {
                    active: false,
                    ..fine.clone()
                },
                Eligibility::Inactive,
            ),
            (
                Person {
                    locked_out: true,
                    ..fine.clone()
                },
                Eligibility::Locked,
            ),
            (person(3, ""), Eligibility::NoMail),
            (
                person(3, "ada@meridian.example.evil.example"),
                Eligibility::ForeignMail,
            ),
            (person(3, "ada@MERIDIAN.example"), Eligibility::Eligible),
            (rita.clone(), Eligibility::Involved),
            // A second record of the requester, with the same address in other letters.
            (person(4, "Rita@Meridian.Example"), Eligibility::Involved),
            (
                person(4, "rita+team@meridian.example"),
                Eligibility::Involved,
            ),
            // The beneficiary, of whom only the sys_id is known.
            (person(9, "someone@meridian.example"), Eligibility::Involved),
        ];
        for (candidate, verdict) in table {
            assert_eq!(
                judge(&candidate, &excluded, &domains()),
                verdict,
                "{:?}",
                candidate.sys_id
            );
        }
    }

    #[test]
    fn the_cap_counts_people_not_records() {
        let people = [
            person(1, "a@meridian.example"),
            person(2, "A@meridian.example"),
            person(3, "b@meridian.example"),
            person(4, "c@meridian.example"),
        ];
        let chosen = eligible(&people, &Excluded::default(), &domains(), 2);
        let ids: Vec<_> = chosen
            .iter()
            .map(|p| p.sys_id.as_str().trim_start_matches('0'))
            .collect();
        assert_eq!(ids, ["1", "3"]);
    }

    #[test]
    fn the_search_narrows_and_ends() {
        let account_id = "210987654321".parse().unwrap();
        let mut slot = Slot::new(OwnedResource::Account { account_id }, Vec::new());
        let mut reached = Vec::new();
        for attempts in 0..8 {
            slot.attempts = attempts;
            reached.push(slot.eligible_roles().len());
        }
        assert_eq!(reached, [5, 5, 5, 5, 5, 1, 0, 0]);
        slot.attempts = MAX_REASSIGNMENTS;
        assert_eq!(slot.eligible_roles(), [ApproverRole::SecurityGroup]);
    }

    #[test]
    fn nobody_stands_in_for_a_manager() {
        let sys_id = "aa".repeat(16).parse().unwrap();
        let mut slot = Slot::new(OwnedResource::Beneficiary { sys_id }, Vec::new());
        assert_eq!(slot.id, format!("beneficiary:{}", "aa".repeat(16)));
        for attempts in 0..8 {
            slot.attempts = attempts;
            let expected: &[ApproverRole] = match attempts < MAX_REASSIGNMENTS {
                true => &[ApproverRole::LineManager],
                false => &[],
            };
            assert_eq!(slot.eligible_roles(), expected, "{attempts}");
        }
        assert!(!ApproverRole::ORDER.contains(&ApproverRole::LineManager));
    }

    #[test]
    fn why_somebody_is_asked_is_said_of_what_is_touched() {
        let item = |instead_of: &[&str]| OwnedResource::Item {
            sys_id: "cc".repeat(16).parse().unwrap(),
            instead_of: instead_of.iter().map(|id| id.parse().unwrap()).collect(),
        };
        let mut approver = Approver::own("dd".repeat(16).parse().unwrap(), ApproverRole::Owner);
        assert_eq!(
            approver.in_words(&item(&[])),
            "the owner of this item in the CMDB"
        );
        let in_charge = item(&["210987654321", "320987654321"]);
        assert_eq!(
            approver.in_words(&in_charge),
            "the owner of this item in the CMDB, which the guardrails put in charge of the requested \
             resources in AWS accounts 210987654321 and 320987654321"
        );
        approver.role = ApproverRole::SecurityGroup;
        assert_eq!(
            approver.in_words(&item(&["210987654321"])),
            "a member of the security group, because no closer approver is available for this item, \
             which the guardrails put in charge of the requested resources in AWS account \
             210987654321"
        );
        approver.role = ApproverRole::Owner;
        approver.on_behalf_of = Some("ee".repeat(16).parse().unwrap());
        assert_eq!(
            approver.in_words(&item(&[])),
            "a delegate, in ServiceNow, of the owner of this item in the CMDB"
        );
        approver.role = ApproverRole::LineManager;
        let sys_id = "aa".repeat(16).parse().unwrap();
        assert_eq!(
            approver.in_words(&OwnedResource::Beneficiary { sys_id }),
            "a delegate, in ServiceNow, of the manager of the person this access is for"
        );
    }
}
