//! People, servers and what is between them: for each look-up somebody who is entitled by it, and much that would tempt.

use super::super::*;
use super::{EVE, INACTIVE, LOCKED, PROGRAM, ZOE};

/// All records.
pub(super) fn records() -> Value {
    let owned = |n, by| server(n, json!({"owned_by": id(by)}));
    let eves = |n, more| with(owned(n, EVE), more);
    let supported = |n, by| server(n, json!({"support_group": id(by)}));
    let adapter = |n: usize, of: usize, address: &str| {
        json!({
            "sys_id": id(n), "sys_class_name": "cmdb_ci_network_adapter", "cmdb_ci": id(of),
            "ip_address": address, "install_status": "1", "operational_status": "1"
        })
    };
    let member = |n: usize, user: usize, group: usize| json!({"sys_id": id(n), "user": id(user), "group": id(group)});
    let related = |n: usize, parent: usize, child: usize| json!({"sys_id": id(n), "parent": id(parent), "child": id(child), "type": id(RUNS_ON)});
    let mut applications = vec![application(0x111, json!({"owned_by": id(RITA)}))];
    let of_another_type = json!({"type": id(0xf02)});
    let mut relations = vec![
        related(0xc1, 0x111, 4),
        with(related(0xc2, 0x131, 1), of_another_type),
        related(0xc3, 0x131, 33),
    ];
    applications.push(application(0x131, json!({"owned_by": id(EVE)})));
    for n in 0..6 {
        applications.push(application(0x120 + n, json!({"owned_by": id(EVE)})));
        relations.push(related(0xc10 + n, 0x120 + n, 22));
    }
    json!({
        "sys_user": [
            person(EVE), person(RITA), person(ADAM), person(ZOE),
            with(person(INACTIVE), json!({"active": "false"})),
            with(person(LOCKED), json!({"locked_out": "true"})),
            with(person(PROGRAM), json!({"web_service_access_only": "true"}))
        ],
        "sys_user_group": [
            {"sys_id": id(0xb3), "active": "true"},
            {"sys_id": id(OPS), "active": "true", "parent": id(IT)},
            {"sys_id": id(IT), "active": "true"},
            {"sys_id": id(0xb4), "active": "false"},
            {"sys_id": id(0xb5), "active": "true", "parent": id(OPS)}
        ],
        "sys_user_grmember": [
            member(0xd3, EVE, 0xb3), member(0xd1, RITA, OPS), member(0xd4, EVE, 0xb4)
        ],
        "sys_user_delegate": [
            {"sys_id": id(0xe2), "user": id(ADAM), "delegate": id(EVE), "assignments": "true",
             "starts": "2020-01-01 00:00:00", "ends": "2020-12-31 00:00:00"},
            {"sys_id": id(0xe3), "user": id(ADAM), "delegate": id(EVE), "assignments": "false",
             "starts": "2020-01-01 00:00:00", "ends": "2099-12-31 00:00:00"},
            {"sys_id": id(0xe1), "user": id(ADAM), "delegate": id(RITA), "assignments": "true",
             "starts": "2020-01-01 00:00:00", "ends": "2099-12-31 00:00:00"}
        ],
        "sys_user_has_role": [
            {"sys_id": id(0xf2), "user": id(EVE), "role": id(0xf0f), "state": "active"},
            {"sys_id": id(0xf3), "user": id(EVE), "role": id(ROLE), "state": "inactive"},
            {"sys_id": id(0xf1), "user": id(ZOE), "role": id(ROLE), "state": "active"}
        ],
        "cmdb_ci_server": [
            owned(33, EVE), owned(1, RITA), supported(2, OPS), supported(3, IT),
            server(4, json!({})), server(5, json!({})), owned(6, ADAM), server(7, json!({})),
            with(owned(8, RITA), json!({"ip_address": "10.1.1.8"})), owned(9, RITA), owned(10, RITA),
            eves(21, json!({"install_status": "7"})), server(22, json!({})),
            eves(23, json!({"name": "twin"})), with(owned(24, RITA), json!({"name": "twin"})),
            eves(25, json!({"ip_address": "10.1.1.20"})), owned(26, ADAM), supported(27, 0xb4),
            eves(28, json!({"operational_status": "2"})), eves(29, json!({"duplicate_of": id(1)})),
            owned(30, INACTIVE), owned(31, LOCKED), owned(32, PROGRAM)
        ],
        "cmdb_ci_appl": applications,
        "cmdb_ci_service_auto": [
            application(0x12, json!({"owned_by": id(RITA)})), application(0x13, json!({"owned_by": id(EVE)}))
        ],
        "cmdb_rel_ci": relations,
        "svc_ci_assoc": [
            {"sys_id": id(0xc4), "ci_id": id(33), "service_id": id(0x13)},
            {"sys_id": id(0xc5), "ci_id": id(5), "service_id": id(0x12)}
        ],
        "cmdb_ci_network_adapter": [
            adapter(0x40, 33, "10.1.1.33"), adapter(0x41, 9, "10.1.1.9"), adapter(0x42, 10, ""),
            adapter(0x43, 1, "10.1.1.20")
        ],
        "cmdb_ci_ip_address": [
            {"sys_id": id(0x50), "sys_class_name": "cmdb_ci_ip_address", "nic": id(0x40),
             "ip_address": "10.1.1.33", "install_status": "1", "operational_status": "1"},
            {"sys_id": id(0x51), "sys_class_name": "cmdb_ci_ip_address", "nic": id(0x42),
             "ip_address": "10.1.1.10", "install_status": "1", "operational_status": "1"}
        ]
    })
}
