//! Which configuration items have an address.
//!
//! Records of addresses and of network adapters are configuration items too, so one look-up in `cmdb_ci` shows everything
//! that has the address: items, and adapters and address records that lead to items. Whoever may write their own item's
//! address can so not claim one that another item has by an adapter.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;
use ports::cmdb::Found;
use snowgate_core::entitlement::{
    ConfigurationItem, Fact, FieldContent, Freshness, MatchedBy, Profile, ResourceRef, Unread,
};
use snowgate_core::id::SysId;

use super::complete::{Lookup, Lookups, read};
use super::items::{self, COUNTING};
use super::key::Key;

const ADAPTER: &str = "cmdb_ci_network_adapter";
const ADDRESS: &str = "cmdb_ci_ip_address";

/// Facts about records by their ids.
type ById<T> = BTreeMap<SysId, Fact<T>>;

/// The items that have each address.
pub(super) async fn items(
    lookups: &Lookups<'_>,
    addresses: &[ResourceRef],
    profile: &Profile,
) -> Found<ResourceRef, Vec<ConfigurationItem>> {
    let seen = sightings(lookups, addresses).await;
    let (adapters, records) = join(
        holders(lookups, ADAPTER, "cmdb_ci", ids_of(&seen, ADAPTER)),
        holders(lookups, ADDRESS, "nic.cmdb_ci", ids_of(&seen, ADDRESS)),
    )
    .await;
    let holders: ById<Option<SysId>> = adapters.into_iter().chain(records).collect();
    let owned: Found<ResourceRef, Owners> = seen
        .into_iter()
        .map(|(address, fact)| (address, owners(fact, &holders)))
        .collect();
    let wanted: BTreeSet<ResourceRef> = owned
        .iter()
        .filter_map(|(_, fact)| match fact {
            Fact::Known { value, .. } => Some(value.keys()),
            Fact::Unread(_) => None,
        })
        .flatten()
        .map(|id| ResourceRef::SysId(id.clone()))
        .collect();
    let wanted: Vec<ResourceRef> = wanted.into_iter().collect();
    let whole = items::in_root(lookups, &wanted, MatchedBy::SysId, profile).await;
    let whole: BTreeMap<ResourceRef, _> = whole.into_iter().collect();
    owned
        .into_iter()
        .map(|(address, fact)| (address, whole_items(fact, &whole)))
        .collect()
}

/// Whatever has each address.
async fn sightings(
    lookups: &Lookups<'_>,
    addresses: &[ResourceRef],
) -> Found<ResourceRef, Vec<ConfigurationItem>> {
    let lookup = Lookup {
        operation: "servicenow:ReadAddresses",
        table: "cmdb_ci",
        key: MatchedBy::IpAddress.as_str(),
        conditions: Vec::new(),
        fields: COUNTING.iter().map(|&field| field.to_owned()).collect(),
    };
    let keys: Vec<Key> = addresses.iter().map(Key::from).collect();
    let rows = lookups.rows(&lookup, &keys).await;
    read(addresses, rows, |rows| {
        let rows = rows.iter().map(|row| items::item(row, &[], false));
        rows.collect()
    })
}

/// The records of a class among what was seen, each once.
fn ids_of(seen: &Found<ResourceRef, Vec<ConfigurationItem>>, class: &str) -> Vec<SysId> {
    let rows = seen.iter().filter_map(|(_, fact)| match fact {
        Fact::Known { value, .. } => Some(value),
        Fact::Unread(_) => None,
    });
    let of_class = rows.flatten().filter(|row| row.class == class);
    let ids: BTreeSet<SysId> = of_class.map(|row| row.sys_id.clone()).collect();
    ids.into_iter().collect()
}

/// Where these records lead.
async fn holders(
    lookups: &Lookups<'_>,
    table: &str,
    leads_to: &str,
    records: Vec<SysId>,
) -> Found<SysId, Option<SysId>> {
    let lookup = Lookup {
        operation: "servicenow:ReadAdapters",
        table,
        key: "sys_id",
        conditions: Vec::new(),
        fields: vec![leads_to.to_owned()],
    };
    let keys: Vec<Key> = records.iter().map(Key::from).collect();
    let rows = lookups.rows(&lookup, &keys).await;
    read(&records, rows, |rows| {
        let holder = rows.first().map(|row| row.reference(leads_to));
        Ok(holder.transpose()?.flatten())
    })
}

/// The items that have an address, each with what was seen of it.
type Owners = BTreeMap<SysId, Option<ConfigurationItem>>;

/// Follows what was seen to items. What leads nowhere belongs to nobody knows whom.
fn owners(seen: Fact<Vec<ConfigurationItem>>, holders: &ById<Option<SysId>>) -> Fact<Owners> {
    let (rows, mut age) = match seen {
        Fact::Unread(why) => return Fact::Unread(why),
        Fact::Known { value, freshness } => (value, freshness),
    };
    let mut owners = Owners::new();
    for row in rows {
        if row.class != ADAPTER && row.class != ADDRESS {
            owners.insert(row.sys_id.clone(), Some(row));
            continue;
        }
        match row.counts() {
            Some(true) => {}
            Some(false) => continue,
            None => return Fact::Unread(Unread::Inconsistent),
        }
        match holders.get(&row.sys_id) {
            Some(Fact::Known {
                value: Some(holder),
                freshness,
            }) => {
                age = age.and(*freshness);
                owners.entry(holder.clone()).or_default();
            }
            Some(Fact::Unread(why)) => return Fact::Unread(*why),
            Some(Fact::Known { value: None, .. }) | None => {
                return Fact::Unread(Unread::Inconsistent);
            }
        }
    }
    Fact::Known {
        value: owners,
        freshness: age,
    }
}

/// The items as the root table shows them, or what is known of those that it does not show.
fn whole_items(
    owners: Fact<Owners>,
    whole: &BTreeMap<ResourceRef, Fact<Vec<ConfigurationItem>>>,
) -> Fact<Vec<ConfigurationItem>> {
    let (owners, mut age): (Owners, Freshness) = match owners {
        Fact::Unread(why) => return Fact::Unread(why),
        Fact::Known { value, freshness } => (value, freshness),
    };
    let mut items = Vec::new();
    for (id, seen) in owners {
        match whole.get(&ResourceRef::SysId(id.clone())) {
            Some(Fact::Known { value, freshness }) => {
                age = age.and(*freshness);
                match value.as_slice() {
                    [] => items.push(seen.unwrap_or_else(|| elsewhere(id))),
                    some => items.extend_from_slice(some),
                }
            }
            Some(Fact::Unread(why)) => return Fact::Unread(*why),
            None => return Fact::Unread(Unread::Inconsistent),
        }
    }
    Fact::Known {
        value: items,
        freshness: age,
    }
}

/// An item of another class that an adapter leads to. It counts, whatever its state is.
fn elsewhere(sys_id: SysId) -> ConfigurationItem {
    ConfigurationItem {
        sys_id,
        class: String::new(),
        in_root: false,
        fields: BTreeMap::new(),
        install_status: Some(String::new()),
        operational_status: Some(String::new()),
        life_cycle: None,
        duplicate_of: FieldContent::Empty,
    }
}
