//! Owners and groups.

use super::super::world::*;
use super::Change;
use crate::entitlement::*;

pub(super) const OWNERSHIP: &[(&str, Change)] = &[
    ("`owned_by` names Rita", |world| {
        world.names("owned_by", "rita")
    }),
    ("`u_owner` names Rita, `owned_by` somebody else", |world| {
        world.names("owned_by", "adam");
        world.names("u_owner", "rita");
    }),
    ("`owned_by` names somebody else", |world| {
        world.names("owned_by", "adam")
    }),
    ("Nobody is named", |_| {}),
    (
        "`owned_by` names Rita, `u_owner` may not be read",
        |world| {
            world.names("owned_by", "rita");
            world.server(|item| {
                item.fields
                    .insert(field("u_owner"), FieldContent::Unreadable);
            });
        },
    ),
    ("`owned_by` may not be read", |world| {
        world.server(|item| {
            item.fields
                .insert(field("owned_by"), FieldContent::Unreadable);
        });
    }),
];

pub(super) const GROUPS: &[(&str, Change)] = &[
    ("Rita is a member of the `support_group`", |world| {
        world.names("support_group", "ops");
        world.member("rita", &["ops"]);
    }),
    ("… of the `managed_by_group`", |world| {
        world.names("managed_by_group", "ops");
        world.member("rita", &["ops"]);
    }),
    ("… of another group", |world| {
        world.names("support_group", "ops");
        world.member("rita", &["hr"]);
    }),
    ("… of the `support_group`, which is not active", |world| {
        world.names("support_group", "ops");
        let inactive = GroupMembership {
            group: id("ops"),
            record: id("mops"),
            active: false,
        };
        world
            .snapshot
            .groups_of
            .insert(id("rita"), fact(vec![inactive]));
    }),
    (
        "… of a group whose parent is the `support_group`",
        |world| {
            world.names("support_group", "it");
            world.member("rita", &["ops"]);
            world.group("ops", Some("it"));
            world.group("it", None);
        },
    ),
    ("… two parents below it", |world| {
        world.names("support_group", "all");
        world.member("rita", &["ops"]);
        world.group("ops", Some("it"));
        world.group("it", Some("all"));
        world.group("all", None);
    }),
    (
        "… three parents below it, and the profile says two",
        |world| {
            world.names("support_group", "top");
            world.member("rita", &["ops"]);
            world.group("ops", Some("it"));
            world.group("it", Some("all"));
            world.group("all", Some("top"));
            world.group("top", None);
        },
    ),
    (
        "… below it, and the profile counts direct members only",
        |world| {
            world.profile.groups.as_mut().unwrap().nesting = 0;
            world.names("support_group", "it");
            world.member("rita", &["ops"]);
            world.group("ops", Some("it"));
            world.group("it", None);
        },
    ),
    ("… of a group *above* the `support_group`", |world| {
        world.names("support_group", "ops");
        world.member("rita", &["it"]);
        world.group("ops", Some("it"));
        world.group("it", None);
    }),
    ("… below a parent that is not active", |world| {
        world.names("support_group", "it");
        world.member("rita", &["ops"]);
        world.group("ops", Some("it"));
        let inactive = NestedGroup {
            active: false,
            parent: None,
        };
        world.snapshot.groups.insert(id("it"), fact(Some(inactive)));
    }),
    (
        "… of groups that are each other's parents, neither of them the `support_group`",
        |world| {
            world.names("support_group", "hr");
            world.member("rita", &["ops"]);
            world.group("ops", Some("it"));
            world.group("it", Some("ops"));
        },
    ),
];
