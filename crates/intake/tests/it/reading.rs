//! `GET /v1/requests/{id}` and `GET /v1/requests?sys_id=…`.

use serde_json::json;
use snowgate_core::approval::Verdict;
use testkit::world::{self, OWNER, at};
use testkit::{Aftermath, Moment};

use super::{get, setup};

const ONE: &str = "/v1/requests/{id}";
const LIST: &str = "/v1/requests";

#[test]
fn a_client_sees_its_own_request_without_people() {
    let setup = setup();
    let world = &setup.world;
    let (record, links) = world.pending(&[OWNER], at(0));
    let record = world.decide(&record, OWNER, Verdict::Deny, &world.keys, at(9));
    let answer = setup.send(
        get(ONE, record.id().as_str(), json!(null), "servicenow"),
        10,
    );
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["state"], "Denied");
    assert_eq!(answer.body["decisions"][0]["decision"], "deny");
    let steps: Vec<_> = answer.body["timeline"].as_array().unwrap().iter().collect();
    let names: Vec<_> = steps
        .iter()
        .map(|step| step["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "received",
            "approval_requested",
            "review_request_claimed",
            "review_request_sent",
            "decided"
        ]
    );
    assert_eq!(steps[4]["by"], "approver");
    let people = [
        world::id(OWNER).to_string(),
        world::requester().sys_id.to_string(),
    ];
    for person in people {
        assert!(!answer.text.contains(&person), "names nobody");
    }
    let mac = serde_json::to_value(&record.decisions()[0].signed.mac).unwrap();
    assert!(!answer.text.contains(mac.as_str().unwrap()));
    assert!(!answer.text.contains(links[0].digest().as_str()));
}

#[test]
fn requests_of_others_do_not_exist() {
    let setup = setup();
    let record = setup.world.received(at(0));
    let none = setup
        .send(get(ONE, "req-0", json!(null), "servicenow"), 1)
        .problem(404);
    let strangers = [
        (record.id().as_str(), "another"),
        ("req-00000000000000000000000000000000", "servicenow"),
    ];
    for (id, client) in strangers {
        let answer = setup
            .send(get(ONE, id, json!(null), client), 1)
            .problem(404);
        assert_eq!(answer.text, none.text, "all of them look the same");
    }
    let query = json!({"sys_id": record.request().source.sys_id});
    let answer = setup.send(get(LIST, "", query.clone(), "another"), 1);
    assert_eq!((answer.status, answer.body), (200, json!({"requests": []})));
    let answer = setup.send(get(LIST, "", query, "servicenow"), 1);
    let id = record.id().as_str();
    let expected =
        json!({"request_id": id, "state": "Received", "status_url": format!("/v1/requests/{id}")});
    assert_eq!(answer.body["requests"], json!([expected]));
}

#[test]
fn a_list_has_one_parameter() {
    let setup = setup();
    let id = "a".repeat(32);
    for query in [
        json!(null),
        json!({"sys_id": "javascript:1"}),
        json!({"sys_id": id, "client": "another"}),
        json!({"state": "Active"}),
    ] {
        setup
            .send(get(LIST, "", query, "servicenow"), 0)
            .problem(400);
    }
}

#[test]
fn without_the_ledger_there_is_a_problem_to_read() {
    let setup = setup();
    let record = setup.world.received(at(0));
    let query = json!({"sys_id": record.request().source.sys_id});
    let calls = [
        (get(ONE, record.id().as_str(), json!(null), "servicenow"), 2),
        (get(LIST, "", query, "servicenow"), 1),
    ];
    for (event, calls) in calls {
        for nth in 1..=calls {
            setup.world.fault.mend();
            setup.world.fault.at(nth, Moment::Before, Aftermath::Alive);
            setup.send(event.clone(), 1).problem(503);
        }
    }
}
