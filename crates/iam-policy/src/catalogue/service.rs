use std::borrow::Cow;
use std::sync::OnceLock;

use super::wildcard;

/// What an action does, as AWS classes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// Sees that things exist.
    List,
    /// Reads what is in them.
    Read,
    /// Makes, changes or removes them.
    Write,
    /// Grants or changes permissions.
    PermissionsManagement,
    /// Changes tags only.
    Tagging,
}

impl AccessLevel {
    /// All levels.
    pub const ALL: [Self; 5] = [
        Self::List,
        Self::Read,
        Self::Write,
        Self::PermissionsManagement,
        Self::Tagging,
    ];

    /// The name AWS uses: `List`, `Read`, `Write`, `Permissions management`, `Tagging`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::PermissionsManagement => "Permissions management",
            Self::Tagging => "Tagging",
        }
    }

    fn from_letter(letter: &str) -> Self {
        match letter {
            "L" => Self::List,
            "R" => Self::Read,
            "P" => Self::PermissionsManagement,
            "T" => Self::Tagging,
            _ => Self::Write,
        }
    }
}

/// The kind of values a condition key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Text.
    String,
    /// An ARN.
    Arn,
    /// `true` or `false`.
    Bool,
    /// A number.
    Numeric,
    /// A point in time.
    Date,
    /// An address or a range of addresses.
    IpAddress,
    /// Base64.
    Binary,
}

/// One service.
#[derive(Debug)]
pub struct Service {
    prefix: &'static str,
    name: &'static str,
    retired: &'static str,
    block: &'static str,
    opened: OnceLock<Opened>,
}

/// The lines of a service by what they are about.
#[derive(Debug, Default)]
struct Opened {
    keys: Vec<&'static str>,
    lists: Vec<&'static str>,
    resource_types: Vec<&'static str>,
    /// Ordered by name without regard to case.
    actions: Vec<&'static str>,
}

fn field(line: &'static str, nth: usize) -> &'static str {
    line.split('\t').nth(nth).unwrap_or_default()
}

fn some(text: &'static str) -> Option<&'static str> {
    (!text.is_empty()).then_some(text)
}

impl Service {
    pub(super) const fn new(
        prefix: &'static str,
        name: &'static str,
        retired: &'static str,
        block: &'static str,
    ) -> Self {
        Self {
            prefix,
            name,
            retired,
            block,
            opened: OnceLock::new(),
        }
    }

    /// The prefix of its actions, for example `s3`.
    #[must_use]
    pub const fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// Its name as people say it, for example `Amazon S3`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The date of the last release that knew it, when AWS has retired it.
    #[must_use]
    pub fn retired(&self) -> Option<&'static str> {
        some(self.retired)
    }

    fn opened(&self) -> &Opened {
        self.opened.get_or_init(|| {
            let mut opened = Opened::default();
            for line in self.block.lines() {
                let Some((tag, rest)) = line.split_once('\t') else {
                    continue;
                };
                match tag {
                    "c" => opened.keys.push(rest),
                    "l" => opened.lists.push(rest),
                    "r" => opened.resource_types.push(rest),
                    _ => opened.actions.push(rest),
                }
            }
            opened
        })
    }

    /// Its actions, ordered by name without regard to case.
    pub fn actions(&'static self) -> impl ExactSizeIterator<Item = Action> + Clone {
        self.opened().actions.iter().map(move |line| Action {
            service: self,
            line,
        })
    }

    /// The action with this name, in any case and without wildcards.
    #[must_use]
    pub fn action(&'static self, name: &str) -> Option<Action> {
        let actions = &self.opened().actions;
        let at = actions
            .binary_search_by(|line| order(name_of(line), name))
            .ok()?;
        actions.get(at).map(move |line| Action {
            service: self,
            line,
        })
    }

    /// Its actions that a pattern without prefix matches.
    pub(super) fn actions_matching(
        &'static self,
        pattern: Cow<'_, str>,
    ) -> impl Iterator<Item = Action> {
        let wildcard = pattern.find(['*', '?']).unwrap_or(pattern.len());
        let literal = pattern.get(..wildcard).unwrap_or_default().to_owned();
        let actions = &self.opened().actions;
        let start = actions.partition_point(|line| order(name_of(line), &literal).is_lt());
        actions
            .iter()
            .skip(start)
            .take_while(move |line| {
                name_of(line)
                    .as_bytes()
                    .get(..wildcard)
                    .is_some_and(|begin| begin.eq_ignore_ascii_case(literal.as_bytes()))
            })
            .filter(move |line| wildcard::matches_ignoring_case(&pattern, name_of(line)))
            .map(move |line| Action {
                service: self,
                line,
            })
    }

    /// Whether a pattern without prefix matches one of its actions.
    #[must_use]
    pub fn has_action_matching(&'static self, pattern: &str) -> bool {
        self.actions_matching(Cow::Borrowed(pattern))
            .next()
            .is_some()
    }

    /// Its resource types, ordered by name.
    pub fn resource_types(&'static self) -> impl ExactSizeIterator<Item = ResourceType> + Clone {
        self.opened()
            .resource_types
            .iter()
            .map(move |line| ResourceType {
                service: self,
                line,
            })
    }

    /// Its condition keys, ordered by name.
    pub fn condition_keys(&'static self) -> impl ExactSizeIterator<Item = ConditionKey> + Clone {
        self.opened()
            .keys
            .iter()
            .map(move |line| ConditionKey { line })
    }

    /// The condition key that a name in a policy means: in any case, and with a
    /// concrete name in the place of a variable such as `${TagKey}`.
    #[must_use]
    pub fn condition_key(&'static self, name: &str) -> Option<ConditionKey> {
        self.condition_keys().find(|key| key.covers(name))
    }

    fn keys(&'static self, list: &str) -> impl Iterator<Item = ConditionKey> + use<> {
        let opened = self.opened();
        let list = list
            .parse::<usize>()
            .ok()
            .and_then(|nth| opened.lists.get(nth).copied());
        list.unwrap_or_default()
            .split(',')
            .filter_map(|number| opened.keys.get(number.parse::<usize>().ok()?))
            .map(move |line| ConditionKey { line })
    }
}

fn name_of(line: &str) -> &str {
    line.split_once('\t').map_or(line, |(name, _)| name)
}

fn order(one: &str, other: &str) -> std::cmp::Ordering {
    one.bytes()
        .map(|byte| byte.to_ascii_lowercase())
        .cmp(other.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// One action of a service.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    service: &'static Service,
    line: &'static str,
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
        name_of(self.line)
    }

    /// Prefix and name, for example `s3:GetObject`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}:{}", self.service.prefix, self.name())
    }

    /// How AWS classes it.
    #[must_use]
    pub fn access_level(&self) -> AccessLevel {
        AccessLevel::from_letter(field(self.line, 1))
    }

    /// The resource types it can be limited to, and whether it needs one of each.
    /// Without any, the action matches only the resource `*`.
    pub fn resource_types(&self) -> impl Iterator<Item = (ResourceType, bool)> + use<> {
        let service = self.service;
        field(self.line, 2).split(',').filter_map(|number| {
            let plain = number.trim_end_matches('!');
            let line = service
                .opened()
                .resource_types
                .get(plain.parse::<usize>().ok()?)?;
            Some((ResourceType { service, line }, plain != number))
        })
    }

    /// Whether it can be limited to resources at all.
    #[must_use]
    pub fn has_resource_types(&self) -> bool {
        !field(self.line, 2).is_empty()
    }

    /// The condition keys it knows besides the global ones, those of its resource types included.
    pub fn condition_keys(&self) -> impl Iterator<Item = ConditionKey> + use<> {
        self.service.keys(field(self.line, 3))
    }

    /// The actions that must be allowed too for this one to succeed, with prefix.
    pub fn dependent_actions(&self) -> impl Iterator<Item = &'static str> + use<> {
        field(self.line, 4)
            .split(',')
            .filter(|name| !name.is_empty())
    }

    /// The date of the last release that knew it, when AWS has retired it or its service.
    #[must_use]
    pub fn retired(&self) -> Option<&'static str> {
        some(field(self.line, 5)).or(self.service.retired())
    }
}

/// One resource type of a service.
#[derive(Debug, Clone, Copy)]
pub struct ResourceType {
    service: &'static Service,
    line: &'static str,
}

impl ResourceType {
    /// Its name, for example `bucket`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        name_of(self.line)
    }

    /// The form of its ARNs, for example `arn:${Partition}:s3:::${BucketName}`.
    #[must_use]
    pub fn arn(&self) -> &'static str {
        field(self.line, 1)
    }

    /// The condition keys that resources of this type have.
    pub fn condition_keys(&self) -> impl Iterator<Item = ConditionKey> + use<> {
        self.service.keys(field(self.line, 2))
    }
}

/// One condition key of a service.
#[derive(Debug, Clone, Copy)]
pub struct ConditionKey {
    line: &'static str,
}

impl ConditionKey {
    /// Its name, perhaps with a variable, for example `ec2:ResourceTag/${TagKey}`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        name_of(self.line)
    }

    /// The kind of its values.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match field(self.line, 1).trim_start_matches("ArrayOf") {
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
        field(self.line, 1).starts_with("ArrayOf")
    }

    /// Whether a name written in a policy means this key.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        covers(self.name(), name)
    }
}

/// Whether `name` is `pattern` with something in the place of each `${…}` or `<…>`; in any case.
fn covers(pattern: &str, name: &str) -> bool {
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
