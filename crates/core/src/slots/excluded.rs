//! Who must not decide, and what follows for who is asked.

use super::ApproverRole;
use crate::id::SysId;
use crate::person::Involved;
use crate::ticket::Person;

/// Who must not decide: the requester, whoever opened the ticket or is named in it, and whoever
/// the principal belongs to.
#[derive(Debug, Clone, Default)]
pub struct Excluded {
    /// Those whose records are known, so that another record of the same person is found too.
    pub people: Vec<Involved>,
    /// Those of whom only the `sys_id` is known.
    pub sys_ids: Vec<SysId>,
    /// Those of both who must not decide because the ticket names them, and for nothing else.
    /// Whoever may edit the ticket chooses them.
    pub named: Vec<SysId>,
}

impl Excluded {
    /// Whether this person must not decide.
    #[must_use]
    pub fn names(&self, person: &Person) -> bool {
        self.sys_ids.contains(&person.sys_id) || self.people.iter().any(|one| one.is(person))
    }

    /// Those who must not decide beyond doubt: the same records, and not because the ticket names
    /// them. What makes a record look like another one stands in the records of people; whoever may
    /// change one, such as the person themselves, chooses whom it looks like.
    #[must_use]
    pub fn beyond_doubt(&self) -> Self {
        let named = |sys_id: &SysId| self.named.contains(sys_id);
        let own = self.people.iter().map(Involved::sys_id);
        let known = own.chain(&self.sys_ids).filter(|sys_id| !named(sys_id));
        Self {
            people: Vec::new(),
            sys_ids: known.cloned().collect(),
            named: Vec::new(),
        }
    }

    /// The same without this person: who would be asked if they were not involved.
    #[must_use]
    pub fn without(&self, person: &SysId) -> Self {
        let but = |sys_ids: &[SysId]| -> Vec<SysId> {
            let others = sys_ids.iter().filter(|one| *one != person);
            others.cloned().collect()
        };
        let people = self.people.iter().filter(|one| one.sys_id() != person);
        Self {
            people: people.cloned().collect(),
            sys_ids: but(&self.sys_ids),
            named: but(&self.named),
        }
    }

    /// Whether people are looked for in this role at all. Where somebody who must not decide has
    /// no mailbox to be told apart by, only the security group decides.
    #[must_use]
    pub fn allows(&self, role: ApproverRole) -> bool {
        role == ApproverRole::SecurityGroup || self.people.iter().all(Involved::has_mailbox)
    }

    /// Whether this person's account is known and can be used.
    #[must_use]
    pub fn is_active(&self, person: &SysId) -> bool {
        let mut people = self.people.iter();
        people.any(|one| one.sys_id() == person && one.is_active())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::email::MailField;
    use crate::ticket::{JobTitle, PersonName, UserAccount};

    #[test]
    fn without_a_mailbox_to_be_told_apart_by_only_the_security_group_decides() {
        let with = |email: &str| {
            let person = Person {
                sys_id: "0a".repeat(16).parse().unwrap(),
                name: PersonName::new("Rita Chen"),
                title: JobTitle::default(),
                active: true,
                locked_out: false,
                email: MailField::read(email),
                account: UserAccount::default(),
            };
            let domains = ["meridian.example".to_owned()];
            Excluded {
                people: vec![Involved::new(&person, &domains).unwrap()],
                ..Excluded::default()
            }
        };
        for role in ApproverRole::ORDER {
            let security = role == ApproverRole::SecurityGroup;
            assert!(with("rita@meridian.example").allows(role));
            assert_eq!(with("").allows(role), security);
            assert_eq!(with("rita@elsewhere.example").allows(role), security);
        }
    }
}
