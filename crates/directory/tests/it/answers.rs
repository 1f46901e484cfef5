//! Answers and docs/openapi.json say the same, in both directions: each answer is what its schema
//! says, and each property of these schemas is in some answer; and the words are those of the code.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use snowgate_core::identity::{DriftCode, IdentityEvent, IdentityState, KeyUse};
use testkit::contract::users::Given;
use testkit::schemas::Schemas;
use testkit::world::at;
use testkit::{AccountFault, samples};

use super::{ACCOUNT, END, setup};

fn document() -> Value {
    serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap()
}

fn words(name: &str) -> BTreeSet<String> {
    let document = document();
    let words = document["components"]["schemas"][name]["enum"]
        .as_array()
        .unwrap()
        .clone();
    words
        .iter()
        .map(|word| word.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn answers_are_as_the_document_says() {
    let setup = setup();
    let mut schemas = Schemas::new(document());
    for n in 0..26 {
        setup.begun("servicenow", ACCOUNT, &format!("ci-z{n:02}"));
    }
    let user = setup.live("servicenow", "ci-a");
    let principal = user.user().principal();
    let change = snowgate_core::effect::EffectChange::PolicyAttached {
        policy_arn: samples::policy(),
    };
    setup.grant(&user, user.created_by(), change);
    let iam = &setup.world.directory;
    for given in [Given::AccessKey, Given::Group, Given::InlinePolicy] {
        iam.give_to(&principal, given);
    }
    let key = iam.credentials_of(&principal).unwrap().keys[0].id.clone();
    let used = KeyUse {
        at: at(7),
        service: "s3".to_owned(),
        region: "N/A".to_owned(),
    };
    iam.use_key(&principal, &key, used);
    iam.sign_in(&principal, at(8));
    let page = setup.list("servicenow", json!({}), 9).good();
    schemas.check("UserList", &page);
    let shown = setup.show("servicenow", "ci-a", 9_000).good();
    assert!(shown["drift"].as_array().unwrap().len() > 1);
    schemas.check("User", &shown);
    let created = setup.show("servicenow", "ci-z00", 9_000).good();
    schemas.check("User", &created);
    iam.set_fault(&ACCOUNT.parse().unwrap(), Some(AccountFault::Throttled));
    let ending = setup.then(&user, IdentityEvent::EndingStarted, at(END));
    let grace_until = at(END + 60);
    setup.then(&ending, IdentityEvent::Ended { grace_until }, at(END));
    let ended = setup.show("servicenow", "ci-a", END + 1).good();
    assert_eq!(ended["iam_status"], "unavailable");
    schemas.check("User", &ended);
    schemas.check(
        "UserList",
        &setup.list("servicenow", json!({}), END + 1).good(),
    );
    for problem in [
        setup.show("servicenow", "nobody", 9),
        setup.list("servicenow", json!({"x": "y"}), 9),
    ] {
        schemas.check("Problem", &problem.body);
    }
    assert_eq!(schemas.not_met(&["UserList", "User"]), [""; 0]);
}

#[test]
fn words_are_those_of_the_code() {
    let states = IdentityState::ALL.into_iter();
    let states = states.filter(|state| state.may_be_in_iam());
    let states: BTreeSet<_> = states.map(|state| state.name().to_owned()).collect();
    assert_eq!(words("UserState"), states);
    // Serde names everything that it knows when it meets what it does not know.
    let unknown = serde_json::from_value::<DriftCode>(json!("?"))
        .unwrap_err()
        .to_string();
    let (_, list) = unknown.split_once("expected ").unwrap();
    let known: BTreeSet<_> = list
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    assert_eq!(words("DriftCode"), known);
}
