//! What reading and changing IAM must do.

use ports::directory::{Directory, DirectoryError, Member};
use snowgate_core::account::{
    GroupFacts, Membership, PolicyFacts, PrincipalFacts, PrincipalQuotas, RoleFacts,
};
use snowgate_core::arn::{PolicyArn, RoleArn};
use snowgate_core::effect::EffectChange;
use snowgate_core::id::AccountId;
use snowgate_core::principal::{Principal, PrincipalType};
use snowgate_core::request::GroupName;

use crate::samples::at;

/// What the account under test holds. Neither user nor role has policies or is in a group.
#[derive(Debug, Clone)]
pub struct DirectoryWorld {
    /// A user, and what is to be read of it.
    pub user: (Principal, PrincipalFacts),
    /// A role, and what is to be read of it.
    pub role: (Principal, PrincipalFacts),
    /// Policies that can be attached: more than IAM lists in one page where that can be had.
    pub policies: Vec<PolicyFacts>,
    /// Groups of the user's account, one of them with attached and inline policies.
    pub groups: Vec<GroupFacts>,
    /// Roles that may be assumed, one of them with a path and attached and inline policies.
    pub roles: Vec<RoleFacts>,
    /// An account without a role for us.
    pub unprepared: AccountId,
}

/// Documents with all that percent-encoding, JSON and IAM between them may garble.
const DOCUMENTS: [&str; 2] = [
    r#"{"Statement":[{"Action":"s3:GetObject","Effect":"Allow","Resource":"arn:aws:s3:::reports-ü/a+b%20c/${aws:username}/*"}],"Version":"2012-10-17"}"#,
    r#"{"Statement":[{"Action":"s3:*","Condition":{"StringLike":{"s3:prefix":["a \"b\" & <c>","%"]}},"Effect":"Allow","Resource":"*"}],"Version":"2012-10-17"}"#,
];

fn named(like: &Principal, name: &str) -> Principal {
    Principal {
        name: name.parse().unwrap(),
        ..like.clone()
    }
}

fn attached(policy: &PolicyArn) -> EffectChange {
    EffectChange::PolicyAttached {
        policy_arn: policy.clone(),
    }
}

fn put(name: &str, document: &str) -> EffectChange {
    EffectChange::InlinePolicyPut {
        name: name.to_owned(),
        document: document.to_owned(),
        ends_at: at(0),
    }
}

fn joined(group: &str) -> EffectChange {
    EffectChange::GroupJoined {
        group: group.parse().unwrap(),
        unique_id: None,
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
        attaching(member, principal, facts, &world.policies).await;
        putting(member, principal, facts).await;
    }
    joining(member, world).await;
    finding(member, world).await;
    what_is_not_there(member, world).await;
}

/// Principals, policies, groups and roles read as they are.
pub async fn reading(directory: &impl Directory, world: &DirectoryWorld) {
    for (principal, facts) in [&world.user, &world.role] {
        assert_eq!(read(directory, principal).await, *facts);
    }
    let account = &world.user.0.account_id;
    for kind in [PrincipalType::User, PrincipalType::Role] {
        let quotas = directory.quotas(account, kind).await.unwrap();
        let default = PrincipalQuotas {
            users_there: quotas.users_there,
            ..PrincipalQuotas::default_of(kind)
        };
        assert_eq!(quotas, default);
        assert!(quotas.users_there > 0, "the one that is read is there");
    }
    for facts in &world.policies {
        let found = directory.policy(account, &facts.arn).await.unwrap();
        assert_eq!(found.as_ref(), Some(facts));
    }
    for facts in &world.groups {
        let found = directory.group(account, &group_of(facts)).await.unwrap();
        assert_eq!(found.as_ref(), Some(facts));
    }
    for facts in &world.roles {
        let found = directory.role(&facts.arn).await.unwrap();
        assert_eq!(found.as_ref(), Some(facts));
    }
    unprepared(directory, world).await;
}

async fn unprepared(directory: &impl Directory, world: &DirectoryWorld) {
    let account = &world.unprepared;
    let policy = &world.policies.first().unwrap().arn;
    let group = group_of(world.groups.first().unwrap());
    let role = format!("arn:{}:iam::{account}:role/reader", policy.partition());
    let refusals = [
        directory.policy(account, policy).await.err(),
        directory.quotas(account, PrincipalType::User).await.err(),
        directory.group(account, &group).await.err(),
        directory.role(&role.parse().unwrap()).await.err(),
    ];
    for refusal in refusals {
        assert!(
            matches!(&refusal, Some(DirectoryError::NotPrepared(id)) if id == account),
            "{refusal:?}"
        );
    }
}

fn membership(facts: &GroupFacts) -> Membership {
    Membership {
        name: facts.arn.name().to_owned(),
        unique_id: facts.unique_id.clone(),
    }
}

fn group_of(facts: &GroupFacts) -> GroupName {
    facts.arn.name().parse().unwrap()
}

async fn attaching(
    member: &impl Member,
    principal: &Principal,
    before: &PrincipalFacts,
    policies: &[PolicyFacts],
) {
    for facts in policies {
        for _ in 0..2 {
            member.make(principal, &attached(&facts.arn)).await.unwrap();
        }
    }
    let mut found = read(member, principal).await.attached;
    found.sort();
    let arns = policies.iter().map(|facts| facts.arn.as_str().to_owned());
    let mut expected: Vec<_> = arns.collect();
    expected.sort();
    assert_eq!(found, expected);
    for facts in policies {
        for _ in 0..2 {
            let change = attached(&facts.arn);
            member.take_back(principal, &change).await.unwrap();
        }
    }
    assert_eq!(read(member, principal).await, *before);
}

async fn putting(member: &impl Member, principal: &Principal, before: &PrincipalFacts) {
    let [one, other] = DOCUMENTS;
    let (first, second) = (put("snowgate-1", one), put("snowgate-2", other));
    for change in [&first, &first, &second] {
        member.make(principal, change).await.unwrap();
    }
    let found = read(member, principal).await;
    assert!(found.shows(&first) && found.shows(&second), "{found:?}");
    assert_eq!(found.inline.len(), 2);

    // The same name once more: the newer document is in its place.
    let changed = put("snowgate-1", other);
    member.make(principal, &changed).await.unwrap();
    let found = read(member, principal).await;
    assert!(found.shows(&changed) && !found.shows(&first), "{found:?}");
    assert_eq!(found.inline.len(), 2);

    // What stands under the name goes, whatever its document.
    for change in [&first, &first] {
        member.take_back(principal, change).await.unwrap();
    }
    let found = read(member, principal).await;
    assert!(found.shows(&second) && !found.has_in_place(&first));
    member.take_back(principal, &second).await.unwrap();
    assert_eq!(read(member, principal).await, *before);
}

async fn joining(member: &impl Member, world: &DirectoryWorld) {
    let (user, before) = &world.user;
    let names = world.groups.iter().map(|facts| facts.arn.name());
    let mut names: Vec<_> = names.map(str::to_owned).collect();
    names.sort();
    for name in names.iter().chain(&names) {
        member.make(user, &joined(name)).await.unwrap();
    }
    let mut memberships: Vec<_> = world.groups.iter().map(membership).collect();
    memberships.sort();
    assert_eq!(read(member, user).await.groups, memberships);
    for facts in &world.groups {
        let account = &user.account_id;
        let found = member.group(account, &group_of(facts)).await.unwrap();
        assert_eq!(found.as_ref(), Some(facts), "members change no group");
    }
    for name in names.iter().chain(&names) {
        member.take_back(user, &joined(name)).await.unwrap();
    }
    assert_eq!(read(member, user).await, *before);

    // A role is in no group, and a user of its name is somebody else.
    let (role, facts) = &world.role;
    let change = joined(names.first().unwrap());
    refused_for_good(member.make(role, &change).await);
    refused_for_good(member.take_back(role, &change).await);
    assert_eq!(read(member, role).await, *facts);
}

/// A user is found by its unique id, and nothing else is.
async fn finding(member: &impl Member, world: &DirectoryWorld) {
    let (user, facts) = &world.user;
    let find = async |id: &str| member.user_name(&user.account_id, id).await.unwrap();
    assert_eq!(find(&facts.unique_id).await.as_ref(), Some(&user.name));
    let role = &world.role.1.unique_id;
    for other in [role.as_str(), user.name.as_str(), "AIDATHEREISNOBODY", ""] {
        assert_eq!(find(other).await, None, "{other}");
    }
    let unprepared = member.user_name(&world.unprepared, &facts.unique_id).await;
    assert!(matches!(unprepared, Err(DirectoryError::NotPrepared(_))));
}

fn refused_for_good(outcome: Result<(), DirectoryError>) {
    let Err(DirectoryError::Call(error)) = outcome else {
        panic!("this cannot be done: {outcome:?}");
    };
    assert!(!error.is_transient(), "{error}");
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
        let change = attached(&no_policy(world));
        refused_for_good(member.make(principal, &change).await);
        assert_eq!(read(member, principal).await, *facts);
    }
}

async fn what_is_not_there(member: &impl Member, world: &DirectoryWorld) {
    let policy = &world.policies.first().unwrap().arn;
    let account = &world.user.0.account_id;
    let no_policy = no_policy(world);
    assert_eq!(member.policy(account, &no_policy).await.unwrap(), None);
    let inline = put("snowgate-1", DOCUMENTS[0]);
    for (known, _) in [&world.user, &world.role] {
        let nobody = named(known, "there-is-nobody");
        assert_eq!(member.principal(&nobody).await.unwrap(), None);
        for change in [&attached(policy), &inline] {
            member.take_back(&nobody, change).await.unwrap();
            refused_for_good(member.make(&nobody, change).await);
        }
        let change = attached(&no_policy);
        member.take_back(known, &change).await.unwrap();
    }
    // A user is no role, whatever it is called.
    let mut as_role = world.user.0.clone();
    as_role.kind = PrincipalType::Role;
    assert_eq!(member.principal(&as_role).await.unwrap(), None);
    no_groups(member, world).await;
    no_roles(member, world).await;
}

async fn no_groups(member: &impl Member, world: &DirectoryWorld) {
    let user = &world.user.0;
    let known = group_of(world.groups.first().unwrap());
    let nobody = named(user, "there-is-nobody");
    for (user, group) in [(user, "there-is-none"), (&nobody, known.as_str())] {
        refused_for_good(member.make(user, &joined(group)).await);
        member.take_back(user, &joined(group)).await.unwrap();
    }
    let missing = "there-is-none".parse().unwrap();
    let found = member.group(&user.account_id, &missing).await.unwrap();
    assert_eq!(found, None);
}

/// A role is found by its whole ARN.
async fn no_roles(directory: &impl Directory, world: &DirectoryWorld) {
    for facts in &world.roles {
        let arn = facts.arn.as_str();
        let (path, name) = arn.rsplit_once('/').unwrap();
        for other in [format!("{path}/elsewhere/{name}"), format!("{arn}-2")] {
            let other: RoleArn = other.parse().unwrap();
            assert_eq!(directory.role(&other).await.unwrap(), None, "{other}");
        }
    }
}
