//! Faults that a test asks for: the bad habits of real instances, on demand.

mod kind;

use axum::http::Method;
use serde::{Deserialize, Serialize};

pub use kind::FaultKind;
pub(crate) use kind::{accepted, too_many};

/// Which calls a fault hits, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// A table, or `oauth_token.do`; without it any table.
    #[serde(default)]
    pub table: Option<String>,
    /// `GET`, `POST`, `PATCH`, `PUT` or `DELETE`; without it any.
    #[serde(default)]
    pub method: Option<String>,
    /// Only calls of this `user_name`.
    #[serde(default)]
    pub user: Option<String>,
    /// Only calls on this record.
    #[serde(default)]
    pub sys_id: Option<String>,
    /// Only calls whose decoded `sysparm_query` contains this.
    #[serde(default)]
    pub query_contains: Option<String>,
    /// How many calls to hit; 0: all until removed.
    #[serde(default = "once")]
    pub count: u32,
    /// How many matching calls to let through first.
    #[serde(default)]
    pub skip: u32,
    /// Do the work first and spoil only the answer.
    #[serde(default)]
    pub after: bool,
    /// What goes wrong.
    pub fault: FaultKind,
}

const fn once() -> u32 {
    1
}

/// A fault in force.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Armed {
    id: u64,
    /// How many calls it has hit so far.
    hits: u32,
    #[serde(flatten)]
    fault: FaultRule,
}

/// What a fault is matched against.
pub(crate) struct Aim<'call> {
    pub(crate) table: &'call str,
    pub(crate) method: &'call Method,
    pub(crate) user: Option<&'call str>,
    pub(crate) sys_id: Option<&'call str>,
    pub(crate) query: &'call str,
}

impl FaultRule {
    fn aims_at(&self, aim: &Aim<'_>) -> bool {
        let same = |wanted: &Option<String>, actual: Option<&str>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| Some(wanted) == actual)
        };
        let table = match &self.table {
            Some(table) => table == aim.table,
            None => aim.table != crate::call::TOKEN_ENDPOINT,
        };
        table
            && self
                .method
                .as_deref()
                .is_none_or(|m| m.eq_ignore_ascii_case(aim.method.as_str()))
            && same(&self.user, aim.user)
            && same(&self.sys_id, aim.sys_id)
            && self
                .query_contains
                .as_deref()
                .is_none_or(|part| aim.query.contains(part))
    }
}

/// All faults in force, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Vec<Armed>,
    next: u64,
}

impl Faults {
    /// Adds a fault and gives its number.
    pub(crate) fn add(&mut self, fault: FaultRule) -> u64 {
        self.next += 1;
        self.armed.push(Armed {
            id: self.next,
            hits: 0,
            fault,
        });
        self.next
    }

    /// All that are in force.
    pub(crate) fn list(&self) -> &[Armed] {
        &self.armed
    }

    /// Removes one; `false` if there was none.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.armed.len();
        self.armed.retain(|armed| armed.id != id);
        self.armed.len() < before
    }

    /// Removes all.
    pub(crate) fn clear(&mut self) {
        self.armed.clear();
    }

    /// The oldest fault that hits this call, used up by one; whether the work is done first.
    pub(crate) fn take(&mut self, aim: &Aim<'_>) -> Option<(FaultKind, bool)> {
        let mut taken = None;
        for armed in &mut self.armed {
            if !armed.fault.aims_at(aim) {
                continue;
            }
            if armed.fault.skip > 0 {
                armed.fault.skip -= 1;
                continue;
            }
            armed.hits += 1;
            taken = Some((armed.fault.fault.clone(), armed.fault.after));
            break;
        }
        self.armed
            .retain(|armed| armed.fault.count == 0 || armed.hits < armed.fault.count);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aim(table: &'static str) -> Aim<'static> {
        Aim {
            table,
            method: &Method::GET,
            user: Some("u"),
            sys_id: None,
            query: "active=true",
        }
    }

    fn fault(json: &str) -> FaultRule {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_fault_hits_what_it_names_as_often_as_it_says() {
        let mut faults = Faults::default();
        faults.add(fault(
            r#"{"table":"sys_user","method":"get","skip":1,"count":2,"fault":{"kind":"accepted"}}"#,
        ));
        assert!(faults.take(&aim("incident")).is_none());
        assert!(faults.take(&aim("sys_user")).is_none(), "skipped once");
        assert!(faults.take(&aim("sys_user")).is_some());
        assert!(faults.take(&aim("sys_user")).is_some());
        assert!(faults.take(&aim("sys_user")).is_none());
        assert!(faults.list().is_empty());
    }

    #[test]
    fn zero_lasts_and_filters_combine() {
        let mut faults = Faults::default();
        let id = faults.add(fault(
            r#"{"count":0,"user":"u","query_contains":"active","fault":{"kind":"truncated"}}"#,
        ));
        for _ in 0..5 {
            assert!(faults.take(&aim("sys_user")).is_some());
        }
        assert!(
            faults
                .take(&Aim {
                    user: None,
                    ..aim("sys_user")
                })
                .is_none()
        );
        assert!(
            faults
                .take(&Aim {
                    query: "",
                    ..aim("sys_user")
                })
                .is_none()
        );
        assert!(
            faults.take(&aim(crate::call::TOKEN_ENDPOINT)).is_none(),
            "tables only, unless named"
        );
        assert!(faults.remove(id) && !faults.remove(id));
    }

    #[test]
    fn misspelt_faults_are_refused() {
        for text in [
            r#"{"tabel":"x","fault":{"kind":"accepted"}}"#,
            r#"{"fault":{"kind":"acepted"}}"#,
            r#"{"fault":{"kind":"slow","seconds":1,"millis":1}}"#,
        ] {
            assert!(serde_json::from_str::<FaultRule>(text).is_err(), "{text}");
        }
    }
}
