//! Actions, resource types and condition keys of a service.

use super::super::table_line::{TableLine, covers, some};
use super::super::{AccessLevel, ValueType};
use super::Service;

/// One action of a service.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    pub(super) service: &'static Service,
    pub(super) line: &'static TableLine,
}

impl Action {
    /// The service it belongs to.
    #[must_use]
    pub const fn service(&self) -> &'static Service {
        self.service
    }

    /// Its name without the prefix, for example `GetObject`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.line.name
    }

    /// Prefix and name, for example `s3:GetObject`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}:{}", self.service.prefix(), self.name())
    }

    /// How AWS classes it.
    #[must_use]
    pub fn access_level(&self) -> AccessLevel {
        AccessLevel::from_letter(self.line.field(0))
    }

    /// The resource types it can be limited to, and whether it needs one of each; a type whose ARNs have
    /// several forms once for each. Without any, the action matches only the resource `*`.
    pub fn resource_types(&self) -> impl Iterator<Item = (ResourceType, bool)> + use<> {
        let service = self.service;
        TypeNumbers(self.line.field(1).bytes())
            .flat_map(move |(nth, needed)| service.types(nth).map(move |kind| (kind, needed)))
    }

    /// What is the same for actions of a service that can be used on the same resources.
    pub(crate) fn resource_types_key(&self) -> (&'static str, &'static str) {
        (self.service.prefix(), self.line.field(1))
    }

    /// Whether it can be limited to resources at all.
    #[must_use]
    pub fn has_resource_types(&self) -> bool {
        !self.line.field(1).is_empty()
    }

    /// The condition keys it knows besides the global ones and those of its resource types.
    pub fn condition_keys(&self) -> impl Iterator<Item = ConditionKey> + use<> {
        self.service.keys(self.line.field(2))
    }

    /// The actions that must be allowed too for this one to succeed, with prefix.
    pub fn dependent_actions(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.line
            .field(3)
            .split(',')
            .filter(|name| !name.is_empty())
    }

    /// The date of the last release that knew it, when AWS has retired it or its service.
    #[must_use]
    pub fn retired(&self) -> Option<&'static str> {
        some(self.line.field(4)).or(self.service.retired())
    }
}

/// The numbers in a list such as `1,4!`, with whether `!` stands behind.
struct TypeNumbers<B>(B);

impl<B: Iterator<Item = u8>> Iterator for TypeNumbers<B> {
    type Item = (usize, bool);

    fn next(&mut self) -> Option<(usize, bool)> {
        let mut found: Option<usize> = None;
        let mut needed = false;
        for byte in self.0.by_ref() {
            match byte {
                b'0'..=b'9' => {
                    found = Some(found.unwrap_or(0) * 10 + usize::from(byte - b'0'));
                }
                b'!' => needed = true,
                _ => break,
            }
        }
        found.map(|nth| (nth, needed))
    }
}

/// What stands between the forms of a type's ARNs.
pub(super) const BETWEEN_FORMS: &str = ", ";

/// One resource type of a service, with one form of its ARNs.
#[derive(Debug, Clone, Copy)]
pub struct ResourceType {
    pub(super) service: &'static Service,
    pub(super) line: &'static TableLine,
    pub(super) arn: &'static str,
}

impl ResourceType {
    /// Its name, for example `bucket`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.line.name
    }

    /// The form of its ARNs, for example `arn:${Partition}:s3:::${BucketName}`.
    #[must_use]
    pub fn arn(&self) -> &'static str {
        self.arn
    }

    /// The condition keys that resources of this type have.
    pub fn condition_keys(&self) -> impl Iterator<Item = ConditionKey> + use<> {
        self.service.keys(self.line.field(1))
    }
}

/// One condition key of a service.
#[derive(Debug, Clone, Copy)]
pub struct ConditionKey {
    pub(super) line: &'static TableLine,
}

impl ConditionKey {
    /// Its name, perhaps with a variable, for example `ec2:ResourceTag/${TagKey}`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.line.name
    }

    /// The kind of its values.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self.line.field(0).trim_start_matches("ArrayOf") {
            "ARN" => ValueType::Arn,
            "Bool" => ValueType::Bool,
            "Numeric" => ValueType::Numeric,
            "Date" => ValueType::Date,
            "IPAddress" => ValueType::IpAddress,
            _ => ValueType::String,
        }
    }

    /// Whether a request may hold several values.
    #[must_use]
    pub fn is_multi_valued(&self) -> bool {
        self.line.field(0).starts_with("ArrayOf")
    }

    /// Whether a name written in a policy means this key.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        covers(self.name(), name)
    }
}
