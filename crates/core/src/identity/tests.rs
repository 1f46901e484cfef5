//! Users in every state, every change of their records, and their trails.

mod trails;

use proptest::prelude::*;

use super::*;
use crate::audit::{self, StoredRow};
use crate::record::FailureCode;
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
        tags: [("team".to_owned(), "billing".to_owned())].into(),
        boundary: "arn:aws:iam::210987654321:policy/snowgate-boundary"
            .parse()
            .unwrap(),
    }
}

fn disabled(by: DisabledBy) -> IdentityEvent {
    let reason = Some(reason());
    let disabling = Disabling { by, reason };
    IdentityEvent::Disabled { disabling }
}

fn rollback() -> DeletedBecause {
    let code = FailureCode::IamRefused;
    DeletedBecause::Rollback { code }
}

fn deletion(because: DeletedBecause) -> IdentityEvent {
    IdentityEvent::DeletionStarted { because }
}

/// One of each, in an order that a user can go through but for its ends.
pub(crate) fn events() -> Vec<(&'static str, IdentityEvent)> {
    let (until, by) = (at(9000), request(2));
    let begun = IdentityEvent::Begun {
        user: user().digest().unwrap(),
        by: request(1),
    };
    let unique_id = UNIQUE_ID.to_owned();
    let asked = DeletedBecause::Request {
        request: by.clone(),
    };
    let (extending, enabling, reviving) = (by.clone(), by.clone(), by);
    vec![
        ("begun", begun),
        ("user_created", IdentityEvent::UserCreated { unique_id }),
        ("went_live", IdentityEvent::WentLive { until: at(8000) }),
        (
            "extended",
            IdentityEvent::Extended {
                until,
                by: extending,
            },
        ),
        ("shortened", IdentityEvent::Shortened { until: at(7000) }),
        ("disabled", disabled(DisabledBy::Owner)),
        ("enabled", IdentityEvent::Enabled { by: enabling }),
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
                by: reviving,
            },
        ),
        ("deletion_started", deletion(asked)),
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

fn apply(
    record: &IdentityRecord,
    event: IdentityEvent,
    second: i64,
) -> Result<IdentityRecord, IdentityChangeError> {
    let change = record.apply(event, Actor::Provisioner, at(second))?;
    Ok(change.record)
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
fn what_was_seen_is_deleted_and_what_was_not_is_discarded() {
    let (creating, _) = after(&[]);
    let (seen, _) = after(&["user_created"]);
    let rollback = || deletion(rollback());
    for later in [event("went_live"), event("ending_started"), rollback()] {
        let unseen = apply(&creating, later.clone(), 100);
        assert!(
            matches!(unseen, Err(IdentityChangeError::NotCreated)),
            "{later:?}"
        );
        assert!(apply(&seen, later, 100).is_ok());
    }
    for name in ["discarded", "user_created"] {
        assert!(apply(&creating, event(name), 100).is_ok(), "{name}");
        let again = apply(&seen, event(name), 100);
        assert!(
            matches!(again, Err(IdentityChangeError::AlreadyCreated)),
            "{name}"
        );
    }
    assert_eq!(seen.unique_id(), Some(UNIQUE_ID));
    assert_eq!(
        seen.principal_key(),
        user().principal().key_by_id(UNIQUE_ID)
    );
    assert_eq!(creating.principal_key(), user().principal().key_by_name());
    for other in ["", "AROAEXAMPLEROLE000001", "AIDA#1", "AIDA 1"] {
        let unique_id = other.to_owned();
        let created = apply(&creating, IdentityEvent::UserCreated { unique_id }, 100);
        assert!(
            matches!(created, Err(IdentityChangeError::NotAUser)),
            "{other}"
        );
    }
    let again = apply(&creating, event("begun"), 100);
    assert!(matches!(again, Err(IdentityChangeError::AlreadyBegun)));
}

/// Deleting cannot be undone.
#[test]
fn each_reason_to_delete_has_its_states_and_its_time() {
    let asked = DeletedBecause::Request {
        request: request(3),
    };
    let mut allowed = Vec::new();
    for way in ways().into_iter().chain([vec!["user_created"]]) {
        let (record, _) = after(&way);
        for (second, because) in [
            (100, rollback()),
            (19_999, DeletedBecause::GraceOver),
            (20_000, DeletedBecause::GraceOver),
            (100, asked.clone()),
        ] {
            let state = record.state();
            if apply(&record, deletion(because.clone()), second).is_ok() {
                allowed.push((state, second, because));
            }
        }
    }
    let expected = [
        (IdentityState::Live, 100, asked.clone()),
        (IdentityState::Disabled, 100, asked.clone()),
        (IdentityState::Ended, 20_000, DeletedBecause::GraceOver),
        (IdentityState::Ended, 100, asked),
        (IdentityState::Creating, 100, rollback()),
    ];
    assert_eq!(allowed, expected);
}

#[test]
fn an_extension_puts_the_end_off_and_allows_nothing_that_is_denied() {
    let (live, _) = after(&LIVE);
    let extended = apply(&live, event("extended"), 100).unwrap();
    assert_eq!(extended.phase, IdentityPhase::Live { until: at(9000) });
    assert_eq!(extended.due_at(), Some(at(9000)));
    assert_eq!(extended.requests(), [request(1), request(2)]);
    let again = apply(&extended, event("extended"), 100);
    assert!(matches!(again, Err(IdentityChangeError::NotLater)));
    let after_the_end = apply(&live, event("extended"), 8000);
    assert!(after_the_end.is_ok(), "nothing was taken away yet");
    let shorter = apply(&extended, event("shortened"), 100).unwrap();
    assert_eq!(shorter.phase, IdentityPhase::Live { until: at(7000) });
    let again = apply(&shorter, event("shortened"), 100);
    assert!(matches!(again, Err(IdentityChangeError::NotLater)));
    let past = apply(&extended, event("shortened"), 7000);
    assert!(matches!(past, Err(IdentityChangeError::NotLater)));

    let (disabled, _) = after(&["user_created", "went_live", "disabled"]);
    let extended = apply(&disabled, event("extended"), 100).unwrap();
    assert_eq!(extended.state(), IdentityState::Disabled);
    let enabled = apply(&extended, event("enabled"), 100).unwrap();
    assert_eq!(enabled.phase, IdentityPhase::Live { until: at(9000) });
    assert!(
        apply(&extended, event("enabled"), 9000).is_err(),
        "its end has come"
    );
}

/// Whoever was disabled does not get back by waiting for the end.
#[test]
fn a_user_that_was_disabled_is_revived_disabled() {
    let ended = ["user_created", "went_live", "ending_started", "ended"];
    let (ended, _) = after(&ended);
    let revived = apply(&ended, event("revived"), 19_999).unwrap();
    assert_eq!(revived.phase, IdentityPhase::Live { until: at(30_000) });
    let late = apply(&ended, event("revived"), 20_000);
    assert!(
        matches!(late, Err(IdentityChangeError::NotNow)),
        "grace is over"
    );

    let disabled = [
        "user_created",
        "went_live",
        "disabled",
        "ending_started",
        "ended",
    ];
    let (disabled, _) = after(&disabled);
    let revived = apply(&disabled, event("revived"), 100).unwrap();
    assert_eq!(revived.state(), IdentityState::Disabled);
    let enabled = apply(&revived, event("enabled"), 100).unwrap();
    assert_eq!(enabled.phase, IdentityPhase::Live { until: at(30_000) });

    let (never_live, _) = after(&["user_created", "ending_started", "ended"]);
    let revived = apply(&never_live, event("revived"), 100);
    assert!(matches!(revived, Err(IdentityChangeError::NotNow)));
}

/// A user that was disabled, or has ended, is let in by no access that it is given.
#[test]
fn access_ends_with_the_user_and_only_more_time_ends_later() {
    for way in ways() {
        let (record, _) = after(&way);
        let admission = |second, gives_time| record.phase().admission(at(second), gives_time);
        let all = [(8000, false), (8001, true), (8001, false), (8000, true)];
        let all = all.map(|(second, gives_time)| admission(second, gives_time));
        let expected = match record.state() {
            IdentityState::Live => [
                Admission::Admitted,
                Admission::Admitted,
                Admission::EndsBefore,
                Admission::EndsBefore,
            ],
            IdentityState::Creating => [Admission::BeingCreated; 4],
            _ => [Admission::Over; 4],
        };
        assert_eq!(all, expected, "{way:?}");
    }
}

#[test]
fn the_security_team_disables_whatever_others_did() {
    let (mine, _) = after(&["user_created", "went_live", "disabled"]);
    for other in [DisabledBy::Owner, DisabledBy::OwnerGone] {
        let again = apply(&mine, disabled(other), 100);
        assert!(matches!(again, Err(IdentityChangeError::AlreadyDisabled)));
    }
    let secured = apply(&mine, disabled(DisabledBy::Security), 100).unwrap();
    for other in [DisabledBy::Owner, DisabledBy::Security] {
        let again = apply(&secured, disabled(other), 100);
        assert!(matches!(again, Err(IdentityChangeError::AlreadyDisabled)));
    }
    assert!(matches!(
        secured.phase,
        IdentityPhase::Disabled {
            disabling: Disabling {
                by: DisabledBy::Security,
                ..
            },
            ..
        }
    ));
}

#[test]
fn no_end_lies_in_the_past() {
    let (seen, _) = after(&["user_created"]);
    let live = |second| apply(&seen, event("went_live"), second);
    assert!(live(7999).is_ok());
    assert!(matches!(live(8000), Err(IdentityChangeError::NotLater)));
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
    fn whatever_happens(picks in prop::collection::vec((0..14_usize, 1..4000_i64), 0..40)) {
        let all = events();
        let mut change = begun();
        let mut rows = vec![change.row.stored().unwrap()];
        let mut second = 0;
        for (pick, passed) in picks {
            second += passed;
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
