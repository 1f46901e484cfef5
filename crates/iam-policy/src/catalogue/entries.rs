use super::{AccessLevel, Service, ValueType};

/// A line of the table: a name and the fields behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    rest: &'static str,
    /// Where the fields end, counted from the beginning of the first.
    ends: [u16; FIELDS],
}

/// The most fields that a line has behind the name.
const FIELDS: usize = 5;

impl Entry {
    pub(super) fn new(line: &'static str) -> Self {
        let (name, rest) = line.split_once('\t').unwrap_or((line, ""));
        let length = u16::try_from(rest.len()).unwrap_or(u16::MAX);
        let mut ends = [length; FIELDS];
        let tabs = (0..length)
            .zip(rest.bytes())
            .filter(|(_, byte)| *byte == b'\t');
        for (end, (at, _)) in ends.iter_mut().zip(tabs) {
            *end = at;
        }
        Self { name, rest, ends }
    }

    /// The field `nth` behind the name, from 0.
    pub(super) fn field(&self, nth: usize) -> &'static str {
        let before = nth.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = before.map_or(0, |end| usize::from(*end) + 1);
        let end = self.ends.get(nth).map_or(0, |end| usize::from(*end));
        self.rest.get(start..end).unwrap_or_default()
    }
}

pub(super) fn some(text: &'static str) -> Option<&'static str> {
    (!text.is_empty()).then_some(text)
}

/// One action of a service.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    pub(super) service: &'static Service,
    pub(super) entry: &'static Entry,
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
        self.entry.name
    }

    /// Prefix and name, for example `s3:GetObject`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}:{}", self.service.prefix(), self.name())
    }

    /// How AWS classes it.
    #[must_use]
    pub fn access_level(&self) -> AccessLevel {
        AccessLevel::from_letter(self.entry.field(0))
    }

    /// The resource types it can be limited to, and whether it needs one of each.
    /// Without any, the action matches only the resource `*`.
    pub fn resource_types(&self) -> impl Iterator<Item = (ResourceType, bool)> + use<> {
        let service = self.service;
        self.entry.field(1).split(',').filter_map(|number| {
            let plain = number.trim_end_matches('!');
            let entry = service
                .opened()
                .resource_types
                .get(plain.parse::<usize>().ok()?)?;
            Some((ResourceType { service, entry }, plain != number))
        })
    }

    /// Whether it can be limited to resources at all.
    #[must_use]
    pub fn has_resource_types(&self) -> bool {
        !self.entry.field(1).is_empty()
    }

    /// The condition keys it knows besides the global ones, those of its resource types included.
    pub fn condition_keys(&self) -> impl Iterator<Item = ConditionKey> + use<> {
        self.service.keys(self.entry.field(2))
    }

    /// The actions that must be allowed too for this one to succeed, with prefix.
    pub fn dependent_actions(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.entry
            .field(3)
            .split(',')
            .filter(|name| !name.is_empty())
    }

    /// The date of the last release that knew it, when AWS has retired it or its service.
    #[must_use]
    pub fn retired(&self) -> Option<&'static str> {
        some(self.entry.field(4)).or(self.service.retired())
    }
}

/// One resource type of a service.
#[derive(Debug, Clone, Copy)]
pub struct ResourceType {
    pub(super) service: &'static Service,
    pub(super) entry: &'static Entry,
}

impl ResourceType {
    /// Its name, for example `bucket`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.entry.name
    }

    /// The form of its ARNs, for example `arn:${Partition}:s3:::${BucketName}`.
    #[must_use]
    pub fn arn(&self) -> &'static str {
        self.entry.field(0)
    }

    /// The condition keys that resources of this type have.
    pub fn condition_keys(&self) -> impl Iterator<Item = ConditionKey> + use<> {
        self.service.keys(self.entry.field(1))
    }
}

/// One condition key of a service.
#[derive(Debug, Clone, Copy)]
pub struct ConditionKey {
    pub(super) entry: &'static Entry,
}

impl ConditionKey {
    /// Its name, perhaps with a variable, for example `ec2:ResourceTag/${TagKey}`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.entry.name
    }

    /// The kind of its values.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self.entry.field(0).trim_start_matches("ArrayOf") {
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
        self.entry.field(0).starts_with("ArrayOf")
    }

    /// Whether a name written in a policy means this key.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        covers(self.name(), name)
    }
}

/// Whether `name` is `pattern` with something in the place of each `${…}` or `<…>`; in any case.
pub(super) fn covers(pattern: &str, name: &str) -> bool {
    let variable = pattern.find("${").or_else(|| pattern.find('<'));
    let Some(literal) = variable else {
        return pattern.eq_ignore_ascii_case(name);
    };
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let begins = name.get(..literal).zip(pattern.get(..literal));
    if name.len() <= literal || !begins.is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
    {
        return false;
    }
    let end = pattern
        .iter()
        .skip(literal)
        .position(|byte| matches!(byte, b'}' | b'>'));
    let rest = pattern
        .get(literal + end.unwrap_or(0) + 1..)
        .unwrap_or_default();
    if rest.is_empty() {
        return true;
    }
    // A name that AWS takes is short; longer ones are not worth the search.
    if name.len() > 1024 {
        return false;
    }
    // Something must follow: the rest has to fit somewhere behind the variable's value.
    let Ok(rest) = std::str::from_utf8(rest) else {
        return false;
    };
    (literal + 1..=name.len())
        .filter_map(|at| std::str::from_utf8(name.get(at..)?).ok())
        .any(|behind| covers(rest, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_a_variable_covers_concrete_names() {
        for (pattern, name, expected) in [
            ("aws:ResourceTag/${TagKey}", "AWS:resourcetag/team", true),
            ("aws:ResourceTag/${TagKey}", "aws:ResourceTag/", false),
            (
                "s3:ExistingObjectTag/<key>",
                "s3:ExistingObjectTag/a/b",
                true,
            ),
            ("codebuild:x/${name}.value", "codebuild:x/a.value", true),
            ("codebuild:x/${name}.value", "codebuild:x/a.type", false),
            ("ec2:Region", "EC2:region", true),
            ("ec2:Region", "ec2:Region/x", false),
        ] {
            assert_eq!(covers(pattern, name), expected, "{pattern} {name}");
        }
    }
}
