//! Slots whose people changed while the request waits: somebody left, lost their standing, or no
//! letter reaches them. People are looked for anew, a bounded number of times.

use jiff::Timestamp;
use ports::CallError;
use ports::directory::Directory;
use ports::ledger::{CommitError, Ledger};
use ports::mail::Mailer;
use ports::queue::OutcomesQueue;
use ports::servicenow::ServiceNow;
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::record::{ChangeError, Event, RequestRecord};
use snowgate_core::slots::{Excluded, Slot};
use tracing::info;
use workflow::approvers::{self, Rules};

use crate::{DispatchError, Dispatcher};

/// How often a change is tried in one go: once for each slot, and again where somebody else
/// changed the request first.
const TRIES: usize = 32;

impl<L, S, D, M, Q> Dispatcher<L, S, D, M, Q>
where
    L: Ledger,
    S: ServiceNow,
    D: Directory,
    M: Mailer,
    Q: OutcomesQueue,
{
    /// Looks for people for every open slot that needs them; or ends the request where nobody is
    /// left.
    pub(crate) async fn reassign(
        &self,
        mut record: RequestRecord,
        now: Timestamp,
    ) -> Result<RequestRecord, DispatchError> {
        let mut excluded = None;
        for _ in 0..TRIES {
            let needs_reassignment = record
                .needs_reassignment()
                .filter(|_| record.state() == State::Pending);
            let Some(slot) = needs_reassignment.cloned() else {
                return Ok(record);
            };
            let known = match excluded.take() {
                Some(known) => known,
                None => self.excluded(&record).await?,
            };
            let event = self.people_for(&record, &slot, &known, now).await?;
            excluded = Some(known);
            let change = match record.apply(event, Actor::Dispatcher, now) {
                Ok(change) => change,
                // Somebody else found them meanwhile, or the slot was decided.
                Err(ChangeError::SlotDecided | ChangeError::Transition(_)) => return Ok(record),
                Err(other) => return Err(other.into()),
            };
            match self.ledger.commit(&change.clone().into()).await {
                Ok(()) => {
                    info!(state = %change.record.state(), "looked for people anew");
                    record = change.record;
                }
                Err(CommitError::Conflict) => record = self.load(record.id()).await?,
                Err(CommitError::Call(call)) => return Err(call.into()),
            }
        }
        Err(DispatchError::Busy)
    }

    /// Everybody who must not decide on a request whose owners were asked before. The ticket is
    /// read again; without it nobody knows who opened it.
    pub(crate) async fn excluded(&self, record: &RequestRecord) -> Result<Excluded, CallError> {
        let request = record.request();
        let ticket = self.servicenow.ticket(&request.source).await?;
        let ticket = ticket.ok_or(CallError::transient("servicenow:ReadTicket", "Missing"))?;
        let binding = record.binding();
        let beneficiary = binding.and_then(|binding| binding.principal.owner.as_ref());
        approvers::involved(
            &self.servicenow,
            &request.requested_by,
            &ticket,
            beneficiary,
        )
        .await
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
