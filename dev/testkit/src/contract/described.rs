//! What describing users must do.

use ports::described_users::DescribedUsers;
use ports::directory::DirectoryError;
use ports::users::Users;
use snowgate_core::identity::DescribedUser;
use snowgate_core::principal::{Principal, PrincipalType};

use super::users::{Administrator, Given, UsersWorld, created, end, new_user, refused_for_good};

/// All of it: `users` makes them, `described` looks, whoever that is.
pub async fn described(
    users: &impl Users,
    described: &impl DescribedUsers,
    administrator: &impl Administrator,
    world: &UsersWorld,
) {
    all_of_a_user(users, described, administrator, world).await;
    nobody(described, world).await;
}

async fn of(described: &impl DescribedUsers, user: &Principal) -> DescribedUser {
    let found = described.described(user).await.unwrap();
    found.expect("the user is there")
}

/// A user is described as others read it, with its keys.
async fn all_of_a_user(
    users: &impl Users,
    described: &impl DescribedUsers,
    administrator: &impl Administrator,
    world: &UsersWorld,
) {
    let user = created(users, world).await;
    let bare = of(described, &user).await;
    assert_eq!(Some(&bare.made), users.made(&user).await.unwrap().as_ref());
    assert_eq!(
        Some(&bare.facts),
        users.principal(&user).await.unwrap().as_ref()
    );
    assert_eq!((bare.keys, bare.signed_in_at), (Some(Vec::new()), None));
    for given in [
        Given::AccessKey,
        Given::AccessKey,
        Given::Group,
        Given::AttachedPolicy,
        Given::InlinePolicy,
    ] {
        administrator.give(&user, given).await;
    }
    let full = of(described, &user).await;
    assert_eq!(
        Some(&full.facts),
        users.principal(&user).await.unwrap().as_ref()
    );
    let counts = (
        full.facts.groups.len(),
        full.facts.attached.len(),
        full.facts.inline.len(),
    );
    assert_eq!(counts, (1, 1, 1));
    let known = users.credentials(&user).await.unwrap().unwrap().keys;
    let seen: Vec<_> = full
        .keys
        .iter()
        .flatten()
        .map(|key| (&key.id, key.is_active))
        .collect();
    let known: Vec<_> = known.iter().map(|key| (&key.id, key.is_active)).collect();
    assert_eq!((seen.len(), &seen), (2, &known));
    for key in full.keys.iter().flatten() {
        assert_eq!(key.last_use, None);
        assert!(
            key.created_at >= full.made.created_at,
            "{:?}",
            key.created_at
        );
    }
    users.deactivate_keys(&user).await.unwrap();
    assert!(
        of(described, &user)
            .await
            .keys
            .iter()
            .flatten()
            .all(|key| !key.is_active)
    );

    let mut shouted = user.clone();
    shouted.name = user.name.as_str().to_uppercase().parse().unwrap();
    assert_eq!(described.described(&shouted).await.unwrap(), None);
    end(users, &user).await;
    assert_eq!(described.described(&user).await.unwrap(), None);
}

/// Who is not there is none; what is no user is refused for good.
async fn nobody(described: &impl DescribedUsers, world: &UsersWorld) {
    let nobody = new_user(world).principal();
    assert_eq!(described.described(&nobody).await.unwrap(), None);
    let role = Principal {
        kind: PrincipalType::Role,
        ..nobody.clone()
    };
    refused_for_good(described.described(&role).await);
    let elsewhere = Principal {
        account_id: world.unprepared.clone(),
        ..nobody
    };
    let refused = described.described(&elsewhere).await;
    assert!(
        matches!(&refused, Err(DirectoryError::NotPrepared(id)) if *id == world.unprepared),
        "{refused:?}"
    );
}
