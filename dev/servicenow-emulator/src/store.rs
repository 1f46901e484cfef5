//! The records, in memory, and how a dotted path walks from one to the next.

use std::collections::{BTreeMap, HashMap};

use crate::schema::{self, Field, Kind, Table};

/// Field values by name; a field that is not there is empty.
pub(crate) type Values = BTreeMap<String, String>;

/// One record.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) table: &'static Table,
    values: Values,
}

impl Row {
    /// The stored value, empty where nothing is stored. Journal fields are always empty.
    pub(crate) fn value(&self, field: &str) -> &str {
        self.values.get(field).map_or("", String::as_str)
    }

    /// The record's own identifier.
    pub(crate) fn sys_id(&self) -> &str {
        self.value("sys_id")
    }

    /// Whether the boolean field holds `true`.
    pub(crate) fn is_true(&self, field: &str) -> bool {
        self.value(field) == "true"
    }

    /// Stores a value; an empty one clears the field.
    pub(crate) fn set(&mut self, field: &str, value: impl Into<String>) {
        self.values.insert(field.to_owned(), value.into());
    }

    /// Notes that somebody changed the record.
    pub(crate) fn touch(&mut self, at: &str, by: &str) {
        let count = self
            .value("sys_mod_count")
            .parse::<u64>()
            .unwrap_or_default();
        self.set("sys_mod_count", (count + 1).to_string());
        self.set("sys_updated_on", at);
        self.set("sys_updated_by", by);
    }

    /// Everything that is stored, for the control API.
    pub(crate) fn values(&self) -> &Values {
        &self.values
    }
}

/// Where a dotted path ended.
pub(crate) enum Walk<'store> {
    /// No such field, a step that is no reference, or a step that may not be seen.
    Unknown,
    /// A reference on the way is empty or leads nowhere.
    Empty(&'static Field),
    /// The field and the record that holds it.
    Found(&'static Field, &'store Row),
}

/// All records in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Store {
    rows: BTreeMap<u64, Row>,
    by_id: HashMap<String, u64>,
    next: u64,
}

impl Store {
    /// Records of a table and of those that extend it, oldest first.
    pub(crate) fn rows(&self, table: &str) -> impl Iterator<Item = &Row> {
        self.rows.values().filter(move |row| row.table.is_a(table))
    }

    /// One record by sys_id, if it belongs to the table.
    pub(crate) fn get(&self, table: &str, sys_id: &str) -> Option<&Row> {
        let row = self.rows.get(self.by_id.get(sys_id)?)?;
        row.table.is_a(table).then_some(row)
    }

    /// One record by sys_id, for changing it.
    pub(crate) fn get_mut(&mut self, table: &str, sys_id: &str) -> Option<&mut Row> {
        let row = self.rows.get_mut(self.by_id.get(sys_id)?)?;
        row.table.is_a(table).then_some(row)
    }

    /// Adds a record, or merges its values into the one with the same sys_id.
    pub(crate) fn put(&mut self, table: &'static Table, values: Values) {
        let sys_id = values.get("sys_id").cloned().unwrap_or_default();
        if let Some(row) = self.by_id.get(&sys_id).and_then(|at| self.rows.get_mut(at)) {
            row.values.extend(values);
            return;
        }
        self.by_id.insert(sys_id, self.next);
        self.rows.insert(self.next, Row { table, values });
        self.next += 1;
    }

    /// Removes a record; `false` if there was none.
    pub(crate) fn remove(&mut self, table: &str, sys_id: &str) -> bool {
        if self.get(table, sys_id).is_none() {
            return false;
        }
        self.by_id
            .remove(sys_id)
            .and_then(|at| self.rows.remove(&at))
            .is_some()
    }

    /// The first record of a table with that value in a field.
    pub(crate) fn find(&self, table: &str, field: &str, value: &str) -> Option<&Row> {
        self.rows(table).find(|row| row.value(field) == value)
    }

    /// The next free number of a table, one above the highest in use.
    pub(crate) fn next_number(&self, table: &Table) -> String {
        let Some(prefix) = table.prefix else {
            return String::new();
        };
        let highest = self
            .rows(table.name)
            .filter_map(|row| {
                row.value("number")
                    .strip_prefix(prefix)?
                    .parse::<u64>()
                    .ok()
            })
            .max()
            .unwrap_or(10_000);
        format!("{prefix}{:07}", highest + 1)
    }

    /// What stands for a record where it is referenced.
    pub(crate) fn display_of<'s>(&'s self, table: &str, sys_id: &str) -> &'s str {
        self.get(table, sys_id)
            .map_or("", |row| row.value(row.table.display))
    }

    /// What people see in a field: a label, the referenced record's name, or the value.
    pub(crate) fn display_value(&self, row: &Row, field: &'static Field) -> String {
        let raw = row.value(field.name);
        match field.kind {
            Kind::Reference(target) => self.display_of(target, raw).to_owned(),
            Kind::Choice(choices) => choices
                .iter()
                .find(|(value, _)| *value == raw)
                .map_or(raw, |(_, label)| label)
                .to_owned(),
            Kind::Journal => self.journal_text(row, field.name),
            Kind::Text | Kind::Integer | Kind::Boolean | Kind::DateTime => raw.to_owned(),
        }
    }

    /// The notes of a record, newest first, as one text.
    fn journal_text(&self, row: &Row, element: &str) -> String {
        let label = if element == "comments" {
            "Additional comments"
        } else {
            "Work notes"
        };
        let mut notes: Vec<_> = self
            .rows("sys_journal_field")
            .filter(|note| note.value("element_id") == row.sys_id())
            .filter(|note| note.value("element") == element)
            .map(|note| {
                let (at, by) = (note.value("sys_created_on"), note.value("sys_created_by"));
                format!("{at} - {by} ({label})\n{}\n\n", note.value("value"))
            })
            .collect();
        notes.reverse();
        notes.concat()
    }

    /// Follows a dotted path from a record. `sees` may forbid a field of a record.
    pub(crate) fn walk<'s>(
        &'s self,
        row: &'s Row,
        path: &str,
        sees: &dyn Fn(&Row, &str) -> bool,
    ) -> Walk<'s> {
        let (first, rest) = match path.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path, None),
        };
        let Some(field) = row.table.field(first).filter(|_| sees(row, first)) else {
            return Walk::Unknown;
        };
        let Some(rest) = rest else {
            return Walk::Found(field, row);
        };
        let Kind::Reference(target) = field.kind else {
            return Walk::Unknown;
        };
        let Some(end) = schema::table(target).and_then(|table| table.path(rest)) else {
            return Walk::Unknown;
        };
        match self.get(target, row.value(first)) {
            Some(next) => self.walk(next, rest, sees),
            None => Walk::Empty(end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed;

    #[test]
    fn a_dotted_path_walks_over_references() {
        let store = seed::load().unwrap();
        let item = store.find("sc_req_item", "number", "RITM0010001").unwrap();
        let Walk::Found(field, row) = store.walk(item, "opened_by.manager.user_name", &|_, _| true)
        else {
            panic!("the path leads somewhere");
        };
        assert_eq!(
            (field.name, row.value("user_name")),
            ("user_name", "marek.lindqvist")
        );
        assert!(matches!(
            store.walk(item, "cmdb_ci.name", &|_, _| true),
            Walk::Empty(_)
        ));
        assert!(matches!(
            store.walk(item, "number.name", &|_, _| true),
            Walk::Unknown
        ));
    }

    #[test]
    fn a_forbidden_step_hides_what_lies_behind() {
        let store = seed::load().unwrap();
        let item = store.find("sc_req_item", "number", "RITM0010001").unwrap();
        let sees = |row: &Row, _: &str| row.table.name != "sys_user";
        assert!(matches!(
            store.walk(item, "opened_by", &sees),
            Walk::Found(..)
        ));
        assert!(matches!(
            store.walk(item, "opened_by.email", &sees),
            Walk::Unknown
        ));
    }

    #[test]
    fn numbers_go_on_from_the_highest() {
        let store = seed::load().unwrap();
        let table = schema::table("sc_req_item").unwrap();
        assert_eq!(store.next_number(table), "RITM0010100");
    }
}
