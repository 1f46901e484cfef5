//! From `Active` to `Revoked`. Never gives up: access that was granted is removed, unless a person
//! abandons the removal meanwhile.

use jiff::Timestamp;
use snowgate_core::lifecycle::State;
use snowgate_core::plan;
use snowgate_core::record::{Event, RequestRecord};
use tracing::error;
use workflow::change::Draft;

use crate::{ProvisionError, Provisioner, ProvisionerPorts, effects};

impl<P: ProvisionerPorts> Provisioner<P> {
    /// Removes what a request granted, or goes on where an earlier run stopped. What the ledger can never
    /// take, as a record that somebody made as big as an item may be, is removed all the same, and tried
    /// again.
    pub(crate) async fn revoke(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        let mut unwritten = None;
        let record = match record.state() {
            State::Active => {
                let started = Event::RevocationStarted.into();
                match self.write(record.clone(), started, now).await {
                    Err(failure) if failure.is_permanent() => {
                        unwritten = Some(failure);
                        record
                    }
                    written => written?,
                }
            }
            _ => record,
        };
        if record.state() != State::Revoking && unwritten.is_none() {
            return Ok(record);
        }
        let mine = plan::effects_of_begun(&record);
        let others = self.keeping(&record, &mine, now).await?;
        // Access is removed whatever stands in the way of the user's own record.
        let started = match plan::ends_user(&mine, &effects::all(&others)) {
            true => self.start_ending(&record, now).await,
            false => Ok(()),
        };
        let record = self.undo(record, &mine, &others, now).await?;
        started?;
        if let Some(failure) = unwritten {
            error!("access is removed, and its end cannot be written down");
            return Err(failure);
        }
        let forgotten = plan::forgotten(mine.clone(), &effects::all(&others));
        if record.is_abandoned() {
            // Given up while something was reported; it is removed all the same.
            self.forget_all(forgotten, now).await?;
            return Ok(record);
        }
        let event = Event::Revoked {
            retained: plan::retained(&mine, &effects::all(&others)),
        };
        let draft = Draft {
            delete_effects: forgotten.clone(),
            identity: self.ended(&record, (&mine, &others), now).await?,
            ..Draft::from(event)
        };
        let after = self.write(record, draft, now).await?;
        if after.is_abandoned() {
            // Given up while it was removed after all.
            self.forget_all(forgotten, now).await?;
        }
        Ok(after)
    }
}
