//! Users in every state, every change of their records, and their trails.

use proptest::prelude::*;

use super::*;
use crate::audit::{self, StoredRow};
use crate::record::tests::at;

pub(crate) const UNIQUE_ID: &str = "AIDAEXAMPLEUSER000001";

fn request(n: u8) -> RequestId {
    RequestId::from_random([n; 16])
}

fn reason() -> Reason {
    "The account was closed".parse().unwrap()
}

pub(crate) fn user() -> NewUser {
    NewUser {
        account_id: "210987654321".parse().unwrap(),
        name: "ci-billing".parse().unwrap(),
        path: "/snowgate/".to_owned(),
        owner: "bb".repeat(16).parse().unwrap(),
        tags: vec![("team".to_owned(), "billing".to_owned())],
        boundary: "arn:aws:iam::210987654321:policy/snowgate-boundary"
            .parse()
            .unwrap(),
    }
}

/// One of each, in an order that a user can go through but for its ends.
pub(crate) fn events() -> Vec<(&'static str, IdentityEvent)> {
    let (until, by) = (at(9000), request(2));
    vec![
        (
            "begun",
            IdentityEvent::Begun {
                user: user(),
                by: request(1),
            },
        ),
        (
            "user_created",
            IdentityEvent::UserCreated {
                unique_id: UNIQUE_ID.to_owned(),
            },
        ),
        ("went_live", IdentityEvent::WentLive { until: at(8000) }),
        (
            "extended",
            IdentityEvent::Extended {
                until,
                by: by.clone(),
            },
        ),
        (
            "disabled",
            IdentityEvent::Disabled {
                by: DisabledBy::Security,
                reason: Some(reason()),
            },
        ),
        ("enabled", IdentityEvent::Enabled { by: by.clone() }),
        ("ending_started", IdentityEvent::EndingStarted),
        (
            "ended",
            IdentityEvent::Ended {
                grace_until: at(20_000),
            },
        ),
        (
            "revived",
            IdentityEvent::Revived {
                until: at(30_000),
                by: by.clone(),
            },
        ),
        (
            "deletion_started",
            IdentityEvent::DeletionStarted {
                because: DeletedBecause::Request { request: by },
            },
        ),
        ("deleted", IdentityEvent::Deleted),
        ("discarded", IdentityEvent::Discarded),
        ("abandoned", IdentityEvent::Abandoned { reason: reason() }),
    ]
}

fn event(name: &str) -> IdentityEvent {
    let found = events().into_iter().find(|(one, _)| *one == name);
    found.unwrap().1
}

fn begun() -> IdentityChange {
    IdentityRecord::begin(request(1), user(), Actor::Provisioner, at(0)).unwrap()
}

/// The record and its trail after these events.
pub(crate) fn after(names: &[&str]) -> (IdentityRecord, Vec<StoredRow>) {
    let mut change = begun();
    let mut rows = vec![change.row.stored().unwrap()];
    for (second, name) in (10..).zip(names) {
        let next = change
            .record
            .apply(event(name), Actor::Provisioner, at(second));
        change = next.unwrap_or_else(|error| panic!("{name}: {error}"));
        rows.push(change.row.stored().unwrap());
    }
    (change.record, rows)
}

const LIVE: [&str; 2] = ["user_created", "went_live"];

/// How a user comes to each of its states.
pub(crate) fn ways() -> Vec<Vec<&'static str>> {
    let live = |then: &[&'static str]| [&LIVE[..], then].concat();
    vec![
        vec![],
        live(&[]),
        live(&["disabled"]),
        live(&["ending_started"]),
        live(&["ending_started", "ended"]),
        live(&["deletion_started"]),
        live(&["deletion_started", "deleted"]),
        vec!["discarded"],
        live(&["ending_started", "abandoned"]),
    ]
}

#[test]
fn its_trail_bears_out_each_record_and_nothing_else() {
    let mut states = Vec::new();
    for way in ways() {
        let (record, rows) = after(&way);
        states.push(record.state());
        assert_eq!(
            audit::examine(&rows, record.clone()),
            (record.clone(), None)
        );
        let mut other = record.clone();
        other.head.unique_id = Some("AIDAEXAMPLEOTHER00001".to_owned());
        let mut longer = record.clone();
        longer.head.requests.push(request(9));
        let mut elsewhere = record.clone();
        elsewhere.head.user.name = "root-admin".parse().unwrap();
        for forged in [other, longer, elsewhere] {
            let (examined, error) = audit::examine(&rows, forged);
            assert!(error.is_some(), "{way:?}");
            assert_eq!(
                examined.trail_fault(),
                Some(TrailFault::Disagrees),
                "{way:?}"
            );
        }
        // Of a trail that was cut the record says more than its rows.
        let cut = rows.get(..rows.len() - 1).unwrap();
        let (examined, _) = audit::examine(cut, record);
        assert_eq!(examined.trail_fault(), Some(TrailFault::Head));
    }
    assert_eq!(states, IdentityState::ALL);
}

#[test]
fn a_row_of_a_request_is_none_of_a_user() {
    let (record, mut rows) = after(&LIVE);
    let last = rows.last_mut().unwrap();
    let hashed_as_a_request = [b"snowgate/audit/1\n", last.bytes.as_bytes()].concat();
    last.hash = Some(crate::id::Digest::of(&hashed_as_a_request));
    assert!(audit::verify(&rows, &record).is_err());
}

#[test]
fn a_broken_trail_takes_access_away_and_deletes_nothing() {
    for way in ways() {
        let (record, mut rows) = after(&way);
        rows.first_mut().unwrap().bytes.push(' ');
        let (broken, _) = audit::examine(&rows, record.clone());
        for (name, event) in events() {
            let whole = record.apply(event.clone(), Actor::Provisioner, at(100));
            let taken = broken.apply(event, Actor::Provisioner, at(100));
            let ends = ["ending_started", "ended", "disabled", "abandoned"].contains(&name);
            assert_eq!(taken.is_ok(), ends && whole.is_ok(), "{name} after {way:?}");
        }
    }
}

#[test]
fn what_was_seen_is_deleted_and_what_was_not_is_discarded() {
    let apply = |record: &IdentityRecord, name| {
        let change = record.apply(event(name), Actor::Provisioner, at(100));
        change.map(|change| change.record.state())
    };
    let (creating, _) = after(&[]);
    let (seen, _) = after(&["user_created"]);
    for name in ["went_live", "deletion_started", "ending_started"] {
        let unseen = apply(&creating, name);
        assert!(
            matches!(unseen, Err(IdentityChangeError::NotMade)),
            "{name}"
        );
        assert!(apply(&seen, name).is_ok(), "{name}");
    }
    for name in ["discarded", "user_created"] {
        assert!(apply(&creating, name).is_ok(), "{name}");
        let again = apply(&seen, name);
        assert!(
            matches!(again, Err(IdentityChangeError::AlreadyMade)),
            "{name}"
        );
    }
    assert_eq!(seen.unique_id(), Some(UNIQUE_ID));
    assert_eq!(
        seen.principal_key(),
        user().principal().key_by_id(UNIQUE_ID)
    );
    assert_eq!(creating.principal_key(), user().principal().key_by_name());
}

#[test]
fn an_extension_puts_the_end_off_and_keeps_who_is_disabled_out() {
    let (live, _) = after(&LIVE);
    let extended = live
        .apply(event("extended"), Actor::Provisioner, at(100))
        .unwrap();
    assert_eq!(
        extended.record.phase,
        IdentityPhase::Live { until: at(9000) }
    );
    assert_eq!(extended.record.due_at(), Some(at(9000)));
    assert_eq!(extended.record.requests(), [request(1), request(2)]);
    let again = extended
        .record
        .apply(event("extended"), Actor::Provisioner, at(100));
    assert!(matches!(again, Err(IdentityChangeError::NotLater)));
    let (disabled, _) = after(&["user_created", "went_live", "disabled"]);
    let extended = disabled
        .apply(event("extended"), Actor::Provisioner, at(100))
        .unwrap();
    assert_eq!(extended.record.state(), IdentityState::Disabled);
    let enabled = extended
        .record
        .apply(event("enabled"), Actor::Provisioner, at(100))
        .unwrap();
    assert_eq!(
        enabled.record.phase,
        IdentityPhase::Live { until: at(9000) }
    );
}

#[test]
fn everything_that_is_not_over_is_looked_at_again() {
    for way in ways() {
        let (record, _) = after(&way);
        assert_eq!(
            record.due_at().is_none(),
            record.state().is_terminal(),
            "{way:?}"
        );
    }
    let (ended, _) = after(&["user_created", "went_live", "ending_started", "ended"]);
    assert!(!ended.is_due(at(19_999)) && ended.is_due(at(20_000)));
}

proptest! {
    /// Whatever happens in whatever order: a state that is over stays, the unique id never changes, and
    /// the trail bears the record out.
    #[test]
    fn whatever_happens(picks in prop::collection::vec(0..13_usize, 0..40)) {
        let all = events();
        let mut change = begun();
        let mut rows = vec![change.row.stored().unwrap()];
        for (second, pick) in (10..).zip(picks) {
            let before = change.record.clone();
            let (_, event) = all[pick].clone();
            let Ok(next) = before.apply(event, Actor::Provisioner, at(second)) else {
                continue;
            };
            prop_assert!(!before.state().is_terminal());
            prop_assert!(before.unique_id().is_none() || before.unique_id() == next.record.unique_id());
            prop_assert_eq!(next.replaces, Some(before.version()));
            rows.push(next.row.stored().unwrap());
            change = next;
        }
        prop_assert!(audit::verify(&rows, &change.record).is_ok());
    }
}
