//! Drift: what somebody changed in IAM while access is active. It is told and never mended.

use jiff::Timestamp;
use ports::ledger::Requests as _;
use snowgate_core::account::PrincipalFacts;
use snowgate_core::effect::EffectChange;
use snowgate_core::plan;
use snowgate_core::record::{Deviation, RequestRecord, Worker};
use tracing::{error, warn};

use crate::remove::renamed;
use crate::{LOOKS, ProvisionError, Provisioner, ProvisionerPorts};

impl<P: ProvisionerPorts> Provisioner<P> {
    /// Compares what an active request gave with what IAM has, and writes down what is otherwise. A
    /// failure of IAM is none of the request: it is compared again later.
    pub(crate) async fn compare_active(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        let was_due = record.waits_for(Worker::Provisioner, now);
        let record = match self.deviations(&record).await {
            Ok(found) => self.report(record, found, now).await?,
            Err(failure) => {
                let error = shell::log::chain(&failure);
                match failure.is_permanent() {
                    true => error!(error, "IAM can not be compared with the record"),
                    false => warn!(error, "IAM could not be compared with the record"),
                }
                record
            }
        };
        // Whoever woke us may have another clock, and may have put off the end by its own.
        let is_late = |due| record.ends_at().is_some_and(|end| due > end);
        let late = record.due_at().is_none_or(is_late);
        if was_due || late {
            let (id, version) = (record.id(), record.version());
            // A message that is open has its own next try, which the sweeper puts off.
            let is_quiet = record.open_deliveries(now).is_empty();
            let due_at = record.scheduled(now).filter(|_| is_quiet || late);
            if let Some(due_at) = due_at {
                let attempts = if is_quiet { 0 } else { record.attempts() };
                self.requests
                    .postpone(id, version, due_at, attempts)
                    .await?;
            }
        }
        Ok(record)
    }

    /// What of an active request is otherwise in IAM, looked at until it is as it should be, or as it is
    /// known to be: what was reported is looked at once.
    async fn deviations(&self, record: &RequestRecord) -> Result<Vec<Deviation>, ProvisionError> {
        let effects = plan::effects_of_begun(record);
        let is_gone_for_long = record.deviations().any(|one| *one == Deviation::Gone);
        let mut found = Vec::new();
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(self.look_again).await;
            }
            let located = match is_gone_for_long {
                true => self.locate_at_once(record).await?,
                false => self.locate(record).await?,
            };
            let Some(located) = located else {
                return Ok(vec![Deviation::Gone]);
            };
            found = plan::deviations(&effects, &located.facts);
            self.leave_out_extensions(record, &located.facts, &mut found)
                .await?;
            if found.is_empty() {
                return Ok(renamed(record, &located));
            }
            if record.unknown_deviations(found.clone()).is_empty() {
                return Ok(found);
            }
        }
        Ok(found)
    }

    /// Leaves out that a user ends otherwise than this request says, where another one gives it just that end.
    async fn leave_out_extensions(
        &self,
        record: &RequestRecord,
        facts: &PrincipalFacts,
        found: &mut Vec<Deviation>,
    ) -> Result<(), ProvisionError> {
        let is_of_user =
            |one: &Deviation| matches!(one, Deviation::Missing { change } if change.is_of_user());
        if !found.iter().any(is_of_user) {
            return Ok(());
        }
        let mine = plan::effects_of_begun(record);
        let others = self.giving(record, &mine).await?;
        let Some(end) = self.end_by_proof(&others).await? else {
            return Ok(());
        };
        let own = mine.iter().find(|one| one.change.is_of_user());
        let own = own.and_then(|one| one.change.ends_at());
        let later = EffectChange::user(record.request().target.name.clone(), end);
        if own.is_some_and(|own| own < end) && facts.shows(&later) {
            found.retain(|one| !is_of_user(one));
        }
        Ok(())
    }
}
