//! What holds in every world: rows that a rule does not look at change nothing, nothing is gained by taking data away, and
//! the order of rows does not matter.

use proptest::prelude::*;

use super::world::*;
use crate::entitlement::*;

const PEOPLE: [&str; 3] = ["rita", "adam", "eve"];
const GROUPS: [&str; 4] = ["ops", "it", "all", "hr"];
const APPLICATIONS: [&str; 8] = [
    "app1", "app2", "app3", "app4", "app5", "app6", "app7", "app8",
];
const FIELDS: [&str; 4] = ["owned_by", "u_owner", "support_group", "managed_by_group"];

/// Something that a CMDB may record; each number chooses one of a list.
#[derive(Debug, Clone)]
enum Edit {
    Names(usize, usize),
    Application(usize, Option<usize>, Option<usize>),
    Above(usize, usize),
    Many(usize),
    Member(usize, usize, bool),
    Group(usize, Option<usize>, bool),
    Delegates(usize, u8, bool),
    Role(usize, bool),
    Second(bool, bool),
    State(usize),
    Nesting(u8),
    Depth(u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let option = |below: usize| prop::option::of(0..below);
    prop_oneof![
        4 => (0..4_usize, 0..4_usize).prop_map(|(field, what)| Edit::Names(field, what)),
        4 => (0..8_usize, option(3), option(4)).prop_map(|(a, b, c)| Edit::Application(a, b, c)),
        1 => (0..8_usize, 0..8_usize).prop_map(|(a, b)| Edit::Above(a, b)),
        1 => (4..8_usize).prop_map(Edit::Many),
        4 => (0..3_usize, 0..4_usize, prop::bool::weighted(0.8)).prop_map(|(a, b, c)| Edit::Member(a, b, c)),
        3 => (0..4_usize, option(4), prop::bool::weighted(0.8)).prop_map(|(a, b, c)| Edit::Group(a, b, c)),
        2 => (0..3_usize, 8..12_u8, prop::bool::weighted(0.8)).prop_map(|(a, b, c)| Edit::Delegates(a, b, c)),
        1 => (0..2_usize, any::<bool>()).prop_map(|(a, b)| Edit::Role(a, b)),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(a, b)| Edit::Second(a, b)),
        1 => (0..6_usize).prop_map(Edit::State),
        1 => (0..3_u8).prop_map(Edit::Nesting),
        1 => (1..3_u8).prop_map(Edit::Depth),
    ]
}

fn rows<K: Ord, V: Clone>(
    of: &mut std::collections::BTreeMap<K, Fact<Vec<V>>>,
    key: K,
) -> &mut Vec<V> {
    match of.entry(key).or_insert_with(|| fact(Vec::new())) {
        Fact::Known { value, .. } => value,
        Fact::Unread(_) => panic!("worlds are built before facts are taken away"),
    }
}

fn apply(world: &mut World, edit: &Edit) {
    let snapshot = &mut world.snapshot;
    match *edit {
        Edit::Names(of, what) => match FIELDS[of] {
            person @ ("owned_by" | "u_owner") => world.names(person, PEOPLE[what % 3]),
            group => world.names(group, GROUPS[what]),
        },
        Edit::Application(which, owner, group) => {
            let mut parent = application(APPLICATIONS[which]);
            if let Some(owner) = owner {
                let owner = FieldContent::Id(id(PEOPLE[owner]));
                parent.fields.insert(field("owned_by"), owner);
            }
            if let Some(group) = group {
                let group = FieldContent::Id(id(GROUPS[group]));
                parent.fields.insert(field("support_group"), group);
            }
            rows(&mut snapshot.parents, id("web1")).push(parent);
        }
        Edit::Above(which, above) => {
            let parent = application(APPLICATIONS[above]);
            rows(&mut snapshot.parents, id(APPLICATIONS[which])).push(parent);
        }
        Edit::Many(applications) => {
            let many = APPLICATIONS.iter().take(applications);
            rows(&mut snapshot.parents, id("web1")).extend(many.map(|name| application(name)));
        }
        Edit::Member(person, group, active) => {
            let record = id(&format!("m{}{}", PEOPLE[person], GROUPS[group]));
            let group = id(GROUPS[group]);
            rows(&mut snapshot.groups_of, id(PEOPLE[person])).push(GroupMembership {
                group,
                record,
                active,
            });
        }
        Edit::Group(group, parent, active) => {
            let parent = parent.map(|parent| id(GROUPS[parent]));
            let nested = NestedGroup { active, parent };
            snapshot
                .groups
                .insert(id(GROUPS[group]), fact(Some(nested)));
        }
        Edit::Delegates(from, until, active) => {
            let delegated = DelegatedTo {
                from: id(PEOPLE[from]),
                record: id(&format!("d{}{until}", PEOPLE[from])),
                starts: Some(at(7)),
                ends: Some(at(until)),
            };
            rows(&mut snapshot.delegations, id("rita")).push(delegated);
            let user = UserRef::SysId(id(PEOPLE[from]));
            let state = UserState {
                active,
                ..person(PEOPLE[from])
            };
            snapshot.users.entry(user).or_insert(fact(vec![state]));
        }
        Edit::Role(role, active) => {
            let role = id(["root", "itil"][role]);
            let record = id("held");
            rows(&mut snapshot.roles, id("rita")).push(RoleHeld {
                role,
                record,
                active,
            });
        }
        Edit::Second(retired, in_root) => {
            let mut second = server("web2");
            second.in_root = in_root;
            if retired {
                second.install_status = Some("7".to_owned());
            }
            rows(&mut snapshot.items, world.resource.clone()).push(second);
        }
        Edit::State(state) => {
            let first = rows(&mut snapshot.items, world.resource.clone());
            if let Some(first) = first.first_mut() {
                match state {
                    0 => first.install_status = Some("2".to_owned()),
                    1 => first.operational_status = Some("6".to_owned()),
                    2 => first.life_cycle = Some("In Use".to_owned()),
                    3 => first.operational_status = None,
                    _ => {}
                }
            }
        }
        Edit::Nesting(levels) => world.profile.groups.as_mut().unwrap().nesting = levels,
        Edit::Depth(levels) => world.profile.applications.as_mut().unwrap().depth = levels,
    }
}

fn worlds() -> impl Strategy<Value = World> {
    prop::collection::vec(edit(), 0..12).prop_map(|edits| {
        let mut world = World::new();
        for edit in &edits {
            apply(&mut world, edit);
        }
        world
    })
}

/// The world with all that its verdict needs looked up, so that everything that counts can be taken away.
fn everything_less(world: &World) -> Vec<World> {
    fn each<K: Ord + Clone, V: Clone + Default>(
        world: &World,
        of: fn(&mut Snapshot) -> &mut std::collections::BTreeMap<K, Fact<V>>,
        less: impl Fn(&V) -> Vec<V>,
    ) -> Vec<World> {
        let mut all = Vec::new();
        let mut copy = world.snapshot.clone();
        let facts = of(&mut copy).clone();
        for (key, known) in facts {
            let Fact::Known { value, .. } = known else {
                continue;
            };
            let unread = [
                Unread::Unavailable,
                Unread::Hidden,
                Unread::Inconsistent,
                Unread::Forbidden,
            ];
            let without = less(&value).into_iter().map(fact);
            for instead in without.chain(unread.map(Fact::Unread)) {
                let mut world = world.clone();
                of(&mut world.snapshot).insert(key.clone(), instead);
                all.push(world);
            }
        }
        all
    }
    #[expect(clippy::ptr_arg, reason = "it stands for a function over any fact")]
    fn one_less<T: Clone>(rows: &Vec<T>) -> Vec<Vec<T>> {
        (0..rows.len())
            .map(|index| {
                let mut rows = rows.clone();
                rows.remove(index);
                rows
            })
            .collect()
    }
    let mut all = Vec::new();
    // Of people, items and relations that are there twice, one that is taken away can make the other count: whoever may
    // read only one of them is told so by the total, and then the fact is unread.
    all.extend(each(world, |s| &mut s.users, |_| vec![vec![]]));
    all.extend(each(world, |s| &mut s.items, fields_less));
    all.extend(each(world, |s| &mut s.parents, |_| vec![vec![]]));
    all.extend(each(world, |s| &mut s.groups_of, one_less));
    all.extend(each(world, |s| &mut s.groups, |_| vec![None]));
    all.extend(each(world, |s| &mut s.delegations, one_less));
    all.extend(each(world, |s| &mut s.roles, one_less));
    all
}

/// The same items, with one field emptied, hidden or not read in each.
#[expect(clippy::ptr_arg, reason = "it stands for a function over any fact")]
fn fields_less(items: &Vec<ConfigurationItem>) -> Vec<Vec<ConfigurationItem>> {
    let mut all = vec![vec![]];
    for index in 0..items.len() {
        let mut push = |change: &dyn Fn(&mut ConfigurationItem)| {
            let mut items = items.clone();
            change(&mut items[index]);
            all.push(items);
        };
        for name in FIELDS {
            for content in [FieldContent::Empty, FieldContent::Unreadable] {
                push(&|item| drop(item.fields.insert(field(name), content.clone())));
            }
            push(&|item| drop(item.fields.remove(&field(name))));
        }
        push(&|item| item.install_status = None);
        push(&|item| item.operational_status = None);
        push(&|item| item.life_cycle = None);
        push(&|item| item.duplicate_of = FieldContent::Unreadable);
        push(&|item| item.in_root = false);
    }
    all
}

/// Rows about others, or that count for nothing.
fn irrelevant(world: &mut World) {
    let snapshot = &mut world.snapshot;
    rows(&mut snapshot.groups_of, id("zoe")).push(GroupMembership {
        group: id("ops"),
        record: id("mzoe"),
        active: true,
    });
    for group in ["zoo", "zip"] {
        rows(&mut snapshot.groups_of, id("rita")).push(GroupMembership {
            group: id(group),
            record: id("mzoo"),
            active: group == "zoo",
        });
        let top = NestedGroup {
            active: true,
            parent: Some(id("ztop")),
        };
        snapshot.groups.insert(id(group), fact(Some(top)));
    }
    rows(&mut snapshot.delegations, id("rita")).push(DelegatedTo {
        from: id("zoe"),
        record: id("dzoe"),
        starts: Some(at(1)),
        ends: Some(at(2)),
    });
    rows(&mut snapshot.delegations, id("zoe")).push(DelegatedTo {
        from: id("adam"),
        record: id("dadam"),
        starts: Some(at(1)),
        ends: Some(at(20)),
    });
    rows(&mut snapshot.roles, id("rita")).push(RoleHeld {
        role: id("itil"),
        record: id("hitil"),
        active: true,
    });
    let mut other = server("other");
    other
        .fields
        .insert(field("owned_by"), FieldContent::Id(id("rita")));
    let elsewhere = ResourceRef::SysId(id("other"));
    snapshot.items.insert(elsewhere, fact(vec![other]));
    let mut retired = server("old");
    retired.install_status = Some("7".to_owned());
    let live = rows(&mut snapshot.items, world.resource.clone());
    if !live.is_empty() {
        live.push(retired);
    }
    let mut retired = application("zapp");
    retired.operational_status = Some("6".to_owned());
    rows(&mut snapshot.parents, id("web1")).push(retired);
}

fn reversed(world: &mut World) {
    fn reverse<K: Ord, V>(of: &mut std::collections::BTreeMap<K, Fact<Vec<V>>>) {
        for fact in of.values_mut() {
            if let Fact::Known { value, .. } = fact {
                value.reverse();
            }
        }
    }
    let snapshot = &mut world.snapshot;
    reverse(&mut snapshot.users);
    reverse(&mut snapshot.items);
    reverse(&mut snapshot.groups_of);
    reverse(&mut snapshot.delegations);
    reverse(&mut snapshot.roles);
    reverse(&mut snapshot.parents);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn nothing_is_gained_by_taking_data_away(world in worlds()) {
        let before = world.verdict();
        if !before.entitled() {
            for less in everything_less(&world) {
                let after = less.verdict();
                prop_assert!(!after.entitled(), "{:?} → {after:?} in {less:?}", before.code());
            }
        }
    }

    #[test]
    fn rows_that_no_rule_looks_at_change_nothing(world in worlds()) {
        let mut more = world.clone();
        irrelevant(&mut more);
        prop_assert_eq!(more.verdict(), world.verdict());
    }

    #[test]
    fn the_order_of_rows_does_not_matter(world in worlds()) {
        let mut other = world.clone();
        reversed(&mut other);
        prop_assert_eq!(other.verdict(), world.verdict());
    }
}

#[test]
fn the_worlds_are_of_all_kinds() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..2_000 {
        let verdict = worlds().new_tree(&mut runner).unwrap().current().verdict();
        *seen.entry((verdict.rule(), verdict.code())).or_insert(0) += 1;
    }
    let rules = seen.keys().filter(|(rule, _)| rule.is_some()).count();
    assert_eq!(rules, 5, "{seen:?}");
    for code in [
        EntitlementCode::NotEntitled,
        EntitlementCode::Shared,
        EntitlementCode::ResourceAmbiguous,
        EntitlementCode::StatusNotAllowed,
    ] {
        assert!(seen.contains_key(&(None, code)), "{code:?}: {seen:?}");
    }
}
