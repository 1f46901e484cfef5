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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
}

/// What an action takes part in.
#[derive(Debug, Default, Clone)]
struct Roles {
    /// Places in the lists of sensitive actions.
    sensitive: Vec<(Category, usize)>,
    /// Numbers of paths.
    paths: Vec<usize>,
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
        for fields in lines(SENSITIVE) {
            if let [category, action] = fields[..] {
                let list = sensitive.entry(Category::from_name(category)).or_default();
                list.extend(number(action));
            }
        }
        let paths: Vec<EscalationPath> = paths.collect();
        let mut roles = vec![Roles::default(); named.len()];
        for (nth, path) in paths.iter().enumerate() {
            for action in &path.actions {
                if let Some(roles) = roles.get_mut(*action) {
                    roles.paths.push(nth);
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

    /// All known paths up.
    #[cfg(test)]
    pub(super) fn paths(&self) -> &[EscalationPath] {
        &self.paths
    }

    /// The sensitive actions of a category among these, in the order of its list.
    pub(super) fn sensitive_among(
        &self,
        category: Category,
        actions: impl Iterator<Item = usize>,
    ) -> Vec<usize> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        for action in actions {
            let roles = self.roles.get(action).into_iter();
            let places = roles.flat_map(|roles| &roles.sensitive);
            let places = places.filter(|(of, _)| *of == category);
            found.extend(places.map(|(_, place)| (*place, action)));
        }
        found.sort_unstable();
        found.into_iter().map(|(_, action)| action).collect()
    }

    /// The paths of which all actions are among these, in order.
    pub(super) fn paths_among(
        &self,
        actions: impl Iterator<Item = usize>,
    ) -> impl Iterator<Item = &EscalationPath> {
        let mut counts = vec![0_usize; self.paths.len()];
        for roles in actions.filter_map(|action| self.roles.get(action)) {
            for path in &roles.paths {
                if let Some(count) = counts.get_mut(*path) {
                    *count += 1;
                }
            }
        }
        let paths = self.paths.iter().zip(counts);
        paths
            .filter(|(path, count)| path.actions.len() == *count)
            .map(|(path, _)| path)
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
        for (nth, named) in self.named.iter().enumerate().take(end).skip(start) {
            if wildcard::matches_ignoring_case(pattern, named.name) {
                found(nth);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::AccessLevel;

    #[test]
    fn the_tables_are_whole() {
        let facts = facts();
        assert_eq!(facts.paths().len(), lines(PATHS).count());
        let of_pathfinding = facts.paths().iter();
        let of_pathfinding = of_pathfinding.filter(|path| path.source == "pathfinding");
        assert_eq!(of_pathfinding.count(), 97);
        let actions = lines(PATHS).map(|fields| fields[2].split(',').count());
        for (path, actions) in facts.paths().iter().zip(actions) {
            assert!(path.actions.len() == actions && !path.source.is_empty());
        }
        assert!(facts.named.len() * 2 <= SLOTS);
        let sensitive = [
            Category::Escalation,
            Category::Credentials,
            Category::Resource,
            Category::Data,
        ]
        .map(|category| {
            let all = 0..facts.named.len();
            facts.sensitive_among(category, all).len()
        });
        assert_eq!(sensitive, [27, 206, 446, 249]);
    }

    /// What names of actions say that grant, delegate or hand out something.
    const TELLING: &str = "accessentry accesskey accountassignment apikey assume authcode bearertoken clientsecret \
        connectionstring createkeypair credential delegat embedurl entitlement environmentvariable \
        federationtoken grant impersonat loginurl membership oauth passrole password permissionset \
        podidentity presigned revealsecret rootsession scramsecret secretvalue sharedsecret sharing \
        signinurl streamingurl streamkey token trustanchor webhooksecret webidentity";

    #[test]
    fn every_action_that_may_grant_something_is_in_one_of_the_files() {
        let harmless = include_str!("../../data/harmless.tsv");
        let harmless = lines(harmless).map(|fields| {
            assert!(fields.len() == 2 && !fields[1].is_empty(), "{fields:?}");
            fields[0]
        });
        let mut left: Vec<String> = Vec::new();
        for action in catalogue::services()
            .iter()
            .flat_map(|service| service.actions())
        {
            let name = action.name().to_ascii_lowercase();
            let telling = TELLING.split(' ').any(|word| name.contains(word))
                || action.access_level() == AccessLevel::PermissionsManagement;
            let full = action.full_name();
            if telling && exact(&facts().slots, &facts().named, &full).is_none() {
                left.push(full);
            }
        }
        left.sort_by_key(|name| name.to_ascii_lowercase());
        assert_eq!(left, harmless.collect::<Vec<_>>());
    }

    #[test]
    fn patterns_find_what_each_name_says() {
        let facts = facts();
        for pattern in [
            "*",
            "iam:*",
            "IAM:Pass?ole",
            "iam:passrole",
            "ec2:*s",
            "*:Create*",
            "iam:CreatePolicyV*",
            "",
            "i*",
            "nothing:*",
            "iam:CreateServiceLinkedRol?",
        ] {
            let mut found = Vec::new();
            assert!(facts.matching(pattern, &WorkLimit::default(), |nth| found.push(nth)));
            let slow = (0..facts.named.len())
                .filter(|nth| wildcard::matches_ignoring_case(pattern, facts.named[*nth].name));
            assert_eq!(found, slow.collect::<Vec<_>>(), "{pattern}");
        }
        let mut all = 0;
        assert!(!facts.matching("iam:*", &WorkLimit::of(0), |_| all += 1));
        assert_eq!(all, 0);
    }
}
