//! The tables that hold tickets, and what is read of one.

use ports::CallError;
use snowgate_core::id::SysId;
use snowgate_core::request::{RecordNumber, Source, TableName};
use snowgate_core::ticket::Ticket;

use crate::error::ServiceNowError;
use crate::query::Query;
use crate::row::Row;
use crate::session::Session;
use crate::table::{self, TableRead};

const OPERATION: &str = "servicenow:ReadTicket";

/// A table of tickets. There are no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TicketTable {
    RequestedItem,
    CatalogTask,
    Incident,
}

impl TryFrom<&TableName> for TicketTable {
    type Error = ServiceNowError;

    fn try_from(name: &TableName) -> Result<Self, ServiceNowError> {
        [Self::RequestedItem, Self::CatalogTask, Self::Incident]
            .into_iter()
            .find(|table| table.name() == name.as_str())
            .ok_or(ServiceNowError::UnknownTable)
    }
}

impl TicketTable {
    /// The table's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::RequestedItem => "sc_req_item",
            Self::CatalogTask => "sc_task",
            Self::Incident => "incident",
        }
    }

    /// The fields that say who opened the records that a ticket belongs to. All must be in the
    /// answer: one that an access rule hides might name an approver.
    const fn parents_opened_by(self) -> &'static [&'static str] {
        match self {
            Self::RequestedItem => &["request.opened_by"],
            Self::CatalogTask => &["request_item.opened_by", "request.opened_by"],
            Self::Incident => &[],
        }
    }

    /// The fields that say for whom a ticket was opened. The first that is not empty may ask;
    /// nobody of them may decide. All must be in the answer: one that an access rule hides might
    /// name somebody else.
    const fn opened_for(self) -> &'static [&'static str] {
        match self {
            Self::RequestedItem => &["requested_for", "request.requested_for"],
            Self::CatalogTask => &["request_item.requested_for", "request.requested_for"],
            Self::Incident => &["caller_id"],
        }
    }
}

/// Reads the record behind a request.
pub(crate) async fn ticket(
    session: &Session,
    source: &Source,
) -> Result<Option<Ticket>, CallError> {
    let call_error = |error: ServiceNowError| error.in_call(OPERATION);
    let table = TicketTable::try_from(&source.table).map_err(call_error)?;
    let mut fields = vec!["number", "active", "opened_by"];
    fields.extend(table.opened_for());
    fields.extend(table.parents_opened_by());
    let read = TableRead {
        table: table.name(),
        query: Query::id("sys_id", &source.sys_id),
        fields: &fields,
        limit: 2,
    };
    let found = session.read(OPERATION, &read).await?;
    let row = table::at_most_one(found.rows).map_err(call_error)?;
    row.map(|row| ticket_of(table, &row))
        .transpose()
        .map_err(call_error)
}

fn ticket_of(table: TicketTable, row: &Row) -> Result<Ticket, ServiceNowError> {
    let number = RecordNumber::try_from(row.text("number")?.to_owned());
    let people = |fields: &[&str]| {
        let read = fields.iter().map(|field| row.reference(field));
        let read: Vec<Option<SysId>> = read.collect::<Result<_, _>>()?;
        Ok::<_, ServiceNowError>(read.into_iter().flatten())
    };
    let mut opened_for = people(table.opened_for())?;
    let first = opened_for.next();
    Ok(Ticket {
        sys_id: row.sys_id()?,
        number: number.map_err(|_| ServiceNowError::BadValue)?,
        active: row.boolean("active")?,
        opened_by: row.reference("opened_by")?,
        opened_for: first,
        also_named: opened_for
            .chain(people(table.parents_opened_by())?)
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn id(byte: &str) -> String {
        byte.repeat(16)
    }

    fn read(table: TicketTable, more: Value) -> Result<Ticket, ServiceNowError> {
        let mut row = json!({
            "sys_id": id("0e"), "number": "RITM0010001", "active": "true", "opened_by": id("0a")
        });
        row.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        ticket_of(table, &Row::new(row).unwrap())
    }

    #[test]
    fn each_table_says_in_its_own_way_for_whom_a_ticket_is() {
        use TicketTable::{CatalogTask, Incident, RequestedItem};
        let (b, c, d, e) = (id("0b"), id("0c"), id("0d"), id("0f"));
        for (table, more, first, others) in [
            (
                RequestedItem,
                json!({"requested_for": b, "request.requested_for": c, "request.opened_by": d}),
                Some(&b),
                vec![&c, &d],
            ),
            (
                RequestedItem,
                json!({"requested_for": "", "request.requested_for": c, "request.opened_by": ""}),
                Some(&c),
                vec![],
            ),
            (
                RequestedItem,
                json!({"requested_for": "", "request.requested_for": "", "request.opened_by": d}),
                None,
                vec![&d],
            ),
            (
                CatalogTask,
                json!({
                    "request_item.requested_for": b, "request.requested_for": c,
                    "request_item.opened_by": d, "request.opened_by": e,
                }),
                Some(&b),
                vec![&c, &d, &e],
            ),
            (
                CatalogTask,
                json!({
                    "request_item.requested_for": "", "request.requested_for": c,
                    "request_item.opened_by": "", "request.opened_by": "",
                }),
                Some(&c),
                vec![],
            ),
            (
                Incident,
                json!({"caller_id": {"link": format!("x/{b}"), "value": b}}),
                Some(&b),
                vec![],
            ),
        ] {
            let ticket = read(table, more.clone()).unwrap();
            let opened_for = ticket.opened_for.as_ref().map(SysId::as_str);
            assert_eq!(opened_for, first.map(String::as_str), "{table:?} {more}");
            let also: Vec<&str> = ticket.also_named.iter().map(SysId::as_str).collect();
            assert_eq!(also, others, "{table:?} {more}");
            let named: Vec<&str> = ticket.named().map(SysId::as_str).collect();
            let mut all = vec![id("0a")];
            all.extend(first.into_iter().chain(others).cloned());
            assert_eq!(named, all, "{table:?} {more}");
        }
    }

    #[test]
    fn a_hidden_field_is_not_an_empty_one() {
        use TicketTable::{Incident, RequestedItem};
        for (table, more) in [
            (
                RequestedItem,
                json!({"requested_for": id("0b"), "request.opened_by": ""}),
            ),
            (
                RequestedItem,
                json!({"request.requested_for": id("0b"), "request.opened_by": ""}),
            ),
            (
                RequestedItem,
                json!({"requested_for": id("0b"), "request.requested_for": ""}),
            ),
            (Incident, json!({})),
        ] {
            assert_eq!(read(table, more).err(), Some(ServiceNowError::MissingField));
        }
    }

    #[test]
    fn other_tables_are_refused() {
        for name in ["sys_user", "sc_request", "task", "sc_req_item_x"] {
            let name = TableName::try_from(name.to_owned()).unwrap();
            assert_eq!(
                TicketTable::try_from(&name),
                Err(ServiceNowError::UnknownTable)
            );
        }
    }
}
