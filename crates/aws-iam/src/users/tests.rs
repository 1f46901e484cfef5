//! What is asked of IAM for a user, and what is made of each answer.

mod credentials;
mod script;

use std::collections::BTreeMap;
use std::error::Error as _;

use snowgate_core::id::RequestId;

use super::*;
use script::{Answer, CANARY, member};

const ACCOUNT: &str = "210987654321";
const BOUNDARY: &str = "arn:aws:iam::210987654321:policy/SnowgateBoundary";

fn result(text: &str) -> Answer {
    Answer::Result(text.to_owned())
}

fn new_user() -> NewUser {
    NewUser {
        account_id: ACCOUNT.parse().unwrap(),
        name: "ci-billing".parse().unwrap(),
        path: "/snowgate/".to_owned(),
        owner: "bb".repeat(16).parse().unwrap(),
        tags: [("Team".to_owned(), "billing".to_owned())].into(),
        boundary: BOUNDARY.parse().unwrap(),
    }
}

fn principal() -> Principal {
    new_user().principal()
}

/// A user in an answer.
fn user(account: &str, more: &str) -> Answer {
    Answer::Result(format!(
        "<User><Path>/snowgate/</Path><UserName>ci-billing</UserName><UserId>AIDAEXAMPLE1</UserId>\
         <Arn>arn:aws:iam::{account}:user/snowgate/ci-billing</Arn>\
         <CreateDate>2026-05-02T14:05:00Z</CreateDate>{more}</User>"
    ))
}

fn code(error: DirectoryError) -> (String, bool) {
    let DirectoryError::Call(error) = error else {
        panic!("the call failed: {error:?}");
    };
    let logged = format!(
        "{error} {:?} {error:?}",
        error.source().map(ToString::to_string)
    );
    assert!(!logged.contains(CANARY), "{logged}");
    (error.code.clone(), error.is_transient())
}

#[tokio::test]
async fn a_user_is_created_with_all_that_is_asked_for_and_nothing_else() {
    let (member, script) = member(&[("CreateUser", user(ACCOUNT, ""))]);
    let request = RequestId::from_random([1; 16]);
    let made = member.create(&new_user(), &request).await.unwrap();
    let unique_id = "AIDAEXAMPLE1".to_owned();
    assert_eq!(made, Creation::Made { unique_id });
    let asked = script.asked().remove(0);
    let owner = "bb".repeat(16);
    let wanted = [
        ("Action", "CreateUser"),
        ("Path", "/snowgate/"),
        ("PermissionsBoundary", BOUNDARY),
        ("Tags.member.1.Key", "Team"),
        ("Tags.member.1.Value", "billing"),
        ("Tags.member.2.Key", "snowgate:made"),
        ("Tags.member.2.Value", "yes"),
        ("Tags.member.3.Key", "snowgate:owner"),
        ("Tags.member.3.Value", &owner),
        ("Tags.member.4.Key", "snowgate:request"),
        ("Tags.member.4.Value", request.as_str()),
        ("UserName", "ci-billing"),
        ("Version", "2010-05-08"),
    ];
    let wanted = wanted.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(asked, BTreeMap::from(wanted));
}

#[tokio::test]
async fn what_comes_of_creating_is_told_by_the_code() {
    let request = RequestId::from_random([1; 16]);
    for (status, code, created) in [
        (409, "EntityAlreadyExists", Creation::NameTaken),
        (403, "AccessDenied", Creation::Denied),
    ] {
        let (member, script) = member(&[("CreateUser", Answer::Failed(status, code))]);
        assert_eq!(member.create(&new_user(), &request).await.unwrap(), created);
        assert_eq!(script.asked().len(), 1);
    }
    for (status, failed, tries, is_transient) in [
        (400, "Throttling", 3, true),
        (409, "ConcurrentModification", 1, true),
        (500, "ServiceFailure", 3, true),
        (409, "LimitExceeded", 1, false),
        (400, "InvalidInput", 1, false),
    ] {
        let answers = vec![("CreateUser", Answer::Failed(status, failed)); tries];
        let (member, script) = member(&answers);
        let error = member.create(&new_user(), &request).await.unwrap_err();
        assert_eq!(code(error), (failed.to_owned(), is_transient));
        assert_eq!(script.asked().len(), tries, "{failed}");
    }
    // Somebody else's user is none of ours, whatever it is called.
    let (member, _) = member(&[("CreateUser", user("320987654321", ""))]);
    let error = member.create(&new_user(), &request).await.unwrap_err();
    assert_eq!(code(error), ("OtherAccount".to_owned(), false));
}

/// The SDK itself asks again where no answer came: then the user is there already.
#[tokio::test]
async fn a_lost_answer_says_that_the_name_is_taken() {
    let (member, script) = member(&[
        ("CreateUser", Answer::Failed(500, "ServiceFailure")),
        ("CreateUser", Answer::Failed(409, "EntityAlreadyExists")),
    ]);
    let request = RequestId::from_random([1; 16]);
    let created = member.create(&new_user(), &request).await.unwrap();
    assert_eq!((created, script.asked().len()), (Creation::NameTaken, 2));
}

#[tokio::test]
async fn a_user_is_read_with_path_boundary_date_and_every_tag() {
    let boundary = format!(
        "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
         <PermissionsBoundaryArn>{BOUNDARY}</PermissionsBoundaryArn></PermissionsBoundary>"
    );
    let tag =
        |key: &str, value: &str| format!("<member><Key>{key}</Key><Value>{value}</Value></member>");
    let tags = [tag("snowgate:Owner", "x"), tag("team", "")].concat();
    let more = format!("{boundary}<Tags>{tags}</Tags>");
    let (member, _) = member(&[("GetUser", user(ACCOUNT, &more))]);
    let made = member.made(&principal()).await.unwrap().unwrap();
    assert_eq!(made.boundary.as_deref(), Some(BOUNDARY));
    assert_eq!(
        (made.name.as_str(), made.path.as_str()),
        ("ci-billing", "/snowgate/")
    );
    assert_eq!(made.created_at, "2026-05-02T14:05:00Z".parse().unwrap());
    assert_eq!(made.tags.len(), 2);
    assert_eq!(
        (made.tag("SNOWGATE:OWNER"), made.tag("Team")),
        (Some("x"), Some(""))
    );
}

#[tokio::test]
async fn nobody_there_and_nobody_to_be_seen_are_none() {
    let gone = || Answer::Failed(404, "NoSuchEntity");
    let (member, _) = member(&[
        ("GetUser", gone()),
        ("ListAccessKeys", gone()),
        ("ListAccessKeys", gone()),
        ("DeleteUser", gone()),
    ]);
    assert_eq!(member.made(&principal()).await.unwrap(), None);
    assert_eq!(member.credentials(&principal()).await.unwrap(), None);
    member.deactivate_keys(&principal()).await.unwrap();
    assert_eq!(member.delete(&principal()).await.unwrap(), Deletion::Done);
}

#[tokio::test]
async fn a_life_policy_is_put_under_its_name() {
    let (member, script) = member(&[("PutUserPolicy", result(""))]);
    member
        .put_life(&principal(), LifePolicy::Over)
        .await
        .unwrap();
    let asked = script.asked().remove(0);
    assert_eq!(asked["PolicyName"], "snowgate-life");
    assert_eq!(asked["PolicyDocument"], LifePolicy::Over.document());
}

#[tokio::test]
async fn a_user_that_has_something_left_is_not_deleted() {
    let (member, _) = member(&[
        ("DeleteUser", Answer::Failed(409, "DeleteConflict")),
        ("DeleteUser", Answer::Failed(403, "AccessDenied")),
        (
            "DeleteUser",
            Answer::Failed(409, "EntityTemporarilyUnmodifiable"),
        ),
        ("DeleteUser", result("")),
    ]);
    let deleted = async || member.delete(&principal()).await;
    assert_eq!(deleted().await.unwrap(), Deletion::InTheWay);
    assert_eq!(
        code(deleted().await.unwrap_err()),
        ("AccessDenied".to_owned(), false)
    );
    let busy = "EntityTemporarilyUnmodifiable".to_owned();
    assert_eq!(code(deleted().await.unwrap_err()), (busy, true));
    assert_eq!(deleted().await.unwrap(), Deletion::Done);
}

/// A user of a role's name is somebody else: IAM is not even asked.
#[tokio::test]
async fn a_role_is_no_user() {
    let (member, script) = member(&[]);
    let role = Principal {
        kind: PrincipalType::Role,
        ..principal()
    };
    let refused = [
        member.made(&role).await.err(),
        member.put_life(&role, LifePolicy::Over).await.err(),
        member.credentials(&role).await.err(),
        member.deactivate_keys(&role).await.err(),
        member.remove(&role, &UserPart::LoginProfile).await.err(),
        member.delete(&role).await.err(),
    ];
    for refused in refused {
        assert_eq!(
            code(refused.unwrap()),
            ("RolesAreNoUsers".to_owned(), false)
        );
    }
    assert!(script.asked().is_empty());
}
