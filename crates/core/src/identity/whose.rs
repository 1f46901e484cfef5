//! Whether a user that IAM has is the one that a record is about.
//!
//! The answer to a call that creates a user may be lost, and a name may be taken between two calls. What
//! is there then is looked at, and believed to be ours only where everything says so: who is taken for
//! ours is given access, and is deleted in the end.

use jiff::SignedDuration;

use super::made::{MADE, MADE_TAG, REQUEST_TAG};
use super::{IdentityRecord, MadeUser};
use crate::account::OWNER_TAG;
use crate::time::shifted;

/// How far IAM's clock may be behind the one that wrote down when a user was begun. It holds the second that
/// IAM cuts off, too.
pub const CLOCKS_DIFFER_BY: SignedDuration = SignedDuration::from_mins(2);

/// Whose a user is that has the name of one that Snowgate makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// It is the one that the record is about.
    Ours,
    /// It is somebody else's: it is left alone, and the name is taken.
    Another,
    /// It may be ours, and something is otherwise. It is looked at again, and in the end by a person.
    Undecided,
}

/// Whose a user is, for a record of one that is to have its name.
///
/// IAM takes all tags with the user or nothing, so one that has tags and not the one that names its request
/// was created by somebody else. One without any tag may be ours, for IAM shows what was made after a while.
/// What somebody tagged later is no matter: tags beside those that were asked for are left out of it.
#[must_use]
pub fn whose(made: &MadeUser, record: &IdentityRecord) -> Whose {
    let user = record.user();
    let earliest = shifted(record.begun_at(), -CLOCKS_DIFFER_BY);
    let is_known_to_differ = record
        .unique_id()
        .is_some_and(|known| known != made.unique_id);
    if made.name != user.name || is_known_to_differ || made.created_at < earliest {
        return Whose::Another;
    }
    match made.tag(REQUEST_TAG) {
        Some(request) if request == record.created_by().as_str() => {}
        None if made.tags.is_empty() => return Whose::Undecided,
        _ => return Whose::Another,
    }
    let has = |key: &str, value: &str| made.tag(key) == Some(value);
    let is_as_asked = has(MADE_TAG, MADE)
        && has(OWNER_TAG, user.owner.as_str())
        && user.tags.iter().all(|(key, value)| has(key, value))
        && made.path == user.path
        && made.boundary.as_deref() == Some(user.boundary.as_str());
    // A record whose trail does not hold says nothing that somebody could not have written.
    match is_as_asked && record.trail_fault().is_none() && !record.is_unproven() {
        true => Whose::Ours,
        false => Whose::Undecided,
    }
}

impl IdentityRecord {
    /// Whether a user that IAM has may be the one that this record is about, whatever was changed of it since: it
    /// has its unique id, is no older, and was not created for another request. To be shown, and never to act
    /// on.
    #[must_use]
    pub fn may_be(&self, made: &MadeUser) -> bool {
        let earliest = shifted(self.begun_at(), -CLOCKS_DIFFER_BY);
        let request = made.tag(REQUEST_TAG);
        self.unique_id() == Some(made.unique_id.as_str())
            && made.created_at >= earliest
            && request.is_none_or(|request| request == self.created_by().as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::TrailFault;
    use crate::id::RequestId;
    use crate::identity::tests::{UNIQUE_ID, user};
    use crate::identity::{IdentityEvent, NewUser};
    use crate::lifecycle::Actor;
    use crate::record::tests::at;

    const OTHER_ID: &str = "AIDAEXAMPLEUSER000002";

    fn record() -> IdentityRecord {
        let request = RequestId::from_random([1; 16]);
        let begun = IdentityRecord::begin(request, user(), Actor::Provisioner, at(0));
        begun.unwrap().record
    }

    fn recorded(unique_id: &str) -> IdentityRecord {
        let unique_id = unique_id.to_owned();
        let event = IdentityEvent::UserCreated { unique_id };
        let seen = record().apply(event, Actor::Provisioner, at(1));
        seen.unwrap().record
    }

    /// Just what `record` asks for.
    fn made() -> MadeUser {
        let user: NewUser = user();
        MadeUser {
            name: user.name.clone(),
            unique_id: UNIQUE_ID.to_owned(),
            path: user.path.clone(),
            boundary: Some(user.boundary.as_str().to_owned()),
            tags: user.tags_for(record().created_by()),
            created_at: at(1),
        }
    }

    /// Changes a user.
    type Change = fn(&mut MadeUser);

    /// What changes nothing of whose it is.
    const HARMLESS: [(&str, Change); 6] = [
        ("created just before, by IAM's clock", |made| {
            made.created_at = at(-120);
        }),
        ("created long after", |made| made.created_at = at(9_999)),
        ("a tag more", |made| retag(made, "cost-center", Some("1"))),
        ("another case of a tag's key", |made| {
            rekey(made, "team", "TEAM");
        }),
        ("another case of our own keys", |made| {
            for key in [MADE_TAG, OWNER_TAG, REQUEST_TAG] {
                rekey(made, key, &key.to_uppercase());
            }
        }),
        ("another unique id, while none is known", |made| {
            OTHER_ID.clone_into(&mut made.unique_id);
        }),
    ];

    /// What makes it somebody else's.
    const FOREIGN: [(&str, Change); 5] = [
        ("another name", |made| {
            made.name = "ci-billing2".parse().unwrap()
        }),
        ("another case of the name", |made| {
            made.name = "CI-Billing".parse().unwrap();
        }),
        ("created before it was begun", |made| {
            made.created_at = at(-121)
        }),
        ("created for another request", |made| {
            let other = RequestId::from_random([2; 16]);
            retag(made, REQUEST_TAG, Some(other.as_str()));
        }),
        ("for no request", |made| retag(made, REQUEST_TAG, None)),
    ];

    /// What leaves it open.
    const OPEN: [(&str, Change); 9] = [
        ("another path", |made| made.path = "/enrolled/".to_owned()),
        ("a path below", |made| made.path = "/snowgate/a/".to_owned()),
        ("no boundary", |made| made.boundary = None),
        ("another boundary", |made| {
            made.boundary = Some("arn:aws:iam::210987654321:policy/other".to_owned());
        }),
        ("another owner", |made| {
            retag(made, OWNER_TAG, Some(&"cc".repeat(16)));
        }),
        ("no owner", |made| retag(made, OWNER_TAG, None)),
        ("not tagged as made", |made| retag(made, MADE_TAG, None)),
        ("another value of a tag", |made| {
            retag(made, "team", Some("Billing"));
        }),
        ("a tag less", |made| retag(made, "team", None)),
    ];

    fn retag(made: &mut MadeUser, key: &str, value: Option<&str>) {
        let key = key.to_lowercase();
        made.tags.retain(|written, _| written.to_lowercase() != key);
        made.tags.extend(value.map(|value| (key, value.to_owned())));
    }

    fn rekey(made: &mut MadeUser, from: &str, to: &str) {
        if let Some(value) = made.tag(from).map(str::to_owned) {
            retag(made, from, None);
            made.tags.insert(to.to_owned(), value);
        }
    }

    #[test]
    fn ours_is_what_is_just_as_it_was_asked_for() {
        assert_eq!(whose(&made(), &record()), Whose::Ours);
        let tables: [(&[(&str, Change)], Whose); 3] = [
            (&HARMLESS, Whose::Ours),
            (&FOREIGN, Whose::Another),
            (&OPEN, Whose::Undecided),
        ];
        for (table, expected) in tables {
            for (what, change) in table {
                let mut made = made();
                change(&mut made);
                assert_eq!(whose(&made, &record()), expected, "{what}");
            }
        }
    }

    #[test]
    fn a_user_without_any_tag_may_be_ours_unless_it_is_older() {
        let mut bare = made();
        bare.tags.clear();
        assert_eq!(whose(&bare, &record()), Whose::Undecided);
        bare.created_at = at(-121);
        assert_eq!(whose(&bare, &record()), Whose::Another);
    }

    #[test]
    fn a_unique_id_that_is_known_counts() {
        assert_eq!(whose(&made(), &recorded(UNIQUE_ID)), Whose::Ours);
        assert_eq!(whose(&made(), &recorded(OTHER_ID)), Whose::Another);
    }

    /// Whoever writes the table could name anybody's user in a record.
    #[test]
    fn what_is_shown_as_ours_is_no_older_and_no_others() {
        let record = recorded(UNIQUE_ID);
        let mut shown = made();
        assert!(record.may_be(&shown));
        shown.tags.clear();
        shown.path = "/elsewhere/".to_owned();
        assert!(record.may_be(&shown), "that is drift");
        shown.created_at = at(-121);
        assert!(!record.may_be(&shown), "it was there before");
        let mut others = made();
        let other = RequestId::from_random([2; 16]);
        retag(&mut others, REQUEST_TAG, Some(other.as_str()));
        assert!(!record.may_be(&others));
        let mut another = made();
        OTHER_ID.clone_into(&mut another.unique_id);
        assert!(!record.may_be(&another));
    }

    #[test]
    fn a_record_that_its_trail_does_not_bear_out_makes_nothing_ours() {
        let mut broken = record();
        broken.head.audit.fault = Some(TrailFault::Head);
        assert_eq!(whose(&made(), &broken), Whose::Undecided);
        let mut unproven = recorded(UNIQUE_ID);
        unproven.is_unproven = true;
        assert_eq!(whose(&made(), &unproven), Whose::Undecided);
    }

    proptest! {
        /// However many things differ: ours only where none of them counts, and somebody else's wherever one
        /// of them says so.
        #[test]
        fn one_difference_that_counts_is_enough(
            harmless in prop::collection::vec(0..HARMLESS.len(), 0..4),
            foreign in prop::collection::vec(0..FOREIGN.len(), 0..2),
            open in prop::collection::vec(0..OPEN.len(), 0..3),
        ) {
            let mut made = made();
            for (_, change) in harmless.iter().map(|&n| HARMLESS[n]) {
                change(&mut made);
            }
            for (_, change) in open.iter().map(|&n| OPEN[n]) {
                change(&mut made);
            }
            for (_, change) in foreign.iter().map(|&n| FOREIGN[n]) {
                change(&mut made);
            }
            let expected = match (foreign.is_empty(), open.is_empty()) {
                (false, _) => Whose::Another,
                (true, false) => Whose::Undecided,
                (true, true) => Whose::Ours,
            };
            prop_assert_eq!(whose(&made, &record()), expected);
        }
    }
}
