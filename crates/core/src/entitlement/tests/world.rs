//! A server, its people and groups, and all that may be recorded about them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::entitlement::*;
use crate::id::SysId;

/// A record by a short name of letters and digits.
pub(super) fn id(name: &str) -> SysId {
    let hex: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex:0>32}").parse().unwrap()
}

pub(super) fn field(name: &str) -> FieldName {
    name.parse().unwrap()
}

pub(super) fn at(day: u8) -> Timestamp {
    format!("2026-03-{day:02}T12:00:00Z").parse().unwrap()
}

/// Noon of the tenth: when everything is judged.
pub(super) fn now() -> Timestamp {
    at(10)
}

pub(super) fn fact<T>(value: T) -> Fact<T> {
    Fact::read(value, at(9))
}

/// Everything that may count, counts: what is not wanted is taken out.
pub(super) const RULES: &str = r#"
[usual]
owner_fields = ["owned_by", "u_owner"]
groups = { fields = ["support_group", "managed_by_group"], nesting = 2 }
delegation = "assignments"
role = "000000000000000000000000726f6f74"
statuses = { install = ["1"], operational = ["1"], life_cycle = ["In Use"] }
[usual.applications]
relation_types = ["0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"]
owner_fields = ["owned_by"]
group_fields = ["support_group"]
"#;

pub(super) fn profile() -> Profile {
    let rules = EntitlementRules::parse(RULES).unwrap();
    rules.profile(None).unwrap().clone()
}

/// What is asked, by which rules, and what the CMDB holds.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) profile: Profile,
    pub(super) user: UserRef,
    pub(super) resource: ResourceRef,
    pub(super) snapshot: Snapshot,
}

pub(super) fn person(name: &str) -> UserState {
    UserState {
        sys_id: id(name),
        active: true,
        locked_out: false,
        integration: false,
    }
}

/// A server in use that names nobody.
pub(super) fn server(name: &str) -> ConfigurationItem {
    let fields = ["owned_by", "u_owner", "support_group", "managed_by_group"];
    ConfigurationItem {
        sys_id: id(name),
        class: "cmdb_ci_linux_server".to_owned(),
        in_root: true,
        fields: fields.map(|name| (field(name), FieldContent::Empty)).into(),
        install_status: Some("1".to_owned()),
        operational_status: Some("1".to_owned()),
        life_cycle: Some(String::new()),
        duplicate_of: FieldContent::Empty,
    }
}

/// An application in use that names nobody.
pub(super) fn application(name: &str) -> Parent {
    let fields = ["owned_by", "support_group"];
    Parent {
        sys_id: id(name),
        record: id(&format!("r{name}")),
        by: RelatedBy::Relation,
        fields: fields.map(|name| (field(name), FieldContent::Empty)).into(),
        install_status: Some("1".to_owned()),
        operational_status: Some("1".to_owned()),
    }
}

impl World {
    /// Rita asks for a server that names nobody.
    pub(super) fn new() -> Self {
        let mut world = Self {
            profile: profile(),
            user: UserRef::SysId(id("rita")),
            resource: ResourceRef::SysId(id("web1")),
            snapshot: Snapshot::default(),
        };
        world.people(vec![person("rita")]);
        world.items(vec![server("web1")]);
        world
    }

    /// Who there is behind the user that is asked about.
    pub(super) fn people(&mut self, people: Vec<UserState>) {
        self.snapshot.users.insert(self.user.clone(), fact(people));
    }

    /// What there is behind the resource that is asked about.
    pub(super) fn items(&mut self, items: Vec<ConfigurationItem>) {
        self.snapshot
            .items
            .insert(self.resource.clone(), fact(items));
    }

    /// Changes the server.
    pub(super) fn server(&mut self, change: impl FnOnce(&mut ConfigurationItem)) {
        let mut item = server("web1");
        if let Some(Fact::Known { value, .. }) = self.snapshot.items.get(&self.resource)
            && let [one] = value.as_slice()
        {
            item = one.clone();
        }
        change(&mut item);
        self.items(vec![item]);
    }

    /// A field of the server names somebody or a group.
    pub(super) fn names(&mut self, of: &str, what: &str) {
        self.server(|item| {
            item.fields.insert(field(of), FieldContent::Id(id(what)));
        });
    }

    /// A person is a member of active groups.
    pub(super) fn member(&mut self, person: &str, groups: &[&str]) {
        let memberships = groups.iter().map(|group| GroupMembership {
            group: id(group),
            record: id(&format!("m{group}")),
            active: true,
        });
        let memberships = fact(memberships.collect());
        self.snapshot.groups_of.insert(id(person), memberships);
    }

    /// A group is active and part of another.
    pub(super) fn group(&mut self, name: &str, parent: Option<&str>) {
        let group = NestedGroup {
            active: true,
            parent: parent.map(id),
        };
        self.snapshot.groups.insert(id(name), fact(Some(group)));
    }

    /// The applications above an item.
    pub(super) fn parents(&mut self, of: &str, parents: Vec<Parent>) {
        self.snapshot.parents.insert(id(of), fact(parents));
    }

    /// Somebody who is active delegates to Rita, from the ninth to that day.
    pub(super) fn delegates(&mut self, from: &str, until: u8) {
        let delegated = DelegatedTo {
            from: id(from),
            record: id(&format!("d{from}")),
            starts: Some(at(9)),
            ends: Some(at(until)),
        };
        let delegations = fact(vec![delegated]);
        self.snapshot.delegations.insert(id("rita"), delegations);
        let user = UserRef::SysId(id(from));
        self.snapshot.users.insert(user, fact(vec![person(from)]));
    }

    /// Rita holds a role.
    pub(super) fn role(&mut self, role: &str) {
        let held = RoleHeld {
            role: id(role),
            record: id("held"),
            active: true,
        };
        self.snapshot.roles.insert(id("rita"), fact(vec![held]));
    }

    /// The verdict, where what nothing was said about was looked up and not found.
    pub(super) fn verdict(&self) -> Entitlement {
        let mut snapshot = self.snapshot.clone();
        for _ in 0..40 {
            let judged = judge(&self.profile, &self.user, &self.resource, &snapshot, now());
            let needs = match judged {
                Judged::Verdict(verdict) => return verdict,
                Judged::Needs(needs) => needs,
            };
            assert!(!needs.is_empty());
            for need in needs {
                nothing(&mut snapshot, need);
            }
        }
        panic!("no verdict after forty rounds");
    }
}

/// Looked up, and nothing found. It must not have been looked up before.
fn nothing(snapshot: &mut Snapshot, need: Need) {
    fn new<K: Ord, V: Default>(of: &mut BTreeMap<K, Fact<V>>, key: K) {
        assert!(of.insert(key, fact(V::default())).is_none(), "asked again");
    }
    match need {
        Need::User(user) => new(&mut snapshot.users, user),
        Need::GroupsOf(person) => new(&mut snapshot.groups_of, person),
        Need::Group(group) => new(&mut snapshot.groups, group),
        Need::DelegationsTo(person) => new(&mut snapshot.delegations, person),
        Need::RolesOf(person) => new(&mut snapshot.roles, person),
        Need::Items(resource) => new(&mut snapshot.items, resource),
        Need::Parents(item) => new(&mut snapshot.parents, item),
    }
}
