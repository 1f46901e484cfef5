//! Who asks for which server, in which state.

use super::super::world::*;
use super::Change;
use crate::entitlement::*;

pub(super) const WHO: &[(&str, Change)] = &[
    ("Rita owns the server, and is active", |world| {
        world.names("owned_by", "rita");
    }),
    ("… but not active", |world| {
        world.names("owned_by", "rita");
        let rita = person("rita");
        world.people(vec![UserState {
            active: false,
            ..rita
        }]);
    }),
    ("… but locked out", |world| {
        world.names("owned_by", "rita");
        let rita = person("rita");
        world.people(vec![UserState {
            locked_out: true,
            ..rita
        }]);
    }),
    ("… but programs sign in as her", |world| {
        world.names("owned_by", "rita");
        let rita = person("rita");
        world.people(vec![UserState {
            integration: true,
            ..rita
        }]);
    }),
    ("ServiceNow does not know her", |world| {
        world.names("owned_by", "rita");
        world.people(vec![]);
    }),
    ("Two active people have her user name", |world| {
        world.names("owned_by", "rita");
        world.people(vec![person("rita"), person("rite")]);
    }),
    (
        "Two people have her user name, one of them inactive",
        |world| {
            world.names("owned_by", "rita");
            let former = person("rite");
            world.people(vec![
                person("rita"),
                UserState {
                    active: false,
                    ..former
                },
            ]);
        },
    ),
];

pub(super) const WHICH: &[(&str, Change)] = &[
    (
        "No such record, or none that the class of the profile shows",
        |world| world.items(vec![]),
    ),
    (
        "Two servers have the name or address, Rita owns both",
        |world| {
            let [mut one, mut two] = [server("web1"), server("web2")];
            for item in [&mut one, &mut two] {
                item.fields
                    .insert(field("owned_by"), FieldContent::Id(id("rita")));
            }
            world.items(vec![one, two]);
        },
    ),
    (
        "Two servers have the name, one is retired; Rita owns the other",
        |world| {
            let mut one = server("web1");
            one.fields
                .insert(field("owned_by"), FieldContent::Id(id("rita")));
            let mut two = server("web2");
            two.install_status = Some("7".to_owned());
            world.items(vec![one, two]);
        },
    ),
    (
        "Two servers have the name, one is marked as duplicate of the other, which Rita owns",
        |world| {
            let mut one = server("web1");
            one.fields
                .insert(field("owned_by"), FieldContent::Id(id("rita")));
            let mut two = server("web2");
            two.duplicate_of = FieldContent::Id(id("web1"));
            world.items(vec![one, two]);
        },
    ),
    (
        "The address is that of a server of Rita's and of a router",
        |world| {
            let mut one = server("web1");
            one.fields
                .insert(field("owned_by"), FieldContent::Id(id("rita")));
            let mut two = server("router");
            two.in_root = false;
            world.items(vec![one, two]);
        },
    ),
    ("The address is that of a router alone", |world| {
        world.server(|item| item.in_root = false);
    }),
    ("It is a duplicate, whoever owns it", |world| {
        world.names("owned_by", "rita");
        world.server(|item| item.duplicate_of = FieldContent::Id(id("web2")));
    }),
];

pub(super) const STATE: &[(&str, Change)] = &[
    ("Rita's server is retired (`install_status` 7)", |world| {
        world.names("owned_by", "rita");
        world.server(|item| item.install_status = Some("7".to_owned()));
    }),
    ("… retired (`operational_status` 6)", |world| {
        world.names("owned_by", "rita");
        world.server(|item| item.operational_status = Some("6".to_owned()));
    }),
    (
        "… in stock (`install_status` 6), which the profile does not list",
        |world| {
            world.names("owned_by", "rita");
            world.server(|item| item.install_status = Some("6".to_owned()));
        },
    ),
    ("… not operational (`operational_status` 2)", |world| {
        world.names("owned_by", "rita");
        world.server(|item| item.operational_status = Some("2".to_owned()));
    }),
    (
        "… in the life cycle \"In Use\", which the profile lists",
        |world| {
            world.names("owned_by", "rita");
            world.server(|item| item.life_cycle = Some("In Use".to_owned()));
        },
    ),
    ("… in the life cycle \"End of Life\"", |world| {
        world.names("owned_by", "rita");
        world.server(|item| item.life_cycle = Some("End of Life".to_owned()));
    }),
    ("… and its state may not be read", |world| {
        world.names("owned_by", "rita");
        world.server(|item| item.operational_status = None);
    }),
];
