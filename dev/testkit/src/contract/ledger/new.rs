//! New requests, and what makes them unique.

use ports::ledger::{Created, IdempotencyKey, MAX_DRY_RUNS, NewRequest, Requests};
use snowgate_core::id::{Digest, hex};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Change, Event, Message, RequestRecord};

use super::{Ledger, commit, held, hold, new, read, trail_is_whole};
use crate::samples::{self, at, random, sys_id};

fn key(name: &str, call: &[u8], expires: i64) -> IdempotencyKey {
    IdempotencyKey {
        key: name.to_owned(),
        call: Digest::of(call),
        expires_at: at(expires),
    }
}

fn name() -> String {
    hex(&random::<16>())
}

fn keyed(change: &Change, key: &IdempotencyKey) -> NewRequest {
    NewRequest {
        change: change.clone(),
        key: Some(key.clone()),
    }
}

/// A request reads as it was written; what does not exist is none, and the same write again
/// changes nothing.
pub async fn requests_are_held(ledger: &impl Requests) {
    let change = samples::received(&sys_id(), at(0));
    let id = change.record.id();
    assert_eq!(ledger.load(id).await.unwrap(), None);
    assert_eq!(ledger.trail(id).await.unwrap(), []);
    hold(ledger, &change).await;
    // The answer to the first may have been lost.
    hold(ledger, &change).await;
    assert_eq!(read(ledger, id).await, change.record);
    assert_eq!(
        ledger.trail(id).await.unwrap(),
        [change.row.stored().unwrap()]
    );
    trail_is_whole(ledger, id).await;

    // An id that is taken is nobody else's.
    let other = samples::received_from(samples::client(), id.clone(), &sys_id(), at(5));
    assert!(
        !ledger
            .create(&new(&other))
            .await
            .unwrap_err()
            .is_transient()
    );
    assert_eq!(read(ledger, id).await, change.record);
}

/// The same key with the same call is the same request; with another call it is refused. Keys are
/// each client's own, and one that came to nothing is free.
pub async fn keys_bind_one_call(ledger: &impl Requests) {
    let (source, name) = (sys_id(), name());
    let first = samples::received(&source, at(0));
    let bound = key(&name, b"call", 1000);
    let create = |change: Change, key: IdempotencyKey| async move {
        ledger.create(&keyed(&change, &key)).await.unwrap()
    };
    assert_eq!(create(first.clone(), bound.clone()).await, Created::New);
    // As it is now, not as it was.
    let now = commit(ledger, samples::ask(&first.record, &[sys_id()], at(1))).await;
    for second in [0, 2] {
        let again = samples::received(&source, at(second));
        let replayed = create(again.clone(), bound.clone()).await;
        assert_eq!(replayed, Created::Replayed(Box::new(now.clone())));
        assert_eq!(ledger.load(again.record.id()).await.unwrap(), None);
    }
    let made_by = async |name: &str, call: &[u8], client: &str| {
        let key = key(name, call, 2000);
        let client = client.parse().unwrap();
        ledger.made_by(&client, &key, at(2)).await.unwrap()
    };
    let client = samples::client();
    let client = client.as_str();
    let replayed = Created::Replayed(Box::new(now));
    assert_eq!(made_by(&name, b"call", client).await, Some(replayed));
    let reused = Some(Created::KeyReused);
    assert_eq!(made_by(&name, b"other", client).await, reused);
    assert_eq!(made_by(&self::name(), b"call", client).await, None);
    assert_eq!(made_by(&name, b"call", "another-client").await, None);
    let elsewhere = samples::received(&sys_id(), at(3));
    let reused = create(elsewhere.clone(), key(&name, b"other", 1000)).await;
    assert_eq!(reused, Created::KeyReused);
    assert_eq!(ledger.load(elsewhere.record.id()).await.unwrap(), None);

    let client = "another-client".parse().unwrap();
    let theirs = samples::received_from(client, samples::request_id(), &sys_id(), at(4));
    assert_eq!(
        create(theirs, key(&name, b"other", 1000)).await,
        Created::New
    );

    let free = key(&self::name(), b"busy", 1000);
    let busy = create(samples::received(&source, at(5)), free.clone()).await;
    assert_eq!(busy, Created::RecordBusy(Some(first.record.id().clone())));
    assert_eq!(create(elsewhere, free).await, Created::New);
}

/// A key counts up to its end and not a second longer.
pub async fn keys_expire(ledger: &impl Requests) {
    let bound = key(&name(), b"call", 1000);
    let first = samples::received(&sys_id(), at(0));
    let create = |second, key: &IdempotencyKey| {
        let new = keyed(&samples::received(&sys_id(), at(second)), key);
        async move { ledger.create(&new).await.unwrap() }
    };
    let created = ledger.create(&keyed(&first, &bound)).await.unwrap();
    assert_eq!(created, Created::New);
    let (client, first) = (samples::client(), first.record);
    let replayed = Created::Replayed(Box::new(first));
    for (second, made) in [(999, Some(replayed.clone())), (1000, None)] {
        let found = ledger.made_by(&client, &bound, at(second)).await.unwrap();
        assert_eq!(found, made);
    }
    assert_eq!(create(999, &bound).await, replayed);
    let later = key(&bound.key, b"other", 2000);
    assert_eq!(create(999, &later).await, Created::KeyReused);
    // Past its end it says nothing, also where something else stands in the way.
    let source = sys_id();
    let open = held(ledger, &source, at(500)).await;
    let late = keyed(&samples::received(&source, at(1000)), &bound);
    let busy = ledger.create(&late).await.unwrap();
    assert_eq!(busy, Created::RecordBusy(Some(open.id().clone())));
    assert_eq!(create(1000, &later).await, Created::New);
    assert_eq!(create(1001, &bound).await, Created::KeyReused);
}

/// A ServiceNow record has one open request, whichever client asks, until that ends; what happens
/// to a request after its end does not take the record from the next one.
pub async fn records_have_one_open_request(ledger: &impl Requests) {
    let source = sys_id();
    let first = held(ledger, &source, at(0)).await;
    let busy = |id| Created::RecordBusy(Some(id));
    let create = |second| {
        let change = samples::received(&source, at(second));
        async move { (ledger.create(&new(&change)).await.unwrap(), change.record) }
    };
    assert_eq!(create(1).await.0, busy(first.id().clone()));
    let first = commit(ledger, samples::ask(&first, &[sys_id()], at(2))).await;
    assert_eq!(create(3).await.0, busy(first.id().clone()));

    let client = "another-client".parse().unwrap();
    let theirs = samples::received_from(client, samples::request_id(), &source, at(4));
    let created = ledger.create(&new(&theirs)).await.unwrap();
    assert_eq!(created, Created::RecordBusy(None), "of whom is not said");

    let first = commit(ledger, samples::withdraw(&first, at(5))).await;
    let (created, second) = create(6).await;
    assert_eq!(created, Created::New);
    // At the very time of its end, and later.
    let state = State::Withdrawn;
    let note = Message::TicketNote { state };
    let claimed = Event::DeliveryClaimed {
        message: note.clone(),
    };
    let sent = Event::DeliverySent {
        message: note,
        message_id: None,
    };
    for (event, when) in [(claimed, 5), (sent, 7)] {
        let first = read(ledger, first.id()).await;
        let change = first.apply(event, Actor::Reporter, at(when)).unwrap();
        commit(ledger, change).await;
        assert_eq!(create(8).await.0, busy(second.id().clone()));
    }
    commit(ledger, samples::withdraw(&second, at(9))).await;
    assert_eq!(create(10).await.0, Created::New);
}

/// A ServiceNow record has so many dry runs and no more, whoever asks; requests are not counted,
/// and neither is a call that came to nothing.
pub async fn dry_runs_are_counted(ledger: &impl Requests) {
    let source = sys_id();
    let dry_run = |client: &str, second: i64| {
        let mut request = samples::request(&source, &samples::user());
        request.dry_run = true;
        let (id, client) = (samples::request_id(), client.parse().unwrap());
        RequestRecord::receive(id, client, request, at(second)).unwrap()
    };
    for run in 0..MAX_DRY_RUNS {
        let second = 10 * i64::from(run);
        let client = if run % 2 == 0 {
            "servicenow"
        } else {
            "another-client"
        };
        let change = dry_run(client, second);
        hold(ledger, &change).await;
        // The answer to the first may have been lost.
        hold(ledger, &change).await;
        let busy = ledger
            .create(&new(&dry_run(client, second + 1)))
            .await
            .unwrap();
        assert_eq!(busy, Created::RecordBusy(Some(change.record.id().clone())));
        commit(ledger, samples::withdraw(&change.record, at(second + 2))).await;
        let record = held(ledger, &source, at(second + 3)).await;
        commit(ledger, samples::withdraw(&record, at(second + 4))).await;
    }
    for client in ["servicenow", "another-client"] {
        let more = ledger.create(&new(&dry_run(client, 1000))).await.unwrap();
        assert_eq!(more, Created::TooManyDryRuns);
    }
    held(ledger, &source, at(1001)).await;
}

/// The requests of one record, for one client, the newest first, at most 25.
pub async fn requests_of_a_record(ledger: &impl Ledger) {
    let (source, client) = (sys_id(), samples::client());
    assert_eq!(ledger.of_record(&client, &source).await.unwrap(), []);
    let mut expected = Vec::new();
    for second in 0..27 {
        let record = held(ledger, &source, at(10 * second)).await;
        let ended = commit(ledger, samples::withdraw(&record, at(10 * second + 1))).await;
        expected.insert(0, (ended.id().clone(), State::Withdrawn));
    }
    let open = held(ledger, &source, at(1000)).await;
    expected.insert(0, (open.id().clone(), State::Received));
    expected.truncate(25);
    let other: snowgate_core::id::ClientId = "another-client".parse().unwrap();
    commit(ledger, samples::withdraw(&open, at(1500))).await;
    let theirs = samples::received_from(other.clone(), samples::request_id(), &source, at(2000));
    hold(ledger, &theirs).await;
    if let Some(newest) = expected.first_mut() {
        newest.1 = State::Withdrawn;
    }
    assert_eq!(ledger.of_record(&client, &source).await.unwrap(), expected);
    assert_eq!(
        ledger.of_record(&other, &source).await.unwrap(),
        [(theirs.record.id().clone(), State::Received)]
    );
}
