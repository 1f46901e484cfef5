//! The organisation that every emulator starts with.

use std::collections::BTreeMap;

use crate::schema;
use crate::store::{Store, Values};

const ORGANISATION: &str = include_str!("../seed/organisation.json");

/// Why records could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The text is not JSON of the shape table → list of records with string values.
    #[error("the records are not a map of tables to records with string values")]
    Shape(#[from] serde_json::Error),
    /// No such table here.
    #[error("there is no table `{0}`")]
    UnknownTable(String),
    /// The table has no such field.
    #[error("table `{table}` has no field `{field}`")]
    UnknownField {
        /// The table that was named.
        table: String,
        /// The field that it lacks.
        field: String,
    },
    /// A record's identifier is not 32 lowercase hexadecimal digits.
    #[error("a record of table `{0}` has no sys_id of 32 hexadecimal digits")]
    SysId(String),
}

/// Records by table, as the seed file and the control API write them.
pub(crate) type Records = BTreeMap<String, Vec<Values>>;

/// The seeded records.
pub(crate) fn load() -> Result<Store, SeedError> {
    let mut store = Store::default();
    add(&mut store, serde_json::from_str(ORGANISATION)?)?;
    Ok(store)
}

/// Checks all records, then adds them; those with a known sys_id are merged.
///
/// # Errors
/// Nothing is added if any record names an unknown table or field, or lacks a sys_id.
pub(crate) fn add(store: &mut Store, records: Records) -> Result<usize, SeedError> {
    let mut checked = Vec::new();
    for (name, rows) in records {
        let table = schema::table(&name).ok_or_else(|| SeedError::UnknownTable(name.clone()))?;
        for values in rows {
            if let Some(field) = values.keys().find(|field| table.field(field).is_none()) {
                return Err(SeedError::UnknownField {
                    table: name,
                    field: field.clone(),
                });
            }
            if !values.get("sys_id").is_some_and(|id| is_sys_id(id)) {
                return Err(SeedError::SysId(name));
            }
            checked.push((table, values));
        }
    }
    let count = checked.len();
    for (table, values) in checked {
        store.put(table, values);
    }
    Ok(count)
}

/// Whether the text is 32 lowercase hexadecimal digits.
pub(crate) fn is_sys_id(text: &str) -> bool {
    text.len() == 32
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Kind;

    const DOCUMENTED: &str = include_str!("../seed/organisation.md");

    #[test]
    fn every_reference_of_the_seed_leads_to_a_record() {
        let store = load().unwrap();
        for table in [
            "task",
            "cmdb_ci",
            "sys_user",
            "sys_user_group",
            "sys_user_grmember",
        ]
        .into_iter()
        .chain(["sys_user_has_role", "sys_user_delegate", "cmdb_rel_ci"])
        {
            for row in store.rows(table) {
                for field in row.table.fields() {
                    let Kind::Reference(target) = field.kind else {
                        continue;
                    };
                    let to = row.value(field.name);
                    let known = to.is_empty() || store.get(target, to).is_some();
                    assert!(known, "{table} {} {} → {to}", row.sys_id(), field.name);
                }
            }
        }
    }

    #[test]
    fn every_documented_identifier_exists() {
        let store = load().unwrap();
        let mut seen = 0;
        for word in DOCUMENTED.split('`') {
            if is_sys_id(word) {
                seen += 1;
                let bases = ["task", "cmdb_ci", "sys_user", "sys_user_group"];
                assert!(
                    bases.iter().any(|base| store.get(base, word).is_some()),
                    "{word}"
                );
            }
            if word.starts_with("RITM0") {
                assert!(
                    store.find("sc_req_item", "number", word).is_some(),
                    "{word}"
                );
            }
        }
        assert_eq!(seen, 51);
    }

    #[test]
    fn the_lost_account_has_no_record_and_the_orphan_has_nobody() {
        let store = load().unwrap();
        let table = "cmdb_ci_cloud_service_account";
        assert!(store.find(table, "account_id", "650987654321").is_none());
        let orphan = store.find(table, "account_id", "540987654321").unwrap();
        for field in ["owned_by", "managed_by", "support_group"] {
            assert_eq!(orphan.value(field), "");
        }
    }

    #[test]
    fn records_that_do_not_fit_are_refused_whole() {
        let mut store = Store::default();
        let of = |json: &str| serde_json::from_str::<Records>(json).unwrap();
        let good = r#"{"sys_user":[{"sys_id":"0123456789abcdef0123456789abcdef"}]}"#;
        let table = r#"{"nonsense":[{"sys_id":"0123456789abcdef0123456789abcdef"}]}"#;
        let field = r#"{"sys_user":[{"sys_id":"0123456789abcdef0123456789abcdee"},{"shoe":"42"}]}"#;
        let id = r#"{"sys_user":[{"sys_id":"ABC"}]}"#;
        assert!(matches!(
            add(&mut store, of(table)),
            Err(SeedError::UnknownTable(_))
        ));
        assert!(matches!(
            add(&mut store, of(field)),
            Err(SeedError::UnknownField { .. })
        ));
        assert!(matches!(add(&mut store, of(id)), Err(SeedError::SysId(_))));
        assert_eq!(store.rows("sys_user").count(), 0);
        assert_eq!(add(&mut store, of(good)).unwrap(), 1);
    }
}
