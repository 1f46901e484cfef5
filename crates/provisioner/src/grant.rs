//! From `Approved` to `Active`, or to `Failed` with everything rolled back.

use jiff::{SignedDuration, Timestamp};
use ports::CallError;
use ports::directory::{DirectoryError, Member as _};
use ports::ledger::Effects as _;
use ports::signature::Verifier as _;
use snowgate_core::account::PrincipalFacts;
use snowgate_core::effect::{RecordedEffect, SETTLES_WITHIN};
use snowgate_core::identity::Admission;
use snowgate_core::lifecycle::State;
use snowgate_core::plan;
use snowgate_core::record::{Event, FailureCode, PROVISION_WITHIN, RequestRecord};
use tracing::{error, info, warn};
use workflow::change::{self, Draft, NotChanged};
use workflow::survey::{SurveyError, survey};

use crate::create_user::CreatedUser;
use crate::locate::Located;
use crate::remove::{astray, blocked};
use crate::{LOOKS, ProvisionError, Provisioner, ProvisionerPorts, effects};

/// How long a request may be put off before somebody has to look: twice as long as a removal settles.
const WAITS_AT_MOST: SignedDuration = SignedDuration::from_secs(2 * SETTLES_WITHIN.as_secs());

/// Why a request is not granted.
pub(crate) enum NotGranted {
    /// The request fails.
    Failed(FailureCode),
    /// It is tried again later.
    Later(ProvisionError),
    /// What is there may be what another request's end removes, or has just removed: it would count
    /// as there before.
    Settling,
}

impl From<FailureCode> for NotGranted {
    fn from(code: FailureCode) -> Self {
        Self::Failed(code)
    }
}

impl From<ProvisionError> for NotGranted {
    fn from(error: ProvisionError) -> Self {
        Self::Later(error)
    }
}

impl From<CallError> for NotGranted {
    fn from(call: CallError) -> Self {
        Self::Later(call.into())
    }
}

impl From<SurveyError> for NotGranted {
    fn from(error: SurveyError) -> Self {
        match error {
            SurveyError::Missing(_) => Self::Failed(FailureCode::ContentChanged),
            SurveyError::Directory(failure) => Self::Later(failure.into()),
        }
    }
}

impl<P: ProvisionerPorts> Provisioner<P> {
    /// Provisions a request that was approved, or goes on where an earlier run stopped.
    pub(crate) async fn grant(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        let effects = match self.plan(&record, now).await {
            Ok(effects) => effects,
            Err(NotGranted::Failed(code)) => return self.fail(record, code, now).await,
            Err(NotGranted::Later(failure)) => return Err(failure),
            Err(NotGranted::Settling) => {
                // What a removal leaves behind goes soon; who proves nothing may stay for ever.
                match now.duration_since(record.since()) > WAITS_AT_MOST {
                    true => error!("put off for long: what is there may be about to go"),
                    false => info!("put off: what is there may be about to go"),
                }
                change::put_off(&self.requests, &record, now).await?;
                return Ok(record);
            }
        };
        let record = match record.state() {
            State::Approved => {
                let found = effects.iter().filter(|effect| effect.preexisting);
                let preexisting = found.map(|effect| effect.change.clone()).collect();
                let draft = Draft {
                    put_effects: effects.clone(),
                    effects_end: Some(plan::until(&record, &effects, now)),
                    identity: self.begun(&record, now)?,
                    ..Draft::from(Event::ProvisioningStarted { preexisting })
                };
                match self.write(record.clone(), draft, now).await {
                    Err(ProvisionError::NotChanged(NotChanged::NameTaken)) => {
                        return self.fail(record, FailureCode::NameTaken, now).await;
                    }
                    written => written?,
                }
            }
            _ => record,
        };
        if record.state() != State::Provisioning {
            return Ok(record);
        }
        let (record, effects) = match record.request().creates_user() {
            true => match self.create_user(record.clone(), now).await? {
                CreatedUser::There(record) => {
                    let effects = plan::effects_of_begun(&record);
                    (*record, effects)
                }
                CreatedUser::Failed(code) => return self.fail(record, code, now).await,
            },
            false => (record, effects),
        };
        let mut tried = Vec::new();
        let applied = self.apply(&record, &effects, &mut tried).await;
        if applied.is_err() && self.take_back_from_others(&record, &tried).await? {
            return self.fail(record, FailureCode::ContentChanged, now).await;
        }
        match applied {
            Ok(()) => {}
            Err(ProvisionError::Account(DirectoryError::Call(call))) if !call.is_transient() => {
                error!(error = shell::log::chain(&call), "IAM refused a change");
                return self.fail(record, FailureCode::IamRefused, now).await;
            }
            Err(other) => return Err(other),
        }
        // The access counts from the moment when it was seen to be there.
        let until = plan::until(&record, &effects, self.clock.now().max(now));
        let draft = Draft {
            put_effects: effects,
            effects_end: Some(until),
            identity: self.activated(&record, until, now).await?,
            ..Draft::from(Event::Activated { until })
        };
        self.write(record, draft, now).await
    }

    /// What the request changes in IAM, if everything is still as it was approved.
    async fn plan(
        &self,
        record: &RequestRecord,
        now: Timestamp,
    ) -> Result<Vec<RecordedEffect>, NotGranted> {
        if self.is_late(record, now) {
            return Err(FailureCode::TimedOut.into());
        }
        let facts = survey(&self.member, record.request(), &self.guardrails).await?;
        if !self.is_signed(record).await? {
            error!("a decision does not verify");
            return Err(FailureCode::UnprovenDecision.into());
        }
        plan::check(record, &facts, &self.guardrails, now)?;
        let effects = match record.state() {
            State::Approved => {
                let mine = plan::effects(record, &facts.principal, &[], now)?;
                let others = self.giving(record, &mine).await?;
                let (mut broken, mut whole) = (Vec::new(), Vec::new());
                for other in others {
                    match other.trail_fault().is_none() && self.is_signed(&other).await? {
                        true => whole.push(other),
                        false => broken.push(other),
                    }
                }
                // What was abandoned was given by us, and its end is due since.
                let principal = record.principal_key();
                let mut live = effects::all(&whole);
                live.extend(effects::abandoned(&whole, &principal));
                let effects = plan::effects(record, &facts.principal, &live, now)?;
                // What only a record gives that proves nothing may be made up, or end: neither was that
                // there before, nor is it sure that it was not.
                let mut doubtful = effects::all(&broken);
                doubtful.extend(effects::abandoned(&broken, &principal));
                let is_doubtful = |effect: &RecordedEffect| {
                    let mut same = doubtful.iter();
                    effect.preexisting && same.any(|one| one.change.key() == effect.change.key())
                };
                let is_doubtful = effects.iter().any(is_doubtful);
                if is_doubtful || self.may_be_removed(record, &effects, now).await? {
                    return Err(NotGranted::Settling);
                }
                effects
            }
            _ => plan::effects_of_begun(record),
        };
        let until = plan::until(record, &effects, now);
        if until <= now {
            return Err(FailureCode::TimedOut.into());
        }
        let is_known = self.user_admits(record, until).await?;
        match user_lives(record, &facts.principal, until) {
            // The user's record says that it may, and what IAM shows may be older than the last change.
            Err(_) if is_known => return Err(ProvisionError::NotSeen.into()),
            lives => lives?,
        }
        // What an earlier run found there and somebody took away since is not ours to put back.
        let gone =
            |effect: &RecordedEffect| effect.preexisting && !facts.principal.shows(&effect.change);
        match effects.iter().any(gone) {
            true => Err(FailureCode::ContentChanged.into()),
            false => Ok(effects),
        }
    }

    /// Whether something that counts as there before may be what another request's end removed.
    async fn may_be_removed(
        &self,
        record: &RequestRecord,
        effects: &[RecordedEffect],
        now: Timestamp,
    ) -> Result<bool, CallError> {
        let found = effects.iter().filter(|effect| effect.preexisting);
        let found: Vec<String> = found.map(|effect| effect.change.key()).collect();
        if found.is_empty() {
            return Ok(false);
        }
        if self.may_be_hidden(record, &found).await? {
            return Ok(true);
        }
        let removals = self.effects.removals(&record.principal_key()).await?;
        let mut recent = removals.iter().filter(|removal| removal.may_be_listed(now));
        Ok(recent.any(|removal| found.contains(&removal.change)))
    }

    /// A request that was approved or begun long ago. The sweeper ends those that were not begun.
    fn is_late(&self, record: &RequestRecord, now: Timestamp) -> bool {
        let waited: SignedDuration = now.duration_since(record.since());
        waited >= PROVISION_WITHIN
    }

    /// Whether every decision carries a signature that verifies.
    pub(crate) async fn is_signed(&self, record: &RequestRecord) -> Result<bool, ProvisionError> {
        for decided in record.decisions() {
            let message = decided.signed.decision.signed_bytes()?;
            if !self.verifier.verify(&message, &decided.signed.mac).await? {
                return Ok(false);
            }
        }
        Ok(!record.decisions().is_empty())
    }

    /// Makes the changes, and looks until all are to be seen. What IAM lists may be older than
    /// the last change, so it does not decide whether a change is made: making one twice is
    /// harmless, leaving one out is not. Each is noted as tried before it is made.
    async fn apply(
        &self,
        record: &RequestRecord,
        effects: &[RecordedEffect],
        tried: &mut Vec<RecordedEffect>,
    ) -> Result<(), ProvisionError> {
        let target = &record.request().target;
        for effect in effects.iter().filter(|effect| !effect.preexisting) {
            tried.push(effect.clone());
            self.member.make(target, &effect.change).await?;
        }
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(self.look_again).await;
            }
            let located = self.locate(record).await?;
            let there = |located: Located| {
                located.principal == *target
                    && plan::deviations(effects, &located.facts).is_empty()
                    && astray(record, tried, &located.facts).is_empty()
            };
            if located.is_some_and(there) {
                return Ok(());
            }
        }
        Err(ProvisionError::NotSeen)
    }

    /// Removes what this request changed and ends it as `Failed`. If removing fails, the request
    /// stays as it is and is tried again: it never ends with something left behind.
    pub(crate) async fn fail(
        &self,
        record: RequestRecord,
        code: FailureCode,
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        warn!(?code, "not provisioned");
        if record.was_put_back() {
            let draft = Draft {
                delete_effects: self.roll_back_by_trail(&record, now).await?,
                ..Draft::from(Event::Failed { code })
            };
            return self.write(record, draft, now).await;
        }
        let mine = plan::effects_of_begun(&record);
        let others = self.keeping(&record, &mine, now).await?;
        // A user who was never seen has nothing, and one who is deleted loses all.
        let creates_user = record.request().creates_user();
        let has_none =
            creates_user && (record.unique_id().is_none() || self.is_deleted(&record).await?);
        let is_its_end = !creates_user && plan::ends_user(&mine, &effects::all(&others));
        let started = match is_its_end {
            true => self.start_ending(&record, now).await,
            false => Ok(()),
        };
        // The user itself is taken back at last, whatever IAM lets be put on it.
        let undone: Vec<RecordedEffect> = mine
            .iter()
            .filter(|one| !(creates_user && one.change.is_of_user()))
            .cloned()
            .collect();
        let record = match has_none {
            true => record,
            false => self.undo(record, &undone, &others, now).await?,
        };
        started?;
        let (record, identity) = match creates_user {
            true => match self.roll_back_user(record.clone(), code, now).await {
                Err(ProvisionError::Account(account)) => {
                    let because = blocked(&account).ok_or(account)?;
                    self.tell_left(record, because, now).await?;
                    return Err(ProvisionError::Blocked);
                }
                rolled_back => rolled_back?,
            },
            false => {
                let ended = self.ended(&record, (&mine, &others), now).await?;
                (record, ended)
            }
        };
        let draft = Draft {
            delete_effects: plan::forgotten(mine, &effects::all(&others)),
            identity,
            ..Draft::from(Event::Failed { code })
        };
        self.write(record, draft, now).await
    }
}

/// Whether the life policy of a principal, whatever the ledger says of it, lets it have access until this time.
fn user_lives(
    record: &RequestRecord,
    principal: &PrincipalFacts,
    until: Timestamp,
) -> Result<(), FailureCode> {
    match principal.life().map(|life| life.admission(until)) {
        Some(Admission::Over) => Err(FailureCode::UserEnded),
        Some(Admission::EndsBefore) if record.request().user().is_none() => {
            Err(FailureCode::OutlivesUser)
        }
        _ => Ok(()),
    }
}
