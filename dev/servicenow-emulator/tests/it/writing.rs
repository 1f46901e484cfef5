use reqwest::Method;
use serde_json::{Value, json};

use crate::instance::{ADA, INCIDENT, ITEM, Instance, RITA, header, json};

fn item(suffix: &str) -> String {
    format!("/api/now/v2/table/sc_req_item/{ITEM}{suffix}")
}

#[tokio::test]
async fn notes_append_and_read_back_empty() {
    let instance = Instance::start().await;
    let fields = item("?sysparm_fields=sys_id,work_notes,comments,sys_mod_count");
    for (n, note) in [
        "[snowgate:r1:active] granted",
        "[snowgate:r1:active] granted",
    ]
    .into_iter()
    .enumerate()
    {
        let response = instance
            .patch(&fields, &json!({ "work_notes": note }))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        let count = (n + 1).to_string();
        let expected = json!({
            "sys_id": ITEM, "work_notes": "", "comments": "", "sys_mod_count": count,
        });
        assert_eq!(json(response).await["result"], expected);
    }
    let query = format!("element_id={ITEM}^element=work_notes^ORDERBYsys_created_on");
    let journal = instance
        .admin(Method::GET, "/api/now/v2/table/sys_journal_field")
        .query(&[
            ("sysparm_query", query.as_str()),
            ("sysparm_fields", "value,name,sys_created_by"),
        ])
        .send()
        .await
        .unwrap();
    let entry = json!({
        "value": "[snowgate:r1:active] granted",
        "name": "sc_req_item",
        "sys_created_by": "snowgate.write",
    });
    assert_eq!(
        json(journal).await["result"],
        json!([entry, entry]),
        "a blind retry doubles"
    );
    let shown = instance.get(&item(
        "?sysparm_display_value=true&sysparm_fields=work_notes",
    ));
    let shown = json(shown.send().await.unwrap()).await;
    let text = shown["result"]["work_notes"].as_str().unwrap();
    assert_eq!(text.matches("granted").count(), 2);
}

#[tokio::test]
async fn the_writer_finds_its_marker_in_the_journal() {
    let instance = Instance::start().await;
    instance
        .patch(&item(""), &json!({ "work_notes": "[m1] done" }))
        .send()
        .await
        .unwrap();
    let login = &instance.config.write;
    let found = instance
        .client
        .get(instance.url("/api/now/v2/table/sys_journal_field"))
        .basic_auth(&login.user, Some(login.password.expose()))
        .query(&[("sysparm_query", format!("element_id={ITEM}^valueLIKE[m1]"))])
        .send()
        .await
        .unwrap();
    assert_eq!(json(found).await["result"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_outcome_closes_the_item_and_counts_as_one_change() {
    let instance = Instance::start().await;
    let body =
        json!({ "state": 3, "correlation_id": "r1", "work_notes": "done", "shoe_size": "42" });
    let response = instance
        .patch(
            &item("?sysparm_fields=state,active,correlation_id,sys_mod_count,sys_updated_by"),
            &body,
        )
        .send()
        .await
        .unwrap();
    assert_eq!(
        json(response).await["result"],
        json!({
            "state": "3", "active": "false", "correlation_id": "r1", "sys_mod_count": "1",
            "sys_updated_by": "snowgate.write",
        })
    );
    let stored = instance.stored("sc_req_item", ITEM).await;
    assert_ne!(stored["values"]["closed_at"], Value::Null);
    assert!(stored["values"]["sys_updated_on"].as_str().unwrap() > "2026-11-01 09:15:00");
    instance
        .patch(&item(""), &json!({ "state": "3" }))
        .send()
        .await
        .unwrap();
    let again = instance.stored("sc_req_item", ITEM).await;
    assert_eq!(
        again["values"]["sys_mod_count"], "1",
        "nothing changed, nothing counted"
    );
}

#[tokio::test]
async fn fields_without_a_write_acl_are_silently_not_saved() {
    let instance = Instance::start().await;
    let body = json!({ "opened_by": ADA, "sys_mod_count": "99", "correlation_id": "x" });
    let response = instance.patch(&item(""), &body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let stored = instance.stored("sc_req_item", ITEM).await;
    assert_eq!(stored["values"]["opened_by"], RITA);
    assert_eq!(stored["values"]["sys_mod_count"], "1");
    assert_eq!(stored["values"]["correlation_id"], "x");
}

#[tokio::test]
async fn rights_differ_by_user_and_table() {
    let instance = Instance::start().await;
    let login = &instance.config.read;
    let by_reader = instance
        .client
        .patch(instance.url(&item("")))
        .basic_auth(&login.user, Some(login.password.expose()))
        .json(&json!({ "state": "3" }));
    let refused = by_reader.send().await.unwrap();
    assert_eq!(refused.status(), 403);
    let body = json(refused).await;
    assert_eq!(body["error"]["message"], "Operation Failed");
    assert!(
        body["error"]["detail"]
            .as_str()
            .unwrap()
            .contains("ACL Exception")
    );
    let user = format!("/api/now/v2/table/sys_user/{ADA}");
    let people = instance
        .patch(&user, &json!({ "active": "false" }))
        .send()
        .await
        .unwrap();
    assert_eq!(people.status(), 403);
    assert_eq!(
        instance.stored("sys_user", ADA).await["values"]["active"],
        "true"
    );
}

#[tokio::test]
async fn incidents_need_code_and_notes_to_be_resolved() {
    let instance = Instance::start().await;
    let path = format!("/api/now/v2/table/incident/{INCIDENT}");
    let bare = instance.patch(&path, &json!({ "state": "6", "work_notes": "x" }));
    let refused = bare.send().await.unwrap();
    assert_eq!(refused.status(), 403);
    let detail = json(refused).await["error"]["detail"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(detail.starts_with("Data Policy Exception"), "{detail}");
    assert_eq!(
        instance.stored("incident", INCIDENT).await["notes"],
        json!([])
    );
    let body = json!({ "state": "6", "close_code": "Solved", "close_notes": "Granted" });
    assert_eq!(
        instance.patch(&path, &body).send().await.unwrap().status(),
        200
    );
}

#[tokio::test]
async fn records_are_created_changed_and_deleted() {
    let instance = Instance::start().await;
    let table = "/api/now/v2/table/sc_req_item";
    let body = json!({ "short_description": "New", "requested_for": RITA, "work_notes": "first" });
    let response = instance
        .admin(Method::POST, table)
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 201);
    let place = header(&response, "location").unwrap().to_owned();
    let record = json(response).await["result"].clone();
    let sys_id = record["sys_id"].as_str().unwrap();
    assert!(place.ends_with(&format!("sc_req_item/{sys_id}")));
    assert_eq!(record["number"], "RITM0010100");
    assert_eq!(
        (&record["active"], &record["sys_mod_count"]),
        (&json!("true"), &json!("0"))
    );
    assert_eq!(
        instance.stored("sc_req_item", sys_id).await["notes"][0]["value"],
        "first"
    );
    let path = format!("{table}/{sys_id}");
    let put = instance
        .admin(Method::PUT, &path)
        .json(&json!({ "priority": "1" }));
    let put = json(put.send().await.unwrap()).await;
    assert_eq!(
        put["result"]["short_description"], "New",
        "PUT changes only what is sent"
    );
    assert_eq!(
        instance
            .admin(Method::DELETE, &path)
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    assert_eq!(
        instance
            .admin(Method::DELETE, &path)
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
    let bad = instance
        .admin(Method::POST, table)
        .header("Content-Type", "application/json");
    assert_eq!(bad.body("{").send().await.unwrap().status(), 400);
    assert_eq!(
        instance
            .admin(Method::POST, &path)
            .json(&body)
            .send()
            .await
            .unwrap()
            .status(),
        405
    );
}

#[tokio::test]
async fn a_reset_brings_the_seed_back() {
    let instance = Instance::start().await;
    instance
        .patch(&item(""), &json!({ "state": "4", "work_notes": "x" }))
        .send()
        .await
        .unwrap();
    let reset = instance
        .control(Method::POST, "reset")
        .send()
        .await
        .unwrap();
    assert_eq!(reset.status(), 204);
    let stored = instance.stored("sc_req_item", ITEM).await;
    assert_eq!(
        (&stored["values"]["state"], &stored["notes"]),
        (&json!("1"), &json!([]))
    );
    assert_eq!(instance.calls().await["total"], 0);
}
