//! Reading delegations (`sys_user_delegate`).

use ports::CallError;
use snowgate_core::id::SysId;
use snowgate_core::slots::Delegation;

use crate::error::ServiceNowError;
use crate::query::Query;
use crate::row::Row;
use crate::session::Session;
use crate::table::TableRead;

const OPERATION: &str = "servicenow:ReadDelegates";

/// How many delegations are looked at, the latest to begin first.
const MOST: usize = 200;

/// The delegations of approvals by these people, whatever their dates: which of them hold is
/// decided by our clock.
pub(crate) async fn delegations(
    session: &Session,
    of: &[SysId],
) -> Result<Vec<Delegation>, CallError> {
    let call_error = |error: ServiceNowError| error.in_call(OPERATION);
    let mut of = of.to_vec();
    of.sort();
    of.dedup();
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let query = Query::among("user", &of).map_err(call_error)?;
    let read = TableRead {
        table: "sys_user_delegate",
        query: query.and("approvals", "true").descending("starts"),
        fields: &["delegate", "starts", "ends"],
        limit: MOST,
    };
    let found = session.read(OPERATION, &read).await?;
    let delegations: Result<Vec<_>, _> = found.rows.iter().map(delegation_of).collect();
    Ok(delegations
        .map_err(call_error)?
        .into_iter()
        .flatten()
        .collect())
}

/// One delegation; none where it leads to nobody.
fn delegation_of(row: &Row) -> Result<Option<Delegation>, ServiceNowError> {
    let from = row.reference("user")?.ok_or(ServiceNowError::BadValue)?;
    let (starts, ends) = (row.date_time("starts")?, row.date_time("ends")?);
    Ok(row.reference("delegate")?.map(|to| Delegation {
        from,
        to,
        starts,
        ends,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn row() -> Value {
        json!({
            "user": "0a".repeat(16), "approvals": "true", "delegate": "0b".repeat(16),
            "starts": "2026-01-01 00:00:00", "ends": "2026-01-31 23:59:59",
        })
    }

    fn read(row: Value) -> Result<Option<Delegation>, ServiceNowError> {
        delegation_of(&Row::new(row).unwrap())
    }

    #[test]
    fn a_delegation_is_read_whole_or_not_at_all() {
        let delegation = read(row()).unwrap().unwrap();
        assert_eq!(delegation.to.as_str(), "0b".repeat(16));
        assert!(delegation.holds("2026-01-31T23:59:59Z".parse().unwrap()));
        assert!(!delegation.holds("2026-02-01T00:00:00Z".parse().unwrap()));
        for field in ["user", "delegate", "starts", "ends"] {
            let mut hidden = row();
            hidden.as_object_mut().unwrap().remove(field);
            assert_eq!(read(hidden), Err(ServiceNowError::MissingField), "{field}");
        }
        let mut local = row();
        local["ends"] = "01/31/2026 11:59 PM".into();
        assert_eq!(read(local), Err(ServiceNowError::BadValue));
    }

    #[test]
    fn what_leads_nowhere_or_has_no_end_is_nobody() {
        let mut nobody = row();
        nobody["delegate"] = "".into();
        assert_eq!(read(nobody), Ok(None));
        let mut endless = row();
        endless["ends"] = "".into();
        let endless = read(endless).unwrap().unwrap();
        assert!(!endless.holds("2026-01-15T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn all_shapes_of_references_are_read() {
        let mut linked = row();
        linked["delegate"] = json!({"display_value": "Ben", "value": "0b".repeat(16)});
        linked["user"] =
            json!({"link": format!("x/{}", "0a".repeat(16)), "value": "0a".repeat(16)});
        assert_eq!(read(linked), read(row()));
    }
}
