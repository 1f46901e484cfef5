//! Records as the Table API shows them: every value a string, references in
//! one of four shapes.

use serde_json::{Map, Value, json};

use crate::access::Access;
use crate::schema::{Field, Kind};
use crate::store::{Row, Store, Walk};

/// `sysparm_display_value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Display {
    /// Stored values (the default).
    #[default]
    Stored,
    /// What people see.
    Shown,
    /// Both, for every field.
    Both,
}

impl Display {
    /// Anything but `true` and `all` is the default.
    pub(crate) fn parse(text: Option<&str>) -> Self {
        match text {
            Some("true") => Self::Shown,
            Some("all") => Self::Both,
            _ => Self::Stored,
        }
    }
}

/// How records are to be shown.
#[derive(Debug)]
pub(crate) struct Shape {
    /// `sysparm_fields`; `None` asks for all fields of the table.
    pub(crate) fields: Option<Vec<String>>,
    pub(crate) display: Display,
    /// Not `sysparm_exclude_reference_link`.
    pub(crate) links: bool,
    /// What links to records begin with, up to the table's name.
    pub(crate) root: String,
}

impl Shape {
    /// One record. Unknown fields and fields that may not be seen are left out.
    pub(crate) fn record(&self, store: &Store, access: &Access, row: &Row) -> Map<String, Value> {
        let all;
        let paths: &[String] = match &self.fields {
            Some(fields) => fields,
            None => {
                all = row
                    .table
                    .fields()
                    .map(|field| field.name.to_owned())
                    .collect::<Vec<_>>();
                &all
            }
        };
        let sees =
            |row: &Row, field: &str| access.sees_field(row, field) && access.sees_row(store, row);
        paths
            .iter()
            .filter_map(|path| {
                let value = match store.walk(row, path, &sees) {
                    Walk::Unknown => return None,
                    Walk::Empty(_) => self.empty(),
                    Walk::Found(field, owner) => self.value(store, owner, field),
                };
                Some((path.clone(), value))
            })
            .collect()
    }

    fn empty(&self) -> Value {
        match self.display {
            Display::Both => json!({ "display_value": "", "value": "" }),
            Display::Stored | Display::Shown => json!(""),
        }
    }

    fn value(&self, store: &Store, owner: &Row, field: &'static Field) -> Value {
        let raw = owner.value(field.name);
        let shown = store.display_value(owner, field);
        let link = match field.kind {
            Kind::Reference(target) if self.links && !raw.is_empty() => {
                Some(format!("{}/{target}/{raw}", self.root))
            }
            _ => None,
        };
        match (self.display, link) {
            (Display::Stored, None) => json!(raw),
            (Display::Stored, Some(link)) => json!({ "link": link, "value": raw }),
            (Display::Shown, None) => json!(shown),
            (Display::Shown, Some(link)) => json!({ "display_value": shown, "link": link }),
            (Display::Both, None) => json!({ "display_value": shown, "value": raw }),
            (Display::Both, Some(link)) => {
                json!({ "display_value": shown, "value": raw, "link": link })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Rules;
    use crate::seed;

    const RITA: &str = "aaaa0000000000000000000000000002";

    fn shown(fields: &[&str], display: Display, links: bool) -> Value {
        let store = seed::load().unwrap();
        let access = Rules::load().unwrap().of_role("snowgate_read");
        let shape = Shape {
            fields: Some(fields.iter().map(|&field| field.to_owned()).collect()),
            display,
            links,
            root: "http://x/api/now/v2/table".to_owned(),
        };
        let item = store.find("sc_req_item", "number", "RITM0010001").unwrap();
        Value::Object(shape.record(&store, &access, item))
    }

    #[test]
    fn a_reference_has_four_shapes() {
        let link = format!("http://x/api/now/v2/table/sys_user/{RITA}");
        for (display, links, expected) in [
            (
                Display::Stored,
                true,
                json!({ "link": link, "value": RITA }),
            ),
            (Display::Stored, false, json!(RITA)),
            (
                Display::Shown,
                true,
                json!({ "display_value": "Rita Chen", "link": link }),
            ),
            (Display::Shown, false, json!("Rita Chen")),
            (
                Display::Both,
                true,
                json!({ "display_value": "Rita Chen", "value": RITA, "link": link }),
            ),
            (
                Display::Both,
                false,
                json!({ "display_value": "Rita Chen", "value": RITA }),
            ),
        ] {
            let answer = shown(&["opened_by"], display, links);
            assert_eq!(
                answer,
                json!({ "opened_by": expected }),
                "{display:?} {links}"
            );
        }
    }

    #[test]
    fn empty_references_are_empty_strings_and_choices_have_labels() {
        let stored = shown(
            &["cmdb_ci", "cmdb_ci.name", "active", "state"],
            Display::Stored,
            true,
        );
        let plain = json!({ "cmdb_ci": "", "cmdb_ci.name": "", "active": "true", "state": "1" });
        assert_eq!(stored, plain);
        let both = shown(&["cmdb_ci", "state"], Display::Both, true);
        assert_eq!(
            both,
            json!({
                "cmdb_ci": { "display_value": "", "value": "" },
                "state": { "display_value": "Open", "value": "1" }
            })
        );
    }

    #[test]
    fn unknown_and_hidden_fields_are_missing_and_dotted_keys_literal() {
        let answer = shown(
            &[
                "shoe_size",
                "number.x",
                "opened_by.mobile_phone",
                "opened_by.manager.user_name",
            ],
            Display::Stored,
            true,
        );
        assert_eq!(
            answer,
            json!({ "opened_by.manager.user_name": "marek.lindqvist" })
        );
    }
}
