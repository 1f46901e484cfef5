//! Who must be asked. The requester never chooses: slots come from what the grants touch, and
//! people come from the CMDB.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, SysId};
use crate::request::AccessRequest;
use crate::ticket::Person;

/// One approval that is needed. Any denial ends the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Names the slot within the request: `account:210987654321`.
    pub id: String,
    /// What is touched, and so whose approval it is.
    pub touched: Touched,
    /// The people who may fill it and were asked. Each of them alone suffices.
    pub approvers: Vec<Approver>,
}

/// What a slot stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Touched {
    /// An AWS account: its owner decides.
    Account {
        /// Which.
        account_id: AccountId,
    },
}

impl Touched {
    /// The id of the slot for it.
    #[must_use]
    pub fn slot_id(&self) -> String {
        match self {
            Self::Account { account_id } => format!("account:{account_id}"),
        }
    }
}

/// A person who may fill a slot, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approver {
    /// The person.
    pub sys_id: SysId,
    /// Why this person.
    pub standing: Standing,
}

/// Why a person may decide, in the order in which people are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// `owned_by` of the configuration item.
    Owner,
    /// `managed_by` of the configuration item.
    Manager,
    /// The manager of its `support_group`.
    SupportGroupManager,
    /// A member of its `support_group`.
    SupportGroupMember,
    /// A member of the configured security group.
    Security,
}

impl Standing {
    /// The order in which people are looked for; the first standing with anybody left is asked.
    pub const ORDER: [Self; 5] = [
        Self::Owner,
        Self::Manager,
        Self::SupportGroupManager,
        Self::SupportGroupMember,
        Self::Security,
    ];

    /// The standing in words that follow "because you are".
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Owner => "the owner of this account in the CMDB",
            Self::Manager => "the manager of this account in the CMDB",
            Self::SupportGroupManager => "the manager of the group that supports this account",
            Self::SupportGroupMember => "a member of the group that supports this account",
            Self::Security => "a member of the security group, and nobody nearer can decide",
        }
    }
}

/// What is touched by a request, each once, in a fixed order.
#[must_use]
pub fn touched(request: &AccessRequest) -> Vec<Touched> {
    let mut touched: Vec<Touched> = request
        .grants
        .iter()
        .flat_map(|grant| grant.accounts(&request.target))
        .map(|account_id| Touched::Account { account_id })
        .collect();
    touched.sort();
    touched.dedup();
    touched
}

/// Who must not decide: the requester, whoever opened the ticket or is named in it, and whoever
/// the principal belongs to.
#[derive(Debug, Clone, Default)]
pub struct Excluded {
    /// Their records, so that another record of the same person is found too.
    pub people: Vec<Person>,
    /// Those of whom only the `sys_id` is known.
    pub sys_ids: Vec<SysId>,
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
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
    /// The person asks, opened the ticket, or receives the access.
    Involved,
}

/// Judges one candidate. Fails closed: everything must hold.
#[must_use]
pub fn judge(candidate: &Person, excluded: &Excluded, mail_domains: &[String]) -> Verdict {
    let involved = excluded.sys_ids.contains(&candidate.sys_id)
        || excluded
            .people
            .iter()
            .any(|person| person.is_same_as(candidate));
    if involved {
        return Verdict::Involved;
    }
    if !candidate.active {
        return Verdict::Inactive;
    }
    if candidate.locked_out {
        return Verdict::Locked;
    }
    match &candidate.email {
        None => Verdict::NoMail,
        Some(email) if !mail_domains.contains(&email.domain()) => Verdict::ForeignMail,
        Some(_) => Verdict::Eligible,
    }
}

/// The people among the candidates of one standing who may decide, in their order, one for each
/// mail address, at most `cap`.
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
        if !known && judge(person, excluded, mail_domains) == Verdict::Eligible {
            chosen.push(person);
        }
    }
    chosen.truncate(cap);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticket::PersonName;

    fn person(n: u8, email: &str) -> Person {
        Person {
            sys_id: format!("{n:032x}").parse().unwrap(),
            name: PersonName::new("A Person"),
            active: true,
            locked_out: false,
            email: email.parse().ok(),
        }
    }

    fn domains() -> Vec<String> {
        vec!["meridian.example".to_owned()]
    }

    #[test]
    fn who_may_not_decide() {
        let rita = person(1, "rita@meridian.example");
        let excluded = Excluded {
            people: vec![rita.clone()],
            sys_ids: vec![person(9, "").sys_id],
        };
        let fine = person(2, "ada@meridian.example");
        let table = [
            (fine.clone(), Verdict::Eligible),
            (
                Person {
                    active: false,
                    ..fine.clone()
                },
                Verdict::Inactive,
            ),
            (
                Person {
                    locked_out: true,
                    ..fine.clone()
                },
                Verdict::Locked,
            ),
            (person(3, ""), Verdict::NoMail),
            (
                person(3, "ada@meridian.example.evil.example"),
                Verdict::ForeignMail,
            ),
            (person(3, "ada@MERIDIAN.example"), Verdict::Eligible),
            (rita.clone(), Verdict::Involved),
            // A second record of the requester, with the same address in other letters.
            (person(4, "Rita@Meridian.Example"), Verdict::Involved),
            (person(4, "rita+team@meridian.example"), Verdict::Involved),
            // The beneficiary, of whom only the sys_id is known.
            (person(9, "someone@meridian.example"), Verdict::Involved),
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
}
