//! What is written beside a change, or not at all.

use ports::ledger::Commit;
use snowgate_core::effect::{EffectChange, RecordedEffect, Removal, inline_policy_name};
use snowgate_core::id::Digest;
use snowgate_core::principal::PrincipalKey;

use super::{Ledger, commit, conflicts, held, read};
use crate::samples::{self, at, random, sys_id};

/// The effects on a principal, all of which can be read.
async fn effects(ledger: &impl Ledger, key: &PrincipalKey) -> Vec<RecordedEffect> {
    let keys = ledger.effect_keys(key).await.unwrap();
    let of = |id| keys.keys_of(&id);
    let keys: Vec<String> = keys.requests().into_iter().flat_map(of).collect();
    let recorded = ledger.effects(key, &keys).await.unwrap();
    assert_eq!(recorded.len(), keys.len());
    recorded
}

/// An effect is kept as it was first put, counts for its request alone, and goes when it is
/// deleted.
pub async fn effects_are_put_once(ledger: &impl Ledger) {
    let user = samples::user();
    let mut shouted = user.clone();
    shouted.name = user.name.as_str().to_ascii_uppercase().parse().unwrap();
    let key = samples::principal_key(&user);
    let first = held(ledger, &sys_id(), at(0)).await;
    let second = held(ledger, &sys_id(), at(0)).await;
    assert_eq!(effects(ledger, &key).await, []);

    let mine = samples::effect(first.id(), &user, true);
    let put = |record, effects: &[RecordedEffect], second| {
        let mut change = Commit::from(samples::ask(record, &[sys_id()], at(second)));
        change.put_effects = effects.to_vec();
        change
    };
    let change = put(&first, std::slice::from_ref(&mine), 1);
    ledger.commit(&change).await.unwrap();
    assert_eq!(effects(ledger, &key).await, std::slice::from_ref(&mine));

    // Again, with another memory of what was there before: the first one counts.
    let first = read(ledger, first.id()).await;
    let mut again = Commit::from(samples::withdraw(&first, at(2)));
    again.put_effects = vec![samples::effect(first.id(), &user, false)];
    ledger.commit(&again).await.unwrap();
    assert_eq!(
        effects(ledger, &samples::principal_key(&shouted)).await,
        std::slice::from_ref(&mine)
    );

    let theirs = samples::effect(second.id(), &shouted, false);
    let mut stale = Commit::from(samples::withdraw(&first, at(3)));
    stale.put_effects = vec![theirs.clone()];
    conflicts(ledger, &stale).await;
    assert_eq!(effects(ledger, &key).await, std::slice::from_ref(&mine));
    let change = put(&second, std::slice::from_ref(&theirs), 3);
    ledger.commit(&change).await.unwrap();
    let mut both = effects(ledger, &key).await;
    both.sort_by_key(|effect| effect.preexisting);
    assert_eq!(both, [theirs.clone(), mine.clone()]);

    let second = read(ledger, second.id()).await;
    let mut delete = Commit::from(samples::withdraw(&second, at(4)));
    // One that is not there is gone already.
    delete.delete_effects = vec![
        theirs,
        samples::effect(&samples::request_id(), &user, false),
    ];
    ledger.commit(&delete).await.unwrap();
    assert_eq!(effects(ledger, &key).await, [mine]);
    assert_eq!(
        effects(ledger, &samples::principal_key(&samples::user())).await,
        []
    );
}

/// What was removed is remembered with the last time: not what stays, and not what is named for one
/// request.
pub async fn what_was_removed_is_remembered(ledger: &impl Ledger) {
    let user = samples::user();
    let key = samples::principal_key(&user);
    let record = held(ledger, &sys_id(), at(0)).await;
    let inline = RecordedEffect {
        change: EffectChange::InlinePolicyPut {
            name: inline_policy_name(record.id()),
            document: "{}".to_owned(),
            ends_at: at(60),
        },
        ..samples::effect(record.id(), &user, false)
    };
    let stays = samples::effect(record.id(), &user, true);
    for effect in [&inline, &stays] {
        ledger.forget(effect, at(1)).await.unwrap();
    }
    assert_eq!(ledger.removals(&key).await.unwrap(), []);
    let removed = |second| Removal {
        change: stays.change.key(),
        at: at(second),
    };
    let mut change = Commit::from(samples::ask(&record, &[sys_id()], at(2)));
    let mine = samples::effect(record.id(), &user, false);
    let theirs = samples::effect(&samples::request_id(), &user, false);
    change.delete_effects = vec![inline, mine.clone(), theirs];
    ledger.commit(&change).await.unwrap();
    assert_eq!(ledger.removals(&key).await.unwrap(), [removed(2)]);
    ledger.forget(&mine, at(3)).await.unwrap();
    assert_eq!(ledger.removals(&key).await.unwrap(), [removed(3)]);
    let other = samples::principal_key(&samples::user());
    assert_eq!(ledger.removals(&other).await.unwrap(), []);
}

/// Effects are kept by the principal's unique id: they stay with one that is renamed, and another
/// of the same name has none of them.
pub async fn effects_stay_with_their_principal(ledger: &impl Ledger) {
    let before = samples::user();
    let after = samples::user();
    let record = held(ledger, &sys_id(), at(0)).await;
    let mut effect = samples::effect(record.id(), &before, false);
    let unique_id = format!(
        "AIDA{}",
        snowgate_core::id::hex(&random::<8>()).to_uppercase()
    );
    effect.principal_key = before.key_by_id(&unique_id);
    let mut change = Commit::from(samples::ask(&record, &[sys_id()], at(1)));
    change.put_effects = vec![effect.clone()];
    ledger.commit(&change).await.unwrap();
    let of = async |key| effects(ledger, &key).await;
    assert_eq!(of(after.key_by_id(&unique_id)).await, [effect]);
    let again = format!("{unique_id}2");
    assert_eq!(of(before.key_by_id(&again)).await, []);
    assert_eq!(of(before.key_by_name()).await, []);
}

/// Review links are opened with their change or not at all, and stay after their end.
pub async fn tokens_come_with_their_change(ledger: &impl Ledger) {
    let record = held(ledger, &sys_id(), at(0)).await;
    let tokens = [
        samples::token(record.id(), at(60)),
        samples::token(record.id(), at(-1_000_000)),
    ];
    let mut change = Commit::from(samples::ask(&record, &[sys_id()], at(1)));
    change.tokens = tokens.to_vec();
    ledger.commit(&change).await.unwrap();
    for token in &tokens {
        let found = ledger.token(&token.digest).await.unwrap();
        assert_eq!(found.as_ref(), Some(token));
    }
    let unknown = Digest::of(&random::<32>());
    assert_eq!(ledger.token(&unknown).await.unwrap(), None);

    let late = samples::token(record.id(), at(60));
    let mut stale = Commit::from(samples::withdraw(&record, at(2)));
    stale.tokens = vec![late.clone()];
    conflicts(ledger, &stale).await;
    assert_eq!(ledger.token(&late.digest).await.unwrap(), None);

    // A link is never given to another request.
    let other = held(ledger, &sys_id(), at(0)).await;
    let mut theft = Commit::from(samples::ask(&other, &[sys_id()], at(1)));
    theft.tokens = vec![snowgate_core::approval::TokenRow {
        request: other.id().clone(),
        ..tokens[0].clone()
    }];
    conflicts(ledger, &theft).await;
    assert_eq!(
        ledger.token(&tokens[0].digest).await.unwrap().as_ref(),
        Some(&tokens[0])
    );
    commit(ledger, samples::withdraw(&other, at(2))).await;
}
