//! The contract that the fake passes too, over records of the emulator.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use snowgate_core::entitlement::{
    ConfigurationItem, DelegatedTo, Fact, FieldContent, GroupMembership, NestedGroup, Parent,
    RelatedBy, ResourceRef, RoleHeld, Snapshot, UserRef, UserState,
};
use snowgate_core::id::SysId;
use testkit::FakeCmdb;
use testkit::contract::{self, CmdbWorld};

use super::*;

fn sys_id(n: usize) -> SysId {
    id(n).parse().unwrap()
}

fn fact<T>(value: T) -> Fact<T> {
    Fact::read(value, Timestamp::UNIX_EPOCH)
}

fn resource(text: &str) -> ResourceRef {
    text.parse().unwrap()
}

/// The records, and the facts that they come to.
fn world() -> (Value, CmdbWorld) {
    let records = json!({
        "sys_user": [person(RITA), with(person(ADAM), json!({"active": "false", "locked_out": "true"}))],
        "sys_user_group": [
            {"sys_id": id(OPS), "name": "ops", "active": "true", "parent": id(IT)},
            {"sys_id": id(IT), "name": "it", "active": "false"}
        ],
        "sys_user_grmember": [
            {"sys_id": id(0xd1), "user": id(RITA), "group": id(OPS)},
            {"sys_id": id(0xd2), "user": id(RITA), "group": id(IT)},
            {"sys_id": id(0xd3), "user": id(RITA), "group": id(0xbad)},
            {"sys_id": id(0xd4), "user": id(ADAM), "group": id(OPS)}
        ],
        "sys_user_delegate": [
            {"sys_id": id(0xe1), "user": id(ADAM), "delegate": id(RITA), "assignments": "true",
             "starts": "2026-03-01 00:00:00", "ends": "2026-03-31 23:59:59"},
            {"sys_id": id(0xe2), "user": id(ADAM), "delegate": id(RITA), "assignments": "false",
             "starts": "2026-03-01 00:00:00", "ends": "2026-03-31 23:59:59"}
        ],
        "sys_user_has_role": [
            {"sys_id": id(0xf1), "user": id(RITA), "role": id(ROLE), "state": "active", "inherited": "true"},
            {"sys_id": id(0xf2), "user": id(RITA), "role": id(0xf0f), "state": "active"}
        ],
        "cmdb_ci_server": [
            server(1, json!({
                "name": "web-1", "fqdn": "WEB-1.brightwater.example", "ip_address": "10.1.1.1",
                "owned_by": id(RITA), "support_group": id(OPS), "u_asset_owner": id(ADAM)
            })),
            server(2, json!({"name": "Twin", "life_cycle_stage_status": "In Use"})),
            server(3, json!({"name": "twin", "install_status": "7", "duplicate_of": id(2)}))
        ],
        "cmdb_ci_appl": [application(0x11, json!({"owned_by": id(RITA), "support_group": id(OPS)}))],
        "cmdb_ci_service_auto": [application(0x12, json!({"operational_status": "6"}))],
        "cmdb_rel_ci": [
            {"sys_id": id(0xc1), "parent": id(0x11), "child": id(1), "type": id(RUNS_ON)},
            {"sys_id": id(0xc2), "parent": id(0x12), "child": id(1), "type": id(0xf02)}
        ],
        "svc_ci_assoc": [{"sys_id": id(0xc3), "ci_id": id(1), "service_id": id(0x12)}]
    });
    let mut facts = Snapshot::default();
    let user = |n, good: bool| UserState {
        sys_id: sys_id(n),
        active: good,
        locked_out: !good,
        integration: false,
    };
    let by_id = |n| UserRef::SysId(sys_id(n));
    facts.users = BTreeMap::from([
        (by_id(RITA), fact(vec![user(RITA, true)])),
        (by_id(ADAM), fact(vec![user(ADAM, false)])),
        (
            UserRef::parse("Person.A1").unwrap(),
            fact(vec![user(RITA, true)]),
        ),
        (
            UserRef::email("person.a1@brightwater.example").unwrap(),
            fact(vec![user(RITA, true)]),
        ),
    ]);
    let member = |record, group, active| GroupMembership {
        group: sys_id(group),
        record: sys_id(record),
        active,
    };
    let rita = [(0xd1, OPS, true), (0xd2, IT, false), (0xd3, 0xbad, false)];
    let rita = rita.map(|(record, group, active)| member(record, group, active));
    facts.groups_of = BTreeMap::from([
        (sys_id(RITA), fact(rita.to_vec())),
        (sys_id(ADAM), fact(vec![member(0xd4, OPS, true)])),
    ]);
    let group = |active, parent: Option<usize>| NestedGroup {
        active,
        parent: parent.map(sys_id),
    };
    facts.groups = BTreeMap::from([
        (sys_id(OPS), fact(Some(group(true, Some(IT))))),
        (sys_id(IT), fact(Some(group(false, None)))),
    ]);
    let delegated = DelegatedTo {
        from: sys_id(ADAM),
        record: sys_id(0xe1),
        starts: "2026-03-01T00:00:00Z".parse().ok(),
        ends: "2026-03-31T23:59:59Z".parse().ok(),
    };
    facts.delegations = BTreeMap::from([(sys_id(RITA), fact(vec![delegated]))]);
    let held = RoleHeld {
        role: sys_id(ROLE),
        record: sys_id(0xf1),
        active: true,
    };
    facts.roles = BTreeMap::from([(sys_id(RITA), fact(vec![held]))]);
    let web = item(
        1,
        &[
            ("owned_by", RITA),
            ("support_group", OPS),
            ("u_asset_owner", ADAM),
        ],
    );
    let mut two = item(2, &[]);
    two.life_cycle = Some("In Use".to_owned());
    let mut three = item(3, &[]);
    three.install_status = Some("7".to_owned());
    three.duplicate_of = FieldContent::Id(sys_id(2));
    facts.items = ["web-1", "web-1.brightwater.example", "10.1.1.1", &id(1)]
        .map(|text| (resource(text), fact(vec![web.clone()])))
        .into();
    facts.items.insert(resource("TWIN"), fact(vec![two, three]));
    let parent = |n, record, by, fields: [(&str, FieldContent); 2], operational: &str| Parent {
        sys_id: sys_id(n),
        record: sys_id(record),
        by,
        fields: fields
            .map(|(name, content)| (name.parse().unwrap(), content))
            .into(),
        install_status: Some("1".to_owned()),
        operational_status: Some(operational.to_owned()),
    };
    let named = [("owned_by", RITA), ("support_group", OPS)];
    let named = named.map(|(name, n)| (name, FieldContent::Id(sys_id(n))));
    let nobody = ["owned_by", "support_group"].map(|name| (name, FieldContent::Empty));
    facts.parents = BTreeMap::from([(
        sys_id(1),
        fact(vec![
            parent(0x11, 0xc1, RelatedBy::Relation, named, "1"),
            parent(0x12, 0xc3, RelatedBy::ServiceAssociation, nobody, "6"),
        ]),
    )]);
    let profile = profile();
    (records, CmdbWorld { profile, facts })
}

fn item(n: usize, names: &[(&str, usize)]) -> ConfigurationItem {
    let fields = [
        "owned_by",
        "u_asset_owner",
        "support_group",
        "managed_by_group",
    ];
    let mut fields: BTreeMap<_, _> = fields
        .map(|name| (name.parse().unwrap(), FieldContent::Empty))
        .into();
    for (name, holds) in names {
        fields.insert(name.parse().unwrap(), FieldContent::Id(sys_id(*holds)));
    }
    ConfigurationItem {
        sys_id: sys_id(n),
        class: "cmdb_ci_server".to_owned(),
        in_root: true,
        fields,
        install_status: Some("1".to_owned()),
        operational_status: Some("1".to_owned()),
        life_cycle: Some(String::new()),
        duplicate_of: FieldContent::Empty,
    }
}

#[tokio::test]
async fn the_emulator_and_the_fake_read_the_same() {
    let (records, world) = world();
    contract::cmdb(&FakeCmdb::new(world.facts.clone()), &world).await;
    let stage = Stage::start().await;
    stage.put(records).await;
    for way in [Way::Basic, Way::Client, Way::Password] {
        let session = stage.session(&stage.config.read, way, quick());
        contract::cmdb(&CmdbReader::new(session), &world).await;
    }
}
