//! Policies and requests built from arbitrary bytes: well formed, and full of corner cases.

use arbitrary::Unstructured;
use iam_policy::condition::{Context, ContextValue};
use iam_policy::evaluate::Request;
use serde_json::{Value, json};

/// Choices taken from the input; the first of each kind when it is used up.
pub(crate) struct Choices<'a>(Unstructured<'a>);

impl<'a> Choices<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0.choose_index(limit).unwrap_or(0)
    }

    pub(crate) fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }

    pub(crate) fn text(&mut self, pieces: &[&str], most: usize) -> String {
        (0..self.below(most + 1)).map(|_| self.of(pieces)).collect()
    }

    fn list(&mut self, mut one: impl FnMut(&mut Self) -> String) -> Vec<String> {
        (0..=self.below(3)).map(|_| one(self)).collect()
    }

    pub(crate) fn action(&mut self) -> String {
        let prefix = self
            .of(&["s3:", "s3:", "*:", "*", "ec2:", "s?:", "iam:"])
            .to_owned();
        prefix
            + &self.text(
                &["*", "?", "Get", "Put", "a", "b", "PassRole", "RunInstances"],
                4,
            )
    }

    pub(crate) fn resource(&mut self) -> String {
        let prefix = self.of(&[
            "arn:aws:s3:::",
            "arn:*:s3:*:*:",
            "*",
            "arn:aws:ec2:r:1:",
            "arn:aws:s3",
            "arn:aws:*",
            "arn:aws:iam::111111111111:role/",
        ]);
        let pieces = ["*", "?", "a", "b", "/", ":", "${k:a}", "${k:b,'a'}", "${*}"];
        prefix.to_owned() + &self.text(&pieces, 5)
    }

    pub(crate) fn value(&mut self) -> String {
        let pieces = [
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
            "T00:00:00Z",
            "-",
            "::1",
        ];
        self.text(&pieces, 3)
    }

    pub(crate) fn operator(&mut self) -> String {
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
        name.concat()
    }

    fn condition(&mut self) -> Value {
        let mut block = serde_json::Map::new();
        for _ in 0..self.below(3) {
            let operator = self.operator();
            let key = self.of(&["k:a", "k:b", "aws:TagKeys", "aws:CurrentTime"]);
            block.insert(operator, json!({ key: self.list(Self::value) }));
        }
        Value::Object(block)
    }

    /// A policy; one with principals when it is for a resource.
    pub(crate) fn policy(&mut self, principals: bool) -> String {
        let statements: Vec<Value> = (0..=self.below(3))
            .map(|_| {
                let mut statement = json!({
                    "Effect": self.of(&["Allow", "Allow", "Deny"]),
                    self.of(&["Action", "Action", "NotAction"]): self.list(Self::action),
                    self.of(&["Resource", "Resource", "NotResource"]): self.list(Self::resource),
                    "Condition": self.condition(),
                });
                if principals {
                    let element = self.of(&["Principal", "Principal", "NotPrincipal"]);
                    statement[element] = self.principal();
                }
                statement
            })
            .collect();
        json!({"Version": "2012-10-17", "Statement": statements}).to_string()
    }

    fn principal(&mut self) -> Value {
        match self.below(3) {
            0 => json!("*"),
            1 => json!({"AWS": self.list(|choices| choices.of(&PRINCIPALS).to_owned())}),
            _ => json!({"Service": "ec2.amazonaws.com", "AWS": "111111111111"}),
        }
    }

    /// A request whose action and resource have the form that proofs speak of.
    pub(crate) fn request(&mut self) -> Option<Request> {
        let mut context = Context::new();
        for key in ["k:a", "k:b", "aws:TagKeys", "aws:CurrentTime"] {
            match self.below(4) {
                0 => {}
                1 => context.set(key, ContextValue::Many(self.list(Self::value))),
                _ => context.set(key, ContextValue::One(self.value())),
            }
        }
        let action = format!("{}x", self.action());
        let resource = format!("{}x", self.resource());
        let principal = self.of(&PRINCIPALS[1..]).parse().expect("a principal");
        is_formed(&action, &resource).then(|| Request::new(&action, &resource, principal, context))
    }
}

const PRINCIPALS: [&str; 5] = [
    "*",
    "111111111111",
    "arn:aws:iam::111111111111:user/a",
    "arn:aws:iam::111111111111:role/a",
    "arn:aws:sts::111111111111:assumed-role/a/b",
];

/// Whether the action is `service:name` and the resource an ARN with a partition and a
/// service, or `*`.
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

/// Only keys with one value, for which every proof holds.
pub(crate) fn has_single_values(request: &Request) -> bool {
    let mut values = request.context().iter();
    values.all(|(_, value)| matches!(value, ContextValue::One(_)))
}
