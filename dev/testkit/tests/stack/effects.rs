//! Effects in a table that others write too.

use aws_ledger::DynamoLedger;
use ports::ledger::{Commit, Effects as _, NewRequest, Requests as _};
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
    unreadable.sort();
    let mut found = ledger.effects(&key).await.unwrap();
    found.unreadable.sort();
    assert_eq!(found.effects, [sound]);
    assert_eq!(found.unreadable, unreadable);
    assert_eq!(found.requests().len(), 4, "their keys name their requests");
    assert_eq!(found.keys_of(&elsewhere.request).len(), 1);
}
