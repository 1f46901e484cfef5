//! Requests for users that do not exist yet: who is asked about what, and what is refused before.

use ports::identities::Identities as _;
use serde_json::{Value, json};
use snowgate_core::id::{RequestId, SysId};
use snowgate_core::identity::{IdentityEvent, IdentityRecord};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{EndReason, RefusalCode, RequestRecord};
use snowgate_core::ticket::Ticket;
use testkit::samples::{self, ACCOUNT};
use testkit::world::{
    BENEFICIARY, MANAGER, OWNER, World, at, id, principal_facts, ready, requester,
};

use super::{addresses, dispatcher, handle};

/// Takes in a request for these grants, and asks about it.
fn asked(world: &World, grants: Value) -> RequestRecord {
    asked_for(world, grants, None)
}

/// The same from a ticket that was opened for somebody.
fn asked_for(world: &World, grants: Value, opened_for: Option<SysId>) -> RequestRecord {
    let record = world.receive(world.request_for(grants), at(0));
    let source = &record.request().source;
    world.put_ticket(Ticket {
        sys_id: source.sys_id.clone(),
        number: source.number.clone(),
        active: true,
        opened_by: Some(requester().sys_id),
        opened_for,
        also_named: Vec::new(),
    });
    // What is tried later is put off.
    let _ = handle(&dispatcher(world, &[]), record.id(), 1);
    world.load(record.id())
}

fn refusal(record: &RequestRecord) -> Option<RefusalCode> {
    match record.end_reason()? {
        EndReason::Refused { code, .. } => Some(code),
        _ => None,
    }
}

fn create(members: Value) -> Value {
    let mut grant = json!({"type": "create_user"});
    if let (Some(grant), Value::Object(members)) = (grant.as_object_mut(), members) {
        grant.extend(members);
    }
    json!([grant])
}

#[test]
fn the_owner_of_the_account_is_asked_about_the_user_as_it_is_to_be() {
    let world = World::with_users();
    let record = asked(&world, World::new_user_grants());
    assert_eq!(record.state(), State::Pending);
    let sent = world.mailer.sent();
    assert_eq!(addresses(&sent).len(), 1, "the owner of the account");
    let binding = record.binding().unwrap();
    assert_eq!(binding.unique_id(), None);
    assert_eq!(binding.path(), "/enrolled/");
    assert_eq!(binding.owner(), Some(&requester().sys_id));
    let tags: Vec<_> = binding.tags().collect();
    assert_eq!(tags, [("team", "billing")]);
    for email in sent {
        let text = email.email.text;
        for said in [
            "Create IAM user `ci-billing`",
            "Tag `team`",
            "denied everything",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
}

#[test]
fn a_name_that_somebody_has_is_refused_before_anybody_is_asked() {
    let world = World::with_users();
    world
        .directory
        .put_principal(&world.target, principal_facts());
    let record = asked(&world, create(json!({})));
    assert_eq!(refusal(&record), Some(RefusalCode::NameTaken));
    assert!(world.mailer.sent().is_empty());
    // Another one is being created.
    let world = World::with_users();
    let mut user = samples::new_user();
    user.name = "CI-Billing".parse().unwrap();
    user.account_id = ACCOUNT.parse().unwrap();
    let request = RequestId::from_random([9; 16]);
    let begun = IdentityRecord::begin(request, user, Actor::Provisioner, at(0)).unwrap();
    ready(world.ledger.commit_identity(&begun.into())).unwrap();
    let record = asked(&world, create(json!({})));
    assert_eq!(refusal(&record), Some(RefusalCode::NameTaken));
}

#[test]
fn whom_a_user_belongs_to_decides_on_nothing_and_takes_no_decision_from_anybody() {
    let owned_by = |person: &SysId| create(json!({"owner": {"sys_id": person}}));
    let outcome = |owner: SysId, opened_for: Option<SysId>| {
        let record = asked_for(&World::with_users(), owned_by(&owner), opened_for);
        (record.state(), refusal(&record))
    };
    let pending = (State::Pending, None);
    let refused = (State::Refused, Some(RefusalCode::OwnerNotAllowed));
    assert_eq!(outcome(requester().sys_id, None), pending);
    assert_eq!(outcome(id(BENEFICIARY), Some(id(BENEFICIARY))), pending);
    assert_eq!(outcome(id(BENEFICIARY), None), refused, "no ticket says so");
    for decides in [OWNER, MANAGER] {
        let decides = id(decides);
        let named = outcome(decides.clone(), Some(decides));
        if named != refused {
            // Only somebody who would not be asked may be named.
            assert_eq!(named, pending);
        }
    }
    assert_eq!(outcome(id(OWNER), Some(id(OWNER))), refused);
}

#[test]
fn only_what_the_guardrails_list_can_be_asked_for() {
    let code = |world: &World, grants: Value| refusal(&asked(world, grants));
    let outside = Some(RefusalCode::OutsideGuardrails);
    let world = World::with_users();
    let tagged = create(json!({"tags": {"cost": "1"}}));
    assert_eq!(code(&world, tagged), outside);
    let mut named = World::with_users();
    named.target.name = "billing".parse().unwrap();
    assert_eq!(code(&named, create(json!({}))), outside);
    let mut without = World::default();
    without.target.name = "ci-billing".parse().unwrap();
    assert_eq!(code(&without, create(json!({}))), outside);
    let world = World::with_users();
    world
        .directory
        .remove_policy(&ACCOUNT.parse().unwrap(), &testkit::world::boundary());
    let prepared = Some(RefusalCode::AccountNotPrepared);
    assert_eq!(code(&world, create(json!({}))), prepared, "no boundary");
}

/// The user of the world as Snowgate made it, after these events.
fn made(world: &World, events: Vec<IdentityEvent>) {
    world
        .directory
        .put_principal(&world.target, principal_facts());
    let mut user = samples::new_user();
    user.name = world.target.name.clone();
    user.account_id = ACCOUNT.parse().unwrap();
    let request = RequestId::from_random([9; 16]);
    let begun = IdentityRecord::begin(request, user, Actor::Provisioner, at(0)).unwrap();
    let mut record = begun.record.clone();
    ready(world.ledger.commit_identity(&begun.into())).unwrap();
    for event in events {
        let change = record.apply(event, Actor::Provisioner, at(0)).unwrap();
        record = change.record.clone();
        ready(world.ledger.commit_identity(&change.into())).unwrap();
    }
}

/// What a user that Snowgate made has come to, if it lives until this second.
fn live_until(second: i64) -> Vec<IdentityEvent> {
    let unique_id = principal_facts().unique_id;
    let until = at(second);
    vec![
        IdentityEvent::UserCreated { unique_id },
        IdentityEvent::WentLive { until },
    ]
}

#[test]
fn no_access_outlives_a_user_or_is_asked_for_one_that_has_ended() {
    const EIGHT_HOURS: i64 = 8 * 3600;
    let policy = || json!([{"type": "attach_managed_policy", "policy_arn": samples::policy()}]);
    let outcome = |events: Vec<IdentityEvent>| {
        let world = World::with_users();
        made(&world, events);
        let record = asked(&world, policy());
        (record.state(), refusal(&record))
    };
    // It is asked at 1, for eight hours.
    let just = outcome(live_until(EIGHT_HOURS + 1));
    assert_eq!(just, (State::Pending, None));
    let outlives = outcome(live_until(EIGHT_HOURS));
    assert_eq!(outlives, (State::Refused, Some(RefusalCode::OutlivesUser)));
    let mut ending = live_until(EIGHT_HOURS + 1);
    ending.push(IdentityEvent::EndingStarted);
    let mut ended = ending.clone();
    let grace_until = at(9_000_000);
    ended.push(IdentityEvent::Ended { grace_until });
    for over in [ending, ended] {
        let refused = (State::Refused, Some(RefusalCode::UserEnded));
        assert_eq!(outcome(over), refused);
    }
    let created = live_until(0).remove(0);
    assert_eq!(
        outcome(vec![created]),
        (State::Received, None),
        "asked later"
    );
    // A record of another user says nothing of this one.
    let other = IdentityEvent::UserCreated {
        unique_id: "AIDAOTHER".to_owned(),
    };
    assert_eq!(outcome(vec![other]), (State::Pending, None));
}
