//! Normal forms: another way of writing has the same, and they say what the document says.

use iam_policy::document::Document;
use iam_policy::evaluate::Ruleset;
use iam_policy::normal_form;
use iam_policy::prove::{CheckResult, check_equivalent};
use serde_json::Value;

use crate::attack;
use crate::dice::Dice;
use crate::pairs::Pair;

const POLICIES: usize = 1_500;

#[test]
fn what_says_the_same_in_another_order_has_one_normal_form() {
    let mut dice = Dice::new(7);
    let mut proved = 0;
    for _ in 0..POLICIES {
        let pair = Pair::roll(&mut dice);
        let text = pair.reference.to_string();
        let again = written_otherwise(&pair.reference, "", &mut dice);
        let read = |text| Document::parse(text, pair.policy_type).expect("a policy");
        let normal = normal_form(&read(&text));
        assert_eq!(normal, normal_form(&read(&again)), "{text}\n{again}");
        assert_eq!(normal, normal_form(&read(&normal)));
        let (one, other) = (pair.reference(), Ruleset::compile(&read(&normal)));
        match check_equivalent(&one, &other) {
            CheckResult::Pass => proved += 1,
            CheckResult::Fail { witness, .. } => panic!("{text}\n{normal}\n{witness:?}"),
            CheckResult::Undecided { .. } => {}
        }
        for request in attack::requests(&pair, &mut dice) {
            assert_eq!(one.allows(&request), other.allows(&request), "{request:?}");
        }
        // What another policy says has another: a digest of it would not do for this one.
        let candidate = pair.candidate.to_string();
        if normal == normal_form(&read(&candidate)) {
            let equal = check_equivalent(&one, &pair.candidate());
            assert!(
                !matches!(equal, CheckResult::Fail { .. }),
                "{text}\n{candidate}"
            );
        }
    }
    assert!(
        proved * 100 >= POLICIES * 97,
        "{proved} of {POLICIES} proved"
    );
}

/// The same value with its members and lists in another order, single values with and without
/// brackets, and the capitals and names that do not matter.
fn written_otherwise(value: &Value, key: &str, dice: &mut Dice) -> String {
    match value {
        Value::Object(members) => {
            let named = |(key, value): (&String, &Value), dice: &mut Dice| {
                let text = written_otherwise(value, key, dice);
                format!("{}:{text}", Value::from(key.as_str()))
            };
            let all = members.iter().map(|member| named(member, dice)).collect();
            format!("{{{}}}", shuffled(all, dice).join(","))
        }
        Value::Array(list) => {
            let all: Vec<String> = list
                .iter()
                .map(|value| written_otherwise(value, key, dice))
                .collect();
            match all.as_slice() {
                [only] if dice.once_in(2) => only.clone(),
                _ => format!("[{}]", shuffled(all, dice).join(",")),
            }
        }
        Value::String(text) => {
            let text = match key {
                "Action" | "NotAction" if dice.once_in(2) => text.to_uppercase(),
                "AWS" if text == "111111111111" && dice.once_in(2) => {
                    "arn:aws:iam::111111111111:root".to_owned()
                }
                _ => text.clone(),
            };
            Value::from(text).to_string()
        }
        other => other.to_string(),
    }
}

fn shuffled(mut all: Vec<String>, dice: &mut Dice) -> Vec<String> {
    for nth in (1..all.len()).rev() {
        all.swap(nth, dice.below(nth + 1));
    }
    all
}
