use serde_json::json;

use crate::instance::{ADA, HIDDEN_ITEM, ITEM, Instance, RITA, header, json};

const ITEMS: &str = "/api/now/v2/table/sc_req_item";

#[tokio::test]
async fn every_value_is_a_string_and_empty_references_are_empty_strings() {
    let instance = Instance::start().await;
    let record = json(
        instance
            .get(&format!("{ITEMS}/{ITEM}"))
            .send()
            .await
            .unwrap(),
    )
    .await;
    let record = record["result"].as_object().unwrap();
    assert!(record.len() > 25, "all fields come without sysparm_fields");
    for (name, value) in record {
        let reference = value.get("value").is_some_and(|v| v.is_string())
            && value.get("link").is_some_and(|v| v.is_string());
        assert!(value.is_string() || reference, "{name}: {value}");
    }
    assert_eq!(record["cmdb_ci"], "");
    assert_eq!(record["active"], "true");
    assert_eq!(record["state"], "1");
    assert_eq!(record["sys_mod_count"], "0");
}

#[tokio::test]
async fn references_come_in_four_shapes() {
    let instance = Instance::start().await;
    let link = instance.url(&format!("/api/now/v2/table/sys_user/{RITA}"));
    for (display, exclude, expected) in [
        ("false", "false", json!({ "link": link, "value": RITA })),
        (
            "all",
            "false",
            json!({ "display_value": "Rita Chen", "link": link, "value": RITA }),
        ),
        (
            "all",
            "true",
            json!({ "display_value": "Rita Chen", "value": RITA }),
        ),
        (
            "true",
            "false",
            json!({ "display_value": "Rita Chen", "link": link }),
        ),
        ("false", "true", json!(RITA)),
    ] {
        let response = instance
            .get(&format!("{ITEMS}/{ITEM}"))
            .query(&[
                ("sysparm_fields", "opened_by"),
                ("sysparm_display_value", display),
                ("sysparm_exclude_reference_link", exclude),
            ])
            .send()
            .await
            .unwrap();
        assert_eq!(
            json(response).await["result"]["opened_by"],
            expected,
            "{display} {exclude}"
        );
    }
}

#[tokio::test]
async fn a_link_leads_to_the_record() {
    let instance = Instance::start().await;
    let record = json(
        instance
            .get(&format!("{ITEMS}/{ITEM}"))
            .send()
            .await
            .unwrap(),
    )
    .await;
    let link = record["result"]["opened_by"]["link"].as_str().unwrap();
    let path = link.strip_prefix(&instance.running.base_url).unwrap();
    let user = json(instance.get(path).send().await.unwrap()).await;
    assert_eq!(user["result"]["user_name"], "rita.chen");
}

#[tokio::test]
async fn dotted_fields_keep_their_dots_and_unknown_or_hidden_ones_are_missing() {
    let instance = Instance::start().await;
    let fields = "number,opened_by.manager.email,shoe_size,opened_by.mobile_phone";
    let query = [
        ("sysparm_query", "number=RITM0010001"),
        ("sysparm_fields", fields),
    ];
    assert_eq!(
        instance.rows("sc_req_item", &query).await,
        [json!({
            "number": "RITM0010001",
            "opened_by.manager.email": "marek.lindqvist@brightwater.example",
        })]
    );
    let ada = instance
        .rows("sys_user", &[("sysparm_query", "user_name=ada.okafor")])
        .await;
    assert!(ada[0].get("mobile_phone").is_none() && ada[0].get("email").is_some());
}

#[tokio::test]
async fn an_invalid_part_of_a_query_gives_other_owners() {
    let instance = Instance::start().await;
    let table = "cmdb_ci_cloud_service_account";
    let fields = ("sysparm_fields", "account_id");
    let good = [("sysparm_query", "account_id=210987654321"), fields];
    assert_eq!(instance.rows(table, &good).await.len(), 1);
    let misspelt = [("sysparm_query", "acount_id=210987654321"), fields];
    assert_eq!(instance.rows(table, &misspelt).await.len(), 7, "the trap");
    let rest = "acount_id=1^account_idSTARTSWITH32";
    let rest = instance
        .rows(table, &[("sysparm_query", rest), fields])
        .await;
    assert_eq!(rest, [json!({ "account_id": "320987654321" })]);
}

#[tokio::test]
async fn the_limit_is_applied_before_the_acls() {
    let instance = Instance::start().await;
    let response = instance
        .get(ITEMS)
        .query(&[
            (
                "sysparm_query",
                "numberINRITM0010099,RITM0010001^ORDERBYDESCnumber",
            ),
            ("sysparm_limit", "1"),
        ])
        .send()
        .await
        .unwrap();
    assert_eq!(header(&response, "x-total-count"), Some("2"));
    assert!(header(&response, "link").unwrap().contains("rel=\"next\""));
    assert_eq!(
        json(response).await,
        json!({ "result": [] }),
        "empty, and yet not the end"
    );
    let one = instance
        .get(&format!("{ITEMS}/{HIDDEN_ITEM}"))
        .send()
        .await
        .unwrap();
    assert_eq!(one.status(), 404);
}

#[tokio::test]
async fn pages_link_to_each_other() {
    let instance = Instance::start().await;
    let query = "active=true^ORDERBYuser_name";
    let mut next = Some(format!(
        "/api/now/v2/table/sys_user?sysparm_query={query}&sysparm_limit=5&sysparm_fields=user_name"
    ));
    let (mut names, mut pages) = (Vec::new(), 0);
    while let Some(path) = next.take() {
        let response = instance.get(&path).send().await.unwrap();
        let links = header(&response, "link").unwrap().to_owned();
        assert_eq!(links.contains("rel=\"prev\""), pages > 0);
        assert!(links.contains("rel=\"first\"") && links.contains("rel=\"last\""));
        next = links
            .split(',')
            .find_map(|link| link.strip_suffix(">;rel=\"next\"")?.strip_prefix('<'))
            .map(|link| {
                link.strip_prefix(&instance.running.base_url)
                    .unwrap()
                    .to_owned()
            });
        let body = json(response).await;
        names.extend(
            body["result"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| r["user_name"].clone()),
        );
        pages += 1;
    }
    assert_eq!((pages, names.len()), (4, 17));
    assert_eq!(names.first().unwrap(), "ada.okafor");
    let none = [
        ("sysparm_limit", "5"),
        ("sysparm_suppress_pagination_header", "true"),
    ];
    let response = instance
        .get("/api/now/v2/table/sys_user")
        .query(&none)
        .send()
        .await
        .unwrap();
    assert_eq!(header(&response, "link"), None);
}

#[tokio::test]
async fn no_match_is_an_empty_list_in_v2_and_404_before() {
    let instance = Instance::start().await;
    for (path, status) in [
        ("/api/now/v2/table", 200),
        ("/api/now/v1/table", 404),
        ("/api/now/table", 404),
    ] {
        let path = format!("{path}/sc_req_item?sysparm_query=number=RITM9999999");
        assert_eq!(
            instance.get(&path).send().await.unwrap().status(),
            status,
            "{path}"
        );
    }
    let one = instance
        .get(&format!("{ITEMS}/{ADA}"))
        .send()
        .await
        .unwrap();
    assert_eq!(one.status(), 404, "a user is no item");
    let body = json(one).await;
    assert_eq!(body["status"], "failure");
    assert_eq!(body["error"]["message"], "No Record found");
}

#[tokio::test]
async fn errors_have_the_shape_of_an_instance() {
    let instance = Instance::start().await;
    let unknown = instance
        .get("/api/now/v2/table/nonsense")
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), 400);
    let error = json!({ "message": "Invalid table nonsense", "detail": null });
    assert_eq!(
        json(unknown).await,
        json!({ "error": error, "status": "failure" })
    );
    let secret = instance
        .get("/api/now/v2/table/sys_journal_field")
        .send()
        .await
        .unwrap();
    assert_eq!(secret.status(), 403, "the reader sees no journals");
    let html = instance
        .client
        .get(instance.url(ITEMS))
        .header("Accept", "text/html");
    let login = &instance.config.read;
    let html = html.basic_auth(&login.user, Some(login.password.expose()));
    assert_eq!(html.send().await.unwrap().status(), 406);
}
