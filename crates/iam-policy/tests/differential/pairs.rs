//! Pairs of policies, one made from the other.

use std::fmt;

use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::Ruleset;
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::pools::{
    ACTIONS, ADDRESSES, ARNS, DATES, KEYS, NUMBERS, PRINCIPALS, RESOURCES, TEXTS, TRUST_ACTIONS,
    TYPES,
};

/// Two policies of one type.
pub(crate) struct Pair {
    pub(crate) reference: Value,
    pub(crate) candidate: Value,
    pub(crate) policy_type: PolicyType,
}

impl Pair {
    pub(crate) fn roll(dice: &mut Dice) -> Self {
        let policy_type = TYPES[dice.below(TYPES.len())];
        let reference = policy(dice, policy_type);
        let mut candidate = if dice.once_in(6) {
            policy(dice, policy_type)
        } else {
            reference.clone()
        };
        for _ in 0..dice.below(3) {
            mutate(&mut candidate, dice, policy_type);
        }
        let swapped = dice.once_in(2);
        let (reference, candidate) = if swapped {
            (candidate, reference)
        } else {
            (reference, candidate)
        };
        Self {
            reference,
            candidate,
            policy_type,
        }
    }

    pub(crate) fn reference(&self) -> Ruleset {
        self.compile(&self.reference)
    }

    pub(crate) fn candidate(&self) -> Ruleset {
        self.compile(&self.candidate)
    }

    fn compile(&self, policy: &Value) -> Ruleset {
        let text = policy.to_string();
        let document = Document::parse(&text, self.policy_type).expect("a policy");
        Ruleset::compile(&document)
    }

    pub(crate) const fn is_identity(&self) -> bool {
        matches!(self.policy_type, PolicyType::Identity)
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}\nreference {}\ncandidate {}",
            self.policy_type, self.reference, self.candidate
        )
    }
}

fn list(dice: &mut Dice, pool: &[&str]) -> Value {
    let some = (0..=dice.below(3)).map(|_| dice.of(pool).to_owned());
    json!(some.collect::<Vec<_>>())
}

fn policy(dice: &mut Dice, policy_type: PolicyType) -> Value {
    let statements: Vec<Value> = (0..=dice.below(3))
        .map(|_| statement(dice, policy_type))
        .collect();
    let mut policy = json!({ "Statement": statements });
    match dice.below(8) {
        0 => {}
        1 => policy["Version"] = json!("2008-10-17"),
        _ => policy["Version"] = json!("2012-10-17"),
    }
    policy
}

fn statement(dice: &mut Dice, policy_type: PolicyType) -> Value {
    let trust = policy_type == PolicyType::Trust;
    let actions: &[&str] = if trust { &TRUST_ACTIONS } else { &ACTIONS };
    let action = dice.of(&["Action", "Action", "Action", "NotAction"]);
    let mut statement = json!({
        "Effect": dice.of(&["Allow", "Allow", "Deny"]),
        action: list(dice, actions),
    });
    if !trust {
        let resource = dice.of(&["Resource", "Resource", "Resource", "NotResource"]);
        statement[resource] = list(dice, &RESOURCES);
    }
    if policy_type.has_principal() {
        let element = dice.of(&["Principal", "Principal", "Principal", "NotPrincipal"]);
        statement[element] = principal(dice);
    }
    if !dice.once_in(3) {
        statement["Condition"] = conditions(dice);
    }
    statement
}

fn principal(dice: &mut Dice) -> Value {
    match dice.below(5) {
        0 => json!("*"),
        1 => json!({"Service": "ec2.amazonaws.com"}),
        2 => json!({"Federated": "accounts.google.com", "AWS": "111111111111"}),
        _ => json!({ "AWS": list(dice, &PRINCIPALS) }),
    }
}

fn conditions(dice: &mut Dice) -> Value {
    let mut block = json!({});
    for _ in 0..=dice.below(2) {
        let (operator, key, values) = condition(dice);
        block[operator] = json!({ key: values });
    }
    block
}

fn condition(dice: &mut Dice) -> (String, String, Value) {
    let (names, values): (&[&str], &[&str]) = match dice.below(8) {
        0 => (
            &[
                "NumericEquals",
                "NumericNotEquals",
                "NumericLessThan",
                "NumericLessThanEquals",
                "NumericGreaterThan",
                "NumericGreaterThanEquals",
            ],
            &NUMBERS,
        ),
        1 => (
            &[
                "DateEquals",
                "DateNotEquals",
                "DateLessThan",
                "DateLessThanEquals",
                "DateGreaterThan",
                "DateGreaterThanEquals",
            ],
            &DATES,
        ),
        2 => (&["IpAddress", "NotIpAddress"], &ADDRESSES),
        3 => (
            &["ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"],
            &ARNS,
        ),
        4 => (
            &["Bool", "Null", "BinaryEquals"],
            &["true", "false", "TRUE"],
        ),
        _ => (
            &[
                "StringEquals",
                "StringNotEquals",
                "StringEqualsIgnoreCase",
                "StringNotEqualsIgnoreCase",
                "StringLike",
                "StringNotLike",
            ],
            &TEXTS,
        ),
    };
    let name = dice.of(names);
    let (before, behind) = if name == "Null" {
        ("", "")
    } else {
        (
            dice.of(&["", "", "", "ForAllValues:", "ForAnyValue:"]),
            dice.of(&["", "", "IfExists"]),
        )
    };
    // Mostly keys of the kind; sometimes any.
    let key = match name {
        _ if dice.once_in(4) => dice.of(&KEYS),
        _ if name.starts_with("Date") => "aws:CurrentTime",
        _ if name.starts_with("Numeric") => "s3:max-keys",
        _ if name.contains("Ip") => "aws:SourceIp",
        _ if name.starts_with("Arn") => "aws:PrincipalArn",
        _ => dice.of(&["aws:username", "s3:prefix", "k:a", "aws:TagKeys", "k:b"]),
    };
    let operator = [before, name, behind].concat();
    (operator, key.to_owned(), list(dice, values))
}

/// One small change.
fn mutate(policy: &mut Value, dice: &mut Dice, policy_type: PolicyType) {
    if dice.once_in(6) {
        policy["Version"] = json!(dice.of(&["2008-10-17", "2012-10-17"]));
        return;
    }
    let statements = policy["Statement"].as_array_mut().expect("a list");
    let at = dice.below(statements.len());
    match dice.below(12) {
        0 => statements.push(statement(dice, policy_type)),
        1 if statements.len() > 1 => {
            statements.remove(at);
        }
        2 => {
            let copy = statements[at].clone();
            statements.insert(0, copy);
        }
        3 => statements.reverse(),
        _ => change(&mut statements[at], dice, policy_type),
    }
}

fn change(statement: &mut Value, dice: &mut Dice, policy_type: PolicyType) {
    let trust = policy_type == PolicyType::Trust;
    let object = statement.as_object_mut().expect("an object");
    match dice.below(10) {
        0 | 1 => {
            let actions: &[&str] = if trust { &TRUST_ACTIONS } else { &ACTIONS };
            replace(object, &["Action", "NotAction"], dice, actions);
        }
        2 | 3 if !trust => replace(object, &["Resource", "NotResource"], dice, &RESOURCES),
        4 => {
            let pairs = [
                ("Action", "NotAction"),
                ("Resource", "NotResource"),
                ("Principal", "NotPrincipal"),
            ];
            let (one, other) = pairs[dice.below(3)];
            for (from, to) in [(one, other), (other, one)] {
                if let Some(value) = object.remove(from) {
                    object.insert(to.to_owned(), value);
                    return;
                }
            }
        }
        5 => {
            object.remove("Condition");
        }
        6 => {
            object.insert("Condition".to_owned(), conditions(dice));
        }
        7 if policy_type.has_principal() => {
            let element = ["Principal", "NotPrincipal"];
            let element = element.into_iter().find(|name| object.contains_key(*name));
            if let Some(element) = element {
                object.insert(element.to_owned(), principal(dice));
            }
        }
        _ => change_condition(object, dice),
    }
}

fn replace(
    object: &mut serde_json::Map<String, Value>,
    elements: &[&str],
    dice: &mut Dice,
    pool: &[&str],
) {
    for element in elements {
        if let Some(Value::Array(list)) = object.get_mut(*element) {
            let at = dice.below(list.len());
            match dice.below(3) {
                0 => list.push(json!(dice.of(pool))),
                1 if list.len() > 1 => {
                    list.remove(at);
                }
                _ => list[at] = json!(dice.of(pool)),
            }
        }
    }
}

/// Another operator, key or value, more or less of them, or other case.
fn change_condition(object: &mut serde_json::Map<String, Value>, dice: &mut Dice) {
    let Some(Value::Object(block)) = object.get_mut("Condition") else {
        return;
    };
    let names: Vec<String> = block.keys().cloned().collect();
    let Some(name) = names.get(dice.below(names.len())).cloned() else {
        return;
    };
    let entry = block.remove(&name).expect("a block");
    let renamed = match dice.below(5) {
        0 => name.strip_suffix("IfExists").map(str::to_owned),
        1 => (name != "Null" && !name.ends_with("IfExists")).then(|| format!("{name}IfExists")),
        2 => Some(name.replace("ForAllValues", "ForAnyValue")),
        3 => (name != "Null" && !name.contains(':')).then(|| format!("ForAllValues:{name}")),
        _ => None,
    };
    let mut entry = entry;
    if let Some(entry) = entry.as_object_mut()
        && let Some((_, Value::Array(values))) = entry.iter_mut().next()
    {
        let at = dice.below(values.len());
        match dice.below(4) {
            0 => values.push(json!(dice.of(&TEXTS))),
            1 if values.len() > 1 => {
                values.remove(at);
            }
            2 => {
                let text = values[at].as_str().expect("a text").to_uppercase();
                values[at] = json!(text);
            }
            _ => {}
        }
    }
    block.insert(renamed.unwrap_or(name), entry);
}
