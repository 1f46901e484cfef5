//! Undoing what creating a user came to, for a request that fails.

use jiff::{SignedDuration, Timestamp};
use ports::identities::IdentityCommit;
use ports::users::Users as _;
use snowgate_core::identity::{
    CLOCKS_DIFFER_BY, DeletedBecause, IdentityEvent, IdentityRecord, IdentityState, MadeUser,
};
use snowgate_core::lifecycle::{Actor, State};
use snowgate_core::plan;
use snowgate_core::record::{BlockedBecause, Deviation, FailureCode, RequestRecord};
use tracing::error;

use crate::{ProvisionError, Provisioner, ProvisionerPorts};

/// What is there of the user that a request was to create.
enum Left {
    /// It, of this unique id.
    It(String),
    /// Nobody, or somebody else.
    Nothing,
    /// Somebody who may be it.
    Undecided,
}

impl<P: ProvisionerPorts> Provisioner<P> {
    /// Deletes the user that was created for a request which fails, with all that it has; what is to be written with the
    /// end of the request, beside the request as it stands. Deleting cannot be undone: the request must prove
    /// itself, IAM must say that the user was created for it, and nobody else may give it anything.
    ///
    /// # Errors
    /// [`ProvisionError::Blocked`] where that is not so: the ticket is told, and it is tried again.
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
        let unique_id = match self.left_of(&record, identity.as_ref(), now).await? {
            Left::It(unique_id) => unique_id,
            Left::Nothing => {
                let over = self.over(identity, code, now).await?;
                return Ok((record, over));
            }
            Left::Undecided => return self.not_decided(record, now).await,
        };
        let state = identity.as_ref().map(IdentityRecord::state);
        if matches!(state, Some(IdentityState::Ending | IdentityState::Ended)) {
            // Its own record ended it meanwhile, and deletes it after a while.
            return Ok((record, None));
        }
        let target = &record.request().target;
        let others = self
            .any_on(&target.key_by_id(&unique_id), record.id())
            .await?;
        if !others.is_empty() || !self.is_proved(&record).await? {
            return self.not_decided(record, now).await;
        }
        let identity = match identity {
            Some(identity) => self.deleting(identity, &unique_id, code, now).await?,
            None => None,
        };
        self.delete_user(target, &unique_id).await?;
        let deleted = match identity {
            Some(identity) => {
                Some(identity.apply(IdentityEvent::Deleted, Actor::Provisioner, now)?)
            }
            None => None,
        };
        Ok((record, deleted.map(|change| Box::new(change.into()))))
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
            let Some(located) = self.locate_by_id(target, known).await? else {
                return Ok(Left::Nothing);
            };
            let made = self.member.made(&located.principal).await?;
            return Ok(match made {
                Some(made) if made.unique_id == known && made.is_of(record.id()) => {
                    Left::It(made.unique_id)
                }
                _ => Left::Undecided,
            });
        }
        let begun = record.since();
        let made = self.look_for(target).await?;
        let may_be_ours = |made: &MadeUser| {
            begun.duration_since(made.created_at) <= CLOCKS_DIFFER_BY
                && (made.tags.is_empty() || made.is_of(record.id()))
        };
        let waited: SignedDuration = now.duration_since(begun);
        match made.filter(may_be_ours) {
            Some(made) if made.is_of(record.id()) => Ok(Left::It(made.unique_id)),
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
        let (identity, event) = match identity.unique_id().map(str::to_owned) {
            None if identity.state() == IdentityState::Creating => {
                (identity, IdentityEvent::Discarded)
            }
            None => return Ok(None),
            Some(unique_id) => match self.deleting(identity, &unique_id, code, now).await? {
                Some(identity) => (identity, IdentityEvent::Deleted),
                None => return Ok(None),
            },
        };
        let change = identity.apply(event, Actor::Provisioner, now)?;
        Ok(Some(Box::new(change.into())))
    }

    /// The record of a user that is deleted, which says so; none where it says otherwise, and a person has
    /// to look at it. It is written before anything is done.
    async fn deleting(
        &self,
        mut identity: IdentityRecord,
        unique_id: &str,
        code: FailureCode,
        now: Timestamp,
    ) -> Result<Option<IdentityRecord>, ProvisionError> {
        if identity.trail_fault().is_some() {
            error!("the record of a user that is deleted has a broken trail");
            return Ok(None);
        }
        if identity.state() == IdentityState::Creating && identity.unique_id().is_none() {
            let unique_id = unique_id.to_owned();
            let event = IdentityEvent::UserCreated { unique_id };
            identity = self.change_user_by(&identity, event, now).await?;
        }
        if identity.state() == IdentityState::Creating {
            let because = DeletedBecause::Rollback { code };
            let event = IdentityEvent::DeletionStarted { because };
            identity = self.change_user_by(&identity, event, now).await?;
        }
        Ok(match identity.state() {
            IdentityState::Deleting => Some(identity),
            state => {
                error!(%state, "the record of a user that is deleted says otherwise");
                None
            }
        })
    }

    /// Tells the ticket that something is left of which it is not known whose it is.
    async fn not_decided<T>(
        &self,
        record: RequestRecord,
        now: Timestamp,
    ) -> Result<T, ProvisionError> {
        error!("it is not known whether the user that is left may be deleted");
        let mine = plan::effects_of_begun(&record).into_iter();
        let of_user = mine.filter(|one| one.change.is_of_user());
        let left = of_user.map(|one| Deviation::StillThere {
            change: one.change,
            because: BlockedBecause::Unproven,
        });
        self.report(record, left.collect(), now).await?;
        Err(ProvisionError::Blocked)
    }
}
