//! `GET /v1/users/{name}?account_id=…`.

use ports::users::Users as _;
use serde_json::{Value, json};
use snowgate_core::effect::EffectChange;
use snowgate_core::identity::{DeletedBecause, IdentityEvent, KeyUse};
use testkit::contract::users::Given;
use testkit::samples;
use testkit::world::{at, ready};

use super::{ACCOUNT, END, SECOND, UNSEEN, get, new_user, one, setup};

/// Long enough after a user went live for drift to be told.
const LATER: i64 = 9_000;

fn attached() -> EffectChange {
    EffectChange::PolicyAttached {
        policy_arn: samples::policy(),
    }
}

#[test]
fn a_user_is_shown_as_ledger_and_iam_have_it() {
    let setup = setup();
    let user = setup.live("servicenow", "ci-billing");
    let principal = user.user().principal();
    let others = setup.request("other", user.user());
    setup.grant(&user, user.created_by(), attached());
    setup.grant(&user, others.id(), attached());
    let iam = &setup.world.directory;
    for given in [Given::AccessKey, Given::AccessKey, Given::Group] {
        iam.give_to(&principal, given);
    }
    let keys = iam.credentials_of(&principal).unwrap().keys;
    let used = KeyUse {
        at: at(70),
        service: "s3".to_owned(),
        region: "eu-west-1".to_owned(),
    };
    iam.use_key(&principal, &keys[1].id, used);
    iam.sign_in(&principal, at(80));
    ready(ports::directory::Member::make(iam, &principal, &attached())).unwrap();
    let answer = setup.show("servicenow", "ci-billing", LATER);
    for key in &keys {
        assert!(!answer.text.contains(&key.id), "ids of keys are masked");
    }
    let body = answer.good();
    let boundary = user.user().boundary.as_str();
    let masked = |id: &str| {
        let (hidden, shown) = id.split_at(16);
        format!("{}{shown}", "*".repeat(hidden.len()))
    };
    let tags = user.user().tags_for(user.created_by());
    let (granted, own) = ("policy `reports-read`", user.created_by());
    let grant = |id: Value| json!({"grant": granted, "since": at(1).to_string(), "until": at(END).to_string(), "request_id": id});
    let mut grants = body["grants"].as_array().unwrap().clone();
    grants.sort_by_key(|grant| grant["request_id"].is_null());
    assert_eq!(grants, [grant(json!(own)), grant(Value::Null)]);
    let facts = iam.facts(&principal).unwrap();
    let expected = json!({
        "as_of": at(LATER).to_string(), "account_id": ACCOUNT, "name": "ci-billing", "state": "Live",
        "since": at(2).to_string(), "owner": {"sys_id": user.user().owner}, "until": at(END).to_string(),
        "kept_until": null, "unique_id": user.unique_id(), "path": "/snowgate/", "boundary": boundary,
        "tags": {"team": "billing"},
        "requests": [{"made": "created", "request_id": own}],
        "grants": body["grants"],
        "iam_status": "read",
        "iam": {
            "as_of": at(LATER).to_string(), "arn": facts.arn, "unique_id": user.unique_id(),
            "created_at": at(0).to_string(), "signed_in_at": at(80).to_string(), "path": "/snowgate/",
            "boundary": boundary, "tags": tags,
            "groups": [{"name": facts.groups[0].name, "unique_id": facts.groups[0].unique_id}],
            "attached_policies": [samples::policy()], "inline_policies": ["snowgate-life"],
            "access_keys": [
                {"id": masked(&keys[0].id), "active": true, "created_at": at(0).to_string(), "last_used": null},
                {"id": masked(&keys[1].id), "active": true, "created_at": at(0).to_string(),
                 "last_used": {"at": at(70).to_string(), "service": "s3", "region": "eu-west-1"}},
            ],
        },
        "drift": [{"code": "beside", "what": format!("membership in group `{}`", facts.groups[0].name)}],
    });
    assert_eq!(body, expected);
    // Somebody else sees the same, without the ids of requests that are not theirs.
    let body = setup.show("portal", "CI-Billing", LATER).good();
    let mut theirs = expected["iam"].clone();
    theirs["tags"]["snowgate:request"] = json!("req-…");
    assert_eq!(body["iam"], theirs);
    let (_, digits) = user.created_by().as_str().split_at(4);
    assert!(!body.to_string().contains(digits), "{body}");
    assert_eq!(
        body["requests"],
        json!([{"made": "created", "request_id": null}])
    );
    assert!(
        body["grants"]
            .as_array()
            .unwrap()
            .iter()
            .all(|grant| grant["request_id"].is_null())
    );
}

#[test]
fn requests_that_extended_a_user_are_told_apart() {
    let setup = setup();
    let user = setup.live("servicenow", "ci-billing");
    let [mine, others] = ["servicenow", "other"].map(|client| setup.request(client, user.user()));
    let mut user = user;
    for (by, until) in [(&others, END + 1), (&mine, END + 2)] {
        let (by, until) = (by.id().clone(), at(until));
        user = setup.then(&user, IdentityEvent::Extended { until, by }, at(5));
    }
    let body = setup.show("servicenow", "ci-billing", 9).good();
    let expected = json!([
        {"made": "created", "request_id": user.created_by()},
        {"made": "extended", "request_id": null},
        {"made": "extended", "request_id": mine.id()},
    ]);
    assert_eq!(body["requests"], expected);
    assert_eq!(body["until"], at(END + 2).to_string());
}

#[test]
fn what_a_client_may_not_see_is_as_what_does_not_exist() {
    let setup = setup();
    setup.live("servicenow", "ci-billing");
    setup.begun("servicenow", SECOND, "ci-second");
    setup.begun("servicenow", UNSEEN, "ci-unseen");
    let gone = setup.begun("servicenow", ACCOUNT, "ci-gone");
    setup.then(&gone, IdentityEvent::Discarded, at(1));
    let missing = setup.show("servicenow", "nobody", 9).problem(404);
    for (client, account, name) in [
        ("portal", SECOND, "ci-second"),
        ("servicenow", UNSEEN, "ci-unseen"),
        ("security", ACCOUNT, "ci-billing"),
        ("servicenow", SECOND, "ci-billing"),
        ("servicenow", ACCOUNT, "ci-gone"),
        ("servicenow", "999999999999", "ci-billing"),
        ("servicenow", ACCOUNT, "ci billing"),
        ("servicenow", ACCOUNT, "ci%2Fbilling"),
        ("servicenow", ACCOUNT, ""),
        // IAM has this one, and Snowgate did not make it.
        ("servicenow", ACCOUNT, setup.world.target.name.as_str()),
    ] {
        let answer = setup.send(one(account, name, client), 9);
        assert_eq!(answer.problem(404), missing, "{client} {account} {name}");
    }
    assert_eq!(setup.iam.calls(), 0, "IAM is not asked");
    assert!(setup.show("servicenow", "ci%2Dbilling", 9).status == 200);
    for query in [
        json!({}),
        json!({"account_id": "x"}),
        json!({"account_id": ACCOUNT, "after": "x"}),
        json!({"account_id": [ACCOUNT, ACCOUNT]}),
    ] {
        let call = get("/v1/users/{name}", Some("ci-billing"), query, "servicenow");
        setup.send(call, 9).problem(400);
    }
}

#[test]
fn before_it_is_created_nobody_is_shown_in_its_place() {
    let setup = setup();
    let record = setup.begun("servicenow", ACCOUNT, "ci-billing");
    // Somebody makes one of the name by hand.
    let user = new_user(ACCOUNT, "ci-billing");
    ready(setup.world.directory.create(&user, &samples::request_id())).unwrap();
    let body = setup.show("servicenow", "ci-billing", LATER).good();
    assert_eq!(body["iam_status"], "not_created");
    assert_eq!((&body["iam"], &body["drift"]), (&Value::Null, &Value::Null));
    assert_eq!(
        (&body["state"], &body["unique_id"]),
        (&json!("Creating"), &Value::Null)
    );
    assert_eq!(setup.iam.calls(), 0);
    // Nor once another one has the name.
    let unique_id = "AIDAEXAMPLEUSER000001".to_owned();
    let record = setup.then(&record, IdentityEvent::UserCreated { unique_id }, at(1));
    setup.then(&record, IdentityEvent::WentLive { until: at(END) }, at(2));
    let answer = setup.show("servicenow", "ci-billing", LATER);
    assert!(!answer.text.contains("AIDAMADE"), "{}", answer.text);
    let body = answer.good();
    assert_eq!(
        (&body["iam_status"], &body["iam"]),
        (&json!("another_user"), &Value::Null)
    );
    assert_eq!(
        body["drift"],
        json!([{"code": "another_user", "what": null}])
    );
}

#[test]
fn a_user_that_iam_has_lost_is_said_to_be_missing() {
    let setup = setup();
    let user = setup.live("servicenow", "ci-billing");
    let principal = user.user().principal();
    let iam = &setup.world.directory;
    let facts = iam.facts(&principal).unwrap();
    let credentials = iam.credentials_of(&principal).unwrap();
    for part in snowgate_core::identity::parts_in_order(&facts, &credentials) {
        ready(iam.remove(&principal, &part)).unwrap();
    }
    ready(iam.delete(&principal)).unwrap();
    let body = setup.show("servicenow", "ci-billing", LATER).good();
    assert_eq!(
        (&body["iam_status"], &body["iam"]),
        (&json!("absent"), &Value::Null)
    );
    assert_eq!(body["drift"], json!([{"code": "missing", "what": null}]));
    // While it is deleted that is as it should be.
    let ending = setup.then(&user, IdentityEvent::EndingStarted, at(END));
    let ended = IdentityEvent::Ended {
        grace_until: at(END),
    };
    let ended = setup.then(&ending, ended, at(END));
    let because = DeletedBecause::GraceOver;
    setup.then(&ended, IdentityEvent::DeletionStarted { because }, at(END));
    let body = setup.show("servicenow", "ci-billing", END + LATER).good();
    assert_eq!(
        (&body["iam_status"], &body["drift"]),
        (&json!("absent"), &json!([]))
    );
}

#[test]
fn looking_changes_nothing() {
    let setup = setup();
    let user = setup.live("servicenow", "ci-billing");
    let before = setup.world.directory.changes();
    let mut call = one(ACCOUNT, "ci-billing", "servicenow");
    for method in ["GET", "HEAD"] {
        call["httpMethod"] = json!(method);
        let answer = setup.send(call.clone(), 9);
        assert_eq!(
            (answer.status, answer.text.is_empty()),
            (200, method == "HEAD")
        );
    }
    assert_eq!(setup.world.directory.changes(), before);
    let held = ports::identities::Identities::identity(&setup.world.ledger, user.id());
    assert_eq!(ready(held).unwrap(), Some(user));
}
