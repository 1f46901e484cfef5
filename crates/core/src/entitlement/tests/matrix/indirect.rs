//! By applications, delegations and the role.

use super::super::world::*;
use super::Change;
use crate::entitlement::*;

fn owned(name: &str, by: &str) -> Parent {
    let mut parent = application(name);
    parent
        .fields
        .insert(field("owned_by"), FieldContent::Id(id(by)));
    parent
}

pub(super) const APPLICATIONS: &[(&str, Change)] = &[
    (
        "Rita owns an application that runs on the server",
        |world| {
            world.parents("web1", vec![owned("app1", "rita"), application("app2")]);
        },
    ),
    ("… by a service association", |world| {
        let by = RelatedBy::ServiceAssociation;
        world.parents(
            "web1",
            vec![Parent {
                by,
                ..owned("app1", "rita")
            }],
        );
    }),
    (
        "Rita is a member of the application's `support_group`",
        |world| {
            let mut parent = application("app1");
            parent
                .fields
                .insert(field("support_group"), FieldContent::Id(id("ops")));
            world.parents("web1", vec![parent]);
            world.member("rita", &["ops"]);
        },
    ),
    ("Rita owns the application, which is retired", |world| {
        let install_status = Some("7".to_owned());
        world.parents(
            "web1",
            vec![Parent {
                install_status,
                ..owned("app1", "rita")
            }],
        );
    }),
    (
        "Six applications run on the server, Rita owns one",
        |world| {
            let mut all: Vec<_> = (1..6).map(|n| application(&format!("app{n}"))).collect();
            all.push(owned("app6", "rita"));
            world.parents("web1", all);
        },
    ),
    ("… and the profile permits shared servers", |world| {
        world.profile.applications.as_mut().unwrap().shared = true;
        let mut all: Vec<_> = (1..6).map(|n| application(&format!("app{n}"))).collect();
        all.push(owned("app6", "rita"));
        world.parents("web1", all);
    }),
    ("… and Rita owns the server", |world| {
        world.names("owned_by", "rita");
        let all = (1..7).map(|n| application(&format!("app{n}")));
        world.parents("web1", all.collect());
    }),
    (
        "Rita owns a service two relations up, and the profile says one",
        |world| {
            world.parents("web1", vec![application("app1")]);
            world.parents("app1", vec![owned("shop", "rita")]);
        },
    ),
    ("… and the profile says two", |world| {
        world.profile.applications.as_mut().unwrap().depth = 2;
        world.parents("web1", vec![application("app1")]);
        world.parents("app1", vec![owned("shop", "rita")]);
    }),
    (
        "Rita owns another server that the application runs on",
        |world| {
            world.parents("web1", vec![application("app1")]);
            world.parents("web2", vec![owned("app2", "rita")]);
        },
    ),
];

pub(super) const DELEGATION: &[(&str, Change)] = &[
    (
        "Adam owns the server and delegates to Rita until tomorrow",
        |world| {
            world.names("owned_by", "adam");
            world.delegates("adam", 11);
        },
    ),
    ("… until yesterday", |world| {
        world.names("owned_by", "adam");
        world.delegates("adam", 9);
    }),
    ("… without an end", |world| {
        world.names("owned_by", "adam");
        world.delegates("adam", 11);
        let endless = DelegatedTo {
            from: id("adam"),
            record: id("d"),
            starts: Some(at(9)),
            ends: None,
        };
        world
            .snapshot
            .delegations
            .insert(id("rita"), fact(vec![endless]));
    }),
    ("… and Adam is no longer active", |world| {
        world.names("owned_by", "adam");
        world.delegates("adam", 11);
        let adam = UserState {
            active: false,
            ..person("adam")
        };
        world
            .snapshot
            .users
            .insert(UserRef::SysId(id("adam")), fact(vec![adam]));
    }),
    ("… and the profile counts no delegations", |world| {
        world.profile.delegation = None;
        world.names("owned_by", "adam");
        world.delegates("adam", 11);
    }),
    (
        "Adam is a member of the `support_group` and delegates to Rita",
        |world| {
            world.names("support_group", "ops");
            world.member("adam", &["ops"]);
            world.delegates("adam", 11);
        },
    ),
    (
        "Adam delegates to Rita what Eve delegates to him",
        |world| {
            world.names("owned_by", "eve");
            world.delegates("adam", 11);
            let chain = DelegatedTo {
                from: id("eve"),
                record: id("d"),
                starts: Some(at(9)),
                ends: Some(at(11)),
            };
            world
                .snapshot
                .delegations
                .insert(id("adam"), fact(vec![chain]));
        },
    ),
    (
        "Adam holds the role that overrides, and delegates to Rita",
        |world| {
            world.delegates("adam", 11);
            let held = RoleHeld {
                role: id("root"),
                record: id("held"),
                active: true,
            };
            world.snapshot.roles.insert(id("adam"), fact(vec![held]));
        },
    ),
];

pub(super) const ROLE: &[(&str, Change)] = &[
    ("Rita holds the role of the profile", |world| {
        world.role("root")
    }),
    ("… another role", |world| world.role("itil")),
    (
        "… the role of the profile, and it is not active",
        |world| {
            let held = RoleHeld {
                role: id("root"),
                record: id("held"),
                active: false,
            };
            world.snapshot.roles.insert(id("rita"), fact(vec![held]));
        },
    ),
    (
        "… the role of the profile, and the server is retired",
        |world| {
            world.role("root");
            world.server(|item| item.install_status = Some("7".to_owned()));
        },
    ),
    (
        "… as it was an hour ago, because ServiceNow does not answer",
        |world| {
            world.role("root");
            if let Some(Fact::Known { freshness, .. }) = world.snapshot.roles.get_mut(&id("rita")) {
                freshness.stale = true;
            }
        },
    ),
];
