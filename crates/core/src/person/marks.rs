//! Marks: what people are recognised by, as a signed decision holds it. Neither names nor addresses
//! are stored (docs/decisions/0007-sys-ids-only.md), and the provisioner reads no ServiceNow; but equal marks
//! are one person, and so it can see that nobody decided for themselves.

use std::collections::BTreeSet;
use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{Identifier, Involved};
use crate::canonical::{self, CanonicalError};
use crate::id::{RequestId, SysId, hex};
use crate::ticket::Person;

/// How many bytes of the MAC a mark is.
const MARK_BYTES: usize = 16;

/// What the marks of one request are made with. It is derived from the approval key, kept nowhere,
/// and another for each request: marks say nothing to whoever reads the table, and those of two
/// requests cannot be compared. `Debug` never shows it.
#[derive(Clone)]
pub struct MarkKey(Hmac<Sha256>);

impl MarkKey {
    /// What the approval key signs to give the key of a request.
    ///
    /// # Errors
    /// Never for an id that was parsed; the type is honest about serialisation.
    pub fn message(request: &RequestId) -> Result<Vec<u8>, CanonicalError> {
        canonical::preimage("identity", request)
    }

    /// The key of the request whose [`Self::message`] has this MAC.
    #[must_use]
    pub fn new(mac: &[u8]) -> Self {
        // HMAC takes keys of any length (RFC 2104), so the second arm is never taken.
        Self(
            Hmac::<Sha256>::new_from_slice(mac)
                .unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default())),
        )
    }

    fn mark(&self, identifier: &Identifier) -> Mark {
        let (kind, text) = match identifier {
            Identifier::Mailbox(text) => ("mailbox", text),
            Identifier::UserName(text) => ("user_name", text),
            Identifier::EmployeeNumber(text) => ("employee_number", text),
            Identifier::Name(text) => ("name", text),
        };
        let mut mac = self.0.clone();
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        let bytes = mac.finalize().into_bytes();
        Mark(hex(bytes.get(..MARK_BYTES).unwrap_or_default()))
    }

    fn marks(&self, identifiers: &BTreeSet<Identifier>) -> Vec<Mark> {
        let mut marks: Vec<Mark> = identifiers.iter().map(|one| self.mark(one)).collect();
        marks.sort();
        marks.dedup();
        marks
    }
}

impl fmt::Debug for MarkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MarkKey(redacted)")
    }
}

/// One thing that a person is recognised by, as its MAC: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mark(String);

/// A text that is no mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mark is 32 lowercase hexadecimal digits")]
pub struct MarkError;

impl TryFrom<String> for Mark {
    type Error = MarkError;
    fn try_from(text: String) -> Result<Self, MarkError> {
        let good = text.len() == 2 * MARK_BYTES
            && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if good { Ok(Self(text)) } else { Err(MarkError) }
    }
}

impl From<Mark> for String {
    fn from(mark: Mark) -> Self {
        mark.0
    }
}

/// Somebody involved, by marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvolvedMarks {
    /// The record.
    pub sys_id: SysId,
    /// What the person is recognised by; the name only where there is no mailbox.
    pub marks: Vec<Mark>,
    /// Whether the mailbox tells approvers apart ([`Involved::has_mailbox`]).
    pub has_mailbox: bool,
}

/// Who decided and who was involved, as ServiceNow had it at the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeopleMarks {
    /// What whoever decided is recognised by, and whoever they stand in for.
    pub deciders: Vec<Mark>,
    /// Everybody involved, in the order of their `sys_id`.
    pub involved: Vec<InvolvedMarks>,
}

impl PeopleMarks {
    /// The marks of the people who decide, and of those who must not.
    #[must_use]
    pub fn new(key: &MarkKey, deciders: &[Person], involved: &[Involved]) -> Self {
        let deciders = deciders.iter().flat_map(Person::identifiers).collect();
        let marks = |one: &Involved| InvolvedMarks {
            sys_id: one.sys_id.clone(),
            marks: key.marks(&one.identifiers),
            has_mailbox: one.has_mailbox,
        };
        let mut involved: Vec<_> = involved.iter().map(marks).collect();
        involved.sort_by(|a, b| a.sys_id.cmp(&b.sys_id));
        Self {
            deciders: key.marks(&deciders),
            involved,
        }
    }

    /// Whether one of these people decides here, under whichever record.
    #[must_use]
    pub fn decided_by_one_of(&self, involved: &[InvolvedMarks]) -> bool {
        let mut marks = involved.iter().flat_map(|one| &one.marks);
        marks.any(|mark| self.deciders.contains(mark))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::record;
    use super::*;

    fn key(request: u8) -> MarkKey {
        let message = MarkKey::message(&RequestId::from_random([request; 16])).unwrap();
        assert!(message.starts_with(b"snowgate/identity/1\n"));
        MarkKey::new(&message)
    }

    fn identities(key: &MarkKey, decider: Person, involved: Person) -> PeopleMarks {
        let domains = ["meridian.example".to_owned()];
        let involved = Involved::new(&involved, &domains).unwrap();
        PeopleMarks::new(key, &[decider], &[involved])
    }

    #[test]
    fn marks_say_who_is_the_same_person_and_no_more() {
        let ada = || record(2, "ada@meridian.example", ["ada", "2", "Ada"]);
        let rita = || record(1, "rita@meridian.example", ["rita", "1", "Rita"]);
        let twin = record(3, "RITA+x@meridian.example", ["other", "3", "Other"]);
        let fine = identities(&key(1), ada(), rita());
        assert!(!fine.decided_by_one_of(&fine.involved) && fine.involved[0].has_mailbox);
        let own = identities(&key(1), twin, rita());
        assert!(own.decided_by_one_of(&own.involved));
        // Those of another request are others.
        let other = identities(&key(2), rita(), rita());
        assert!(other.decided_by_one_of(&other.involved));
        assert!(!other.decided_by_one_of(&fine.involved));
        let shown = format!("{own:?} {:?}", key(1)).to_lowercase();
        for canary in ["rita", "meridian", "other"] {
            assert!(!shown.contains(canary), "{shown}");
        }
    }

    #[test]
    fn a_name_counts_where_there_is_no_mailbox() {
        let nobody = || record(1, "", ["", "", "Rita Chen"]);
        let namesake = || record(2, "x@meridian.example", ["x", "2", "rita chen"]);
        let same = identities(&key(1), namesake(), nobody());
        assert!(same.decided_by_one_of(&same.involved) && !same.involved[0].has_mailbox);
        let known = record(1, "rita@meridian.example", ["", "", "Rita Chen"]);
        let two = identities(&key(1), namesake(), known);
        assert!(!two.decided_by_one_of(&two.involved));
    }

    #[test]
    fn a_mark_is_what_was_written_or_none() {
        let text = "0a".repeat(16);
        assert_eq!(
            Mark::try_from(text.clone()).map(String::from),
            Ok(text.clone())
        );
        for bad in [
            "",
            &text.replacen('0', "", 1),
            &text.to_uppercase(),
            &format!("{text}0"),
        ] {
            assert_eq!(Mark::try_from(bad.to_owned()), Err(MarkError), "{bad}");
        }
    }
}
