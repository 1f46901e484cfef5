//! People, their groups, their roles, and who has delegated to them.

use ports::cmdb::Found;
use snowgate_core::entitlement::{
    DelegatedTo, DelegationFlag, GroupMembership, NestedGroup, RoleHeld, UserRef, UserState,
};
use snowgate_core::id::SysId;

use super::complete::{Lookup, Lookups, read};
use super::key::Key;
use crate::error::ServiceNowError;
use crate::row::Row;

fn names(fields: &[&str]) -> Vec<String> {
    fields.iter().map(|&field| field.to_owned()).collect()
}

fn keys(ids: &[SysId]) -> Vec<Key> {
    ids.iter().map(Key::from).collect()
}

/// People by sys_id, user name and address.
pub(super) async fn users(
    lookups: &Lookups<'_>,
    users: &[UserRef],
) -> Found<UserRef, Vec<UserState>> {
    let mut found = Vec::new();
    for field in ["sys_id", "user_name", "email"] {
        let by_field = users.iter().filter(|user| field == key_of(user));
        let users: Vec<UserRef> = by_field.cloned().collect();
        if users.is_empty() {
            continue;
        }
        let lookup = Lookup {
            operation: "servicenow:ReadUsers",
            table: "sys_user",
            key: field,
            conditions: Vec::new(),
            fields: names(&["active", "locked_out", INTEGRATION]),
        };
        let keys: Vec<Key> = users.iter().map(Key::from).collect();
        let rows = lookups.rows(&lookup, &keys).await;
        found.extend(read(&users, rows, |rows| rows.iter().map(user).collect()));
    }
    found
}

const INTEGRATION: &str = "web_service_access_only";

const fn key_of(user: &UserRef) -> &'static str {
    match user {
        UserRef::SysId(_) => "sys_id",
        UserRef::UserName(_) => "user_name",
        UserRef::Email(_) => "email",
    }
}

fn user(row: &Row) -> Result<UserState, ServiceNowError> {
    Ok(UserState {
        sys_id: row.sys_id()?,
        active: row.boolean("active")?,
        locked_out: row.boolean("locked_out")?,
        // Where nobody has ever ticked it, it is empty.
        integration: match row.text(INTEGRATION)? {
            "" => false,
            _ => row.boolean(INTEGRATION)?,
        },
    })
}

/// Direct memberships.
pub(super) async fn groups_of(
    lookups: &Lookups<'_>,
    people: &[SysId],
) -> Found<SysId, Vec<GroupMembership>> {
    let lookup = Lookup {
        operation: "servicenow:ReadMemberships",
        table: "sys_user_grmember",
        key: "user",
        conditions: Vec::new(),
        fields: names(&["group", "group.active"]),
    };
    let rows = lookups.rows(&lookup, &keys(people)).await;
    read(people, rows, |rows| {
        let memberships: Result<Vec<_>, _> = rows.iter().map(membership).collect();
        Ok(memberships?.into_iter().flatten().collect())
    })
}

/// One membership; none where it leads to no group.
fn membership(row: &Row) -> Result<Option<GroupMembership>, ServiceNowError> {
    let Some(group) = row.reference("group")? else {
        return Ok(None);
    };
    Ok(Some(GroupMembership {
        group,
        record: row.sys_id()?,
        // A reference that leads nowhere, as after the group was deleted, shows as empty.
        active: match row.text("group.active")? {
            "" => false,
            _ => row.boolean("group.active")?,
        },
    }))
}

/// Groups and what they are part of.
pub(super) async fn groups(
    lookups: &Lookups<'_>,
    groups: &[SysId],
) -> Found<SysId, Option<NestedGroup>> {
    let lookup = Lookup {
        operation: "servicenow:ReadGroups",
        table: "sys_user_group",
        key: "sys_id",
        conditions: Vec::new(),
        fields: names(&["active", "parent"]),
    };
    let rows = lookups.rows(&lookup, &keys(groups)).await;
    read(groups, rows, |rows| {
        let group = |row: &Row| {
            Ok(NestedGroup {
                active: row.boolean("active")?,
                parent: row.reference("parent")?,
            })
        };
        rows.first().map(group).transpose()
    })
}

/// Delegations to people.
pub(super) async fn delegations_to(
    lookups: &Lookups<'_>,
    people: &[SysId],
    flag: DelegationFlag,
) -> Found<SysId, Vec<DelegatedTo>> {
    let lookup = Lookup {
        operation: "servicenow:ReadDelegationsTo",
        table: "sys_user_delegate",
        key: "delegate",
        conditions: vec![(flag.as_str(), vec!["true".to_owned()])],
        fields: names(&["user", "starts", "ends"]),
    };
    let rows = lookups.rows(&lookup, &keys(people)).await;
    read(people, rows, |rows| {
        let delegations: Result<Vec<_>, _> = rows.iter().map(delegation).collect();
        Ok(delegations?.into_iter().flatten().collect())
    })
}

/// One delegation; none where it is nobody's.
fn delegation(row: &Row) -> Result<Option<DelegatedTo>, ServiceNowError> {
    let (starts, ends) = (row.date_time("starts")?, row.date_time("ends")?);
    let record = row.sys_id()?;
    Ok(row.reference("user")?.map(|from| DelegatedTo {
        from,
        record,
        starts,
        ends,
    }))
}

/// The rows by which people hold a role.
pub(super) async fn roles_of(
    lookups: &Lookups<'_>,
    people: &[SysId],
    role: &SysId,
) -> Found<SysId, Vec<RoleHeld>> {
    let lookup = Lookup {
        operation: "servicenow:ReadRoles",
        table: "sys_user_has_role",
        key: "user",
        conditions: vec![("role", vec![role.as_str().to_owned()])],
        fields: names(&["state"]),
    };
    let rows = lookups.rows(&lookup, &keys(people)).await;
    read(people, rows, |rows| {
        let held = |row: &Row| {
            Ok(RoleHeld {
                role: role.clone(),
                record: row.sys_id()?,
                active: row.text("state")? == "active",
            })
        };
        rows.iter().map(held).collect()
    })
}
