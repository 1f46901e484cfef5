//! Who may see and change what: access-control rules by role.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::query::Query;
use crate::schema::Table;
use crate::seed::SeedError;
use crate::store::{Row, Store};

const RULES: &str = include_str!("../seed/access.json");

/// What a role allows on a table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Rule {
    read: bool,
    create: bool,
    delete: bool,
    /// Fields that may be written; `*` stands for all. Writes to others are ignored, as an
    /// instance does.
    write: BTreeSet<String>,
    /// Fields that answers leave out.
    hidden_fields: BTreeSet<String>,
    /// An encoded query for records that answers leave out.
    hidden_rows: Option<String>,
    /// Fields whose values may not be asked for (`query_match`).
    no_match: BTreeSet<String>,
    /// Fields that may be neither asked for by ranges and patterns nor sorted by (`query_range`); `*`
    /// stands for all.
    no_range: BTreeSet<String>,
}

/// The rules of every role, by table; `*` stands for any table.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Rules(BTreeMap<String, BTreeMap<String, Rule>>);

impl Rules {
    /// The rules that ship with the emulator.
    pub(crate) fn load() -> Result<Self, SeedError> {
        Ok(serde_json::from_str(RULES)?)
    }

    /// What the holder of a role may do.
    pub(crate) fn of_role(&self, role: &str) -> Access {
        Access {
            tables: self.0.get(role).cloned().unwrap_or_default(),
        }
    }
}

/// What one user may do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    tables: BTreeMap<String, Rule>,
}

impl Access {
    fn rule(&self, table: &Table) -> Option<&Rule> {
        self.tables.get(table.name).or_else(|| self.tables.get("*"))
    }

    /// Whether records of the table may be read at all.
    pub(crate) fn reads(&self, table: &Table) -> bool {
        self.rule(table).is_some_and(|rule| rule.read)
    }

    /// Whether a record may be created.
    pub(crate) fn creates(&self, table: &Table) -> bool {
        self.rule(table).is_some_and(|rule| rule.create)
    }

    /// Whether a record may be deleted.
    pub(crate) fn deletes(&self, table: &Table) -> bool {
        self.rule(table).is_some_and(|rule| rule.delete)
    }

    /// Whether any field of the table may be written.
    pub(crate) fn writes(&self, table: &Table) -> bool {
        self.rule(table).is_some_and(|rule| !rule.write.is_empty())
    }

    /// Whether this field may be written.
    pub(crate) fn writes_field(&self, table: &Table, field: &str) -> bool {
        self.rule(table)
            .is_some_and(|rule| rule.write.contains("*") || rule.write.contains(field))
    }

    /// Whether this field of this record may be read.
    pub(crate) fn sees_field(&self, row: &Row, field: &str) -> bool {
        self.rule(row.table)
            .is_some_and(|rule| rule.read && !rule.hidden_fields.contains(field))
    }

    /// Whether a query of the table may be asked: one that query ACLs deny is refused whole.
    pub(crate) fn queries(&self, table: &Table, query: &Query) -> bool {
        self.rule(table).is_some_and(|rule| {
            let ranges_over =
                |path: &str| !rule.no_range.contains("*") && !rule.no_range.contains(path);
            query.matched().all(|path| !rule.no_match.contains(path))
                && query.ranged().all(ranges_over)
        })
    }

    /// Whether this record may be read.
    pub(crate) fn sees_row(&self, store: &Store, row: &Row) -> bool {
        let Some(rule) = self.rule(row.table).filter(|rule| rule.read) else {
            return false;
        };
        let hidden = rule
            .hidden_rows
            .as_ref()
            .is_some_and(|query| Query::parse(row.table, query, "").matches(store, row));
        !hidden
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{schema, seed};

    #[test]
    fn the_shipped_rules_name_real_tables_and_fields() {
        for (role, tables) in Rules::load().unwrap().0 {
            for (name, rule) in tables {
                if name == "*" {
                    continue;
                }
                let table = schema::table(&name).unwrap_or_else(|| panic!("{role}: {name}"));
                let queried = rule.no_match.iter().chain(&rule.no_range);
                let queried = queried.filter(|field| *field != "*");
                for field in rule.write.iter().chain(&rule.hidden_fields).chain(queried) {
                    assert!(table.field(field).is_some(), "{role}: {name}.{field}");
                }
                if let Some(query) = rule.hidden_rows {
                    assert_eq!(
                        Query::parse(table, &query, "").dropped,
                        0,
                        "{role}: {query}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_reader_writes_nothing_and_the_writer_reads_no_people() {
        let rules = Rules::load().unwrap();
        let (reader, writer) = (
            rules.of_role("snowgate_read"),
            rules.of_role("snowgate_write"),
        );
        let item = schema::table("sc_req_item").unwrap();
        let user = schema::table("sys_user").unwrap();
        assert!(reader.reads(item) && reader.reads(user) && !reader.writes(item));
        assert!(writer.writes_field(item, "work_notes") && !writer.writes_field(item, "opened_by"));
        assert!(!writer.reads(user) && !writer.creates(item) && !writer.deletes(item));
        assert!(!rules.of_role("nonsense").reads(item));
    }

    #[test]
    fn query_acls_deny_sorting_and_ranges_and_let_equality_through() {
        let reader = Rules::load().unwrap().of_role("snowgate_read");
        let may = |name: &str, text: &str| {
            let table = schema::table(name).unwrap();
            reader.queries(table, &Query::parse(table, text, ""))
        };
        for (query, allowed) in [
            ("name=web1", true),
            ("nameINweb1,web2^install_status=1", true),
            ("", true),
            ("nameSTARTSWITHweb", false),
            ("name=web1^ORip_addressLIKE10.", false),
            ("name=web1^NQfqdn>a", false),
            ("name=web1^ORDERBYname", false),
            ("ORDERBYDESCsys_id", false),
        ] {
            assert_eq!(may("cmdb_ci_server", query), allowed, "{query}");
        }
        assert!(may("sys_user", "ORDERBYname") && !may("sys_user", "ORDERBYemail"));
        assert!(!may("sys_user", "mobile_phone=1") && may("sys_user", "email=a@b.example"));
    }

    #[test]
    fn hidden_rows_and_fields_are_not_seen() {
        let store = seed::load().unwrap();
        let reader = Rules::load().unwrap().of_role("snowgate_read");
        let secret = store.find("sc_req_item", "number", "RITM0010099").unwrap();
        let open = store.find("sc_req_item", "number", "RITM0010001").unwrap();
        assert!(!reader.sees_row(&store, secret) && reader.sees_row(&store, open));
        let ada = store.find("sys_user", "user_name", "ada.okafor").unwrap();
        assert!(reader.sees_field(ada, "email") && !reader.sees_field(ada, "mobile_phone"));
    }
}
