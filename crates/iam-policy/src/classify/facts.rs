//! The tables of escalations and sensitive actions.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::work_limit::WorkLimit;
use crate::catalogue::{self, wildcard};
use crate::scan;

const PATHS: &str = include_str!("../../data/escalation.tsv");
const SENSITIVE: &str = include_str!("../../data/sensitive.tsv");

/// The commit of pathfinding.cloud that the newest paths are from, and the day they were read.
#[must_use]
pub fn paths_release() -> (&'static str, &'static str) {
    let mut heads = PATHS
        .lines()
        .filter_map(|line| line.strip_prefix("# release\t"));
    let release = heads.next().and_then(|fields| fields.split_once('\t'));
    release.unwrap_or_default()
}

/// An action that matters, with what the catalogue knows of it.
#[derive(Debug)]
pub(super) struct RelevantAction {
    pub(super) name: &'static str,
    pub(super) action: Option<catalogue::Action>,
}

/// What a path up takes hold of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathTarget {
    /// The principal's own policies or groups.
    Own,
    /// Something or somebody else.
    Other,
}

#[derive(Debug)]
pub(super) struct EscalationPath {
    pub(super) id: &'static str,
    pub(super) kind: PathTarget,
    /// Numbers of [`Facts::named`].
    pub(super) actions: Vec<usize>,
    pub(super) source: &'static str,
}

/// What an action may expose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Category {
    Escalation,
    Credentials,
    Resource,
    Data,
}

impl Category {
    fn from_name(name: &str) -> Self {
        match name {
            "escalation" => Self::Escalation,
            "credentials" => Self::Credentials,
            "resource" => Self::Resource,
            _ => Self::Data,
        }
    }
}

/// All that is known of paths up and of sensitive actions. Each action stands there once.
#[derive(Debug)]
pub(super) struct Facts {
    /// Ordered by name without regard to case.
    named: Vec<RelevantAction>,
    /// The beginnings of the names, in the same order.
    begins: Vec<u128>,
    /// Where to find one by the hash of its name: number + 1, 0 when free.
    slots: Vec<u16>,
    paths: Vec<EscalationPath>,
    /// What each action takes part in, by its number.
    roles: Vec<Roles>,
    /// Actions that are sensitive on resources of some types only.
    only: Vec<(Category, usize, Vec<&'static str>)>,
}

/// Sensitive actions by category, in the order of its list.
#[derive(Debug)]
pub(super) struct Sensitive {
    actions: Vec<usize>,
    /// Of each action, in order.
    categories: Vec<Category>,
}

impl Sensitive {
    pub(super) fn of(&self, category: Category) -> &[usize] {
        let start = self.categories.partition_point(|of| *of < category);
        let end = self.categories.partition_point(|of| *of <= category);
        self.actions.get(start..end).unwrap_or_default()
    }
}

/// What an action takes part in.
#[derive(Debug, Default, Clone)]
struct Roles {
    /// Places in the lists of sensitive actions.
    sensitive: Vec<(Category, usize)>,
    /// Numbers of paths.
    paths: Vec<usize>,
    /// Whether one of the paths takes hold of the principal's own policies or groups.
    own: bool,
}

fn lines(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
}

/// A power of two, at least twice as many as there are actions.
const SLOTS: usize = 1 << 12;

/// The number of the action with this name.
fn exact(slots: &[u16], named: &[RelevantAction], name: &str) -> Option<usize> {
    let mut slot = scan::folded_hash(name) as usize % SLOTS;
    loop {
        let nth = usize::from(slots.get(slot)?.checked_sub(1)?);
        if scan::same_folded(named.get(nth)?.name, name) {
            return Some(nth);
        }
        slot = (slot + 1) % SLOTS;
    }
}

/// The tables, read when they are first asked for.
pub(super) fn facts() -> &'static Facts {
    static ALL: OnceLock<Facts> = OnceLock::new();
    ALL.get_or_init(Facts::read)
}

impl Facts {
    fn read() -> Self {
        let of_ways = lines(PATHS).filter_map(|fields| fields.get(2).copied());
        let of_lists = lines(SENSITIVE).filter_map(|fields| fields.get(1).copied());
        let mut names: Vec<&str> = of_ways
            .flat_map(|all| all.split(','))
            .chain(of_lists)
            .collect();
        names.sort_by_key(|name| name.to_ascii_lowercase());
        names.dedup_by(|one, other| scan::same_folded(one, other));
        let mut slots = vec![0; SLOTS];
        for (nth, name) in (1_u16..).zip(&names) {
            let mut slot = scan::folded_hash(name) as usize % SLOTS;
            while slots.get(slot).is_some_and(|taken| *taken != 0) {
                slot = (slot + 1) % SLOTS;
            }
            if let Some(free) = slots.get_mut(slot) {
                *free = nth;
            }
        }
        let named: Vec<RelevantAction> = names
            .iter()
            .map(|name| RelevantAction {
                name,
                action: catalogue::action(name),
            })
            .collect();
        let number = |name: &str| exact(&slots, &named, name);
        let paths = lines(PATHS).filter_map(|fields| match fields[..] {
            [id, kind, actions, source] => Some(EscalationPath {
                id,
                kind: if kind == "self" {
                    PathTarget::Own
                } else {
                    PathTarget::Other
                },
                actions: actions.split(',').filter_map(number).collect(),
                source,
            }),
            _ => None,
        });
        let mut sensitive: HashMap<Category, Vec<usize>> = HashMap::new();
        let mut only = Vec::new();
        for fields in lines(SENSITIVE) {
            if let [category, action, types @ ..] = &fields[..] {
                let category = Category::from_name(category);
                let action = number(action);
                sensitive.entry(category).or_default().extend(action);
                if let (Some(types), Some(action)) = (types.first(), action) {
                    only.push((category, action, types.split(',').collect()));
                }
            }
        }
        let paths: Vec<EscalationPath> = paths.collect();
        let mut roles = vec![Roles::default(); named.len()];
        for (nth, path) in paths.iter().enumerate() {
            for action in &path.actions {
                if let Some(roles) = roles.get_mut(*action) {
                    roles.paths.push(nth);
                    roles.own |= path.kind == PathTarget::Own;
                }
            }
        }
        for (category, actions) in &sensitive {
            for (nth, action) in actions.iter().enumerate() {
                if let Some(roles) = roles.get_mut(*action) {
                    roles.sensitive.push((*category, nth));
                }
            }
        }
        Self {
            paths,
            roles,
            only,
            begins: names
                .iter()
                .map(|name| scan::begin(name, 0, true))
                .collect(),
            named,
            slots,
        }
    }

    /// All actions that matter; they are known by their numbers here.
    pub(super) fn named(&self) -> &[RelevantAction] {
        &self.named
    }

    /// The name of an action that matters, with prefix.
    pub(super) fn name(&self, action: usize) -> Option<&'static str> {
        self.named.get(action).map(|named| named.name)
    }

    /// The types of resources on which the action is sensitive in this way; `None` for all.
    pub(super) fn only_on(&self, category: Category, action: usize) -> Option<&[&'static str]> {
        let mut only = self.only.iter();
        let found = only.find(|(of, limited, _)| (*of, *limited) == (category, action))?;
        Some(&found.2)
    }

    /// Whether the action alone or with others changes what the principal itself may do.
    pub(super) fn changes_itself(&self, action: usize) -> bool {
        self.roles.get(action).is_some_and(|roles| roles.own)
    }

    /// All known paths up.
    #[cfg(test)]
    pub(super) fn paths(&self) -> &[EscalationPath] {
        &self.paths
    }

    /// The sensitive actions among these.
    pub(super) fn sensitive_among(&self, actions: impl Iterator<Item = usize>) -> Sensitive {
        let mut found: Vec<(Category, usize, usize)> = Vec::new();
        for action in actions {
            let roles = self.roles.get(action).into_iter();
            let places = roles.flat_map(|roles| &roles.sensitive);
            found.extend(places.map(|(category, place)| (*category, *place, action)));
        }
        found.sort_unstable();
        Sensitive {
            actions: found.iter().map(|(_, _, action)| *action).collect(),
            categories: found.into_iter().map(|(category, _, _)| category).collect(),
        }
    }

    /// The paths of which all actions are among these, in order.
    pub(super) fn paths_among(
        &self,
        actions: impl Iterator<Item = usize>,
    ) -> impl Iterator<Item = &EscalationPath> {
        let roles = actions.filter_map(|action| self.roles.get(action));
        let mut met: Vec<usize> = roles
            .flat_map(|roles| roles.paths.iter().copied())
            .collect();
        met.sort_unstable();
        let whole = |times: &[usize]| {
            let path = self.paths.get(*times.first()?)?;
            (path.actions.len() == times.len()).then_some(path)
        };
        let paths: Vec<&EscalationPath> = met.chunk_by(|a, b| a == b).filter_map(whole).collect();
        paths.into_iter()
    }

    /// Calls for every action that matters and that the pattern of a policy matches. Answers
    /// `false`, and calls for none, when there is no work left to look.
    pub(super) fn matching(
        &self,
        pattern: &str,
        work: &WorkLimit,
        mut found: impl FnMut(usize),
    ) -> bool {
        let Some(literal) = scan::find_wildcard(pattern) else {
            exact(&self.slots, &self.named, pattern)
                .into_iter()
                .for_each(found);
            return true;
        };
        let open = 8 * literal.min(16) as u32;
        let low = scan::begin(pattern.get(..literal).unwrap_or_default(), 0, true);
        let high = low | u128::MAX.checked_shr(open).unwrap_or(0);
        let start = self.begins.partition_point(|begin| *begin < low);
        let end = self.begins.partition_point(|begin| *begin <= high);
        if !work.spend((end - start) * (1 + pattern.len() / 64)) {
            return false;
        }
        // Those in between begin so, as far as beginnings are kept.
        let all = literal <= 16 && wildcard::is_prefix(pattern);
        for (nth, named) in self.named.iter().enumerate().take(end).skip(start) {
            if all || wildcard::matches_ignoring_case(pattern, named.name) {
                found(nth);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
