//! Configuration items.

use std::collections::BTreeMap;

use futures_util::future::join4;
use ports::cmdb::Found;
use snowgate_core::entitlement::{
    ConfigurationItem, FieldContent, FieldName, MatchedBy, Profile, ResourceRef,
};

use super::addresses;
use super::complete::{Lookup, Lookups, read};
use super::key::Key;
use crate::error::ServiceNowError;
use crate::row::Row;

/// What says whether an item counts at all.
pub(super) const COUNTING: [&str; 4] = [
    "sys_class_name",
    "install_status",
    "operational_status",
    "duplicate_of",
];

const LIFE_CYCLE: &str = "life_cycle_stage_status";

/// The items behind references of all kinds.
pub(super) async fn items(
    lookups: &Lookups<'_>,
    resources: &[ResourceRef],
    profile: &Profile,
) -> Found<ResourceRef, Vec<ConfigurationItem>> {
    let by = |by: MatchedBy| {
        let some = resources.iter().filter(move |one| one.matched_by() == by);
        some.cloned().collect::<Vec<_>>()
    };
    let [ids, names, fqdns, ips] = [
        MatchedBy::SysId,
        MatchedBy::Name,
        MatchedBy::Fqdn,
        MatchedBy::IpAddress,
    ]
    .map(by);
    let (a, b, c, d) = join4(
        in_root(lookups, &ids, MatchedBy::SysId, profile),
        in_root(lookups, &names, MatchedBy::Name, profile),
        in_root(lookups, &fqdns, MatchedBy::Fqdn, profile),
        addresses::items(lookups, &ips, profile),
    )
    .await;
    [a, b, c, d].concat()
}

/// The items of the root table whose field is what was asked for.
pub(super) async fn in_root(
    lookups: &Lookups<'_>,
    resources: &[ResourceRef],
    by: MatchedBy,
    profile: &Profile,
) -> Found<ResourceRef, Vec<ConfigurationItem>> {
    let named = profile.item_fields();
    let mut fields: Vec<String> = COUNTING.iter().map(|&field| field.to_owned()).collect();
    fields.extend(named.iter().map(|field| field.as_str().to_owned()));
    let life_cycle = !profile.statuses.life_cycle.is_empty();
    if life_cycle {
        fields.push(LIFE_CYCLE.to_owned());
    }
    let lookup = Lookup {
        operation: "servicenow:ReadItems",
        table: profile.root.as_str(),
        key: by.as_str(),
        conditions: Vec::new(),
        fields,
    };
    let keys: Vec<Key> = resources.iter().map(Key::from).collect();
    let rows = lookups.rows(&lookup, &keys).await;
    read(resources, rows, |rows| {
        let item = |row: &Row| item(row, &named, true);
        rows.iter().map(item).collect()
    })
}

/// An item, with the fields that a row was asked for.
pub(super) fn item(
    row: &Row,
    named: &[&FieldName],
    in_root: bool,
) -> Result<ConfigurationItem, ServiceNowError> {
    Ok(ConfigurationItem {
        sys_id: row.sys_id()?,
        class: row.text("sys_class_name")?.to_owned(),
        in_root,
        fields: contents(row, named, ""),
        install_status: state(row, "install_status"),
        operational_status: state(row, "operational_status"),
        life_cycle: state(row, LIFE_CYCLE),
        duplicate_of: content(row, "duplicate_of"),
    })
}

/// What the fields hold, which may be those of a record that is dot-walked to.
pub(super) fn contents(
    row: &Row,
    named: &[&FieldName],
    before: &str,
) -> BTreeMap<FieldName, FieldContent> {
    let held = |field: &&FieldName| {
        let content = content(row, &format!("{before}{}", field.as_str()));
        ((*field).clone(), content)
    };
    named.iter().map(held).collect()
}

pub(super) fn content(row: &Row, field: &str) -> FieldContent {
    match row.reference(field) {
        Ok(Some(id)) => FieldContent::Id(id),
        Ok(None) => FieldContent::Empty,
        Err(_) => FieldContent::Unreadable,
    }
}

pub(super) fn state(row: &Row, field: &str) -> Option<String> {
    row.text(field).ok().map(str::to_owned)
}
