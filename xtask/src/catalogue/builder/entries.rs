//! The entries of the table: services, condition keys, resource types, actions.
//!
//! `retired` is the date of the last release that knew an entry (`YYYY-MM-DD`), else empty.

use std::collections::{BTreeMap, BTreeSet};

/// A service of AWS.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct ServiceEntry {
    pub(crate) name: String,
    pub(crate) retired: String,
    pub(crate) keys: BTreeMap<String, KeyEntry>,
    pub(crate) resource_types: BTreeMap<String, ResourceTypeEntry>,
    pub(crate) actions: BTreeMap<String, ActionEntry>,
}

/// A condition key of a service; `kind` is its type, such as `ARN`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct KeyEntry {
    pub(crate) kind: String,
    pub(crate) retired: String,
}

/// A type of resource, its ARN as a pattern.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct ResourceTypeEntry {
    pub(crate) arn: String,
    pub(crate) keys: BTreeSet<String>,
    pub(crate) retired: String,
}

/// An action; `level` is the first letter of its access level.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct ActionEntry {
    pub(crate) level: String,
    /// Resource types by name; whether the action needs one of that type.
    pub(crate) resource_types: BTreeMap<String, bool>,
    pub(crate) keys: BTreeSet<String>,
    pub(crate) dependents: BTreeSet<String>,
    pub(crate) retired: String,
}

/// What every entry has.
pub(super) trait CatalogueEntry: Clone {
    /// Its `retired`.
    fn retired(&mut self) -> &mut String;
}

macro_rules! entries {
    ($($entry:ty),*) => {
        $(impl CatalogueEntry for $entry {
            fn retired(&mut self) -> &mut String {
                &mut self.retired
            }
        })*
    };
}
entries!(ServiceEntry, KeyEntry, ResourceTypeEntry, ActionEntry);
