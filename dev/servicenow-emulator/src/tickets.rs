//! Tickets with their notes, for people to look at.

use serde_json::{Value, json};

use crate::store::{Row, Store};

/// Tables whose records are tickets that Snowgate may answer.
pub(crate) const TABLES: [&str; 3] = ["sc_req_item", "sc_task", "incident"];

/// Every ticket, by table, oldest first.
pub(crate) fn all(store: &Store) -> Vec<Value> {
    TABLES
        .into_iter()
        .flat_map(|table| store.rows(table))
        .map(|row| ticket(store, row))
        .collect()
}

/// One ticket by sys_id.
pub(crate) fn one(store: &Store, sys_id: &str) -> Option<Value> {
    find(store, sys_id).map(|row| ticket(store, row))
}

/// The record of a ticket.
pub(crate) fn find<'s>(store: &'s Store, sys_id: &str) -> Option<&'s Row> {
    TABLES
        .into_iter()
        .find_map(|table| store.get(table, sys_id))
}

/// The journal of a record, oldest first.
pub(crate) fn notes(store: &Store, sys_id: &str) -> Vec<Value> {
    store
        .rows("sys_journal_field")
        .filter(|note| note.value("element_id") == sys_id)
        .map(|note| {
            json!({
                "element": note.value("element"),
                "value": note.value("value"),
                "by": note.value("sys_created_by"),
                "at": note.value("sys_created_on"),
            })
        })
        .collect()
}

fn ticket(store: &Store, row: &Row) -> Value {
    let shown = |name: &str| {
        row.table
            .field(name)
            .map_or_else(String::new, |field| store.display_value(row, field))
    };
    let person = |field: &str| {
        let sys_id = row.value(field);
        store.get("sys_user", sys_id).map(|user| {
            json!({
                "sys_id": sys_id,
                "user_name": user.value("user_name"),
                "name": user.value("name"),
            })
        })
    };
    let account = store
        .find(
            "cmdb_ci_cloud_service_account",
            "account_id",
            row.value("u_account_id"),
        )
        .filter(|_| !row.value("u_account_id").is_empty())
        .map(|account| account.value("name"));
    json!({
        "table": row.table.name,
        "sys_id": row.sys_id(),
        "number": row.value("number"),
        "short_description": row.value("short_description"),
        "state": row.value("state"),
        "state_label": shown("state"),
        "active": row.is_true("active"),
        "opened_by": person("opened_by"),
        "requested_for": person("requested_for"),
        "request": shown("request"),
        "assignment_group": shown("assignment_group"),
        "account_id": row.value("u_account_id"),
        "account_name": account,
        "principal": {
            "type": row.value("u_principal_type"),
            "name": row.value("u_principal_name"),
        },
        "grants": serde_json::from_str::<Value>(row.value("u_grants")).unwrap_or_default(),
        "duration": row.value("u_duration"),
        "justification": row.value("u_justification"),
        "correlation_id": row.value("correlation_id"),
        "correlation_display": row.value("correlation_display"),
        "opened_at": row.value("opened_at"),
        "closed_at": row.value("closed_at"),
        "updated_on": row.value("sys_updated_on"),
        "updated_by": row.value("sys_updated_by"),
        "mod_count": row.value("sys_mod_count"),
        "notes": notes(store, row.sys_id()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed;

    #[test]
    fn tickets_show_names_labels_and_notes() {
        let store = seed::load().unwrap();
        let closed = one(&store, "eeee0000000000000000000000000009").unwrap();
        assert_eq!(closed["state_label"], "Closed Complete");
        assert_eq!(closed["active"], false);
        assert_eq!(closed["opened_by"]["user_name"], "rita.chen");
        assert_eq!(closed["account_name"], "data-lake");
        assert_eq!(closed["notes"][0]["by"], "mei.tanaka");
        assert_eq!(closed["grants"][0]["type"], "attach_managed_policy");
        assert_eq!(all(&store).len(), 14);
    }

    #[test]
    fn a_ticket_without_an_account_has_no_account_name() {
        let store = seed::load().unwrap();
        let incident = one(&store, "22220000000000000000000000000001").unwrap();
        assert_eq!(incident["account_name"], Value::Null);
        assert_eq!(incident["requested_for"], Value::Null);
    }
}
