//! The declarations themselves.

use super::choices::{
    INCIDENT_STATES, INSTALLED, OPERATIONAL, PRINCIPALS, PRIORITIES, TASK_STATES,
};
use super::{Field, Kind, Table};

const fn text(name: &'static str) -> Field {
    Field {
        name,
        kind: Kind::Text,
    }
}
const fn integer(name: &'static str) -> Field {
    Field {
        name,
        kind: Kind::Integer,
    }
}
const fn boolean(name: &'static str) -> Field {
    Field {
        name,
        kind: Kind::Boolean,
    }
}
const fn date_time(name: &'static str) -> Field {
    Field {
        name,
        kind: Kind::DateTime,
    }
}
const fn journal(name: &'static str) -> Field {
    Field {
        name,
        kind: Kind::Journal,
    }
}
const fn choice(name: &'static str, choices: &'static [(&'static str, &'static str)]) -> Field {
    Field {
        name,
        kind: Kind::Choice(choices),
    }
}
const fn reference(name: &'static str, target: &'static str) -> Field {
    Field {
        name,
        kind: Kind::Reference(target),
    }
}

/// Fields that every table has.
pub(super) const COMMON: &[Field] = &[
    text("sys_id"),
    date_time("sys_created_on"),
    text("sys_created_by"),
    date_time("sys_updated_on"),
    text("sys_updated_by"),
    integer("sys_mod_count"),
];

const TASK: &[Field] = &[
    text("sys_class_name"),
    text("number"),
    text("short_description"),
    text("description"),
    boolean("active"),
    choice("priority", PRIORITIES),
    reference("opened_by", "sys_user"),
    date_time("opened_at"),
    reference("assigned_to", "sys_user"),
    reference("assignment_group", "sys_user_group"),
    reference("closed_by", "sys_user"),
    date_time("closed_at"),
    text("close_notes"),
    text("correlation_id"),
    text("correlation_display"),
    reference("cmdb_ci", "cmdb_ci"),
    reference("parent", "task"),
    journal("work_notes"),
    journal("comments"),
];

/// The catalogue variables of an access request, kept as custom fields.
const REQUEST_ITEM: &[Field] = &[
    choice("state", TASK_STATES),
    reference("request", "sc_request"),
    reference("requested_for", "sys_user"),
    choice(
        "stage",
        &[
            ("waiting", "Waiting for approval"),
            ("complete", "Completed"),
        ],
    ),
    boolean("u_confidential"),
    text("u_account_id"),
    choice("u_principal_type", PRINCIPALS),
    text("u_principal_name"),
    text("u_grants"),
    text("u_duration"),
    text("u_justification"),
];

const CONFIGURATION_ITEM: &[Field] = &[
    text("sys_class_name"),
    text("name"),
    text("short_description"),
    choice("operational_status", OPERATIONAL),
    choice("install_status", INSTALLED),
    text("life_cycle_stage_status"),
    reference("duplicate_of", "cmdb_ci"),
    text("ip_address"),
    text("fqdn"),
    boolean("u_restricted"),
    reference("managed_by_group", "sys_user_group"),
    reference("owned_by", "sys_user"),
    reference("managed_by", "sys_user"),
    reference("assigned_to", "sys_user"),
    reference("support_group", "sys_user_group"),
    reference("assignment_group", "sys_user_group"),
    reference("u_owner", "sys_user"),
    reference("u_support_group", "sys_user_group"),
    reference("u_application", "cmdb_ci_appl"),
];

const USER: &[Field] = &[
    text("user_name"),
    text("name"),
    text("first_name"),
    text("last_name"),
    text("email"),
    text("title"),
    boolean("active"),
    boolean("locked_out"),
    boolean("web_service_access_only"),
    reference("manager", "sys_user"),
    text("employee_number"),
    text("mobile_phone"),
    text("home_phone"),
];

const GROUP: &[Field] = &[
    text("name"),
    text("description"),
    text("email"),
    boolean("active"),
    reference("manager", "sys_user"),
    reference("parent", "sys_user_group"),
];

macro_rules! table {
    ($name:literal, $extends:expr, $display:literal, $prefix:expr, $fields:expr) => {
        Table {
            name: $name,
            extends: $extends,
            display: $display,
            prefix: $prefix,
            fields: $fields,
        }
    };
}

/// Every table; `task` and `cmdb_ci` can be read as the union of what extends them.
pub(super) const TABLES: &[Table] = &[
    table!("task", None, "number", None, TASK),
    table!(
        "sc_req_item",
        Some("task"),
        "number",
        Some("RITM"),
        REQUEST_ITEM
    ),
    table!(
        "sc_request",
        Some("task"),
        "number",
        Some("REQ"),
        &[
            choice("state", TASK_STATES),
            reference("requested_for", "sys_user")
        ]
    ),
    table!(
        "sc_task",
        Some("task"),
        "number",
        Some("SCTASK"),
        &[
            choice("state", TASK_STATES),
            reference("request_item", "sc_req_item"),
            reference("request", "sc_request"),
        ]
    ),
    table!(
        "incident",
        Some("task"),
        "number",
        Some("INC"),
        &[
            choice("state", INCIDENT_STATES),
            reference("caller_id", "sys_user"),
            text("close_code"),
            text("category"),
        ]
    ),
    table!("sys_user", None, "name", None, USER),
    table!("sys_user_group", None, "name", None, GROUP),
    table!(
        "sys_user_grmember",
        None,
        "sys_id",
        None,
        &[
            reference("user", "sys_user"),
            reference("group", "sys_user_group"),
            boolean("u_restricted"),
        ]
    ),
    table!(
        "sys_user_role",
        None,
        "name",
        None,
        &[text("name"), text("description")]
    ),
    table!(
        "sys_user_has_role",
        None,
        "sys_id",
        None,
        &[
            reference("user", "sys_user"),
            reference("role", "sys_user_role"),
            boolean("inherited"),
            text("state"),
            boolean("u_restricted"),
        ]
    ),
    table!(
        "sys_user_delegate",
        None,
        "sys_id",
        None,
        &[
            reference("user", "sys_user"),
            reference("delegate", "sys_user"),
            date_time("starts"),
            date_time("ends"),
            boolean("approvals"),
            boolean("assignments"),
            boolean("notifications"),
            boolean("invitations"),
            boolean("u_restricted"),
        ]
    ),
    table!("cmdb_ci", None, "name", None, CONFIGURATION_ITEM),
    table!(
        "cmdb_ci_cloud_service_account",
        Some("cmdb_ci"),
        "name",
        None,
        &[
            text("account_id"),
            text("datacenter_type"),
            boolean("is_master_account"),
            text("organization_id"),
        ]
    ),
    table!(
        "cmdb_ci_server",
        Some("cmdb_ci"),
        "name",
        None,
        &[text("os"), reference("u_asset_owner", "sys_user")]
    ),
    table!(
        "cmdb_ci_linux_server",
        Some("cmdb_ci_server"),
        "name",
        None,
        &[text("kernel_release")]
    ),
    table!(
        "cmdb_ci_network_adapter",
        Some("cmdb_ci"),
        "name",
        None,
        &[reference("cmdb_ci", "cmdb_ci"), text("netmask")]
    ),
    table!(
        "cmdb_ci_ip_address",
        Some("cmdb_ci"),
        "name",
        None,
        &[
            reference("nic", "cmdb_ci_network_adapter"),
            text("ip_version")
        ]
    ),
    table!(
        "cmdb_ci_service",
        Some("cmdb_ci"),
        "name",
        None,
        &[text("busines_criticality"), text("used_for")]
    ),
    table!(
        "cmdb_ci_service_auto",
        Some("cmdb_ci_service"),
        "name",
        None,
        &[text("service_status")]
    ),
    table!(
        "svc_ci_assoc",
        None,
        "sys_id",
        None,
        &[
            reference("ci_id", "cmdb_ci"),
            reference("service_id", "cmdb_ci_service_auto"),
            boolean("u_restricted"),
        ]
    ),
    table!(
        "cmdb_ci_appl",
        Some("cmdb_ci"),
        "name",
        None,
        &[text("version")]
    ),
    table!(
        "cmdb_rel_type",
        None,
        "name",
        None,
        &[
            text("name"),
            text("parent_descriptor"),
            text("child_descriptor")
        ]
    ),
    table!(
        "cmdb_rel_ci",
        None,
        "sys_id",
        None,
        &[
            reference("parent", "cmdb_ci"),
            reference("child", "cmdb_ci"),
            reference("type", "cmdb_rel_type"),
            boolean("u_restricted"),
        ]
    ),
    table!(
        "sys_journal_field",
        None,
        "sys_id",
        None,
        &[
            text("element_id"),
            text("element"),
            text("name"),
            text("value")
        ]
    ),
];
