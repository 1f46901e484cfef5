//! What the ledger records on a principal, and how far it is believed.
//!
//! An effect is a pointer: it says that a request may have given something to this principal. What
//! the request gave follows from its own record. So a row that is missing, unreadable or made up
//! neither keeps access in IAM nor takes any away.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ports::CallError;
use ports::ledger::{EffectKeys, Effects as _, PEEKED, Requests as _};
use snowgate_core::effect::{EffectChange, RecordedEffect};
use snowgate_core::id::{IdentityId, RequestId};
use snowgate_core::identity::IdentityRecord;
use snowgate_core::lifecycle::State;
use snowgate_core::plan;
use snowgate_core::principal::PrincipalKey;
use snowgate_core::record::RequestRecord;
use tracing::error;

use crate::{ProvisionError, Provisioner, ProvisionerPorts};

/// How many requests that effects name for a change, and that do not give it, are read before it counts as
/// there before.
const DOUBTED: usize = PEEKED;

/// How far a request's record and its recorded effects agree.
#[derive(Debug)]
pub(crate) struct Agreement {
    /// Whether there is one effect for each change of the record, and no other.
    pub(crate) same_effects: bool,
    /// Changes of which one says that they were there before us, and the other that they were not; or
    /// the record, where its trail is broken, and the rows of the trail.
    pub(crate) disputed: Vec<EffectChange>,
}

/// The effects of these requests. One that was abandoned has none.
pub(crate) fn all(requests: &[RequestRecord]) -> Vec<RecordedEffect> {
    let effects = requests.iter().map(plan::effects_of_begun);
    effects.flatten().collect()
}

/// What those of these requests that were abandoned may have left on a principal.
pub(crate) fn abandoned(requests: &[RequestRecord], on: &PrincipalKey) -> Vec<RecordedEffect> {
    let effects = requests.iter().map(|one| plan::abandoned_effects(one, on));
    effects.flatten().collect()
}

impl<P: ProvisionerPorts> Provisioner<P> {
    /// The other requests that keep something of `mine` on the principal of this one: those that are
    /// over too keep nothing, or none of two could end. Beside them those that were abandoned, which have
    /// nothing either.
    pub(crate) async fn keeping(
        &self,
        record: &RequestRecord,
        mine: &[RecordedEffect],
        now: Timestamp,
    ) -> Result<Vec<RequestRecord>, CallError> {
        let mut others = self.giving(record, mine).await?;
        // What was to be given, and should be over before it was, keeps nothing either.
        let is_late = |other: &RequestRecord| {
            let effects = plan::effects_of_begun(other);
            other.state() == State::Provisioning && plan::until(other, &effects, now) <= now
        };
        others.retain(|other| !other.is_over(now) && !is_late(other));
        Ok(others)
    }

    /// The other requests that may give something of `mine` on the principal of this one, or were abandoned
    /// and may have left it there. One that does has an effect under the key of the same change, so no other is looked at.
    pub(crate) async fn giving(
        &self,
        record: &RequestRecord,
        mine: &[RecordedEffect],
    ) -> Result<Vec<RequestRecord>, CallError> {
        let changes: Vec<String> = mine.iter().map(|effect| effect.change.key()).collect();
        let principal = record.principal_key();
        let mut named = self.others_under(record, &changes).await?;
        if mine.iter().any(|effect| effect.change.is_of_user()) {
            // What gives a user its time is in the user's own record, too.
            let identity = self.user_of(record).await?;
            let of_user = identity.iter().flat_map(IdentityRecord::requests);
            let of_user = of_user.filter(|id| *id != record.id());
            named.extend(of_user.cloned());
            named.sort();
            named.dedup();
        }
        self.live(&named, &principal, |_| true).await
    }

    /// The other requests that effects on the principal of this one name, under the keys of these changes.
    async fn others_under(
        &self,
        record: &RequestRecord,
        changes: &[String],
    ) -> Result<Vec<RequestId>, CallError> {
        let keys = self.effects.effect_keys(&record.principal_key()).await?;
        let mut named = keys.requests_under(changes);
        named.retain(|id| id != record.id());
        Ok(named)
    }

    /// Whether something of these changes may be given by a request whose record does not say so, and is
    /// not borne out by its trail: one that was put back, or is said to have ended. Effects are deleted with
    /// the end of their request, unless a person abandoned it, so beside those that give it hardly any is
    /// named; whoever writes the table can name thousands. [`DOUBTED`] are read, one after the other because each may be as long as any, and
    /// where there are more, one of the rest may give it.
    pub(crate) async fn may_be_hidden(
        &self,
        record: &RequestRecord,
        changes: &[String],
    ) -> Result<bool, CallError> {
        let principal = record.principal_key();
        let named = self.others_under(record, changes).await?;
        let mut doubted = Vec::new();
        for some in named.chunks(PEEKED) {
            let peeked = self.requests.peek(some).await?;
            let gives = |one: &RequestRecord| !plan::live_effects(one, &principal).is_empty();
            let live: Vec<&RequestId> = peeked
                .iter()
                .filter(|one| gives(one))
                .map(RequestRecord::id)
                .collect();
            doubted.extend(some.iter().filter(|id| !live.contains(id)));
            if doubted.len() > DOUBTED {
                error!(%principal, "more effects of no live request than are looked into: put off");
                return Ok(true);
            }
        }
        for id in doubted {
            match self.requests.load(id).await {
                Ok(Some(other)) if other.trail_fault().is_some() => return Ok(true),
                Err(call) if call.is_transient() => return Err(call),
                Err(_) => return Ok(true),
                Ok(_) => {}
            }
        }
        Ok(false)
    }

    /// The requests but this one that have effects on a principal and are not over.
    pub(crate) async fn live_on(
        &self,
        principal: &PrincipalKey,
        but: &RequestId,
        now: Timestamp,
    ) -> Result<Vec<RequestRecord>, CallError> {
        let named = self.others_on(principal, but).await?;
        self.live(&named, principal, |other| !other.is_over(now))
            .await
    }

    /// The requests but this one that have effects on a principal, over or not. What was abandoned has none.
    pub(crate) async fn any_on(
        &self,
        principal: &PrincipalKey,
        but: &RequestId,
    ) -> Result<Vec<RequestRecord>, CallError> {
        let named = self.others_on(principal, but).await?;
        let is_begun = |other: &RequestRecord| !plan::effects_of_begun(other).is_empty();
        self.live(&named, principal, is_begun).await
    }

    /// The requests but this one that have effects on a principal and are over.
    pub(crate) async fn over_on(
        &self,
        principal: &PrincipalKey,
        but: &RequestId,
        now: Timestamp,
    ) -> Result<Vec<RequestRecord>, CallError> {
        let named = self.others_on(principal, but).await?;
        self.live(&named, principal, |other| other.is_over(now))
            .await
    }

    /// The requests but this one that the effects on a principal name.
    async fn others_on(
        &self,
        principal: &PrincipalKey,
        but: &RequestId,
    ) -> Result<Vec<RequestId>, CallError> {
        let mut named = self.effects.effect_keys(principal).await?.requests();
        named.retain(|id| id != but);
        Ok(named)
    }

    /// The requests that effects on a principal name: first those of this very principal, then those that
    /// are there, and last those that are not. Whoever writes the table can name thousands of others.
    pub(crate) async fn named_on(
        &self,
        principal: &PrincipalKey,
        keys: &EffectKeys,
    ) -> Result<Vec<RequestId>, CallError> {
        let mut named = keys.requests();
        let (mut own, mut there) = (BTreeSet::new(), BTreeSet::new());
        for some in named.chunks(PEEKED) {
            for record in self.requests.peek(some).await? {
                let is_own = record.principal_key() == *principal;
                let of = if is_own { &mut own } else { &mut there };
                of.insert(record.id().clone());
            }
        }
        named.sort_by_key(|id| match (own.contains(id), there.contains(id)) {
            (true, _) => 0,
            (_, true) => 1,
            _ => 2,
        });
        Ok(named)
    }

    /// The effects that are recorded for a request on a principal, those of `first` before all others. More
    /// than a request has are not read: they are made up.
    pub(crate) async fn recorded(
        &self,
        principal: &PrincipalKey,
        keys: &EffectKeys,
        request: &RequestId,
        first: &[EffectChange],
    ) -> Result<Vec<RecordedEffect>, CallError> {
        let mut keys = keys.keys_of(request);
        let first: Vec<String> = first.iter().map(|one| one.key_for(request)).collect();
        keys.sort_by_key(|key| !first.contains(key));
        keys.truncate(PEEKED);
        let effects = self.effects.effects(principal, &keys).await?;
        if effects.len() < keys.len() {
            let rows = keys.len() - effects.len();
            error!(%principal, rows, "effects on the principal cannot be read");
        }
        Ok(effects)
    }

    /// Those of these requests that have effects on a principal, or were abandoned and may have left some,
    /// and are so. Rows that name no such request
    /// are left aside, with an error in the log, which fires an alarm. Whoever writes the table can put
    /// thousands of them: they are sorted out many at once, and only what is so is loaded, with its trail.
    /// There is no most: what is beyond it would be taken although another request gives it. None is
    /// needed either, for a row is not enough: the whole record of a request must stand behind it.
    async fn live(
        &self,
        named: &[RequestId],
        principal: &PrincipalKey,
        is_so: impl Fn(&RequestRecord) -> bool,
    ) -> Result<Vec<RequestRecord>, CallError> {
        let is_live = |other: &RequestRecord| {
            !plan::live_effects(other, principal).is_empty()
                || !plan::abandoned_effects(other, principal).is_empty()
        };
        let (mut live, mut others) = (Vec::new(), 0);
        for some in named.chunks(PEEKED) {
            let found = self.requests.peek(some).await?;
            let said = found.into_iter().map(RequestRecord::at_its_word);
            let mut found: Vec<RequestRecord> = said.filter(is_live).collect();
            others += some.len() - found.len();
            found.retain(&is_so);
            for peeked in found {
                let id = peeked.id();
                match self.requests.load(id).await {
                    Ok(Some(other)) => {
                        let other = self.said_to_be_on(principal, other).await?;
                        if is_live(&other) && is_so(&other) {
                            live.push(other);
                        }
                    }
                    Ok(None) => {}
                    Err(call) if call.is_transient() => return Err(call),
                    Err(call) => {
                        let error = shell::log::chain(&call);
                        error!(other = %id, error, "the request of an effect cannot be read");
                    }
                }
            }
        }
        if others > 0 {
            error!(%principal, others, "effects are of no live request on the principal");
        }
        Ok(live)
    }

    /// A request whose broken trail does not say which user it created, as one that created this: what it
    /// gives is disputed rather than taken. It proves nothing.
    async fn said_to_be_on(
        &self,
        principal: &PrincipalKey,
        other: RequestRecord,
    ) -> Result<RequestRecord, CallError> {
        let PrincipalKey::Id { unique_id, .. } = principal else {
            return Ok(other);
        };
        if other.trail_fault().is_none() || !other.request().creates_user() {
            return Ok(other);
        }
        let id = IdentityId::of(other.id());
        let is_it = match self.identity_of(principal).await? {
            Some(named) => named == id,
            None => {
                let identity = self.identity(&id).await?;
                identity.is_some_and(|identity| identity.unique_id() == Some(unique_id))
            }
        };
        Ok(match is_it {
            true => other.with_created_user(unique_id),
            false => other,
        })
    }

    /// Whether a request whose trail is whole and whose decisions verify makes this change too. What is
    /// to stay in IAM needs a proof, as what is put there does.
    pub(crate) async fn is_given_by_proof(
        &self,
        change: &EffectChange,
        others: &[RequestRecord],
    ) -> Result<bool, ProvisionError> {
        for other in others {
            let mut given = plan::effects_of_begun(other).into_iter();
            let same = |one: RecordedEffect| one.change.key() == change.key() && !one.preexisting;
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
        let principal = record.principal_key();
        let recorded = self.effects.effect_keys(&principal).await?;
        let mut keys: Vec<String> = mine.iter().map(RecordedEffect::key).collect();
        keys.sort();
        let changes: Vec<EffectChange> = mine.iter().map(|one| one.change.clone()).collect();
        let rows = self.recorded(&principal, &recorded, record.id(), &changes);
        let rows = rows.await?;
        let rows_differ = |mine: &RecordedEffect| {
            let mut rows = rows.iter();
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
        // A user is never there before the request that creates it, whatever a row says.
        let may_be = |mine: &&RecordedEffect| !mine.change.is_of_user();
        let disputed = mine.iter().filter(may_be).filter(|mine| is_disputed(mine));
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
