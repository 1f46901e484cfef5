//! What an access rule hides counts: nobody is entitled because a row is not seen.

use super::*;

use snowgate_core::entitlement::EntitlementCode;

/// The code of one answer, or the rule.
async fn code(stage: &Stage, profile: &Profile, asked: &str) -> EntitlementCode {
    let answers = ask(&stage.cmdb(), profile, &[asked.to_owned()]).await;
    answers[0].code()
}

#[tokio::test]
async fn a_hidden_twin_is_found_and_spoils_no_others() {
    let stage = Stage::start().await;
    let mine = json!({"owned_by": id(RITA)});
    let twin = |n| server(n, with(json!({"name": "twin"}), mine.clone()));
    stage
        .put(json!({
            "sys_user": [person(RITA)],
            "cmdb_ci_server": [
                twin(1), with(twin(2), json!({"u_restricted": "true"})),
                server(3, mine.clone()), server(4, with(mine.clone(), json!({"u_restricted": "true"})))
            ]
        }))
        .await;
    let asked = ["twin".to_owned(), "web-3".to_owned(), id(4), id(3), id(99)];
    let answers = ask(&stage.cmdb(), &profile(), &asked).await;
    let codes: Vec<_> = answers.iter().map(|answer| answer.code()).collect();
    assert_eq!(
        codes,
        [
            EntitlementCode::HiddenRows,
            EntitlementCode::Entitled,
            EntitlementCode::HiddenRows,
            EntitlementCode::Entitled,
            EntitlementCode::ResourceNotFound,
        ]
    );
}

#[tokio::test]
async fn hidden_memberships_relations_and_adapters_are_not_taken_for_none() {
    let stage = Stage::start().await;
    let hidden = json!({"u_restricted": "true"});
    stage
        .put(json!({
            "sys_user": [person(RITA)],
            "sys_user_group": [{"sys_id": id(OPS), "active": "true"}],
            "sys_user_grmember": [
                with(json!({"sys_id": id(0xd1), "user": id(RITA), "group": id(OPS)}), hidden.clone())
            ],
            "cmdb_ci_server": [
                server(1, json!({"support_group": id(OPS)})),
                server(2, json!({})),
                server(3, json!({"owned_by": id(RITA), "ip_address": "10.1.1.3"}))
            ],
            "cmdb_ci_appl": [application(0x11, json!({"owned_by": id(RITA)})), application(0x12, json!({}))],
            "cmdb_rel_ci": [
                {"sys_id": id(0xc1), "parent": id(0x11), "child": id(2), "type": id(RUNS_ON)},
                with(json!({"sys_id": id(0xc2), "parent": id(0x12), "child": id(2), "type": id(RUNS_ON)}), hidden.clone())
            ],
            "cmdb_ci_network_adapter": [
                with(json!({
                    "sys_id": id(0x21), "sys_class_name": "cmdb_ci_network_adapter", "cmdb_ci": id(1),
                    "ip_address": "10.1.1.3", "install_status": "1", "operational_status": "1"
                }), hidden)
            ]
        }))
        .await;
    let profile = profile();
    for asked in [id(1), id(2), "10.1.1.3".to_owned()] {
        let code = code(&stage, &profile, &asked).await;
        assert_eq!(code, EntitlementCode::HiddenRows, "{asked}");
    }
}

#[tokio::test]
async fn an_address_belongs_to_whatever_has_it() {
    let stage = Stage::start().await;
    let adapter = |n: usize, of: usize, address: &str| {
        json!({
            "sys_id": id(n), "sys_class_name": "cmdb_ci_network_adapter", "cmdb_ci": id(of),
            "ip_address": address, "install_status": "1", "operational_status": "1"
        })
    };
    let address = |n: usize, nic: usize, address: &str| {
        json!({
            "sys_id": id(n), "sys_class_name": "cmdb_ci_ip_address", "nic": id(nic),
            "ip_address": address, "install_status": "1", "operational_status": "1"
        })
    };
    let mine =
        |n: usize, address: &str| server(n, json!({"owned_by": id(RITA), "ip_address": address}));
    stage
        .put(json!({
            "sys_user": [person(RITA)],
            "cmdb_ci_server": [
                mine(1, "10.1.1.1"), mine(2, "10.1.1.2"), mine(3, "10.1.1.3"), mine(4, ""),
                mine(5, "2001:0db8:0000:0000:0000:0000:0000:0005"), server(6, json!({}))
            ],
            "cmdb_ci_service": [with(application(0x31, json!({"ip_address": "10.1.1.3"})),
                json!({"sys_class_name": "cmdb_ci_service"}))],
            "cmdb_ci_network_adapter": [
                adapter(0x21, 1, "10.1.1.1"), adapter(0x22, 6, "10.1.1.2"), adapter(0x23, 4, "10.1.1.4"),
                adapter(0x24, 4, ""), with(adapter(0x25, 6, "10.1.1.1"), json!({"install_status": "7"})),
                adapter(0x26, 0x31, "10.1.1.7"), adapter(0x27, 0xbad, "10.1.1.8")
            ],
            "cmdb_ci_ip_address": [
                address(0x41, 0x21, "10.1.1.1"), address(0x42, 0x24, "10.1.1.6"), address(0x43, 0xbad, "10.1.1.9")
            ]
        }))
        .await;
    let profile = profile();
    for (asked, expected) in [
        ("10.1.1.1", EntitlementCode::Entitled),
        ("10.1.1.2", EntitlementCode::ResourceAmbiguous),
        ("10.1.1.3", EntitlementCode::ResourceAmbiguous),
        ("10.1.1.4", EntitlementCode::Entitled),
        ("10.1.1.6", EntitlementCode::Entitled),
        ("10.1.1.7", EntitlementCode::ResourceNotFound),
        ("10.1.1.8", EntitlementCode::ResourceNotFound),
        ("10.1.1.9", EntitlementCode::InconsistentData),
        ("10.1.1.10", EntitlementCode::ResourceNotFound),
        ("2001:db8::5", EntitlementCode::Entitled),
        ("2001:DB8:0:0:0:0:0:5", EntitlementCode::Entitled),
        ("2001:db8::6", EntitlementCode::ResourceNotFound),
    ] {
        assert_eq!(code(&stage, &profile, asked).await, expected, "{asked}");
    }
}

#[tokio::test]
async fn a_field_that_a_class_adds_is_not_seen_on_the_table_above() {
    let stage = Stage::start().await;
    stage
        .put(json!({
            "sys_user": [person(RITA)],
            "cmdb_ci_linux_server": [server(1, json!({
                "sys_class_name": "cmdb_ci_linux_server", "u_asset_owner": id(RITA)
            }))]
        }))
        .await;
    let mut profile = profile();
    assert_eq!(
        code(&stage, &profile, &id(1)).await,
        EntitlementCode::Entitled
    );
    profile.root = "cmdb_ci".to_owned().try_into().unwrap();
    let above = code(&stage, &profile, &id(1)).await;
    assert_eq!(above, EntitlementCode::InconsistentData);
    profile.root = "cmdb_ci_nonsense".to_owned().try_into().unwrap();
    let unknown = code(&stage, &profile, &id(1)).await;
    assert_eq!(unknown, EntitlementCode::LookupForbidden);
}
