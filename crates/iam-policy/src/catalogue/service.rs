use std::borrow::Cow;
use std::sync::OnceLock;

use super::entries::{Action, ConditionKey, Entry, ResourceType, covers, some};
use super::suggest::Candidate;
use super::wildcard;
use crate::scan;

/// One service.
#[derive(Debug)]
pub struct Service {
    prefix: &'static str,
    name: &'static str,
    retired: &'static str,
    block: &'static str,
    opened: OnceLock<Opened>,
    /// The names of the actions that AWS still lists.
    living: OnceLock<Vec<Candidate<'static>>>,
}

/// The lines of a service by what they are about.
#[derive(Debug, Default)]
pub(super) struct Opened {
    keys: Vec<Entry>,
    /// For each key how much of its name stands before a variable, when it has one.
    literals: Vec<Option<usize>>,
    lists: Vec<&'static str>,
    pub(super) resource_types: Vec<Entry>,
    /// Ordered by name without regard to case.
    actions: Vec<Entry>,
    /// Where to find an action by the hash of its name: number + 1, 0 when free. A power of
    /// two long, at most half full.
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
            let mut slot = scan::folded_hash(entry.name) as usize & (slots - 1);
            while self.by_name.get(slot).is_some_and(|taken| *taken != 0) {
                slot = (slot + 1) & (slots - 1);
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
            living: OnceLock::new(),
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

    pub(super) fn opened(&self) -> &Opened {
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

    /// The names of its actions that AWS still lists.
    pub(super) fn living(&'static self) -> &'static [Candidate<'static>] {
        self.living.get_or_init(|| {
            let living = self.actions().filter(|action| action.retired().is_none());
            living.map(|action| Candidate::new(action.name())).collect()
        })
    }

    /// The action with this name, in any case and without wildcards.
    #[must_use]
    pub fn action(&'static self, name: &str) -> Option<Action> {
        let opened = self.opened();
        let mask = opened.by_name.len() - 1;
        let mut slot = scan::folded_hash(name) as usize & mask;
        loop {
            let nth = opened
                .by_name
                .get(slot)
                .and_then(|nth| nth.checked_sub(1))?;
            let entry = opened.actions.get(nth as usize)?;
            if scan::same_folded(entry.name, name) {
                return Some(Action {
                    service: self,
                    entry,
                });
            }
            slot = (slot + 1) & mask;
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

    /// Its actions whose names begin with all that stands before the first wildcard.
    fn beginning(&'static self, pattern: &str) -> &'static [Entry] {
        let literal = scan::find_wildcard(pattern).unwrap_or(pattern.len());
        let literal = pattern.get(..literal).unwrap_or_default();
        let actions = &self.opened().actions;
        let start = actions.partition_point(|entry| order(entry.name, literal).is_lt());
        let rest = actions.get(start..).unwrap_or_default();
        let end = rest.partition_point(|entry| {
            let begin = entry.name.get(..literal.len());
            begin.is_some_and(|begin| scan::same_folded(begin, literal))
        });
        rest.get(..end).unwrap_or_default()
    }

    /// How many of its actions have names that begin as the pattern does.
    pub(super) fn actions_beginning(&'static self, pattern: &str) -> usize {
        self.beginning(pattern).len()
    }

    /// Its actions that a pattern without prefix matches.
    pub(super) fn actions_matching(
        &'static self,
        pattern: Cow<'_, str>,
    ) -> impl Iterator<Item = Action> {
        let near = self.beginning(&pattern).iter();
        near.filter(move |entry| wildcard::matches_ignoring_case(&pattern, entry.name))
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

    pub(super) fn keys(&'static self, list: &str) -> impl Iterator<Item = ConditionKey> + use<> {
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

/// The order of names without regard to case.
fn order(one: &str, other: &str) -> std::cmp::Ordering {
    let mut at = 0;
    loop {
        let pair = (scan::begin(one, at, true), scan::begin(other, at, true));
        at += 16;
        if pair.0 != pair.1 || at >= one.len().min(other.len()) {
            return pair.0.cmp(&pair.1).then(one.len().cmp(&other.len()));
        }
    }
}
