//! What is due about a user by its own record: its end, where no request brought it, and its deletion.

use jiff::{SignedDuration, Timestamp};
use ports::CallError;
use ports::identities::{Identities as _, IdentityCommit};
use ports::ledger::Requests as _;
use ports::users::Users as _;
use snowgate_core::id::{IdentityId, RequestId};
use snowgate_core::identity::{
    CLOCKS_DIFFER_BY, DeletedBecause, IdentityEvent, IdentityPhase, IdentityRecord, LifePolicy,
    Whose, whose,
};
use snowgate_core::lifecycle::Actor;
use snowgate_core::record::{BlockedBecause, Deviation, RequestRecord};
use tracing::{error, info, warn};

use crate::locate::Located;
use crate::whose_user::MadeFor;
use crate::{ProvisionError, Provisioner, ProvisionerPorts};

/// How long until a step that does not work is tried again.
const AGAIN: SignedDuration = SignedDuration::from_mins(15);

/// How often a step is tried that is due for a day, as in an account that was closed.
const DAILY: SignedDuration = SignedDuration::from_hours(24);

impl<P: ProvisionerPorts> Provisioner<P> {
    /// Does what is due about a user, and puts it off where that does not work now.
    ///
    /// # Errors
    /// Only where the ledger itself does not answer.
    pub(crate) async fn handle_user(
        &self,
        id: &IdentityId,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        let Some(identity) = self.identities.identity(id).await? else {
            warn!("woken for a user that the ledger does not have");
            return Ok(());
        };
        let again = match self.hold {
            true => {
                warn!("all changes are stopped");
                Some(now + AGAIN)
            }
            false => match self.step_of_user(&identity, now).await {
                Ok(again) => again,
                Err(failure) => {
                    let state = identity.state();
                    error!(error = shell::log::chain(&failure), %state, "a user is not done with");
                    Some(now + again_after(&identity, now))
                }
            },
        };
        let Some(again) = again else {
            return Ok(());
        };
        // The step may have been written down before the failure.
        let Some(current) = self.identities.identity(id).await? else {
            return Ok(());
        };
        if current.due_at().is_some() {
            let (version, attempts) = (current.version(), current.attempts().saturating_add(1));
            let postponed = self
                .identities
                .postpone_identity(id, version, again, attempts);
            postponed.await?;
        }
        Ok(())
    }

    /// Takes the step that is due; when to look again where nothing is to be done yet.
    async fn step_of_user(
        &self,
        identity: &IdentityRecord,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, ProvisionError> {
        match identity.phase() {
            // Its request creates it, or takes it back.
            IdentityPhase::Creating => {
                let created_by = self.readable(identity.created_by()).await?;
                let is_at_work = |request: RequestRecord| {
                    !request.state().is_terminal() && !request.was_put_back()
                };
                if created_by.is_some_and(is_at_work) {
                    return Ok(Some(now + AGAIN));
                }
                error!("a user is left of a request that is over, or lost");
                self.end_unfinished(identity, now).await?;
                Ok(None)
            }
            IdentityPhase::Live { until } | IdentityPhase::Disabled { until, .. }
                if now < *until =>
            {
                Ok(Some(*until))
            }
            IdentityPhase::Ended { grace_until, .. } if now < *grace_until => {
                Ok(Some(*grace_until))
            }
            IdentityPhase::Live { .. }
            | IdentityPhase::Disabled { .. }
            | IdentityPhase::Ending { .. } => {
                if self.is_kept_alive(identity, now).await? {
                    return Ok(Some(now + AGAIN));
                }
                self.end_by_record(identity, now).await?;
                Ok(None)
            }
            IdentityPhase::Ended { .. } => {
                let there = self.is_made_by_us(identity).await?;
                if let Some(located) = &there {
                    does_not_live_on(located, now)?;
                    // Grace is for who is denied everything: it begins again where somebody changed that.
                    if located.facts.life() != Some(LifePolicy::Over) {
                        error!("a user that has ended is not denied everything any more");
                        let grace = self.guardrails.grace().as_signed().max(AGAIN);
                        let grace_until = now + grace;
                        let event = IdentityEvent::Ended { grace_until };
                        self.change_user_by(identity, event, now).await?;
                        self.shut_out(located).await?;
                        return Ok(None);
                    }
                    if !self.is_deletable(identity, now).await? {
                        return Ok(Some(now + again_after(identity, now)));
                    }
                }
                let because = DeletedBecause::GraceOver;
                let event = IdentityEvent::DeletionStarted { because };
                let deleting = self.change_user_by(identity, event, now).await?;
                self.finish_deletion(&deleting, there, now).await?;
                Ok(None)
            }
            IdentityPhase::Deleting { because } => {
                // What is rolled back is written down with its request.
                if matches!(because, DeletedBecause::Rollback { .. }) {
                    let request = self.readable(identity.created_by()).await?;
                    if request.is_some_and(|request| !request.state().is_terminal()) {
                        return Ok(Some(now + AGAIN));
                    }
                }
                let there = self.is_made_by_us(identity).await?;
                if let Some(located) = &there {
                    does_not_live_on(located, now)?;
                    if !self.is_deletable(identity, now).await? {
                        return Ok(Some(now + again_after(identity, now)));
                    }
                }
                self.finish_deletion(identity, there, now).await?;
                Ok(None)
            }
            IdentityPhase::Over { .. } => Ok(None),
        }
    }

    /// A request, where it is there and can be read: one that cannot keeps no user alive.
    pub(crate) async fn readable(
        &self,
        id: &RequestId,
    ) -> Result<Option<RequestRecord>, CallError> {
        match self.requests.load(id).await {
            Err(failure) if !failure.is_transient() => {
                let error = shell::log::chain(&failure);
                error!(request = %id, error, "a request of a user cannot be read");
                Ok(None)
            }
            loaded => loaded,
        }
    }

    /// Whether a request is what was approved. Where that can never be found out, it is not.
    async fn proves_itself(&self, request: &RequestRecord) -> Result<bool, ProvisionError> {
        match self.is_proved(request).await {
            Err(failure) if failure.is_permanent() => {
                error!(
                    error = shell::log::chain(&failure),
                    "a request of a user proves nothing"
                );
                Ok(false)
            }
            proved => proved,
        }
    }

    /// Whether a request that gives it time is still there and ends it, or will: one that its record names, or
    /// one that proves itself and is about to give it more.
    async fn is_kept_alive(
        &self,
        identity: &IdentityRecord,
        now: Timestamp,
    ) -> Result<bool, ProvisionError> {
        for id in identity.requests() {
            if let Some(request) = self.readable(id).await?
                && request.has_effects()
                && (request.trail_fault().is_none() || !request.is_over(now))
                && (identity.is_asked_by(&request) || identity.is_extended_by(&request))
                && self.proves_itself(&request).await?
            {
                return Ok(true);
            }
        }
        let (key, but) = (identity.principal_key(), identity.created_by());
        let others = self.live_on(&key, but, now).await?;
        Ok(self.end_by_proof(&others).await?.is_some())
    }

    /// Ends a user of whom it is not written down yet who it is: one that was never created is not created
    /// any more.
    async fn end_unfinished(
        &self,
        identity: &IdentityRecord,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        if identity.unique_id().is_some() {
            return self.end_by_record(identity, now).await;
        }
        let made = self.look_for(&identity.user().principal()).await?;
        let whose = made.as_ref().map(|made| whose(made, identity));
        let waited: SignedDuration = now.duration_since(identity.begun_at());
        match (made, whose) {
            (Some(made), Some(Whose::Ours)) => {
                let unique_id = made.unique_id;
                let event = IdentityEvent::UserCreated { unique_id };
                let created = self.change_user_by(identity, event, now).await?;
                self.end_by_record(&created, now).await
            }
            (_, None | Some(Whose::Another)) if waited > CLOCKS_DIFFER_BY => {
                let event = IdentityEvent::Discarded;
                self.change_user_by(identity, event, now).await?;
                Ok(())
            }
            _ => Err(ProvisionError::NotSeen),
        }
    }

    /// Ends a user whose request does not: it is denied everything, and its keys are inactive.
    async fn end_by_record(
        &self,
        identity: &IdentityRecord,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        let located = self.is_made_by_us(identity).await?;
        if let Some(located) = &located {
            does_not_live_on(located, now)?;
        }
        let ending = match identity.phase() {
            IdentityPhase::Ending { .. } => identity.clone(),
            _ => {
                let event = IdentityEvent::EndingStarted;
                self.change_user_by(identity, event, now).await?
            }
        };
        if let Some(located) = located {
            self.shut_out(&located).await?;
        }
        let (key, but) = (identity.principal_key(), identity.created_by());
        self.end_rest_on(&key, but, now).await?;
        let grace_until = now + self.guardrails.grace().as_signed();
        let event = IdentityEvent::Ended { grace_until };
        self.change_user_by(&ending, event, now).await?;
        Ok(())
    }

    /// Denies a user everything and makes its keys inactive.
    pub(crate) async fn shut_out(&self, located: &Located) -> Result<(), ProvisionError> {
        let life = LifePolicy::Over;
        self.member.put_life(&located.principal, life).await?;
        Ok(self.member.deactivate_keys(&located.principal).await?)
    }

    /// Where the user is that a record is about, if IAM still has it.
    ///
    /// # Errors
    /// [`ProvisionError::Blocked`] where it was not created for the request that the record says: whoever writes the table could
    /// name anybody.
    async fn is_made_by_us(
        &self,
        identity: &IdentityRecord,
    ) -> Result<Option<Located>, ProvisionError> {
        let user = identity.user().principal();
        let unique_id = identity.unique_id().ok_or(ProvisionError::Blocked)?;
        match self
            .made_for(&user, unique_id, identity.created_by())
            .await?
        {
            MadeFor::It(located) => Ok(Some(*located)),
            MadeFor::Gone => Ok(None),
            MadeFor::Another => {
                error!("a user was not created for the request that its record names");
                Err(ProvisionError::Blocked)
            }
        }
    }

    /// Whether every request that created, extended or revived it is over, and proved to be of this very user,
    /// and no other has anything on it: deleting cannot be undone.
    async fn is_deletable(
        &self,
        identity: &IdentityRecord,
        now: Timestamp,
    ) -> Result<bool, ProvisionError> {
        for id in identity.requests() {
            let Some(request) = self.readable(id).await? else {
                error!("a request of the user that is to be deleted is not there");
                return Ok(false);
            };
            // That it is over, no signature says; when it is at the latest, one does.
            if !request.state().is_terminal() || request.latest_end().is_none_or(|end| now < end) {
                return Ok(false);
            }
            let is_left = |one: &Deviation| {
                matches!(
                    one,
                    Deviation::StillThere {
                        because: BlockedBecause::UserLeft,
                        ..
                    }
                )
            };
            if request.deviations().any(is_left) {
                error!("a user was left to a person, who has to delete it");
                return Ok(false);
            }
            let is_of_it = identity.is_asked_by(&request) || identity.is_extended_by(&request);
            if !is_of_it || request.trail_fault().is_some() || !self.is_proved(&request).await? {
                error!("a request of the user that is to be deleted proves nothing");
                return Ok(false);
            }
        }
        let (key, but) = (identity.principal_key(), identity.created_by());
        let others = self.any_on(&key, but).await?;
        if !others.is_empty() {
            info!(
                others = others.len(),
                "requests have something on a user that is to be deleted"
            );
        }
        Ok(others.is_empty())
    }

    /// Deletes a user of whom it is known that it may be, and was made by us, if it is still there.
    async fn finish_deletion(
        &self,
        identity: &IdentityRecord,
        there: Option<Located>,
        now: Timestamp,
    ) -> Result<(), ProvisionError> {
        if let Some(Located { principal, facts }) = there {
            self.delete_user(&principal, &facts.unique_id).await?;
        }
        self.change_user_by(identity, IdentityEvent::Deleted, now)
            .await?;
        info!("the user is deleted");
        Ok(())
    }

    /// Writes what happened to a user, alone; the user afterwards.
    pub(crate) async fn change_user_by(
        &self,
        identity: &IdentityRecord,
        event: IdentityEvent,
        now: Timestamp,
    ) -> Result<IdentityRecord, ProvisionError> {
        let change = identity.apply(event, Actor::Provisioner, now)?;
        let commit = IdentityCommit::from(change);
        self.identities.commit_identity(&commit).await?;
        Ok(commit.change.record)
    }
}

/// How long until a step that does not work, or must wait, is tried again: once a day, when it is due for a day.
fn again_after(identity: &IdentityRecord, now: Timestamp) -> SignedDuration {
    let due = match identity.phase() {
        IdentityPhase::Live { until } | IdentityPhase::Disabled { until, .. } => *until,
        IdentityPhase::Ended { grace_until, .. } => *grace_until,
        _ => identity.since(),
    };
    match now.duration_since(due) > DAILY {
        true => DAILY,
        false => AGAIN,
    }
}

/// That no life policy lets a user live on. What IAM has was put for a request that was approved, of which no row
/// may be left.
fn does_not_live_on(located: &Located, now: Timestamp) -> Result<(), ProvisionError> {
    match located.facts.life() {
        Some(LifePolicy::Until(end)) if now < end => {
            error!("a user lives longer than its record says");
            Err(ProvisionError::Blocked)
        }
        _ => Ok(()),
    }
}
