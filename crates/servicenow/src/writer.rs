//! Writing outcomes into tickets.
//!
//! `work_notes` is appended to and reads back empty, so a write must not be repeated blindly. An
//! update carries a marker in its note; the record's journal is searched for it first, in code,
//! because a marker has no place in a query. Others write notes too: a marker counts only in a note of
//! the user that this session signs in as, and where that is not known the note is written again. The note and the fields are written in one call and
//! then read back: an instance may answer 200 and save nothing.

use std::collections::BTreeMap;

use http::Method;
use ports::CallError;
use ports::servicenow::{Tickets, Written};
use serde_json::{Map, Value};
use snowgate_core::id::SysId;
use snowgate_core::request::TableName;
use snowgate_core::ticket_note::TicketUpdate;

use crate::error::ServiceNowError;
use crate::query::Query;
use crate::row::Row;
use crate::session::{Session, TableCall};
use crate::table::{self, TableRead};
use crate::tickets::TicketTable;

const OPERATION: &str = "servicenow:UpdateTicket";

/// How many of the newest work notes are searched for the marker.
const NOTES: usize = 50;

/// Fields whose text is appended to a journal: they read back empty.
const JOURNALS: [&str; 2] = ["work_notes", "comments"];

/// Writes to tickets, and reads back what it wrote.
#[derive(Debug, Clone)]
pub struct Writer {
    session: Session,
}

impl Writer {
    /// A writer over this session.
    #[must_use]
    pub const fn new(session: Session) -> Self {
        Self { session }
    }
}

impl Tickets for Writer {
    async fn update(
        &self,
        table: &TableName,
        sys_id: &SysId,
        update: &TicketUpdate,
    ) -> Result<Written, CallError> {
        let table = TicketTable::try_from(table).map_err(|error| error.in_call(OPERATION))?;
        let stored = stored_fields(update).map_err(|error| error.in_call(OPERATION))?;
        let target = Target {
            session: &self.session,
            table,
            sys_id,
        };
        let before = target.notes(&update.marker).await?;
        let noted = before.own > 0;
        let missing = target.unsaved(&stored).await?;
        let body = match (noted, missing.is_empty()) {
            (true, true) => return Ok(Written::Before),
            // The note stands already, but fields beside it were not saved.
            (true, false) => to_json(missing),
            (false, _) => whole_update(update, stored.clone()),
        };
        target.patch(body).await?;
        let saved = target.unsaved(&stored).await?.is_empty();
        if saved && (noted || target.notes(&update.marker).await?.has_grown_from(&before)) {
            Ok(Written::Now)
        } else {
            Err(ServiceNowError::NotSaved.in_call(OPERATION))
        }
    }
}

type Fields<'u> = BTreeMap<&'u str, &'u str>;

/// The fields that can be read back, after checking that the update is safe to write: its marker
/// is in its note, and it sets no field that is not its own to set.
fn stored_fields(update: &TicketUpdate) -> Result<Fields<'_>, ServiceNowError> {
    let marked = !update.marker.trim().is_empty() && update.work_notes.contains(&update.marker);
    let own = |field: &String| {
        let plain = (1..=80).contains(&field.len())
            && field
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        plain && !field.starts_with("sys_") && field != "work_notes" && field != "correlation_id"
    };
    if !marked || update.correlation_id.is_empty() || !update.fields.keys().all(own) {
        return Err(ServiceNowError::BadUpdate);
    }
    let mut fields: Fields<'_> = update
        .fields
        .iter()
        .map(|(field, value)| (field.as_str(), value.as_str()))
        .filter(|(field, _)| !JOURNALS.contains(field))
        .collect();
    fields.insert("correlation_id", &update.correlation_id);
    Ok(fields)
}

/// The note and all fields of an update.
fn whole_update<'u>(update: &'u TicketUpdate, mut fields: Fields<'u>) -> Map<String, Value> {
    fields.insert("work_notes", &update.work_notes);
    if let Some(comments) = update.fields.get("comments") {
        fields.insert("comments", comments);
    }
    to_json(fields)
}

fn to_json(fields: Fields<'_>) -> Map<String, Value> {
    fields
        .into_iter()
        .map(|(field, value)| (field.to_owned(), value.into()))
        .collect()
}

/// Whether what was read back is what was written. Ends of lines and white space around a text
/// are the instance's to choose.
fn reads_back_as(written: &str, read: &str) -> bool {
    let plain = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    written == read || plain(written) == plain(read)
}

/// How many notes hold a marker.
#[derive(Debug, Default)]
struct MarkedNotes {
    /// Those of the user that the session signs in as.
    own: usize,
    /// Those of others, or of nobody knows whom.
    others: usize,
}

impl MarkedNotes {
    /// Whether there are more than before, of whomever: just now somebody wrote one, and so did we.
    const fn has_grown_from(&self, before: &Self) -> bool {
        self.own > before.own || self.own + self.others > before.own + before.others
    }
}

/// Whether a note of this author was written by the user that the session signs in as. ServiceNow
/// compares user names without regard to case.
fn is_ours(user_name: Option<&str>, author: &str) -> bool {
    user_name.is_some_and(|name| {
        !author.is_empty() && name.trim().to_lowercase() == author.trim().to_lowercase()
    })
}

/// The record to be written to.
struct Target<'w> {
    session: &'w Session,
    table: TicketTable,
    sys_id: &'w SysId,
}

impl Target<'_> {
    /// Those of the newest work notes that hold the marker.
    async fn notes(&self, marker: &str) -> Result<MarkedNotes, CallError> {
        let call_error = |error: ServiceNowError| error.in_call(OPERATION);
        let read = TableRead {
            table: "sys_journal_field",
            query: Query::id("element_id", self.sys_id)
                .and("element", "work_notes")
                .descending("sys_created_on"),
            fields: &["value", "sys_created_by"],
            limit: NOTES,
        };
        let found = self.session.read(OPERATION, &read).await?;
        let mut notes = MarkedNotes::default();
        for row in &found.rows {
            if !row.text("value").map_err(call_error)?.contains(marker) {
                continue;
            }
            let author = row.optional_text("sys_created_by").map_err(call_error)?;
            match is_ours(self.session.user_name(), author) {
                true => notes.own += 1,
                false => notes.others += 1,
            }
        }
        Ok(notes)
    }

    /// Those of the fields that the record does not hold.
    async fn unsaved<'u>(&self, wanted: &Fields<'u>) -> Result<Fields<'u>, CallError> {
        let call_error = |error: ServiceNowError| error.in_call(OPERATION);
        let fields: Vec<&str> = wanted.keys().copied().collect();
        let read = TableRead {
            table: self.table.name(),
            query: Query::id("sys_id", self.sys_id),
            fields: &fields,
            limit: 2,
        };
        let found = self.session.read(OPERATION, &read).await?;
        let row = table::at_most_one(found.rows).map_err(call_error)?;
        let row = row.ok_or_else(|| call_error(ServiceNowError::NoRecord))?;
        let mut unsaved = Fields::new();
        for (field, value) in wanted {
            if !reads_back_as(value, row.text(field).map_err(call_error)?) {
                unsaved.insert(field, value);
            }
        }
        Ok(unsaved)
    }

    /// Writes, and checks that the answer is about this record. Whether it was saved is not for
    /// the answer to say.
    async fn patch(&self, body: Map<String, Value>) -> Result<(), CallError> {
        let call_error = |error: ServiceNowError| error.in_call(OPERATION);
        let parameters =
            table::answer_format(&["sys_id", "state", "correlation_id", "sys_mod_count"]);
        let url = self.session.instance();
        let url = url
            .table_url(self.table.name(), Some(self.sys_id), &parameters)
            .map_err(call_error)?;
        let body = Some(Value::Object(body).to_string().into_bytes());
        let call = TableCall {
            method: Method::PATCH,
            url,
            body,
        };
        let answer = self.session.call(OPERATION, &call).await?;
        let row = Row::new(answer.result).map_err(call_error)?;
        match row.sys_id().map_err(call_error)? == *self.sys_id {
            true => Ok(()),
            false => Err(call_error(ServiceNowError::WrongRow)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update() -> TicketUpdate {
        TicketUpdate {
            marker: "[snowgate req-1 active]".to_owned(),
            work_notes: "Granted.\n[snowgate req-1 active]".to_owned(),
            correlation_id: "req-1".to_owned(),
            fields: [("state", "3"), ("comments", "Done")]
                .map(|(field, value)| (field.to_owned(), value.to_owned()))
                .into(),
        }
    }

    #[test]
    fn journals_are_written_but_not_read_back() {
        let update = update();
        let stored = stored_fields(&update).unwrap();
        assert_eq!(
            stored,
            Fields::from([("correlation_id", "req-1"), ("state", "3")])
        );
        let body = Value::Object(whole_update(&update, stored));
        assert_eq!(
            body,
            serde_json::json!({
                "work_notes": update.work_notes, "comments": "Done",
                "correlation_id": "req-1", "state": "3"
            })
        );
    }

    #[test]
    fn updates_that_could_do_harm_are_refused() {
        let changed = |change: fn(&mut TicketUpdate)| {
            let mut update = update();
            change(&mut update);
            stored_fields(&update).err()
        };
        let bad = Some(ServiceNowError::BadUpdate);
        assert_eq!(changed(|u| u.marker = " ".to_owned()), bad);
        assert_eq!(changed(|u| u.work_notes = "Granted.".to_owned()), bad);
        assert_eq!(changed(|u| u.correlation_id.clear()), bad);
        for field in [
            "sys_id",
            "work_notes",
            "correlation_id",
            "opened_by.name",
            "State",
            "",
        ] {
            let mut update = update();
            update.fields.insert(field.to_owned(), String::new());
            assert_eq!(stored_fields(&update).err(), bad, "{field}");
        }
    }

    #[test]
    fn line_ends_do_not_count() {
        assert!(reads_back_as("a\nb\n", "a\r\nb"));
        assert!(!reads_back_as("3", "4") && !reads_back_as("3", ""));
    }
}
