//! Which records of `sys_user` are one person, so that nobody decides for themselves under another
//! record.
//!
//! Two records are one person where they have one mailbox, user name or employee number. Where
//! somebody who is [`Involved`] has no mailbox in a domain that approvers have theirs in, that
//! comparison says nothing: then one name is enough, and only the security group decides. A mail
//! field that cannot be read says nothing at all, and nobody decides.

mod marks;
mod normal;

pub use marks::{InvolvedMarks, Mark, MarkKey, PeopleMarks};

use std::collections::BTreeSet;
use std::fmt;

use crate::email::{EmailAddress, MailField};
use crate::id::SysId;
use crate::ticket::{Person, UserAccount};
use normal::{letters, normal, sorted_words};

/// Something by which a person is recognised, in a normal form. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identifier {
    /// A mailbox ([`EmailAddress::mailbox`]).
    Mailbox(String),
    /// A user name, its letters, digits and the signs of addresses.
    UserName(String),
    /// An employee number, its letters and digits, without leading zeros.
    EmployeeNumber(String),
    /// A name, its letters and digits, as written and with its words sorted.
    Name(String),
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identifier(redacted)")
    }
}

impl Person {
    /// Everything by which the person is recognised but the `sys_id`.
    fn identifiers(&self) -> BTreeSet<Identifier> {
        let UserAccount {
            user_name,
            employee_number,
        } = &self.account;
        // User names are often mail addresses.
        let by_name = user_name.parse::<EmailAddress>().ok();
        let addresses = [self.email.address(), by_name.as_ref()];
        let mailboxes = addresses.into_iter().flatten();
        let user_name = normal(user_name, |c| c.is_alphanumeric() || "._@+-'".contains(c));
        let number = letters(employee_number);
        let number = number.trim_start_matches('0').to_owned();
        let name = self.name.as_recorded();
        let named = [letters(name), sorted_words(name)];
        let named = named.into_iter().filter(|name| !name.is_empty());
        let others = [
            (!user_name.is_empty()).then_some(Identifier::UserName(user_name)),
            (!number.is_empty()).then_some(Identifier::EmployeeNumber(number)),
        ];
        let mailboxes = mailboxes.map(|address| Identifier::Mailbox(address.mailbox()));
        let others = others.into_iter().flatten();
        mailboxes
            .chain(others)
            .chain(named.map(Identifier::Name))
            .collect()
    }

    /// Whether the two records are one person: the same record, mailbox, user name or employee
    /// number. A name is not enough here.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.identifiers(), other.identifiers());
        let mut shared = mine.intersection(&theirs);
        self.sys_id == other.sys_id || shared.any(|one| !matches!(one, Identifier::Name(_)))
    }
}

/// Somebody who must not decide: the requester, whoever opened the ticket or is named in it, and
/// whoever the principal belongs to.
#[derive(Debug, Clone)]
pub struct Involved {
    sys_id: SysId,
    active: bool,
    identifiers: BTreeSet<Identifier>,
    has_mailbox: bool,
}

/// Nobody can be told apart from somebody who is involved: the mail field cannot be read, or the
/// record has nothing to recognise the person by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody can be told apart from somebody who is involved")]
pub struct Unrecognisable;

impl Involved {
    /// Somebody who is involved, where approvers have mailboxes in these domains.
    ///
    /// # Errors
    /// Where the person cannot be recognised under another record.
    pub fn new(person: &Person, mail_domains: &[String]) -> Result<Self, Unrecognisable> {
        let has_mailbox = match &person.email {
            MailField::Unreadable => return Err(Unrecognisable),
            MailField::Empty => false,
            MailField::Address(address) => mail_domains.contains(&address.domain()),
        };
        let mut identifiers = person.identifiers();
        identifiers.retain(|one| !has_mailbox || !matches!(one, Identifier::Name(_)));
        if identifiers.is_empty() {
            return Err(Unrecognisable);
        }
        Ok(Self {
            sys_id: person.sys_id.clone(),
            active: person.active && !person.locked_out,
            identifiers,
            has_mailbox,
        })
    }

    /// The record.
    #[must_use]
    pub const fn sys_id(&self) -> &SysId {
        &self.sys_id
    }

    /// Whether the account can be used.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.active
    }

    /// Whether the mailbox is of those that approvers have: only then another person's mailbox
    /// tells the two apart.
    #[must_use]
    pub const fn has_mailbox(&self) -> bool {
        self.has_mailbox
    }

    /// Whether a person is this one, under whichever record.
    #[must_use]
    pub fn is(&self, person: &Person) -> bool {
        self.sys_id == person.sys_id || !self.identifiers.is_disjoint(&person.identifiers())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::email::tests::SPELLINGS;
    use crate::ticket::{JobTitle, PersonName};

    /// A record with this mail field, user name, employee number and name.
    pub(crate) fn record(n: u8, email: &str, names: [&str; 3]) -> Person {
        let [user_name, employee_number, name] = names.map(str::to_owned);
        Person {
            sys_id: format!("{n:032x}").parse().unwrap(),
            name: PersonName::new(&name),
            title: JobTitle::default(),
            active: true,
            locked_out: false,
            email: MailField::read(email),
            account: UserAccount {
                user_name,
                employee_number,
            },
        }
    }

    fn domains() -> Vec<String> {
        vec!["meridian.example".to_owned()]
    }

    fn involved(email: &str, names: [&str; 3]) -> Result<Involved, Unrecognisable> {
        Involved::new(&record(1, email, names), &domains())
    }

    #[test]
    fn nobody_is_told_apart_from_an_address_that_cannot_be_read() {
        for spelling in SPELLINGS {
            let found = involved(spelling, ["rita.chen", "1001", "Rita Chen"]);
            assert_eq!(found.err(), Some(Unrecognisable), "{spelling}");
        }
    }

    #[test]
    fn a_second_record_is_the_same_person() {
        const OTHER: [&str; 3] = ["x", "7", "X"];
        let rita = involved("rita@meridian.example", ["rita.chen", "1001", "Rita Chen"]).unwrap();
        let same = [
            ("Rita@MERIDIAN.example", OTHER),
            ("rita+x@meridian.example", OTHER),
            ("", ["rita@meridian.example", "", ""]),
            ("x@meridian.example", ["Rita.Chen ", "7", "X"]),
            ("x@meridian.example", ["x", "001001", "X"]),
            ("x@meridian.example", ["x", "10-01", "X"]),
            ("x@meridian.example", ["\u{ff52}ita.chen\u{200b}", "7", "X"]),
            ("x@meridian.example", ["x", "\u{ff11}001", "X"]),
        ];
        for (email, names) in same {
            assert!(rita.is(&record(2, email, names)), "{email} {names:?}");
        }
        let others = [
            ("x@meridian.example", OTHER),
            // A namesake with a mailbox of their own.
            ("x@meridian.example", ["x", "7", "Rita Chen"]),
            ("rita@other.example", OTHER),
            ("", ["", "", ""]),
        ];
        for (email, names) in others {
            assert!(!rita.is(&record(2, email, names)), "{email} {names:?}");
        }
        assert!(rita.is(&record(1, "x@meridian.example", OTHER)));
    }

    #[test]
    fn without_a_mailbox_of_the_approvers_a_name_is_enough() {
        let names = ["rita.chen", "1001", "Rita  CHEN"];
        for nowhere in ["", "rita@elsewhere.example", "rita@xn--meridan-qfb.example"] {
            let rita = involved(nowhere, names).unwrap();
            assert!(!rita.has_mailbox());
            assert!(rita.is(&record(2, "x@meridian.example", ["x", "7", "rita-chen"])));
            assert!(!rita.is(&record(2, "x@meridian.example", ["x", "7", "Rita Other"])));
        }
        let nobody = involved("", ["", "0", " "]);
        assert_eq!(nobody.err(), Some(Unrecognisable), "recognised by nothing");
    }

    /// One person, however a record spells their name, user name or number.
    #[test]
    fn spellings_that_mean_the_same_are_one_person() {
        let same = [
            ("Jos\u{e9} \u{c1}lvarez", "Jose\u{301} A\u{301}lvarez"),
            ("Jos\u{e9} \u{c1}lvarez", "jose alvarez"),
            ("Chen, Rita", "Rita Chen"),
            ("CHEN\u{a0}Rita", "Rita  Chen"),
            ("Rita Mei-Ling Chen", "Chen, Rita Mei Ling"),
            ("\u{24c7}\u{24d8}\u{24e3}\u{24d0} Chen", "Rita Chen"),
            ("\u{1d411}\u{1d422}\u{1d42d}\u{1d41a} Chen", "Rita Chen"),
            ("Rita\u{200b} Ch\u{ad}en", "Rita Chen"),
            ("RitaChen", "Rita Chen"),
            ("O'Brien Ann", "Ann OBrien"),
            ("Stra\u{df}er", "STRASSER"),
            (
                "\u{39f}\u{3b4}\u{3c5}\u{3c3}\u{3c3}\u{3ad}\u{3c2}",
                "\u{39f}\u{394}\u{3a5}\u{3a3}\u{3a3}\u{395}\u{3a3}",
            ),
            ("\u{130}lker", "ilker"),
            ("\u{fb01}nn", "Finn"),
            ("\u{ac00}\u{b098}", "\u{1100}\u{1161}\u{1102}\u{1161}"),
        ];
        for (one, other) in same {
            let nowhere = involved("", ["", "", one]).unwrap();
            let twin = record(2, "x@meridian.example", ["x", "7", other]);
            assert!(nowhere.is(&twin), "name {one} {other}");
        }
        for (one, other) in [
            ("Jos\u{e9}.alvarez", "jose\u{301}.ALVAREZ"),
            ("rita1", "rita\u{661}"),
            ("rita.chen", "\u{24e1}\u{24d8}\u{24e3}\u{24d0}.chen"),
        ] {
            let known = involved("rita@meridian.example", [one, "", "Rita"]).unwrap();
            let twin = record(2, "x@meridian.example", [other, "", "X"]);
            assert!(known.is(&twin), "user name {one} {other}");
        }
        for number in [
            "\u{661}\u{660}\u{660}\u{661}",
            "\u{6f1}\u{6f0}\u{6f0}\u{6f1}",
            "\u{967}\u{966}\u{966}\u{967}",
            "\u{2460}\u{24ea}\u{24ea}\u{2460}",
            "\u{1d7cf}\u{1d7ce}\u{1d7d8}\u{1d7d9}",
            "\u{660}1001",
            "\u{ff11}001",
        ] {
            let known = involved("rita@meridian.example", ["", "1001", "Rita"]).unwrap();
            let twin = record(2, "x@meridian.example", ["x", number, "X"]);
            assert!(known.is(&twin), "employee number {number}");
        }
        // Other words, digits and letters of scripts in which vowels are marks.
        for (one, other) in [
            ("Rita Chen", "Rita Cheng"),
            ("Rita Chen", "Rita"),
            ("Chen 2", "Chen \u{663}"),
            ("\u{915}\u{93f}", "\u{915}\u{940}"),
        ] {
            let nowhere = involved("", ["", "", one]).unwrap();
            let another = record(2, "x@meridian.example", ["x", "7", other]);
            assert!(!nowhere.is(&another), "{one} {other}");
        }
    }

    #[test]
    fn what_tells_people_apart_is_not_shown() {
        let rita = record(
            1,
            "rita@meridian.example",
            ["rita.chen", "1001", "Rita Chen"],
        );
        let shown = format!("{rita:?} {:?}", Involved::new(&rita, &domains()));
        for canary in ["rita", "Rita", "1001"] {
            assert!(!shown.contains(canary), "{shown}");
        }
    }
}
