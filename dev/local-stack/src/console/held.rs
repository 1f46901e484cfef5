//! What a user holds in IAM, as the console and the demonstration tell it.

use serde_json::{Value, json};

use crate::aws;

/// What a principal holds: the ARN of a managed policy, `inline policy …` or `group …`.
pub(crate) type HeldEntry = String;

/// Where a user's holdings stand: the call, the list in its answer, what names an entry, and how
/// it is told.
pub(super) const HELD: [(&str, &str, &str, &str); 3] = [
    (
        "list_attached_user_policies",
        "/AttachedPolicies",
        "/PolicyArn",
        "",
    ),
    ("list_user_policies", "/PolicyNames", "", "inline policy "),
    ("list_groups_for_user", "/Groups", "/GroupName", "group "),
];

/// The calls that answer what a user holds.
pub(super) fn held_steps(account: &str, user: &str) -> impl Iterator<Item = Value> {
    let arguments = json!({ "UserName": user });
    HELD.iter().map(move |(call, ..)| {
        let step = aws::call(account, "iam", call, &arguments);
        aws::tolerant(step, &["NoSuchEntity"])
    })
}

/// What the answers tell.
pub(super) fn held(results: &[Value]) -> Vec<HeldEntry> {
    let mut all = Vec::new();
    for ((_, list, name, word), result) in HELD.iter().zip(results) {
        let listed = result.pointer(list).and_then(Value::as_array);
        for entry in listed.into_iter().flatten() {
            all.push(format!(
                "{word}{}",
                entry
                    .pointer(name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            ));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_a_user_holds_is_told() {
        let results = [
            json!({"AttachedPolicies": [{"PolicyName": "a", "PolicyArn": "arn:a"}]}),
            json!({"PolicyNames": ["snowgate-1"]}),
            json!({"Groups": [{"GroupName": "analysts"}]}),
        ];
        assert_eq!(
            held(&results),
            ["arn:a", "inline policy snowgate-1", "group analysts"]
        );
    }
}
