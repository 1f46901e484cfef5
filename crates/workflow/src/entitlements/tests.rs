//! Rounds of look-ups, on a CMDB in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::FutureExt as _;
use snowgate_core::entitlement::{
    ConfigurationItem, EntitlementCode, EntitlementRule, EntitlementRules, FieldContent,
    GroupMembership, NestedGroup, UserState,
};
use testkit::FakeCmdb;

use super::*;

const RULES: &str = r#"
[usual]
owner_fields = ["owned_by"]
groups = { fields = ["support_group"], nesting = 10 }
delegation = "assignments"
role = "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c"
statuses = { install = ["1"], operational = ["1"] }
applications = { service_associations = true, owner_fields = ["owned_by"] }
"#;

fn id(n: usize) -> SysId {
    format!("{n:032x}").parse().unwrap()
}

const RITA: usize = 1;

fn fact<T>(value: T) -> Fact<T> {
    Fact::read(value, Timestamp::UNIX_EPOCH)
}

/// Rita is there, and servers from 1,000 on, with an owner or a group.
fn world(servers: usize, field: &str, holds: usize) -> Snapshot {
    let mut facts = Snapshot::default();
    let rita = UserState {
        sys_id: id(RITA),
        active: true,
        locked_out: false,
        integration: false,
    };
    let user = UserRef::SysId(id(RITA));
    facts.users.insert(user, fact(vec![rita]));
    for n in 1_000..1_000 + servers {
        let mut fields: BTreeMap<_, _> = ["owned_by", "support_group"]
            .map(|name| (name.parse().unwrap(), FieldContent::Empty))
            .into();
        fields.insert(field.parse().unwrap(), FieldContent::Id(id(holds)));
        let item = ConfigurationItem {
            sys_id: id(n),
            class: "cmdb_ci_server".to_owned(),
            in_root: true,
            fields,
            install_status: Some("1".to_owned()),
            operational_status: Some("1".to_owned()),
            life_cycle: None,
            duplicate_of: FieldContent::Empty,
        };
        let asked = ResourceRef::SysId(id(n));
        facts.items.insert(asked, fact(vec![item]));
    }
    facts
}

fn question(servers: impl IntoIterator<Item = usize>) -> Question {
    let resources: Vec<String> = servers.into_iter().map(|n| id(n).to_string()).collect();
    let resources = resources.iter().map(|text| text.as_str());
    Question::parse(id(RITA).as_str(), resources, None).unwrap()
}

fn still() -> Clock {
    Clock::new(|| Timestamp::UNIX_EPOCH)
}

fn answers(cmdb: &FakeCmdb, clock: &Clock, question: &Question) -> Vec<Entitlement> {
    let rules = EntitlementRules::parse(RULES).unwrap();
    let profile = rules.profile(None).unwrap();
    let deadline = Duration::from_secs(5);
    let answers = verify(cmdb, clock, profile, question, deadline);
    answers.now_or_never().expect("nothing waits")
}

#[test]
fn order_and_repetition_are_those_of_the_question() {
    let mut facts = world(3, "owned_by", RITA);
    facts.items.remove(&ResourceRef::SysId(id(1_001)));
    let cmdb = FakeCmdb::new(facts);
    let asked = question([1_002, 1_001, 1_000, 1_002]);
    let answers = answers(&cmdb, &still(), &asked);
    let entitled: Vec<bool> = answers.iter().map(Entitlement::entitled).collect();
    assert_eq!(entitled, [true, false, true, true]);
    let found = |at: usize| {
        answers[at]
            .resolved
            .as_ref()
            .map(|item| item.sys_id.clone())
    };
    assert_eq!((found(0), found(2)), (Some(id(1_002)), Some(id(1_000))));
    assert_eq!(answers[0], answers[3]);
    assert_eq!(answers[1].code(), EntitlementCode::ResourceNotFound);
    assert_eq!(cmdb.asked().len(), 4, "the user once, and each server once");
}

#[test]
fn what_the_first_rule_decides_needs_nothing_else() {
    let cmdb = FakeCmdb::new(world(50, "owned_by", RITA));
    let answers = answers(&cmdb, &still(), &question(1_000..1_050));
    assert!(answers.iter().all(Entitlement::entitled));
    let others = cmdb.asked();
    let others = others.iter().filter(|need| !matches!(need, Need::Items(_)));
    assert_eq!(others.count(), 1, "the user");
}

#[test]
fn nothing_is_looked_up_twice_and_ten_parents_are_climbed() {
    let mut facts = world(20, "support_group", 20);
    let membership = GroupMembership {
        group: id(10),
        record: id(99),
        active: true,
    };
    facts.groups_of.insert(id(RITA), fact(vec![membership]));
    for n in 10..=20 {
        let group = NestedGroup {
            active: true,
            parent: Some(id(n + 1)),
        };
        facts.groups.insert(id(n), fact(Some(group)));
    }
    let cmdb = FakeCmdb::new(facts);
    let answers = answers(&cmdb, &still(), &question(1_000..1_020));
    let by_group = |answer: &Entitlement| answer.rule() == Some(EntitlementRule::Group);
    assert!(answers.iter().all(by_group), "{:?}", answers[0]);
    let mut asked = cmdb.asked();
    let all = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), all);
    assert_eq!(all, 20 + 1 + 1 + 11);
}

#[test]
fn a_no_has_gone_through_all_rules() {
    let cmdb = FakeCmdb::new(world(1, "owned_by", 2));
    let answers = answers(&cmdb, &still(), &question([1_000]));
    assert_eq!(answers[0].code(), EntitlementCode::NotEntitled);
    assert!(answers[0].known() && !answers[0].retryable());
    let asked = cmdb.asked();
    assert!(asked.contains(&Need::RolesOf(id(RITA))));
    assert!(asked.contains(&Need::Parents(id(1_000))));
    assert!(asked.contains(&Need::DelegationsTo(id(RITA))));
}

#[test]
fn what_is_not_known_in_time_may_be_asked_again() {
    // Each look at the clock takes two seconds: there is time for one round, and not for another.
    let (seconds, facts) = (Arc::new(AtomicI64::new(0)), world(3, "support_group", 20));
    let mut owned = world(1, "owned_by", RITA);
    let mut facts = facts;
    facts.items.append(&mut owned.items);
    let clock = Clock::new(move || {
        let second = seconds.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_second(second).unwrap()
    });
    let cmdb = FakeCmdb::new(facts);
    let answers = answers(&cmdb, &clock, &question([1_000, 1_001, 1_002]));
    assert!(answers[0].entitled(), "it was known by the first round");
    for late in &answers[1..] {
        assert_eq!(late.code(), EntitlementCode::Unavailable);
        assert!(!late.entitled() && !late.known() && late.retryable());
    }
    let rounds = cmdb.asked();
    let roles = rounds
        .iter()
        .filter(|need| matches!(need, Need::RolesOf(_)));
    assert_eq!(roles.count(), 0, "nothing is asked for after the end");
}

#[test]
fn what_is_not_answered_is_not_known() {
    let cmdb = FakeCmdb::new(world(1, "support_group", 20));
    cmdb.change(|facts| {
        let unavailable = Fact::Unread(Unread::Unavailable);
        facts.groups_of.insert(id(RITA), unavailable);
    });
    let answer = answers(&cmdb, &still(), &question([1_000])).remove(0);
    assert_eq!(answer.code(), EntitlementCode::Unavailable);
}
