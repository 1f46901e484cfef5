use std::borrow::Cow;
use std::sync::OnceLock;

mod entries;

pub use entries::{Action, ConditionKey, ResourceType};

use super::name_distance::Candidate;
use super::table_line::{TableLine, covers, some};
use super::wildcard;
use crate::scan;

/// One service.
#[derive(Debug)]
pub struct Service {
    prefix: &'static str,
    name: &'static str,
    retired: &'static str,
    block: &'static str,
    table: OnceLock<ServiceTable>,
    /// The names of the actions that AWS still lists.
    current: OnceLock<Vec<Candidate<'static>>>,
}

/// The lines of a service by what they are about, read when first asked for.
#[derive(Debug, Default)]
pub(super) struct ServiceTable {
    keys: Vec<TableLine>,
    /// For each key how much of its name stands before a variable, when it has one.
    literals: Vec<Option<usize>>,
    lists: Vec<&'static str>,
    pub(super) resource_types: Vec<TableLine>,
    /// The forms of the ARNs of all types, in their order.
    arns: Vec<&'static str>,
    /// Where in that list the forms of each type begin.
    first_arns: Vec<usize>,
    /// Ordered by name without regard to case.
    actions: Vec<TableLine>,
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

impl ServiceTable {
    fn index(&mut self) {
        let slots = (self.actions.len() * 2).next_power_of_two().max(2);
        self.by_name = vec![0; slots];
        for (nth, line) in (1_u32..).zip(&self.actions) {
            let mut slot = scan::folded_hash(line.name) as usize & (slots - 1);
            while self.by_name.get(slot).is_some_and(|taken| *taken != 0) {
                slot = (slot + 1) & (slots - 1);
            }
            if let Some(free) = self.by_name.get_mut(slot) {
                *free = nth;
            }
        }
        let literal = |line: &TableLine| line.name.find("${").or_else(|| line.name.find('<'));
        self.literals = self.keys.iter().map(literal).collect();
        for line in &self.resource_types {
            self.first_arns.push(self.arns.len());
            self.arns
                .extend(line.field(0).split(entries::BETWEEN_FORMS));
        }
        for form in &self.arns {
            let mut parts = form.splitn(6, ':').skip(3);
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
            table: OnceLock::new(),
            current: OnceLock::new(),
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

    pub(super) fn table(&self) -> &ServiceTable {
        self.table.get_or_init(|| {
            let mut table = ServiceTable::default();
            for line in self.block.lines() {
                let Some((tag, rest)) = line.split_once('\t') else {
                    continue;
                };
                match tag {
                    "c" => table.keys.push(TableLine::new(rest)),
                    "l" => table.lists.push(rest),
                    "r" => table.resource_types.push(TableLine::new(rest)),
                    _ => table.actions.push(TableLine::new(rest)),
                }
            }
            table.index();
            table
        })
    }

    /// Its actions, ordered by name without regard to case.
    pub fn actions(&'static self) -> impl ExactSizeIterator<Item = Action> + Clone {
        self.table().actions.iter().map(move |line| Action {
            service: self,
            line,
        })
    }

    /// The names of its actions that AWS still lists.
    pub(super) fn current(&'static self) -> &'static [Candidate<'static>] {
        self.current.get_or_init(|| {
            let current = self.actions().filter(|action| action.retired().is_none());
            current
                .map(|action| Candidate::new(action.name()))
                .collect()
        })
    }

    /// The action with this name, in any case and without wildcards.
    #[must_use]
    pub fn action(&'static self, name: &str) -> Option<Action> {
        let table = self.table();
        let mask = table.by_name.len() - 1;
        let mut slot = scan::folded_hash(name) as usize & mask;
        loop {
            let nth = table.by_name.get(slot).and_then(|nth| nth.checked_sub(1))?;
            let line = table.actions.get(nth as usize)?;
            if scan::same_folded(line.name, name) {
                return Some(Action {
                    service: self,
                    line,
                });
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Which parts ARNs have whose resource part begins so; `None` when that differs
    /// between types, or no type begins so.
    pub(crate) fn arn_form(&'static self, literal: &str) -> Option<ArnForm> {
        let table = self.table();
        if table.form.is_some() {
            return table.form;
        }
        let near = |begin: &str| literal.starts_with(begin) || begin.starts_with(literal);
        let mut forms = table
            .forms
            .iter()
            .filter(|(_, begin)| near(begin))
            .map(|(form, _)| *form);
        let first = forms.next()?;
        forms.all(|form| form == first).then_some(first)
    }

    /// Its actions whose names begin with all that stands before the first wildcard.
    fn beginning(&'static self, pattern: &str) -> &'static [TableLine] {
        let literal = scan::find_wildcard(pattern).unwrap_or(pattern.len());
        let literal = pattern.get(..literal).unwrap_or_default();
        let actions = &self.table().actions;
        let start = actions.partition_point(|line| order(line.name, literal).is_lt());
        let rest = actions.get(start..).unwrap_or_default();
        let end = rest.partition_point(|line| {
            let begin = line.name.get(..literal.len());
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
        // What begins so matches, where a star at the end is all that follows.
        let all = wildcard::is_prefix(&pattern);
        near.filter(move |line| all || wildcard::matches_ignoring_case(&pattern, line.name))
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

    /// Its resource types, ordered by name; a type whose ARNs have several forms once for each.
    pub fn resource_types(&'static self) -> impl Iterator<Item = ResourceType> + Clone {
        let lines = 0..self.table().resource_types.len();
        lines.flat_map(|nth| self.types(nth))
    }

    /// The resource type with this number, once for each form of its ARNs.
    fn types(&'static self, nth: usize) -> impl Iterator<Item = ResourceType> + Clone {
        let table = self.table();
        let line = table.resource_types.get(nth);
        let begin = table.first_arns.get(nth).copied().unwrap_or_default();
        let end = table.first_arns.get(nth + 1).copied();
        let arns = table.arns.get(begin..end.unwrap_or(table.arns.len()));
        let arns = arns.unwrap_or_default().iter();
        arns.filter_map(move |arn| {
            Some(ResourceType {
                service: self,
                line: line?,
                arn,
            })
        })
    }

    /// Its condition keys, ordered by name.
    pub fn condition_keys(&'static self) -> impl ExactSizeIterator<Item = ConditionKey> + Clone {
        self.table()
            .keys
            .iter()
            .map(move |line| ConditionKey { line })
    }

    /// The condition key that a name in a policy means: in any case, and with a
    /// concrete name in the place of a variable such as `${TagKey}`.
    #[must_use]
    pub fn condition_key(&'static self, name: &str) -> Option<ConditionKey> {
        let table = self.table();
        let found = table
            .keys
            .iter()
            .zip(&table.literals)
            .find(|(line, literal)| match literal {
                None => line.name.eq_ignore_ascii_case(name),
                Some(literal) => {
                    let begins = name
                        .as_bytes()
                        .get(..*literal)
                        .zip(line.name.as_bytes().get(..*literal));
                    begins.is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
                        && covers(line.name, name)
                }
            });
        found.map(|(line, _)| ConditionKey { line })
    }

    pub(super) fn keys(&'static self, list: &str) -> impl Iterator<Item = ConditionKey> + use<> {
        let table = self.table();
        let list = list
            .parse::<usize>()
            .ok()
            .and_then(|nth| table.lists.get(nth).copied());
        list.unwrap_or_default()
            .split(',')
            .filter_map(|number| table.keys.get(number.parse::<usize>().ok()?))
            .map(move |line| ConditionKey { line })
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
