//! What the ledger records on a principal, and how far it is believed.
//!
//! An effect is a pointer: it says that a request may have given something to this principal. What
//! the request gave follows from its own record. So a row that is missing, unreadable or made up
//! neither keeps access in IAM nor takes any away.

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{Effects as _, Requests as _};
use snowgate_core::effect::{EffectChange, RecordedEffect};
use snowgate_core::id::RequestId;
use snowgate_core::plan;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::RequestRecord;
use tracing::error;

use crate::{Ports, ProvisionError, Provisioner};

/// How far a request's record and its recorded effects agree.
#[derive(Debug)]
pub(crate) struct Agreement {
    /// Whether there is one effect for each change of the record, and no other.
    pub(crate) same_effects: bool,
    /// Changes of which one says that they were there before us, and the other that they were not; or
    /// the record, where its trail is broken, and the rows of the trail.
    pub(crate) disputed: Vec<EffectChange>,
}

/// The effects of these requests.
pub(crate) fn all(requests: &[RequestRecord]) -> Vec<RecordedEffect> {
    let effects = requests.iter().map(plan::effects_of_begun);
    effects.flatten().collect()
}

impl<P: Ports> Provisioner<P> {
    /// The other requests that keep what they have on the principal of this one: those that are over
    /// too keep nothing, or none of two could end.
    pub(crate) async fn keeping(
        &self,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<Vec<RequestRecord>, CallError> {
        let mut others = self.others(record).await?;
        others.retain(|other| !other.is_over(now));
        Ok(others)
    }

    /// The other requests that have effects on the principal of this one.
    pub(crate) async fn others(
        &self,
        record: &RequestRecord,
    ) -> Result<Vec<RequestRecord>, CallError> {
        self.live_on(&record.principal_key(), record.id()).await
    }

    /// The requests but this one that have effects on a principal. Rows that name no such request
    /// are left aside, with an error in the log, which fires an alarm.
    pub(crate) async fn live_on(
        &self,
        principal: &PrincipalKey,
        but: &RequestId,
    ) -> Result<Vec<RequestRecord>, CallError> {
        let recorded = self.effects.effects(principal).await?;
        if !recorded.unreadable.is_empty() {
            let rows = recorded.unreadable.len();
            error!(%principal, rows, "effects on the principal cannot be read");
        }
        let mut others = Vec::new();
        for id in recorded.requests() {
            if id == *but {
                continue;
            }
            match self.requests.load(&id).await {
                Ok(Some(other)) if !plan::live_effects(&other, principal).is_empty() => {
                    others.push(other);
                }
                Ok(_) => error!(other = %id, "an effect is of no live request on the principal"),
                Err(call) if call.is_transient() => return Err(call),
                Err(call) => {
                    let error = shell::log::chain(&call);
                    error!(other = %id, error, "the request of an effect cannot be read");
                }
            }
        }
        Ok(others)
    }

    /// Whether a request whose trail is whole and whose decisions verify gives this effect too. What is
    /// to stay in IAM needs a proof, as what is put there does.
    pub(crate) async fn is_given_by_proof(
        &self,
        effect: &RecordedEffect,
        others: &[RequestRecord],
    ) -> Result<bool, ProvisionError> {
        for other in others {
            let mut given = plan::effects_of_begun(other).into_iter();
            let same =
                |one: RecordedEffect| one.change.key() == effect.change.key() && !one.preexisting;
            if given.any(same) && other.trail_fault().is_none() && self.is_signed(other).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How far the effects that are recorded for a request bear out `mine`, which its record comes to.
    pub(crate) async fn agreement(
        &self,
        record: &RequestRecord,
        mine: &[RecordedEffect],
    ) -> Result<Agreement, CallError> {
        let recorded = self.effects.effects(&record.principal_key()).await?;
        let mut keys: Vec<String> = mine.iter().map(RecordedEffect::key).collect();
        keys.sort();
        let rows_differ = |mine: &RecordedEffect| {
            let mut rows = recorded.effects.iter();
            rows.any(|row| row.key() == mine.key() && row.preexisting != mine.preexisting)
        };
        // Where the trail is broken, what of it follows counts for more than a row of an effect.
        let is_disputed = |mine: &RecordedEffect| match record.trail_fault() {
            None => rows_differ(mine),
            Some(_) => match record.evidence().was_there_before(&mine.change) {
                Some(there_before) => there_before != mine.preexisting,
                None => mine.preexisting || rows_differ(mine),
            },
        };
        let disputed = mine.iter().filter(|mine| is_disputed(mine));
        Ok(Agreement {
            same_effects: recorded.keys_of(record.id()) == keys,
            disputed: disputed.map(|mine| mine.change.clone()).collect(),
        })
    }

    /// Whether a record is what was approved: it agrees with itself, and every decision carries a
    /// signature that verifies.
    pub(crate) async fn is_proved(&self, record: &RequestRecord) -> Result<bool, ProvisionError> {
        Ok(plan::is_self_consistent(record) && self.is_signed(record).await?)
    }
}
