//! What is left on a principal that should be gone. An effect only points to its request: what is
//! removed follows from the request's record where that proves itself. Of a record that cannot be
//! read, or is not there, an effect counts as far as the audit trail bears it out.

use jiff::Timestamp;
use ports::directory::Member as _;
use ports::ledger::{EffectKeys, Effects as _, Requests as _};
use ports::signature::Verifier as _;
use snowgate_core::audit::TrailFault;
use snowgate_core::audit::{self, StoredRow};
use snowgate_core::effect::{EffectChange, RecordedEffect};
use snowgate_core::id::RequestId;
use snowgate_core::lifecycle::State;
use snowgate_core::plan::{self, Undo, undo};
use snowgate_core::principal::{Principal, PrincipalKey, PrincipalType};
use snowgate_core::record::{
    ApprovalRound, AuditRow, Deviation, Event, RequestRecord, preexisting_in,
};
use tracing::{error, info};

use crate::{LOOKS, ProvisionError, Provisioner, ProvisionerPorts, effects};

/// What is known of the request of an effect.
enum Giver {
    /// It has a step to take: its access is over, or it was interrupted, or its trail is broken.
    Due(Box<RequestRecord>),
    /// It is said to have ended: nothing is given for it any more.
    Ended(Box<RequestRecord>),
    /// Its record cannot be read, is not there, or says something that its trail does not bear out.
    Lost,
    /// It gives the effect, or was abandoned and is left to people.
    Alive,
}

impl<P: ProvisionerPorts> Provisioner<P> {
    /// Ends everything on a principal that should be over, whatever its record says or does not.
    ///
    /// # Errors
    /// Only where the ledger itself does not answer; one request keeps no other back.
    pub(crate) async fn end_all(
        &self,
        key: &PrincipalKey,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        if self.hold {
            return Ok(());
        }
        let keys = self.effects.effect_keys(key).await?;
        for id in self.named_on(key, &keys).await? {
            let done = match self.giver(&id, now).await {
                Ok(Giver::Due(record)) => self.step(*record, now).await,
                Ok(Giver::Ended(record)) => self.end_ended(key, &record, &keys, now).await,
                Ok(Giver::Lost) => self.end_lost(key, &id, &keys, now).await,
                Ok(Giver::Alive) => Ok(()),
                Err(failure) => Err(failure),
            };
            if let Err(failure) = done {
                let error = shell::log::chain(&failure);
                error!(request_id = %id, error, "what is left of a request could not be ended");
            }
        }
        Ok(())
    }

    /// Whether a request still gives its effects.
    async fn giver(&self, id: &RequestId, now: Timestamp) -> Result<Giver, ProvisionError> {
        let found = match self.requests.load(id).await {
            Err(failure) if failure.is_transient() => return Err(failure.into()),
            found => found.ok().flatten(),
        };
        let Some(record) = found else {
            return Ok(Giver::Lost);
        };
        let record = self.with_user(record).await?;
        let is_broken = record.trail_fault().is_some();
        Ok(match record.state() {
            // Its record says nothing that is believed: its trail does.
            _ if record.was_put_back() => Giver::Lost,
            _ if record.is_abandoned() => Giver::Alive,
            _ if record.is_over(now) => Giver::Due(Box::new(record)),
            State::Provisioning => Giver::Due(Box::new(record)),
            State::Active | State::Approved if is_broken => Giver::Due(Box::new(record)),
            state if state.is_terminal() => Giver::Ended(Box::new(record)),
            _ if is_broken => Giver::Lost,
            _ => Giver::Alive,
        })
    }

    /// Removes what is left of a request that is said to have ended, and forgets its effects once
    /// it is gone. A record that proves nothing, or was never begun, leaves it to a person; so does
    /// one whose trail bears out that all was removed, where a policy or group is there again:
    /// somebody else may have given it since. The inline policy is named for the request alone.
    async fn end_ended(
        &self,
        key: &PrincipalKey,
        record: &RequestRecord,
        keys: &EffectKeys,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        let rows_of_trail = self.requests.first_rows(record.id()).await?;
        let trail = audit::readable(&rows_of_trail, record.id());
        let is_its_own = record.principal_key() == *key && audit::is_begun(&trail);
        if !is_its_own || !self.is_proved(record).await? {
            // What its trail bears out is all the more than what the record says.
            if record.trail_fault().is_some() {
                return self.end_lost(key, record.id(), keys, now).await;
            }
            error!(request_id = %record.id(), "an effect is of no request that was begun here");
            return Err(ProvisionError::Blocked);
        }
        let mut mine = plan::effects_of_ended(record);
        if let Some(there_before) = &record.evidence().preexisting {
            for effect in &mut mine {
                effect.preexisting = holds(there_before, &effect.change);
            }
        }
        let others = self.keeping(record, &mine, now).await?;
        let is_long = record.trail_fault() == Some(TrailFault::TooLong);
        let was_undone = is_long || audit::is_undone(&trail);
        let (ours, disputed): (Vec<_>, Vec<_>) = mine.iter().cloned().partition(|effect| {
            // Nobody else puts what is named for this request.
            effect.change.is_for_one_request() || !was_undone
        });
        let found = self.remove(record, &ours, &others, now).await?;
        if found.iter().any(Deviation::is_still_there)
            || self.is_any_there(record, &disputed, &others).await?
        {
            error!(request_id = %record.id(), "what is left of a request is still there");
            return Err(ProvisionError::Blocked);
        }
        mine.extend(self.recorded(key, keys, record.id(), &[]).await?);
        self.forget_all(plan::forgotten(mine, &effects::all(&others)), now)
            .await
    }

    /// Whether the principal has one of these effects, which neither was there before nor is given
    /// by another request.
    async fn is_any_there(
        &self,
        record: &RequestRecord,
        effects: &[RecordedEffect],
        others: &[RequestRecord],
    ) -> Result<bool, ProvisionError> {
        let live = effects::all(others);
        let mut left = effects
            .iter()
            .filter(|effect| undo(effect, &live) == Undo::Remove)
            .peekable();
        if left.peek().is_none() {
            return Ok(false);
        }
        let located = self.locate(record).await?;
        Ok(located
            .is_some_and(|located| left.any(|effect| located.facts.has_in_place(&effect.change))))
    }

    /// Ends what a request gave whose record is lost, once it is past its latest end.
    async fn end_lost(
        &self,
        key: &PrincipalKey,
        id: &RequestId,
        keys: &EffectKeys,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        if matches!(key, PrincipalKey::Name { .. }) {
            return self.forget_by_name(key, id, keys, now).await;
        }
        let trail = self.requests.first_rows(id).await?;
        let bound = changes_bound(id, &audit::chained(&trail, id));
        let recorded = self.recorded(key, keys, id, &bound).await?;
        // Of an effect that approvers were asked for, rather than of one that somebody made up.
        let of_account = recorded.iter().filter(|one| is_in_account(one, key));
        let target = of_account.min_by_key(|one| !holds(&bound, &one.change));
        let target = target.map(|effect| effect.principal.clone());
        let given = match &target {
            Some(target) => {
                self.given_by_trail(key, target, id, &trail, (keys, &recorded))
                    .await?
            }
            None => None,
        };
        let Some((given, latest_end)) = given else {
            error!(request_id = %id, "the trail does not bear out the effects of a lost request");
            return Err(ProvisionError::Blocked);
        };
        let said = recorded.iter().filter_map(|effect| effect.latest_end).max();
        if said.unwrap_or(Timestamp::MAX).min(latest_end) > now {
            return Ok(());
        }
        let live = self.remove_all_lost(key, id, &given, now).await?;
        self.forget_all(forgotten(given, recorded, &live), now)
            .await
    }

    /// What a request gave, and when it must have ended at the latest, as the rows of its trail say that
    /// follow from each other; the effects only lead to them. None where they do not bear that out: a
    /// decision among them must verify, and none that can be read say that all was undone.
    pub(crate) async fn given_by_trail(
        &self,
        key: &PrincipalKey,
        target: &Principal,
        id: &RequestId,
        rows: &[StoredRow],
        (keys, recorded): (&EffectKeys, &[RecordedEffect]),
    ) -> Result<Option<(Vec<RecordedEffect>, Timestamp)>, ProvisionError> {
        let trail = audit::chained::<RequestRecord>(rows, id);
        let there_before = preexisting_in(&trail);
        let bound = changes_bound(id, &trail);
        // What nobody was asked for, somebody made up: it says nothing of the rest.
        let agrees = |one: &RecordedEffect| {
            !holds(&bound, &one.change) || one.preexisting == holds(&there_before, &one.change)
        };
        let borne_out = audit::is_begun(&trail)
            && !audit::is_undone(&audit::readable(rows, id))
            && self.is_decided(id, &trail).await?
            && recorded.iter().all(agrees);
        let given = given_by(id, key, &trail).filter(|_| borne_out);
        // Effects are deleted with the end of their request, all at once and by the provisioner alone: what
        // none leads to has been undone, whatever became of the row that said so.
        let named = keys.keys_of(id);
        let leads = |change: &EffectChange| named.contains(&change.key_for(id));
        let Some(given) = given.filter(|given| given.iter().any(leads)) else {
            return Ok(None);
        };
        let effect = |change: EffectChange| RecordedEffect {
            request: id.clone(),
            principal_key: key.clone(),
            principal: target.clone(),
            preexisting: holds(&there_before, &change),
            change,
            since: Timestamp::MIN,
            latest_end: None,
            signature: None,
        };
        let given = given.into_iter().map(effect).collect();
        Ok(Some((given, plan::latest_end_of(&trail))))
    }

    /// Removes those effects of a lost request that no other one gives; the effects that others give.
    pub(crate) async fn remove_all_lost(
        &self,
        key: &PrincipalKey,
        id: &RequestId,
        given: &[RecordedEffect],
        now: Timestamp,
    ) -> Result<Vec<RecordedEffect>, ProvisionError> {
        let others = self.live_on(key, id, now).await?;
        let live = effects::all(&others);
        for effect in given {
            match undo(effect, &live) {
                Undo::Remove => self.remove_lost(key, effect).await?,
                Undo::StillGranted if !self.is_given_by_proof(&effect.change, &others).await? => {
                    error!(request_id = %id, "who is said to give the same proves nothing");
                    return Err(ProvisionError::Blocked);
                }
                Undo::StillGranted | Undo::StaysAsItWas => {}
            }
        }
        Ok(live)
    }

    /// Removes one effect from a principal, and looks until it is gone. What it says of the
    /// principal is believed only where the principal is found so.
    async fn remove_lost(
        &self,
        key: &PrincipalKey,
        effect: &RecordedEffect,
    ) -> Result<(), ProvisionError> {
        let PrincipalKey::Id {
            account_id,
            unique_id,
        } = key
        else {
            return Err(ProvisionError::Blocked);
        };
        let of_id = PrincipalType::of_unique_id(unique_id);
        if effect.principal.account_id != *account_id || of_id != Some(effect.principal.kind) {
            return Err(ProvisionError::Blocked);
        }
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(self.look_again).await;
            }
            let located = self.locate_by_id(&effect.principal, unique_id).await?;
            let Some(located) = located else {
                // A user that is gone has nothing left. A role is found by its name alone, which
                // the effect may have wrong.
                return match effect.principal.kind {
                    PrincipalType::User => Ok(()),
                    PrincipalType::Role => Err(ProvisionError::Blocked),
                };
            };
            // The list may be older than the last change: at first it does not decide.
            let named = match look {
                0 => self.named_now(&located, &effect.change).await?,
                _ => located.facts.in_place(&effect.change),
            };
            match named {
                Some(named) => self.member.take_back(&located.principal, &named).await?,
                None => return Ok(()),
            }
        }
        Err(ProvisionError::NotSeen)
    }

    pub(crate) async fn forget_all(
        &self,
        effects: Vec<RecordedEffect>,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        for effect in effects {
            self.effects.forget(&effect, now).await?;
            info!(request_id = %effect.request, "what was left of a request has ended");
        }
        Ok(())
    }

    /// Whether a trail holds a decision on this request, and every one that it holds verifies.
    async fn is_decided(&self, id: &RequestId, trail: &[AuditRow]) -> Result<bool, ProvisionError> {
        let mut is_decided = false;
        for row in trail {
            let Event::Decided { decision } = &row.event else {
                continue;
            };
            let message = decision.signed.decision.signed_bytes()?;
            if decision.signed.decision.request != *id
                || !self.verifier.verify(&message, &decision.signed.mac).await?
            {
                return Ok(false);
            }
            is_decided = true;
        }
        Ok(is_decided)
    }
}

/// Whether one of these changes is of the same thing: a group is the same under another spelling.
fn holds(changes: &[EffectChange], change: &EffectChange) -> bool {
    changes.iter().any(|one| one.key() == change.key())
}

/// What a request may have given to a principal, as the approvers of its trail were asked; none where
/// they were not asked for this very principal.
fn given_by(id: &RequestId, key: &PrincipalKey, trail: &[AuditRow]) -> Option<Vec<EffectChange>> {
    let PrincipalKey::Id { unique_id, .. } = key else {
        return None;
    };
    let binding = &round_in(trail)?.binding;
    (binding.unique_id() == Some(unique_id)).then(|| plan::changes_of_bound(id, binding))
}

/// Whether an effect says that it is on a principal of the account of its key.
fn is_in_account(effect: &RecordedEffect, key: &PrincipalKey) -> bool {
    matches!(key, PrincipalKey::Id { account_id, .. } if effect.principal.account_id == *account_id)
}

/// The effects that are to be forgotten when what a request gave was removed: those, and what else is
/// recorded for it, which somebody made up.
pub(crate) fn forgotten(
    given: Vec<RecordedEffect>,
    recorded: Vec<RecordedEffect>,
    live: &[RecordedEffect],
) -> Vec<RecordedEffect> {
    let is_other = |one: &RecordedEffect| given.iter().all(|given| given.key() != one.key());
    let others = recorded.into_iter().filter(is_other);
    let others: Vec<RecordedEffect> = others
        .map(|one| RecordedEffect {
            preexisting: true,
            ..one
        })
        .collect();
    let mut all = plan::forgotten(given, live);
    all.extend(others);
    all
}

/// What the approvers of a trail were asked.
pub(crate) fn round_in(trail: &[AuditRow]) -> Option<&ApprovalRound> {
    trail.iter().find_map(|row| match &row.event {
        Event::ApprovalRequested { round } => Some(round),
        _ => None,
    })
}

/// The changes that the approvers of a trail were asked for; none where they were not asked.
pub(crate) fn changes_bound(id: &RequestId, trail: &[AuditRow]) -> Vec<EffectChange> {
    let round = round_in(trail);
    round.map_or_else(Vec::new, |round| plan::changes_of_bound(id, &round.binding))
}
