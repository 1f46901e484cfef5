//! Users for whoever only reads.

use std::collections::BTreeMap;

use ports::ledger::Commit;
use ports::user_records::UserPlace;
use snowgate_core::id::AccountId;
use snowgate_core::identity::{DeletedBecause, IdentityEvent, IdentityRecord, NewUser};
use snowgate_core::record::FailureCode;

use super::identities::{begun, created, then};
use super::{Ledger, held};
use crate::samples::{self, at, random, sys_id};

/// An account that nothing else is in.
fn account() -> AccountId {
    let number = u64::from_be_bytes(random()) % 900_000_000_000;
    format!("{}", 100_000_000_000 + number).parse().unwrap()
}

fn user(account: &AccountId, name: &str) -> NewUser {
    NewUser {
        account_id: account.clone(),
        name: name.parse().unwrap(),
        ..samples::new_user()
    }
}

/// A user of this name that is being created.
async fn begin(ledger: &impl Ledger, account: &AccountId, name: &str) -> IdentityRecord {
    let change = begun(&samples::request_id(), user(account, name), at(0));
    ledger
        .commit_identity(&change.clone().into())
        .await
        .unwrap();
    change.record
}

/// The names on all pages of so many, with how many pages there were; `between` happens after the first.
async fn names(
    ledger: &impl Ledger,
    account: &AccountId,
    limit: u16,
    between: impl AsyncFnOnce(),
) -> Vec<String> {
    let (mut names, mut between) = (Vec::new(), Some(between));
    let mut after: Option<UserPlace> = None;
    loop {
        let page = ledger.users(account, after.as_ref(), limit).await.unwrap();
        assert!(page.users.len() <= limit.into(), "{}", page.users.len());
        let of_page = page.users.iter().map(|user| user.user().name.to_string());
        names.extend(of_page);
        if let Some(between) = between.take() {
            between().await;
        }
        after = page.next;
        if after.is_none() {
            return names;
        }
    }
}

/// The users of an account are listed in the order of their names, page by page, while others are made;
/// who cannot be in IAM is not among them.
pub async fn users_are_listed_by_account(ledger: &impl Ledger) {
    let (ours, others) = (account(), account());
    assert_eq!(names(ledger, &ours, 2, async || {}).await, [""; 0]);
    let mut records = BTreeMap::new();
    for name in ["ci-d", "CI-B", "ci-a", "ci-C", "ci-e"] {
        records.insert(name, begin(ledger, &ours, name).await);
    }
    begin(ledger, &others, "ci-b").await;
    let all = ["ci-a", "CI-B", "ci-C", "ci-d", "ci-e"];
    for limit in [1, 2, 5, 25] {
        assert_eq!(
            names(ledger, &ours, limit, async || {}).await,
            all,
            "{limit}"
        );
    }
    let page = ledger.users(&ours, None, 25).await.unwrap();
    let first = page.users.first().unwrap();
    assert_eq!((Some(first), &page.next), (records.get("ci-a"), &None));

    // What is made meanwhile is seen where its place is still to come, and nobody twice.
    let meanwhile = async || {
        begin(ledger, &ours, "ci-aa").await;
        begin(ledger, &ours, "ci-cc").await;
    };
    let seen = names(ledger, &ours, 2, meanwhile).await;
    assert_eq!(seen, ["ci-a", "CI-B", "ci-C", "ci-cc", "ci-d", "ci-e"]);

    // A place stays good when the user there is gone.
    let gone = async || {
        let [first, second] = ["ci-a", "ci-aa"].map(|name| name.to_owned());
        let record = records.get(first.as_str()).unwrap();
        then(ledger, record, IdentityEvent::Discarded, at(1)).await;
        let second = user(&ours, &second).principal();
        let record = ledger.user_named(&second).await.unwrap().unwrap();
        let mut record = then(ledger, &record, created(), at(1)).await;
        let code = FailureCode::NameTaken;
        let because = DeletedBecause::Rollback { code };
        for event in [
            IdentityEvent::DeletionStarted { because },
            IdentityEvent::Deleted,
        ] {
            record = then(ledger, &record, event, at(2)).await;
        }
    };
    let seen = names(ledger, &ours, 2, gone).await;
    assert_eq!(
        seen,
        ["ci-a", "ci-aa", "CI-B", "ci-C", "ci-cc", "ci-d", "ci-e"]
    );
    let left = ["CI-B", "ci-C", "ci-cc", "ci-d", "ci-e"];
    assert_eq!(names(ledger, &ours, 3, async || {}).await, left);
    assert_eq!(names(ledger, &others, 3, async || {}).await, ["ci-b"]);

    // What changes of a user changes in the list, and its name leads to it in any case.
    let live = records.get("CI-B").unwrap();
    let live = then(ledger, live, created(), at(3)).await;
    let page = ledger.users(&ours, None, 1).await.unwrap();
    assert_eq!(page.users.as_slice(), std::slice::from_ref(&live));
    for name in ["ci-b", "CI-B"] {
        let found = ledger.user_named(&user(&ours, name).principal()).await;
        assert_eq!(found.unwrap().as_ref(), Some(&live));
    }
    for (account, name) in [
        (&ours, "ci-a"),
        (&ours, "ci-aa"),
        (&ours, "nobody"),
        (&account(), "ci-b"),
    ] {
        let found = ledger.user_named(&user(account, name).principal()).await;
        assert_eq!(found.unwrap(), None, "{name}");
    }
    // Somebody's place that never was one is as good as any.
    let place = UserPlace("ci-cb!".to_owned());
    let page = ledger.users(&ours, Some(&place), 25).await.unwrap();
    let rest: Vec<_> = page
        .users
        .iter()
        .map(|user| user.user().name.as_str())
        .collect();
    assert_eq!(rest, ["ci-cc", "ci-d", "ci-e"]);
}

/// What is recorded on a principal is read all at once, and of requests whose they are.
pub async fn what_is_recorded_on_a_principal_is_read(ledger: &impl Ledger) {
    let principal = samples::user();
    let mut effects = Vec::new();
    let mut requests = Vec::new();
    for _ in 0..30 {
        let request = held(ledger, &sys_id(), at(0)).await;
        let effect = samples::effect(request.id(), &principal, false);
        let mut commit = Commit::from(samples::ask(&request, &[sys_id()], at(1)));
        commit.put_effects = vec![effect.clone()];
        ledger.commit(&commit).await.unwrap();
        requests.push(request.id().clone());
        effects.push((effect, commit.change.record));
    }
    let key = effects.first().unwrap().0.principal_key.clone();
    let recorded = ledger.recorded_on(&key).await.unwrap();
    assert_eq!((recorded.effects.len(), recorded.removals.len()), (30, 0));
    let (gone, record) = effects.pop().unwrap();
    let mut commit = Commit::from(samples::withdraw(&record, at(2)));
    commit.delete_effects = vec![gone.clone()];
    ledger.commit(&commit).await.unwrap();
    let mut recorded = ledger.recorded_on(&key).await.unwrap();
    assert_eq!(recorded.removals.len(), 1);
    let mut kept: Vec<_> = effects.into_iter().map(|(effect, _)| effect).collect();
    kept.sort_by_key(snowgate_core::effect::RecordedEffect::key);
    recorded
        .effects
        .sort_by_key(snowgate_core::effect::RecordedEffect::key);
    assert_eq!(recorded.effects, kept);
    let nobody = samples::user().key_by_name();
    assert_eq!(
        ledger.recorded_on(&nobody).await.unwrap(),
        Default::default()
    );

    let unknown = samples::request_id();
    requests.extend([unknown.clone(), requests.first().unwrap().clone()]);
    let clients = ledger.clients_of(&requests).await.unwrap();
    assert_eq!((clients.len(), clients.get(&unknown)), (30, None));
    assert!(clients.values().all(|client| *client == samples::client()));
    assert!(ledger.clients_of(&[]).await.unwrap().is_empty());
}
