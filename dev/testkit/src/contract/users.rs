//! What making, looking at and ending users must do.

use std::collections::BTreeSet;
use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use ports::directory::DirectoryError;
use ports::users::{Creation, Deletion, Users};
use snowgate_core::account::PrincipalFacts;
use snowgate_core::arn::PolicyArn;
use snowgate_core::id::{AccountId, hex};
use snowgate_core::identity::{
    IdentityRecord, LIFE_POLICY_NAME, LifePolicy, NewUser, UserCredentials, UserPart, Whose,
    parts_in_order, whose,
};
use snowgate_core::lifecycle::Actor;
use snowgate_core::principal::{Principal, PrincipalType};

use crate::samples::{random, request_id, sys_id};

/// The account under test.
#[derive(Debug, Clone)]
pub struct UsersWorld {
    /// The account, with a role for us.
    pub account: AccountId,
    /// A policy of it that can be a permissions boundary.
    pub boundary: PolicyArn,
    /// An account without a role for us.
    pub unprepared: AccountId,
    /// What time it is.
    pub now: Timestamp,
}

/// What stands in the way of a user's deletion, each kind once (IAM API Reference, `DeleteUser`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// An access key, which is active.
    AccessKey,
    /// A password for the console.
    LoginProfile,
    /// An MFA device.
    MfaDevice,
    /// An SSH public key.
    SshKey,
    /// A signing certificate.
    SigningCertificate,
    /// A service-specific credential.
    ServiceCredential,
    /// Membership in a group.
    Group,
    /// A managed policy.
    AttachedPolicy,
    /// An inline policy.
    InlinePolicy,
}

impl Given {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::AccessKey,
        Self::LoginProfile,
        Self::MfaDevice,
        Self::SshKey,
        Self::SigningCertificate,
        Self::ServiceCredential,
        Self::Group,
        Self::AttachedPolicy,
        Self::InlinePolicy,
    ];

    /// The kind of part that it is.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::AccessKey => "access-key",
            Self::LoginProfile => "login-profile",
            Self::MfaDevice => "mfa-device",
            Self::SshKey => "ssh-key",
            Self::SigningCertificate => "signing-certificate",
            Self::ServiceCredential => "service-credential",
            Self::Group => "group",
            Self::AttachedPolicy => "attached-policy",
            Self::InlinePolicy => "inline-policy",
        }
    }
}

/// Somebody who administers the account.
pub trait Administrator {
    /// Gives a user one of these, another one each time.
    fn give(&self, user: &Principal, given: Given) -> impl Future<Output = ()>;
}

/// All of it.
pub async fn users(users: &impl Users, administrator: &impl Administrator, world: &UsersWorld) {
    creating(users, world).await;
    living(users, world).await;
    deactivating(users, administrator, world).await;
    each_alone_is_in_the_way(users, administrator, world).await;
    ending(users, administrator, world).await;
    nobody_and_no_user(users, world).await;
}

pub(super) fn new_user(world: &UsersWorld) -> NewUser {
    let name = format!("CI-{}", hex(&random::<6>()));
    let tags = [("Team", "billing"), ("cost center", "")];
    let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
    NewUser {
        account_id: world.account.clone(),
        name: name.parse().unwrap(),
        path: "/snowgate/".to_owned(),
        owner: sys_id(),
        tags: tags.into(),
        boundary: world.boundary.clone(),
    }
}

/// A user who was just created.
pub(super) async fn created(users: &impl Users, world: &UsersWorld) -> Principal {
    let user = new_user(world);
    let made = users.create(&user, &request_id()).await.unwrap();
    assert!(matches!(made, Creation::Made { .. }), "{made:?}");
    user.principal()
}

/// What stands in the way of a user's deletion.
async fn parts(users: &impl Users, user: &Principal) -> Vec<UserPart> {
    let (facts, credentials) = read(users, user).await;
    parts_in_order(&facts, &credentials)
}

async fn read(users: &impl Users, user: &Principal) -> (PrincipalFacts, UserCredentials) {
    let facts = users.principal(user).await.unwrap();
    let credentials = users.credentials(user).await.unwrap();
    (facts.expect("the user is there"), credentials.unwrap())
}

/// A user is there with just what was asked for, once, and is told from others of its name.
async fn creating(users: &impl Users, world: &UsersWorld) {
    let (user, request) = (new_user(world), request_id());
    let principal = user.principal();
    assert_eq!(users.made(&principal).await.unwrap(), None);
    let created = users.create(&user, &request).await.unwrap();
    let Creation::Made { unique_id } = created else {
        panic!("nobody has the name: {created:?}");
    };
    let made = users.made(&principal).await.unwrap().unwrap();
    assert_eq!((&made.name, &made.unique_id), (&user.name, &unique_id));
    assert_eq!(made.path, user.path);
    assert_eq!(made.boundary.as_deref(), Some(user.boundary.as_str()));
    assert_eq!(made.tags, user.tags_for(&request));
    assert_eq!(
        (made.tag("TEAM"), made.tag("Cost Center")),
        (Some("billing"), Some(""))
    );

    let record = |request, user| {
        let begun = IdentityRecord::begin(request, user, Actor::Provisioner, world.now);
        begun.unwrap().record
    };
    let ours = record(request.clone(), user.clone());
    assert_eq!(whose(&made, &ours), Whose::Ours);
    let foreign = record(request_id(), user.clone());
    assert_eq!(whose(&made, &foreign), Whose::Another);

    // Again, for the same request and another one, in the same case and another one.
    let mut lower = user.clone();
    lower.name = user.name.as_str().to_lowercase().parse().unwrap();
    let mut other = lower.clone();
    other.path = "/elsewhere/".to_owned();
    for (user, request) in [
        (&user, &request),
        (&lower, &request),
        (&other, &request_id()),
    ] {
        let again = users.create(user, request).await.unwrap();
        assert_eq!(again, Creation::NameTaken);
    }
    assert_eq!(users.made(&principal).await.unwrap().as_ref(), Some(&made));

    // It is found as any other is, and has nothing.
    let found = users.user_name(&world.account, &unique_id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&user.name));
    let (facts, credentials) = read(users, &principal).await;
    assert_eq!(facts.owner_tag.as_deref(), Some(user.owner.as_str()));
    assert_eq!(parts_in_order(&facts, &credentials), []);
    assert_eq!(users.delete(&principal).await.unwrap(), Deletion::Done);
    assert_eq!(users.made(&principal).await.unwrap(), None);

    // The next one of the name is another.
    let next = users.create(&user, &request).await.unwrap();
    assert!(
        matches!(&next, Creation::Made { unique_id: id } if *id != unique_id),
        "{next:?}"
    );
    users.delete(&principal).await.unwrap();
}

/// A life policy is put, put again, and replaced.
async fn living(users: &impl Users, world: &UsersWorld) {
    let user = created(users, world).await;
    let until = world.now + SignedDuration::from_hours(4);
    for life in [LifePolicy::Until(until), LifePolicy::Over] {
        for _ in 0..2 {
            users.put_life(&user, life).await.unwrap();
            let (facts, _) = read(users, &user).await;
            let inline: Vec<_> = facts
                .inline
                .iter()
                .map(|one| (&*one.name, &*one.document))
                .collect();
            assert_eq!(inline, [(LIFE_POLICY_NAME, life.document().as_str())]);
        }
    }
    assert_eq!(users.delete(&user).await.unwrap(), Deletion::InTheWay);
    let life = UserPart::InlinePolicy(LIFE_POLICY_NAME.to_owned());
    users.remove(&user, &life).await.unwrap();
    assert_eq!(users.delete(&user).await.unwrap(), Deletion::Done);
}

/// All keys are made inactive, and stay.
async fn deactivating(users: &impl Users, administrator: &impl Administrator, world: &UsersWorld) {
    let user = created(users, world).await;
    users.deactivate_keys(&user).await.unwrap();
    for _ in 0..2 {
        administrator.give(&user, Given::AccessKey).await;
    }
    let keys = async || read(users, &user).await.1.keys;
    let before = keys().await;
    assert_eq!(before.iter().filter(|key| key.is_active).count(), 2);
    for _ in 0..2 {
        users.deactivate_keys(&user).await.unwrap();
        let after = keys().await;
        assert!(after.iter().all(|key| !key.is_active), "{after:?}");
        let ids = |keys: &[snowgate_core::identity::UserKey]| -> BTreeSet<String> {
            keys.iter().map(|key| key.id.clone()).collect()
        };
        assert_eq!(ids(&after), ids(&before));
    }
    end(users, &user).await;
}

/// Each kind of thing alone keeps a user from being deleted, is seen, and is removed.
async fn each_alone_is_in_the_way(
    users: &impl Users,
    administrator: &impl Administrator,
    world: &UsersWorld,
) {
    for given in Given::ALL {
        let user = created(users, world).await;
        administrator.give(&user, given).await;
        let deleted = users.delete(&user).await.unwrap();
        assert_eq!(deleted, Deletion::InTheWay, "{given:?}");
        let found = parts(users, &user).await;
        let [part] = found.as_slice() else {
            panic!("{given:?} is seen as {found:?}");
        };
        assert_eq!(part.kind(), given.kind());
        for _ in 0..2 {
            users.remove(&user, part).await.unwrap();
            assert_eq!(parts(users, &user).await, [], "{given:?}");
        }
        for _ in 0..2 {
            assert_eq!(users.delete(&user).await.unwrap(), Deletion::Done);
        }
        assert_eq!(users.made(&user).await.unwrap(), None);
    }
}

/// A user that has two of everything is ended step by step, each taken up from what is read; nobody else
/// loses anything.
async fn ending(users: &impl Users, administrator: &impl Administrator, world: &UsersWorld) {
    let (user, bystander) = (created(users, world).await, created(users, world).await);
    for user in [&user, &bystander] {
        for given in Given::ALL {
            let times = if given == Given::LoginProfile { 1 } else { 2 };
            for _ in 0..times {
                administrator.give(user, given).await;
            }
        }
        users.put_life(user, LifePolicy::Over).await.unwrap();
    }
    let others = read(users, &bystander).await;
    let mut left = parts(users, &user).await;
    assert_eq!(left.len(), 8 * 2 + 1 + 1, "{left:?}");
    // Whatever somebody else has, by its name there.
    for part in parts(users, &bystander).await {
        if part != UserPart::LoginProfile && !part.is_life_policy() {
            users.remove(&user, &part).await.unwrap();
        }
    }
    assert_eq!(parts(users, &user).await, left);
    while let Some(part) = left.first().cloned() {
        assert_eq!(users.delete(&user).await.unwrap(), Deletion::InTheWay);
        let is_last = left.len() == 1;
        assert_eq!(part.is_life_policy(), is_last, "{left:?}");
        users.remove(&user, &part).await.unwrap();
        left.remove(0);
        assert_eq!(parts(users, &user).await, left);
    }
    assert_eq!(users.delete(&user).await.unwrap(), Deletion::Done);
    assert_eq!(users.made(&user).await.unwrap(), None);
    assert_eq!(read(users, &bystander).await, others);
    end(users, &bystander).await;
}

/// Ends a user in one go.
pub(super) async fn end(users: &impl Users, user: &Principal) {
    for part in parts(users, user).await {
        users.remove(user, &part).await.unwrap();
    }
    assert_eq!(users.delete(user).await.unwrap(), Deletion::Done);
}

/// What is gone needs no ending; what cannot be is refused for good.
async fn nobody_and_no_user(users: &impl Users, world: &UsersWorld) {
    let nobody = new_user(world).principal();
    assert_eq!(users.credentials(&nobody).await.unwrap(), None);
    users.deactivate_keys(&nobody).await.unwrap();
    let named = || "aaaaaaaaaaaaaaaaaaaaaaaa".to_owned();
    for part in [
        UserPart::AccessKey(named()),
        UserPart::LoginProfile,
        UserPart::MfaDevice(named()),
        UserPart::SshKey(named()),
        UserPart::SigningCertificate(named()),
        UserPart::ServiceCredential(named()),
        UserPart::Group(named()),
        UserPart::AttachedPolicy(world.boundary.as_str().to_owned()),
        UserPart::InlinePolicy(named()),
    ] {
        users.remove(&nobody, &part).await.unwrap();
    }
    assert_eq!(users.delete(&nobody).await.unwrap(), Deletion::Done);
    refused_for_good(users.put_life(&nobody, LifePolicy::Over).await);

    let role = Principal {
        kind: PrincipalType::Role,
        ..nobody
    };
    refused_for_good(users.made(&role).await);
    refused_for_good(users.put_life(&role, LifePolicy::Over).await);
    refused_for_good(users.credentials(&role).await);
    refused_for_good(users.deactivate_keys(&role).await);
    refused_for_good(users.remove(&role, &UserPart::LoginProfile).await);
    refused_for_good(users.delete(&role).await);

    let mut elsewhere = new_user(world);
    elsewhere.account_id = world.unprepared.clone();
    let refused = users.create(&elsewhere, &request_id()).await;
    assert!(
        matches!(&refused, Err(DirectoryError::NotPrepared(id)) if *id == world.unprepared),
        "{refused:?}"
    );
}

pub(super) fn refused_for_good<T: std::fmt::Debug>(outcome: Result<T, DirectoryError>) {
    let Err(DirectoryError::Call(error)) = outcome else {
        panic!("this cannot be done: {outcome:?}");
    };
    assert!(!error.is_transient(), "{error}");
}
