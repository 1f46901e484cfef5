//! Principals and groups that are renamed, moved, deleted or created again while access is active.

use serde_json::json;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::principal::{Principal, PrincipalType};
use snowgate_core::record::{
    BlockedBecause, Deviation, EndReason, FailureCode, Message, RequestRecord,
};
use snowgate_core::request::GroupName;
use testkit::world::{World, at, group_facts, principal_facts};
use testkit::{AccountFault, QueueName, samples};

use super::{active, approved_with, attached, broken_off, end, provision};

/// The name of the group that everybody asks for.
fn analysts() -> GroupName {
    group_facts().arn.name().parse().unwrap()
}

fn member(world: &World) -> Vec<String> {
    let groups = world.directory.facts(&world.target).unwrap().groups;
    groups.into_iter().map(|group| group.name).collect()
}

fn active_with(world: &World, grants: serde_json::Value) -> RequestRecord {
    let active = provision(world, &approved_with(world, grants), 3);
    assert_eq!(active.state(), State::Active, "{:?}", active.end_reason());
    active
}

/// What was found otherwise, in all.
fn found(record: &RequestRecord) -> Vec<Deviation> {
    record.deviations().cloned().collect()
}

fn renamed(name: &str) -> Deviation {
    Deviation::Renamed {
        name: name.parse().unwrap(),
    }
}

#[test]
fn a_renamed_user_loses_the_access_under_the_new_name() {
    let world = World::default();
    let record = active(&world, 0);
    let renamed_user = world.directory.rename(&world.target, "rita.gupta");
    let after = provision(&world, &record, end(&record));
    assert_eq!(after.state(), State::Revoked);
    assert!(!attached(&world, &renamed_user));
    assert_eq!(found(&after), [renamed("rita.gupta")]);
}

/// The old name is somebody else's by now, who has the same policy of their own.
#[test]
fn whoever_has_the_old_name_now_keeps_what_they_have() {
    let world = World::default();
    let record = active(&world, 0);
    let renamed_user = world.directory.rename(&world.target, "rita.gupta");
    let mut facts = principal_facts();
    facts.unique_id = "AIDAOTHER".to_owned();
    facts.attached.push(samples::policy().to_string());
    world.directory.put_principal(&world.target, facts);
    let after = provision(&world, &record, end(&record));
    assert_eq!(after.state(), State::Revoked);
    assert!(attached(&world, &world.target), "it is not ours to take");
    assert!(!attached(&world, &renamed_user));
}

#[test]
fn a_user_moved_out_of_reach_keeps_the_request_open_until_moved_back() {
    let inline = json!([{"type": "inline_policy", "document": {"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}}}]);
    let managed = json!([{"type": "attach_managed_policy", "policy_arn": samples::policy()}]);
    for grants in [managed, inline] {
        let world = World::default();
        let record = active_with(&world, grants);
        let held = |world: &World| {
            let facts = world.directory.facts(&world.target).unwrap();
            facts.attached.len() + facts.inline.len()
        };
        world.directory.move_to(&world.target, "/left/", false);
        let _ = world.queues.take(QueueName::Outcomes);
        let stuck = provision(&world, &record, end(&record));
        assert_eq!((stuck.state(), held(&world)), (State::Revoking, 1));
        let blocked = found(&stuck);
        let [Deviation::StillThere { because, .. }] = blocked.as_slice() else {
            panic!("{blocked:?}");
        };
        assert_eq!(*because, BlockedBecause::Moved);
        assert!(
            stuck.due_at().unwrap() <= at(end(&record) + 240),
            "tried again"
        );
        let note = Message::Deviation { report: 0 };
        let due = stuck.due_deliveries(at(end(&record)));
        assert_eq!(due, std::slice::from_ref(&note));
        let woken = world.queues.take(QueueName::Outcomes);
        assert!(!woken.is_empty(), "the ticket is told");

        // Told once, however often it is tried.
        let told = world.deliver(&stuck, &note, Actor::Reporter, at(end(&record) + 1));
        let again = provision(&world, &told, end(&record) + 300);
        assert_eq!(again.deviation_reports().len(), 1);
        assert_eq!(again.due_deliveries(at(end(&record) + 300)), []);

        world.directory.move_to(&world.target, "/enrolled/", true);
        let after = provision(&world, &again, end(&record) + 600);
        assert_eq!((after.state(), held(&world)), (State::Revoked, 0));
        assert_eq!(after.unreported(), Some(State::Revoked));
    }
}

#[test]
fn what_a_person_removed_by_hand_is_not_missed_where_iam_refuses() {
    let world = World::default();
    let record = active(&world, 0);
    world.directory.move_to(&world.target, "/left/", false);
    let mut facts = world.directory.facts(&world.target).unwrap();
    facts.attached.clear();
    world.directory.put_principal(&world.target, facts);
    let after = provision(&world, &record, end(&record));
    assert_eq!(after.state(), State::Revoked);
}

/// One change that cannot be removed keeps no other in IAM.
#[test]
fn what_can_be_removed_is_removed_beside_what_cannot() {
    let world = World::default();
    let grants = json!([
        {"type": "attach_managed_policy", "policy_arn": samples::policy()},
        {"type": "group_membership", "group": analysts()},
    ]);
    let record = active_with(&world, grants);
    world
        .directory
        .keep(&snowgate_core::effect::EffectChange::PolicyAttached {
            policy_arn: samples::policy(),
        });
    let after = provision(&world, &record, end(&record));
    assert_eq!(after.state(), State::Revoking);
    assert_eq!(member(&world), [""; 0]);
    let blocked = found(&after);
    assert!(
        matches!(
            blocked.as_slice(),
            [Deviation::StillThere {
                because: BlockedBecause::Denied,
                ..
            }]
        ),
        "{blocked:?}"
    );
}

#[test]
fn a_role_that_cannot_be_assumed_any_more_is_told() {
    let world = World::default();
    let record = active(&world, 0);
    let account = world.target.account_id.clone();
    world
        .directory
        .set_fault(&account, Some(AccountFault::NotPrepared));
    let stuck = provision(&world, &record, end(&record));
    assert_eq!(stuck.state(), State::Revoking);
    let blocked = found(&stuck);
    let because = BlockedBecause::NotPrepared;
    assert!(
        blocked.iter().all(
            |one| matches!(one, Deviation::StillThere { because: why, .. } if *why == because)
        )
    );
    assert_eq!(blocked.len(), 1);
    // What passes is no deviation.
    let throttled = World::default();
    let record = active(&throttled, 0);
    throttled
        .directory
        .set_fault(&account, Some(AccountFault::Throttled));
    let later = provision(&throttled, &record, end(&record));
    assert_eq!((later.state(), found(&later)), (State::Revoking, vec![]));
}

#[test]
fn a_principal_that_is_gone_ends_and_says_so() {
    for kind in [PrincipalType::User, PrincipalType::Role] {
        let world = World::default();
        let record = active(&world, 0);
        world.directory.remove_principal(&world.target);
        let mut again = principal_facts();
        again.unique_id = "AIDAAGAIN".to_owned();
        again.attached.push(samples::policy().to_string());
        let other = Principal {
            kind,
            ..world.target.clone()
        };
        world.directory.put_principal(&other, again);
        let after = provision(&world, &record, end(&record));
        assert_eq!(after.state(), State::Revoked);
        assert_eq!(found(&after), [Deviation::Gone]);
        assert!(attached(&world, &other), "created again, and not ours");
    }
}

/// IAM is eventually consistent: a user whom two looks do not find is not gone.
#[test]
fn a_principal_that_two_looks_do_not_find_is_not_gone() {
    for (looks, is_found) in [(1, true), (2, true), (9, false)] {
        let world = World::default();
        let record = active(&world, 0);
        // Its own name, which the user is then found by.
        let name = world.target.name.as_str();
        assert_eq!(world.directory.rename(&world.target, name), world.target);
        world.directory.hide_for(&world.target, looks);
        let after = provision(&world, &record, end(&record));
        assert_eq!(
            after.state(),
            State::Revoked,
            "{looks}: {:?}",
            found(&after)
        );
        assert_eq!(attached(&world, &world.target), !is_found, "{looks}");
        assert_eq!(found(&after).contains(&Deviation::Gone), !is_found);
    }
}

#[test]
fn a_renamed_group_is_left() {
    let world = World::default();
    let grants = json!([{"type": "group_membership", "group": analysts()}]);
    let record = active_with(&world, grants);
    let account = world.target.account_id.clone();
    world
        .directory
        .rename_group(&account, &analysts(), "readers");
    assert_eq!(member(&world), ["readers"]);
    let after = provision(&world, &record, end(&record));
    assert_eq!(after.state(), State::Revoked);
    assert_eq!(member(&world), [""; 0]);
}

/// A membership in a group of the old name that is another group is not ours.
#[test]
fn a_group_created_again_under_the_name_is_not_left() {
    let world = World::default();
    let grants = json!([{"type": "group_membership", "group": analysts()}]);
    let record = active_with(&world, grants);
    let account = world.target.account_id.clone();
    world.directory.remove_group(&account, &analysts());
    let mut again = group_facts();
    again.unique_id = "AGPAAGAIN".to_owned();
    world.directory.put_group(again);
    let mut facts = world.directory.facts(&world.target).unwrap();
    facts.groups = vec![snowgate_core::account::Membership {
        name: analysts().as_str().to_owned(),
        unique_id: "AGPAAGAIN".to_owned(),
    }];
    world.directory.put_principal(&world.target, facts);
    let after = provision(&world, &record, end(&record));
    assert_eq!(after.state(), State::Revoked);
    assert_eq!(member(&world), ["analysts"]);
}

#[test]
fn a_renamed_group_off_the_list_is_told() {
    let world = World::default();
    let grants = json!([{"type": "group_membership", "group": analysts()}]);
    let record = active_with(&world, grants);
    let account = world.target.account_id.clone();
    world
        .directory
        .rename_group(&account, &analysts(), "readers");
    let facts = world.directory.facts(&world.target).unwrap();
    let id = Some(facts.groups[0].unique_id.clone());
    world
        .directory
        .keep(&snowgate_core::effect::EffectChange::GroupJoined {
            group: analysts(),
            unique_id: id,
        });
    let after = provision(&world, &record, end(&record));
    assert_eq!((after.state(), member(&world).len()), (State::Revoking, 1));
    let blocked = found(&after);
    assert!(
        matches!(
            blocked.as_slice(),
            [Deviation::StillThere {
                because: BlockedBecause::GroupRenamed,
                ..
            }]
        ),
        "{blocked:?}"
    );
}

/// A run that broke off after the change, and a user that was renamed before it is taken up.
#[test]
fn a_rollback_finds_a_renamed_user() {
    let (world, begun) = broken_off();
    let renamed_user = world.directory.rename(&world.target, "rita.gupta");
    let after = provision(&world, &begun, 200);
    assert_eq!(after.state(), State::Failed);
    assert!(!attached(&world, &renamed_user));
}

/// Asserts that a request failed because something else is there than what was approved.
#[track_caller]
fn failed_as_changed(record: &RequestRecord) {
    let code = FailureCode::ContentChanged;
    assert_eq!(record.state(), State::Failed);
    assert_eq!(record.end_reason(), Some(EndReason::Failed { code }));
}

/// We approve ids, and IAM changes by name: between the last look and the change the name becomes
/// another group's.
#[test]
fn a_group_that_takes_the_name_before_the_change_is_left() {
    let world = World::default();
    let grants = json!([{"type": "group_membership", "group": analysts()}]);
    let record = approved_with(&world, grants);
    let account = world.target.account_id.clone();
    world.directory.before_next_change(move |directory| {
        directory.rename_group(&account, &analysts(), "analysts-old");
        let mut again = group_facts();
        again.unique_id = "AGPAAGAIN".to_owned();
        directory.put_group(again);
    });
    failed_as_changed(&provision(&world, &record, 3));
    assert_eq!(world.directory.changes().len(), 2, "joined, and left");
    assert_eq!(member(&world), Vec::<String>::new());
}

/// The same for the name of the user, whatever is given.
#[test]
fn whoever_takes_the_name_before_the_change_is_given_nothing() {
    for is_given_already in [false, true] {
        nothing_goes_to_whoever_takes_the_name(is_given_already);
    }
}

/// Where another request gives the principal the same already, it is to be seen there all the same.
fn nothing_goes_to_whoever_takes_the_name(is_given_already: bool) {
    let grants = json!([
        {"type": "attach_managed_policy", "policy_arn": samples::policy()},
        {"type": "group_membership", "group": analysts()},
    ]);
    for grant in grants.as_array().unwrap() {
        let world = World::default();
        if is_given_already {
            active_with(&world, json!([grant]));
        }
        let changes = world.directory.changes().len();
        let record = approved_with(&world, json!([grant]));
        let target = world.target.clone();
        world.directory.before_next_change(move |directory| {
            directory.rename(&target, "rita.gupta");
            let mut facts = principal_facts();
            facts.unique_id = "AIDAOTHER".to_owned();
            directory.put_principal(&target, facts);
        });
        failed_as_changed(&provision(&world, &record, 3));
        let changed = world.directory.changes().len() - changes;
        assert_eq!(changed, 2, "given, and taken back");
        let other = world.directory.facts(&world.target).unwrap();
        let mut nothing = principal_facts();
        nothing.unique_id = "AIDAOTHER".to_owned();
        assert_eq!(other, nothing);
    }
}
