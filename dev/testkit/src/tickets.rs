//! ServiceNow in memory, for writing.

use std::sync::{Arc, Mutex};

use ports::servicenow::{Tickets, Written};
use ports::{CallError, Failure};
use snowgate_core::id::SysId;
use snowgate_core::request::TableName;
use snowgate_core::ticket_note::TicketUpdate;

/// Keeps the updates of tickets.
#[derive(Debug, Clone, Default)]
pub struct FakeTickets(Arc<Mutex<Journal>>);

#[derive(Debug, Default)]
struct Journal {
    updates: Vec<(TableName, SysId, TicketUpdate)>,
    failure: Option<Failure>,
}

impl FakeTickets {
    /// The updates that were written, in order.
    #[must_use]
    pub fn updates(&self) -> Vec<(TableName, SysId, TicketUpdate)> {
        self.0.lock().unwrap().updates.clone()
    }

    /// The notes that were written, in order.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let updates = self.updates().into_iter();
        updates.map(|(_, _, update)| update.work_notes).collect()
    }

    /// Makes every call fail so, or work again.
    pub fn set_failure(&self, failure: Option<Failure>) {
        self.0.lock().unwrap().failure = failure;
    }
}

impl Tickets for FakeTickets {
    async fn update(
        &self,
        table: &TableName,
        sys_id: &SysId,
        update: &TicketUpdate,
    ) -> Result<Written, CallError> {
        const UPDATE: &str = "fake:Update";
        let mut journal = self.0.lock().unwrap();
        match journal.failure {
            Some(Failure::Transient) => return Err(CallError::transient(UPDATE, "Unreachable")),
            Some(Failure::Permanent) => return Err(CallError::permanent(UPDATE, "NotSaved")),
            None => {}
        }
        let reported = journal.updates.iter().any(|(of, id, there)| {
            of == table && id == sys_id && there.work_notes.contains(&update.marker)
        });
        if reported {
            return Ok(Written::Before);
        }
        journal
            .updates
            .push((table.clone(), sys_id.clone(), update.clone()));
        Ok(Written::Now)
    }
}
