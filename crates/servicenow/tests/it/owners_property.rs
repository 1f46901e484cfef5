//! Whatever an instance answers, no row with another key is ever an owner.

use ports::servicenow::ServiceNow as _;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use servicenow::Reader;
use snowgate_core::id::SysId;
use std::sync::{Arc, Mutex};

use crate::server::{Reply, Server};
use crate::steps::{ACCOUNT, id, sys_id};

/// A value of a field: right, wrong, or odd.
fn value() -> impl Strategy<Value = Value> {
    let ids = prop::sample::select(vec!["0a", "0b", "0c", "99"]).prop_map(id);
    let texts = prop::sample::select(vec![
        ACCOUNT,
        "320987654321",
        "true",
        "true",
        "true",
        "false",
        "",
        "x",
        "javascript:0",
    ]);
    let text = prop_oneof![3 => ids, 2 => texts.prop_map(str::to_owned)];
    let link = |id: &String| format!("https://x.example/api/now/v2/table/sys_user/{id}");
    prop_oneof![
        8 => text.clone().prop_map(Value::from),
        1 => text.clone().prop_map(move |id| json!({"link": link(&id), "value": id})),
        1 => text.clone().prop_map(|id| json!({"display_value": "Ada", "value": id})),
        1 => text.clone().prop_map(move |id| json!({"display_value": "Ada", "link": link(&id)})),
        1 => (text.clone(), text).prop_map(move |(a, b)| json!({"link": link(&a), "value": b})),
        1 => Just(Value::Null),
        1 => any::<i32>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
    ]
}

const FIELDS: [&str; 12] = [
    "sys_id",
    "account_id",
    "name",
    "owned_by",
    "managed_by",
    "support_group",
    "active",
    "manager",
    "group",
    "group.active",
    "user",
    "locked_out",
];

/// A row that is right in all fields but some, which hold anything or are not there.
fn row() -> impl Strategy<Value = Value> {
    let spoilt = prop::collection::vec(
        (prop::sample::select(&FIELDS[..]), prop::option::of(value())),
        0..4,
    );
    (prop::sample::select(vec!["0a", "0b"]), spoilt).prop_map(|(own, spoilt)| {
        let mut row = json!({
            "sys_id": id(own), "account_id": ACCOUNT, "name": "n", "owned_by": id("0a"),
            "managed_by": id("0c"), "support_group": "", "active": "true", "manager": id("0c"),
            "group": id("0b"), "group.active": "true", "user": id("0a"), "locked_out": "false",
            "email": "a@x.example", "user_name": "a"
        });
        let fields = row.as_object_mut().unwrap();
        for (field, value) in spoilt {
            match value {
                Some(value) => fields.insert(field.to_owned(), value),
                None => fields.remove(field),
            };
        }
        row
    })
}

fn document() -> impl Strategy<Value = Value> {
    let rows = prop::collection::vec(row(), 0..4);
    prop_oneof![
        20 => rows.prop_map(|rows| json!({ "result": rows })),
        1 => row().prop_map(|row| json!({ "result": row })),
        1 => row().prop_map(|row| json!([row])),
        1 => row().prop_map(|row| json!({"result": [row], "error": {"message": "m"}})),
    ]
}

fn reply() -> impl Strategy<Value = (Reply, Value)> {
    let status = prop_oneof![20 => Just(200_u16), 1 => 201..599_u16];
    let cut = prop_oneof![20 => Just(0_usize), 1 => 1..60_usize];
    (document(), status, cut, any::<u8>()).prop_map(|(document, status, cut, kind)| {
        let mut body = document.to_string();
        body.truncate(body.len().saturating_sub(cut));
        let kind = if kind < 8 {
            "text/html"
        } else {
            "application/json"
        };
        (Reply::new(status, kind, body), document)
    })
}

/// What a field stands for, read independently of the crate: every id it could possibly mean.
fn meant(row: &Map<String, Value>, field: &str) -> Vec<String> {
    match row.get(field) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Object(shape)) => ["value", "link"]
            .iter()
            .filter_map(|part| shape.get(*part)?.as_str())
            .map(|text| text.rsplit('/').next().unwrap().to_owned())
            .collect(),
        _ => Vec::new(),
    }
}

/// The rows of a document, all of which must mean only this in the key.
fn rows_for<'d>(document: &'d Value, key: &str, wanted: &[String]) -> Vec<&'d Map<String, Value>> {
    let rows: Vec<_> = document["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row.as_object().unwrap())
        .collect();
    for row in &rows {
        let meant = meant(row, key);
        assert!(
            !meant.is_empty() && meant.iter().all(|id| wanted.contains(id)),
            "{row:?}"
        );
    }
    rows
}

fn leads(row: &Map<String, Value>, field: &str, to: Option<&SysId>) -> bool {
    meant(row, field)
        .iter()
        .all(|id| id == to.map_or("", |to| to.as_str()))
}

async fn hold(reader: &Reader, status: u16, document: &Value) -> u32 {
    let mut found = 0;
    let account = ACCOUNT.parse().unwrap();
    if let Ok(Some(item)) = reader.account(&account).await {
        let rows = rows_for(document, "account_id", &[ACCOUNT.to_owned()]);
        let [row] = rows.as_slice() else {
            panic!("exactly one: {document}")
        };
        assert!(leads(row, "sys_id", Some(&item.sys_id)));
        assert!(leads(row, "owned_by", item.owned_by.as_ref()));
        assert!(leads(row, "managed_by", item.managed_by.as_ref()));
        assert!(leads(row, "support_group", item.support_group.as_ref()));
        assert_eq!(status, 200);
        found += 1;
    }
    if let Ok(Some(manager)) = reader.group_manager(&sys_id("0b")).await {
        let rows = rows_for(document, "sys_id", &[id("0b")]);
        assert!(leads(rows[0], "manager", Some(&manager)) && rows[0]["active"] != json!("false"));
        assert_eq!((rows.len(), status), (1, 200));
        found += 1;
    }
    for member in reader
        .group_members(&sys_id("0b"))
        .await
        .unwrap_or_default()
    {
        let rows = rows_for(document, "group", &[id("0b")]);
        assert!(rows.iter().any(|row| leads(row, "user", Some(&member))));
        assert_eq!(status, 200);
        found += 1;
    }
    for person in reader
        .people(&[sys_id("0a"), sys_id("0b")])
        .await
        .unwrap_or_default()
    {
        let rows = rows_for(document, "sys_id", &[id("0a"), id("0b")]);
        assert!(
            rows.iter()
                .any(|row| leads(row, "sys_id", Some(&person.sys_id)))
        );
        assert_eq!(status, 200);
        found += 1;
    }
    found
}

#[test]
fn no_row_with_another_key_is_ever_an_owner() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let current: Arc<Mutex<Reply>> = Arc::new(Mutex::new(Reply::failure(500)));
    let answer = Arc::clone(&current);
    let server = runtime.block_on(Server::start(move |_| answer.lock().unwrap().clone()));
    let found = std::cell::Cell::new(0);
    let config = Config {
        cases: 512,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&reply(), |(reply, document)| {
            let status = reply.status;
            *current.lock().unwrap() = reply;
            let reader = Reader::new(server.session());
            found.set(found.get() + runtime.block_on(hold(&reader, status, &document)));
            Ok(())
        })
        .unwrap();
    assert!(
        found.get() > 100,
        "the property must not hold for want of answers: {found:?}"
    );
}
