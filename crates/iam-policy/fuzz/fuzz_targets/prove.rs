//! Two random policies and some requests: `prove` and `evaluate` must agree, and what is
//! minimised must stay the same.

#![no_main]

use iam_policy::condition::{Context, ContextValue};
use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::{Request, Ruleset};
use iam_policy::minimise::{MANAGED_POLICY_QUOTA, minimise};
use iam_policy::prove::{Verdict, check_no_new_access};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// Choices taken from the input; zeros when it is used up.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn below(&mut self, limit: usize) -> usize {
        usize::from(*self.0.next().unwrap_or(&0)) % limit
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }

    fn text(&mut self, pieces: &[&str], most: usize) -> String {
        (0..self.below(most + 1)).map(|_| self.of(pieces)).collect()
    }

    fn list(&mut self, mut one: impl FnMut(&mut Self) -> String) -> Vec<String> {
        (0..=self.below(3)).map(|_| one(self)).collect()
    }

    fn action(&mut self) -> String {
        let prefix = self
            .of(&["s3:", "s3:", "*:", "*", "ec2:", "s?:"])
            .to_owned();
        prefix + &self.text(&["*", "?", "Get", "Put", "a", "b"], 4)
    }

    fn resource(&mut self) -> String {
        let prefix = self.of(&[
            "arn:aws:s3:::",
            "arn:*:s3:*:*:",
            "*",
            "arn:aws:ec2:r:1:",
            "arn:aws:s3",
            "arn:aws:*",
        ]);
        prefix.to_owned()
            + &self.text(
                &["*", "?", "a", "b", "/", ":", "${k:a}", "${k:b,'a'}", "${*}"],
                5,
            )
    }

    fn value(&mut self) -> String {
        self.text(
            &[
                "a",
                "b",
                "*",
                "?",
                "1",
                "5",
                ".",
                "10.0.0.0/8",
                "true",
                "arn:aws:s3:::",
                "${k:a}",
                "2026-05-02",
            ],
            3,
        )
    }

    fn condition(&mut self) -> Value {
        let mut block = serde_json::Map::new();
        for _ in 0..self.below(3) {
            let name = [
                self.of(&["", "", "", "ForAllValues:", "ForAnyValue:"]),
                self.of(&[
                    "StringEquals",
                    "StringNotEquals",
                    "StringLike",
                    "StringNotLike",
                    "StringEqualsIgnoreCase",
                    "NumericLessThan",
                    "NumericNotEquals",
                    "DateGreaterThan",
                    "Bool",
                    "IpAddress",
                    "NotIpAddress",
                    "ArnLike",
                    "ArnNotEquals",
                    "Null",
                    "BinaryEquals",
                ]),
                self.of(&["", "", "IfExists"]),
            ];
            let key = self.of(&["k:a", "k:b", "aws:TagKeys"]);
            block.insert(name.concat(), json!({ key: self.list(Self::value) }));
        }
        Value::Object(block)
    }

    fn policy(&mut self) -> String {
        let statements: Vec<Value> = (0..=self.below(3))
            .map(|_| {
                json!({
                    "Effect": self.of(&["Allow", "Allow", "Deny"]),
                    self.of(&["Action", "Action", "NotAction"]): self.list(Self::action),
                    self.of(&["Resource", "Resource", "NotResource"]): self.list(Self::resource),
                    "Condition": self.condition(),
                })
            })
            .collect();
        json!({"Version": "2012-10-17", "Statement": statements}).to_string()
    }

    fn request(&mut self) -> Option<Request> {
        let mut context = Context::new();
        for key in ["k:a", "k:b", "aws:TagKeys"] {
            match self.below(4) {
                0 => {}
                1 => context.set(key, ContextValue::Many(self.list(Self::value))),
                _ => context.set(key, ContextValue::One(self.value())),
            }
        }
        let action = format!("{}x", self.action());
        let resource = format!("{}x", self.resource());
        let arn = resource.split(':').count() > 5 && resource.starts_with("arn:");
        let formed = arn && action.contains(':') && !action.starts_with(':');
        formed.then(|| {
            Request::new(
                &action,
                &resource,
                "111111111111".parse().expect("an account"),
                context,
            )
        })
    }
}

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices(data.iter());
    let (one, two) = (choices.policy(), choices.policy());
    let (Ok(reference), Ok(candidate)) = (
        Document::parse(&one, PolicyType::Identity),
        Document::parse(&two, PolicyType::Identity),
    ) else {
        return;
    };
    let (before, after) = (Ruleset::compile(&reference), Ruleset::compile(&candidate));
    let requests: Vec<Request> = (0..4).filter_map(|_| choices.request()).collect();
    // Keys are reckoned to have several values only where policies say so.
    let several = |key: &str| key == "aws:TagKeys" || one.contains("ForA") && two.contains("ForA");
    let fits = |request: &&Request| {
        let mut context = request.context().iter();
        context.all(|(key, value)| several(key) || matches!(value, ContextValue::One(_)))
    };
    match check_no_new_access(&before, &after) {
        Verdict::Pass => {
            for request in requests.iter().filter(fits) {
                let new = after.allows(request) && !before.allows(request);
                assert!(
                    !new || !well_formed(request),
                    "passed, but {request:?}\n{one}\n{two}"
                );
            }
        }
        Verdict::Fail { witness, .. } => {
            assert!(
                after.allows(&witness) && !before.allows(&witness),
                "{witness:?}\n{one}\n{two}"
            );
        }
        Verdict::Undecided { .. } => {}
    }
    if let Ok(documents) = minimise(&candidate, MANAGED_POLICY_QUOTA) {
        let [document] = documents.as_slice() else {
            return;
        };
        let short =
            Document::parse(document, PolicyType::Identity).expect("what is written can be read");
        let short = Ruleset::compile(&short);
        for request in &requests {
            assert!(
                !well_formed(request)
                    || !has_single_values(request)
                    || short.allows(request) == after.allows(request),
                "{request:?}\n{two}\n{document}"
            );
        }
    }
});

/// Proofs speak of requests whose resource is an ARN with a partition and a service, or `*`.
fn well_formed(request: &Request) -> bool {
    let parts: Vec<&str> = request.resource().splitn(6, ':').collect();
    let resource = match parts.as_slice() {
        ["arn", partition, service, _, _, rest] => {
            !partition.is_empty() && !service.is_empty() && !rest.is_empty()
        }
        _ => request.resource() == "*",
    };
    let action = request.action().split_once(':');
    resource && action.is_some_and(|(service, name)| !service.is_empty() && !name.is_empty())
}

/// Only keys with one value, for which every proof holds.
fn has_single_values(request: &Request) -> bool {
    request
        .context()
        .iter()
        .all(|(_, value)| matches!(value, ContextValue::One(_)))
}
