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

use provisioner::Compared;
use testkit::{Aftermath, Moment};

use super::{Tested, provision, provisioner};

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

/// Compares every account once; what is not known. Those that are not prepared here cannot be listed.
fn compare(world: &World, second: i64) -> u32 {
    compared(world, second).unknown
}

fn compared(world: &World, second: i64) -> Compared {
    compared_by(&provisioner(world), world, second)
}

fn compared_by(provisioner: &Tested, world: &World, second: i64) -> Compared {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let accounts = world.guardrails.accounts().len() as i64;
    let turns = (0..accounts).map(|turn| at(second + turn * 900));
    let mut all = Compared::default();
    for now in turns {
        let some = runtime.block_on(provisioner.compare(now));
        all.unknown += some.unknown;
        all.failed += some.failed;
    }
    all
}

#[test]
fn what_the_ledger_knows_is_left_alone() {
    let world = World::default();
    let record = active(&world);
    assert_eq!(compare(&world, 60), 0);
    assert_eq!(named(&world), [inline_policy_name(record.id())]);
}

/// The effect of access that is there was deleted.
#[test]
fn what_is_given_without_an_effect_is_reported_and_stays() {
    let world = World::default();
    let record = active(&world);
    for effect in world.ledger.effects_on(&world.key()) {
        ready(world.ledger.forget(&effect, at(0))).unwrap();
    }
    assert_eq!(compare(&world, 60), 1);
    assert_eq!(named(&world), [inline_policy_name(record.id())]);
}

fn by_hand(name: String) -> InlineFacts {
    InlineFacts {
        name,
        document: r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(),
    }
}

/// A request that has ended, and its inline policy in IAM all the same.
fn left_over(world: &World) -> RequestRecord {
    let ended = provision(world, &active(world), END + 1);
    assert_eq!(ended.state(), State::Revoked);
    assert_eq!(named(world), [""; 0]);
    let mut facts = world.directory.facts(&world.target).unwrap();
    facts.inline.push(by_hand(inline_policy_name(ended.id())));
    world.directory.put_principal(&world.target, facts);
    ended
}

#[test]
fn what_is_left_of_a_request_that_ended_is_removed() {
    let world = World::default();
    let _ = left_over(&world);
    let all = compared(&world, END + 900);
    assert_eq!((all.unknown, named(&world).len()), (0, 0));
}

#[test]
fn what_is_left_is_reported_and_stays_while_all_changes_are_stopped() {
    let world = World::default();
    let _ = left_over(&world);
    let held = Tested {
        hold: true,
        ..provisioner(&world)
    };
    assert_eq!(compared_by(&held, &world, END + 900).unknown, 1);
    assert_eq!(named(&world).len(), 1);
}

/// A way to make less sure whose a policy is.
type Spoil = fn(&World, &RequestRecord);

/// The ledger does not show that it put the policy: its trail does not bear it out, or it was put on
/// somebody else.
#[test]
fn what_is_not_plainly_left_over_is_reported_and_stays() {
    let spoil: [(&str, Spoil); 2] = [
        ("a broken trail", |world, ended| {
            world.ledger.rewrite_trail(ended.id(), |rows| {
                rows.first_mut().unwrap().bytes.push(' ');
            });
        }),
        ("another user of the name", |world, _| {
            let mut facts = world.directory.facts(&world.target).unwrap();
            facts.unique_id = "AIDAOTHER".to_owned();
            world.directory.put_principal(&world.target, facts);
        }),
    ];
    for (name, spoil) in spoil {
        let world = World::default();
        let ended = left_over(&world);
        spoil(&world, &ended);
        assert_eq!(compare(&world, END + 900), 1, "{name}");
        assert_eq!(named(&world).len(), 1, "{name}");
    }
}

/// Between the list and the removal, the user was deleted and another one has the name.
#[test]
fn whoever_has_the_name_by_now_keeps_what_they_have() {
    let world = World::default();
    let _ = left_over(&world);
    let mut facts = world.directory.facts(&world.target).unwrap();
    facts.unique_id = "AIDAOTHER".to_owned();
    world.directory.read_as(&world.target, Some(facts));
    assert_eq!(compare(&world, END + 900), 0);
    assert_eq!(named(&world).len(), 1);
}

/// The request is live and has an effect on the principal: but it gives something else, or gives it to
/// another one.
#[test]
fn what_a_live_request_does_not_give_is_reported_and_stays() {
    let world = World::default();
    let attaching = super::active(&world, 0);
    let mut facts = world.directory.facts(&world.target).unwrap();
    facts
        .inline
        .push(by_hand(inline_policy_name(attaching.id())));
    world.directory.put_principal(&world.target, facts);
    assert_eq!(compare(&world, 60), 1);
    assert_eq!(named(&world).len(), 1);

    let world = World::default();
    let record = active(&world);
    let mut row = world.ledger.all_effects().remove(0);
    let other = samples::user();
    let mut facts = principal_facts();
    facts.unique_id = "AIDAOTHER".to_owned();
    facts.inline.push(by_hand(inline_policy_name(record.id())));
    world.directory.put_principal(&other, facts);
    row.principal_key = other.key_by_id("AIDAOTHER");
    row.principal = other.clone();
    world.ledger.put_effect(row);
    assert_eq!(compare(&world, 60), 1);
    assert_eq!(world.directory.facts(&other).unwrap().inline.len(), 1);
}

#[test]
fn what_we_did_not_make_is_reported_and_stays() {
    let world = World::default();
    let approved = world.approved(at(0));
    let ended = provision(&world, &provision(&world, &approved, 0), END + 1);
    assert_eq!(ended.state(), State::Revoked);
    let mut facts = principal_facts();
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

/// So many users, each with an inline policy named like ours.
fn put_unknown(world: &World, users: usize) {
    for n in 0..users {
        let mut user = world.target.clone();
        user.name = format!("user-{n}").parse().unwrap();
        let mut facts = principal_facts();
        facts.unique_id = format!("AIDA{n:016}");
        facts.inline = vec![InlineFacts {
            name: "snowgate-by-hand".to_owned(),
            document: "{}".to_owned(),
        }];
        world.directory.put_principal(&user, facts);
    }
}

/// IAM or the ledger fails once, wherever that is: the others are compared all the same.
#[test]
fn one_that_cannot_be_compared_keeps_no_other_back() {
    let world = World::default();
    put_unknown(&world, 8);
    let all = compared(&world, 0);
    let calls = world.fault.calls();
    assert_eq!(all.unknown, 8);
    let mut passed_over = 0;
    for nth in 1..=calls {
        world.fault.mend();
        world.fault.at(nth, Moment::Before, Aftermath::Alive);
        let some = compared(&world, 0);
        // One principal, or a path of an account, which has none or all of them.
        let is_path = some.unknown == 0 || some.unknown == 8;
        assert!(is_path || some.unknown == 7, "call {nth}: {some:?}");
        passed_over += u32::from(some.unknown == 7 && some.failed == all.failed + 1);
    }
    assert!(passed_over >= 8, "{passed_over}");
}

/// An account of more than are compared in a turn: each has its own.
#[test]
fn of_very_many_each_has_its_turn() {
    let world = World::default();
    put_unknown(&world, 1_200);
    let accounts = world.guardrails.accounts().len() as i64;
    let round = |n: i64| compared(&world, n * accounts * 900).unknown;
    let found: Vec<u32> = (0..3).map(round).collect();
    assert!(
        found.iter().all(|some| (300..=500).contains(some)),
        "{found:?}"
    );
    assert_eq!(found.iter().sum::<u32>(), 1_200);
}
