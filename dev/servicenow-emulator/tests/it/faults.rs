use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use servicenow_emulator::FaultKind;

use crate::instance::{ADA, ITEM, Instance, RITA, header, json};

const USERS: &str = "/api/now/v2/table/sys_user";

fn ada() -> String {
    format!("{USERS}?sysparm_query=user_name=ada.okafor&sysparm_fields=sys_id,user_name")
}

#[tokio::test]
async fn rate_limits_come_with_and_without_headers() {
    let instance = Instance::start().await;
    instance
        .fault(json!([
            { "table": "sys_user", "fault": { "kind": "too_many_requests", "retry_after": 7 } },
            { "table": "sys_user", "fault": { "kind": "too_many_requests" } },
        ]))
        .await;
    let ruled = instance.get(USERS).send().await.unwrap();
    assert_eq!(
        (ruled.status().as_u16(), header(&ruled, "retry-after")),
        (429, Some("7"))
    );
    for name in ["x-ratelimit-limit", "x-ratelimit-reset", "x-ratelimit-rule"] {
        assert!(header(&ruled, name).is_some(), "{name}");
    }
    let bare = instance.get(USERS).send().await.unwrap();
    assert_eq!(
        (bare.status().as_u16(), header(&bare, "retry-after")),
        (429, None)
    );
    assert_eq!(instance.get(USERS).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn success_is_not_always_success() {
    let instance = Instance::start().await;
    for (kind, status) in [
        ("truncated", 200),
        ("trailing_error", 200),
        ("hibernating", 200),
        ("accepted", 202),
        ("server_error", 500),
        ("unavailable", 503),
    ] {
        instance.fault(json!({ "fault": { "kind": kind } })).await;
        let response = instance.get(&ada()).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{kind}");
        let html = header(&response, "content-type")
            .unwrap()
            .starts_with("text/html");
        assert_eq!(html, kind == "hibernating");
        let text = response.text().await.unwrap();
        let body = serde_json::from_str::<Value>(&text);
        match kind {
            "truncated" | "hibernating" => assert!(body.is_err(), "{kind}: {text}"),
            "trailing_error" => {
                let body = body.unwrap();
                assert_eq!(body["result"][0]["sys_id"], ADA);
                assert!(body["error"]["message"].is_string());
            }
            _ => assert!(body.is_ok(), "{kind}"),
        }
    }
}

#[tokio::test]
async fn wrong_extra_missing_and_hidden_rows() {
    let instance = Instance::start().await;
    let result = async |kind: Value| {
        instance
            .fault(json!({ "table": "sys_user", "fault": kind }))
            .await;
        json(instance.get(&ada()).send().await.unwrap()).await["result"].clone()
    };
    let wrong = result(json!({ "kind": "wrong_row" })).await;
    assert_eq!(
        (wrong.as_array().unwrap().len(), &wrong[0]["sys_id"]),
        (1, &json!(RITA))
    );
    let extra = result(json!({ "kind": "extra_row", "sys_id": RITA })).await;
    assert_eq!(
        (&extra[0]["sys_id"], &extra[1]["sys_id"]),
        (&json!(ADA), &json!(RITA))
    );
    assert_eq!(result(json!({ "kind": "no_row" })).await, json!([]));
    let hidden = result(json!({ "kind": "hidden_field", "fields": ["user_name"] })).await;
    assert_eq!(hidden, json!([{ "sys_id": ADA }]));
    instance
        .fault(json!({ "fault": { "kind": "wrong_row", "sys_id": RITA } }))
        .await;
    let one = instance
        .get(&format!("{USERS}/{ADA}"))
        .send()
        .await
        .unwrap();
    assert_eq!(json(one).await["result"]["sys_id"], RITA);
}

#[tokio::test]
async fn a_write_may_say_ok_and_save_nothing() {
    let instance = Instance::start().await;
    let path = format!("/api/now/v2/table/sc_req_item/{ITEM}?sysparm_fields=state,correlation_id");
    let body = json!({ "state": "3", "correlation_id": "r1", "work_notes": "done" });
    let only_state = json!({ "kind": "not_saved", "fields": ["state"] });
    instance
        .fault(json!({ "method": "PATCH", "fault": only_state }))
        .await;
    let response = instance.patch(&path, &body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        json(response).await["result"],
        json!({ "state": "1", "correlation_id": "r1" })
    );
    let claims = json!({ "kind": "not_saved", "claims": true });
    instance
        .fault(json!({ "method": "PATCH", "fault": claims }))
        .await;
    let response = instance.patch(&path, &body).send().await.unwrap();
    assert_eq!(
        json(response).await["result"],
        json!({ "state": "3", "correlation_id": "r1" })
    );
    let stored = instance.stored("sc_req_item", ITEM).await;
    assert_eq!(stored["values"]["state"], "1", "only a new read tells");
    assert_eq!(
        stored["notes"].as_array().unwrap().len(),
        1,
        "the note of the first call"
    );
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_work_was_done() {
    let instance = Instance::start().await;
    let path = format!("/api/now/v2/table/sc_req_item/{ITEM}");
    let lost = json!({ "method": "PATCH", "after": true, "fault": { "kind": "server_error" } });
    instance.fault(lost).await;
    let note = json!({ "work_notes": "once" });
    assert_eq!(
        instance.patch(&path, &note).send().await.unwrap().status(),
        500
    );
    let notes = instance.stored("sc_req_item", ITEM).await["notes"].clone();
    assert_eq!(notes.as_array().unwrap().len(), 1);
    let slow =
        json!({ "method": "PATCH", "after": true, "fault": { "kind": "slow", "millis": 2000 } });
    instance.fault(slow).await;
    let call = instance
        .patch(&path, &note)
        .timeout(Duration::from_millis(200))
        .send()
        .await;
    assert!(call.unwrap_err().is_timeout());
    let left = Instant::now() + Duration::from_secs(5);
    while instance.calls().await["total"] != 2 {
        assert!(Instant::now() < left, "the call given up is remembered");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(instance.calls().await["requests"][1]["status"], 0);
    let notes = instance.stored("sc_req_item", ITEM).await["notes"].clone();
    assert_eq!(notes.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn faults_are_listed_counted_and_removed() {
    let instance = Instance::start().await;
    instance
        .fault(json!({ "count": 0, "fault": { "kind": "server_error" } }))
        .await;
    instance.get(USERS).send().await.unwrap();
    instance.get(USERS).send().await.unwrap();
    let list = json(
        instance
            .control(Method::GET, "faults")
            .send()
            .await
            .unwrap(),
    )
    .await;
    let fault = &list["faults"][0];
    assert_eq!(
        (&fault["hits"], &fault["fault"]["kind"]),
        (&json!(2), &json!("server_error"))
    );
    let path = format!("faults/{}", fault["id"]);
    assert_eq!(
        instance
            .control(Method::DELETE, &path)
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    assert_eq!(
        instance
            .control(Method::DELETE, &path)
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
    assert_eq!(instance.get(USERS).send().await.unwrap().status(), 200);
    let bad = json!({ "fault": { "kind": "nonsense" } });
    let bad = instance
        .control(Method::POST, "faults")
        .json(&bad)
        .send()
        .await
        .unwrap();
    assert_eq!(bad.status(), 400);
    instance
        .fault(json!({ "fault": { "kind": "server_error" } }))
        .await;
    instance
        .control(Method::DELETE, "faults")
        .send()
        .await
        .unwrap();
    assert_eq!(instance.get(USERS).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_token_endpoint_can_fail_too() {
    let instance = Instance::start().await;
    let fault = json!({ "table": "oauth_token.do", "fault": { "kind": "unavailable" } });
    instance.fault(fault).await;
    let form = [("grant_type", "client_credentials")];
    let url = instance.url("/oauth_token.do");
    let status = instance
        .client
        .post(url)
        .form(&form)
        .send()
        .await
        .unwrap()
        .status();
    assert_eq!(status, 503);
}

#[tokio::test]
async fn every_kind_can_be_armed_and_hits() {
    let instance = Instance::start().await;
    for kind in FaultKind::samples() {
        instance
            .fault(json!({ "table": "sys_user", "fault": kind }))
            .await;
        instance.get(&ada()).send().await.unwrap();
        let left = json(
            instance
                .control(Method::GET, "faults")
                .send()
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(left["faults"], json!([]), "{kind:?} was used up");
    }
    let calls = instance.calls().await;
    assert_eq!(calls["total"], FaultKind::samples().len());
    assert!(
        calls["requests"]
            .as_array()
            .unwrap()
            .iter()
            .all(|call| call["fault"].is_string())
    );
}

#[tokio::test]
async fn recent_calls_tell_what_was_called_but_no_secret() {
    let instance = Instance::start().await;
    instance.get(&ada()).send().await.unwrap();
    let path = format!("/api/now/v2/table/sc_req_item/{ITEM}");
    let note = json!({ "work_notes": "private text" });
    instance.patch(&path, &note).send().await.unwrap();
    let login = &instance.config.read;
    let form = [
        ("client_id", login.client_id.as_str()),
        ("client_secret", "wrong-secret"),
    ];
    let url = instance.url("/oauth_token.do");
    instance.client.post(url).form(&form).send().await.unwrap();
    let calls = instance.calls().await;
    let text = calls.to_string();
    for secret in [
        login.password.expose(),
        "private text",
        "wrong-secret",
        "Basic ",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
    let [read, write, token] = &calls["requests"].as_array().unwrap()[..] else {
        panic!()
    };
    assert_eq!(
        (&read["table"], &read["user"]),
        (&json!("sys_user"), &json!("snowgate.read"))
    );
    assert_eq!(
        read["parameters"][0],
        json!(["sysparm_query", "user_name=ada.okafor"])
    );
    assert_eq!(
        (&write["fields"], &write["sys_id"]),
        (&json!(["work_notes"]), &json!(ITEM))
    );
    assert_eq!(
        (&token["status"], &token["user"]),
        (&json!(401), &Value::Null)
    );
    let since = json(
        instance
            .control(Method::GET, "requests?after=2")
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(since["requests"].as_array().unwrap().len(), 1);
}
