//! The block of one service in the table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::entries::{ActionEntry, KeyEntry, ResourceTypeEntry, ServiceEntry};

impl ServiceEntry {
    /// Appends the block.
    pub(crate) fn write(&self, out: &mut String) {
        for (name, key) in &self.keys {
            line(out, &["c", name, &key.kind, &key.retired]);
        }
        let lists = self.key_lists();
        let key_numbers = numbers(&self.keys);
        for list in &lists {
            let listed = list.iter().filter_map(|key| key_numbers.get(key.as_str()));
            let listed: Vec<String> = listed.map(ToString::to_string).collect();
            line(out, &["l", &listed.join(",")]);
        }
        for (name, kind) in &self.resource_types {
            let keys = list_number(&lists, &kind.keys);
            line(out, &["r", name, &kind.arn, &keys, &kind.retired]);
        }
        let type_numbers = numbers(&self.resource_types);
        let mut actions: Vec<_> = self.actions.iter().collect();
        actions.sort_by_key(|(name, _)| name.to_ascii_lowercase());
        for (name, action) in actions {
            action.write(out, name, &lists, &type_numbers);
        }
    }

    /// Every set of keys that a resource type or an action has, once, in the order of their use.
    fn key_lists(&self) -> Vec<&BTreeSet<String>> {
        let of_types = self.resource_types.values().map(|kind| &kind.keys);
        let of_actions = self.actions.values().map(|action| &action.keys);
        let mut lists: Vec<&BTreeSet<String>> = Vec::new();
        for set in of_types.chain(of_actions) {
            if !set.is_empty() && !lists.contains(&set) {
                lists.push(set);
            }
        }
        lists
    }

    /// Reads a block that [`Self::write`] wrote; none where it is broken.
    pub(crate) fn read(block: &str) -> Option<Self> {
        let mut reader = BlockReader::default();
        for line in block.lines() {
            let mut fields = line.split('\t');
            let tag = fields.next()?;
            reader.line(tag, || fields.next().unwrap_or_default().to_owned())?;
        }
        Some(reader.service)
    }
}

impl ActionEntry {
    fn write(
        &self,
        out: &mut String,
        name: &str,
        lists: &[&BTreeSet<String>],
        type_numbers: &BTreeMap<&str, usize>,
    ) {
        let mut types = String::new();
        for (kind, required) in &self.resource_types {
            let Some(number) = type_numbers.get(kind.as_str()) else {
                continue;
            };
            let comma = if types.is_empty() { "" } else { "," };
            let mark = if *required { "!" } else { "" };
            let _ = write!(types, "{comma}{number}{mark}");
        }
        let keys = list_number(lists, &self.keys);
        let dependents: Vec<&str> = self.dependents.iter().map(String::as_str).collect();
        let dependents = dependents.join(",");
        line(
            out,
            &[
                "a",
                name,
                &self.level,
                &types,
                &keys,
                &dependents,
                &self.retired,
            ],
        );
    }
}

/// The names with their places in the order of the alphabet.
fn numbers<E>(entries: &BTreeMap<String, E>) -> BTreeMap<&str, usize> {
    let names = entries.keys().enumerate();
    names.map(|(nth, name)| (name.as_str(), nth)).collect()
}

/// The place of a set among the lists; empty for one that is on none.
fn list_number(lists: &[&BTreeSet<String>], set: &BTreeSet<String>) -> String {
    let place = lists.iter().position(|list| *list == set);
    place.map_or(String::new(), |nth| nth.to_string())
}

/// A block as far as it was read; lines refer to earlier ones by their numbers.
#[derive(Default)]
struct BlockReader {
    service: ServiceEntry,
    keys: Vec<String>,
    lists: Vec<BTreeSet<String>>,
    types: Vec<String>,
}

impl BlockReader {
    /// Takes one line; `field` answers the next of its fields. None where the line is broken.
    fn line(&mut self, tag: &str, mut field: impl FnMut() -> String) -> Option<()> {
        let name = field();
        match tag {
            "c" => {
                let (kind, retired) = (field(), field());
                self.keys.push(name.clone());
                self.service.keys.insert(name, KeyEntry { kind, retired });
            }
            "l" => {
                let keys = name.split(',').map(|number| nth(&self.keys, number));
                self.lists.push(keys.collect::<Option<_>>()?);
            }
            "r" => {
                let (arn, keys, retired) = (field(), self.list(&field())?, field());
                self.types.push(name.clone());
                let kind = ResourceTypeEntry { arn, keys, retired };
                self.service.resource_types.insert(name, kind);
            }
            "a" => {
                let action = self.action(field)?;
                self.service.actions.insert(name, action);
            }
            _ => return None,
        }
        Some(())
    }

    fn action(&self, mut field: impl FnMut() -> String) -> Option<ActionEntry> {
        let level = field();
        let mut resource_types = BTreeMap::new();
        for number in field().split(',').filter(|number| !number.is_empty()) {
            let plain = number.trim_end_matches('!');
            resource_types.insert(nth(&self.types, plain)?, plain != number);
        }
        let keys = self.list(&field())?;
        let dependents = field();
        let dependents = dependents.split(',').filter(|name| !name.is_empty());
        Some(ActionEntry {
            level,
            resource_types,
            keys,
            dependents: dependents.map(str::to_owned).collect(),
            retired: field(),
        })
    }

    /// The set of keys of this number; the empty one without a number.
    fn list(&self, number: &str) -> Option<BTreeSet<String>> {
        match number {
            "" => Some(BTreeSet::new()),
            number => nth(&self.lists, number),
        }
    }
}

fn nth<T: Clone>(all: &[T], number: &str) -> Option<T> {
    all.get(number.parse::<usize>().ok()?).cloned()
}

/// Writes the fields between tabs, without the empty ones at the end.
pub(crate) fn line(out: &mut String, fields: &[&str]) {
    let used = fields
        .iter()
        .rposition(|field| !field.is_empty())
        .map_or(0, |last| last + 1);
    for (nth, field) in fields.iter().take(used).enumerate() {
        if nth > 0 {
            out.push('\t');
        }
        // Tabs and line ends are the table's own signs.
        out.extend(
            field
                .chars()
                .map(|sign| if sign.is_control() { ' ' } else { sign }),
        );
    }
    out.push('\n');
}
