//! From `Active` to `Revoked`. Never gives up: access that was granted is removed.

use jiff::Timestamp;
use snowgate_core::lifecycle::State;
use snowgate_core::plan;
use snowgate_core::record::{Event, RequestRecord};
use workflow::change::Draft;

use crate::{Ports, ProvisionError, Provisioner, effects};

impl<P: Ports> Provisioner<P> {
    /// Removes what a request granted, or goes on where an earlier run stopped.
    pub(crate) async fn revoke(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        let record = match record.state() {
            State::Active => {
                self.write(record, Event::RevocationStarted.into(), now)
                    .await?
            }
            _ => record,
        };
        if record.state() != State::Revoking {
            return Ok(record);
        }
        let mine = plan::effects_of_begun(&record);
        let others = self.keeping(&record, now).await?;
        let record = self.undo(record, &mine, &others, now).await?;
        let event = Event::Revoked {
            retained: plan::retained(&mine, &effects::all(&others)),
        };
        let draft = Draft {
            delete_effects: mine,
            ..Draft::from(event)
        };
        self.write(record, draft, now).await
    }
}
