//! Inline policies that are named like ours and that the ledger does not know.

use ports::ledger::Effects as _;
use serde_json::json;
use snowgate_core::account::InlineFacts;
use snowgate_core::effect::{EffectChange, inline_policy_name};
use snowgate_core::lifecycle::State;
use snowgate_core::record::RequestRecord;
use snowgate_core::request::AccessRequest;
use testkit::samples;
use testkit::world::{World, at, principal_facts, ready};

use super::{provision, provisioner};

const END: i64 = 8 * 3600;

/// Access by an inline policy.
fn active(world: &World) -> RequestRecord {
    let mut body = samples::body(&world.ticket(), &world.target);
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}
    ]});
    *body.get_mut("grants").unwrap() = json!([{"type": "inline_policy", "document": document}]);
    let request = AccessRequest::parse(body.to_string().as_bytes()).unwrap();
    let (record, _) = world.pend(
        world.receive(request, at(0)),
        &[testkit::world::OWNER],
        at(0),
    );
    let yes = snowgate_core::approval::Verdict::Approve;
    let approved = world.decide(&record, testkit::world::OWNER, yes, &world.keys, at(0));
    let active = provision(world, &approved, 0);
    assert_eq!(active.state(), State::Active, "{:?}", active.end_reason());
    active
}

fn named(world: &World) -> Vec<String> {
    let facts = world.directory.facts(&world.target).unwrap();
    facts.inline.into_iter().map(|inline| inline.name).collect()
}

/// Compares every account once; what is not known.
fn compare(world: &World, second: i64) -> u32 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let accounts = world.guardrails.accounts().len() as i64;
    let turns = (0..accounts).map(|turn| at(second + turn * 900));
    let counted = turns.map(|now| runtime.block_on(provisioner(world).compare(now)));
    // Accounts that are not prepared here cannot be listed.
    counted.flatten().sum()
}

#[test]
fn what_the_ledger_knows_is_left_alone() {
    let world = World::default();
    let record = active(&world);
    assert_eq!(compare(&world, 60), 0);
    assert_eq!(named(&world), [inline_policy_name(record.id())]);
}

/// The effect was deleted, so the end removed nothing: what is left is found, and removed.
#[test]
fn what_is_left_of_a_request_that_ended_is_removed() {
    let world = World::default();
    let record = active(&world);
    for effect in ready(world.ledger.effects(&world.key())).unwrap().effects {
        ready(world.ledger.forget(&effect, at(0))).unwrap();
    }
    assert_eq!(compare(&world, 60), 1, "still active: it is reported");
    let ended = provision(&world, &record, END + 1);
    assert_eq!(ended.state(), State::Revoked);
    let left = named(&world);
    assert_eq!(compare(&world, END + 900), 0);
    assert_eq!(named(&world), Vec::<String>::new(), "{left:?}");
}

#[test]
fn what_we_did_not_make_is_reported_and_stays() {
    let world = World::default();
    let approved = world.approved(at(0));
    let ended = provision(&world, &provision(&world, &approved, 0), END + 1);
    assert_eq!(ended.state(), State::Revoked);
    let mut facts = principal_facts();
    let by_hand = |name: String| InlineFacts {
        name,
        document: r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(),
    };
    let unknown = samples::request_id();
    facts.inline = vec![
        by_hand("operators".to_owned()),
        // Of a request that put none, of one that is not there, and of none at all.
        by_hand(inline_policy_name(ended.id())),
        by_hand(inline_policy_name(&unknown)),
        by_hand("snowgate-by-hand".to_owned()),
    ];
    world.directory.put_principal(&world.target, facts);
    assert_eq!(compare(&world, END + 900), 3);
    assert_eq!(named(&world).len(), 4);
    let change = EffectChange::InlinePolicyPut {
        name: "snowgate-by-hand".to_owned(),
        document: String::new(),
        ends_at: at(0),
    };
    assert!(
        world
            .directory
            .facts(&world.target)
            .unwrap()
            .has_in_place(&change)
    );
}
