//! Records that say that nothing was begun yet, and trails that do not bear that out.

use jiff::Timestamp;
use ports::directory::Directory as _;
use ports::ledger::{Effects as _, Requests as _};
use snowgate_core::audit;
use snowgate_core::effect::RecordedEffect;
use snowgate_core::plan;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::{AuditRow, RequestRecord};
use tracing::{error, info};

use crate::leftover::bound_in;
use crate::locate::Located;
use crate::{ProvisionError, Provisioner, ProvisionerPorts};

impl<P: ProvisionerPorts> Provisioner<P> {
    /// Rolls back what a request gave whose record says that nothing was begun, and whose trail does not
    /// bear that out; its effects, to be forgotten. What it gave, the rows of its trail say.
    ///
    /// # Errors
    /// [`ProvisionError::Blocked`] where they do not, and something may be left: a person decides.
    pub(crate) async fn roll_back_by_trail(
        &self,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<Vec<RecordedEffect>, ProvisionError> {
        let (id, target) = (record.id(), &record.request().target);
        let trail = self.requests.first_rows(id).await?;
        let chained = audit::chained(&trail, id);
        // A record from before anybody was asked has no principal that is known by its id.
        let bound = bound_in(&chained).map(|bound| bound.key_of(target));
        let key = bound.unwrap_or_else(|| record.principal_key());
        let keys = self.effects.effect_keys(&key).await?;
        let recorded = self.recorded(&key, &keys, id).await?;
        let given = self.given_by_trail(&key, target, id, &trail, &recorded);
        match given.await? {
            Some((given, _)) => self.remove_all_lost(&key, id, &given, now).await?,
            None if !keys.keys_of(id).is_empty()
                || self.may_have_any(record, &key, &chained).await? =>
            {
                error!(request_id = %id, "the trail does not say what was given");
                return Err(ProvisionError::Blocked);
            }
            None => info!(request_id = %id, "nothing was given"),
        }
        Ok(recorded)
    }

    /// Whether something that a request asks for, or that was bound for it, is on its principal, whoever
    /// gave it; or may be, as where nobody has the name that is all that is known.
    async fn may_have_any(
        &self,
        record: &RequestRecord,
        key: &PrincipalKey,
        trail: &[AuditRow],
    ) -> Result<bool, ProvisionError> {
        let target = &record.request().target;
        let located = match key {
            PrincipalKey::Id { unique_id, .. } => self.locate_by_id(target, unique_id).await?,
            PrincipalKey::Name { .. } => {
                self.member.principal(target).await?.map(|facts| Located {
                    principal: target.clone(),
                    facts,
                })
            }
        };
        let mut asked = plan::changes_asked(record);
        let bound = bound_in(trail).map(|bound| plan::changes_of_bound(record.id(), bound));
        asked.extend(bound.into_iter().flatten());
        Ok(match located {
            Some(located) => asked.iter().any(|one| located.facts.has_in_place(one)),
            None => matches!(key, PrincipalKey::Name { .. }),
        })
    }
}
