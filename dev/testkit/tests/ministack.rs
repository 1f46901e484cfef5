//! The real adapters keep the same contracts, against a local AWS.
//!
//! `SNOWGATE_AWS_ENDPOINT` names it (such as `http://127.0.0.1:4566`: MiniStack with `AUTH=true`).
//! Everything is made with random names, so that the tests can share it with others. Without the
//! variable they say what they need; where `CI` or `SNOWGATE_REQUIRE_STACK` is set they fail.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that panics is a test that fails, and one that did not run says so"
)]

mod stack;

use aws_iam::{MemberRole, ReadRole, RoleToAssume};
use aws_keys::{KmsSigner, KmsVerifier};
use aws_ledger::DynamoLedger;
use aws_mail::SesMailer;
use aws_queues::{SqsOutcomes, SqsRequests, SqsWork};
use aws_sdk_iam::types::Tag;
use aws_secrets::write::SecretWriter;
use aws_secrets::{SecretText, Secrets};
use ports::directory::{Directory as _, DirectoryError};
use ports::ledger::{Commit, Requests as _, Tokens as _};
use snowgate_core::account::{
    GroupFacts, InlineFacts, OWNER_TAG, PolicyFacts, PrincipalFacts, RoleFacts,
};
use snowgate_core::id::AccountId;
use snowgate_core::principal::{Principal, PrincipalType};
use testkit::contract::{self, DirectoryWorld};
use testkit::samples::{self, at, sys_id};

use stack::{HUB, Stack, name, stack};

#[tokio::test]
async fn ledger() {
    let Some(stack) = stack().await else { return };
    let (requests, tokens) = stack.tables().await;
    let ledger = DynamoLedger::new(&stack.config, &requests, Some(tokens));
    contract::ledger(&ledger).await;
    // A table that is in use changes nothing.
    contract::ledger(&ledger).await;
}

#[tokio::test]
async fn a_function_without_links_has_none() {
    let Some(stack) = stack().await else { return };
    let (requests, _) = stack.tables().await;
    let ledger = DynamoLedger::new(&stack.config, &requests, None);
    let change = samples::received(&sys_id(), at(0));
    let token = samples::token(change.record.id(), at(60));
    let error = ledger.token(&token.digest).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.is_transient()),
        ("NoTokensTable", false)
    );
    let mut commit = Commit::from(samples::withdraw(&change.record, at(1)));
    commit.tokens = vec![token];
    assert!(ledger.commit(&commit).await.is_err());
}

#[tokio::test]
async fn what_is_there_but_cannot_be_read_is_final() {
    let Some(stack) = stack().await else { return };
    let (requests, _) = stack.tables().await;
    let ledger = DynamoLedger::new(&stack.config, &requests, None);
    let id = samples::request_id();
    stack.put_broken_request(&requests, &id).await;
    let error = ledger.load(&id).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.is_transient()),
        ("UnreadableItem", false)
    );
    let missing = DynamoLedger::new(&stack.config, name("no-such-table"), None);
    let error = missing.load(&id).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "dynamodb:GetItem failed with `ResourceNotFoundException`"
    );
}

#[tokio::test]
async fn nowhere_is_transient() {
    let Some(stack) = stack().await else { return };
    let config = stack
        .config
        .to_builder()
        .endpoint_url("http://127.0.0.1:1")
        .build();
    let ledger = DynamoLedger::new(&config, "requests", None);
    let error = ledger.load(&samples::request_id()).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.is_transient()),
        ("Unreachable", true)
    );
}

#[tokio::test]
async fn queues() {
    let Some(stack) = stack().await else { return };
    let requests = stack.queue("requests", false).await;
    let work = stack.queue("work.fifo", true).await;
    let outcomes = stack.queue("outcomes", false).await;
    let wake = contract::queues(
        &SqsRequests::new(&stack.config, &requests),
        &SqsWork::new(&stack.config, &work),
        &SqsOutcomes::new(&stack.config, &outcomes),
    )
    .await;
    // The second wake-up of the FIFO queue is the same message.
    for (queue, step, count) in [
        (&requests, "dispatch", 2),
        (&work, "provision", 1),
        (&outcomes, "report", 2),
    ] {
        let messages = stack.messages(queue).await;
        assert_eq!(messages.len(), count, "{step}");
        for message in messages {
            let request = wake.aggregate.to_string();
            let body = wake.aggregate.body();
            assert_eq!(message.body(), Some(body.as_str()));
            let attributes = message.message_attributes().unwrap();
            assert_eq!(attributes.len(), 2);
            assert_eq!(attributes["step"].string_value(), Some(step));
            assert_eq!(
                attributes["request_id"].string_value(),
                Some(request.as_str())
            );
        }
    }
}

#[tokio::test]
async fn keys() {
    let Some(stack) = stack().await else { return };
    let (key, other) = (stack.hmac_key().await, stack.hmac_key().await);
    let signer = KmsSigner::new(&stack.config, &key);
    contract::keys(&signer, &KmsVerifier::new(&stack.config, &key)).await;
    let mac = ports::signature::Signer::sign(&signer, b"message")
        .await
        .unwrap();
    let verified = async |verifier: KmsVerifier, message: &[u8]| {
        ports::signature::Verifier::verify(&verifier, message, &mac).await
    };
    let others = KmsVerifier::new(&stack.config, other);
    assert!(!verified(others.clone(), b"message").await.unwrap());
    // What was signed before the key was changed, also while the present one does not answer.
    let previous = || Some(key.clone());
    assert!(
        verified(others.clone().or(previous()), b"message")
            .await
            .unwrap()
    );
    assert!(!verified(others.or(previous()), b"another").await.unwrap());
    let silent = KmsVerifier::new(&stack.config, "alias/there-is-none").or(previous());
    assert!(verified(silent.clone(), b"message").await.unwrap());
    assert!(verified(silent, b"another").await.is_err());
}

#[tokio::test]
async fn secrets() {
    let Some(stack) = stack().await else { return };
    let arn = stack.secret("first").await;
    let secrets = Secrets::new(&stack.config);
    assert_eq!(secrets.get(&arn).await.unwrap().expose(), "first");
    let second = SecretText::new("second".to_owned());
    SecretWriter::new(&stack.config)
        .put(&arn, &second)
        .await
        .unwrap();
    assert_eq!(secrets.get(&arn).await.unwrap().expose(), "second");
    let error = secrets.get(&name("no-such-secret")).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.is_transient()),
        ("ResourceNotFoundException", false)
    );
}

#[tokio::test]
async fn mailer() {
    let Some(stack) = stack().await else { return };
    let sender = format!("{}@meridian.example", name("sender"));
    let to = format!("{}@meridian.example", name("to")).parse().unwrap();
    let mailer = SesMailer::new(&stack.config, &sender, None);
    let letter = samples_letter();
    let error = ports::mail::Mailer::send(&mailer, &to, &letter, None)
        .await
        .unwrap_err();
    assert!(
        !error.is_transient(),
        "an unverified sender is refused for good"
    );
    assert!(
        !format!("{error:?}").contains('@'),
        "no address in an error"
    );
    stack.verify_sender(&sender).await;
    contract::mailer(&mailer, &to).await;
}

fn samples_letter() -> snowgate_core::email::Email {
    snowgate_core::email::Email {
        subject: "Access".to_owned(),
        text: "Access".to_owned(),
        html: "<p>Access</p>".to_owned(),
    }
}

const ROLE: &str = "snowgate-member";
const DOCUMENT: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::reports-ü/a+b%20c/*"}]}"#;

async fn populate(stack: &Stack, account: &AccountId) -> DirectoryWorld {
    let iam = stack.iam_of(account);
    stack.trusting_role(&iam, ROLE).await;
    let boundary = stack.policy(&iam, "boundary", DOCUMENT).await;
    let owner = sys_id();
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
    let tags = vec![
        tag("team", "finance"),
        tag(OWNER_TAG, owner.as_str()),
        tag("snowgate:owner2", "nobody"),
    ];
    let user = iam
        .create_user()
        .user_name("rita.chen")
        .path("/enrolled/")
        .permissions_boundary(&boundary)
        .set_tags(Some(tags))
        .send()
        .await
        .unwrap();
    let role = iam
        .create_role()
        .role_name("reports-job")
        .path("/")
        .assume_role_policy_document(stack::TRUSTS_NOBODY)
        .send()
        .await
        .unwrap();
    let mut policies = Vec::new();
    for n in 0..3 {
        let arn = stack.policy(&iam, &format!("reports-{n}"), DOCUMENT).await;
        policies.push(PolicyFacts {
            arn: arn.parse().unwrap(),
            version: "v1".to_owned(),
            document: DOCUMENT.to_owned(),
        });
    }
    let principal = |kind, name: &str| Principal {
        account_id: account.clone(),
        kind,
        name: name.parse().unwrap(),
    };
    let facts = |resource: &str, unique_id: &str, path: &str| PrincipalFacts {
        arn: format!("arn:aws:iam::{account}:{resource}"),
        unique_id: unique_id.to_owned(),
        path: path.to_owned(),
        boundary: None,
        owner_tag: None,
        attached: Vec::new(),
        inline: Vec::new(),
        groups: Vec::new(),
    };
    let user_id = user.user().unwrap().user_id();
    let user_facts = PrincipalFacts {
        boundary: Some(boundary.clone()),
        owner_tag: Some(owner.as_str().to_owned()),
        ..facts("user/enrolled/rita.chen", user_id, "/enrolled/")
    };
    let role_facts = facts("role/reports-job", role.role().unwrap().role_id(), "/");
    let attached = policies.first().unwrap().arn.to_string();
    DirectoryWorld {
        user: (principal(PrincipalType::User, "rita.chen"), user_facts),
        role: (principal(PrincipalType::Role, "reports-job"), role_facts),
        groups: groups(&iam, &attached).await,
        roles: roles(&iam, &boundary, &attached).await,
        policies,
        unprepared: stack::account(),
    }
}

fn inline(names: [&str; 2]) -> Vec<InlineFacts> {
    let policy = |name: &str| InlineFacts {
        name: name.to_owned(),
        document: DOCUMENT.replace("s3:Get*", &format!("s3:Get{name}")),
    };
    names.map(policy).into()
}

/// One group with policies, and one without.
async fn groups(iam: &aws_sdk_iam::Client, attached: &str) -> Vec<GroupFacts> {
    let create = iam.create_group().group_name("analysts").path("/granted/");
    let analysts = create.send().await.unwrap().group.unwrap();
    let attach = iam.attach_group_policy().group_name("analysts");
    attach.policy_arn(attached).send().await.unwrap();
    let policies = inline(["Metrics", "Object"]);
    for policy in policies.iter().rev() {
        let put = iam.put_group_policy().group_name("analysts");
        let put = put.policy_name(&policy.name);
        let put = put.policy_document(&policy.document);
        put.send().await.unwrap();
    }
    let create = iam.create_group().group_name("Empty_1");
    let empty = create.send().await.unwrap().group.unwrap();
    vec![
        GroupFacts {
            arn: analysts.arn.parse().unwrap(),
            unique_id: analysts.group_id,
            attached: vec![attached.to_owned()],
            inline: policies,
        },
        GroupFacts {
            arn: empty.arn.parse().unwrap(),
            unique_id: empty.group_id,
            attached: Vec::new(),
            inline: Vec::new(),
        },
    ]
}

/// One role with path, boundary and policies, and one without.
async fn roles(iam: &aws_sdk_iam::Client, boundary: &str, attached: &str) -> Vec<RoleFacts> {
    let create = iam.create_role().role_name("reports-reader");
    let create = create.path("/assumable/").max_session_duration(7_200);
    let create = create.permissions_boundary(boundary);
    let create = create.assume_role_policy_document(stack::TRUSTS_NOBODY);
    let reader = create.send().await.unwrap().role.unwrap();
    let attach = iam.attach_role_policy().role_name("reports-reader");
    attach.policy_arn(attached).send().await.unwrap();
    let policies = inline(["Bucket", "Object"]);
    for policy in policies.iter().rev() {
        let put = iam.put_role_policy().role_name("reports-reader");
        let put = put.policy_name(&policy.name);
        let put = put.policy_document(&policy.document);
        put.send().await.unwrap();
    }
    let create = iam.create_role().role_name("plain");
    let create = create.assume_role_policy_document(stack::TRUSTS_NOBODY);
    let plain = create.send().await.unwrap().role.unwrap();
    let facts = |arn: &str, unique_id, longest_session| RoleFacts {
        arn: arn.parse().unwrap(),
        unique_id,
        boundary: None,
        trust: stack::TRUSTS_NOBODY.to_owned(),
        longest_session,
        attached: Vec::new(),
        inline: Vec::new(),
    };
    let reader = RoleFacts {
        boundary: Some(boundary.to_owned()),
        attached: vec![attached.to_owned()],
        inline: policies,
        ..facts(&reader.arn, reader.role_id, 7_200)
    };
    vec![reader, facts(&plain.arn, plain.role_id, 3_600)]
}

#[tokio::test]
async fn directory() {
    let Some(stack) = stack().await else { return };
    let account = stack::account();
    let world = populate(&stack, &account).await;
    let role = |external_id| RoleToAssume::new("aws", ROLE, external_id, "snowgate-test").unwrap();
    let clock = || ports::Clock::new(jiff::Timestamp::now);
    let member = MemberRole::new(&stack.config, role(stack::EXTERNAL_ID), clock());
    // MiniStack attaches policies that do not exist; AWS does not.
    contract::directory(&member, &world).await;

    let reader = ReadRole::new(&stack.config, role(stack::EXTERNAL_ID), clock());
    contract::directory::reading(&reader, &world).await;

    // A new default version is another version with another document.
    let policy = world.policies[0].arn.clone();
    let changed = DOCUMENT.replace("s3:Get*", "s3:*");
    stack
        .new_version(&stack.iam_of(&account), policy.as_str(), &changed)
        .await;
    let found = reader.policy(&account, &policy).await.unwrap().unwrap();
    assert_eq!((found.version.as_str(), &found.document), ("v2", &changed));

    // Wired to another hub: the role does not trust us.
    let miswired = ReadRole::new(&stack.config, role("another-hub"), clock());
    let refused = miswired.principal(&world.user.0).await;
    assert!(matches!(refused, Err(DirectoryError::NotPrepared(id)) if id == account));
    assert_ne!(account.as_str(), HUB);
}
