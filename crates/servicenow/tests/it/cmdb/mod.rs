//! Reading what entitlements are judged by, from the project's own ServiceNow.

mod contract;
mod counts;
mod faults;
mod hidden;
mod injection;
mod pages;

use std::time::Duration;

use ports::Clock;
use serde_json::{Map, Value, json};
use servicenow::{CmdbReader, Limits};
use snowgate_core::entitlement::{Entitlement, EntitlementRules, Profile, Question};

use crate::emulator::{Stage, Way};
use crate::server::quick;

/// Everything counts.
pub(crate) const RULES: &str = r#"
[usual]
owner_fields = ["owned_by", "u_asset_owner"]
groups = { fields = ["support_group", "managed_by_group"], nesting = 2 }
delegation = "assignments"
role = "00000000000000000000000000000f0e"
statuses = { install = ["1"], operational = ["1"], life_cycle = ["In Use"] }
[usual.applications]
relation_types = ["00000000000000000000000000000f01"]
service_associations = true
owner_fields = ["owned_by"]
group_fields = ["support_group"]
"#;

pub(crate) fn profile() -> Profile {
    let rules = EntitlementRules::parse(RULES).unwrap();
    rules.profile(None).unwrap().clone()
}

/// A record by a number.
pub(crate) fn id(n: usize) -> String {
    format!("{n:032x}")
}

pub(crate) const RITA: usize = 0xa1;
pub(crate) const ADAM: usize = 0xa2;
pub(crate) const OPS: usize = 0xb1;
pub(crate) const IT: usize = 0xb2;
pub(crate) const ROLE: usize = 0xf0e;
pub(crate) const RUNS_ON: usize = 0xf01;

pub(crate) fn person(n: usize) -> Value {
    json!({
        "sys_id": id(n), "user_name": format!("person.{n:x}"), "active": "true",
        "locked_out": "false", "email": format!("person.{n:x}@brightwater.example")
    })
}

/// A record with more fields.
pub(crate) fn with(mut record: Value, more: Value) -> Value {
    let more: Map<String, Value> = more.as_object().unwrap().clone();
    record.as_object_mut().unwrap().extend(more);
    record
}

/// A server in use.
pub(crate) fn server(n: usize, more: Value) -> Value {
    let server = json!({
        "sys_id": id(n), "sys_class_name": "cmdb_ci_server", "name": format!("web-{n}"),
        "install_status": "1", "operational_status": "1"
    });
    with(server, more)
}

/// An application in use.
pub(crate) fn application(n: usize, more: Value) -> Value {
    with(server(n, json!({ "sys_class_name": "cmdb_ci_appl" })), more)
}

impl Stage {
    pub(crate) async fn put(&self, records: Value) {
        self.control("POST", "records", Some(records)).await;
    }

    pub(crate) fn cmdb(&self) -> CmdbReader {
        self.cmdb_within(Limits {
            retries: 0,
            ..quick()
        })
    }

    pub(crate) fn cmdb_within(&self, limits: Limits) -> CmdbReader {
        CmdbReader::new(self.session(&self.config.read, Way::Basic, limits))
    }

    /// The calls since the last reset of the list.
    pub(crate) async fn calls(&self) -> Vec<Value> {
        let requests = self.control("GET", "requests", None).await;
        requests["requests"].as_array().unwrap().clone()
    }
}

pub(crate) async fn ask(
    cmdb: &CmdbReader,
    profile: &Profile,
    asked: &[String],
) -> Vec<Entitlement> {
    ask_about(cmdb, profile, &id(RITA), asked).await
}

pub(crate) async fn ask_about(
    cmdb: &CmdbReader,
    profile: &Profile,
    user: &str,
    asked: &[String],
) -> Vec<Entitlement> {
    let resources = asked.iter().map(|text| text.as_str());
    let question = Question::parse(user, resources, None).unwrap();
    let clock = Clock::new(jiff::Timestamp::now);
    let deadline = Duration::from_secs(20);
    workflow::entitlements::verify(cmdb, &clock, profile, &question, deadline).await
}
