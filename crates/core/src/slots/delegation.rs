//! Delegates: people whom an approver has named in ServiceNow to decide in their absence.

use jiff::Timestamp;

use super::{Approver, ApproverRole, Eligibility, Excluded, judge};
use crate::id::SysId;
use crate::ticket::Person;

/// A record of `sys_user_delegate` that covers approvals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// Whose approvals are delegated.
    pub from: SysId,
    /// Who decides them.
    pub to: SysId,
    /// From when on, if the record says so.
    pub starts: Option<Timestamp>,
    /// Until when, if the record says so.
    pub ends: Option<Timestamp>,
}

impl Delegation {
    /// Whether it holds at this moment. One without a beginning or an end holds never: it is not
    /// known when it was meant to.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        let begun = self.starts.is_some_and(|starts| starts <= now);
        let lasting = self.ends.is_some_and(|ends| now <= ends);
        begun && lasting && self.from != self.to
    }
}

/// The delegates of people who may decide, beside them: everybody to whom one of them delegates
/// at this moment and who may decide themselves, each under one record. Delegates of
/// delegates are nobody.
#[must_use]
pub fn delegates<'a>(
    principals: &[&Person],
    role: ApproverRole,
    delegations: &[Delegation],
    people: &'a [Person],
    now: Timestamp,
    rules: (&Excluded, &[String]),
) -> Vec<(Approver, &'a Person)> {
    let (excluded, mail_domains) = rules;
    let mut found: Vec<(Approver, &Person)> = Vec::new();
    for delegation in delegations
        .iter()
        .filter(|delegation| delegation.holds(now))
    {
        let from = principals.iter().find(|p| p.sys_id == delegation.from);
        let to = people.iter().find(|p| p.sys_id == delegation.to);
        let (Some(from), Some(to)) = (from, to) else {
            continue;
        };
        let known = principals.iter().any(|other| other.is_same_as(to))
            || found.iter().any(|(_, other)| other.is_same_as(to));
        if known || judge(to, excluded, mail_domains) != Eligibility::Eligible {
            continue;
        }
        let approver = Approver {
            sys_id: to.sys_id.clone(),
            role,
            on_behalf_of: Some(from.sys_id.clone()),
        };
        found.push((approver, to));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::email::MailField;
    use crate::person::Involved;
    use crate::ticket::{JobTitle, PersonName, UserAccount};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn id(n: u8) -> SysId {
        format!("{n:032x}").parse().unwrap()
    }

    fn person(n: u8) -> Person {
        Person {
            sys_id: id(n),
            name: PersonName::new("A Person"),
            title: JobTitle::default(),
            active: true,
            locked_out: false,
            email: MailField::read(&format!("person-{n}@meridian.example")),
            account: UserAccount::default(),
        }
    }

    fn delegation(from: u8, to: u8) -> Delegation {
        Delegation {
            from: id(from),
            to: id(to),
            starts: Some(at(100)),
            ends: Some(at(200)),
        }
    }

    fn found(delegations: &[Delegation], people: &[Person], excluded: &Excluded) -> Vec<SysId> {
        let (ada, ben) = (person(1), person(2));
        let domains = ["meridian.example".to_owned()];
        delegates(
            &[&ada, &ben],
            ApproverRole::Owner,
            delegations,
            people,
            at(150),
            (excluded, &domains),
        )
        .into_iter()
        .map(|(approver, _)| approver.sys_id)
        .collect()
    }

    #[test]
    fn a_delegation_holds_in_its_dates_only() {
        let whole = delegation(1, 3);
        for (second, holds) in [(99, false), (100, true), (200, true), (201, false)] {
            assert_eq!(whole.holds(at(second)), holds, "{second}");
        }
        let endless = Delegation {
            ends: None,
            ..whole.clone()
        };
        let unbegun = Delegation {
            starts: None,
            ..whole
        };
        assert!(!endless.holds(at(150)) && !unbegun.holds(at(150)));
        assert!(!delegation(1, 1).holds(at(150)));
    }

    #[test]
    fn who_is_never_a_delegate() {
        let none = Excluded::default();
        let fine = [person(3)];
        assert_eq!(found(&[delegation(1, 3)], &fine, &none), [id(3)]);
        let late = Delegation {
            ends: Some(at(149)),
            ..delegation(1, 3)
        };
        let involved = Excluded {
            sys_ids: vec![id(3)],
            ..Excluded::default()
        };
        // The same mailbox as the requester, under another record.
        let twin = Person {
            sys_id: id(7),
            ..person(3)
        };
        let double = Excluded {
            people: vec![Involved::new(&twin, &["meridian.example".to_owned()]).unwrap()],
            ..Excluded::default()
        };
        let but = |change: fn(Person) -> Person| vec![change(person(3))];
        let cases = [
            ("ended", vec![late], fine.to_vec(), none.clone()),
            (
                "of a stranger",
                vec![delegation(9, 3)],
                fine.to_vec(),
                none.clone(),
            ),
            (
                "of a delegate",
                vec![delegation(4, 3)],
                vec![person(3), person(4)],
                none.clone(),
            ),
            ("involved", vec![delegation(1, 3)], fine.to_vec(), involved),
            (
                "same mailbox",
                vec![delegation(1, 3)],
                fine.to_vec(),
                double,
            ),
            ("unknown", vec![delegation(1, 3)], Vec::new(), none.clone()),
            (
                "inactive",
                vec![delegation(1, 3)],
                but(|p| Person { active: false, ..p }),
                none.clone(),
            ),
            (
                "locked",
                vec![delegation(1, 3)],
                but(|p| Person {
                    locked_out: true,
                    ..p
                }),
                none.clone(),
            ),
            (
                "elsewhere",
                vec![delegation(1, 3)],
                but(|p| Person {
                    email: MailField::read("x@other.example"),
                    ..p
                }),
                none.clone(),
            ),
            (
                "asked in their own right",
                vec![delegation(1, 2)],
                vec![person(2)],
                none,
            ),
        ];
        for (case, delegations, people, excluded) in cases {
            assert_eq!(found(&delegations, &people, &excluded), [], "{case}");
        }
    }

    #[test]
    fn a_delegate_of_two_is_asked_once() {
        let both = [delegation(1, 3), delegation(2, 3)];
        let none = Excluded::default();
        assert_eq!(found(&both, &[person(3)], &none), [id(3)]);
    }
}
