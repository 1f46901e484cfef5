//! When requests are looked at again.

use jiff::Timestamp;
use ports::ledger::{Commit, DUE_BUCKETS, DueItem, DueKind, Requests, bucket_of};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::effect::RecordedEffect;
use snowgate_core::id::RequestId;
use snowgate_core::record::Change;

use super::{Ledger, commit, held, hold, read, trail_is_whole};
use crate::samples::{self, at, sys_id};

/// A request is put off where nobody changed it in between; its version stays.
pub async fn postponing_needs_the_same_version(ledger: &impl Requests) {
    let record = held(ledger, &sys_id(), at(0)).await;
    let id = record.id();
    assert!(ledger.postpone(id, 0, at(500), 3).await.unwrap());
    let mut postponed = record.clone();
    postponed = postponed.rescheduled(Some(at(500)), 3);
    assert_eq!(read(ledger, id).await, postponed);
    for wrong in [1, 7] {
        assert!(!ledger.postpone(id, wrong, at(900), 9).await.unwrap());
    }
    assert_eq!(read(ledger, id).await, postponed);

    // A change to the same version still wins, and sets its own time.
    let asked = commit(ledger, samples::ask(&postponed, &[sys_id()], at(1))).await;
    assert!(!ledger.postpone(id, 0, at(900), 9).await.unwrap());
    assert_eq!(read(ledger, id).await, asked);
    assert!(ledger.postpone(id, 1, at(700), 1).await.unwrap());
    trail_is_whole(ledger, id).await;

    let unknown = samples::request_id();
    assert!(!ledger.postpone(&unknown, 0, at(1), 1).await.unwrap());
    assert_eq!(ledger.load(&unknown).await.unwrap(), None);
}

fn received_in(bucket: u8, now: Timestamp) -> Change {
    let id = loop {
        let id = samples::request_id();
        if bucket_of(&id) == bucket {
            break id;
        }
    };
    samples::received_from(samples::client(), id, &sys_id(), now)
}

/// What is due, of one bucket, the longest due first, and nothing before its time.
pub async fn due_requests_come_in_order(ledger: &impl Ledger) {
    // Long before everything else in the table.
    let random = i64::from(u32::from_be_bytes(samples::random()));
    let base = Timestamp::from_second(1_000_000 + random % 900_000_000).unwrap();
    let second = |n: i64| Timestamp::from_second(base.as_second() + n).unwrap();
    let bucket = samples::random::<1>()[0] % DUE_BUCKETS;
    let other = (bucket + 1) % DUE_BUCKETS;
    let mut ids = Vec::new();
    for due in [30, 10, 20] {
        let change = received_in(bucket, at(0));
        hold(ledger, &change).await;
        let id = change.record.id().clone();
        assert!(ledger.postpone(&id, 0, second(due), 1).await.unwrap());
        ids.push(id);
    }
    let beside = received_in(other, at(0));
    hold(ledger, &beside).await;
    let beside = beside.record.id();
    assert!(ledger.postpone(beside, 0, second(10), 1).await.unwrap());
    ids.push(beside.clone());

    let due = async |bucket: u8, now: i64, limit: u16| -> Vec<(usize, i64)> {
        let found = ledger.due(bucket, second(now), limit, None).await.unwrap();
        let place = |id: &RequestId| ids.iter().position(|ours| *ours == *id);
        found
            .items
            .iter()
            .filter_map(|found| {
                let since = found.due_at?.as_second() - base.as_second();
                let DueKind::Known(Aggregate::Request(id)) = &found.about else {
                    return None;
                };
                place(id).map(|place| (place, since))
            })
            .collect()
    };
    assert_eq!(due(bucket, 9, 1000).await, []);
    assert_eq!(due(bucket, 10, 1000).await, [(1, 10)]);
    assert_eq!(due(bucket, 40, 1000).await, [(1, 10), (2, 20), (0, 30)]);
    assert_eq!(due(other, 40, 1000).await, [(3, 10)]);
    let first = ledger.due(bucket, second(40), 2, None).await.unwrap();
    assert!(first.items.len() <= 2 && first.next.is_some());
    // Page by page, all of it and nothing twice.
    let (mut paged, mut after) = (first.items, first.next);
    while let Some(key) = after {
        let page = ledger.due(bucket, second(40), 1, Some(&key)).await.unwrap();
        paged.extend(page.items);
        after = page.next;
    }
    let whole = ledger.due(bucket, second(40), 1000, None).await.unwrap();
    assert_eq!(paged, whole.items);

    // Put elsewhere or taken out where nobody did so in between, and with the version that was seen.
    let found = |items: Vec<DueItem>, id: &RequestId| {
        let about = DueKind::Known(Aggregate::Request(id.clone()));
        items.into_iter().find(|item| item.about == about).unwrap()
    };
    let latest = ids.first().unwrap();
    let item = found(whole.items, latest);
    assert!(!ledger.put_due(&item.key, Some(9), None).await.unwrap());
    assert!(
        ledger
            .put_due(&item.key, Some(0), Some(second(31)))
            .await
            .unwrap()
    );
    assert!(
        !ledger.put_due(&item.key, None, None).await.unwrap(),
        "it moved"
    );
    let there = ledger.due(bucket, second(40), 1000, None).await.unwrap();
    let item = found(there.items, latest);
    assert_eq!(item.due_at, Some(second(31)));
    assert!(ledger.put_due(&item.key, None, None).await.unwrap());
    assert_eq!(due(bucket, 40, 1000).await, [(1, 10), (2, 20)]);
    assert_eq!(read(ledger, latest).await.due_at(), None);
    assert!(ledger.postpone(latest, 0, second(30), 1).await.unwrap());

    // Put off, changed, ended: each leaves its old place.
    let [first, put_off, ended, _] = ids.as_slice() else {
        panic!("four requests");
    };
    assert!(ledger.postpone(put_off, 0, second(35), 2).await.unwrap());
    let record = read(ledger, ended).await;
    commit(ledger, samples::withdraw(&record, at(1))).await;
    assert_eq!(due(bucket, 40, 1000).await, [(0, 30), (1, 35)]);
    let record = read(ledger, first).await;
    commit(ledger, samples::ask(&record, &[sys_id()], at(1))).await;
    assert_eq!(due(bucket, 40, 1000).await, [(1, 35)]);
    let record = read(ledger, put_off).await;
    commit(ledger, samples::withdraw(&record, at(1))).await;
    assert_eq!(due(bucket, 40, 1000).await, []);
}

/// Effects whose access should be over, the longest over first, until they are forgotten.
pub async fn effects_end_in_order(ledger: &impl Ledger) {
    let base = samples::random::<2>();
    let base = 1_000_000 + i64::from(u16::from_be_bytes(base)) * 1000;
    let second = |n: i64| Timestamp::from_second(base + n).unwrap();
    let bucket = samples::random::<1>()[0] % DUE_BUCKETS;
    let user = samples::user();
    let mut effects = Vec::new();
    for end in [30, 10, 20] {
        let change = received_in(bucket, at(0));
        hold(ledger, &change).await;
        let effect = samples::effect(change.record.id(), &user, false);
        let commit = Commit {
            put_effects: vec![effect.clone()],
            effects_end: Some(second(end)),
            ..Commit::from(samples::ask(&change.record, &[sys_id()], at(1)))
        };
        ledger.commit(&commit).await.unwrap();
        effects.push(effect);
    }
    let ended = async |now: i64| {
        let page = ledger.ended(bucket, second(now), 1000, None).await.unwrap();
        let of =
            |effect: &RecordedEffect| Some((effect.principal_key.clone(), effect.request.clone()));
        let mine = page.items.into_iter().filter_map(|ended| {
            let place = effects.iter().position(|effect| of(effect) == ended.of)?;
            Some((place, ended.key))
        });
        mine.collect::<Vec<_>>()
    };
    let places = |found: &[(usize, ports::ledger::ItemKey)]| -> Vec<usize> {
        found.iter().map(|(place, _)| *place).collect()
    };
    assert_eq!(places(&ended(9).await), Vec::<usize>::new());
    let all = ended(40).await;
    assert_eq!(places(&all), [1, 2, 0]);
    let (_, key) = all.first().unwrap();
    assert!(ledger.put_end(key, second(50)).await.unwrap());
    assert!(!ledger.put_end(key, second(60)).await.unwrap(), "it moved");
    assert_eq!(places(&ended(40).await), [2, 0]);
    for effect in [effects.last(), effects.last()].into_iter().flatten() {
        ledger.forget(effect, at(2)).await.unwrap();
    }
    assert_eq!(places(&ended(60).await), [0, 1]);
    for effect in &effects {
        ledger.forget(effect, at(2)).await.unwrap();
    }
    let left = ledger
        .effect_keys(&samples::principal_key(&user))
        .await
        .unwrap();
    assert_eq!(left, ports::ledger::EffectKeys::default());
}
