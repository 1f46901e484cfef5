//! `GET /v1/users`.

use serde_json::{Value, json};
use snowgate_core::identity::{DeletedBecause, IdentityEvent};
use testkit::world::at;

use super::{ACCOUNT, END, SECOND, Setup, UNSEEN, get, setup};

fn names(body: &Value) -> Vec<String> {
    let users = body["users"].as_array().unwrap().iter();
    users
        .map(|user| user["name"].as_str().unwrap().to_owned())
        .collect()
}

/// The names on all pages, and how many users each page has.
fn all_pages(setup: &Setup, client: &str, query: &Value) -> (Vec<String>, Vec<usize>) {
    let (mut names_of_all, mut sizes) = (Vec::new(), Vec::new());
    let mut query = query.clone();
    for _ in 0..20 {
        let page = setup.list(client, query.clone(), 9).good();
        let found = names(&page);
        sizes.push(found.len());
        names_of_all.extend(found);
        match page["next"].as_str() {
            Some(next) => query["after"] = json!(next),
            None => return (names_of_all, sizes),
        }
    }
    unreachable!("the list ends")
}

#[test]
fn a_client_sees_the_users_of_its_accounts_and_whose_requests_are_its_own() {
    let setup = setup();
    let ours = setup.live("servicenow", "ci-b");
    setup.live("other", "ci-a");
    setup.begun("servicenow", SECOND, "ci-z");
    setup.begun("servicenow", UNSEEN, "ci-unseen");
    let body = setup.list("servicenow", json!({}), 9).good();
    assert_eq!(names(&body), ["ci-a", "ci-b", "ci-z"]);
    assert_eq!(body["as_of"], at(9).to_string());
    assert_eq!(body["next"], Value::Null);
    let expected = json!({
        "account_id": ACCOUNT, "name": "ci-b", "state": "Live", "since": at(2).to_string(),
        "owner": {"sys_id": ours.user().owner}, "until": at(END).to_string(), "kept_until": null,
        "request_id": ours.created_by(),
        "user_url": format!("/v1/users/ci-b?account_id={ACCOUNT}"),
    });
    assert_eq!(body["users"][1], expected);
    assert_eq!(body["users"][0]["request_id"], Value::Null);
    // The other client sees the same account, and its own.
    let body = setup.list("portal", json!({}), 9).good();
    assert_eq!(names(&body), ["ci-a", "ci-b"]);
    assert_eq!(body["users"][1]["request_id"], Value::Null);
    // Nothing said is nothing seen.
    for nobody in ["other", "security", "servicenow2"] {
        let body = setup.list(nobody, json!({}), 9).good();
        assert_eq!(
            (names(&body).len(), &body["next"]),
            (0, &Value::Null),
            "{nobody}"
        );
    }
    let only = json!({"account_id": SECOND});
    assert_eq!(
        names(&setup.list("servicenow", only.clone(), 9).good()),
        ["ci-z"]
    );
    // What it may not see is as what does not exist.
    let unseen = setup.list("portal", only, 9).problem(404);
    for account in [UNSEEN, "999999999999"] {
        let query = json!({"account_id": account});
        assert_eq!(setup.list("servicenow", query, 9).problem(404), unseen);
    }
    assert_eq!(setup.iam.calls(), 0, "IAM is not asked");
}

#[test]
fn the_list_comes_in_pages_while_users_are_made_and_go() {
    let setup = setup();
    let records: Vec<_> = (0..60)
        .map(|n| setup.begun("servicenow", ACCOUNT, &format!("ci-{n:02}")))
        .collect();
    for n in 0..7 {
        setup.begun("servicenow", SECOND, &format!("ci-s{n}"));
    }
    let (all, sizes) = all_pages(&setup, "servicenow", &json!({}));
    assert_eq!((all.len(), sizes), (67, vec![25, 25, 17]));
    let in_order: Vec<_> = (0..60)
        .map(|n| format!("ci-{n:02}"))
        .chain((0..7).map(|n| format!("ci-s{n}")))
        .collect();
    assert_eq!(all, in_order);
    let one = json!({"account_id": ACCOUNT});
    assert_eq!(all_pages(&setup, "servicenow", &one).1, [25, 25, 10]);

    let first = setup.list("servicenow", json!({}), 9).good();
    // Made behind, made ahead, gone where the page ended, gone ahead.
    setup.begun("servicenow", ACCOUNT, "ci-00a");
    setup.begun("servicenow", ACCOUNT, "ci-30a");
    for n in [24, 40] {
        setup.then(&records[n], IdentityEvent::Discarded, at(3));
    }
    let query = json!({"after": first["next"]});
    let second = names(&setup.list("servicenow", query.clone(), 9).good());
    assert_eq!((second.len(), second[0].as_str()), (25, "ci-25"));
    assert!(second.contains(&"ci-30a".to_owned()) && !second.contains(&"ci-40".to_owned()));
    // The same page again is the same.
    assert_eq!(names(&setup.list("servicenow", query, 9).good()), second);
}

#[test]
fn users_that_are_gone_for_good_are_not_listed() {
    let setup = setup();
    let discarded = setup.begun("servicenow", ACCOUNT, "ci-discarded");
    setup.then(&discarded, IdentityEvent::Discarded, at(3));
    let kept = setup.live("servicenow", "ci-ended");
    let kept = setup.then(&kept, IdentityEvent::EndingStarted, at(END));
    let grace_until = at(END + 600);
    let kept = setup.then(&kept, IdentityEvent::Ended { grace_until }, at(END + 1));
    let body = setup.list("servicenow", json!({}), END + 2).good();
    assert_eq!(names(&body), ["ci-ended"]);
    assert_eq!(body["users"][0]["state"], "Ended");
    assert_eq!(body["users"][0]["kept_until"], grace_until.to_string());
    assert_eq!(body["users"][0]["until"], at(END).to_string());
    let because = DeletedBecause::GraceOver;
    let over = setup.then(
        &kept,
        IdentityEvent::DeletionStarted { because },
        grace_until,
    );
    setup.then(&over, IdentityEvent::Deleted, grace_until);
    assert_eq!(
        names(&setup.list("servicenow", json!({}), END + 601).good()),
        [""; 0]
    );
}

#[test]
fn parameters_that_are_none_are_refused() {
    let setup = setup();
    for n in 0..30 {
        setup.begun("servicenow", ACCOUNT, &format!("ci-{n:02}"));
    }
    let next = setup.list("servicenow", json!({}), 9).good()["next"].clone();
    for query in [
        json!({"account_id": "21098765432"}),
        json!({"account_id": ""}),
        json!({"account_id": "21098765432*"}),
        json!({"account_id": [ACCOUNT, SECOND]}),
        json!({"after": "next"}),
        json!({"after": ""}),
        json!({"after": [next, next]}),
        json!({"sys_id": "aa"}),
        json!({"account_id": ACCOUNT, "limit": "5"}),
        // A place in another account than the one that is listed.
        json!({"account_id": SECOND, "after": next}),
    ] {
        setup.list("servicenow", query.clone(), 9).problem(400);
    }
    // A place says nothing of what may be seen: whoever sees nothing gets nothing.
    let body = setup.list("security", json!({"after": next}), 9).good();
    assert_eq!((names(&body).len(), &body["next"]), (0, &Value::Null));
}

#[test]
fn head_has_no_body_and_nobody_in_particular_is_refused() {
    let setup = setup();
    setup.live("servicenow", "ci-a");
    let mut call = get("/v1/users", None, json!({}), "servicenow");
    call["httpMethod"] = json!("HEAD");
    let head = setup.send(call.clone(), 9);
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    call["httpMethod"] = json!("POST");
    setup.send(call.clone(), 9).problem(405);
    call["httpMethod"] = json!("GET");
    call["resource"] = json!("/v1/requests");
    setup.send(call, 9).problem(404);
    for client in [json!(null), json!(7), json!("")] {
        let mut call = get("/v1/users", None, json!({}), "servicenow");
        call["requestContext"]["authorizer"]["client"] = client;
        setup.send(call, 9).problem(403);
    }
}
