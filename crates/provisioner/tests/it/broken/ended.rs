//! Requests that are said to have ended, with an effect that is there again: what is removed for them,
//! and what is left to a person.

use serde_json::json;
use snowgate_core::approval::Verdict;
use snowgate_core::effect::inline_policy_name;
use snowgate_core::lifecycle::Actor;
use snowgate_core::request::AccessRequest;
use testkit::FakeKeys;
use testkit::world::OWNER;

use super::*;
use crate::approved_with;

fn inline_grant() -> serde_json::Value {
    let statement =
        json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"});
    let document = json!({"Version": "2012-10-17", "Statement": statement});
    json!([{"type": "inline_policy", "document": document}])
}

/// Puts the inline policy that is named for a request, and an effect about it.
fn put_inline(world: &World, id: &RequestId) {
    let name = inline_policy_name(id);
    let mut facts = world.directory.facts(&world.target).unwrap();
    facts.inline.push(InlineFacts {
        name: name.clone(),
        document: "{}".to_owned(),
    });
    world.directory.put_principal(&world.target, facts);
    let change = EffectChange::InlinePolicyPut {
        name,
        document: String::new(),
        ends_at: at(0),
    };
    world.ledger.put_effect(RecordedEffect {
        principal_key: world.key(),
        change,
        ..samples::effect(id, &world.target, false)
    });
}

fn inline(world: &World) -> usize {
    world.directory.facts(&world.target).unwrap().inline.len()
}

/// Where all is proved, the policy that is named for the request alone is removed.
#[test]
fn what_an_ended_request_put_under_its_own_name_is_removed() {
    let world = World::default();
    let active = provision(&world, &approved_with(&world, inline_grant()), 0);
    let ended = provision(&world, &active, END + 1);
    assert_eq!(ended.state(), State::Revoked);
    put_inline(&world, ended.id());
    end_all(&world, END + 60);
    assert_eq!((inline(&world), rows(&world)), (0, Vec::new()));
}

/// It failed before anything was done.
#[test]
fn what_was_never_begun_leaves_nothing_to_remove() {
    let world = World::default();
    let approved = approved_with(&world, inline_grant());
    let failed = provision(&world, &approved, 30 * 3600);
    assert_eq!(failed.state(), State::Failed);
    put_inline(&world, failed.id());
    end_all(&world, 40 * 3600);
    assert_eq!((inline(&world), rows(&world).len()), (1, 1));
}

/// The whole of a request, with a trail that bears it out, and no signature that verifies.
#[test]
fn what_nobody_signed_leaves_nothing_to_remove() {
    let world = World::default();
    let body = {
        let mut body = samples::body(&world.ticket(), &world.target);
        *body.get_mut("grants").unwrap() = inline_grant();
        body.to_string()
    };
    let request = AccessRequest::parse(body.as_bytes()).unwrap();
    let (pending, _) = world.pend(world.receive(request, at(0)), &[OWNER], at(0));
    let keys = FakeKeys::new([9; 32]);
    let mut record = world.decide(&pending, OWNER, Verdict::Approve, &keys, at(0));
    let (preexisting, retained) = (Vec::new(), Vec::new());
    for event in [
        Event::ProvisioningStarted { preexisting },
        Event::Activated { until: at(END) },
        Event::RevocationStarted,
        Event::Revoked { retained },
    ] {
        record = world.apply(&record, event, Actor::Provisioner, at(1));
    }
    put_inline(&world, record.id());
    end_all(&world, END + 60);
    assert_eq!((inline(&world), rows(&world).len()), (1, 1));
}

/// The effect leads from another principal to the request: that one may have it from somebody else.
#[test]
fn what_ended_on_one_principal_is_forgotten_on_no_other() {
    let world = World::default();
    let active = active(&world);
    let mut row = rows(&world).remove(0);
    let ended = provision(&world, &active, END + 1);
    assert_eq!(ended.state(), State::Revoked);
    let (other, key) = other_with_the_policy(&world);
    row.principal_key = key.clone();
    row.principal = other.clone();
    world.ledger.put_effect(row);
    end_all_on(&world, key.clone(), END + 60);
    assert!(crate::attached(&world, &other));
    let left = world.ledger.effects_on(&key);
    assert_eq!(left.len(), 1, "a person decides");
}
