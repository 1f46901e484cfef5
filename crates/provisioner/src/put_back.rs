//! Records that say that nothing was begun yet, and trails that do not bear that out.

use jiff::Timestamp;
use ports::ledger::{EffectKeys, Effects as _, Requests as _};
use snowgate_core::audit;
use snowgate_core::effect::{EffectChange, RecordedEffect};
use snowgate_core::plan;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::{ApprovalRound, AuditRow, Event, RequestRecord};
use tracing::{error, info};

use crate::leftover::{changes_bound, forgotten, round_in};
use crate::{LOOKS, ProvisionError, Provisioner, ProvisionerPorts};

impl<P: ProvisionerPorts> Provisioner<P> {
    /// Removes what a request gave whose record was put back to before anybody was asked. The record
    /// itself is left to a person: it says nothing that can be gone on from.
    ///
    /// # Errors
    /// Always, [`ProvisionError::Blocked`] at least, so that it is looked at again.
    pub(crate) async fn end_put_back(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        let forgotten = self.roll_back_by_trail(&record, now).await?;
        self.forget_all(forgotten, now).await?;
        error!("what was given has been removed, and the record was put back: a person decides");
        Err(ProvisionError::Blocked)
    }

    /// Rolls back what a request gave whose record says that nothing was begun, and whose trail does not
    /// bear that out; its effects, to be forgotten. What is removed is what the approvers were asked, as the
    /// rows say that follow from each other. Where no row says that anything was begun, and nothing of it is
    /// there, nothing was given.
    ///
    /// # Errors
    /// [`ProvisionError::Blocked`] in all other cases: a person decides.
    pub(crate) async fn roll_back_by_trail(
        &self,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<Vec<RecordedEffect>, ProvisionError> {
        let (id, target) = (record.id(), &record.request().target);
        let rows = self.requests.first_rows(id).await?;
        let trail = audit::chained::<RequestRecord>(&rows, id);
        let asked = round_in(&trail).filter(|round| is_asked(record, &trail, round));
        let key = match asked {
            Some(round) => round.binding.key_of(target),
            None => record.principal_key(),
        };
        let keys = self.effects.effect_keys(&key).await?;
        let bound = changes_bound(id, &trail);
        let recorded = self.recorded(&key, &keys, id, &bound).await?;
        let given = match asked {
            Some(_) => {
                self.given_by_trail(&key, target, id, &rows, (&keys, &recorded))
                    .await?
            }
            None => None,
        };
        match given {
            Some((given, _)) => {
                let live = self.remove_all_lost(&key, id, &given, now).await?;
                Ok(forgotten(given, recorded, &live))
            }
            None => {
                let read = audit::readable(&rows, id);
                let is_begun = read.iter().any(audit::follows_begin);
                if is_begun || self.may_have_any(record, &key, &keys, &bound, now).await? {
                    error!(request_id = %id, "the trail does not say what was given");
                    return Err(ProvisionError::Blocked);
                }
                info!(request_id = %id, "nothing was given");
                Ok(Vec::new())
            }
        }
    }

    /// Whether a request may have given something to its principal, of which no row says so: an effect
    /// names it, or something of what was asked for is there, and no other request gives it.
    async fn may_have_any(
        &self,
        record: &RequestRecord,
        key: &PrincipalKey,
        keys: &EffectKeys,
        bound: &[EffectChange],
        now: Timestamp,
    ) -> Result<bool, ProvisionError> {
        let PrincipalKey::Id { unique_id, .. } = key else {
            return Ok(true);
        };
        if !keys.keys_of(record.id()).is_empty() {
            return Ok(true);
        }
        let others = self.live_on(key, record.id(), now).await?;
        let mut asked = plan::changes_asked(record);
        asked.extend_from_slice(bound);
        // A list may be older than the last change.
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(self.look_again).await;
            }
            let target = &record.request().target;
            let Some(located) = self.locate_by_id(target, unique_id).await? else {
                return Ok(false);
            };
            for change in &asked {
                if located.facts.has_in_place(change)
                    && !self.is_given_by_proof(change, &others).await?
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// Whether a trail bears out what a record says that was asked for, for whom, and of whom.
fn is_asked(record: &RequestRecord, trail: &[AuditRow], round: &ApprovalRound) -> bool {
    let request = record.request();
    let first = trail.first().map(|row| &row.event);
    let received = request.digest().ok();
    let content = round.binding.content_digest(request, &round.slots).ok();
    matches!(first, Some(Event::Received { request }) if received.as_ref() == Some(request))
        && content.as_ref() == Some(&round.content)
}
