//! The tables that exist here, with their fields and what the fields hold.
//!
//! Names and inheritance follow the ServiceNow base system (`task` and
//! `cmdb_ci` are the parents of most); fields that start with `u_` are custom
//! ones, as a customer's administrator adds them.

mod choices;
mod tables;

use tables::{COMMON, TABLES};

/// What a field holds; decides its display value, its shape and how it compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Free text.
    Text,
    /// A whole number, sent as a string.
    Integer,
    /// `true` or `false`, sent as a string.
    Boolean,
    /// UTC, `YYYY-MM-DD HH:MM:SS`.
    DateTime,
    /// A stored value with a label shown to people.
    Choice(&'static [(&'static str, &'static str)]),
    /// The sys_id of a record of this table (or of one that extends it).
    Reference(&'static str),
    /// Writing appends to `sys_journal_field`; the stored value is always empty.
    Journal,
}

/// A column.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// A table; its fields include those of the table it extends.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    extends: Option<&'static str>,
    /// The field whose value stands for a record where it is referenced.
    pub(crate) display: &'static str,
    /// What the numbers of its records begin with.
    pub(crate) prefix: Option<&'static str>,
    fields: &'static [Field],
}

/// Finds a table by name.
pub(crate) fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

impl Table {
    /// This table, then the one it extends.
    fn lineage(&'static self) -> impl Iterator<Item = &'static Table> {
        std::iter::successors(Some(self), |table| table.extends.and_then(self::table))
    }

    /// Whether records of this table are also records of `base`.
    pub(crate) fn is_a(&'static self, base: &str) -> bool {
        self.lineage().any(|table| table.name == base)
    }

    /// Every field, inherited ones included.
    pub(crate) fn fields(&'static self) -> impl Iterator<Item = &'static Field> {
        COMMON
            .iter()
            .chain(self.lineage().flat_map(|table| table.fields.iter()))
    }

    /// One field by its plain name.
    pub(crate) fn field(&'static self, name: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.name == name)
    }

    /// The field at the end of a dotted path, if every step before it is a reference.
    pub(crate) fn path(&'static self, path: &str) -> Option<&'static Field> {
        let Some((first, rest)) = path.split_once('.') else {
            return self.field(path);
        };
        match self.field(first)?.kind {
            Kind::Reference(target) => table(target)?.path(rest),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_points_to_a_table_and_every_display_field_exists() {
        for each in TABLES {
            assert!(
                each.field(each.display).is_some(),
                "{} has no {}",
                each.name,
                each.display
            );
            for field in each.fields() {
                if let Kind::Reference(target) = field.kind {
                    assert!(
                        table(target).is_some(),
                        "{}.{} → {target}",
                        each.name,
                        field.name
                    );
                }
            }
        }
    }

    #[test]
    fn no_field_is_declared_twice() {
        for each in TABLES {
            let mut names: Vec<_> = each.fields().map(|field| field.name).collect();
            names.sort_unstable();
            let before = names.len();
            names.dedup();
            assert_eq!(before, names.len(), "{} declares a field twice", each.name);
        }
    }

    #[test]
    fn inherited_and_dotted_fields_are_found() {
        let item = table("sc_req_item").unwrap();
        assert!(item.is_a("task") && !item.is_a("cmdb_ci"));
        assert_eq!(
            item.path("opened_by.manager.email").unwrap().kind,
            Kind::Text
        );
        assert!(item.path("number.email").is_none());
        assert!(item.path("opened_by.nonsense").is_none());
    }
}
