//! Slots whose people changed while the request waits: somebody left, was disqualified, or no
//! e-mail reaches them. People are looked for anew, a bounded number of times.

use jiff::Timestamp;
use ports::CallError;
use ports::servicenow::ServiceNow as _;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{Event, RequestRecord};
use snowgate_core::slots::{Excluded, Slot};
use tracing::info;
use workflow::approvers::{self, Rules};
use workflow::change::{Changed, Next, change};

use crate::{DispatchError, Dispatcher, DispatcherPorts};

impl<P: DispatcherPorts> Dispatcher<P> {
    /// Looks for people for every open slot that needs them; or ends the request where nobody is
    /// left.
    pub(crate) async fn reassign(
        &self,
        mut record: RequestRecord,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        let mut excluded = None;
        // Each turn that writes costs a slot one of its attempts.
        while let Some(slot) = to_reassign(&record) {
            let known = match excluded.take() {
                Some(known) => known,
                None => self.excluded(&record).await?,
            };
            let event = self.people_for(&record, slot, &known, now).await?;
            excluded = Some(known);
            let id = slot.id.clone();
            // Somebody else may have found them meanwhile, or the slot was decided.
            let next = |record: &RequestRecord| match to_reassign(record) {
                Some(slot) if slot.id == id => Next::from(event.clone()),
                _ => Next::Done(()),
            };
            let changed = change(&self.requests, record, &Actor::Dispatcher, now, next).await?;
            if let Changed::Written(record) = &changed {
                info!(state = %record.state(), "approvers reassigned");
            }
            record = changed.into_record();
        }
        Ok(record)
    }

    /// Everybody who must not decide on a request whose owners were asked before. The ticket is
    /// read again; without it nobody knows who opened it. Where somebody cannot be recognised any more
    /// it is tried again, until the time to decide is over.
    pub(crate) async fn excluded(&self, record: &RequestRecord) -> Result<Excluded, CallError> {
        let ticket = self.servicenow.ticket(&record.request().source).await?;
        let ticket = ticket.ok_or(CallError::transient("servicenow:ReadTicket", "Missing"))?;
        let (servicenow, guardrails) = (&self.servicenow, &self.guardrails);
        Ok(approvers::involved_in(servicenow, record, &ticket, guardrails).await?)
    }

    /// The people who may decide a slot now, as an event.
    async fn people_for(
        &self,
        record: &RequestRecord,
        slot: &Slot,
        excluded: &Excluded,
        now: Timestamp,
    ) -> Result<Event, CallError> {
        let rules = self.rules(record, excluded, now);
        let mut approvers = approvers::find(
            &self.servicenow,
            &slot.resource,
            slot.eligible_roles(),
            &rules,
        )
        .await?;
        approvers.truncate(self.places_for(record, slot));
        let slot = slot.id.clone();
        Ok(match approvers.is_empty() {
            true => Event::Undeliverable { slot },
            false => Event::SlotReassigned { slot, approvers },
        })
    }

    pub(crate) fn rules<'a>(
        &'a self,
        record: &'a RequestRecord,
        excluded: &'a Excluded,
        now: Timestamp,
    ) -> Rules<'a> {
        Rules {
            excluded,
            unreachable: record.unreachable(),
            guardrails: &self.guardrails,
            now,
        }
    }

    /// How many people a slot may have, beside those of the other slots; always one.
    fn places_for(&self, record: &RequestRecord, slot: &Slot) -> usize {
        let mut others: Vec<_> = record
            .slots()
            .iter()
            .filter(|other| other.id != slot.id)
            .flat_map(|other| &other.approvers)
            .map(|approver| &approver.sys_id)
            .collect();
        others.sort();
        others.dedup();
        let cap = self.guardrails.approvers_per_request();
        cap.saturating_sub(others.len()).max(1)
    }
}

/// The first slot that needs people, while decisions are awaited.
fn to_reassign(record: &RequestRecord) -> Option<&Slot> {
    let slot = record.needs_reassignment();
    slot.filter(|_| record.state() == State::Pending)
}
