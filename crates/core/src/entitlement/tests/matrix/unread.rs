//! What could not be read.

use super::super::world::*;
use super::Change;
use crate::entitlement::*;

pub(super) const UNREAD: &[(&str, Change)] = &[
    (
        "Six applications, and the role comes not in time",
        |world| {
            let all = (1..7).map(|n| application(&format!("app{n}")));
            world.parents("web1", all.collect());
            world
                .snapshot
                .roles
                .insert(id("rita"), Fact::Unread(Unread::Unavailable));
        },
    ),
    (
        "ServiceNow does not answer in time about the server",
        |world| {
            world
                .snapshot
                .items
                .insert(world.resource.clone(), Fact::Unread(Unread::Unavailable));
        },
    ),
    (
        "The server is there, and an access rule hides it",
        |world| {
            world
                .snapshot
                .items
                .insert(world.resource.clone(), Fact::Unread(Unread::Hidden));
        },
    ),
    ("No rule may read the table", |world| {
        world
            .snapshot
            .items
            .insert(world.resource.clone(), Fact::Unread(Unread::Forbidden));
    }),
    (
        "Rita's groups come not in time, and the server names a group",
        |world| {
            world.names("support_group", "ops");
            world
                .snapshot
                .groups_of
                .insert(id("rita"), Fact::Unread(Unread::Unavailable));
        },
    ),
    ("… but `owned_by` names her", |world| {
        world.names("owned_by", "rita");
        world
            .snapshot
            .groups_of
            .insert(id("rita"), Fact::Unread(Unread::Unavailable));
    }),
    ("Some of her memberships are hidden", |world| {
        world.names("support_group", "ops");
        world
            .snapshot
            .groups_of
            .insert(id("rita"), Fact::Unread(Unread::Hidden));
    }),
    (
        "Relations of the server are hidden, among those that are seen is an application of Rita's",
        |world| {
            world
                .snapshot
                .parents
                .insert(id("web1"), Fact::Unread(Unread::Hidden));
        },
    ),
    ("The answer about the server contradicts itself", |world| {
        world
            .snapshot
            .items
            .insert(world.resource.clone(), Fact::Unread(Unread::Inconsistent));
    }),
];
