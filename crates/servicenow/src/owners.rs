//! Reading who owns an AWS account, and who stands behind a group.

use ports::CallError;
use snowgate_core::account::AccountItem;
use snowgate_core::id::{AccountId, SysId};
use snowgate_core::markup;

use crate::error::ServiceNowError;
use crate::query::{MAX_KEYS, Query};
use crate::row::Row;
use crate::session::Session;
use crate::table::{self, TableRead};

const ACCOUNT: &str = "servicenow:ReadAccount";
const ITEM: &str = "servicenow:ReadItem";
const GROUP: &str = "servicenow:ReadGroup";
const MEMBERS: &str = "servicenow:ReadGroupMembers";

/// How many memberships of a group are looked at. Of larger groups, these.
const MEMBERSHIPS: usize = 200;

/// What is read of a configuration item.
const ITEM_FIELDS: &[&str] = &["sys_id", "name", "owned_by", "managed_by", "support_group"];

/// A configuration item of any class: `cmdb_ci` shows those of all classes that extend it.
pub(crate) async fn item(
    session: &Session,
    sys_id: &SysId,
) -> Result<Option<AccountItem>, CallError> {
    let call_error = |error: ServiceNowError| error.in_call(ITEM);
    let read = TableRead {
        table: "cmdb_ci",
        query: Query::id("sys_id", sys_id),
        fields: ITEM_FIELDS.get(1..).unwrap_or_default(),
        limit: 2,
    };
    let found = session.read(ITEM, &read).await?;
    let row = table::at_most_one(found.rows).map_err(call_error)?;
    row.as_ref().map(item_of).transpose().map_err(call_error)
}

/// The configuration item of an account; none unless there is exactly one, counting those that an
/// access rule hides, where the instance says how many there are.
pub(crate) async fn account(
    session: &Session,
    account: &AccountId,
) -> Result<Option<AccountItem>, CallError> {
    let read = TableRead {
        table: "cmdb_ci_cloud_service_account",
        query: Query::account("account_id", account).ascending("sys_id"),
        fields: ITEM_FIELDS,
        limit: 2,
    };
    let found = session.read(ACCOUNT, &read).await?;
    if found.total.is_some_and(|total| total > 1) {
        return Ok(None);
    }
    match found.rows.as_slice() {
        [row] => item_of(row)
            .map(Some)
            .map_err(|error| error.in_call(ACCOUNT)),
        _ => Ok(None),
    }
}

fn item_of(row: &Row) -> Result<AccountItem, ServiceNowError> {
    Ok(AccountItem {
        sys_id: row.sys_id()?,
        name: markup::seen(row.text("name")?)
            .map(shown_name)
            .unwrap_or_default(),
        owned_by: row.reference("owned_by")?,
        managed_by: row.reference("managed_by")?,
        support_group: row.reference("support_group")?,
    })
}

/// The name whole, or that it is too long.
fn shown_name(name: &str) -> String {
    match markup::bounded(name) {
        Some(name) => name.to_owned(),
        None => format!("(a name of more than {} characters)", markup::MAX_NAME),
    }
}

/// The manager of an active group.
pub(crate) async fn group_manager(
    session: &Session,
    group: &SysId,
) -> Result<Option<SysId>, CallError> {
    let call_error = |error: ServiceNowError| error.in_call(GROUP);
    let read = TableRead {
        table: "sys_user_group",
        query: Query::id("sys_id", group),
        fields: &["active", "manager"],
        limit: 2,
    };
    let found = session.read(GROUP, &read).await?;
    let Some(row) = table::at_most_one(found.rows).map_err(call_error)? else {
        return Ok(None);
    };
    let (active, manager) = (
        row.boolean("active").map_err(call_error)?,
        row.reference("manager"),
    );
    Ok(manager.map_err(call_error)?.filter(|_| active))
}

/// The members of an active group, in the order of their ids, at most [`MAX_KEYS`].
pub(crate) async fn group_members(
    session: &Session,
    group: &SysId,
) -> Result<Vec<SysId>, CallError> {
    let read = TableRead {
        table: "sys_user_grmember",
        query: Query::id("group", group).ascending("sys_id"),
        fields: &["user", "group.active"],
        limit: MEMBERSHIPS,
    };
    let found = session.read(MEMBERS, &read).await?;
    members_of(&found.rows).map_err(|error| error.in_call(MEMBERS))
}

fn members_of(rows: &[Row]) -> Result<Vec<SysId>, ServiceNowError> {
    let mut members = Vec::new();
    for row in rows {
        // A reference that leads nowhere, as after the group was deleted, shows as empty.
        let active = match row.text("group.active")? {
            "" => false,
            _ => row.boolean("group.active")?,
        };
        let user = row.reference("user")?;
        members.extend(user.filter(|_| active));
    }
    members.sort();
    members.dedup();
    members.truncate(MAX_KEYS);
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn members(rows: Vec<Value>) -> Result<Vec<String>, ServiceNowError> {
        let rows: Vec<Row> = rows.into_iter().map(|row| Row::new(row).unwrap()).collect();
        Ok(members_of(&rows)?.into_iter().map(String::from).collect())
    }

    #[test]
    fn the_name_of_an_item_is_kept_whole_or_not_at_all() {
        let named = |name: &str| {
            let row = json!({
                "sys_id": "0a".repeat(16), "name": name, "owned_by": "", "managed_by": "",
                "support_group": ""
            });
            item_of(&Row::new(row).unwrap()).unwrap().name
        };
        for length in [1, 101, 1_000] {
            let name = "n".repeat(length);
            assert_eq!(named(&format!(" {name} ")), name);
        }
        assert_eq!(
            named(&"n".repeat(1_001)),
            "(a name of more than 1000 characters)"
        );
        assert_eq!(named("\u{2800} "), "");
    }

    fn membership(user: &str, active: &str) -> Value {
        json!({"user": user, "group.active": active})
    }

    #[test]
    fn members_are_ordered_and_each_once() {
        let (a, b) = ("0a".repeat(16), "0b".repeat(16));
        let rows = vec![
            membership(&b, "true"),
            membership(&a, "true"),
            membership(&b, "true"),
            membership("", "true"),
        ];
        assert_eq!(members(rows), Ok(vec![a, b]));
    }

    #[test]
    fn inactive_and_deleted_groups_have_no_members() {
        let a = "0a".repeat(16);
        assert_eq!(members(vec![membership(&a, "false")]), Ok(vec![]));
        assert_eq!(members(vec![membership(&a, "")]), Ok(vec![]));
        assert_eq!(
            members(vec![json!({ "user": a })]),
            Err(ServiceNowError::MissingField)
        );
        assert_eq!(
            members(vec![membership(&a, "yes")]),
            Err(ServiceNowError::BadValue)
        );
        assert_eq!(
            members(vec![json!({"group.active": "true"})]),
            Err(ServiceNowError::MissingField)
        );
    }

    #[test]
    fn no_more_than_fifty_are_given() {
        let rows = (0..200)
            .map(|n| membership(&format!("{n:032x}"), "true"))
            .collect();
        assert_eq!(members(rows).unwrap().len(), 50);
    }
}
