//! What reading and changing IAM must do.

use ports::directory::{Directory, DirectoryError, Member};
use snowgate_core::account::{PolicyFacts, PrincipalFacts};
use snowgate_core::arn::PolicyArn;
use snowgate_core::id::AccountId;
use snowgate_core::principal::{Principal, PrincipalType};

/// What the account under test holds. Neither user nor role has policies attached.
#[derive(Debug, Clone)]
pub struct DirectoryWorld {
    /// A user, and what is to be read of it.
    pub user: (Principal, PrincipalFacts),
    /// A role, and what is to be read of it.
    pub role: (Principal, PrincipalFacts),
    /// Policies that can be attached: more than IAM lists in one page where that can be had.
    pub policies: Vec<PolicyFacts>,
    /// An account without a role for us.
    pub unprepared: AccountId,
}

fn named(like: &Principal, name: &str) -> Principal {
    Principal {
        name: name.parse().unwrap(),
        ..like.clone()
    }
}

async fn read(directory: &impl Directory, principal: &Principal) -> PrincipalFacts {
    let found = directory.principal(principal).await.unwrap();
    found.expect("the principal exists")
}

/// All of it but [`missing_policies_cannot_be_attached`], which a local AWS may not know.
pub async fn directory(member: &impl Member, world: &DirectoryWorld) {
    reading(member, world).await;
    for (principal, facts) in [&world.user, &world.role] {
        changing(member, principal, facts, &world.policies).await;
    }
    what_is_not_there(member, world).await;
}

/// Principals and policies read as they are.
pub async fn reading(directory: &impl Directory, world: &DirectoryWorld) {
    for (principal, facts) in [&world.user, &world.role] {
        assert_eq!(read(directory, principal).await, *facts);
    }
    for facts in &world.policies {
        let account = &world.user.0.account_id;
        let found = directory.policy(account, &facts.arn).await.unwrap();
        assert_eq!(found.as_ref(), Some(facts));
    }
    let policy = &world.policies.first().unwrap().arn;
    let unprepared = directory.policy(&world.unprepared, policy).await;
    assert!(
        matches!(&unprepared, Err(DirectoryError::NotPrepared(id)) if *id == world.unprepared),
        "{unprepared:?}"
    );
}

async fn changing(
    member: &impl Member,
    principal: &Principal,
    before: &PrincipalFacts,
    policies: &[PolicyFacts],
) {
    for facts in policies {
        for _ in 0..2 {
            member.attach(principal, &facts.arn).await.unwrap();
        }
    }
    let mut attached = read(member, principal).await.attached;
    attached.sort();
    let mut expected: Vec<_> = policies
        .iter()
        .map(|facts| facts.arn.as_str().to_owned())
        .collect();
    expected.sort();
    assert_eq!(attached, expected);
    for facts in policies {
        for _ in 0..2 {
            member.detach(principal, &facts.arn).await.unwrap();
        }
    }
    assert_eq!(read(member, principal).await, *before);
}

fn refused_for_good(outcome: Result<(), DirectoryError>) {
    let Err(DirectoryError::Call(error)) = outcome else {
        panic!("what is not there cannot be attached: {outcome:?}");
    };
    assert!(!error.may_retry(), "{error}");
}

fn no_policy(world: &DirectoryWorld) -> PolicyArn {
    let partition = world.policies.first().unwrap().arn.partition();
    let account = &world.user.0.account_id;
    let arn = format!("arn:{partition}:iam::{account}:policy/there-is-none");
    arn.parse().unwrap()
}

/// A policy that does not exist is not attached.
pub async fn missing_policies_cannot_be_attached(member: &impl Member, world: &DirectoryWorld) {
    for (principal, facts) in [&world.user, &world.role] {
        refused_for_good(member.attach(principal, &no_policy(world)).await);
        assert_eq!(read(member, principal).await, *facts);
    }
}

async fn what_is_not_there(member: &impl Member, world: &DirectoryWorld) {
    let policy = &world.policies.first().unwrap().arn;
    let account = &world.user.0.account_id;
    let no_policy = no_policy(world);
    assert_eq!(member.policy(account, &no_policy).await.unwrap(), None);
    for (known, _) in [&world.user, &world.role] {
        let nobody = named(known, "there-is-nobody");
        assert_eq!(member.principal(&nobody).await.unwrap(), None);
        member.detach(&nobody, policy).await.unwrap();
        member.detach(known, &no_policy).await.unwrap();
        refused_for_good(member.attach(&nobody, policy).await);
    }
    // A user is no role, whatever it is called.
    let mut as_role = world.user.0.clone();
    as_role.kind = PrincipalType::Role;
    assert_eq!(member.principal(&as_role).await.unwrap(), None);
}
