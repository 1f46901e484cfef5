//! Users that Snowgate made: the provisioner is woken for those of which something is due.

use jiff::{SignedDuration, Timestamp};
use ports::identities::Identities as _;
use ports::ledger::DueItem;
use ports::queue::{WakeUp, WorkQueue as _};
use snowgate_core::aggregate::Aggregate;
use snowgate_core::id::IdentityId;
use tracing::{error, warn};

use crate::{SweepError, Sweeper, SweeperPorts, Swept};

/// How long a wake-up has before another one is sent.
const WAKES_AGAIN: SignedDuration = SignedDuration::from_mins(2);

impl<P: SweeperPorts> Sweeper<P> {
    /// Looks at one user of the index; what counts is its record.
    pub(crate) async fn look_at_user(
        &self,
        id: &IdentityId,
        item: &DueItem,
        now: Timestamp,
        swept: &mut Swept,
    ) -> Result<(), SweepError> {
        let identity = match self.identities.identity(id).await {
            Ok(Some(identity)) => identity,
            Ok(None) => {
                warn!("the index names a user that the ledger does not have");
                return self.settle(item, None, None, swept).await;
            }
            Err(failure) if failure.is_transient() => return Err(failure.into()),
            Err(failure) => {
                let error = shell::log::chain(&failure);
                error!(error, "a user that is due cannot be read");
                return self.put_aside(item, now, swept).await;
            }
        };
        let version = identity.version();
        if !identity.is_due(now) {
            return self
                .settle(item, Some(version), identity.due_at(), swept)
                .await;
        }
        let attempt = identity.attempts().saturating_add(1);
        let wake = WakeUp {
            aggregate: Aggregate::Identity(id.clone()),
            version,
            attempt,
        };
        let principal = identity.turn_key();
        self.queues.wake_provisioner(&wake, &principal).await?;
        swept.woken += 1;
        let again = now + WAKES_AGAIN;
        self.identities
            .postpone_identity(id, version, again, attempt)
            .await?;
        Ok(())
    }
}
