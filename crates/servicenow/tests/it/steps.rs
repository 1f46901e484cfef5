//! Every lookup there is, with the answer a well-behaved instance gives.

use ports::CallError;
use ports::servicenow::ServiceNow as _;
use serde_json::{Value, json};
use servicenow::Reader;
use snowgate_core::id::SysId;
use snowgate_core::request::{RecordNumber, Source, TableName};

/// 32 digits of one pair.
pub(crate) fn id(pair: &str) -> String {
    pair.repeat(16)
}

pub(crate) fn sys_id(pair: &str) -> SysId {
    id(pair).parse().unwrap()
}

pub(crate) fn source(table: &str) -> Source {
    Source {
        table: TableName::try_from(table.to_owned()).unwrap(),
        sys_id: sys_id("0e"),
        number: RecordNumber::try_from("RITM0010001".to_owned()).unwrap(),
    }
}

pub(crate) const ACCOUNT: &str = "210987654321";

/// One lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Item,
    Task,
    Incident,
    People,
    Named,
    Manager,
    Account,
    GroupManager,
    GroupMembers,
}

impl Step {
    pub(crate) const ALL: [Self; 9] = [
        Self::Item,
        Self::Task,
        Self::Incident,
        Self::People,
        Self::Named,
        Self::Manager,
        Self::Account,
        Self::GroupManager,
        Self::GroupMembers,
    ];

    /// Asks, and gives what was found in a form that can be compared: `None` and empty lists are
    /// `nobody`.
    pub(crate) async fn ask(self, reader: &Reader) -> Result<String, CallError> {
        fn shown<T: std::fmt::Debug>(found: Option<T>) -> String {
            found.map_or("nobody".to_owned(), |found| format!("{found:?}"))
        }
        let account = ACCOUNT.parse().unwrap();
        let group = sys_id("0b");
        Ok(match self {
            Self::Item => shown(reader.ticket(&source("sc_req_item")).await?),
            Self::Task => shown(reader.ticket(&source("sc_task")).await?),
            Self::Incident => shown(reader.ticket(&source("incident")).await?),
            Self::People => {
                let people = reader.people(&[sys_id("0a")]).await?;
                shown((!people.is_empty()).then_some(people))
            }
            Self::Named => shown(
                reader
                    .person_by_user_name(&"ada.okafor".parse().unwrap())
                    .await?,
            ),
            Self::Manager => shown(reader.manager(&sys_id("0a")).await?),
            Self::Account => shown(reader.account(&account).await?),
            Self::GroupManager => shown(reader.group_manager(&group).await?),
            Self::GroupMembers => {
                let members = reader.group_members(&group).await?;
                shown((!members.is_empty()).then_some(members))
            }
        })
    }

    /// The table that is asked.
    pub(crate) fn table(self) -> &'static str {
        match self {
            Self::Item => "sc_req_item",
            Self::Task => "sc_task",
            Self::Incident => "incident",
            Self::People | Self::Named | Self::Manager => "sys_user",
            Self::Account => "cmdb_ci_cloud_service_account",
            Self::GroupManager => "sys_user_group",
            Self::GroupMembers => "sys_user_grmember",
        }
    }

    /// The only right row.
    pub(crate) fn row(self) -> Value {
        let ticket = |more: Value| {
            let mut row = json!({
                "sys_id": id("0e"), "number": "RITM0010001", "active": "true", "opened_by": id("0a")
            });
            row.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            row
        };
        match self {
            Self::Item => ticket(
                json!({"requested_for": id("0a"), "request.requested_for": id("0c"), "request.opened_by": id("0a")}),
            ),
            Self::Task => ticket(
                json!({"request_item.requested_for": id("0a"), "request.requested_for": id("0c"),
                    "request_item.opened_by": id("0a"), "request.opened_by": ""}),
            ),
            Self::Incident => ticket(json!({"caller_id": id("0a")})),
            Self::People => json!({
                "sys_id": id("0a"), "name": "canary name", "active": "true",
                "locked_out": "false", "email": "canary@brightwater.example", "title": "canary",
                "user_name": "canary.user", "employee_number": "canary"
            }),
            Self::Named => json!({
                "sys_id": id("0a"), "user_name": "ada.okafor", "name": "canary name",
                "active": "true", "locked_out": "false", "email": "canary@brightwater.example", "title": "canary",
                "employee_number": "canary"
            }),
            Self::Manager => json!({"sys_id": id("0a"), "manager": id("0c")}),
            Self::Account => json!({
                "sys_id": id("0d"), "account_id": ACCOUNT, "name": "canary account",
                "owned_by": id("0a"), "managed_by": "", "support_group": id("0b")
            }),
            Self::GroupManager => {
                json!({"sys_id": id("0b"), "active": "true", "manager": id("0a")})
            }
            Self::GroupMembers => json!({
                "sys_id": id("0f"), "group": id("0b"), "group.active": "true", "user": id("0a")
            }),
        }
    }

    /// The field that must echo what was asked for.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Account => "account_id",
            Self::GroupMembers => "group",
            Self::Named => "user_name",
            _ => "sys_id",
        }
    }
}
