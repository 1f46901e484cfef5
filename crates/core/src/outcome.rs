//! What the ticket is told.

use std::collections::BTreeMap;

/// An update of a ServiceNow record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The marker that stands in the note; a record whose journal holds it has been told.
    pub marker: String,
    /// The work note, with the marker as its last line.
    pub work_notes: String,
    /// What goes to `correlation_id`: the request's id.
    pub correlation_id: String,
    /// Other fields to set, such as `state` and mandatory closure fields, by configuration.
    pub fields: BTreeMap<String, String>,
}
