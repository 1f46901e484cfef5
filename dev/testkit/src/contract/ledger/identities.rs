//! Users that Snowgate made.

use jiff::{SignedDuration, Timestamp};
use ports::identities::{IdentityCommit, MovedEffect};
use ports::ledger::{Commit, CommitError, bucket_of};
use snowgate_core::audit;
use snowgate_core::effect::RecordedEffect;
use snowgate_core::id::{IdentityId, RequestId, SysId, hex};
use snowgate_core::identity::{
    DeletedBecause, HeldName, IdentityChange, IdentityEvent, IdentityRecord, IdentityState,
    NAME_KEPT_FOR, NewUser,
};
use snowgate_core::lifecycle::Actor;
use snowgate_core::principal::Principal;
use snowgate_core::record::FailureCode;

use super::{Ledger, commit, conflicts, held, read, together};
use crate::samples::{self, at, random, sys_id};

/// A user that a request is to make.
fn new_user(principal: &Principal, owner: &SysId) -> NewUser {
    NewUser {
        account_id: principal.account_id.clone(),
        name: principal.name.clone(),
        path: "/snowgate/".to_owned(),
        owner: owner.clone(),
        tags: [("team".to_owned(), "billing".to_owned())].into(),
        boundary: samples::policy(),
    }
}

pub(super) fn begun(made_by: &RequestId, user: NewUser, now: Timestamp) -> IdentityChange {
    IdentityRecord::begin(made_by.clone(), user, Actor::Provisioner, now).unwrap()
}

pub(super) fn created() -> IdentityEvent {
    IdentityEvent::UserCreated {
        unique_id: format!("AIDA{}", hex(&random::<8>()).to_uppercase()),
    }
}

/// Applies an event and writes it.
pub(super) async fn then(
    ledger: &impl Ledger,
    record: &IdentityRecord,
    event: IdentityEvent,
    now: Timestamp,
) -> IdentityRecord {
    let change = record.apply(event, Actor::Provisioner, now).unwrap();
    let commit = IdentityCommit::from(change);
    ledger.commit_identity(&commit).await.unwrap();
    commit.change.record
}

async fn is_refused(ledger: &impl Ledger, change: IdentityChange) {
    let outcome = ledger.commit_identity(&change.into()).await;
    assert!(matches!(outcome, Err(CommitError::Conflict)), "{outcome:?}");
}

async fn is_taken(ledger: &impl Ledger, change: IdentityChange) {
    let outcome = ledger.commit_identity(&change.into()).await;
    assert!(
        matches!(outcome, Err(CommitError::NameTaken)),
        "{outcome:?}"
    );
}

async fn user(ledger: &impl Ledger, id: &IdentityId) -> IdentityRecord {
    ledger
        .identity(id)
        .await
        .unwrap()
        .expect("the user is there")
}

/// A user is read as it was written, with a trail that bears it out; of many changes to one version one
/// wins.
pub async fn users_are_held_with_their_trails(ledger: &impl Ledger) {
    let (principal, owner) = (samples::user(), sys_id());
    let begun = begun(&samples::request_id(), new_user(&principal, &owner), at(0));
    let id = begun.record.id().clone();
    assert_eq!(ledger.identity(&id).await.unwrap(), None);
    let first = IdentityCommit::from(begun.clone());
    ledger.commit_identity(&first).await.unwrap();
    assert_eq!(user(ledger, &id).await, begun.record);
    is_refused(ledger, begun.clone()).await;

    let created = then(ledger, &begun.record, created(), at(1)).await;
    let key = created.principal_key();
    assert_eq!(ledger.identity_of(&key).await.unwrap(), Some(id.clone()));
    let by_name = ledger.identity_of(&principal.key_by_name()).await.unwrap();
    assert_eq!(by_name, None);
    let racers: Vec<IdentityCommit> = (1..=8)
        .map(|n| {
            let until = at(1000 + n);
            let event = IdentityEvent::WentLive { until };
            created
                .apply(event, Actor::Provisioner, at(2))
                .unwrap()
                .into()
        })
        .collect();
    let outcomes = together(racers.iter().map(|racer| ledger.commit_identity(racer))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let live = user(ledger, &id).await;
    assert_eq!(
        (live.state(), live.trail_fault()),
        (IdentityState::Live, None)
    );
    let rows = ledger.identity_trail(&id).await.unwrap();
    assert_eq!(audit::verify(&rows, &live).unwrap().len(), 3);

    let postpone = |version| ledger.postpone_identity(&id, version, at(500), 2);
    assert!(!postpone(live.version() + 1).await.unwrap());
    assert!(postpone(live.version()).await.unwrap());
    let put_off = user(ledger, &id).await;
    assert_eq!((put_off.due_at(), put_off.attempts()), (Some(at(500)), 2));
    assert_eq!(put_off.version(), live.version());

    // A unique id is one user's.
    let mut same_account = samples::user();
    same_account.account_id = principal.account_id.clone();
    let other = self::begun(
        &samples::request_id(),
        new_user(&same_account, &owner),
        at(0),
    );
    let commit = IdentityCommit::from(other.clone());
    ledger.commit_identity(&commit).await.unwrap();
    let unique_id = live.unique_id().unwrap().to_owned();
    let event = IdentityEvent::UserCreated { unique_id };
    let stolen = other.record.apply(event, Actor::Provisioner, at(3));
    is_refused(ledger, stolen.unwrap()).await;
    assert_eq!(ledger.identity_of(&key).await.unwrap(), Some(id));
}

/// What changes a request and its user is written for both, each on its own version, or for neither;
/// effects move from the name to the unique id, and none of them counts as removed.
pub async fn users_change_with_their_requests_or_not_at_all(ledger: &impl Ledger) {
    let (principal, owner) = (samples::user(), sys_id());
    let request = held(ledger, &sys_id(), at(0)).await;
    let begun = begun(request.id(), new_user(&principal, &owner), at(1));
    let by_name = RecordedEffect {
        principal_key: principal.key_by_name(),
        ..samples::effect(request.id(), &principal, false)
    };
    let with = |change, identity: IdentityCommit| Commit {
        identity: Some(Box::new(identity)),
        ..Commit::from(change)
    };
    let mut first = with(
        samples::ask(&request, &[sys_id()], at(1)),
        begun.clone().into(),
    );
    first.put_effects = vec![by_name.clone()];
    ledger.commit(&first).await.unwrap();
    let id = begun.record.id();
    assert_eq!(user(ledger, id).await, begun.record);

    let seen = begun
        .record
        .apply(created(), Actor::Provisioner, at(2))
        .unwrap();
    let by_id = seen.record.principal_key();
    let moving = |change| {
        let moved = MovedEffect {
            effect: by_name.clone(),
            ends_at: at(600),
        };
        let identity = IdentityCommit {
            change: seen.clone(),
            moved: vec![moved],
        };
        with(change, identity)
    };
    let ends = async || {
        let bucket = bucket_of(request.id());
        let page = ledger.ended(bucket, at(601), 1000, None).await.unwrap();
        let of = page.items.into_iter().filter_map(|item| item.of);
        let mine = of.filter(|(_, of)| of == request.id());
        mine.map(|(key, _)| key).collect::<Vec<_>>()
    };
    let keys = async |key| ledger.effect_keys(key).await.unwrap().requests();
    // The request has changed meanwhile: its user stays as it was.
    conflicts(ledger, &moving(samples::withdraw(&request, at(2)))).await;
    assert_eq!(user(ledger, id).await, begun.record);
    assert_eq!(keys(&by_name.principal_key).await, [request.id().clone()]);
    let asked = read(ledger, request.id()).await;
    ledger
        .commit(&moving(samples::withdraw(&asked, at(2))))
        .await
        .unwrap();
    assert_eq!(user(ledger, id).await, seen.record);
    assert_eq!(keys(&by_name.principal_key).await, []);
    assert_eq!(keys(&by_id).await, [request.id().clone()]);
    assert_eq!(ends().await, [by_id]);
    assert_eq!(ledger.removals(&by_name.principal_key).await.unwrap(), []);

    // The user has changed meanwhile: the request stays as it was.
    let other = held(ledger, &sys_id(), at(0)).await;
    let stale = begun
        .record
        .apply(created(), Actor::Provisioner, at(3))
        .unwrap();
    let change = samples::ask(&other, &[sys_id()], at(3));
    conflicts(ledger, &with(change, stale.into())).await;
    assert_eq!(read(ledger, other.id()).await, other);
    // The name is taken: the request stays as it was, and the error says why.
    let second = self::begun(other.id(), new_user(&principal, &owner), at(3));
    let change = samples::ask(&other, &[sys_id()], at(3));
    let outcome = ledger.commit(&with(change, second.into())).await;
    assert!(
        matches!(outcome, Err(CommitError::NameTaken)),
        "{outcome:?}"
    );
    assert_eq!(read(ledger, other.id()).await, other);
    // And it can go on by itself.
    commit(ledger, samples::ask(&other, &[sys_id()], at(4))).await;
}

/// A name is one user's at a time, whatever its case; once that is deleted it is kept for its owner.
pub async fn names_are_taken_once_and_kept_for_their_owners(ledger: &impl Ledger) {
    let (principal, owner, other) = (samples::user(), sys_id(), sys_id());
    let mut shouted = principal.clone();
    shouted.name = principal
        .name
        .as_str()
        .to_ascii_uppercase()
        .parse()
        .unwrap();
    let wants = |principal: &Principal, owner: &SysId, now| {
        begun(&samples::request_id(), new_user(principal, owner), now)
    };
    assert_eq!(ledger.held_name(&principal).await.unwrap(), None);
    // What was never made leaves the name as it was.
    let first = wants(&principal, &other, at(0));
    ledger.commit_identity(&first.clone().into()).await.unwrap();
    then(ledger, &first.record, IdentityEvent::Discarded, at(1)).await;
    let released = ledger.held_name(&principal).await.unwrap().unwrap();
    assert!(released.is_free_for(&owner, at(1)));

    let second = wants(&shouted, &owner, at(2));
    ledger
        .commit_identity(&second.clone().into())
        .await
        .unwrap();
    let held = HeldName {
        identity: Some(second.record.id().clone()),
        owner: owner.clone(),
        kept_until: None,
    };
    assert_eq!(ledger.held_name(&principal).await.unwrap(), Some(held));
    for nobody in [&owner, &other] {
        is_taken(ledger, wants(&principal, nobody, at(3))).await;
    }
    let mut record = then(ledger, &second.record, created(), at(4)).await;
    let code = FailureCode::IamRefused;
    let because = DeletedBecause::Rollback { code };
    for event in [
        IdentityEvent::DeletionStarted { because },
        IdentityEvent::Deleted,
    ] {
        record = then(ledger, &record, event, at(5)).await;
    }
    let until = at(5) + NAME_KEPT_FOR;
    let kept = ledger.held_name(&principal).await.unwrap().unwrap();
    let until =
        Timestamp::from_second(until.as_second() + i64::from(until.subsec_nanosecond() > 0));
    assert_eq!((kept.identity, kept.kept_until), (None, until.ok()));
    let last = at(5) + NAME_KEPT_FOR - SignedDuration::from_secs(2);
    is_taken(ledger, wants(&principal, &other, last)).await;
    let again = wants(&principal, &owner, at(6));
    ledger.commit_identity(&again.clone().into()).await.unwrap();
    // One that was not made after all takes nothing of it away.
    then(ledger, &again.record, IdentityEvent::Discarded, at(7)).await;
    is_taken(ledger, wants(&principal, &other, last)).await;
    let later = at(5) + NAME_KEPT_FOR + SignedDuration::from_secs(2);
    let others = wants(&principal, &other, later);
    ledger.commit_identity(&others.into()).await.unwrap();
    let held = ledger.held_name(&principal).await.unwrap().unwrap();
    assert_eq!(held.owner, other);
    // Of many that want a name one has it.
    let free = samples::user();
    let racers: Vec<IdentityCommit> = (0..8).map(|_| wants(&free, &owner, at(8)).into()).collect();
    let outcomes = together(racers.iter().map(|racer| ledger.commit_identity(racer))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

/// A user comes to its end whatever stands where its name was: one that is gone is kept for its owner
/// again, and one that is another's stays as it is.
pub async fn a_spoilt_name_keeps_no_user_from_its_end(
    ledger: &impl Ledger,
    spoil: impl AsyncFn(&Principal, Option<HeldName>),
) {
    let (principal, owner) = (samples::user(), sys_id());
    let another = HeldName {
        identity: Some(IdentityId::of(&samples::request_id())),
        owner: sys_id(),
        kept_until: None,
    };
    for there in [None, Some(another)] {
        let change = begun(&samples::request_id(), new_user(&principal, &owner), at(0));
        spoil(&principal, None).await;
        ledger
            .commit_identity(&change.clone().into())
            .await
            .unwrap();
        let mut record = then(ledger, &change.record, created(), at(1)).await;
        let code = FailureCode::IamRefused;
        let because = DeletedBecause::Rollback { code };
        record = then(
            ledger,
            &record,
            IdentityEvent::DeletionStarted { because },
            at(2),
        )
        .await;
        spoil(&principal, there.clone()).await;
        then(ledger, &record, IdentityEvent::Deleted, at(3)).await;
        let held = ledger.held_name(&principal).await.unwrap().unwrap();
        match there {
            None => assert!(held.identity.is_none() && held.kept_until.is_some()),
            Some(another) => assert_eq!(held, another),
        }

        let unseen = samples::user();
        let change = begun(&samples::request_id(), new_user(&unseen, &owner), at(0));
        ledger
            .commit_identity(&change.clone().into())
            .await
            .unwrap();
        spoil(&unseen, None).await;
        then(ledger, &change.record, IdentityEvent::Discarded, at(1)).await;
        assert_eq!(ledger.held_name(&unseen).await.unwrap(), None);
    }
}
