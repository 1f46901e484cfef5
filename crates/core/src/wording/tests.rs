//! Names in sentences stand in quotes.

use serde_json::json;

use super::*;
use crate::effect::EffectChange;
use crate::lifecycle::{Actor, State};
use crate::record::Event;
use crate::record::tests::{at, pending, received, request, slot};

#[test]
fn changes_are_named_in_quotes() {
    let group = EffectChange::GroupJoined {
        group: "analysts".parse().unwrap(),
        unique_id: None,
    };
    let inline = EffectChange::InlinePolicyPut {
        name: "snowgate`s".to_owned(),
        document: String::new(),
        ends_at: at(0),
    };
    let policy = EffectChange::PolicyAttached {
        policy_arn: "arn:aws:iam::210987654321:policy/teams/reports-read"
            .parse()
            .unwrap(),
    };
    assert_eq!(group.in_words(), "membership in group `analysts`");
    assert_eq!(inline.in_words(), "inline policy `snowgate⟨U+0060⟩s`");
    assert_eq!(policy.in_words(), "policy `reports-read`");
}

#[test]
fn what_is_copied_to_use_a_role_stands_in_quotes() {
    let mut request = request();
    let role_arn = "arn:aws:iam::320987654321:role/assumable/reports-reader";
    let grants = json!([{"type": "assume_role", "role_arn": role_arn}]);
    request.grants = serde_json::from_value(grants).unwrap();
    let lines = how_to_use(&request);
    let lines: Vec<String> = lines.iter().map(crate::markup::Text::to_string).collect();
    let command = format!(
        "Assume the role: `aws sts assume-role --role-arn {role_arn} --role-session-name rita.chen`"
    );
    let console = "Or switch role in the AWS console: account `320987654321`, role \
                   `assumable/reports-reader`.";
    assert_eq!(lines, [command.as_str(), console]);
}

#[test]
fn an_item_without_an_owner_is_named_in_quotes() {
    let item = "cc".repeat(16);
    for record in [received().record, pending(vec![slot("210987654321", &[2])])] {
        let nobody = Event::Undeliverable {
            slot: format!("item:{item}"),
        };
        let ended = record.apply(nobody, Actor::Dispatcher, at(2)).unwrap();
        let told = outcome(&ended.record, State::Undeliverable).unwrap();
        let lines: Vec<String> = told.lines.iter().map(ToString::to_string).collect();
        let named = format!(
            "Ask your CMDB team to record an owner for the configuration item `{item}`, then \
             request the access again."
        );
        assert!(lines.contains(&named), "{lines:?}");
    }
}
