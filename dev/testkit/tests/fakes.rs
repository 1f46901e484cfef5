//! The fakes keep the contracts, and calls fail as planned.
#![expect(clippy::panic, reason = "a test that panics is a test that fails")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use ports::directory::{Directory, DirectoryError, Member};
use ports::ledger::{Commit, CommitError, Created, NewRequest, Requests as _};
use ports::servicenow::{Tickets as _, Written};
use ports::signature::Verifier as _;
use ports::users::{Creation, Users as _};
use snowgate_core::account::{
    AccountItem, InlineFacts, Membership, PolicyFacts, PrincipalFacts, PrincipalQuotas,
};
use snowgate_core::effect::EffectChange;
use snowgate_core::email::MailField;
use snowgate_core::id::AccountId;
use snowgate_core::principal::{Principal, PrincipalType};
use snowgate_core::ticket::{JobTitle, Person, PersonName, Ticket, UserAccount};
use snowgate_core::ticket_note::TicketUpdate;
use testkit::contract::{self, DirectoryWorld, ServiceNowWorld, UsersWorld};
use testkit::samples::{self, at, sys_id};
use testkit::world;
use testkit::{
    AccountFault, Aftermath, Failing, FakeDirectory, FakeKeys, FakeLedger, FakeMailer, FakeQueues,
    FakeServiceNow, FakeTickets, Fault, Group, Moment, QueueName,
};

/// Fakes never wait, so one poll is enough.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a fake never waits"),
    }
}

#[test]
fn ledger() {
    now(contract::ledger(&FakeLedger::default()));
}

#[test]
fn names_of_users() {
    let fake = FakeLedger::default();
    let spoil = async |user: &Principal, held| fake.spoil_name(user, held);
    now(contract::ledger::a_spoilt_name_keeps_no_user_from_its_end(
        &fake, spoil,
    ));
}

#[test]
fn keys() {
    let keys = FakeKeys::new([7; 32]);
    now(contract::keys(&keys, &keys));
    let mac = now(ports::signature::Signer::sign(&keys, b"message")).unwrap();
    let others = FakeKeys::new([8; 32]);
    assert!(!now(others.verify(b"message", &mac)).unwrap());
}

#[test]
fn mailer() {
    let mailer = FakeMailer::default();
    let to = "ada.okafor@meridian.example".parse().unwrap();
    let letter = now(contract::mailer(&mailer, &to));
    let sent = mailer.take();
    assert_eq!(sent.len(), 1);
    assert_eq!((&sent[0].to, &sent[0].email), (&to, &letter));
    assert_eq!(mailer.sent(), []);
}

#[test]
fn queues() {
    let queues = FakeQueues::default();
    let wake = now(contract::queues(&queues, &queues, &queues));
    for queue in [QueueName::Requests, QueueName::Work, QueueName::Outcomes] {
        let sent = queues.take(queue);
        assert_eq!(sent.len(), 2);
        for message in sent {
            assert_eq!((message.queue, &message.wake), (queue, &wake));
            assert_eq!(message.principal.is_some(), queue == QueueName::Work);
        }
    }
    assert_eq!(queues.sent(), []);
}

fn facts(principal: &Principal, unique_id: &str) -> PrincipalFacts {
    let (account, kind) = (&principal.account_id, principal.kind);
    PrincipalFacts {
        arn: format!("arn:aws:iam::{account}:{kind}/enrolled/{}", principal.name),
        unique_id: unique_id.to_owned(),
        path: "/enrolled/".to_owned(),
        boundary: Some("arn:aws:iam::210987654321:policy/boundary".to_owned()),
        owner_tag: Some(sys_id().as_str().to_owned()),
        attached: Vec::new(),
        inline: Vec::new(),
        groups: Vec::new(),
    }
}

#[test]
fn directory() {
    let directory = FakeDirectory::default();
    let user = samples::user();
    let role = Principal {
        kind: PrincipalType::Role,
        name: "reports-job".parse().unwrap(),
        ..user.clone()
    };
    let world = DirectoryWorld {
        user: (user.clone(), facts(&user, "AIDAEXAMPLE")),
        role: (role.clone(), facts(&role, "AROAEXAMPLE")),
        policies: vec![PolicyFacts {
            arn: samples::policy(),
            version: "v3".to_owned(),
            document: "{}".to_owned(),
        }],
        groups: vec![world::group_facts()],
        roles: vec![world::role_facts()],
        unprepared: "000000000009".parse().unwrap(),
    };
    directory.put_group(world::group_facts());
    directory.put_role(world::role_facts());
    for (principal, facts) in [&world.user, &world.role] {
        directory.put_principal(principal, facts.clone());
    }
    directory.put_policy(&user.account_id, world.policies[0].clone());
    now(contract::directory(&directory, &world));
    now(contract::directory::missing_policies_cannot_be_attached(
        &directory, &world,
    ));
    let changes = directory.changes();
    let expected = format!("attach {} {}", user.key_by_name(), samples::policy());
    assert_eq!((changes.len(), &changes[0]), (4 + 10 + 2, &expected));

    directory.set_fault(&user.account_id, Some(AccountFault::Throttled));
    let throttled = now(Directory::principal(&directory, &user));
    assert!(matches!(throttled, Err(DirectoryError::Call(e)) if e.is_transient()));
}

#[test]
fn users() {
    let directory = FakeDirectory::default();
    let account: AccountId = samples::ACCOUNT.parse().unwrap();
    directory.put_policy(
        &account,
        PolicyFacts {
            arn: samples::policy(),
            version: "v1".to_owned(),
            document: "{}".to_owned(),
        },
    );
    let world = UsersWorld {
        account: account.clone(),
        boundary: samples::policy(),
        unprepared: "000000000009".parse().unwrap(),
        now: at(0),
    };
    now(contract::users(&directory, &directory, &world));
    now(contract::described(
        &directory, &directory, &directory, &world,
    ));
    // Denied is what IAM may say of a name that is taken, too: no failure.
    directory.set_fault(&account, Some(AccountFault::Denied));
    let user = samples::new_user();
    let denied = now(directory.create(&user, &samples::request_id()));
    assert!(matches!(denied, Ok(Creation::Denied)), "{denied:?}");
    directory.set_fault(&account, Some(AccountFault::Throttled));
    let throttled = now(directory.create(&user, &samples::request_id()));
    assert!(matches!(throttled, Err(DirectoryError::Call(e)) if e.is_transient()));
}

/// The fake keeps IAM's quotas.
#[test]
fn what_does_not_fit_is_refused_and_leaves_no_trace() {
    let directory = FakeDirectory::default();
    let user = samples::user();
    directory.put_group(world::group_facts());
    let mut facts = facts(&user, "AIDAEXAMPLE");
    facts.groups = (0..PrincipalQuotas::default_of(user.kind).groups)
        .map(|n| Membership {
            name: format!("group-{n}"),
            unique_id: format!("AGPA{n}"),
        })
        .collect();
    facts.inline = vec![InlineFacts {
        name: "large".to_owned(),
        document: "x ".repeat(2_040),
    }];
    directory.put_principal(&user, facts.clone());
    let group = world::group_facts().arn.name().parse().unwrap();
    let put = |document: &str| EffectChange::InlinePolicyPut {
        name: "snowgate-1".to_owned(),
        document: document.to_owned(),
        ends_at: at(0),
    };
    let joined = EffectChange::GroupJoined {
        group,
        unique_id: None,
    };
    for change in [joined, put("12345678 9")] {
        let refused = now(Member::make(&directory, &user, &change));
        assert!(matches!(refused, Err(DirectoryError::Call(e)) if !e.is_transient()));
        assert_eq!(directory.facts(&user).as_ref(), Some(&facts));
    }
    now(Member::make(&directory, &user, &put("1234567 8"))).unwrap();
}

#[test]
fn servicenow() {
    let servicenow = FakeServiceNow::default();
    let source = samples::request(&sys_id(), &samples::user()).source;
    let ticket = Ticket {
        sys_id: source.sys_id.clone(),
        number: source.number.clone(),
        active: true,
        opened_by: Some(sys_id()),
        opened_for: None,
        also_named: Vec::new(),
    };
    let person = |name: &str| Person {
        sys_id: sys_id(),
        name: PersonName::new(name),
        title: JobTitle::default(),
        active: true,
        locked_out: false,
        email: MailField::Empty,
        account: UserAccount::default(),
    };
    let item = || AccountItem {
        sys_id: sys_id(),
        name: "payments".to_owned(),
        owned_by: Some(sys_id()),
        managed_by: None,
        support_group: None,
    };
    let mut members = vec![sys_id(), sys_id()];
    members.sort();
    let people = vec![person("Ada"), person("Ben")];
    let [ada, ben] = [0, 1].map(|n: usize| people[n].sys_id.clone());
    let world = ServiceNowWorld {
        ticket: (source.clone(), ticket.clone()),
        people,
        manager: (ada.clone(), ben.clone()),
        unmanaged: vec![ben.clone()],
        account: (samples::ACCOUNT.parse().unwrap(), item()),
        unowned: vec![
            "000000000001".parse().unwrap(),
            "000000000002".parse().unwrap(),
        ],
        group: (sys_id(), Some(sys_id()), members.clone()),
        empty_groups: vec![sys_id()],
    };
    servicenow.put_ticket(&source.table, ticket);
    for person in &world.people {
        servicenow.put_person(person.clone());
    }
    servicenow.set_manager(&ada, Some(ben));
    servicenow.add_account(&world.account.0, world.account.1.clone());
    servicenow.add_account(&world.unowned[1], item());
    servicenow.add_account(&world.unowned[1], item());
    let group = |active| Group {
        active,
        manager: world.group.1.clone(),
        members: members.iter().rev().cloned().collect(),
    };
    servicenow.put_group(&world.group.0, group(true));
    servicenow.put_group(&world.empty_groups[0], group(false));
    now(contract::servicenow(&servicenow, &world));

    servicenow.set_failure(Some(ports::Failure::Transient));
    let failed = now(ports::servicenow::ServiceNow::ticket(&servicenow, &source));
    assert!(failed.unwrap_err().is_transient());
}

#[test]
fn tickets_are_told_once() {
    let tickets = FakeTickets::default();
    let source = samples::request(&sys_id(), &samples::user()).source;
    let update = |marker: &str| TicketUpdate {
        marker: marker.to_owned(),
        work_notes: format!("Granted.\n{marker}"),
        correlation_id: String::new(),
        fields: std::collections::BTreeMap::new(),
    };
    for (marker, written) in [
        ("[a]", Written::Now),
        ("[a]", Written::Before),
        ("[b]", Written::Now),
    ] {
        let update = update(marker);
        let outcome = tickets.update(&source.table, &source.sys_id, &update);
        assert_eq!(now(outcome).unwrap(), written);
    }
    assert_eq!(tickets.updates().len(), 2);
}

#[test]
fn a_call_fails_before_or_after_it_took_effect() {
    let (ledger, fault) = (FakeLedger::default(), Fault::none());
    let failing = Failing::new(ledger.clone(), &fault);
    let change = samples::received(&sys_id(), at(0));
    let new = NewRequest {
        change: change.clone(),
        key: None,
    };
    fault.at(1, Moment::Before, Aftermath::Alive);
    assert!(now(failing.create(&new)).unwrap_err().is_transient());
    assert_eq!(ledger.records(), []);
    fault.at(1, Moment::After, Aftermath::Alive);
    assert!(now(failing.create(&new)).unwrap_err().is_transient());
    assert_eq!(ledger.records(), std::slice::from_ref(&change.record));
    assert_eq!(now(failing.create(&new)).unwrap(), Created::New);
    assert_eq!(fault.calls(), 2);
}

#[test]
fn after_a_crash_nothing_gets_through() {
    let (ledger, queues, fault) = (FakeLedger::default(), FakeQueues::default(), Fault::none());
    let (dying, mute) = (
        Failing::new(ledger.clone(), &fault),
        Failing::new(queues.clone(), &fault),
    );
    let change = samples::received(&sys_id(), at(0));
    let new = NewRequest { change, key: None };
    assert_eq!(now(dying.create(&new)).unwrap(), Created::New);
    fault.at(1, Moment::After, Aftermath::Dead);
    let commit = Commit::from(samples::withdraw(&new.change.record, at(1)));
    assert!(matches!(
        now(dying.commit(&commit)),
        Err(CommitError::Call(_))
    ));
    assert_eq!(ledger.records(), [commit.change.record]);
    assert!(now(dying.load(new.change.record.id())).is_err());
    now(async {
        let wake = ports::queue::WakeUp {
            aggregate: snowgate_core::aggregate::Aggregate::Request(new.change.record.id().clone()),
            version: 1,
            attempt: 0,
        };
        use ports::queue::OutcomesQueue as _;
        assert!(mute.wake_reporter(&wake).await.is_err());
        assert_eq!(queues.sent(), []);
        fault.mend();
        mute.wake_reporter(&wake).await.unwrap();
    });
    assert_eq!(queues.sent().len(), 1);
}
