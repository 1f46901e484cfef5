//! The rules as a page that whoever keeps a CMDB can read, compared with docs/entitlement-rules.md.

use std::fmt::Write as _;

use super::world::*;
use crate::entitlement::*;

const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/entitlement-rules.md"
);

const INTRODUCTION: &str = "# Entitlements: the rules by example

Made by a test that puts each case to the rules (`crates/core/src/entitlement/tests/matrix.rs`), and compared with this page
by every run. To renew it after a change that is meant:

```sh
UPDATE_ENTITLEMENT_RULES=1 cargo test -p snowgate-core entitlement
```

Rita asks for a server that is in use. The rules are tried from the top, the first that holds counts, and what no rule
permits is denied. In these cases the profile counts all rules: owners in `owned_by` and `u_owner`; groups in `support_group`
and `managed_by_group`, up to two parents up; applications by one relation up, at most five of them; delegations of
assignments; and one role. What is not said of a case is looked up and not found.

*Without `explain`* is the code that a client sees which may not have answers explained: the same for what does not exist, what is
hidden, and what is somebody else's.
";

type Change = fn(&mut World);

/// Headings, and below each what a case is and how it comes about.
const CASES: &[(&str, &[(&str, Change)])] = &[
    ("Who asks", WHO),
    ("Which server", WHICH),
    ("In which state", STATE),
    ("1. Ownership", OWNERSHIP),
    ("2. Groups", GROUPS),
    ("3. Applications", APPLICATIONS),
    ("4. Delegation", DELEGATION),
    ("5. The role that overrides", ROLE),
    ("What could not be read", UNREAD),
];

const WHO: &[(&str, Change)] = &[
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

const WHICH: &[(&str, Change)] = &[
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

const STATE: &[(&str, Change)] = &[
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

const OWNERSHIP: &[(&str, Change)] = &[
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

const GROUPS: &[(&str, Change)] = &[
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

fn owned(name: &str, by: &str) -> Parent {
    let mut parent = application(name);
    parent
        .fields
        .insert(field("owned_by"), FieldContent::Id(id(by)));
    parent
}

const APPLICATIONS: &[(&str, Change)] = &[
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

const DELEGATION: &[(&str, Change)] = &[
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
                role: id("admi"),
                record: id("held"),
                active: true,
            };
            world.snapshot.roles.insert(id("adam"), fact(vec![held]));
        },
    ),
];

const ROLE: &[(&str, Change)] = &[
    ("Rita holds the role of the profile", |world| {
        world.role("admi")
    }),
    ("… another role", |world| world.role("itil")),
    (
        "… the role of the profile, and it is not active",
        |world| {
            let held = RoleHeld {
                role: id("admi"),
                record: id("held"),
                active: false,
            };
            world.snapshot.roles.insert(id("rita"), fact(vec![held]));
        },
    ),
    (
        "… the role of the profile, and the server is retired",
        |world| {
            world.role("admi");
            world.server(|item| item.install_status = Some("7".to_owned()));
        },
    ),
    (
        "… as it was an hour ago, because ServiceNow does not answer",
        |world| {
            world.role("admi");
            if let Some(Fact::Known { freshness, .. }) = world.snapshot.roles.get_mut(&id("rita")) {
                freshness.stale = true;
            }
        },
    ),
];

const UNREAD: &[(&str, Change)] = &[
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

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (heading, cases) in CASES {
        let _ = write!(
            page,
            "\n## {heading}\n\n| case | entitled | rule or code | why | without `explain` |\n|---|---|---|---|---|\n"
        );
        for (what, change) in *cases {
            let mut world = World::new();
            change(&mut world);
            let verdict = world.verdict();
            let short = |verdict: &Entitlement| match verdict.rule() {
                Some(rule) => rule.as_str(),
                None => verdict.code().as_str(),
            };
            let entitled = match (verdict.entitled(), verdict.known()) {
                (true, _) => "**yes**",
                (false, true) => "no",
                (false, false) => "no (not known)",
            };
            let _ = writeln!(
                page,
                "| {what} | {entitled} | `{}` | {} | `{}` |",
                short(&verdict),
                verdict.reason(),
                short(&verdict.clone().disclosed(false)),
            );
        }
    }
    page
}

#[test]
fn the_page_says_what_the_rules_do() {
    let page = page();
    if std::env::var_os("UPDATE_ENTITLEMENT_RULES").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    let kept = std::fs::read_to_string(PAGE).unwrap_or_default();
    let differs: Vec<_> = page
        .lines()
        .filter(|line| !kept.lines().any(|one| one == *line))
        .collect();
    assert!(
        page == kept,
        "docs/entitlement-rules.md says something else: {differs:#?}"
    );
}

#[test]
fn without_explain_nothing_tells_unknown_hidden_and_not_yours_apart() {
    let hidden: Change = |world| {
        let hidden = Fact::Unread(Unread::Hidden);
        world.snapshot.items.insert(world.resource.clone(), hidden);
    };
    let seen = [
        |_: &mut World| {},
        |world: &mut World| world.items(vec![]),
        hidden,
    ]
    .map(|change| {
        let mut world = World::new();
        change(&mut world);
        world.verdict().disclosed(false)
    });
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[1], seen[2]);
    assert_eq!(seen[0].freshness, None);
    let mut world = World::new();
    world.names("owned_by", "rita");
    let yes = world.verdict().disclosed(false);
    assert!(yes.entitled() && yes.evidence.is_empty() && yes.resolved.is_some());
}

#[test]
fn evidence_leads_from_the_item_to_the_user() {
    let mut world = World::new();
    world.names("support_group", "it");
    world.member("adam", &["ops"]);
    world.group("ops", Some("it"));
    world.group("it", None);
    world.delegates("adam", 11);
    let verdict = world.verdict();
    assert_eq!(verdict.rule(), Some(EntitlementRule::Delegation));
    let evidence: Vec<_> = verdict
        .evidence
        .iter()
        .map(|proof| (&*proof.table, proof.record.clone(), &*proof.field))
        .collect();
    assert_eq!(
        evidence,
        [
            ("cmdb_ci_linux_server", id("web1"), "support_group"),
            ("sys_user_group", id("ops"), "parent"),
            ("sys_user_grmember", id("mops"), "user"),
            ("sys_user_delegate", id("dadam"), "delegate"),
        ]
    );
}

#[test]
fn a_verdict_is_as_old_as_the_oldest_fact() {
    let mut world = World::new();
    world.names("support_group", "ops");
    world.member("rita", &["ops"]);
    let known = |world: &World| world.verdict().freshness.unwrap();
    assert_eq!(known(&world), Freshness::read(at(9)));
    let Some(Fact::Known { freshness, .. }) = world.snapshot.groups_of.get_mut(&id("rita")) else {
        panic!("she has groups");
    };
    *freshness = Freshness {
        as_of: at(8),
        stale: true,
    };
    assert_eq!(known(&world).as_of, at(8));
    assert!(known(&world).stale);
}
