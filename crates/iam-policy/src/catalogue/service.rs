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

/// A line of the table: a name and the fields behind it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    name: &'static str,
    rest: &'static str,
}

impl Entry {
    fn new(line: &'static str) -> Self {
        let (name, rest) = line.split_once('\t').unwrap_or((line, ""));
        Self { name, rest }
    }

    /// The field `nth` behind the name, from 0.
    fn field(&self, nth: usize) -> &'static str {
        self.rest.split('\t').nth(nth).unwrap_or_default()
    }
}

/// The lines of a service by what they are about.
#[derive(Debug, Default)]
struct Opened {
    keys: Vec<Entry>,
    /// For each key how much of its name stands before a variable, when it has one.
    literals: Vec<Option<usize>>,
    lists: Vec<&'static str>,
    resource_types: Vec<Entry>,
    /// Ordered by name without regard to case.
    actions: Vec<Entry>,
    /// Where to find an action by the hash of its name: number + 1, 0 when free.
    by_name: Vec<u32>,
    forms: Vec<(ArnForm, &'static str)>,
    /// The form of all resource types, when they share it.
    form: Option<ArnForm>,
}

/// Which parts the ARNs of resources have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ArnForm {
    pub(crate) region: bool,
    pub(crate) account: bool,
}

impl Opened {
    fn index(&mut self) {
        let slots = (self.actions.len() * 2).next_power_of_two().max(2);
        self.by_name = vec![0; slots];
        for (nth, entry) in (1_u32..).zip(&self.actions) {
            let mut slot = wildcard::folded_hash(entry.name) as usize % slots;
            while self.by_name.get(slot).is_some_and(|taken| *taken != 0) {
                slot = (slot + 1) % slots;
            }
            if let Some(free) = self.by_name.get_mut(slot) {
                *free = nth;
            }
        }
        let literal = |entry: &Entry| entry.name.find("${").or_else(|| entry.name.find('<'));
        self.literals = self.keys.iter().map(literal).collect();
        for entry in &self.resource_types {
            let mut parts = entry.field(0).splitn(6, ':').skip(3);
            let mut part = || parts.next().unwrap_or_default();
            let form = ArnForm {
                region: !part().is_empty(),
                account: !part().is_empty(),
            };
            let begin = part().split("${").next().unwrap_or_default();
            self.forms.push((form, begin));
        }
        let first = self.forms.first().map(|(form, _)| *form);
        self.form = first.filter(|first| self.forms.iter().all(|(form, _)| form == first));
    }
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
                    "c" => opened.keys.push(Entry::new(rest)),
                    "l" => opened.lists.push(rest),
                    "r" => opened.resource_types.push(Entry::new(rest)),
                    _ => opened.actions.push(Entry::new(rest)),
                }
            }
            opened.index();
            opened
        })
    }

    /// Its actions, ordered by name without regard to case.
    pub fn actions(&'static self) -> impl ExactSizeIterator<Item = Action> + Clone {
        self.opened().actions.iter().map(move |entry| Action {
            service: self,
            entry,
        })
    }

    /// The action with this name, in any case and without wildcards.
    #[must_use]
    pub fn action(&'static self, name: &str) -> Option<Action> {
        let opened = self.opened();
        let slots = opened.by_name.len();
        let mut slot = wildcard::folded_hash(name) as usize % slots;
        loop {
            let nth = opened
                .by_name
                .get(slot)
                .and_then(|nth| nth.checked_sub(1))?;
            let entry = opened.actions.get(nth as usize)?;
            if entry.name.eq_ignore_ascii_case(name) {
                return Some(Action {
                    service: self,
                    entry,
                });
            }
            slot = (slot + 1) % slots;
        }
    }

    /// Which parts ARNs have whose resource part begins so; `None` when that differs
    /// between types, or no type begins so.
    pub(crate) fn arn_form(&'static self, literal: &str) -> Option<ArnForm> {
        let opened = self.opened();
        if opened.form.is_some() {
            return opened.form;
        }
        let near = |begin: &str| literal.starts_with(begin) || begin.starts_with(literal);
        let mut forms = opened
            .forms
            .iter()
            .filter(|(_, begin)| near(begin))
            .map(|(form, _)| *form);
        let first = forms.next()?;
        forms.all(|form| form == first).then_some(first)
    }

    /// Its actions that a pattern without prefix matches.
    pub(super) fn actions_matching(
        &'static self,
        pattern: Cow<'_, str>,
    ) -> impl Iterator<Item = Action> {
        let wildcard = pattern.find(['*', '?']).unwrap_or(pattern.len());
        let literal = pattern.get(..wildcard).unwrap_or_default().to_owned();
        let actions = &self.opened().actions;
        let start = actions.partition_point(|entry| order(entry.name, &literal).is_lt());
        actions
            .iter()
            .skip(start)
            .take_while(move |entry| {
                entry
                    .name
                    .as_bytes()
                    .get(..wildcard)
                    .is_some_and(|begin| begin.eq_ignore_ascii_case(literal.as_bytes()))
            })
            .filter(move |entry| wildcard::matches_ignoring_case(&pattern, entry.name))
            .map(move |entry| Action {
                service: self,
                entry,
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
            .map(move |entry| ResourceType {
                service: self,
                entry,
            })
    }

    /// Its condition keys, ordered by name.
    pub fn condition_keys(&'static self) -> impl ExactSizeIterator<Item = ConditionKey> + Clone {
        self.opened()
            .keys
            .iter()
            .map(move |entry| ConditionKey { entry })
    }

    /// The condition key that a name in a policy means: in any case, and with a
    /// concrete name in the place of a variable such as `${TagKey}`.
    #[must_use]
    pub fn condition_key(&'static self, name: &str) -> Option<ConditionKey> {
        let opened = self.opened();
        let found =
            opened
                .keys
                .iter()
                .zip(&opened.literals)
                .find(|(entry, literal)| match literal {
                    None => entry.name.eq_ignore_ascii_case(name),
                    Some(literal) => {
                        let begins = name
                            .as_bytes()
                            .get(..*literal)
                            .zip(entry.name.as_bytes().get(..*literal));
                        begins.is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
                            && covers(entry.name, name)
                    }
                });
        found.map(|(entry, _)| ConditionKey { entry })
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
            .map(move |entry| ConditionKey { entry })
    }
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
    entry: &'static Entry,
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
        format!("{}:{}", self.service.prefix, self.name())
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
    service: &'static Service,
    entry: &'static Entry,
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
    entry: &'static Entry,
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
