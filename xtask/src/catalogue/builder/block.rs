//! The block of one service in the table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::table::{Action, Key, ResourceType, Service};

impl Service {
    pub(crate) fn write(&self, out: &mut String) {
        let key_numbers: BTreeMap<&str, usize> = self
            .keys
            .keys()
            .enumerate()
            .map(|(nth, key)| (key.as_str(), nth))
            .collect();
        for (name, key) in &self.keys {
            line(out, &["c", name, &key.kind, &key.retired]);
        }
        let mut lists: Vec<&BTreeSet<String>> = Vec::new();
        let sets = self
            .resource_types
            .values()
            .map(|resource_type| &resource_type.keys);
        for set in sets.chain(self.actions.values().map(|action| &action.keys)) {
            if !set.is_empty() && !lists.contains(&set) {
                lists.push(set);
                let numbers: Vec<String> = set
                    .iter()
                    .filter_map(|key| key_numbers.get(key.as_str()).map(ToString::to_string))
                    .collect();
                line(out, &["l", &numbers.join(",")]);
            }
        }
        let list = |set: &BTreeSet<String>| {
            lists
                .iter()
                .position(|other| *other == set)
                .map_or(String::new(), |nth| nth.to_string())
        };
        for (name, kind) in &self.resource_types {
            line(
                out,
                &["r", name, &kind.arn, &list(&kind.keys), &kind.retired],
            );
        }
        let type_numbers: BTreeMap<&str, usize> = self
            .resource_types
            .keys()
            .enumerate()
            .map(|(nth, name)| (name.as_str(), nth))
            .collect();
        let mut actions: Vec<_> = self.actions.iter().collect();
        actions.sort_by_key(|(name, _)| name.to_ascii_lowercase());
        for (name, action) in actions {
            let mut types = String::new();
            for (kind, required) in &action.resource_types {
                let Some(number) = type_numbers.get(kind.as_str()) else {
                    continue;
                };
                let comma = if types.is_empty() { "" } else { "," };
                let mark = if *required { "!" } else { "" };
                let _ = write!(types, "{comma}{number}{mark}");
            }
            let dependents: Vec<&str> = action.dependents.iter().map(String::as_str).collect();
            let (keys, dependents) = (list(&action.keys), dependents.join(","));
            line(
                out,
                &[
                    "a",
                    name,
                    &action.level,
                    &types,
                    &keys,
                    &dependents,
                    &action.retired,
                ],
            );
        }
    }

    pub(crate) fn read(block: &str) -> Option<Self> {
        let mut service = Self::default();
        let mut keys: Vec<String> = Vec::new();
        let mut lists: Vec<BTreeSet<String>> = Vec::new();
        let mut types: Vec<String> = Vec::new();
        for line in block.lines() {
            let mut fields = line.split('\t');
            let mut field = || fields.next().unwrap_or_default();
            let (tag, name) = (field(), field().to_owned());
            let mut text = || field().to_owned();
            match tag {
                "c" => {
                    keys.push(name.clone());
                    service.keys.insert(
                        name,
                        Key {
                            kind: text(),
                            retired: text(),
                        },
                    );
                }
                "l" => lists.push(
                    name.split(',')
                        .map(|key| keys.get(key.parse::<usize>().ok()?).cloned())
                        .collect::<Option<_>>()?,
                ),
                "r" => {
                    types.push(name.clone());
                    let (arn, keys) = (text(), list_of(&lists, &text())?);
                    service.resource_types.insert(
                        name,
                        ResourceType {
                            arn,
                            keys,
                            retired: text(),
                        },
                    );
                }
                "a" => {
                    let level = text();
                    let mut resource_types = BTreeMap::new();
                    for number in text().split(',').filter(|number| !number.is_empty()) {
                        let plain = number.trim_end_matches('!');
                        let kind = types.get(plain.parse::<usize>().ok()?)?;
                        resource_types.insert(kind.clone(), plain != number);
                    }
                    let keys = list_of(&lists, &text())?;
                    let dependents = text()
                        .split(',')
                        .filter(|name| !name.is_empty())
                        .map(str::to_owned)
                        .collect();
                    let action = Action {
                        level,
                        resource_types,
                        keys,
                        dependents,
                        retired: text(),
                    };
                    service.actions.insert(name, action);
                }
                _ => return None,
            }
        }
        Some(service)
    }
}

fn list_of(lists: &[BTreeSet<String>], number: &str) -> Option<BTreeSet<String>> {
    if number.is_empty() {
        Some(BTreeSet::new())
    } else {
        lists.get(number.parse::<usize>().ok()?).cloned()
    }
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
