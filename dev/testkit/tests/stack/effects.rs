//! Effects and trails in a table that others write too.

use aws_ledger::DynamoLedger;
use ports::ledger::{Commit, Effects as _, NewRequest, Requests as _};
use snowgate_core::audit::TrailFault;
use snowgate_core::audit::chained;
use snowgate_core::record::RequestRecord;
use snowgate_core::stored;
use testkit::samples::{self, at, sys_id};

use super::stack;

/// One that no program wrote, one that says something else than its key, and one of another
/// principal: the others are read beside them.
#[tokio::test]
async fn effects_that_cannot_be_read_keep_no_other_back() {
    let Some(stack) = stack().await else { return };
    let (requests, _) = stack.tables().await;
    let ledger = DynamoLedger::new(&stack.config, &requests, None);
    let user = samples::user();
    let key = samples::principal_key(&user);
    let change = samples::received(&sys_id(), at(0));
    let id = change.record.id().clone();
    let new = NewRequest { change, key: None };
    ledger.create(&new).await.unwrap();
    let sound = samples::effect(&id, &user, false);
    let mut commit = Commit::from(samples::withdraw(&new.change.record, at(1)));
    commit.put_effects = vec![sound.clone()];
    ledger.commit(&commit).await.unwrap();

    let elsewhere = samples::effect(&samples::request_id(), &samples::user(), false);
    let moved = stored::write(&elsewhere).unwrap();
    let mut unreadable = Vec::new();
    for (id, doc) in [
        (samples::request_id(), "canary"),
        (samples::request_id(), moved.as_str()),
        (elsewhere.request.clone(), moved.as_str()),
    ] {
        let effect = samples::effect(&id, &user, false);
        stack.put_effect(&requests, &key, &effect.key(), doc).await;
        unreadable.push(effect.key());
    }
    let found = ledger.effect_keys(&key).await.unwrap();
    let mut all = [unreadable.clone(), vec![sound.key()]].concat();
    assert_eq!(ledger.effects(&key, &all).await.unwrap(), [sound]);
    all.sort();
    assert_eq!(found, all.iter().cloned().collect());
    assert_eq!(found.requests().len(), 4, "their keys name their requests");
    assert_eq!(found.keys_of(&elsewhere.request).len(), 1);
}

/// Items of megabytes that sort in front of the rows of a trail, and one among them, hide none of it: its
/// record was put back, and its rows say that IAM was changed.
#[tokio::test]
async fn what_is_put_in_front_of_a_trail_hides_none_of_its_rows() {
    let Some(stack) = stack().await else { return };
    let (requests, _) = stack.tables().await;
    let ledger = DynamoLedger::new(&stack.config, &requests, None);
    let change = samples::received(&sys_id(), at(0));
    let record = change.record.clone();
    ledger
        .create(&NewRequest { change, key: None })
        .await
        .unwrap();
    let asked = samples::ask(&record, &[sys_id()], at(1));
    ledger.commit(&Commit::from(asked)).await.unwrap();
    let trail = ledger.trail(record.id()).await.unwrap();
    let junk = |sk: String| [format!("REQ#{}", record.id()), sk];
    let among = junk("EVT#00000000000".to_owned());
    stack.put_item(&requests, among, "?").await;
    let with_one = ledger.first_rows(record.id()).await.unwrap();
    assert_eq!(chained::<RequestRecord>(&with_one, record.id()).len(), 2);
    assert_eq!(with_one.len(), 3, "all fit");
    let big = "?".repeat(390_000);
    for n in 0..11 {
        let sk = junk(format!("EVT#!{n}"));
        stack.put_item(&requests, sk, &big).await;
    }
    assert_eq!(ledger.first_rows(record.id()).await.unwrap(), trail);
    let long = ledger.load(record.id()).await.unwrap().unwrap();
    assert_eq!(long.trail_fault(), Some(TrailFault::TooLong));
    assert!(long.was_put_back(), "rows may be missing");
}
