//! Where ledger or IAM do not answer, what is kept for a minute, and how often IAM is asked.

use ports::identities::Identities as _;
use serde_json::{Value, json};
use snowgate_core::audit::TrailFault;
use snowgate_core::identity::IdentityEvent;
use testkit::contract::users::Given;
use testkit::world::{at, ready};
use testkit::{AccountFault, Aftermath, Moment};

use super::{ACCOUNT, END, Setup, get, one, setup};

fn status(setup: &Setup, name: &str, second: i64) -> String {
    let body = setup.show("servicenow", name, second).good();
    assert_eq!(
        body["state"], "Live",
        "the ledger is told whatever IAM says"
    );
    let is_read = body["iam_status"] == "read";
    assert_eq!(body["iam"].is_null(), !is_read);
    assert_eq!(body["drift"].is_null(), !is_read);
    body["iam_status"].as_str().unwrap().to_owned()
}

#[test]
fn without_the_ledger_there_is_a_problem_to_read() {
    let setup = setup();
    setup.live("servicenow", "ci-a");
    let calls = [
        // Two accounts, and whose the requests are.
        (get("/v1/users", None, json!({}), "servicenow"), 3),
        (one(ACCOUNT, "ci-a", "servicenow"), 3),
    ];
    for (event, calls) in calls {
        for nth in 1..=calls {
            setup.world.fault.mend();
            setup.world.fault.at(nth, Moment::Before, Aftermath::Alive);
            setup.send(event.clone(), 9).problem(503);
        }
        setup.world.fault.mend();
        setup.send(event, 9).good();
        assert_eq!(setup.world.fault.calls(), calls);
    }
}

#[test]
fn without_iam_only_what_the_ledger_knows_is_said() {
    let setup = setup();
    setup.live("servicenow", "ci-a");
    let account = ACCOUNT.parse().unwrap();
    let iam = &setup.world.directory;
    for (fault, expected) in [
        (AccountFault::Throttled, "unavailable"),
        (AccountFault::Denied, "unavailable"),
        (AccountFault::NotPrepared, "not_prepared"),
    ] {
        iam.set_fault(&account, Some(fault));
        assert_eq!(status(&setup, "ci-a", 0), expected);
    }
    iam.set_fault(&account, None);
    // Nothing of a failure is kept.
    assert_eq!(status(&setup, "ci-a", 0), "read");
    // What was read a minute ago is not shown for what is there now.
    iam.set_fault(&account, Some(AccountFault::Throttled));
    assert_eq!(status(&setup, "ci-a", 59), "read");
    assert_eq!(status(&setup, "ci-a", 60), "unavailable");
}

#[test]
fn what_iam_said_is_kept_for_a_minute() {
    let setup = setup();
    let user = setup.live("servicenow", "ci-a");
    let keys = |second| {
        let body = setup.show("servicenow", "ci-a", second).good();
        let keys = body["iam"]["access_keys"].as_array().unwrap().len();
        (keys, body["iam"]["as_of"].clone(), body["as_of"].clone())
    };
    let time = |second: i64| json!(at(second).to_string());
    assert_eq!(keys(100), (0, time(100), time(100)));
    setup
        .world
        .directory
        .give_to(&user.user().principal(), Given::AccessKey);
    assert_eq!(keys(159), (0, time(100), time(159)));
    assert_eq!(setup.iam.calls(), 1);
    // Another client is shown the same look, at the same user only.
    setup.show("portal", "ci-a", 159).good();
    assert_eq!(setup.iam.calls(), 1);
    setup.live("servicenow", "ci-b");
    setup.show("portal", "ci-b", 159).good();
    assert_eq!(setup.iam.calls(), 2);
    assert_eq!(keys(160), (1, time(160), time(160)));
    assert_eq!(setup.iam.calls(), 3);
    // The ledger is never kept.
    setup.then(&user, IdentityEvent::EndingStarted, at(END));
    let body = setup.show("servicenow", "ci-a", 165).good();
    assert_eq!((&body["state"], setup.iam.calls()), (&json!("Ending"), 3));
}

#[test]
fn an_account_is_not_asked_more_often_than_it_bears() {
    let setup = setup();
    let names: Vec<String> = (0..8).map(|n| format!("ci-{n}")).collect();
    for name in &names {
        setup.live("servicenow", name);
    }
    let statuses: Vec<_> = names.iter().map(|name| status(&setup, name, 0)).collect();
    let expected = [["read"; 5].as_slice(), ["paced"; 3].as_slice()].concat();
    assert_eq!(
        (statuses, setup.iam.calls()),
        (expected.iter().map(ToString::to_string).collect(), 5)
    );
    // What is kept costs nothing; two seconds later one more is read.
    assert_eq!(status(&setup, "ci-0", 2), "read");
    assert_eq!(status(&setup, "ci-5", 2), "read");
    assert_eq!(status(&setup, "ci-6", 3), "paced");
    assert_eq!(setup.iam.calls(), 6);
    // Listing is not paced, for it asks nothing of IAM.
    for _ in 0..20 {
        setup.list("servicenow", json!({}), 3).good();
    }
    assert_eq!(setup.iam.calls(), 6);
}

#[test]
fn nothing_is_shown_of_a_user_whose_trail_is_broken() {
    let setup = setup();
    let user = setup.live("servicenow", "ci-a");
    setup.world.ledger.put_identity(user.clone(), Vec::new());
    let held = ready(setup.world.ledger.identity(user.id()))
        .unwrap()
        .unwrap();
    assert_ne!(held.trail_fault(), None::<TrailFault>);
    let answer = setup.show("servicenow", "ci-a", 9);
    assert!(!answer.text.contains("ci-a"), "{}", answer.text);
    let told = answer.problem(500);
    assert!(told.contains("Audit trail broken"), "{told}");
    assert_eq!(setup.iam.calls(), 0);
    // The list does not read trails, and says where the record stands.
    let body = setup.list("servicenow", json!({}), 9).good();
    assert_eq!(
        (&body["users"][0]["name"], &body["next"]),
        (&json!("ci-a"), &Value::Null)
    );
}
