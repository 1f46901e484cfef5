//! What a ledger must do.

mod beside;
mod due;
mod identities;
mod limits;
mod new;
mod user_records;
mod volume;

pub use beside::{
    effects_are_put_once, effects_stay_with_their_principal, tokens_come_with_their_change,
    what_was_removed_is_remembered,
};
pub use due::{
    due_requests_come_in_order, effects_end_in_order, postponing_needs_the_same_version,
};
pub use identities::{
    a_spoilt_name_keeps_no_user_from_its_end, names_are_taken_once_and_kept_for_their_owners,
    users_are_held_with_their_trails, users_change_with_their_requests_or_not_at_all,
};
pub use limits::{
    a_trail_too_long_is_not_read, requests_are_peeked_at, what_is_too_big_is_refused_for_good,
};
pub use new::{
    dry_runs_are_counted, keys_bind_one_call, keys_expire, records_have_one_open_request,
    requests_are_held, requests_of_a_record,
};
pub use user_records::{users_are_listed_by_account, what_is_recorded_on_a_principal_is_read};
pub use volume::what_is_asked_for_is_counted_once;

use jiff::Timestamp;
use ports::identities::Identities;
use ports::ledger::{
    Commit, CommitError, Created, Effects, NewRequest, RequestIndex, Requests, TimeIndex, Tokens,
};
use ports::user_records::UserRecords;
use snowgate_core::audit;
use snowgate_core::id::{RequestId, SysId};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Change, Event, Message, RequestRecord};

use super::together;
use crate::samples::{self, at, sys_id};

/// The whole ledger, which every adapter is; a function names the parts that it may use.
pub trait Ledger:
    Requests + RequestIndex + TimeIndex + Effects + Tokens + Identities + UserRecords
{
}

impl<T: Requests + RequestIndex + TimeIndex + Effects + Tokens + Identities + UserRecords> Ledger
    for T
{
}

/// All of it.
pub async fn ledger(ledger: &impl Ledger) {
    requests(ledger).await;
    requests_of_a_record(ledger).await;
    due_requests_come_in_order(ledger).await;
    effects_end_in_order(ledger).await;
    effects_are_put_once(ledger).await;
    effects_stay_with_their_principal(ledger).await;
    what_was_removed_is_remembered(ledger).await;
    tokens_come_with_their_change(ledger).await;
    users_are_held_with_their_trails(ledger).await;
    users_change_with_their_requests_or_not_at_all(ledger).await;
    names_are_taken_once_and_kept_for_their_owners(ledger).await;
    users_are_listed_by_account(ledger).await;
    what_is_recorded_on_a_principal_is_read(ledger).await;
}

/// What the requests themselves must do.
pub async fn requests(ledger: &impl Requests) {
    requests_are_held(ledger).await;
    keys_bind_one_call(ledger).await;
    keys_expire(ledger).await;
    records_have_one_open_request(ledger).await;
    dry_runs_are_counted(ledger).await;
    one_change_to_a_version_wins(ledger).await;
    a_row_is_written_once(ledger).await;
    trails_hold_every_change(ledger).await;
    postponing_needs_the_same_version(ledger).await;
    a_trail_too_long_is_not_read(ledger).await;
    what_is_too_big_is_refused_for_good(ledger).await;
    requests_are_peeked_at(ledger).await;
    what_is_asked_for_is_counted_once(ledger).await;
}

fn new(change: &Change) -> NewRequest {
    NewRequest {
        change: change.clone(),
        key: None,
    }
}

async fn hold(ledger: &impl Requests, change: &Change) {
    assert_eq!(ledger.create(&new(change)).await.unwrap(), Created::New);
}

async fn held(ledger: &impl Requests, source: &SysId, now: Timestamp) -> RequestRecord {
    let change = samples::received(source, now);
    hold(ledger, &change).await;
    change.record
}

async fn read(ledger: &impl Requests, id: &RequestId) -> RequestRecord {
    ledger
        .load(id)
        .await
        .unwrap()
        .expect("the request is there")
}

async fn commit(ledger: &impl Requests, change: Change) -> RequestRecord {
    let record = change.record.clone();
    ledger.commit(&Commit::from(change)).await.unwrap();
    record
}

async fn conflicts(ledger: &impl Requests, commit: &Commit) {
    let outcome = ledger.commit(commit).await;
    assert!(matches!(outcome, Err(CommitError::Conflict)), "{outcome:?}");
}

async fn trail_is_whole(ledger: &impl Requests, id: &RequestId) {
    let rows = ledger.trail(id).await.unwrap();
    audit::verify(&rows, &read(ledger, id).await).unwrap();
}

/// Of many changes to one version exactly one is written, with one audit row.
pub async fn one_change_to_a_version_wins(ledger: &impl Requests) {
    let record = held(ledger, &sys_id(), at(0)).await;
    let racers: Vec<_> = (1..=16)
        .map(|second| Commit::from(samples::withdraw(&record, at(second))))
        .collect();
    let outcomes = together(racers.iter().map(|racer| ledger.commit(racer))).await;
    let winners: Vec<_> = outcomes
        .iter()
        .zip(&racers)
        .filter(|(outcome, _)| match outcome {
            Ok(()) => true,
            Err(CommitError::Conflict) => false,
            Err(error) => panic!("{error}"),
        })
        .collect();
    assert_eq!(winners.len(), 1);
    let (_, winner) = winners.first().unwrap();
    assert_eq!(read(ledger, record.id()).await, winner.change.record);
    assert_eq!(ledger.trail(record.id()).await.unwrap().len(), 2);
    trail_is_whole(ledger, record.id()).await;

    let unknown = samples::received(&sys_id(), at(0)).record;
    conflicts(ledger, &samples::withdraw(&unknown, at(1)).into()).await;
    assert_eq!(ledger.load(unknown.id()).await.unwrap(), None);
    assert_eq!(ledger.trail(unknown.id()).await.unwrap(), []);
}

/// A change is written to the version that it names and to no other, and never where its audit
/// row is there already.
pub async fn a_row_is_written_once(ledger: &impl Requests) {
    let first = held(ledger, &sys_id(), at(0)).await;
    let second = commit(ledger, samples::ask(&first, &[sys_id()], at(1))).await;
    let mut again = samples::withdraw(&first, at(2));
    again.replaces = Some(second.version());
    conflicts(ledger, &again.into()).await;
    for wrong in [first.version(), second.version() + 1] {
        let mut next = samples::withdraw(&second, at(3));
        next.replaces = Some(wrong);
        conflicts(ledger, &next.into()).await;
    }
    assert_eq!(read(ledger, first.id()).await, second);
    trail_is_whole(ledger, first.id()).await;
}

/// Every change is one row, in order, also beyond the tenth.
pub async fn trails_hold_every_change(ledger: &impl Requests) {
    let approver = sys_id();
    let mut record = held(ledger, &sys_id(), at(0)).await;
    record = commit(
        ledger,
        samples::ask(&record, std::slice::from_ref(&approver), at(1)),
    )
    .await;
    for second in 2..12 {
        let approver = approver.clone();
        let claimed = Event::DeliveryClaimed {
            message: Message::ReviewRequest { approver },
        };
        let change = record.apply(claimed, Actor::Dispatcher, at(120 * second));
        record = commit(ledger, change.unwrap()).await;
    }
    let rows = ledger.trail(record.id()).await.unwrap();
    assert_eq!(rows.len(), 12);
    let rows = audit::verify(&rows, &record).unwrap();
    assert!(rows.iter().all(|row| row.of == *record.id()));
    assert_eq!(rows.last().unwrap().state, State::Pending);
    assert_eq!(read(ledger, record.id()).await, record);
}
