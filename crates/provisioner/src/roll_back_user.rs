//! Undoing what creating a user came to, for a request that fails.

use jiff::{SignedDuration, Timestamp};
use ports::identities::IdentityCommit;
use ports::users::Users as _;
use snowgate_core::identity::{
    CLOCKS_DIFFER_BY, DeletedBecause, IdentityEvent, IdentityPhase, IdentityRecord, IdentityState,
    MadeUser, UserCredentials,
};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::plan;
use snowgate_core::record::{
    BlockedBecause, Deviation, FailureCode, PROVISION_WITHIN, RequestRecord,
};
use tracing::error;

use crate::locate::Located;
use crate::whose_user::MadeFor;
use crate::{ProvisionError, Provisioner, ProvisionerPorts};

/// What is there of the user that a request was to create.
enum Left {
    /// It.
    It(Box<Located>),
    /// Nobody, or somebody else.
    Nothing,
    /// Somebody who may be it.
    Undecided,
}

impl<P: ProvisionerPorts> Provisioner<P> {
    /// Takes back the user that was created for a request which fails; what is to be written with the end of
    /// the request, beside the request as it stands. It is deleted with all that it has where everything says
    /// that it may be, for that cannot be undone: record and request are whole and prove themselves, IAM says that
    /// it was created for the request, and nobody else gives it anything. Else it is denied everything and
    /// stays, and the ticket is told.
    ///
    /// # Errors
    /// [`ProvisionError::Blocked`] where it is not known whose the user is that is there: the ticket is told,
    /// and it is tried again.
    pub(crate) async fn roll_back_user(
        &self,
        record: RequestRecord,
        code: FailureCode,
        now: Timestamp,
    ) -> Result<(RequestRecord, Option<Box<IdentityCommit>>), ProvisionError> {
        if !record.request().creates_user() || record.state() != State::Provisioning {
            return Ok((record, None));
        }
        let identity = self.user_of(&record).await?;
        if identity.is_none() {
            error!("the user that is rolled back has no record that bears it out");
        }
        let located = match self.left_of(&record, identity.as_ref(), now).await? {
            Left::It(located) => located,
            Left::Nothing => {
                let over = self.over(identity, code, now).await?;
                return Ok((record, over));
            }
            Left::Undecided => {
                error!("it is not known whose the user is that has the name");
                self.tell_left(record, BlockedBecause::Unproven, now)
                    .await?;
                return Err(ProvisionError::Blocked);
            }
        };
        let unique_id = located.facts.unique_id.clone();
        if let Some(identity) = &identity
            && self
                .may_be_deleted(&record, identity, &located, now)
                .await?
        {
            let deleting = self.deleting(identity, &unique_id, code, now).await?;
            self.delete_user(&record.request().target, &unique_id)
                .await?;
            let change = deleting.apply(IdentityEvent::Deleted, Actor::Provisioner, now)?;
            return Ok((record, Some(Box::new(change.into()))));
        }
        self.shut_out(&located).await?;
        error!("not everything says that the user that is left may be deleted");
        let left = BlockedBecause::UserLeft;
        let record = self.tell_left(record, left, now).await?;
        let ended = match identity {
            Some(identity) => self.ended_undeleted(identity, now).await?,
            None => None,
        };
        Ok((record, ended))
    }

    /// Whether a user that was created for a request which fails may be deleted.
    async fn may_be_deleted(
        &self,
        record: &RequestRecord,
        identity: &IdentityRecord,
        located: &Located,
        now: Timestamp,
    ) -> Result<bool, ProvisionError> {
        let is_whole = record.trail_fault().is_none() && identity.trail_fault().is_none();
        let is_undone = matches!(
            identity.phase(),
            IdentityPhase::Creating
                | IdentityPhase::Deleting {
                    because: DeletedBecause::Rollback { .. }
                }
        );
        if !is_whole || !is_undone || !self.is_proved(record).await? {
            return Ok(false);
        }
        // Nor is one that is older than any request that is still being provisioned.
        let made = self.member.made(&located.principal).await?;
        let is_new = |made: MadeUser| now.duration_since(made.created_at) < PROVISION_WITHIN * 2;
        if !made.is_some_and(is_new) {
            return Ok(false);
        }
        // Who can sign in was in use for longer than a roll-back takes.
        let user = &located.principal;
        let credentials = self.member.credentials(user).await?;
        if credentials.is_some_and(|found| found != UserCredentials::default()) {
            return Ok(false);
        }
        let key = user.key_by_id(&located.facts.unique_id);
        Ok(self.any_on(&key, record.id()).await?.is_empty())
    }

    /// That a user has ended that is not deleted, for not everything says that it may be; none where its
    /// record cannot say so.
    async fn ended_undeleted(
        &self,
        identity: IdentityRecord,
        now: Timestamp,
    ) -> Result<Option<Box<IdentityCommit>>, ProvisionError> {
        let ending = match identity.state() {
            IdentityState::Creating if identity.unique_id().is_none() => return Ok(None),
            IdentityState::Creating | IdentityState::Live | IdentityState::Disabled => {
                let event = IdentityEvent::EndingStarted;
                self.change_user_by(&identity, event, now).await?
            }
            IdentityState::Ending => identity,
            _ => return Ok(None),
        };
        let grace_until = now + self.guardrails.grace().as_signed();
        let event = IdentityEvent::Ended { grace_until };
        let change = ending.apply(event, Actor::Provisioner, now)?;
        Ok(Some(Box::new(change.into())))
    }

    /// Whether an earlier run began to delete the user that a request created.
    pub(crate) async fn is_deleted(&self, record: &RequestRecord) -> Result<bool, ProvisionError> {
        let identity = self.user_of(record).await?;
        Ok(identity.is_some_and(|identity| identity.state() == IdentityState::Deleting))
    }

    /// What IAM has of the user that a request was to create. One that was just created may be seen later, and its
    /// tags later still.
    async fn left_of(
        &self,
        record: &RequestRecord,
        identity: Option<&IdentityRecord>,
        now: Timestamp,
    ) -> Result<Left, ProvisionError> {
        let target = &record.request().target;
        let known = record
            .unique_id()
            .or_else(|| identity.and_then(IdentityRecord::unique_id));
        if let Some(known) = known {
            // The last that was written down is that it was seen, or that it is deleted.
            let seen = identity
                .map(IdentityRecord::since)
                .max(Some(record.since()));
            let is_long = seen.is_none_or(|seen| now.duration_since(seen) > CLOCKS_DIFFER_BY);
            return match self.made_for(target, known, record.id()).await? {
                MadeFor::It(located) => Ok(Left::It(located)),
                MadeFor::Another => Ok(Left::Undecided),
                MadeFor::Gone if is_long => Ok(Left::Nothing),
                MadeFor::Gone => Err(ProvisionError::NotSeen),
            };
        }
        let begun = record.since();
        let made = self.look_for(target).await?;
        let may_be_ours = |made: &MadeUser| {
            begun.duration_since(made.created_at) <= CLOCKS_DIFFER_BY
                && (made.tags.is_empty() || made.is_of(record.id()))
        };
        let waited: SignedDuration = now.duration_since(begun);
        match made.filter(may_be_ours) {
            Some(made) if made.is_of(record.id()) => {
                let located = self.locate_by_id(target, &made.unique_id).await?;
                located
                    .map(Box::new)
                    .map(Left::It)
                    .ok_or(ProvisionError::NotSeen)
            }
            _ if waited <= CLOCKS_DIFFER_BY => Err(ProvisionError::NotSeen),
            Some(_) => Ok(Left::Undecided),
            None => Ok(Left::Nothing),
        }
    }

    /// That a user who is not there was deleted, or never was there; none where its record says nothing more.
    async fn over(
        &self,
        identity: Option<IdentityRecord>,
        code: FailureCode,
        now: Timestamp,
    ) -> Result<Option<Box<IdentityCommit>>, ProvisionError> {
        let Some(identity) = identity else {
            return Ok(None);
        };
        if identity.trail_fault().is_some() {
            error!("the record of a user that is not there has a broken trail: a person decides");
            return Ok(None);
        }
        let (identity, event) = match (identity.state(), identity.unique_id()) {
            (IdentityState::Creating, None) => (identity, IdentityEvent::Discarded),
            (IdentityState::Creating | IdentityState::Deleting, Some(unique_id)) => {
                let deleting = self.deleting(&identity, unique_id, code, now).await?;
                (deleting, IdentityEvent::Deleted)
            }
            _ => return Ok(None),
        };
        let change = identity.apply(event, Actor::Provisioner, now)?;
        Ok(Some(Box::new(change.into())))
    }

    /// The record of a user that is created and is to be deleted, which says so; it is written before anything is done.
    async fn deleting(
        &self,
        identity: &IdentityRecord,
        unique_id: &str,
        code: FailureCode,
        now: Timestamp,
    ) -> Result<IdentityRecord, ProvisionError> {
        let mut deleting = identity.clone();
        if deleting.unique_id().is_none() {
            let unique_id = unique_id.to_owned();
            let event = IdentityEvent::UserCreated { unique_id };
            deleting = self.change_user_by(&deleting, event, now).await?;
        }
        if deleting.state() == IdentityState::Creating {
            let because = DeletedBecause::Rollback { code };
            let event = IdentityEvent::DeletionStarted { because };
            deleting = self.change_user_by(&deleting, event, now).await?;
        }
        Ok(deleting)
    }

    /// Tells the ticket that a user is left, or may be, and why.
    pub(crate) async fn tell_left(
        &self,
        record: RequestRecord,
        because: BlockedBecause,
        now: Timestamp,
    ) -> Result<RequestRecord, ProvisionError> {
        let mine = plan::effects_of_begun(&record).into_iter();
        let of_user = mine.filter(|one| one.change.is_of_user());
        let left = of_user.map(|one| Deviation::StillThere {
            change: one.change,
            because,
        });
        self.report(record, left.collect(), now).await
    }
}
