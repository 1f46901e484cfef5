//! Reading the seeded organisation, in health and under every fault.

use std::time::Duration;

use ports::servicenow::ServiceNow as _;
use serde_json::{Value, json};
use servicenow::{Limits, Reader};
use servicenow_emulator::{Config, FaultKind};
use snowgate_core::email::MailField;
use snowgate_core::id::{AccountId, SysId};
use snowgate_core::request::{RecordNumber, Source};

use super::{ITEM, Stage, Way, sys_id, table};
use crate::server::quick;

fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

fn source(name: &str, sys_id: &str, number: &str) -> Source {
    Source {
        table: table(name),
        sys_id: sys_id.parse().unwrap(),
        number: RecordNumber::try_from(number.to_owned()).unwrap(),
    }
}

#[tokio::test]
async fn the_accounts_of_the_organisation_lead_to_their_owners() {
    let stage = Stage::start().await;
    for way in [Way::Basic, Way::Client, Way::Password] {
        let reader = Reader::new(stage.session(&stage.config.read, way, quick()));
        for (id, owner, manager, group) in [
            ("210987654321", Some(1), Some(4), Some(2)),
            ("320987654321", Some(5), Some(6), Some(3)),
            ("430987654321", Some(2), None, Some(4)),
            ("540987654321", None, None, None),
            ("760987654321", Some(7), Some(8), Some(5)),
            ("870987654321", Some(14), Some(3), Some(8)),
            ("980987654321", Some(5), Some(7), Some(6)),
        ] {
            let item = reader.account(&account(id)).await.unwrap().unwrap();
            assert_eq!(item.owned_by, owner.map(|n| sys_id("a", n)), "{way:?} {id}");
            assert_eq!(
                item.managed_by,
                manager.map(|n| sys_id("a", n)),
                "{way:?} {id}"
            );
            assert_eq!(
                item.support_group,
                group.map(|n| sys_id("b", n)),
                "{way:?} {id}"
            );
        }
        assert_eq!(
            reader.account(&account("650987654321")).await.unwrap(),
            None
        );
    }
}

#[tokio::test]
async fn groups_lead_to_their_people() {
    let stage = Stage::start().await;
    let reader = stage.reader();
    for (group, manager, members) in [
        (1, Some(12), vec![11, 12]),
        (2, Some(1), vec![1, 4]),
        (3, Some(6), vec![5, 6, 14]),
        (6, None, vec![]),
        (99, None, vec![]),
    ] {
        let id = sys_id("b", group);
        let found = reader.group_manager(&id).await.unwrap();
        assert_eq!(found, manager.map(|n| sys_id("a", n)), "{group}");
        let members: Vec<SysId> = members.into_iter().map(|n| sys_id("a", n)).collect();
        assert_eq!(reader.group_members(&id).await.unwrap(), members, "{group}");
    }
    let ids = [1, 5, 7, 8, 99].map(|n| sys_id("a", n));
    let people = reader.people(&ids).await.unwrap();
    let shown: Vec<_> = people
        .iter()
        .map(|p| (p.active, p.locked_out, p.email.address().is_some()))
        .collect();
    let expected = [
        (true, false, true),
        (false, false, true),
        (true, true, true),
        (true, false, false),
    ];
    assert_eq!(shown, expected);
    let named = reader
        .person_by_user_name(&"Ada.Okafor".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(named.unwrap().sys_id, sys_id("a", 1));
    assert_eq!(
        reader
            .person_by_user_name(&"no.body".parse().unwrap())
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn people_lead_to_their_managers() {
    let stage = Stage::start().await;
    let reader = stage.reader();
    for (person, manager) in [(2, Some(3)), (3, Some(13)), (13, None), (99, None)] {
        let found = reader.manager(&sys_id("a", person)).await.unwrap();
        assert_eq!(found, manager.map(|n| sys_id("a", n)), "{person}");
    }
}

#[tokio::test]
async fn fifty_people_fit_one_question() {
    let stage = Stage::start().await;
    let ids: Vec<SysId> = (1..=50).map(|n| sys_id("a", n)).collect();
    assert_eq!(stage.reader().people(&ids).await.unwrap().len(), 17);
    let more: Vec<SysId> = (1..=51).map(|n| sys_id("a", n)).collect();
    assert_eq!(
        stage.reader().people(&more).await.unwrap_err().code,
        "TooManyKeys"
    );
}

#[tokio::test]
async fn tickets_say_who_opened_them_and_for_whom() {
    let stage = Stage::start().await;
    let reader = stage.reader();
    for (table, id, number, found) in [
        ("sc_req_item", ITEM, "RITM0010001", Some((true, 2, 2))),
        (
            "sc_req_item",
            "eeee0000000000000000000000000009",
            "RITM0010009",
            Some((false, 2, 2)),
        ),
        (
            "sc_req_item",
            "eeee0000000000000000000000000011",
            "RITM0010011",
            Some((true, 15, 2)),
        ),
        (
            "sc_req_item",
            "eeee0000000000000000000000000099",
            "RITM0010099",
            None,
        ),
        (
            "sc_req_item",
            "eeee0000000000000000000000000098",
            "RITM0010098",
            None,
        ),
        (
            "sc_task",
            "33330000000000000000000000000001",
            "SCTASK0010001",
            Some((true, 2, 2)),
        ),
        (
            "incident",
            "22220000000000000000000000000001",
            "INC0010001",
            Some((true, 2, 2)),
        ),
    ] {
        let source = source(table, id, number);
        let ticket = reader.ticket(&source).await.unwrap();
        let shown = ticket
            .as_ref()
            .map(|t| (t.active, t.opened_by.clone(), t.opened_for.clone()));
        let expected =
            found.map(|(active, by, to)| (active, Some(sys_id("a", by)), Some(sys_id("a", to))));
        assert_eq!(shown, expected, "{number}");
        assert!(ticket.is_none_or(|ticket| ticket.number == source.number));
    }
}

/// What a record holds comes through as it stands: nothing on the way makes an address of it.
#[tokio::test]
async fn an_address_that_cannot_be_read_is_seen_as_such() {
    let stage = Stage::start().await;
    for (email, expected) in [
        ("", MailField::Empty),
        (" ada.okafor@brightwater.example", MailField::Unreadable),
        ("ada.okafor@brightwater.example ", MailField::Unreadable),
        (
            "mailto:ada.okafor@brightwater.example",
            MailField::Unreadable,
        ),
        (
            "Ada <ada.okafor@brightwater.example>",
            MailField::Unreadable,
        ),
        ("ada.okafor@brightwater.example.", MailField::Unreadable),
        (
            "ad\u{430}.okafor@brightwater.example",
            MailField::Unreadable,
        ),
        (
            "x@brightwater.example,ada.okafor@brightwater.example",
            MailField::Unreadable,
        ),
    ] {
        let id = sys_id("a", 77);
        let record = json!({
            "sys_id": id.as_str(), "user_name": "ADA.Okafor",
            "name": "Ada", "email": email, "employee_number": "bw1001",
            "active": "true", "locked_out": "false",
        });
        let records = json!({ "sys_user": [record] });
        stage.control("POST", "records", Some(records)).await;
        let people = stage.reader().people(&[id, sys_id("a", 1)]).await.unwrap();
        let (ada, twin) = (&people[0], &people[1]);
        assert_eq!(twin.email, expected, "{email}");
        assert!(ada.is_same_as(twin), "by user name and employee number");
    }
}

/// Whoever opened the records above a ticket, or for whom they are, is named by it.
#[tokio::test]
async fn the_records_above_a_ticket_name_people_too() {
    let stage = Stage::start().await;
    let id = |byte: &str| byte.repeat(16);
    let people = |n: u8| sys_id("a", n);
    let records = json!({
        "sc_request": [{
            "sys_id": id("d1"), "sys_class_name": "sc_request", "number": "REQ0019999",
            "opened_by": people(14), "requested_for": people(3), "active": "true",
        }],
        "sc_req_item": [{
            "sys_id": id("d2"), "sys_class_name": "sc_req_item", "number": "RITM0019999",
            "opened_by": people(2), "requested_for": people(1), "request": id("d1"),
            "active": "true", "u_confidential": "false",
        }],
        "sc_task": [{
            "sys_id": id("d3"), "sys_class_name": "sc_task", "number": "SCTASK0019999",
            "opened_by": people(15), "request_item": id("d2"), "request": id("d1"),
            "active": "true",
        }],
    });
    stage.control("POST", "records", Some(records)).await;
    for (table, byte, number, by, to, also) in [
        ("sc_req_item", "d2", "RITM0019999", 2, 1, vec![3, 14]),
        ("sc_task", "d3", "SCTASK0019999", 15, 1, vec![3, 2, 14]),
    ] {
        let source = source(table, &id(byte), number);
        let ticket = stage.reader().ticket(&source).await.unwrap().unwrap();
        assert_eq!(ticket.opened_by, Some(people(by)), "{table}");
        assert_eq!(ticket.opened_for, Some(people(to)), "{table}");
        let also: Vec<SysId> = also.into_iter().map(people).collect();
        assert_eq!(ticket.also_named, also, "{table}");
    }
}

/// All that is asked before an e-mail goes out, in one text.
async fn lookup(reader: &Reader, step: usize) -> Option<String> {
    let account = account("210987654321");
    let found = match step {
        0 => reader
            .ticket(&source("sc_req_item", ITEM, "RITM0010001"))
            .await
            .map(debug),
        1 => reader.account(&account).await.map(debug),
        2 => reader
            .people(&[sys_id("a", 1), sys_id("a", 4)])
            .await
            .map(debug),
        3 => reader.group_manager(&sys_id("b", 2)).await.map(debug),
        4 => reader.manager(&sys_id("a", 2)).await.map(debug),
        _ => reader.group_members(&sys_id("b", 2)).await.map(debug),
    };
    found.ok()
}

const STEPS: usize = 6;

fn debug<T: std::fmt::Debug>(found: T) -> String {
    format!("{found:?}")
}

#[tokio::test]
async fn under_every_fault_every_step_gives_the_truth_or_nothing() {
    let stage = Stage::start().await;
    let mut truth = Vec::new();
    for step in 0..STEPS {
        truth.push(lookup(&stage.reader(), step).await.unwrap());
    }
    let nothing = ["None", "[]"];
    let limits = Limits {
        retries: 0,
        ..quick()
    };
    let (mut errors, mut nobody, mut right) = (0, 0, 0);
    let mut kinds: Vec<Value> = FaultKind::samples()
        .iter()
        .map(|kind| serde_json::to_value(kind).unwrap())
        .collect();
    for field in [
        "sys_id",
        "account_id",
        "owned_by",
        "manager",
        "user",
        "group",
        "email",
        "active",
    ] {
        kinds.push(json!({"kind": "hidden_field", "fields": [field]}));
    }
    for kind in kinds {
        for after in [false, true] {
            for (step, truth) in truth.iter().enumerate() {
                stage
                    .fault(json!({"count": 0, "after": after, "fault": kind}))
                    .await;
                let session = stage.session(&stage.config.read, Way::Basic, limits.clone());
                match lookup(&Reader::new(session), step).await {
                    None => errors += 1,
                    Some(found) if nothing.contains(&found.as_str()) => nobody += 1,
                    Some(found) => {
                        assert_eq!(&found, truth, "{kind} at step {step}");
                        right += 1;
                    }
                }
                stage.mend().await;
            }
        }
    }
    assert_eq!(errors + nobody + right, 24 * 2 * STEPS);
    assert!(
        errors > 100 && nobody > 0 && right > 0,
        "{errors} {nobody} {right}"
    );
}

#[tokio::test]
async fn another_accounts_row_never_becomes_the_owner() {
    let stage = Stage::start().await;
    for number in [2, 3, 4, 6, 7, 8] {
        for kind in ["wrong_row", "extra_row"] {
            let other = sys_id("c", number);
            let fault = json!({"kind": kind, "sys_id": other.as_str()});
            stage
                .fault(json!({"table": "cmdb_ci_cloud_service_account", "fault": fault}))
                .await;
            let error = stage
                .reader()
                .account(&account("210987654321"))
                .await
                .unwrap_err();
            assert_eq!(
                (error.code.as_str(), error.is_transient()),
                ("WrongRow", true)
            );
        }
    }
}

#[tokio::test]
async fn revoked_tokens_are_replaced_and_threads_are_respected() {
    let mut config = Config::generated().unwrap();
    config.api_threads = Some(3);
    let stage = Stage::with(config).await;
    stage
        .fault(json!({"count": 0, "fault": {"kind": "slow", "millis": 5}}))
        .await;
    let limits = Limits {
        retries: 0,
        total: Duration::from_secs(20),
        ..quick()
    };
    let reader = Reader::new(stage.session(&stage.config.read, Way::Client, limits));
    for round in 0..2 {
        let asks: Vec<_> = (0..20)
            .map(|_| {
                let reader = reader.clone();
                tokio::spawn(async move { reader.account(&account("210987654321")).await })
            })
            .collect();
        for ask in asks {
            let item = ask.await.unwrap().unwrap().unwrap();
            assert_eq!(item.owned_by, Some(sys_id("a", 1)), "{round}");
        }
        stage.control("DELETE", "tokens", None).await;
    }
    let calls = stage.control("GET", "requests", None).await;
    assert!(calls["peak_in_flight"].as_u64().unwrap() <= 3, "{calls}");
}
