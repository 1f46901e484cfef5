//! What is written to the ticket.
//!
//! The note holds no name and no address: states, times, what was requested, and the reason as the
//! approver typed it for the requester to read.

mod dry_run;
mod fields;

pub use fields::{OutcomeFields, OutcomeFieldsError};

use std::collections::BTreeMap;

use crate::lifecycle::State;
use crate::record::RequestRecord;
use crate::ticket::{deviation_marker, marker};
use crate::wording::{Quote, access_requested, deviation, outcome};

/// An update of a ServiceNow record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketUpdate {
    /// The marker that stands in the note; a record whose journal holds it has the note.
    pub marker: String,
    /// The work note, with the marker as its last line.
    pub work_notes: String,
    /// What goes to `correlation_id`: the request's id.
    pub correlation_id: String,
    /// Other fields to set, such as `state` and mandatory closure fields, by configuration.
    pub fields: BTreeMap<String, String>,
}

/// The update that reports to the ticket where the request has come, if that was not reported.
#[must_use]
pub fn update(record: &RequestRecord, fields: &OutcomeFields) -> Option<TicketUpdate> {
    let state = record.unreported()?;
    let marker = marker(record.id(), state);
    let mut lines = note(record, state);
    lines.push(marker.clone());
    Some(TicketUpdate {
        marker,
        work_notes: lines.join("\n"),
        correlation_id: record.id().to_string(),
        fields: fields.of(record, state),
    })
}

/// The update that reports to the ticket what was found otherwise in IAM. No field is set: the
/// request goes on.
#[must_use]
pub fn deviation_update(record: &RequestRecord, report: u32) -> Option<TicketUpdate> {
    let found = record.deviation_reports().get(report as usize)?;
    let marker = deviation_marker(record.id(), report);
    let access = access_requested(record.request());
    let mut lines = vec![inert(&format!("{}: {access}.", deviation::status(found)))];
    let said = deviation::lines(record, found);
    lines.extend(said.iter().map(|line| inert(&line.to_string())));
    lines.push(marker.clone());
    Some(TicketUpdate {
        marker,
        work_notes: lines.join("\n"),
        correlation_id: record.id().to_string(),
        fields: BTreeMap::new(),
    })
}

/// The note, line by line.
fn note(record: &RequestRecord, state: State) -> Vec<String> {
    let access = access_requested(record.request());
    let (status, lines) = match outcome(record, state) {
        Some(outcome) => (outcome.status, outcome.lines),
        None => {
            let found = record.preview().map(dry_run::lines);
            let status = "Dry run, nothing was granted and no one was asked";
            (status, found.unwrap_or_default())
        }
    };
    let mut note = vec![inert(&format!("{status}: {access}."))];
    note.extend(lines.iter().map(|line| inert(&line.to_string())));
    if let Some(Quote { label, reason }) = Quote::of(record, state) {
        note.push(inert(&format!("{label}:")));
        note.extend(reason.plain_whole().iter().map(|line| inert(line)));
    }
    note
}

/// Brackets make markup (`[code]`) and our own markers in ServiceNow's journals.
fn inert(text: &str) -> String {
    text.replace('[', "(").replace(']', ")")
}

#[cfg(test)]
pub(crate) mod tests;
