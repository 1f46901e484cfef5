//! Requests that are likely to tell two policies apart: made of what stands in them.

use std::collections::BTreeSet;

use iam_policy::condition::{Context, ContextValue};
use iam_policy::document::PrincipalKind;
use iam_policy::evaluate::{Request, RequestPrincipal};
use serde_json::Value;

use crate::dice::Dice;
use crate::pairs::Pair;

/// How many requests are made for a pair.
const REQUESTS: usize = 60;

/// What stands in a pair, by what it is about.
struct Parts {
    actions: Vec<String>,
    resources: Vec<String>,
    principals: Vec<String>,
    keys: Vec<String>,
    values: Vec<String>,
}

pub(crate) fn requests(pair: &Pair, dice: &mut Dice) -> Vec<Request> {
    let parts = Parts::of(pair);
    (0..REQUESTS)
        .filter_map(|_| parts.request(pair, dice))
        .collect()
}

impl Parts {
    fn of(pair: &Pair) -> Self {
        let mut parts = Self {
            actions: vec!["s3:GetObject".to_owned(), "x:y".to_owned()],
            resources: vec!["*".to_owned(), "arn:aws:s3:::b/x".to_owned()],
            principals: vec![
                "*".to_owned(),
                "arn:aws:iam::333333333333:user/a".to_owned(),
            ],
            keys: Vec::new(),
            values: ["a", "A", "", "ab", "a:b", "true", "x", "somebody"]
                .map(str::to_owned)
                .into(),
        };
        let mut variables = BTreeSet::new();
        for policy in [&pair.reference, &pair.candidate] {
            for statement in policy["Statement"].as_array().expect("a list") {
                for (element, value) in statement.as_object().expect("an object") {
                    match element.as_str() {
                        "Action" | "NotAction" => texts(value, &mut parts.actions),
                        "Resource" | "NotResource" => {
                            texts(value, &mut parts.resources);
                        }
                        "Principal" | "NotPrincipal" => texts(value, &mut parts.principals),
                        "Condition" => {
                            for entry in value.as_object().expect("an object").values() {
                                let entry = entry.as_object().expect("an object");
                                parts.keys.extend(entry.keys().cloned());
                                entry.values().for_each(|v| texts(v, &mut parts.values));
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        for text in parts.resources.iter().chain(&parts.values) {
            let mut rest = text.as_str();
            while let Some((_, after)) = rest.split_once("${") {
                let (inner, behind) = after.split_once('}').unwrap_or((after, ""));
                let name = inner.split(',').next().unwrap_or_default().trim();
                variables.insert(name.to_owned());
                rest = behind;
            }
        }
        parts.keys.extend(variables);
        parts.keys.sort_by_key(|key| key.to_lowercase());
        parts.keys.dedup_by_key(|key| key.to_lowercase());
        parts.keys.retain(|key| key.contains(':'));
        parts
    }

    fn request(&self, pair: &Pair, dice: &mut Dice) -> Option<Request> {
        let mut context = Context::new();
        for key in &self.keys {
            match dice.below(8) {
                0 | 1 => {}
                2 if may_have_several(key) => {
                    let some = (0..=dice.below(3)).map(|_| self.value(dice));
                    context.set(key, ContextValue::Many(some.collect()));
                }
                _ => context.set(key, ContextValue::One(self.value(dice))),
            }
        }
        let action = concrete(
            &self.actions[dice.below(self.actions.len())],
            &context,
            dice,
        );
        let resource = &self.resources[dice.below(self.resources.len())];
        let resource = concrete(resource, &context, dice);
        if !is_formed(&action, &resource) {
            return None;
        }
        let principal = if pair.policy_type.has_principal() {
            self.principal(dice)?
        } else {
            "arn:aws:iam::111111111111:user/a"
                .parse()
                .expect("a principal")
        };
        let request = Request::new(&action, &resource, principal, context);
        Some(if dice.once_in(3) {
            request.with_boundary()
        } else {
            request
        })
    }

    fn principal(&self, dice: &mut Dice) -> Option<RequestPrincipal> {
        let name = &self.principals[dice.below(self.principals.len())];
        let role = name.strip_prefix("arn:aws:iam::111111111111:role/");
        Some(match role {
            Some(role) if dice.once_in(2) => {
                let last = role.rsplit('/').next().unwrap_or(role);
                let session = format!("arn:aws:sts::111111111111:assumed-role/{last}/x");
                RequestPrincipal::of(PrincipalKind::Aws, &session)
            }
            _ => name.parse().ok()?,
        })
    }

    /// A value that stands in the policies, one near to it, or another.
    fn value(&self, dice: &mut Dice) -> String {
        let text = &self.values[dice.below(self.values.len())];
        if dice.once_in(4)
            && let Ok(number) = text.parse::<f64>()
        {
            let near = [number.next_up(), number.next_down(), number + 1.0, -number];
            return near[dice.below(4)].to_string();
        }
        if dice.once_in(6)
            && let Some((address, _)) = text.split_once('/')
            && address.contains(['.', ':'])
        {
            return address.to_owned();
        }
        concrete(text, &Context::new(), dice)
    }
}

fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|value| texts(value, into)),
        Value::Object(map) => map.values().for_each(|value| texts(value, into)),
        _ => {}
    }
}

/// Keys that AWS documents with one value never have several.
fn may_have_several(key: &str) -> bool {
    let key = key.to_lowercase();
    key == "aws:tagkeys" || key.starts_with("k:")
}

/// A text that the pattern may match: wildcards filled in, variables replaced or left.
fn concrete(pattern: &str, context: &Context, dice: &mut Dice) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(&fill(before, dice));
        let (inner, behind) = after.split_once('}').unwrap_or((after, ""));
        let name = inner.split(',').next().unwrap_or_default().trim();
        match (context.get(name), dice.below(4)) {
            (_, 0) => {
                text.push_str("${");
                text.push_str(inner);
                text.push('}');
            }
            (Some(ContextValue::One(value)), _) => text.push_str(value),
            _ => {
                let default = inner.split_once(',').map_or("a", |(_, default)| default);
                text.push_str(default.trim().trim_matches('\''));
            }
        }
        rest = behind;
    }
    text.push_str(&fill(rest, dice));
    text
}

fn fill(text: &str, dice: &mut Dice) -> String {
    let mut filled = String::new();
    for letter in text.chars() {
        match letter {
            '*' if !dice.once_in(8) => {
                filled.push_str(dice.of(&["", "a", "x", "a/b", "q:r", "eu-west-1", "b"]));
            }
            '?' if !dice.once_in(8) => filled.push_str(dice.of(&["a", "b", "G", ":"])),
            letter => filled.push(letter),
        }
    }
    filled
}

/// Whether the action is `service:name` and the resource an ARN with partition, service and
/// resource, or `*`: proofs are about such requests.
fn is_formed(action: &str, resource: &str) -> bool {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let arn = match parts.as_slice() {
        ["arn", partition, service, _, _, rest] => {
            !partition.is_empty() && !service.is_empty() && !rest.is_empty()
        }
        _ => resource == "*",
    };
    let named = action.split_once(':');
    arn && named.is_some_and(|(service, name)| !service.is_empty() && !name.is_empty())
}
